//! Addresses that may not announce: whom the owner has banned, why, and until when.

use std::net::Ipv6Addr;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::changes::{self, Noted};
use super::count::Count;
use super::{Author, Catalog, CatalogError};
use crate::platform::address_range::AddressRange;
use crate::platform::date;
use crate::protocol::Timestamp;

/// A range of addresses that may not announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The addresses.
    pub range: AddressRange,
    /// What a client is told; may be empty.
    pub reason: String,
    /// From then on it is over; `None`: never.
    pub until: Option<Timestamp>,
    /// When it was made.
    pub since: Timestamp,
    /// The list that it was imported with, or [`Ban::AUTOMATIC`]; empty where the owner made it by itself.
    pub list: String,
}

/// A list of bans that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanList {
    /// Its name.
    pub name: String,
    /// How many ranges it has.
    pub ranges: u64,
    /// When it was imported last.
    pub since: Timestamp,
}

impl Ban {
    /// The list of those that the tracker makes itself.
    pub const AUTOMATIC: &str = "automatic";

    /// Whether the tracker has made it itself.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        self.list == Self::AUTOMATIC
    }

    /// Whether it bans all addresses of a range.
    #[must_use]
    pub fn holds_for(&self, range: AddressRange) -> bool {
        let (first, last) = range.ends();
        self.range.contains(first) && self.range.contains(last)
    }

    /// Whether it is in force.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Catalog {
    /// All bans, by their lists and their addresses; also those that are over.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn bans(&self) -> Result<Vec<Ban>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(ALL_BANS)?;
            query.query_map([], ban_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the bans from"))
    }

    /// The lists that were imported, by their names.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn ban_lists(&self) -> Result<Vec<BanList>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(BAN_LISTS)?;
            let lists = query.query_map([], |row| {
                Ok(BanList {
                    name: row.get(0)?,
                    ranges: row.get(1).map(|Count(ranges)| ranges)?,
                    since: row.get(2).map(|Count(at)| Timestamp(at))?,
                })
            })?;
            lists.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the bans from"))
    }

    /// Has a list have these ranges, all banned for one reason, instead of those that it had; without any it is gone.
    /// Returns how many it had.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn import_bans(
        &mut self,
        list: &str,
        ranges: &[AddressRange],
        reason: &str,
        author: &Author<'_>,
    ) -> Result<u64, CatalogError> {
        self.write("write a list of bans into", |transaction| {
            let removed = end_list(transaction, list)?;
            for &range in ranges {
                put(transaction, list, range, reason, None, author.at)?;
            }
            let removed = count(removed);
            let told = |ranges: u64| (ranges > 0).then(|| format!("{ranges} ranges"));
            let (before, after) = (told(removed), told(count(ranges.len())));
            let noted = Noted {
                what: "import bans",
                subject: list,
                before: before.as_deref(),
                after: after.as_deref(),
            };
            changes::note(transaction, author, &noted)?;
            Ok(removed)
        })
    }

    /// Bans a range; another ban of the same range is replaced, and returned. Those of lists stay.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn ban(&mut self, ban: &Ban, author: &Author<'_>) -> Result<Option<Ban>, CatalogError> {
        self.write("write a ban into", |transaction| {
            let before = find(transaction, "", ban.range)?;
            put(transaction, "", ban.range, &ban.reason, ban.until, ban.since)?;
            note(transaction, author, ("ban", ban.range), before.as_ref(), Some(ban))?;
            Ok(before)
        })
    }

    /// Ends the ban of a range, also one that the tracker has made itself; `None` where there is no ban of just this
    /// range. Those of lists stay.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn unban(
        &mut self,
        range: AddressRange,
        author: &Author<'_>,
    ) -> Result<Option<Ban>, CatalogError> {
        self.write("remove a ban from", |transaction| {
            let own = find(transaction, "", range)?;
            let before = match own {
                Some(own) => Some(own),
                None => find(transaction, Ban::AUTOMATIC, range)?,
            };
            if before.is_some() {
                let (first, last) = ends(range);
                transaction.execute(REMOVE_BAN, (first, last, Ban::AUTOMATIC))?;
                note(transaction, author, ("unban", range), before.as_ref(), None)?;
            }
            Ok(before)
        })
    }

    /// Forgets the bans that are over.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn forget_old_bans(&mut self, now: Timestamp) -> Result<(), CatalogError> {
        let is_old = |connection: &Connection| {
            connection.query_row(HAS_OLD_BANS, [Count(now.0)], |row| row.get::<_, bool>(0))
        };
        if !is_old(&self.connection).map_err(self.failed("read the bans from"))? {
            return Ok(());
        }
        self.write("remove a ban from", |transaction| {
            transaction.execute(REMOVE_OLD_BANS, [Count(now.0)]).map(|_| ())
        })
    }
}

