//! The owner's log: one line an event on standard error, which web servers collect.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much an event matters to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something was done that an owner may want to know.
    Info,
    /// Something is not as it should be; the tracker goes on.
    Warning,
    /// Something failed and needs a person.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Writes `tracker: LEVEL: message` as one line; control characters are escaped, so that a hostile
/// name can neither forge a line nor steer a terminal.
pub fn line(level: Level, message: fmt::Arguments<'_>) {
    let text = format_line(level, message);
    // A log that cannot be written must not stop the tracker, and there is nowhere to say so.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn format_line(level: Level, message: fmt::Arguments<'_>) -> String {
    let mut text = format!("tracker: {}: ", level.word());
    for character in message.to_string().chars() {
        if character.is_control() {
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text.push('\n');
    text
}

/// A kind of event that may happen thousands of times a second: told at most once a minute by each
/// process, with how often it went untold.
pub struct Sparing(Mutex<Told>);

struct Told {
    at: Option<Instant>,
    untold: u64,
}

impl Sparing {
    const PAUSE: Duration = Duration::from_secs(60);

    /// An event that was not told yet.
    #[must_use]
    #[allow(clippy::new_without_default)] // It is for statics, which cannot use `default`.
    pub const fn new() -> Self {
        Self(Mutex::new(Told { at: None, untold: 0 }))
    }

    /// Tells of the event, unless it was told within the last minute.
    pub fn line(&self, level: Level, message: fmt::Arguments<'_>) {
        match self.turn(Instant::now()) {
            None => {}
            Some(0) => line(level, message),
            Some(untold) => line(level, format_args!("{message} ({untold} times more meanwhile)")),
        }
    }

    /// How often the event went untold, when it is to be told now.
    fn turn(&self, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.is_some_and(|at| now.saturating_duration_since(at) < Self::PAUSE) {
            told.untold += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

/// Logs something an owner may want to know.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => { $crate::log::line($crate::log::Level::Info, format_args!($($arg)*)) };
}

/// Logs something that is not as it should be.
#[macro_export]
macro_rules! warning {
    ($($arg:tt)*) => { $crate::log::line($crate::log::Level::Warning, format_args!($($arg)*)) };
}

/// Logs a failure that needs a person.
#[macro_export]
macro_rules! error {
    ($($arg:tt)*) => { $crate::log::line($crate::log::Level::Error, format_args!($($arg)*)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_a_name_cannot_forge_a_second_line() {
        let text = format_line(Level::Warning, format_args!("name={}", "a\nb\u{1b}[2J"));
        assert_eq!(text, "tracker: warning: name=a\\nb\\u{1b}[2J\n");
    }

    #[test]
    fn what_happens_all_the_time_is_told_once_a_minute_with_its_number() {
        let event = Sparing::new();
        let start = Instant::now();
        assert_eq!(event.turn(start), Some(0));
        for seconds in 1..60 {
            assert_eq!(event.turn(start + Duration::from_secs(seconds)), None);
        }
        assert_eq!(event.turn(start + Duration::from_secs(60)), Some(59));
        assert_eq!(event.turn(start + Duration::from_secs(121)), Some(0));
    }
}
