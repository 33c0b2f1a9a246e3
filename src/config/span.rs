//! Spans of time as people write them, in the configuration and on the command line.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::protocol::Seconds;

/// A number and a unit: "45s", "30m", "12h", "7d", "2w"; never nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
}

impl Unit {
    const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Week];

    fn name(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
            Self::Day => 'd',
            Self::Week => 'w',
        }
    }

    fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
            Self::Week => 7 * 24 * 60 * 60,
        }
    }
}

/// What is not a span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a span of time: write a number and s, m, h, d or w, such as 30m, 12h or 7d")]
pub struct NoSpan(String);

impl Span {
    /// So many days.
    #[must_use]
    pub const fn days(count: u32) -> Self {
        Self { count, unit: Unit::Day }
    }

    /// The same in seconds; at most as many as [`Seconds`] can hold.
    #[must_use]
    pub fn seconds(self) -> Seconds {
        Seconds(self.count.saturating_mul(self.unit.seconds()))
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let span = Unit::ALL.into_iter().find_map(|unit| {
            let count: u32 = text.trim().strip_suffix(unit.name())?.parse().ok()?;
            let fits = count.checked_mul(unit.seconds()).is_some_and(|seconds| seconds > 0);
            fits.then_some(Self { count, unit })
        });
        span.ok_or_else(|| NoSpan(text.to_owned()))
    }
}

impl TryFrom<String> for Span {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(Span { count, unit }: Span) -> Self {
        format!("{count}{}", unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("45s", 45), ("30m", 1800), ("12h", 43_200), (" 7d ", 604_800), ("2w", 1_209_600)]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.seconds(), Seconds(seconds), "{text}");
            assert_eq!(String::from(span), text.trim());
        }
        for text in ["", "7", "d", "-1d", "1.5h", "0d", "99999999w", "7 days"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
