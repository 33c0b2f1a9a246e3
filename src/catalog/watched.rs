//! A folder as a scan saw it: the modification time by which a later change is noticed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A path that a scan has read, and when that path had been modified last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The path, absolute.
    pub path: PathBuf,
    /// Nanoseconds since 1970-01-01 UTC, by the clock of the file system.
    pub modified_nanos: i64,
}

/// When `path`, or what it links to, was modified last, in nanoseconds since 1970-01-01 UTC;
/// `None` when it is not there or cannot be seen.
#[must_use]
pub fn modified_nanos(path: &Path) -> Option<i64> {
    let metadata = path.metadata().ok()?;
    Some(metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}
