//! The owner's log: one line an event on standard error, which web servers collect. What may happen again
//! and again is told once a minute. In a file each line begins with its time.

mod between;
mod sparing;
mod stamp;

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

pub use between::{belongs_to_one_request, remember_in};
pub use sparing::{Sparing, line_once_a_minute};

use crate::platform::terminal::Harmless;

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

static WITHOUT_INFORMATION: AtomicBool = AtomicBool::new(false);

/// Has this process say only what is wrong.
pub fn leave_out_information() {
    WITHOUT_INFORMATION.store(true, Ordering::Relaxed);
}

/// Writes `tracker: LEVEL: message` as one line; what could forge a line or steer a terminal is escaped.
/// For what no outsider can have said again and again: all else goes through the macros.
pub fn line(level: Level, message: fmt::Arguments<'_>) {
    if level == Level::Info && WITHOUT_INFORMATION.load(Ordering::Relaxed) {
        return;
    }
    let text = stamp::stamp() + &format_line(level, message);
    // A log that cannot be written must not stop the tracker, and there is nowhere to say so.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Lines of a list at most.
const MOST_LISTED: usize = 100;

/// Writes each message of a list that what was asked for has given once, such as the files that a scan could
/// not read.
pub fn list<M: fmt::Display>(level: Level, messages: impl IntoIterator<Item = M>) {
    shortened(messages).for_each(|message| line(level, format_args!("{message}")));
}

/// The same of what others may have done again and again: each message once a minute.
pub fn list_once_a_minute<M: fmt::Display>(level: Level, messages: impl IntoIterator<Item = M>) {
    shortened(messages).for_each(|message| line_once_a_minute(level, &message));
}

/// The first messages of a list, and how many more there are: a folder may hold ten thousand files with the same
/// fault, and cron mails what is said.
fn shortened<M: fmt::Display>(
    messages: impl IntoIterator<Item = M>,
) -> impl Iterator<Item = String> {
    let mut messages = messages.into_iter();
    let mut first: Vec<String> =
        messages.by_ref().take(MOST_LISTED).map(|message| message.to_string()).collect();
    match messages.count() {
        0 => {}
        more => first.push(format!("and {more} more like these")),
    }
    first.into_iter()
}

fn format_line(level: Level, message: fmt::Arguments<'_>) -> String {
    format!("tracker: {}: {}\n", level.word(), Harmless(message))
}

/// Logs, at most once a minute for each place in the code that does, with how often it was left out.
#[macro_export]
macro_rules! log_sparingly {
    ($level:ident, $($arg:tt)*) => {{
        static EVENT: $crate::platform::log::Sparing = $crate::platform::log::Sparing::new(concat!(file!(), ":", line!()));
        EVENT.line($crate::platform::log::Level::$level, format_args!($($arg)*));
    }};
}

/// Logs something an owner may want to know; at most once a minute.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => { $crate::log_sparingly!(Info, $($arg)*) };
}

/// Logs something that is not as it should be; at most once a minute.
#[macro_export]
macro_rules! warning {
    ($($arg:tt)*) => { $crate::log_sparingly!(Warning, $($arg)*) };
}

/// Logs a failure that needs a person; at most once a minute.
#[macro_export]
macro_rules! error {
    ($($arg:tt)*) => { $crate::log_sparingly!(Error, $($arg)*) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_ends_with_how_many_more_there_are() {
        let list = |length: usize| shortened(0..length).collect::<Vec<_>>();
        assert_eq!(list(2), ["0", "1"]);
        assert_eq!(list(MOST_LISTED).len(), MOST_LISTED);
        assert_eq!(list(MOST_LISTED + 5).last().unwrap(), "and 5 more like these");
    }

    #[test]
    fn a_hostile_name_can_neither_forge_a_second_line_nor_turn_one_round() {
        let text =
            format_line(Level::Warning, format_args!("name={}", "a\nb\u{1b}[2J\u{9b}\u{202e}"));
        assert_eq!(text, "tracker: warning: name=a\\nb\\u{1b}[2J\\u{9b}\\u{202e}\n");
    }
}
