//! Reading torrents out of the catalogue.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Row};

use super::count::Count;
use super::{Carried, Catalog, CatalogError, Period, Totals};
use crate::catalog::natural;
use crate::protocol::{InfoHash, InfoHashV2, Timestamp};

/// A torrent of the catalogue, whether or not its file is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torrent {
    /// The `.torrent` file, relative to the torrents folder.
    pub file: PathBuf,
    /// The info-hash that names its swarm.
    pub canonical: InfoHash,
    /// The info-hash of its v1 part.
    pub v1: Option<InfoHash>,
    /// The info-hash of its v2 part.
    pub v2: Option<InfoHashV2>,
    /// The name in the metainfo.
    pub name: String,
    /// Bytes of content.
    pub size: u64,
    /// Bytes of the `.torrent` file.
    pub file_size: u64,
    /// Left out of listings.
    pub hidden: bool,
    /// Clients may ask only this tracker for peers (BEP 27).
    pub private: bool,
    /// A page about it, relative to the torrents folder.
    pub info_page: Option<PathBuf>,
    /// When a scan first found it; for those of the very first scan, when their files were written.
    pub first_seen: Timestamp,
    /// When a scan first missed it; `None` while its file is there.
    pub missing_since: Option<Timestamp>,
    /// Its figures over all lives of the peer store.
    pub totals: Totals,
    /// What of the store is in the totals already.
    pub carried: Carried,
    /// Its figures at the last refresh.
    pub period: Period,
}

impl Torrent {
    /// The other info-hashes that clients announce it with: a hybrid has two (BEP 52).
    pub fn aliases(&self) -> impl Iterator<Item = InfoHash> {
        let spellings = [self.v1, self.v2.map(InfoHashV2::truncated)];
        spellings.into_iter().flatten().filter(|&spelling| spelling != self.canonical)
    }
}

impl Catalog {
    /// The torrents whose files are there, sorted by their paths; numbers in them count as numbers.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn torrents(&self) -> Result<Vec<Torrent>, CatalogError> {
        self.select("WHERE missing_since IS NULL")
    }

    /// All torrents, also the missing ones, sorted by their paths; numbers in them count as numbers.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn all_torrents(&self) -> Result<Vec<Torrent>, CatalogError> {
        self.select("")
    }

    /// The torrent that clients announce with `info_hash`, also a missing one.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn torrent(&self, info_hash: InfoHash) -> Result<Option<Torrent>, CatalogError> {
        let query = format!(
            "SELECT {COLUMNS} FROM effective_torrents
            WHERE info_hash = ?1 OR v1 = ?1 OR substr(v2, 1, 20) = ?1
            ORDER BY info_hash = ?1 DESC, missing_since IS NOT NULL LIMIT 1"
        );
        self.connection
            .query_row(&query, [info_hash.0], |row| torrent_of(&mut Columns::of(row)))
            .optional()
            .map_err(self.failed("look up a torrent in"))
    }

    fn select(&self, which: &str) -> Result<Vec<Torrent>, CatalogError> {
        let read = || {
            let mut query = self
                .connection
                .prepare(&format!("SELECT {COLUMNS} FROM effective_torrents {which}"))?;
            let torrents = query.query_map([], |row| torrent_of(&mut Columns::of(row)))?;
            torrents.collect::<rusqlite::Result<Vec<Torrent>>>()
        };
        let mut torrents = read().map_err(self.failed("read the torrents from"))?;
        torrents.sort_unstable_by(|a, b| {
            natural::compare(a.file.as_os_str().as_bytes(), b.file.as_os_str().as_bytes())
                .then_with(|| a.canonical.cmp(&b.canonical))
        });
        Ok(torrents)
    }
}

/// What [`torrent_of`] reads, in its order.
pub(super) const COLUMNS: &str =
    "file, info_hash, v1, v2, name, size, file_size, hidden, private, info_page,
    first_seen, missing_since, completed, uploaded, downloaded,
    carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired,
    period_transferred, period_completed";

/// The columns of a row, one after the other: to find each by its name takes longer than to read it.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn count(&mut self) -> rusqlite::Result<u64> {
        self.next().map(|Count(count)| count)
    }
}

pub(super) fn torrent_of(row: &mut Columns<'_>) -> rusqlite::Result<Torrent> {
    let path = |bytes| PathBuf::from(OsString::from_vec(bytes));
    Ok(Torrent {
        file: path(row.next()?),
        canonical: InfoHash(row.next()?),
        v1: row.next::<Option<_>>()?.map(InfoHash),
        v2: row.next::<Option<_>>()?.map(InfoHashV2),
        name: row.next()?,
        size: row.count()?,
        file_size: row.count()?,
        hidden: row.next()?,
        private: row.next()?,
        info_page: row.next::<Option<_>>()?.map(path),
        first_seen: Timestamp(row.count()?),
        missing_since: row.next::<Option<_>>()?.map(|Count(at)| Timestamp(at)),
        totals: totals_of(row)?,
        carried: carried_of(row)?,
        period: Period { transferred: row.count()?, completed: row.count()? },
    })
}

/// The totals in the next three columns.
pub(super) fn totals_of(row: &mut Columns<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals { completed: row.count()?, uploaded: row.count()?, downloaded: row.count()? })
}

/// The carried counters in the next five columns.
pub(super) fn carried_of(row: &mut Columns<'_>) -> rusqlite::Result<Carried> {
    Ok(Carried {
        store: row.next::<i64>()?.cast_unsigned(),
        completed: row.count()?,
        uploaded: row.count()?,
        downloaded: row.count()?,
        expired: row.count()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};

    #[test]
    fn torrents_come_sorted_by_path() {
        let (_folder, mut catalog) = new_catalog();
        let files = ["b 10.torrent", "a.torrent", "a/z.torrent", "B.torrent", "b 9.torrent"];
        let found: Vec<_> = (0..).zip(files).map(|(n, file)| scanned(n, file)).collect();
        scan(&mut catalog, &found, 1);
        let sorted: Vec<_> =
            catalog.torrents().unwrap().into_iter().map(|torrent| torrent.file).collect();
        let expected = ["B.torrent", "a.torrent", "a/z.torrent", "b 9.torrent", "b 10.torrent"];
        assert_eq!(sorted, expected.map(PathBuf::from));
    }

    #[test]
    fn a_hybrid_is_found_by_either_info_hash() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[hybrid(1, "a.torrent"), scanned(2, "b.torrent")], 1);
        let found = |hash| catalog.torrent(hash).unwrap().map(|torrent| torrent.canonical);
        assert_eq!(found(hash(1)), Some(hash(1)));
        assert_eq!(found(hash(1_000_001)), Some(hash(1)));
        assert_eq!(found(hash(2)), Some(hash(2)));
        assert_eq!(found(hash(3)), None);
        let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
        assert_eq!(torrent.aliases().collect::<Vec<_>>(), [hash(1_000_001)]);
    }

    #[test]
    fn a_missing_torrent_can_still_be_looked_up() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        scan(&mut catalog, &[], 2);
        let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
        assert_eq!(torrent.missing_since, Some(Timestamp(2)));
    }

    #[test]
    fn looking_up_an_info_hash_uses_the_indices() {
        let (_folder, catalog) = new_catalog();
        let plan: Vec<String> = catalog
            .connection
            .prepare(
                "EXPLAIN QUERY PLAN SELECT name, hidden FROM effective_torrents
                WHERE info_hash = ?1 OR v1 = ?1 OR substr(v2, 1, 20) = ?1",
            )
            .unwrap()
            .query_map([[0; 20]], |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{plan:?}");
    }
}