/// Puts a ban into a list, in place of one of the same range.
pub(super) fn put(
    transaction: &Transaction<'_>,
    list: &str,
    range: AddressRange,
    reason: &str,
    until: Option<Timestamp>,
    since: Timestamp,
) -> rusqlite::Result<()> {
    let (first, last) = ends(range);
    let until = until.map(|at| Count(at.0));
    let mut insert = transaction.prepare_cached(PUT_BAN)?;
    insert.execute((list, first, last, reason, until, Count(since.0))).map(|_| ())
}

/// Ends the bans of a list, and says how many they were.
pub(super) fn end_list(transaction: &Transaction<'_>, list: &str) -> rusqlite::Result<usize> {
    transaction.execute(REMOVE_LIST, [list])
}

fn find(connection: &Connection, list: &str, range: AddressRange) -> rusqlite::Result<Option<Ban>> {
    let (first, last) = ends(range);
    connection.query_row(FIND_BAN, (first, last, list), ban_of).optional()
}

fn note(
    transaction: &Transaction<'_>,
    author: &Author<'_>,
    (what, range): (&str, AddressRange),
    before: Option<&Ban>,
    after: Option<&Ban>,
) -> rusqlite::Result<()> {
    let told = |ban: &Ban| match ban.until {
        Some(Timestamp(until)) => format!("{} (until {})", ban.reason, date::rfc_3339(until)),
        None => ban.reason.clone(),
    };
    let (before, after) = (before.map(told), after.map(told));
    let noted = Noted {
        what,
        subject: &range.to_string(),
        before: before.as_deref(),
        after: after.as_deref(),
    };
    changes::note(transaction, author, &noted)
}

fn count(ranges: usize) -> u64 {
    u64::try_from(ranges).unwrap_or(u64::MAX)
}

fn ends(range: AddressRange) -> ([u8; 16], [u8; 16]) {
    let (first, last) = range.keys();
    (first.octets(), last.octets())
}

pub(super) fn ban_of(row: &Row<'_>) -> rusqlite::Result<Ban> {
    let (first, last) = (Ipv6Addr::from(row.get::<_, [u8; 16]>(0)?), row.get::<_, [u8; 16]>(1)?);
    // The table's own check keeps the last from lying before the first.
    let range = AddressRange::of_keys(first, last.into())
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?;
    Ok(Ban {
        range,
        reason: row.get(2)?,
        until: row.get::<_, Option<_>>(3)?.map(|Count(at)| Timestamp(at)),
        since: row.get(4).map(|Count(at)| Timestamp(at))?,
        list: row.get(5)?,
    })
}

const ALL_BANS: &str =
    "SELECT first, last, reason, until, since, list FROM bans ORDER BY list, first, last";

const FIND_BAN: &str = "
    SELECT first, last, reason, until, since, list FROM bans
    WHERE list = ?3 AND first = ?1 AND last = ?2";

const BAN_LISTS: &str =
    "SELECT list, count(*), max(since) FROM bans WHERE list != '' GROUP BY list ORDER BY list";

