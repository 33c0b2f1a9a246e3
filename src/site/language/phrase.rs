//! Texts with places in them: sentences that values are put into, and words that go with numbers.

use std::fmt::Display;

/// A text with so many places, `{0}`, `{1}` and so on, in any order. How many values it takes is known to the compiler;
/// a test checks that each language has a place for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) struct Phrase<const PLACES: usize>(pub(super) &'static str);

impl<const PLACES: usize> Phrase<PLACES> {
    fn filled(self, values: [&dyn Display; PLACES]) -> String {
        let mut text = String::with_capacity(self.0.len() + 16 * PLACES);
        let mut rest = self.0;
        while let Some((before, behind)) = rest.split_once('{') {
            let (place, after) = behind.split_once('}').unwrap_or((behind, ""));
            text.push_str(before);
            let value = place.parse().ok().and_then(|place: usize| values.get(place));
            text.extend(value.map(ToString::to_string));
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

impl Phrase<1> {
    /// The text with this value.
    pub(in crate::site) fn with(self, value: impl Display) -> String {
        self.filled([&value])
    }

    /// What stands before its place, for a value that is more than text.
    pub(in crate::site) fn before(self) -> &'static str {
        self.0.split_once("{0}").unwrap_or((self.0, "")).0
    }

    /// What stands behind its place.
    pub(in crate::site) fn after(self) -> &'static str {
        self.0.split_once("{0}").unwrap_or((self.0, "")).1
    }
}

impl Phrase<2> {
    /// The text with these values.
    pub(in crate::site) fn with(self, first: impl Display, second: impl Display) -> String {
        self.filled([&first, &second])
    }
}

impl Phrase<3> {
    /// The text with these values.
    pub(in crate::site) fn with(
        self,
        first: impl Display,
        second: impl Display,
        third: impl Display,
    ) -> String {
        self.filled([&first, &second, &third])
    }
}

/// A word as it goes with numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) struct Plural {
    pub(super) one: &'static str,
    pub(super) few: &'static str,
    pub(super) many: &'static str,
}

/// Which of its forms a word has beside a number: the plural categories of CLDR for whole numbers, as far as our
/// languages have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    Few,
    Many,
}

impl Plural {
    /// A word of a language that tells one from several.
    pub(super) const fn two(one: &'static str, several: &'static str) -> Self {
        Self { one, few: several, many: several }
    }

    /// A word of a language that tells one, a few and many apart.
    pub(super) const fn three(one: &'static str, few: &'static str, many: &'static str) -> Self {
        Self { one, few, many }
    }

    pub(super) fn form(self, form: Form) -> &'static str {
        match form {
            Form::One => self.one,
            Form::Few => self.few,
            Form::Many => self.many,
        }
    }
}

/// What a text needs to be compared with the same in another language.
#[cfg(test)]
pub(super) trait Text {
    /// All that is written of it.
    fn written(&self) -> Vec<&'static str>;
    /// How many values are put into each.
    fn places(&self) -> usize;
}

#[cfg(test)]
impl Text for &'static str {
    fn written(&self) -> Vec<&'static str> {
        vec![self]
    }
    fn places(&self) -> usize {
        0
    }
}

#[cfg(test)]
impl<const PLACES: usize> Text for Phrase<PLACES> {
    fn written(&self) -> Vec<&'static str> {
        vec![self.0]
    }
    fn places(&self) -> usize {
        PLACES
    }
}

#[cfg(test)]
impl Text for Plural {
    fn written(&self) -> Vec<&'static str> {
        vec![self.one, self.few, self.many]
    }
    fn places(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_to_their_places_whatever_is_in_them() {
        let phrase: Phrase<2> = Phrase("{1} of {0}, {0}.");
        assert_eq!(phrase.with("{1}", 7), "7 of {1}, {1}.");
        let one: Phrase<1> = Phrase("for “{0}”");
        assert_eq!(
            (one.with("{0}"), one.before(), one.after()),
            ("for “{0}”".into(), "for “", "”")
        );
        assert_eq!(Phrase::<3>("{0}–{1} of {2}").with(1, 2, "3"), "1–2 of 3");
    }
}
