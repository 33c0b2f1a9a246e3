//! Peers in shared memory: to come.

use crate::store::sqlite::SqliteStore;
use crate::store::{StoreError, StoreOptions};

/// A place-holder while the real one is written.
pub struct ShmStore;

impl ShmStore {
    /// Opens the store; makes it where there is none, or none that can be read.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(options: &StoreOptions) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(options)
    }

    /// Puts an empty store in place of whatever is there.
    ///
    /// # Errors
    /// When the file cannot be replaced or made.
    pub fn rebuild(options: &StoreOptions) -> Result<SqliteStore, StoreError> {
        SqliteStore::rebuild(options)
    }
}