const PUT_BAN: &str = "
    INSERT INTO bans (list, first, last, reason, until, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (list, first, last) DO UPDATE SET
        reason = excluded.reason, until = excluded.until, since = excluded.since";

const REMOVE_BAN: &str = "DELETE FROM bans WHERE list IN ('', ?3) AND first = ?1 AND last = ?2";

const REMOVE_LIST: &str = "DELETE FROM bans WHERE list = ?1";

const HAS_OLD_BANS: &str = "SELECT EXISTS (SELECT 1 FROM bans WHERE until <= ?1)";

const REMOVE_OLD_BANS: &str = "DELETE FROM bans WHERE until <= ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    fn ban(range: &str, until: Option<u64>) -> Ban {
        Ban {
            range: range.parse().unwrap(),
            reason: format!("reason {range}"),
            until: until.map(Timestamp),
            since: Timestamp(10),
            list: String::new(),
        }
    }

    #[test]
    fn bans_stay_until_they_are_removed_or_replaced() {
        let (_folder, mut catalog) = new_catalog();
        let [high, low] = [ban("2001:db8::/32", None), ban("192.0.2.0/24", Some(100))];
        assert_eq!(catalog.ban(&high, &OWNER).unwrap(), None);
        assert_eq!(catalog.ban(&low, &OWNER).unwrap(), None);
        assert_eq!(catalog.bans().unwrap(), [low.clone(), high.clone()]);
        let other = Ban { reason: "another".into(), ..ban("192.0.2.0/24", None) };
        assert_eq!(catalog.ban(&other, &OWNER).unwrap(), Some(low));
        assert_eq!(catalog.bans().unwrap(), [other.clone(), high.clone()]);
        assert_eq!(catalog.unban("192.0.2.0/25".parse().unwrap(), &OWNER).unwrap(), None);
        assert_eq!(catalog.unban(other.range, &OWNER).unwrap(), Some(other));
        assert_eq!(catalog.bans().unwrap(), [high]);
        let changes: Vec<_> = catalog.changes().unwrap();
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.what.as_str(), it.subject.as_str(), it.before.as_deref()))
            .collect();
        let expected = [
            ("ban", "2001:db8::/32", None),
            ("ban", "192.0.2.0/24", None),
            ("ban", "192.0.2.0/24", Some("reason 192.0.2.0/24 (until 1970-01-01T00:01:40Z)")),
            ("unban", "192.0.2.0/24", Some("another")),
        ];
        assert_eq!(told, expected);
        assert!(changes.iter().all(|it| it.who == "olive" && it.at == Timestamp(50)));
    }

    #[test]
    fn a_list_replaces_what_it_had_and_nothing_else() {
        let (_folder, mut catalog) = new_catalog();
        let own = ban("192.0.2.1", None);
        catalog.ban(&own, &OWNER).unwrap();
        let ranges = |texts: &[&str]| -> Vec<AddressRange> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mut import = |list, texts| catalog.import_bans(list, &ranges(texts), "listed", &OWNER);
        assert_eq!(import("one", &["192.0.2.1", "198.51.100.0/24"]).unwrap(), 0);
        assert_eq!(import("two", &["192.0.2.1"]).unwrap(), 0);
        assert_eq!(import("one", &["203.0.113.0/24"]).unwrap(), 2);
        let told: Vec<_> = catalog
            .bans()
            .unwrap()
            .into_iter()
            .map(|ban| (ban.list, ban.range.to_string(), ban.reason))
            .collect();
        let row = |list: &str, range: &str, reason: &str| {
            (list.to_owned(), range.to_owned(), reason.to_owned())
        };
        let expected = [
            row("", "192.0.2.1", "reason 192.0.2.1"),
            row("one", "203.0.113.0/24", "listed"),
            row("two", "192.0.2.1", "listed"),
        ];
        assert_eq!(told, expected);
        let list = |name: &str| BanList { name: name.into(), ranges: 1, since: Timestamp(50) };
        assert_eq!(catalog.ban_lists().unwrap(), [list("one"), list("two")]);
        assert_eq!(catalog.unban(own.range, &OWNER).unwrap(), Some(own));
        assert_eq!(catalog.import_bans("one", &[], "", &OWNER).unwrap(), 1);
        assert_eq!(catalog.ban_lists().unwrap(), [list("two")]);
    }

    #[test]
    fn bans_that_are_over_are_forgotten() {
        let (_folder, mut catalog) = new_catalog();
        let all =
            [ban("192.0.2.1", Some(100)), ban("192.0.2.2", Some(101)), ban("192.0.2.3", None)];
        for ban in &all {
            catalog.ban(ban, &OWNER).unwrap();
        }
        assert_eq!(all.clone().map(|ban| ban.is_in_force(Timestamp(100))), [false, true, true]);
        catalog.forget_old_bans(Timestamp(100)).unwrap();
        assert_eq!(catalog.bans().unwrap(), all[1..]);
        let before = catalog.connection.total_changes();
        catalog.forget_old_bans(Timestamp(100)).unwrap();
        assert_eq!(catalog.connection.total_changes(), before);
    }
}
