//! What its owner says about a torrent beside its metainfo.

use rusqlite::{Row, ToSql};

use super::count::Count;
use crate::platform::date;
use crate::protocol::{Checksums, Timestamp};

/// What is said about a torrent beside its metainfo; `None` where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Whether it is left out of listings.
    pub hidden: Option<bool>,
    /// What it is called instead of its name.
    pub title: Option<String>,
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// Its category, instead of its folder.
    pub category: Option<String>,
    /// The group that it belongs to.
    pub group: Option<String>,
    /// Another address of its `.torrent` file or its content.
    pub mirror: Option<String>,
    /// The address of a page about it.
    pub info_url: Option<String>,
    /// Checksums of its content.
    pub checksums: Checksums,
    /// Whether it is tracked no longer.
    pub retirement: Option<Retirement>,
    /// From then on its `.torrent` file is not linked to.
    pub link_until: Option<Timestamp>,
    /// Until then it is left out of listings.
    pub list_from: Option<Timestamp>,
    /// From then on it is left out of listings.
    pub list_until: Option<Timestamp>,
}

/// Whether a torrent is tracked no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// It is not. Clients are told this reason, the configured one where it is empty.
    Retired(String),
    /// It is tracked, whatever is said below.
    Restored,
}

/// What [`Details::of`] reads and [`Details::parameters`] gives, in this order.
pub(super) const DETAILS: &str =
    "hidden, title, description, category, group_name, mirror, info_url,
    crc32, md5, sha1, sha256, retired, link_until, list_from, list_until, restored";

/// How many these are.
const DETAIL_COUNT: usize = 16;

/// Places for as many parameters, from this one on.
pub(super) fn detail_places(first: usize) -> String {
    let places: Vec<_> = (first..first + DETAIL_COUNT).map(|number| format!("?{number}")).collect();
    places.join(", ")
}

