//! How a change of the torrents folder is noticed without reading it: by times of modification.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
fn modified_nanos(path: &Path) -> i64 {
    let nanos =
        |it: fs::Metadata| it.mtime().saturating_mul(1_000_000_000).saturating_add(it.mtime_nsec());
    fs::metadata(path).map_or(MISSING, nanos)
}
