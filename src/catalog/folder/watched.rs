//! Times of modification, by which a change of a folder or a file is noticed without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was modified this shortly before it was looked at may have changed once more without another time of
/// modification: the coarsest clocks of file systems (FAT) tick every two seconds.
pub(super) const UNSEEN_CHANGE_NANOS: u64 = 2_000_000_000;

/// A folder, or a file that was broken and may be an upload under way, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The torrents folder's path with the way inside it.
    pub path: PathBuf,
    /// When it had been modified last, by the clock of the file system, in nanoseconds since 1970.
    pub modified_nanos: i64,
}

impl Watched {
    /// Notes how `path` is before it is read, so that a change while it is read shows; `None` when
    /// it is not there.
    pub(super) fn before_reading(path: &Path) -> Option<Self> {
        Some(Self::now(path)).filter(|watched| watched.modified_nanos != MISSING)
    }

    /// Notes how `path` is now, also when it is not there: then its coming shows.
    #[must_use]
    pub fn now(path: &Path) -> Self {
        Self { path: path.to_path_buf(), modified_nanos: modified_nanos(path) }
    }
}

/// The time of what is not there.
const MISSING: i64 = i64::MIN;

/// Whether what is at `path` is not as it was noted.
#[must_use]
pub fn has_changed(path: &Path, noted_nanos: i64) -> bool {
    modified_nanos(path) != noted_nanos
}

/// When what is at `path`, followed through links, was modified: nanoseconds since 1970.
pub(super) fn modified_nanos(path: &Path) -> i64 {
    fs::metadata(path).map_or(MISSING, |it| Nanos::of(it.mtime(), it.mtime_nsec()))
}

/// Times as nanoseconds since 1970.
pub(super) struct Nanos;

impl Nanos {
    pub(super) fn of(seconds: i64, nanos: i64) -> i64 {
        seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
    }

    pub(super) fn now() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }
}
