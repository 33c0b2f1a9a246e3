//! Bans that the tracker makes itself: a list of their own, so that they are told from those of the owner.

use rusqlite::Transaction;

use super::bans::put;
use super::count::Count;
use super::{Author, Ban, Catalog, CatalogError, changes};
use crate::platform::address_range::AddressRange;
use crate::protocol::Timestamp;

/// So many at once at most: strangers cause them.
const MOST: usize = 10_000;

/// Why and until when the tracker bans addresses.
#[derive(Clone, Copy, Debug)]
pub struct AutomaticBan<'a> {
    /// What their clients are told.
    pub reason: &'a str,
    /// From then on it is over.
    pub until: Timestamp,
}

impl Catalog {
    /// Bans these ranges; a ban of the same range that the tracker made before is replaced. When there are 10,000 such
    /// bans, no more are made. Returns the ranges that were banned.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn ban_automatically<'r>(
        &mut self,
        ranges: &'r [AddressRange],
        ban: AutomaticBan<'_>,
        author: &Author<'_>,
    ) -> Result<&'r [AddressRange], CatalogError> {
        self.write("write a ban into", |transaction| {
            let room = MOST.saturating_sub(in_force(transaction, author.at)?);
            let banned = ranges.get(..room).unwrap_or(ranges);
            for &range in banned {
                let until = Some(ban.until);
                put(transaction, Ban::AUTOMATIC, range, ban.reason, until, author.at)?;
            }
            // One note for all, as strangers could fill the catalogue with notes.
            if let Some(subject) = in_words(banned) {
                changes::note(transaction, author, "ban automatically", &subject, None)?;
            }
            Ok(banned)
        })
    }
}

fn in_force(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let count = transaction.query_row(IN_FORCE, (Ban::AUTOMATIC, Count(now.0)), |row| row.get(0));
    count.map(|Count(count)| usize::try_from(count).unwrap_or(usize::MAX))
}

fn in_words(ranges: &[AddressRange]) -> Option<String> {
    match ranges {
        [] => None,
        [one] => Some(one.to_string()),
        [one, others @ ..] => Some(format!("{one} and {} more", others.len())),
    }
}

const IN_FORCE: &str = "SELECT count(*) FROM bans WHERE list = ?1 AND until > ?2";

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::catalog::samples::new_catalog;

    const NOW: Timestamp = Timestamp(50);
    const TRACKER: Author<'_> = Author { name: "tracker", at: NOW };
    const HOUR: AutomaticBan<'_> = AutomaticBan { reason: "who are you", until: Timestamp(3650) };

    fn ranges(texts: &[&str]) -> Vec<AddressRange> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn told(catalog: &Catalog) -> Vec<(String, String, Option<u64>)> {
        let bans = catalog.bans().unwrap().into_iter();
        bans.map(|ban| (ban.list, ban.range.to_string(), ban.until.map(|it| it.0))).collect()
    }

    #[test]
    fn they_stand_beside_the_owners_and_end_with_them() {
        let (_folder, mut catalog) = new_catalog();
        let both = ranges(&["192.0.2.1", "2001:db8::/64"]);
        assert_eq!(catalog.ban_automatically(&both, HOUR, &TRACKER).unwrap(), both);
        let own = Ban {
            range: both[0],
            reason: "known".into(),
            until: None,
            since: NOW,
            list: String::new(),
        };
        assert_eq!(catalog.ban(&own, &TRACKER).unwrap(), None, "it replaces none of the owner's");
        let longer = AutomaticBan { until: Timestamp(4000), ..HOUR };
        catalog.ban_automatically(&both[..1], longer, &TRACKER).unwrap();
        let automatic =
            |range: &str, until| ("automatic".to_owned(), range.to_owned(), Some(until));
        let expected = [
            (String::new(), "192.0.2.1".to_owned(), None),
            automatic("192.0.2.1", 4000),
            automatic("2001:db8::/64", 3650),
        ];
        assert_eq!(told(&catalog), expected);
        assert!(catalog.bans().unwrap()[1].is_automatic());
        assert_eq!(catalog.unban(both[0], &TRACKER).unwrap(), Some(own));
        assert_eq!(told(&catalog), expected[2..]);
        let ended = catalog.unban(both[1], &TRACKER).unwrap();
        assert_eq!(ended.map(|ban| ban.reason).as_deref(), Some("who are you"));
        assert_eq!(told(&catalog), []);
        let changes = catalog.changes().unwrap().into_iter();
        let changes: Vec<_> = changes.map(|it| (it.what, it.subject)).collect();
        let change = |what: &str, subject: &str| (what.to_owned(), subject.to_owned());
        let expected = [
            change("ban automatically", "192.0.2.1 and 1 more"),
            change("ban", "192.0.2.1"),
            change("ban automatically", "192.0.2.1"),
            change("unban", "192.0.2.1"),
            change("unban", "2001:db8::/64"),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn there_are_no_more_than_so_many_in_force() {
        let (_folder, mut catalog) = new_catalog();
        let one = |number: u32| {
            let address = Ipv4Addr::from(0x0100_0000 + number).into();
            AddressRange::new(address, address).unwrap()
        };
        let many: Vec<_> = (0..10_005).map(one).collect();
        let banned = catalog.ban_automatically(&many[3..], HOUR, &TRACKER).unwrap().len();
        assert_eq!(banned, MOST);
        assert_eq!(catalog.ban_automatically(&many[..3], HOUR, &TRACKER).unwrap(), []);
        assert_eq!(catalog.changes().unwrap().len(), 1);
        let later = Author { at: HOUR.until, ..TRACKER };
        assert_eq!(catalog.ban_automatically(&many[..3], HOUR, &later).unwrap().len(), 3);
    }
}
