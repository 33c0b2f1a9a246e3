//! Reading torrents out of the catalogue.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

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
            "SELECT {COLUMNS} FROM torrents
            WHERE info_hash = ?1 OR v1 = ?1 OR substr(v2, 1, 20) = ?1
            ORDER BY info_hash = ?1 DESC, missing_since IS NOT NULL LIMIT 1"
        );
        self.connection
            .query_row(&query, [info_hash.0], torrent_of)
            .optional()
            .map_err(self.failed("look up a torrent in"))
    }

    fn select(&self, which: &str) -> Result<Vec<Torrent>, CatalogError> {
        let read = || {
            let mut query =
                self.connection.prepare(&format!("SELECT {COLUMNS} FROM torrents {which}"))?;
            query.query_map([], torrent_of)?.collect::<rusqlite::Result<Vec<Torrent>>>()
        };
        let mut torrents = read().map_err(self.failed("read the torrents from"))?;
        torrents.sort_unstable_by(|a, b| {
            natural::compare(a.file.as_os_str().as_bytes(), b.file.as_os_str().as_bytes())
                .then_with(|| a.canonical.cmp(&b.canonical))
        });
        Ok(torrents)
    }
}

const COLUMNS: &str = "file, info_hash, v1, v2, name, size, file_size, hidden, private, info_page,
    first_seen, missing_since, completed, uploaded, downloaded,
    carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired,
    period_transferred, period_completed";

fn torrent_of(row: &Row<'_>) -> rusqlite::Result<Torrent> {
    let path = |bytes| PathBuf::from(OsString::from_vec(bytes));
    Ok(Torrent {
        file: path(row.get("file")?),
        canonical: InfoHash(row.get("info_hash")?),
        v1: row.get::<_, Option<_>>("v1")?.map(InfoHash),
        v2: row.get::<_, Option<_>>("v2")?.map(InfoHashV2),
        name: row.get("name")?,
        size: count(row, "size")?,
        file_size: count(row, "file_size")?,
        hidden: row.get("hidden")?,
        private: row.get("private")?,
        info_page: row.get::<_, Option<_>>("info_page")?.map(path),
        first_seen: Timestamp(count(row, "first_seen")?),
        missing_since: row.get::<_, Option<_>>("missing_since")?.map(|Count(at)| Timestamp(at)),
        totals: totals_of(row)?,
        carried: carried_of(row)?,
        period: Period {
            transferred: count(row, "period_transferred")?,
            completed: count(row, "period_completed")?,
        },
    })
}

/// The totals in a row that has their columns.
pub(super) fn totals_of(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals {
        completed: count(row, "completed")?,
        uploaded: count(row, "uploaded")?,
        downloaded: count(row, "downloaded")?,
    })
}

/// The carried counters in a row that has their columns.
pub(super) fn carried_of(row: &Row<'_>) -> rusqlite::Result<Carried> {
    Ok(Carried {
        store: row.get::<_, i64>("carried_store")?.cast_unsigned(),
        completed: count(row, "carried_completed")?,
        uploaded: count(row, "carried_uploaded")?,
        downloaded: count(row, "carried_downloaded")?,
        expired: count(row, "carried_expired")?,
    })
}

fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get(column).map(|Count(count)| count)
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
                "EXPLAIN QUERY PLAN SELECT 1 FROM torrents
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
