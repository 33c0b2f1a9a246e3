//! Bans that the tracker makes itself: a list of their own, so that they are told from those of the owner.

use rusqlite::Transaction;

use super::bans::put;
use super::count::Count;
use super::{Ban, Catalog, CatalogError};
use crate::platform::address_range::AddressRange;
use crate::protocol::Timestamp;

/// So many at once at most: strangers cause them.
const MOST: usize = 10_000;

/// Why and until when the tracker bans addresses.
#[derive(Clone, Copy, Debug)]
pub struct AutomaticBan<'a> {
    /// What their clients are told.
    pub reason: &'a str,
    /// When it is made.
    pub since: Timestamp,
    /// From then on it is over.
    pub until: Timestamp,
}

impl Catalog {
    /// Bans these ranges; a ban of the same range that the tracker made before is replaced. When there are 10,000 such
    /// bans, no more are made. Returns the ranges that were banned. No change is noted: strangers could fill the catalogue
    /// with notes, and each such ban tells when and why it was made.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn ban_automatically<'r>(
        &mut self,
        ranges: &'r [AddressRange],
        ban: AutomaticBan<'_>,
    ) -> Result<&'r [AddressRange], CatalogError> {
        self.write("write a ban into", |transaction| {
            let room = MOST.saturating_sub(in_force(transaction, ban.since)?);
            let banned = ranges.get(..room).unwrap_or(ranges);
            for &range in banned {
                let until = Some(ban.until);
                put(transaction, Ban::AUTOMATIC, range, ban.reason, until, ban.since)?;
            }
            Ok(banned)
        })
    }

    /// When the tracker last made a ban itself, as far as such bans are there; not after `now`.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn last_automatic_ban(&self, now: Timestamp) -> Result<Option<Timestamp>, CatalogError> {
        let last = self
            .connection
            .query_row(LAST, (Ban::AUTOMATIC, Count(now.0)), |row| row.get::<_, Option<Count>>(0));
        let last = last.map_err(self.failed("read the bans from"))?;
        Ok(last.map(|Count(at)| Timestamp(at)))
    }
}

fn in_force(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let count = transaction.query_row(IN_FORCE, (Ban::AUTOMATIC, Count(now.0)), |row| row.get(0));
    count.map(|Count(count)| usize::try_from(count).unwrap_or(usize::MAX))
}

const LAST: &str = "SELECT max(since) FROM bans WHERE list = ?1 AND since <= ?2";

const IN_FORCE: &str = "SELECT count(*) FROM bans WHERE list = ?1 AND until > ?2";

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::catalog::Author;
    use crate::catalog::samples::new_catalog;

    const NOW: Timestamp = Timestamp(50);
    const OWNER: Author<'_> = Author { name: "olive", at: NOW };
    const HOUR: AutomaticBan<'_> =
        AutomaticBan { reason: "who are you", since: NOW, until: Timestamp(3650) };

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
        assert_eq!(catalog.ban_automatically(&both, HOUR).unwrap(), both);
        let own = Ban {
            range: both[0],
            reason: "known".into(),
            until: None,
            since: NOW,
            list: String::new(),
        };
        assert_eq!(catalog.ban(&own, &OWNER).unwrap(), None, "it replaces none of the owner's");
        let longer = AutomaticBan { until: Timestamp(4000), ..HOUR };
        catalog.ban_automatically(&both[..1], longer).unwrap();
        let automatic =
            |range: &str, until| ("automatic".to_owned(), range.to_owned(), Some(until));
        let expected = [
            (String::new(), "192.0.2.1".to_owned(), None),
            automatic("192.0.2.1", 4000),
            automatic("2001:db8::/64", 3650),
        ];
        assert_eq!(told(&catalog), expected);
        assert!(catalog.bans().unwrap()[1].is_automatic());
        assert_eq!(catalog.unban(both[0], &OWNER).unwrap(), Some(own));
        assert_eq!(told(&catalog), expected[2..]);
        let ended = catalog.unban(both[1], &OWNER).unwrap();
        assert_eq!(ended.map(|ban| ban.reason).as_deref(), Some("who are you"));
        assert_eq!(told(&catalog), []);
        let changes = catalog.changes().unwrap().into_iter();
        let changes: Vec<_> = changes.map(|it| (it.what, it.subject)).collect();
        let change = |what: &str, subject: &str| (what.to_owned(), subject.to_owned());
        let expected = [
            change("ban", "192.0.2.1"),
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
        let banned = catalog.ban_automatically(&many[3..], HOUR).unwrap().len();
        assert_eq!(banned, MOST);
        assert_eq!(catalog.ban_automatically(&many[..3], HOUR).unwrap(), []);
        assert_eq!(catalog.changes().unwrap(), []);
        assert_eq!(catalog.last_automatic_ban(NOW).unwrap(), Some(NOW));
        assert_eq!(catalog.last_automatic_ban(Timestamp(49)).unwrap(), None);
        let later = AutomaticBan { since: HOUR.until, until: Timestamp(9000), ..HOUR };
        assert_eq!(catalog.ban_automatically(&many[..3], later).unwrap().len(), 3);
    }
}