impl Details {
    /// Nothing is said about most torrents.
    pub(super) const NONE: &'static Self = &Self {
        hidden: None,
        title: None,
        description: None,
        category: None,
        group: None,
        mirror: None,
        info_url: None,
        checksums: Checksums { crc32: None, md5: None, sha1: None, sha256: None },
        retirement: None,
        link_until: None,
        list_from: None,
        list_until: None,
    };

    /// The names of [`Self::in_words`].
    pub const NAMES: [&'static str; 15] = [
        "hidden",
        "title",
        "description",
        "category",
        "group",
        "mirror",
        "info_url",
        "crc32",
        "md5",
        "sha1",
        "sha256",
        "retired",
        "link_until",
        "list_from",
        "list_until",
    ];

    /// These, and where they say nothing, what the others say.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            hidden: self.hidden.or(others.hidden),
            title: self.title.or_else(|| others.title.clone()),
            description: self.description.or_else(|| others.description.clone()),
            category: self.category.or_else(|| others.category.clone()),
            group: self.group.or_else(|| others.group.clone()),
            mirror: self.mirror.or_else(|| others.mirror.clone()),
            info_url: self.info_url.or_else(|| others.info_url.clone()),
            checksums: self.checksums.or(others.checksums),
            retirement: self.retirement.or_else(|| others.retirement.clone()),
            link_until: self.link_until.or(others.link_until),
            list_from: self.list_from.or(others.list_from),
            list_until: self.list_until.or(others.list_until),
        }
    }

    /// Why it is tracked no longer, where that is so; an empty text is the configured reason.
    #[must_use]
    pub fn retired(&self) -> Option<&str> {
        match &self.retirement {
            Some(Retirement::Retired(reason)) => Some(reason),
            Some(Retirement::Restored) | None => None,
        }
    }

    /// What these say that the others do not say, in words; `None` where they say nothing of that kind.
    pub(super) fn where_other(&self, others: &Self) -> Option<String> {
        let mut told = Vec::new();
        for ((name, own), (_, other)) in self.in_words().into_iter().zip(others.in_words()) {
            match own {
                Some(own) if Some(&own) != other.as_ref() => told.push(format!("{name}: {own}")),
                _ => {}
            }
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// What is said, by the names that people know.
    #[must_use]
    pub fn in_words(&self) -> [(&'static str, Option<String>); 15] {
        let time = |at: Option<Timestamp>| at.map(|at| date::rfc_3339(at.0));
        let hidden = self.hidden.map(|hidden| if hidden { "yes" } else { "no" }.to_owned());
        let retired = self.retirement.as_ref().map(|retirement| match retirement {
            Retirement::Retired(reason) if reason.is_empty() => "yes".to_owned(),
            Retirement::Retired(reason) => reason.clone(),
            Retirement::Restored => "no".to_owned(),
        });
        let [crc32, md5, sha1, sha256] = self.checksums.in_digits();
        [
            ("hidden", hidden),
            ("title", self.title.clone()),
            ("description", self.description.clone()),
            ("category", self.category.clone()),
            ("group", self.group.clone()),
            ("mirror", self.mirror.clone()),
            ("info_url", self.info_url.clone()),
            crc32,
            md5,
            sha1,
            sha256,
            ("retired", retired),
            ("link_until", time(self.link_until)),
            ("list_from", time(self.list_from)),
            ("list_until", time(self.list_until)),
        ]
    }

    /// Reads them from a row, from this column on.
    pub(super) fn of(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        let text = |column: usize| row.get::<_, Option<String>>(first + column);
        let time = |column: usize| {
            let at = row.get::<_, Option<Count>>(first + column)?;
            Ok::<_, rusqlite::Error>(at.map(|Count(at)| Timestamp(at)))
        };
        let digits = [text(7)?, text(8)?, text(9)?, text(10)?];
        Ok(Self {
            hidden: row.get(first)?,
            title: text(1)?,
            description: text(2)?,
            category: text(3)?,
            group: text(4)?,
            mirror: text(5)?,
            info_url: text(6)?,
            checksums: Checksums::from_digits(digits.each_ref().map(Option::as_deref)),
            retirement: match (row.get(first + 15)?, text(11)?) {
                (Some(true), _) => Some(Retirement::Restored),
                (_, reason) => reason.map(Retirement::Retired),
            },
            link_until: time(12)?,
            list_from: time(13)?,
            list_until: time(14)?,
        })
    }

    /// Their values, as the columns have them.
    pub(super) fn parameters(&self) -> [Box<dyn ToSql + '_>; DETAIL_COUNT] {
        let time = |at: Option<Timestamp>| Box::new(at.map(|at| Count(at.0))) as Box<dyn ToSql>;
        let [crc32, md5, sha1, sha256] = self.checksums.in_digits().map(|(_, digits)| digits);
        [
            Box::new(self.hidden),
            Box::new(&self.title),
            Box::new(&self.description),
            Box::new(&self.category),
            Box::new(&self.group),
            Box::new(&self.mirror),
            Box::new(&self.info_url),
            Box::new(crc32),
            Box::new(md5),
            Box::new(sha1),
            Box::new(sha256),
            Box::new(self.retired()),
            time(self.link_until),
            time(self.list_from),
            time(self.list_until),
            Box::new((self.retirement == Some(Retirement::Restored)).then_some(true)),
        ]
    }

    /// Takes back what is said under one of the names of [`Self::in_words`]; false where there is no such name.
    pub fn take_back(&mut self, name: &str) -> bool {
        match name {
            "hidden" => self.hidden = None,
            "title" => self.title = None,
            "description" => self.description = None,
            "category" => self.category = None,
            "group" => self.group = None,
            "mirror" => self.mirror = None,
            "info_url" => self.info_url = None,
            "crc32" => self.checksums.crc32 = None,
            "md5" => self.checksums.md5 = None,
            "sha1" => self.checksums.sha1 = None,
            "sha256" => self.checksums.sha256 = None,
            "retired" => self.retirement = None,
            "link_until" => self.link_until = None,
            "list_from" => self.list_from = None,
            "list_until" => self.list_until = None,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_has_a_name_can_be_taken_back() {
        let text = Some("x".to_owned());
        let all = Details {
            hidden: Some(true),
            title: text.clone(),
            description: text.clone(),
            category: text.clone(),
            group: text.clone(),
            mirror: text.clone(),
            info_url: text,
            checksums: Checksums {
                crc32: Some(1),
                md5: Some([1; 16]),
                sha1: Some([1; 20]),
                sha256: Some([1; 32]),
            },
            retirement: Some(Retirement::Restored),
            link_until: Some(Timestamp(1)),
            list_from: Some(Timestamp(1)),
            list_until: Some(Timestamp(1)),
        };
        let mut left = all.clone();
        for (name, _) in all.in_words() {
            let mut one = all.clone();
            assert!(one.take_back(name) && left.take_back(name), "{name}");
            for (other, value) in one.in_words() {
                assert_eq!(value.is_none(), other == name, "{name}, {other}");
            }
        }
        assert_eq!(all.in_words().map(|(name, _)| name), Details::NAMES);
        assert_eq!(left, *Details::NONE);
        assert!(!left.take_back("color"));
    }

    #[test]
    fn of_two_that_speak_the_first_counts_word_by_word() {
        let own = Details { title: Some("own".into()), hidden: Some(false), ..Details::default() };
        let other = Details {
            title: Some("other".into()),
            hidden: Some(true),
            category: Some("music".into()),
            list_until: Some(Timestamp(7)),
            checksums: Checksums { md5: Some([7; 16]), ..Checksums::default() },
            ..Details::default()
        };
        let both = own.clone().or(&other);
        assert_eq!(both, Details { title: own.title, hidden: own.hidden, ..other.clone() });
        assert_eq!(Details::default().or(&other), other);
        assert_eq!(Details::default(), *Details::NONE);
    }
}
