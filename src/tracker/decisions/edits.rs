//! What is to be said of a torrent instead of what is decided, as it is written by people and programs.

use std::collections::BTreeSet;

use crate::catalog::detail_values::{self, DetailError};
use crate::catalog::{CatalogError, Details, Torrent};
use crate::platform::date;
use crate::protocol::{Checksums, Timestamp};

/// What is to be said, and what no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Names of [`Details::NAMES`].
    taken_back: BTreeSet<&'static str>,
    said: Details,
}

/// Why something is not said.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The dates leave no time.
    #[error(transparent)]
    NeverListed(#[from] NeverListed),
    /// The catalogue cannot be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// A torrent would be listed from a time on that is not before the one until which it would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it would never be listed: list_from ({}) is not before list_until ({}); nothing was changed",
    date::shortest(from.0),
    date::shortest(until.0)
)]
pub struct NeverListed {
    /// When it would begin.
    pub from: Timestamp,
    /// When it would end.
    pub until: Timestamp,
}

impl Edits {
    /// Says this under one of the names of [`Details::NAMES`], `retired` excepted; an empty text takes back what is decided.
    ///
    /// # Errors
    /// When it is not such a value; then the edits are as before.
    pub fn set(&mut self, name: &'static str, text: &str) -> Result<(), DetailError> {
        let said = &mut self.said;
        match name {
            "hidden" => said.hidden = yes_or_no(text)?,
            "title" => said.title = some(detail_values::one_line(text)?),
            "description" => said.description = some(detail_values::description(text)?),
            "category" => said.category = some(detail_values::one_line(text)?),
            "group" => said.group = some(detail_values::one_line(text)?),
            "mirror" => said.mirror = some(detail_values::page_address(text)?),
            "info_url" => said.info_url = some(detail_values::page_address(text)?),
            "crc32" => set_digits(&mut said.checksums, 0, detail_values::digits(text, 8)?),
            "md5" => set_digits(&mut said.checksums, 1, detail_values::digits(text, 32)?),
            "sha1" => set_digits(&mut said.checksums, 2, detail_values::digits(text, 40)?),
            "sha256" => set_digits(&mut said.checksums, 3, detail_values::digits(text, 64)?),
            "link_until" => said.link_until = detail_values::time(text)?,
            "list_from" => said.list_from = detail_values::time(text)?,
            "list_until" => said.list_until = detail_values::time(text)?,
            _ => return Err(DetailError::NoSuchDetail(name)),
        }
        let is_said = said.in_words().into_iter().any(|(it, value)| it == name && value.is_some());
        if is_said {
            self.taken_back.remove(name);
        } else {
            self.taken_back.insert(name);
        }
        Ok(())
    }

    /// Says these checksums.
    pub fn set_checksums(&mut self, checksums: Checksums) {
        self.said.checksums = checksums.or(self.said.checksums);
    }

    /// Takes back what is decided under one of the names of [`Details::NAMES`].
    pub fn take_back(&mut self, name: &'static str) {
        self.said.take_back(name);
        self.taken_back.insert(name);
    }

    /// Takes back all that is decided, but not what is said here.
    pub fn take_all_back(&mut self) {
        self.taken_back.extend(Details::NAMES);
    }

    /// Whether they say nothing, and take nothing back.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// What is decided then.
    pub fn apply(&self, details: &mut Details) {
        for name in &self.taken_back {
            details.take_back(name);
        }
        *details = self.said.clone().or(details);
    }

    /// Whether a torrent may be said to be so: dates that these give must leave a time at which it is listed.
    ///
    /// # Errors
    /// When they leave none.
    pub fn check(&self, torrent: &Torrent) -> Result<(), NeverListed> {
        let mut details = torrent.decision().clone();
        self.apply(&mut details);
        let details = details.or(&torrent.companions().details());
        match (details.list_from, details.list_until) {
            (Some(from), Some(until)) if self.touch_listing() && details.is_never_listed() => {
                Err(NeverListed { from, until })
            }
            _ => Ok(()),
        }
    }

