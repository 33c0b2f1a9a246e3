//! The conformance suite on files in memory, and what only concerns this backend.

use super::*;
use crate::store::conformance::{EXPIRY, Fresh, conforms};

fn options(home: &tempfile::TempDir) -> StoreOptions {
    StoreOptions { max_size: 64 << 20, ..StoreOptions::new(home.path().join("t.d/peers"), EXPIRY) }
}

fn fresh_with(shards: u32) -> Fresh {
    making::FEWER_SHARDS.set(Some(shards));
    let home = tempfile::tempdir_in("/dev/shm").unwrap();
    Fresh::in_folder(ShmStore::open(&options(&home)).unwrap(), home)
}

fn fresh() -> Fresh {
    fresh_with(2)
}

conforms!(fresh);
