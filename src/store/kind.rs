//! Which kind of store a file is, by how it begins: a file of the other kind is a mistake in the configuration, and
//! never a broken file of this one.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::StoreError;
use crate::platform::files;

/// How SQLite's files begin.
const SQLITE_BYTES: &[u8; 16] = b"SQLite format 3\0";

/// How the files of shared memory begin.
pub(super) const SHM_BYTES: [u8; 8] = *b"\x89TRKSHM\n";

/// The kind of store that a file is, as the configuration names it; `None` when it is neither, or cannot be read.
#[must_use]
pub fn kind_at(path: &Path) -> Option<&'static str> {
    let (file, _) = files::open(path, File::options().read(true)).ok()?;
    let mut first = [0; SQLITE_BYTES.len()];
    let read = file.read_at(&mut first, 0).ok()?;
    kind_of(first.get(..read)?)
}

/// The same of how a file begins.
pub(super) fn kind_of(first: &[u8]) -> Option<&'static str> {
    if first.starts_with(SQLITE_BYTES) {
        Some("sqlite")
    } else if first.starts_with(&SHM_BYTES) {
        Some("shm")
    } else {
        None
    }
}

/// Refuses a file of another kind than the store at its path is to be.
///
/// # Errors
/// When it is of the other kind.
pub fn expect_kind(path: &Path, kind: &'static str) -> Result<(), StoreError> {
    match kind_at(path).filter(|&found| found != kind) {
        Some(found) => {
            Err(StoreError::OtherKind { store: path.display().to_string(), kind, found })
        }
        None => Ok(()),
    }
}
