//! Periods as people write them: `30m`, `12h`, `7d`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::protocol::Seconds;

/// Units and their seconds, the largest first.
const UNITS: [(char, u32); 5] =
    [('w', 7 * 24 * 60 * 60), ('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// A period that is written as a number and a unit; never nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(pub(super) Seconds);

/// What is not a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number and s, m, h, d or w, such as 30m, 12h or 7d")]
pub struct NotAPeriod;

impl Period {
    /// How long it is.
    #[must_use]
    pub fn seconds(self) -> Seconds {
        self.0
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            text.trim().strip_suffix(*unit)?.parse::<u32>().ok()?.checked_mul(*seconds)
        });
        match seconds {
            Some(seconds) if seconds > 0 => Ok(Self(Seconds(seconds))),
            _ => Err(NotAPeriod),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;

    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.0;
        let unit = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (name, unit) = unit.unwrap_or(&('s', 1));
        write!(formatter, "{}{name}", seconds / unit)
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("45s", 45), ("30m", 1800), ("12h", 43_200), (" 7d ", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(text.parse(), Ok(Period(Seconds(seconds))), "{text}");
        }
        for text in ["", "7", "d", "-1d", "1.5h", "0d", "99999999w", "7 days"] {
            assert_eq!(text.parse::<Period>(), Err(NotAPeriod), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_period_is_read_as_it_is_written(seconds in 1..=u32::MAX) {
            let period = Period(Seconds(seconds));
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }
    }
}
