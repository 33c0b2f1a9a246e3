//! What the owner decided about torrents. A scan never overwrites it, and it wins over what a scan found.

use std::collections::HashMap;

use rusqlite::OptionalExtension as _;

use super::{Author, Catalog, CatalogError, changes};
use crate::protocol::InfoHash;

impl Catalog {
    /// Decides whether a torrent is left out of listings, whatever the name of its file says.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn decide_hidden(
        &mut self,
        info_hash: InfoHash,
        hidden: bool,
        author: &Author<'_>,
    ) -> Result<(), CatalogError> {
        let words = |hidden| if hidden { "hide" } else { "unhide" };
        self.write("write a decision into", |transaction| {
            let before = transaction
                .query_row(DECIDED_HIDDEN, [info_hash.0], |row| row.get::<_, Option<bool>>(0))
                .optional()?
                .flatten();
            transaction.execute(DECIDE_HIDDEN, (info_hash.0, hidden))?;
            let subject = info_hash.to_string();
            changes::note(transaction, author, words(hidden), &subject, before.map(words))
        })
    }

    /// For each torrent that it was decided about, whether it is left out of listings.
    pub(super) fn hiding_decisions(&self) -> rusqlite::Result<HashMap<InfoHash, bool>> {
        let mut query = self
            .connection
            .prepare("SELECT info_hash, hidden FROM decisions WHERE hidden IS NOT NULL")?;
        let decisions = query.query_map([], |row| Ok((InfoHash(row.get(0)?), row.get(1)?)))?;
        decisions.collect()
    }
}

const DECIDED_HIDDEN: &str = "SELECT hidden FROM decisions WHERE info_hash = ?1";

const DECIDE_HIDDEN: &str = "
    INSERT INTO decisions (info_hash, hidden) VALUES (?1, ?2)
    ON CONFLICT (info_hash) DO UPDATE SET hidden = excluded.hidden";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::FoundTorrent;
    use crate::catalog::samples::{hash, new_catalog, scan, scanned};
    use crate::catalog::scan::Outcome;
    use crate::protocol::Timestamp;

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    #[test]
    fn a_decision_wins_over_what_scans_find_and_stays() {
        let (_folder, mut catalog) = new_catalog();
        let secret = |secret| FoundTorrent { hidden: secret, ..scanned(1, "a.torrent") };
        let is_hidden = |catalog: &Catalog| catalog.torrent(hash(1)).unwrap().unwrap().hidden;
        scan(&mut catalog, &[secret(false)], 100);
        assert!(!is_hidden(&catalog));
        for (decided, found) in [(true, false), (false, true)] {
            catalog.decide_hidden(hash(1), decided, &OWNER).unwrap();
            assert_eq!(is_hidden(&catalog), decided);
            for found in [found, !found, found] {
                let mut list = catalog.list("").unwrap();
                let found = &[secret(found)];
                let outcome = Outcome { found, complete: true, ..Outcome::default() };
                catalog.update(&mut list, &outcome, Timestamp(200)).unwrap();
                assert!(list.present().all(|torrent| torrent.hidden == decided), "in the list");
                assert_eq!(is_hidden(&catalog), decided);
            }
        }
    }

    #[test]
    fn who_decided_what_is_noted() {
        let (_folder, mut catalog) = new_catalog();
        for hidden in [true, false] {
            catalog.decide_hidden(hash(1), hidden, &OWNER).unwrap();
        }
        let changes = catalog.changes().unwrap();
        let told: Vec<_> =
            changes.iter().map(|it| (it.what.as_str(), it.before.as_deref())).collect();
        assert_eq!(told, [("hide", None), ("unhide", Some("hide"))]);
        assert_eq!((changes[0].who.as_str(), changes[0].at), ("olive", Timestamp(50)));
        assert_eq!(changes[0].subject, hash(1).to_string());
    }

    #[test]
    fn a_decision_outlives_the_file() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        catalog.decide_hidden(hash(1), true, &OWNER).unwrap();
        scan(&mut catalog, &[], 200);
        scan(&mut catalog, &[scanned(1, "b.torrent")], 300);
        assert!(catalog.torrents().unwrap()[0].hidden);
    }
}
