//! Versions as peer ids tell them, and how they are shown.

use std::fmt;

/// How far a version had come; in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stage {
    /// On the way to the release.
    Development,
    /// A first trial.
    Alpha,
    /// A trial.
    Beta,
    /// A candidate for the release.
    Candidate,
    /// The release.
    #[default]
    Release,
    /// What was developed after the release.
    Later,
}

/// Most numbers that a version has.
const NUMBERS: usize = 5;

/// A version: numbers, a stage, and perhaps a number of the stage and one of the build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    numbers: [u16; NUMBERS],
    count: u8,
    /// Whether the second number counts hundredths, and is written with two digits.
    is_decimal: bool,
    stage: Stage,
    stage_number: Option<u16>,
    build: Option<Build>,
}

/// A number that only some programs have, of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Build {
    /// Shown after a dash.
    Dash(u16),
    /// Shown in parentheses.
    Parenthesis(u16),
}

impl Version {
    /// Of these numbers, of which the first [`NUMBERS`] count.
    pub(super) fn of(numbers: &[u16]) -> Self {
        let mut version = Self::default();
        for (place, number) in version.numbers.iter_mut().zip(numbers) {
            *place = *number;
            version.count += 1;
        }
        version
    }

    /// The same without a fourth number that is 0, which then says nothing.
    pub(super) fn of_four(numbers: [u16; 4]) -> Self {
        match numbers {
            [a, b, c, 0] => Self::of(&[a, b, c]),
            all => Self::of(&all),
        }
    }

    /// A number and hundredths.
    pub(super) fn decimal(major: u16, hundredths: u16) -> Self {
        Self { is_decimal: true, ..Self::of(&[major, hundredths]) }
    }

    pub(super) fn at(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    pub(super) fn numbered(self, stage_number: u16) -> Self {
        Self { stage_number: Some(stage_number), ..self }
    }

    pub(super) fn with_dash(self, build: u16) -> Self {
        Self { build: Some(Build::Dash(build)), ..self }
    }

    pub(super) fn with_parenthesis(self, build: u16) -> Self {
        Self { build: Some(Build::Parenthesis(build)), ..self }
    }

    fn numbers(&self) -> &[u16] {
        self.numbers.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The version that a text begins with, such as `0.70rc30`.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let mut version = Self::of(&[number(&mut rest)?]);
        while let [b'.', after @ ..] = rest
            && usize::from(version.count) < NUMBERS
        {
            rest = after;
            let Some(number) = number(&mut rest) else { break };
            if let Some(place) = version.numbers.get_mut(usize::from(version.count)) {
                *place = number;
                version.count += 1;
            }
        }
        let stages =
            [(b"rc".as_slice(), Stage::Candidate), (b"b", Stage::Beta), (b"a", Stage::Alpha)];
        let stage =
            stages.iter().find_map(|(word, stage)| Some((*stage, rest.strip_prefix(*word)?)));
        Some(match stage {
            Some((stage, mut after)) => {
                Self { stage_number: number(&mut after), ..version.at(stage) }
            }
            None => version,
        })
    }
}

/// Takes a decimal number off the front of a text.
pub(super) fn number(text: &mut &[u8]) -> Option<u16> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (written, rest) = text.split_at_checked(digits)?;
    let number = std::str::from_utf8(written).ok()?.parse().ok()?;
    *text = rest;
    Some(number)
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.numbers().iter().enumerate() {
            match place {
                0 => write!(formatter, "{number}")?,
                1 if self.is_decimal => write!(formatter, ".{number:02}")?,
                _ => write!(formatter, ".{number}")?,
            }
        }
        let stage = match self.stage {
            Stage::Development => " dev",
            Stage::Alpha => " alpha",
            Stage::Beta => " beta",
            Stage::Candidate => " rc",
            Stage::Release => "",
            Stage::Later => "+",
        };
        formatter.write_str(stage)?;
        if let Some(number) = self.stage_number {
            write!(formatter, "{number}")?;
        }
        match self.build {
            Some(Build::Dash(build)) => write!(formatter, "-{build}"),
            Some(Build::Parenthesis(build)) => write!(formatter, "({build})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_version_is_not_read_as_one() {
        for text in ["", ".5", "a1", "99999", "-1"] {
            assert_eq!(Version::from_text(text.as_bytes()), None, "{text}");
        }
        let shown = |text: &str| Version::from_text(text.as_bytes()).map(|it| it.to_string());
        assert_eq!(shown("1.2.3.4.5.6").as_deref(), Some("1.2.3.4.5"));
        assert_eq!(shown("2.7.2-kgj").as_deref(), Some("2.7.2"));
        assert_eq!(shown("0.70rc30->").as_deref(), Some("0.70 rc30"));
        assert_eq!(shown("1.").as_deref(), Some("1"));
    }
}
