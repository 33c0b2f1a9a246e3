//! Times of modification, by which a change of a folder or a file is noticed without reading it.

use std::path::{Path, PathBuf};

use crate::catalog::file_state::FileTime;

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
