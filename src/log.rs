//! The owner's log: one line an event on standard error, which web servers collect.

use std::fmt::{self, Write as _};
use std::io::Write as _;

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
}
