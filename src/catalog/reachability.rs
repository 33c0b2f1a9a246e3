//! Which peers could be connected to when they were tried last. Kept for some hours: a table in the catalogue, so that
//! whoever publishes the policy has it.

use rusqlite::Row;

use super::count::Count;
use super::{Catalog, CatalogError};
use crate::protocol::{CLOCK_TOLERANCE, Endpoint, Timestamp};

/// How a peer was found when it was tried last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Where.
    pub endpoint: Endpoint,
    /// When.
    pub at: Timestamp,
    /// Whether others can connect to it; `None` where that was not to be told.
    pub is_reachable: Option<bool>,
}

impl Catalog {
    /// All peers that were tried, by their endpoints.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn tried(&self) -> Result<Vec<Tried>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(ALL)?;
            query.query_map([], tried_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read what peers can be reached from"))
    }

    /// The endpoints that could not be connected to, sorted.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn unreachable(&self) -> Result<Vec<Endpoint>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(UNREACHABLE)?;
            let endpoints = query.query_map([], |row| row.get(0).map(Endpoint))?;
            endpoints.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read what peers can be reached from"))
    }

    /// Writes down how peers were found, and forgets those that were tried before a time, or after now by a clock that
    /// was ahead.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn record_tried(
        &mut self,
        tried: &[Tried],
        forget_before: Timestamp,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write("write what peers can be reached into", |transaction| {
            let mut record = transaction.prepare(RECORD)?;
            for Tried { endpoint, at, is_reachable } in tried {
                record.execute((endpoint.0, Count(at.0), is_reachable))?;
            }
            let latest = now + CLOCK_TOLERANCE;
            transaction.execute(FORGET, [Count(forget_before.0), Count(latest.0)])?;
            Ok(())
        })
    }
}

fn tried_of(row: &Row<'_>) -> rusqlite::Result<Tried> {
    let Count(at) = row.get(1)?;
    Ok(Tried { endpoint: Endpoint(row.get(0)?), at: Timestamp(at), is_reachable: row.get(2)? })
}

const ALL: &str = "SELECT endpoint, at, is_reachable FROM tried ORDER BY endpoint";

const UNREACHABLE: &str = "SELECT endpoint FROM tried WHERE is_reachable = 0 ORDER BY endpoint";

const RECORD: &str =
    "INSERT OR REPLACE INTO tried (endpoint, at, is_reachable) VALUES (?1, ?2, ?3)";

const FORGET: &str = "DELETE FROM tried WHERE at < ?1 OR at > ?2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;

    #[test]
    fn how_a_peer_was_found_last_is_kept_for_a_while() {
        let (_folder, mut catalog) = new_catalog();
        let tried = |number: u8, at, is_reachable| Tried {
            endpoint: Endpoint([number; 18]),
            at: Timestamp(at),
            is_reachable,
        };
        let found = [tried(1, 50, Some(false)), tried(2, 60, Some(true)), tried(3, 70, None)];
        catalog.record_tried(&found, Timestamp(0), Timestamp(70)).unwrap();
        assert_eq!(catalog.tried().unwrap(), found);
        assert_eq!(catalog.unreachable().unwrap(), [Endpoint([1; 18])]);
        let ahead = tried(4, 1000, Some(false));
        catalog
            .record_tried(&[tried(2, 80, Some(false)), ahead], Timestamp(60), Timestamp(80))
            .unwrap();
        assert_eq!(catalog.tried().unwrap(), [tried(2, 80, Some(false)), found[2]]);
        assert_eq!(catalog.unreachable().unwrap(), [Endpoint([2; 18])]);
    }
}
