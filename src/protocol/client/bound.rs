//! Bounds on the versions that a rule means.

use std::fmt;

use super::version::{ENCODED_LEN as VERSION_LEN, Version};

/// A bound on a version, such as `< 4.5`. Versions are ordered number by number, missing ones being 0; a trial
/// comes before its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    relation: Relation,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    /// By the numbers that are written: `<= 4.5` takes in 4.5.2.
    AtMost,
    Exactly,
    Not,
    AtLeast,
    /// By the numbers that are written: 4.5.2 is not above 4.5.
    Above,
    /// `4.5` is all that begin so.
    Begins,
}

/// Bytes of a bound in files of ours.
pub const ENCODED_LEN: usize = 1 + VERSION_LEN;

impl Relation {
    const ALL: [Self; 7] = [
        Self::Below,
        Self::AtMost,
        Self::Exactly,
        Self::Not,
        Self::AtLeast,
        Self::Above,
        Self::Begins,
    ];

    fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Exactly => "=",
            Self::Not => "!=",
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::Begins => "",
        }
    }
}

impl Bound {
    /// Whether a version is within it.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        let Self { relation, version: bound } = self;
        let whole = version.compare(bound);
        let written = version.compare_numbers(bound, bound.count());
        match relation {
            Relation::Below => whole.is_lt(),
            Relation::AtLeast => whole.is_ge(),
            Relation::Exactly => whole.is_eq(),
            Relation::Not => whole.is_ne(),
            Relation::AtMost if bound.has_stage() => whole.is_le(),
            Relation::AtMost => written.is_le(),
            Relation::Above if bound.has_stage() => whole.is_gt(),
            Relation::Above => written.is_gt(),
            Relation::Begins => written.is_eq() && (!bound.has_stage() || whole.is_eq()),
        }
    }

    /// Whether no version is within both, as far as that shows.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let lowest = |it: &Self| match it.relation {
            Relation::AtLeast | Relation::Above | Relation::Exactly | Relation::Begins => {
                Some(it.version)
            }
            _ => None,
        };
        let is_above_all = |it: &Self, other: &Self| match (lowest(it), other.relation) {
            // Trials of 4.5 begin with it, and are below it.
            (Some(low), Relation::Below) if it.relation == Relation::Begins => {
                low.compare_numbers(&other.version, usize::MAX).is_gt()
            }
            (Some(low), Relation::Below) => low.compare(&other.version).is_ge(),
            (Some(low), Relation::AtMost | Relation::Begins | Relation::Exactly) => {
                let order = low.compare_numbers(&other.version, other.version.count());
                order.is_gt()
                    || (it.relation == Relation::Above
                        && order.is_eq()
                        && low.count() <= other.version.count())
            }
            _ => false,
        };
        is_above_all(self, other) || is_above_all(other, self)
    }

    /// Takes a bound, or both ends of a range, off the front of a text. Where the second number of versions counts
    /// hundredths, one digit of it means tenths.
    pub(super) fn at_the_front_of(
        text: &mut &str,
        is_decimal: impl Fn(&Version) -> bool,
    ) -> Option<(Self, Option<Self>)> {
        let mut rest = text.trim_start();
        // Signs of two characters come first.
        let signs = ["<=", ">=", "!=", "==", "<", ">", "="];
        let sign = signs.into_iter().find(|sign| rest.starts_with(sign)).unwrap_or("");
        rest = rest.get(sign.len()..)?.trim_start();
        let first = version(&mut rest, &is_decimal)?;
        let relation = match sign {
            "==" => Relation::Exactly,
            sign => Relation::ALL.into_iter().find(|relation| relation.sign() == sign)?,
        };
        let mut bounds = (Self { relation, version: first }, None);
        if let Some(after) = rest.strip_prefix("..")
            && sign.is_empty()
        {
            rest = after.trim_start();
            let last = version(&mut rest, &is_decimal)?;
            bounds.0.relation = Relation::AtLeast;
            bounds.1 = Some(Self { relation: Relation::AtMost, version: last });
        } else if let Some(after) = rest.strip_prefix(".*") {
            rest = matches!(relation, Relation::Begins | Relation::Exactly).then_some(after)?;
            bounds.0.relation = Relation::Begins;
        }
        *text = rest;
        Some(bounds)
    }

    /// Its bytes in files of ours.
    #[must_use]
    pub fn to_bytes(self) -> [u8; ENCODED_LEN] {
        let place = Relation::ALL.iter().position(|relation| *relation == self.relation);
        let mut bytes = [0; ENCODED_LEN];
        let [relation, version @ ..] = &mut bytes;
        *relation = place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX);
        *version = self.version.to_bytes();
        bytes
    }

    /// The bound in these bytes; `None` when they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; ENCODED_LEN]) -> Option<Self> {
        let [relation, version @ ..] = bytes;
        let relation = *Relation::ALL.get(usize::from(*relation))?;
        Some(Self { relation, version: Version::from_bytes(version)? })
    }
}

