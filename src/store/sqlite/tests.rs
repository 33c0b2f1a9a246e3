//! The conformance suite on SQLite files, and what only concerns files.

use super::*;
use crate::store::PeerStore as _;
use crate::store::conformance::{EXPIRY, Fresh, NOON, conforms, leecher, peers, swarm};

fn options(home: &tempfile::TempDir) -> StoreOptions {
    StoreOptions { path: home.path().join("data/peers.db"), expiry: EXPIRY }
}

fn fresh() -> Fresh {
    let home = tempfile::tempdir().unwrap();
    Fresh::in_folder(SqliteStore::open(&options(&home)).unwrap(), home)
}

conforms!(fresh);
