//! How much a line carries, as an owner writes it down.

use serde::{Deserialize, Serialize};

/// What a peer's line carries each way: "10 Gbit/s", "100 Mbit/s", "500 kbit/s"; never nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct LineSpeed {
    amount: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Kilobit,
    Megabit,
    Gigabit,
    Terabit,
}

impl Unit {
    const ALL: [Self; 4] = [Self::Kilobit, Self::Megabit, Self::Gigabit, Self::Terabit];

    fn name(self) -> &'static str {
        match self {
            Self::Kilobit => "kbit/s",
            Self::Megabit => "Mbit/s",
            Self::Gigabit => "Gbit/s",
            Self::Terabit => "Tbit/s",
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Self::Kilobit => 125,
            Self::Megabit => 125_000,
            Self::Gigabit => 125_000_000,
            Self::Terabit => 125_000_000_000,
        }
    }
}

/// What is not the speed of a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the speed of a line; write it as \"10 Gbit/s\", with kbit/s, Mbit/s, Gbit/s or Tbit/s"
)]
pub struct NoLineSpeed(String);

impl LineSpeed {
    /// 10 Gbit/s: more than nearly anybody has.
    pub const USUAL: Self = Self { amount: 10, unit: Unit::Gigabit };

    /// Bytes a second.
    #[must_use]
    pub fn bytes_a_second(self) -> u64 {
        u64::from(self.amount).saturating_mul(self.unit.bytes())
    }
}

impl TryFrom<String> for LineSpeed {
    type Error = NoLineSpeed;

    fn try_from(text: String) -> Result<Self, NoLineSpeed> {
        let parsed = text.split_once(' ').and_then(|(amount, unit)| {
            let unit = Unit::ALL.into_iter().find(|known| known.name() == unit.trim())?;
            let amount = amount.parse().ok().filter(|&amount| amount > 0)?;
            Some(Self { amount, unit })
        });
        parsed.ok_or(NoLineSpeed(text))
    }
}

impl From<LineSpeed> for String {
    fn from(speed: LineSpeed) -> Self {
        format!("{} {}", speed.amount, speed.unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_read_as_it_is_written() {
        for (text, bytes) in [
            ("10 Gbit/s", 1_250_000_000),
            ("8 kbit/s", 1_000),
            ("100 Mbit/s", 12_500_000),
            ("4 Tbit/s", 500_000_000_000),
        ] {
            let speed = LineSpeed::try_from(text.to_owned()).unwrap();
            assert_eq!((speed.bytes_a_second(), String::from(speed).as_str()), (bytes, text));
        }
    }

    #[test]
    fn what_is_no_speed_is_refused_with_an_example() {
        for text in ["", "10", "10Gbit", "0 Gbit/s", "-1 Gbit/s", "1 GB/s", "99999999999 Gbit/s"] {
            let problem = LineSpeed::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(problem.contains("10 Gbit/s"), "{problem}");
        }
    }
}
