//! Dumps of BitTorrent::TrackerCGI: its tables of names and of sums, as MySQL or SQLite has them.

use super::found::{Import, ImportError, MOST, one_line};
use super::sql::Row;
use super::tables::{Schema, has};
use crate::catalog::totals::Totals;
use crate::protocol::Timestamp;

/// TrackerCGI's tables.
pub(super) struct TrackerCgi;

/// A table of TrackerCGI.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Names,
    Summary,
}

impl Schema for TrackerCgi {
    type Role = Role;

    fn role(&self, columns: &[String]) -> Option<Role> {
        if has(columns, &["sha1", "name", "size", "mark"]) {
            Some(Role::Names)
        } else if has(columns, &["sha1", "done", "trans"]) {
            Some(Role::Summary)
        } else {
            None
        }
    }

    fn row(&mut self, role: Role, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
        let Some(info_hash) = row.info_hash_of_text("sha1") else {
            import.skip(row.line, "`sha1` is no info-hash of 20 bytes");
            return Ok(());
        };
        import.torrent(info_hash, |torrent| match role {
            Role::Names => {
                torrent.name = one_line(&row.text("name")).into();
                torrent.size = row.number("size").unwrap_or(0).min(MOST);
                let first_seen = row.number("mark").filter(|at| *at > 0);
                torrent.first_seen = first_seen.map(Timestamp);
            }
            // What peers that are still there have moved is left out: they say it again to the next tracker.
            Role::Summary => {
                let moved = row.number("trans").unwrap_or(0);
                let completed = row.number("done").unwrap_or(0);
                // It counted both directions together, and in a swarm they are the same.
                let (uploaded, downloaded) = (moved.div_ceil(2), moved / 2);
                torrent.count(Totals { completed, uploaded, downloaded });
            }
        })
    }

    fn missing(&self) -> &'static str {
        "no table with TrackerCGI's columns (sha1, name, size, mark; sha1, done, trans)"
    }
}
