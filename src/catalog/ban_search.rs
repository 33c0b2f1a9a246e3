//! Bans that are looked for, so that a list of many thousands is not read as a whole.

use super::bans::ban_of;
use super::count::Count;
use super::{Ban, Catalog, CatalogError};
use crate::platform::address_range::AddressRange;
use crate::protocol::Timestamp;

/// Which bans are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanSearch<'a> {
    /// Those of no list that was imported: the owner's and the tracker's.
    Unlisted,
    /// All that ban an address of these.
    Meeting(AddressRange),
    /// All with a text in the reason or the name of the list; of the letters A to Z capitals do not matter.
    Saying(&'a str),
}

impl Catalog {
    /// So many bans at most that are in force, the latest first.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn find_bans(
        &self,
        search: &BanSearch<'_>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Ban>, CatalogError> {
        let read = |condition: &str, first: &dyn rusqlite::ToSql, second: &dyn rusqlite::ToSql| {
            let mut query = self.connection.prepare(&format!(
                "SELECT first, last, reason, until, since, list FROM bans
                 WHERE (until IS NULL OR until > ?1) AND {condition}
                 ORDER BY since DESC, list, first, last LIMIT ?4"
            ))?;
            let values: [&dyn rusqlite::ToSql; 4] = [&Count(now.0), first, second, &most];
            query.query_map(values, ban_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        let found = match search {
            BanSearch::Unlisted => read("list IN (?2, ?3)", &"", &Ban::AUTOMATIC),
            BanSearch::Meeting(range) => {
                let (first, last) = range.keys();
                read("first <= ?3 AND last >= ?2", &first.octets(), &last.octets())
            }
            BanSearch::Saying(text) => {
                read("instr(lower(reason || char(10) || list), lower(?2))", text, &"")
            }
        };
        found.map_err(self.failed("read the bans from"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Author;
    use crate::catalog::samples::new_catalog;

    #[test]
    fn bans_are_found_by_addresses_and_by_words() {
        let (_folder, mut catalog) = new_catalog();
        let author = Author { name: "olive", at: Timestamp(50) };
        let range = |text: &str| text.parse::<AddressRange>().unwrap();
        for (text, until) in [("192.0.2.0/24", None), ("198.51.100.1", Some(Timestamp(60)))] {
            let (reason, list) = ("Made-up figures".to_owned(), String::new());
            let ban = Ban { range: range(text), reason, until, since: author.at, list };
            catalog.ban(&ban, &author).unwrap();
        }
        catalog
            .import_bans("level1", &[range("192.0.2.7"), range("2001:db8::/32")], "", &author)
            .unwrap();
        let find = |search: BanSearch<'_>, now| -> Vec<String> {
            let found = catalog.find_bans(&search, Timestamp(now), 10).unwrap();
            found.into_iter().map(|ban| ban.range.to_string()).collect()
        };
        assert_eq!(find(BanSearch::Unlisted, 59), ["192.0.2.0/24", "198.51.100.1"]);
        assert_eq!(find(BanSearch::Unlisted, 60), ["192.0.2.0/24"]);
        assert_eq!(find(BanSearch::Meeting(range("192.0.2.7")), 60), ["192.0.2.0/24", "192.0.2.7"]);
        assert_eq!(find(BanSearch::Meeting(range("192.0.2.8")), 60), ["192.0.2.0/24"]);
        assert_eq!(find(BanSearch::Meeting(range("203.0.113.1")), 60), [""; 0]);
        assert_eq!(find(BanSearch::Saying("MADE-UP"), 60), ["192.0.2.0/24"]);
        assert_eq!(find(BanSearch::Saying("level"), 60), ["192.0.2.7", "2001:db8::/32"]);
        assert_eq!(catalog.find_bans(&BanSearch::Saying("e"), Timestamp(1), 1).unwrap().len(), 1);
    }
}
