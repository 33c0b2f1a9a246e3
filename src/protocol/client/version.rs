//! Versions as peer ids tell them, and how they are shown.

use std::cmp::Ordering;
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

/// Bytes of a version in files of ours.
pub(super) const ENCODED_LEN: usize = 19;

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

    /// How many of its numbers are written.
    pub(super) fn count(&self) -> usize {
        self.count.into()
    }

    /// Which of two versions of one program is older: number by number, of which missing ones are 0, then the
    /// stage. Numbers of stages and builds count where both have one.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let both = |mine: Option<u16>, theirs: Option<u16>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => Ordering::Equal,
        };
        let build = |it: &Self| it.build.map(Build::number);
        self.numbers
            .cmp(&other.numbers)
            .then(self.stage.cmp(&other.stage))
            .then(both(self.stage_number, other.stage_number))
            .then(both(build(self), build(other)))
    }

    /// The same by the first `count` numbers only.
    pub(super) fn compare_numbers(&self, other: &Self, count: usize) -> Ordering {
        let first = |it: &'_ Self| it.numbers.iter().take(count).copied().collect::<Vec<_>>();
        first(self).cmp(&first(other))
    }

    /// Whether it says more than numbers.
    pub(super) fn has_stage(&self) -> bool {
        self.stage != Stage::Release
    }

    /// Its bytes in files of ours.
    pub(super) fn to_bytes(self) -> [u8; ENCODED_LEN] {
        let (build_kind, build) = match self.build {
            None => (0, 0),
            Some(Build::Dash(build)) => (1, build),
            Some(Build::Parenthesis(build)) => (2, build),
        };
        let mut bytes = [0; ENCODED_LEN];
        let flags = [
            self.count,
            u8::from(self.is_decimal),
            self.stage as u8,
            build_kind,
            u8::from(self.stage_number.is_some()),
        ];
        let numbers = self.numbers.iter().flat_map(|number| number.to_le_bytes());
        let last = [self.stage_number.unwrap_or(0), build].into_iter().flat_map(u16::to_le_bytes);
        for (place, byte) in bytes.iter_mut().zip(flags.into_iter().chain(numbers).chain(last)) {
            *place = byte;
        }
        bytes
    }

    /// The version in these bytes; `None` when they are no version.
    pub(super) fn from_bytes(bytes: &[u8; ENCODED_LEN]) -> Option<Self> {
        let [count, is_decimal, stage, build_kind, has_stage_number, numbers @ ..] = bytes;
        let mut numbers = numbers.as_chunks().0.iter().map(|number| u16::from_le_bytes(*number));
        let stage = *[
            Stage::Development,
            Stage::Alpha,
            Stage::Beta,
            Stage::Candidate,
            Stage::Release,
            Stage::Later,
        ]
        .get(usize::from(*stage))?;
        let mut version = Self {
            count: (*count <= 5).then_some(*count)?,
            is_decimal: *is_decimal != 0,
            stage,
            ..Self::default()
        };
        version.numbers.iter_mut().zip(&mut numbers).for_each(|(place, number)| *place = number);
        let (stage_number, build) = (numbers.next()?, numbers.next()?);
        version.stage_number = (*has_stage_number != 0).then_some(stage_number);
        version.build = match build_kind {
            0 => None,
            1 => Some(Build::Dash(build)),
            2 => Some(Build::Parenthesis(build)),
            _ => return None,
        };
        Some(version)
    }

    /// The same, where the second number counts hundredths.
    pub(super) fn decimal_as_it_is(self) -> Self {
        Self { is_decimal: true, ..self }
    }

    /// The same, where the second number counts hundredths, and was written with one digit, for tenths.
    pub(super) fn in_hundredths(mut self) -> Self {
        self.is_decimal = true;
        if let Some(minor) = self.numbers.get_mut(1)
            && self.count >= 2
            && *minor < 10
        {
            *minor *= 10;
        }
        self
    }

    /// The version that a text begins with, such as `0.70rc30`.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        Self::at_the_front_of(&mut { text })
    }

    /// Takes the version off that a text begins with.
    pub(super) fn at_the_front_of(text: &mut &[u8]) -> Option<Self> {
        let mut rest = *text;
        let mut version = Self::of(&[number(&mut rest)?]);
        while let [b'.', after @ ..] = rest
            && usize::from(version.count) < NUMBERS
        {
            let mut after = after;
            let Some(number) = number(&mut after) else { break };
            rest = after;
            if let Some(place) = version.numbers.get_mut(usize::from(version.count)) {
                *place = number;
                version.count += 1;
            }
        }
        let named = stage_at_the_front_of(&mut rest);
        if let Some(stage) = named {
            version.stage = stage;
            if stage != Stage::Later {
                version.stage_number = number(&mut rest);
            }
        }
        *text = rest;
        Some(version)
    }
}

/// Takes the word for a stage off the front of a text, also one after a dash or a blank.
fn stage_at_the_front_of(text: &mut &[u8]) -> Option<Stage> {
    let words: [(&[u8], Stage); 8] = [
        (b"+", Stage::Later),
        (b"alpha", Stage::Alpha),
        (b"a", Stage::Alpha),
        (b"beta", Stage::Beta),
        (b"B", Stage::Beta),
        (b"b", Stage::Beta),
        (b"rc", Stage::Candidate),
        (b"dev", Stage::Development),
    ];
    let after = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b" ")).unwrap_or(text);
    let (stage, rest) =
        words.iter().find_map(|(word, stage)| Some((*stage, after.strip_prefix(*word)?)))?;
    *text = rest;
    if let [b'.' | b'-', digit, ..] = rest
        && digit.is_ascii_digit()
        && stage != Stage::Later
    {
        *text = rest.get(1..).unwrap_or_default();
    }
    Some(stage)
}

/// Takes a decimal number off the front of a text.
pub(super) fn number(text: &mut &[u8]) -> Option<u16> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (written, rest) = text.split_at_checked(digits)?;
    let number = std::str::from_utf8(written).ok()?.parse().ok()?;
    *text = rest;
    Some(number)
}

impl Build {
    fn number(self) -> u16 {
        match self {
            Self::Dash(number) | Self::Parenthesis(number) => number,
        }
    }
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
    fn versions_are_in_the_order_in_which_they_came() {
        let text = |text: &str| Version::from_text(text.as_bytes()).unwrap();
        let in_order = [
            Version::of(&[2, 94]).at(Stage::Beta),
            text("4.5"),
            text("4.5.2"),
            text("4.6.0dev"),
            text("4.6a1"),
            text("4.6-beta.1"),
            text("4.6b2"),
            text("4.6rc1"),
            text("4.6.0"),
            text("4.6+"),
            text("4.10"),
            text("4.50"),
        ];
        for (place, one) in in_order.iter().enumerate() {
            for (other_place, other) in in_order.iter().enumerate() {
                assert_eq!(one.compare(other), place.cmp(&other_place), "{one} and {other}");
            }
        }
        for (one, other) in [("4.5", "4.5.0.0"), ("4.1b", "4.1.0b7")] {
            assert_eq!(text(one).compare(&text(other)), Ordering::Equal, "{one} and {other}");
        }
        let build = |build| text("2.4.6").with_dash(build);
        assert_eq!(build(325).compare(&build(326)), Ordering::Less);
        assert_eq!(build(325).compare(&text("2.4.6")), Ordering::Equal);
    }

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
