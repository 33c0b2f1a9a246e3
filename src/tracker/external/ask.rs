//! Many trackers at once, all together within a time that no tracker can make longer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::bounds::{Bounds, Targets};
use super::schedule::{Question, due, fault};
use super::scrape::scrape;
use crate::catalog::External;
use crate::protocol::{Seconds, Timestamp};

/// How trackers are asked.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// Each tracker is asked at most once in this time; after failures less often, down to once a day.
    pub interval: Seconds,
    /// Trackers that are asked at the same time.
    pub at_once: usize,
    /// What is given to each.
    pub each: Bounds,
    /// What all together may take. No tracker is asked any more when less is left than each may take.
    pub all: Duration,
}

impl Asking {
    /// How a refresh asks.
    #[must_use]
    pub fn of_a_refresh(interval: Seconds) -> Self {
        let time = Duration::from_secs(8);
        let each = Bounds { bytes: 1 << 20, time, targets: Targets::Public };
        // A quarter of an hour is what trackers expect of their clients at least.
        let interval = interval.max(Seconds(900));
        Self { interval, at_once: 16, each, all: Duration::from_secs(20) }
    }
}

/// Asks the trackers that are due, and gives back the entries that they were asked about, with what came of it. Those
/// of trackers whose turn did not come are not among them: they are due still.
#[must_use]
pub fn ask_external(entries: &[External], asking: &Asking, now: Timestamp) -> Vec<External> {
    let until = Instant::now() + asking.all;
    let questions = due(entries, now);
    let waiting: VecDeque<usize> = (0..questions.len()).collect();
    let shared =
        Arc::new(Shared { questions, waiting: Mutex::new(waiting), asking: *asking, until });
    let (sender, answers) = mpsc::channel();
    for _ in 0..asking.at_once.min(shared.questions.len()) {
        let (shared, sender) = (Arc::clone(&shared), sender.clone());
        // Where the system gives no further thread, the others ask. Nobody waits for one: a name may be looked up
        // for longer than all may take.
        let _ = thread::Builder::new().spawn(move || shared.work(&sender));
    }
    drop(sender);
    let mut found: Vec<Option<Answer>> = shared.questions.iter().map(|_| None).collect();
    while let Ok(heard) = answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
        match heard {
            Heard::Asked(index) => set(&mut found, index, Err("it does not answer in time".into())),
            Heard::Answered(index, answer) => set(&mut found, index, answer),
        }
    }
    let asked = shared.questions.iter().zip(found);
    asked
        .filter_map(|(question, answer)| Some(question.answered(&answer?, asking.interval, now)))
        .flatten()
        .collect()
}

type Answer = Result<super::ScrapeAnswer, String>;

fn set(found: &mut [Option<Answer>], index: usize, answer: Answer) {
    if let Some(place) = found.get_mut(index) {
        *place = Some(answer);
    }
}

/// What a thread tells.
enum Heard {
    /// This question is put.
    Asked(usize),
    /// What came of it.
    Answered(usize, Answer),
}

struct Shared {
    questions: Vec<Question>,
    /// Those that nobody has put yet.
    waiting: Mutex<VecDeque<usize>>,
    asking: Asking,
    until: Instant,
}

impl Shared {
    /// Puts one question after the other, until there is none or nobody listens.
    fn work(&self, heard: &mpsc::Sender<Heard>) {
        while let Some((index, question)) = self.next() {
            let left = self.until.saturating_duration_since(Instant::now());
            // With less time it would be taken for silent.
            if left < self.asking.each.time || heard.send(Heard::Asked(index)).is_err() {
                return;
            }
            let (hashes, bounds) = (question.info_hashes(), &self.asking.each);
            let answer = match &question.url {
                Some(url) => scrape(url, &hashes, bounds).map_err(|failed| fault(&failed)),
                None => Err("it has no scrape URL (BEP 48)".into()),
            };
            let _ = heard.send(Heard::Answered(index, answer));
        }
    }

    fn next(&self) -> Option<(usize, &Question)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let index = waiting.pop_front()?;
        Some((index, self.questions.get(index)?))
    }
}

#[cfg(test)]
mod tests;
