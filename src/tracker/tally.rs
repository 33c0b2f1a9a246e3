//! How many requests came, and what became of them: counted by each thread for itself, and added up in a file for all
//! processes of a host, also those that answer one request.

mod file;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use file::{TallyError, TallyFile};

use super::Refusal;
use crate::protocol::{Event, Timestamp};

/// Counts that there is room for.
const PLACES: usize = 64;

/// Places of the counts. They stand so in files: new ones take free places.
mod place {
    pub(super) const ANNOUNCES: [usize; 2] = [0, 1];
    pub(super) const EVENTS: [usize; 4] = [2, 3, 4, 5];
    pub(super) const SCRAPES: usize = 6;
    pub(super) const FULL_SCRAPES: usize = 7;
    pub(super) const PAGES: usize = 8;
    pub(super) const FULL_SCRAPE_BYTES: usize = 9;
    pub(super) const TIMES: usize = 10;
    pub(super) const MICROSECONDS: usize = TIMES + super::TIMES.len() + 1;
    pub(super) const REFUSED: usize = 24;
}

/// Microseconds up to which the requests of each bucket took; those of the last one took longer.
pub const TIMES: [u64; 10] = [25, 50, 100, 250, 500, 1000, 2500, 10_000, 100_000, 1_000_000];

/// What is counted of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// An announce that was answered: from this address.
    Announce(Option<IpAddr>),
    /// What an announce that was answered has said.
    Event(Event),
    /// A scrape of named torrents that was answered.
    Scrape,
    /// A scrape of all torrents that was answered, with so many bytes.
    FullScrape(usize),
    /// A page, or figures for programs.
    Page,
    /// An announce or scrape that was refused, by the word of [`Refusal::rule`].
    Refused(&'static str),
    /// What answering an announce took. A responder measures one of [`MEASURED_OF`].
    Took(Duration),
}

/// Of so many requests a responder measures one.
pub const MEASURED_OF: u32 = 16;

impl Counted {
    fn place(self) -> Option<usize> {
        let place = match self {
            Self::Announce(address) => {
                return place::ANNOUNCES.get(usize::from(address?.is_ipv6())).copied();
            }
            Self::Event(event) => {
                let [started, completed, stopped, paused] = place::EVENTS;
                match event {
                    Event::None => return None,
                    Event::Started => started,
                    Event::Completed => completed,
                    Event::Stopped => stopped,
                    Event::Paused => paused,
                }
            }
            Self::Scrape => place::SCRAPES,
            Self::FullScrape(_) => place::FULL_SCRAPES,
            Self::Page => place::PAGES,
            Self::Refused(rule) => {
                place::REFUSED + Refusal::RULES.iter().position(|known| *known == rule)?
            }
            Self::Took(time) => {
                let took = time.as_micros();
                let bucket = TIMES.iter().position(|most| took <= u128::from(*most));
                place::TIMES + bucket.unwrap_or(TIMES.len())
            }
        };
        Some(place)
    }
}

/// What one thread has counted. Only that thread writes it; others may read it at any time.
#[derive(Debug)]
pub struct Tally {
    counts: [AtomicU64; PLACES],
}

impl Default for Tally {
    fn default() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; PLACES] }
    }
}

impl Tally {
    /// Counts one. For the thread that the tally is of.
    pub fn count(&self, counted: Counted) {
        if let Some(place) = counted.place() {
            self.add(place, 1);
        }
        match counted {
            Counted::Took(time) => {
                self.add(place::MICROSECONDS, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            }
            Counted::FullScrape(bytes) => {
                self.add(place::FULL_SCRAPE_BYTES, u64::try_from(bytes).unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }

    /// Nobody else writes: so there is no need for a locked instruction, which costs an announce more than all of this.
    fn add(&self, place: usize, more: u64) {
        if let Some(count) = self.counts.get(place) {
            count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
        }
    }

    /// All that was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (count, own) in counts.0.iter_mut().zip(&self.counts) {
            *count = own.load(Relaxed);
        }
        counts
    }
}

/// Counts of all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts([u64; PLACES]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl Counts {
    fn at(&self, place: usize) -> u64 {
        self.0.get(place).copied().unwrap_or_default()
    }

    /// Announces that were answered, over IPv4 and over IPv6.
    #[must_use]
    pub fn announces(&self) -> [u64; 2] {
        place::ANNOUNCES.map(|place| self.at(place))
    }

    /// Those with an event: started, completed, stopped, paused.
    #[must_use]
    pub fn events(&self) -> [(&'static str, u64); 4] {
        let [started, completed, stopped, paused] = place::EVENTS.map(|place| self.at(place));
        [("started", started), ("completed", completed), ("stopped", stopped), ("paused", paused)]
    }

    /// Scrapes of named torrents that were answered.
    #[must_use]
    pub fn scrapes(&self) -> u64 {
        self.at(place::SCRAPES)
    }

    /// Scrapes of all torrents that were answered.
    #[must_use]
    pub fn full_scrapes(&self) -> u64 {
        self.at(place::FULL_SCRAPES)
    }

    /// Bytes of the answers to these, before anything compresses them.
    #[must_use]
    pub fn full_scrape_bytes(&self) -> u64 {
        self.at(place::FULL_SCRAPE_BYTES)
    }

    /// Pages that were shown, and figures for programs.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.at(place::PAGES)
    }

    /// Announces and scrapes that were refused, by the word for the rule.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::RULES.into_iter().zip(place::REFUSED..).map(|(rule, place)| (rule, self.at(place)))
    }

    /// Announces that were measured, by bucket of [`TIMES`] and those that took longer than any.
    #[must_use]
    pub fn times(&self) -> [u64; TIMES.len() + 1] {
        std::array::from_fn(|bucket| self.at(place::TIMES + bucket))
    }

    /// Microseconds that all of these took.
    #[must_use]
    pub fn microseconds(&self) -> u64 {
        self.at(place::MICROSECONDS)
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    fn plus(&self, more: &Self) -> Self {
        Self(std::array::from_fn(|place| self.at(place).wrapping_add(more.at(place))))
    }

    /// What has come since `before`.
    fn since(&self, before: &Self) -> Self {
        Self(std::array::from_fn(|place| self.at(place).wrapping_sub(before.at(place))))
    }
}

/// The tallies of the threads of a process, on their way to the file.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    threads: Vec<(Arc<Tally>, Counts)>,
    /// What could not be written yet.
    left: Counts,
}

impl Tallies {
    /// A tally for one more thread.
    #[must_use]
    pub fn of_a_thread(&self) -> Arc<Tally> {
        let tally = Arc::<Tally>::default();
        self.waiting().threads.push((Arc::clone(&tally), Counts::default()));
        tally
    }

    /// Adds what was counted since the last time to a file. What cannot be added is kept for the next time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn carry_over(&self, file: &TallyFile, now: Timestamp) -> Result<(), TallyError> {
        let mut waiting = self.waiting();
        let Waiting { threads, left } = &mut *waiting;
        threads.retain_mut(|(tally, taken)| {
            let is_over = Arc::strong_count(tally) == 1;
            let counts = tally.counts();
            *left = left.plus(&counts.since(taken));
            *taken = counts;
            !is_over
        });
        if !left.is_empty() && file.add(left, now)? {
            *left = Counts::default();
        }
        Ok(())
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // What a panic leaves is whole: each count is in one place or in the other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