/// Takes a version off the front of a text.
fn version(text: &mut &str, is_decimal: impl Fn(&Version) -> bool) -> Option<Version> {
    let written = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut rest = written.as_bytes();
    let version = Version::at_the_front_of(&mut rest)?;
    let minor = written.split_once('.').map(|(_, minor)| minor);
    let digits = minor.map_or(0, |it| it.bytes().take_while(u8::is_ascii_digit).count());
    *text = written.get(written.len() - rest.len()..)?;
    let is_decimal = is_decimal(&version);
    Some(match (is_decimal, digits) {
        (true, 1) => version.in_hundredths(),
        (true, _) => version.decimal_as_it_is(),
        _ => version,
    })
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.relation {
            Relation::Begins => write!(formatter, "{}", self.version),
            relation => write!(formatter, "{} {}", relation.sign(), self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str) -> Bound {
        let mut rest = text;
        let (bound, other) = Bound::at_the_front_of(&mut rest, |_| false).unwrap();
        assert_eq!((rest, other), ("", None), "{text}");
        bound
    }

    fn admits(text: &str, version: &str) -> bool {
        bound(text).admits(&Version::from_text(version.as_bytes()).unwrap())
    }

    #[test]
    fn bounds_look_at_the_numbers_that_are_written() {
        let all = ["4.4.9", "4.5b1", "4.5", "4.5.2", "4.6.0beta2", "4.6", "4.10", "5.0"];
        let within = |text: &str| -> Vec<&str> {
            all.into_iter().filter(|version| admits(text, version)).collect()
        };
        assert_eq!(within("< 4.5"), ["4.4.9", "4.5b1"]);
        assert_eq!(within("<= 4.5"), ["4.4.9", "4.5b1", "4.5", "4.5.2"]);
        assert_eq!(within("> 4.5"), ["4.6.0beta2", "4.6", "4.10", "5.0"]);
        assert_eq!(within(">= 4.5"), ["4.5", "4.5.2", "4.6.0beta2", "4.6", "4.10", "5.0"]);
        assert_eq!(within("4.5"), ["4.5b1", "4.5", "4.5.2"]);
        assert_eq!(within("4.5.*"), within("4.5"));
        assert_eq!(within("4.*").len(), 7);
        assert_eq!(within("= 4.5.0"), ["4.5"]);
        assert_eq!(within("!= 4.5").len(), 7);
        assert_eq!(within("< 4.6"), ["4.4.9", "4.5b1", "4.5", "4.5.2", "4.6.0beta2"]);
        assert_eq!(within("4.6 beta2"), ["4.6.0beta2"]);
    }

    #[test]
    fn ranges_take_in_both_ends() {
        let mut text = "1.2..1.3 x";
        let (low, high) = Bound::at_the_front_of(&mut text, |_| false).unwrap();
        assert_eq!((low, high), (bound(">= 1.2"), Some(bound("<= 1.3"))));
        assert_eq!(text, " x");
    }

    #[test]
    fn bounds_that_leave_nothing_exclude_each_other() {
        let pairs = [
            (">= 5", "< 4"),
            (">= 4", "< 4"),
            ("> 4.5", "<= 4.5"),
            ("4.5.1", "< 4.5"),
            ("= 4.5", "> 4.6"),
            ("4.5", "4.6"),
        ];
        for (one, other) in pairs {
            assert!(bound(one).excludes(&bound(other)), "{one}, {other}");
        }
        for (one, other) in [
            (">= 4", "<= 4"),
            ("> 4.5", "< 4.5.9"),
            ("> 4", "< 4.6"),
            ("4", "4.5"),
            ("4.5", "< 4.5"),
        ] {
            let (one, other) = (bound(one), bound(other));
            assert!(!one.excludes(&other), "{one}, {other}");
        }
    }

    #[test]
    fn a_bound_is_read_back_from_its_bytes_and_its_text() {
        for text in ["< 4.5", "<= 1.2.3.4", "= 4.6 beta2", "!= 2", ">= 0.1", "> 9+", "4.5", "3 rc"]
        {
            let bound = bound(text);
            assert_eq!(bound.to_string(), text);
            assert_eq!(Bound::from_bytes(&bound.to_bytes()), Some(bound));
        }
        assert_eq!(Bound::from_bytes(&[u8::MAX; ENCODED_LEN]), None);
    }
}
