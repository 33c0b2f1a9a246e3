//! What the owner decided about torrents. A scan never overwrites it, and it wins over what a scan found.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params_from_iter};

use super::changes::Noted;
use super::details::{DETAILS, detail_places};
use super::{Author, Catalog, CatalogError, Details, changes};
use crate::protocol::InfoHash;

/// What is decided about a torrent; `None` where nothing is.
pub(super) fn of(connection: &Connection, about: InfoHash) -> rusqlite::Result<Option<Details>> {
    let details = |row: &Row<'_>| Details::of(row, 0);
    connection
        .prepare_cached(&format!("SELECT {DETAILS} FROM decisions WHERE info_hash = ?1"))?
        .query_row([about.0], details)
        .optional()
}

/// Decides this about a torrent, instead of what was decided before.
pub(super) fn put(
    connection: &Connection,
    about: InfoHash,
    details: &Details,
) -> rusqlite::Result<()> {
    if details == Details::NONE {
        return connection.prepare_cached(FORGET)?.execute([about.0]).map(|_| ());
    }
    let put = format!(
        "INSERT OR REPLACE INTO decisions (info_hash, {DETAILS}) VALUES (?1, {})",
        detail_places(2)
    );
    let about: Box<dyn rusqlite::ToSql> = Box::new(about.0);
    let values = std::iter::once(about).chain(details.parameters());
    connection.prepare_cached(&put)?.execute(params_from_iter(values)).map(|_| ())
}

/// Has what is decided about one torrent be decided about another, unless something is.
pub(super) fn pass_on(
    connection: &Connection,
    from: InfoHash,
    to: InfoHash,
) -> rusqlite::Result<()> {
    connection.prepare_cached(PASS_ON)?.execute((from.0, to.0)).map(|_| ())
}

impl Catalog {
    /// Decides something about a torrent, and notes who did what. `what` is a verb. Returns what was decided before.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn decide(
        &mut self,
        info_hash: InfoHash,
        what: &str,
        decide: impl FnOnce(&mut Details),
        author: &Author<'_>,
    ) -> Result<Details, CatalogError> {
        self.write("write a decision into", |transaction| {
            let before = of(transaction, info_hash)?.unwrap_or_default();
            let mut after = before.clone();
            decide(&mut after);
            replace(transaction, (info_hash, what), (&before, &after), author)?;
            Ok(before)
        })
    }

    /// The same about several torrents: about all of them, or none. Nothing is noted of those that it leaves as they are.
    /// Returns how many it changed.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn decide_all<F: FnOnce(&mut Details)>(
        &mut self,
        what: &str,
        decisions: impl IntoIterator<Item = (InfoHash, F)>,
        author: &Author<'_>,
    ) -> Result<usize, CatalogError> {
        self.write("write decisions into", |transaction| {
            let mut changed = 0;
            for (about, decide) in decisions {
                let before = of(transaction, about)?.unwrap_or_default();
                let mut after = before.clone();
                decide(&mut after);
                if after != before {
                    replace(transaction, (about, what), (&before, &after), author)?;
                    changed += 1;
                }
            }
            Ok(changed)
        })
    }

    /// What is decided about each torrent about which anything is.
    pub(super) fn decisions(&self) -> rusqlite::Result<HashMap<InfoHash, Details>> {
        let mut query =
            self.connection.prepare(&format!("SELECT {DETAILS}, info_hash FROM decisions"))?;
        let all = query
            .query_map([], |row| Ok((InfoHash(row.get("info_hash")?), Details::of(row, 0)?)))?;
        all.collect()
    }
}

/// Decides something else about a torrent, and notes it.
fn replace(
    transaction: &Transaction<'_>,
    (about, what): (InfoHash, &str),
    (before, after): (&Details, &Details),
    author: &Author<'_>,
) -> rusqlite::Result<()> {
    put(transaction, about, after)?;
    let (was, is) = (before.where_other(after), after.where_other(before));
    let (subject, before, after) = (about.to_string(), was.as_deref(), is.as_deref());
    changes::note(transaction, author, &Noted { what, subject: &subject, before, after })
}

const FORGET: &str = "DELETE FROM decisions WHERE info_hash = ?1";