    fn touch_listing(&self) -> bool {
        let touches = |name, at: Option<Timestamp>| at.is_some() || self.taken_back.contains(name);
        touches("list_from", self.said.list_from) || touches("list_until", self.said.list_until)
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn yes_or_no(text: &str) -> Result<Option<bool>, DetailError> {
    match text {
        "" => Ok(None),
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        _ => Err(DetailError::YesOrNo),
    }
}

/// Sets the checksum of a place of [`Checksums::in_digits`].
fn set_digits(checksums: &mut Checksums, place: usize, digits: String) {
    let mut all = checksums.in_digits().map(|(_, digits)| digits);
    if let Some(known) = all.get_mut(place) {
        *known = some(digits);
    }
    *checksums = Checksums::from_digits(all.each_ref().map(Option::as_deref));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Retirement;

    /// Something that may be said under each name but `retired`.
    const VALUES: [(&str, &str); 14] = [
        ("hidden", "yes"),
        ("title", "A title"),
        ("description", "Two\nlines"),
        ("category", "music"),
        ("group", "Archive"),
        ("mirror", "https://mirror.example/"),
        ("info_url", "https://info.example/"),
        ("crc32", "0123abcd"),
        ("md5", "0123456789abcdef0123456789abcdef"),
        ("sha1", "0123456789abcdef0123456789abcdef01234567"),
        ("sha256", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ("link_until", "2027-01-31"),
        ("list_from", "2027-01-01"),
        ("list_until", "2027-02-01T18:00:00Z"),
    ];

    #[test]
    fn each_name_is_said_and_an_empty_text_takes_it_back() {
        for (name, value) in VALUES {
            let mut edits = Edits::default();
            edits.set(name, value).unwrap();
            let mut details = Details::default();
            edits.apply(&mut details);
            let said: Vec<_> =
                details.in_words().into_iter().filter(|(_, value)| value.is_some()).collect();
            assert_eq!(said.len(), 1, "{name}");
            assert_eq!(said[0].0, name);
            let mut back = Edits::default();
            back.set(name, "").unwrap();
            back.apply(&mut details);
            assert_eq!(details, Details::default(), "{name}");
        }
        assert_eq!(Edits::default().set("retired", "x"), Err(DetailError::NoSuchDetail("retired")));
    }

    #[test]
    fn what_is_no_value_changes_nothing() {
        for (name, text) in [
            ("hidden", "perhaps"),
            ("title", "two\nlines"),
            ("mirror", "javascript:alert(1)"),
            ("md5", "12"),
            ("list_from", "soon"),
        ] {
            let mut edits = Edits::default();
            assert!(edits.set(name, text).is_err(), "{name}");
            assert!(edits.are_none(), "{name}");
        }
    }

    proptest! {
        /// Whatever is said, what is not touched stays, and what is said last counts.
        #[test]
        fn only_what_is_touched_changes(touched in prop::collection::vec((0..14_usize, any::<bool>()), 0..20)) {
            let mut before = Details {
                retirement: Some(Retirement::Restored),
                title: Some("before".into()),
                list_from: Some(Timestamp(7)),
                ..Details::default()
            };
            before.checksums.crc32 = Some(9);
            let mut edits = Edits::default();
            let mut expected = before.in_words();
            for (place, is_said) in touched {
                let (name, value) = VALUES[place];
                edits.set(name, if is_said { value } else { "" }).unwrap();
                let mut only = Edits::default();
                only.set(name, value).unwrap();
                let words = only.said.in_words().into_iter().find(|(it, _)| *it == name).unwrap().1;
                expected.iter_mut().find(|(it, _)| *it == name).unwrap().1 = words.filter(|_| is_said);
            }
            let mut after = before.clone();
            edits.apply(&mut after);
            prop_assert_eq!(after.in_words(), expected);
        }
    }
}
