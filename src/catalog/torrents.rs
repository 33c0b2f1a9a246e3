//! Reading torrents out of the catalogue.

use std::os::unix::ffi::OsStrExt;

use rusqlite::OptionalExtension;

use super::rows::{COLUMNS, Columns, torrent_of};
use super::schema::IS_ANNOUNCED_AS;
use super::{Catalog, CatalogError, Torrent, layers, natural};
use crate::protocol::InfoHash;

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
            WHERE {IS_ANNOUNCED_AS}
            ORDER BY missing_since IS NOT NULL, info_hash = ?1 DESC LIMIT 1"
        );
        let find = || {
            let found = self
                .connection
                .query_row(&query, [info_hash.0], |row| torrent_of(&mut Columns::of(row)))
                .optional()?;
            let Some(mut torrent) = found else { return Ok(None) };
            torrent.follow(layers::about(&self.connection, torrent.canonical)?);
            Ok(Some(torrent))
        };
        find().map_err(self.failed("look up a torrent in"))
    }

    /// The torrents that have these canonical info-hashes, in this order; without those that are not in the catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn torrents_named(&self, canonical: &[InfoHash]) -> Result<Vec<Torrent>, CatalogError> {
        let read = || {
            // For all at once: else each would ask the kernel for the right to read.
            let transaction = self.connection.unchecked_transaction()?;
            let mut query = transaction
                .prepare(&format!("SELECT {COLUMNS} FROM torrents WHERE info_hash = ?1"))?;
            let mut torrents = Vec::with_capacity(canonical.len());
            for hash in canonical {
                let found = query.query_row([hash.0], |row| torrent_of(&mut Columns::of(row)));
                if let Some(mut torrent) = found.optional()? {
                    torrent.follow(layers::about(&transaction, torrent.canonical)?);
                    torrents.push(torrent);
                }
            }
            Ok(torrents)
        };
        read().map_err(self.failed("look up torrents in"))
    }

    fn select(&self, which: &str) -> Result<Vec<Torrent>, CatalogError> {
        let read = || {
            let mut query =
                self.connection.prepare(&format!("SELECT {COLUMNS} FROM torrents {which}"))?;
            let mut layers = self.layers()?;
            let torrents = query.query_map([], |row| {
                let mut torrent = torrent_of(&mut Columns::of(row))?;
                torrent.follow(layers.remove(&torrent.canonical));
                Ok(torrent)
            })?;
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

#[cfg(test)]
mod tests {
    use crate::catalog::schema::IS_ANNOUNCED_AS;
    use std::path::PathBuf;

    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
    use crate::protocol::Timestamp;

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
    fn those_that_are_named_come_in_their_order() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[hybrid(1, "a.torrent"), scanned(2, "b.torrent")], 1);
        let named = catalog.torrents_named(&[2, 3, 1, 1_000_001].map(hash)).unwrap();
        let named: Vec<_> = named.into_iter().map(|torrent| torrent.canonical).collect();
        assert_eq!(named, [hash(2), hash(1)]);
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
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT name, hidden FROM torrents WHERE {IS_ANNOUNCED_AS}"
            ))
            .unwrap()
            .query_map([[0; 20]], |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{plan:?}");
    }
}
