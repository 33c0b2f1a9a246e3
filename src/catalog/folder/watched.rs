//! Times of modification, by which a change of a folder or a file is noticed without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was modified this shortly before it was looked at may have changed once more without another time of
/// modification: the coarsest clocks of file systems (FAT) tick every two seconds.
const UNSEEN_CHANGE_NANOS: u64 = 2_000_000_000;

/// A time by the clock of a file system: nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub i64);

impl FileTime {
    /// The time of what is not there.
    const MISSING: Self = Self(i64::MIN);

    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// As the system tells it: seconds, and nanoseconds within the second.
    pub(super) fn of(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// When what is at `path`, followed through links, was modified.
    pub(super) fn of_modification(path: &Path) -> Self {
        fs::metadata(path).map_or(Self::MISSING, |it| Self::of(it.mtime(), it.mtime_nsec()))
    }

    /// Whether what was modified at this time and looked at at the other may have changed in between without
    /// another time of modification.
    pub(in crate::catalog) fn may_hide_a_change(self, looked_at: Self) -> bool {
        self.0.abs_diff(looked_at.0) < UNSEEN_CHANGE_NANOS
    }

    /// Whole seconds since 1970.
    pub(super) fn seconds(self) -> i64 {
        self.0 / 1_000_000_000
    }

    /// Whether the clock that showed it counts less than whole seconds.
    pub(super) fn is_fine(self) -> bool {
        self.0 % 1_000_000_000 != 0
    }
}

/// A folder, or a file that was broken and may be an upload under way, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The torrents folder's path with the way inside it.
    pub path: PathBuf,
    /// When it had been modified last.
    pub modified: FileTime,
}

impl Watched {
    /// Notes how `path` is before it is read, so that a change while it is read shows; `None` when
    /// it is not there.
    pub(super) fn before_reading(path: &Path) -> Option<Self> {
        Some(Self::now(path)).filter(|watched| watched.modified != FileTime::MISSING)
    }

    /// Notes how `path` is now, also when it is not there: then its coming shows.
    #[must_use]
    pub fn now(path: &Path) -> Self {
        Self { path: path.to_path_buf(), modified: FileTime::of_modification(path) }
    }
}

/// Whether what is at `path` is not as it was noted.
#[must_use]
pub fn has_changed(path: &Path, noted: FileTime) -> bool {
    FileTime::of_modification(path) != noted
}
