//! What keeps torrents from standing in listings.

use std::fmt;

use super::{Details, Torrent};
use crate::platform::date;
use crate::protocol::Timestamp;

/// Why a torrent stands in no listing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// It is retired.
    Retired,
    /// Its file is gone.
    Missing,
    /// It is hidden.
    Hidden,
    /// It is to be listed from a time on that is not before the one until which it is to be.
    Never,
    /// It is listed from then on only.
    Before(Timestamp),
    /// It was listed until then.
    Since(Timestamp),
}

impl Torrent {
    /// What keeps it from standing in listings at this time; the first of several things.
    #[must_use]
    pub fn unlisted(&self, now: Timestamp) -> Option<Unlisted> {
        let details = self.details();
        match (details.list_from, details.list_until) {
            _ if details.retired().is_some() => Some(Unlisted::Retired),
            _ if self.missing_since.is_some() => Some(Unlisted::Missing),
            _ if self.hidden => Some(Unlisted::Hidden),
            _ if details.is_never_listed() => Some(Unlisted::Never),
            (Some(from), _) if now < from => Some(Unlisted::Before(from)),
            (_, Some(until)) if until <= now => Some(Unlisted::Since(until)),
            _ => None,
        }
    }
}

impl Details {
    /// Whether its dates leave no time at which the torrent is listed.
    #[must_use]
    pub fn is_never_listed(&self) -> bool {
        self.list_from.zip(self.list_until).is_some_and(|(from, until)| until <= from)
    }
}

impl fmt::Display for Unlisted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("its file is gone"),
            Self::Retired => formatter.write_str("it is retired"),
            Self::Hidden => formatter.write_str("it is hidden"),
            Self::Never => formatter.write_str("list_from is not before list_until"),
            Self::Before(from) => write!(formatter, "not before {}", date::shortest(from.0)),
            Self::Since(until) => write!(formatter, "not since {}", date::shortest(until.0)),
        }
    }
}

/// How many torrents stand in no listing, each counted for what comes first of what keeps it from that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnlistedCounts {
    /// Those whose files are gone.
    pub missing: usize,
    /// Those that are retired.
    pub retired: usize,
    /// Those that are hidden.
    pub hidden: usize,
    /// Those that a date leaves out.
    pub by_date: usize,
}

impl UnlistedCounts {
    /// Those among some torrents at this time.
    pub fn of<'a>(torrents: impl IntoIterator<Item = &'a Torrent>, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for unlisted in torrents.into_iter().filter_map(|torrent| torrent.unlisted(now)) {
            *match unlisted {
                Unlisted::Missing => &mut counts.missing,
                Unlisted::Retired => &mut counts.retired,
                Unlisted::Hidden => &mut counts.hidden,
                Unlisted::Never | Unlisted::Before(_) | Unlisted::Since(_) => &mut counts.by_date,
            } += 1;
        }
        counts
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Those that there are, such as `1 gone, 2 hidden`.
impl fmt::Display for UnlistedCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.missing, "gone"),
            (self.retired, "retired"),
            (self.hidden, "hidden"),
            (self.by_date, "not listed at this date"),
        ];
        let mut between = "";
        for (number, what) in all.into_iter().filter(|(number, _)| *number > 0) {
            write!(formatter, "{between}{number} {what}")?;
            between = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::samples::{hash, new_catalog, scan, scanned};
    use crate::catalog::{Author, Retirement};

    proptest! {
        #[test]
        fn what_is_in_no_listing_has_a_reason(
            (hidden, retired) in (any::<bool>(), any::<bool>()),
            (from, until) in (proptest::option::of(0..5_u64), proptest::option::of(0..5_u64)),
            now in 0..5_u64,
        ) {
            let (_folder, mut catalog) = new_catalog();
            scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
            let said = Details {
                hidden: Some(hidden),
                retirement: retired.then(|| Retirement::Retired(String::new())),
                list_from: from.map(Timestamp),
                list_until: until.map(Timestamp),
                ..Details::default()
            };
            let author = Author { name: "olive", at: Timestamp(2) };
            catalog.decide(hash(1), "edit", |it| *it = said, &author).unwrap();
            let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
            let is_listed = torrent.is_tracked() && torrent.is_listed(Timestamp(now));
            let unlisted = torrent.unlisted(Timestamp(now));
            prop_assert_eq!(unlisted.is_none(), is_listed, "{:?}", unlisted);
            match unlisted {
                Some(Unlisted::Never) => prop_assert!((0..9).all(|at| !torrent.is_listed(Timestamp(at)))),
                Some(Unlisted::Before(from)) => prop_assert!(torrent.is_listed(from)),
                Some(Unlisted::Since(until)) => prop_assert!(until.0 <= now),
                _ => {}
            }
        }
    }
}
