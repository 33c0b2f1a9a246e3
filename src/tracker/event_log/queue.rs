//! Events on their way to the thread that writes them: event loops put them there, and never wait for a disk.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::day::Days;
use super::event::{Event, Happened};

/// Bytes of events that wait at most. More are dropped, and counted.
const MOST_BYTES: usize = 4 << 20;

/// How long the thread gathers events before it writes them: so it is woken a few times a second, not for each.
const GATHER: Duration = Duration::from_millis(100);

/// Events that wait for their thread, which is started at the first one.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    /// There is something to write.
    filled: Condvar,
    /// All is written.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each with the log that it is for: an owner may change that while a responder runs.
    events: Vec<(Arc<Days>, Event)>,
    bytes: usize,
    lost: u64,
    has_thread: bool,
    is_writing: bool,
}

impl Queue {
    /// Has an event written soon.
    pub(super) fn put(self: &Arc<Self>, days: &Arc<Days>, event: Event) {
        let mut waiting = self.lock();
        if !waiting.has_thread {
            let queue = Arc::clone(self);
            let started = thread::Builder::new().name("log".to_owned()).spawn(move || queue.work());
            waiting.has_thread = started.is_ok();
        }
        let bytes = waiting.bytes + event.bytes();
        if !waiting.has_thread || bytes > MOST_BYTES {
            waiting.lost += 1;
            return;
        }
        waiting.bytes = bytes;
        waiting.events.push((Arc::clone(days), event));
        if waiting.events.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// Waits until all is written, or for no longer than this.
    pub fn finish(&self, patience: Duration) {
        let give_up = Instant::now() + patience;
        let mut waiting = self.lock();
        while waiting.is_writing || !waiting.events.is_empty() {
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            waiting =
                self.emptied.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn work(&self) -> ! {
        loop {
            let mut waiting = self.lock();
            while waiting.events.is_empty() {
                waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            thread::sleep(GATHER);
            self.write();
        }
    }

    /// Writes all that waits.
    fn write(&self) {
        let (events, lost) = {
            let mut waiting = self.lock();
            waiting.is_writing = true;
            waiting.bytes = 0;
            (std::mem::take(&mut waiting.events), std::mem::take(&mut waiting.lost))
        };
        let mut logs: Vec<(Arc<Days>, Vec<Event>)> = Vec::new();
        for (days, event) in events {
            match logs.last_mut() {
                Some((last, events)) if Arc::ptr_eq(last, &days) => events.push(event),
                _ => logs.push((days, vec![event])),
            }
        }
        if let Some((_, events)) = logs.last_mut()
            && lost > 0
            && let Some(at) = events.last().map(|event| event.at)
        {
            crate::warning!(
                "the log of announces cannot be written as fast as they come: {lost} lines are lost"
            );
            events.push(Event { at, happened: Happened::Lost(lost) });
        }
        logs.iter().for_each(|(days, events)| days.write(events));
        self.lock().is_writing = false;
        self.emptied.notify_all();
    }

    /// A panic leaves whole lists and counts behind the lock.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::event::{Asked, Request};
    use super::*;
    use crate::config::LoadedConfig;
    use crate::protocol::{InfoHash, Timestamp};

    fn days(folder: &Path) -> Arc<Days> {
        let loaded =
            LoadedConfig::parse("log.announces = 'full'", &folder.join("conf/tracker.toml"));
        std::fs::create_dir_all(folder.join("data")).unwrap();
        Arc::new(Days::of(&loaded.unwrap()))
    }

    fn text(folder: &Path) -> String {
        let text = std::fs::read_to_string(folder.join("data/announces-2023-11-14.log"));
        text.unwrap_or_default()
    }

    fn large(number: u8) -> Event {
        let sent = [&vec![number; 8192][..], b""];
        let request = Request::new((Asked::Statistics, None), None, sent);
        Event { at: Timestamp(1_700_000_000), happened: Happened::Request(request) }
    }

    #[test]
    fn events_of_several_threads_are_all_written_in_the_order_of_each() {
        let home = tempfile::tempdir().unwrap();
        let (queue, days) = (Arc::new(Queue::default()), days(home.path()));
        let put = |thread: u8| {
            for number in 0..=99 {
                let torrent = InfoHash([[thread; 10], [number; 10]].concat().try_into().unwrap());
                let happened = Happened::Torrent { change: "added", torrent };
                queue.put(&days, Event { at: Timestamp(1_700_000_000), happened });
            }
        };
        thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(move || put(thread)))));
        queue.finish(Duration::from_secs(60));
        let text = text(home.path());
        assert_eq!(text.lines().count(), 400);
        for thread in 0..4_u8 {
            let own = format!("info_hash={}", format!("{thread:02x}").repeat(10));
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(&own)).collect();
            assert!(lines.len() == 100 && lines.is_sorted(), "{thread}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_said() {
        let home = tempfile::tempdir().unwrap();
        let (queue, days) = (Arc::new(Queue::default()), days(home.path()));
        // No thread comes to make room.
        queue.lock().has_thread = true;
        for _ in 0..1000 {
            queue.put(&days, large(1));
        }
        let kept = queue.lock().events.len();
        assert!(kept < 520 && kept > 400, "{kept}");
        queue.write();
        let written = text(home.path());
        assert_eq!(written.lines().count(), kept + 1);
        let lost = format!("lost events={}\n", 1000 - kept);
        assert!(written.ends_with(&lost), "{written}");
        queue.put(&days, large(2));
        queue.write();
        assert_eq!(text(home.path()).lines().count(), kept + 2, "there is room again");
    }
}