const PASS_ON: &str = "UPDATE OR IGNORE decisions SET info_hash = ?2 WHERE info_hash = ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{hash, new_catalog, scan, scanned};
    use crate::catalog::scan::Outcome;
    use crate::catalog::{FoundTorrent, Retirement};
    use crate::protocol::{Checksums, Timestamp};

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    fn hide(catalog: &mut Catalog, hidden: bool) {
        let what = if hidden { "hide" } else { "unhide" };
        catalog.decide(hash(1), what, |it| it.hidden = Some(hidden), &OWNER).unwrap();
    }

    #[test]
    fn all_that_can_be_said_is_kept_and_is_gone_when_it_is_said_no_longer() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 100);
        let text = |text: &str| Some(text.to_owned());
        let all = Details {
            hidden: Some(true),
            title: text("a title"),
            description: text("described"),
            category: text("music"),
            group: text("ours"),
            mirror: text("http://mirror.example/"),
            info_url: text("http://info.example/"),
            checksums: Checksums {
                crc32: Some(0x0123_4567),
                md5: Some([1; 16]),
                sha1: Some([2; 20]),
                sha256: Some([3; 32]),
            },
            retirement: Some(Retirement::Retired("it is old".into())),
            link_until: Some(Timestamp(1)),
            list_from: Some(Timestamp(2)),
            list_until: Some(Timestamp(3)),
        };
        let said = |catalog: &Catalog| {
            let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
            torrent.details.map(|layers| layers.decision().clone())
        };
        catalog.decide(hash(1), "edit", |it| *it = all.clone(), &OWNER).unwrap();
        assert_eq!(said(&catalog).as_ref(), Some(&all));
        assert_eq!(catalog.torrent(hash(2)).unwrap().unwrap().details, None);
        let before = catalog.decide(hash(1), "edit", |it| it.title = None, &OWNER).unwrap();
        assert_eq!(before, all);
        assert_eq!(said(&catalog), Some(Details { title: None, ..all }));
        catalog.decide(hash(1), "edit", |it| *it = Details::default(), &OWNER).unwrap();
        assert_eq!(said(&catalog), None);
        let told = catalog.changes().unwrap()[1].before.clone();
        assert_eq!(told.as_deref(), Some("title: a title"));
    }

    #[test]
    fn a_decision_wins_over_what_scans_find_and_stays() {
        let (_folder, mut catalog) = new_catalog();
        let secret = |secret| FoundTorrent { hidden: secret, ..scanned(1, "a.torrent") };
        let is_hidden = |catalog: &Catalog| catalog.torrent(hash(1)).unwrap().unwrap().hidden;
        scan(&mut catalog, &[secret(false)], 100);
        assert!(!is_hidden(&catalog));
        for (decided, found) in [(true, false), (false, true)] {
            hide(&mut catalog, decided);
            assert_eq!(is_hidden(&catalog), decided);
            for found in [found, !found, found] {
                let mut list = catalog.list("").unwrap();
                let found = &[secret(found)];
                let outcome = Outcome { found, complete: true, ..Outcome::default() };
                catalog.update(&mut list, &outcome, Timestamp(200)).unwrap();
                assert!(list.tracked().all(|torrent| torrent.hidden == decided), "in the list");
                assert_eq!(is_hidden(&catalog), decided);
            }
        }
    }

    #[test]
    fn who_decided_what_is_noted() {
        let (_folder, mut catalog) = new_catalog();
        for hidden in [true, false] {
            hide(&mut catalog, hidden);
        }
        let changes = catalog.changes().unwrap();
        let told: Vec<_> =
            changes.iter().map(|it| (it.what.as_str(), it.before.as_deref())).collect();
        assert_eq!(told, [("hide", None), ("unhide", Some("hidden: yes"))]);
        assert_eq!((changes[0].who.as_str(), changes[0].at), ("olive", Timestamp(50)));
        assert_eq!(changes[0].subject, hash(1).to_string());
    }

    #[test]
    fn a_decision_outlives_the_file() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        hide(&mut catalog, true);
        scan(&mut catalog, &[], 200);
        scan(&mut catalog, &[scanned(1, "b.torrent")], 300);
        assert!(catalog.torrents().unwrap()[0].hidden);
    }
}
