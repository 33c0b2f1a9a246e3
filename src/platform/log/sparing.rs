//! Kinds of events that may come again and again: each is told at most once a minute, with how often it went
//! untold.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::between::{self, Key, PAUSE};
use super::{Level, line};

/// One kind of event: once a minute for each process, and for all processes together where each has but one
/// request.
pub struct Sparing {
    name: &'static str,
    told: Mutex<Told>,
}

struct Told {
    at: Option<Instant>,
    untold: u64,
}

impl Sparing {
    /// An event that was not told yet, with a name that no other kind has.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, told: Mutex::new(Told { at: None, untold: 0 }) }
    }

    /// Tells of the event, unless it was told within the last minute.
    pub fn line(&self, level: Level, message: fmt::Arguments<'_>) {
        let turn = self.turn(Instant::now());
        if let Some(untold) = turn.and_then(|untold| between::turn(Key::of(self.name), untold)) {
            tell(level, message, untold);
        }
    }

    /// How often the event went untold, when it is to be told now.
    fn turn(&self, now: Instant) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.is_some_and(|at| now.saturating_duration_since(at) < PAUSE) {
            told.untold += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

/// Writes a line that a process for one request would write at each; once a minute for all of them. For a
/// text in which no outsider has a word, as each text counts for itself.
pub fn line_once_a_minute(level: Level, text: &str) {
    if let Some(untold) = between::turn(Key::of(text), 0) {
        tell(level, format_args!("{text}"), untold);
    }
}

fn tell(level: Level, message: fmt::Arguments<'_>, untold: u64) {
    match untold {
        0 => line(level, message),
        1 => line(level, format_args!("{message} (once more meanwhile)")),
        _ => line(level, format_args!("{message} ({untold} times more meanwhile)")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_happens_all_the_time_is_told_once_a_minute_with_its_number() {
        let event = Sparing::new("an event");
        let start = Instant::now();
        assert_eq!(event.turn(start), Some(0));
        for seconds in 1..60 {
            assert_eq!(event.turn(start + Duration::from_secs(seconds)), None);
        }
        assert_eq!(event.turn(start + Duration::from_secs(60)), Some(59));
        assert_eq!(event.turn(start + Duration::from_secs(121)), Some(0));
    }
}
