//! What an owner has to say to the people behind clients.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a notice at most.
const LONGEST: usize = 200;

/// A line that clients show; empty where there is nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Notice(String);

/// What clients would not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANotice {
    /// Too much of it.
    #[error("clients show one line; write at most {LONGEST} bytes")]
    TooLong,
    /// More than one line, or what steers a terminal.
    #[error("clients show one line; write no line breaks or other control characters")]
    ControlCharacters,
}

impl Notice {
    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Notice {
    type Error = NotANotice;

    fn try_from(text: String) -> Result<Self, NotANotice> {
        if text.len() > LONGEST {
            Err(NotANotice::TooLong)
        } else if text.chars().any(char::is_control) {
            Err(NotANotice::ControlCharacters)
        } else {
            Ok(Self(text.trim().to_owned()))
        }
    }
}

impl From<Notice> for String {
    fn from(notice: Notice) -> Self {
        notice.0
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_a_line() {
        let notice = |text: &str| Notice::try_from(text.to_owned());
        assert_eq!(notice(" back on Monday ").unwrap().as_str(), "back on Monday");
        assert!(notice(" ").unwrap().is_empty());
        for text in ["a\nb", "a\u{1b}[2J", "a\u{9b}"] {
            assert_eq!(notice(text), Err(NotANotice::ControlCharacters), "{text:?}");
        }
        assert!(notice(&"x".repeat(LONGEST)).is_ok());
        assert_eq!(notice(&"x".repeat(LONGEST + 1)), Err(NotANotice::TooLong));
    }
}
