//! What can keep pages from being written, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::platform::privilege::PrivilegeError;

/// What can keep pages from being written.
#[derive(Debug, thiserror::Error)]
pub enum PageFolderError {
    /// Nobody knows what is ours.
    #[error(
        "cannot read {}, which says what of the pages is the tracker's: {source}; move it away, and the pages that \
         it has written too: what is in their place then counts as yours", path.display()
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is going to be written cannot be noted, and so it is not written.
    #[error("cannot write {}: {source}; let the tracker's user write there, and make room", path.display())]
    Note {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder had pages, and is gone.
    #[error(
        "{}, the folder of the pages, is gone; mount it or make it again, or set `pages` in [paths] to \"\"",
        path.display()
    )]
    Gone {
        /// The folder.
        path: PathBuf,
    },
    /// Another tracker writes its pages there.
    #[error(
        "the pages in {} are those of the tracker whose data is in {}, of which this one has a copy; name another folder \
         with `pages` in [paths]", folder.display(), home.display()
    )]
    Others {
        /// The folder.
        folder: PathBuf,
        /// Where the other one's manifest is.
        home: PathBuf,
    },
    /// The kernel refuses.
    #[error(
        "cannot write {}: {source}; the pages from before stay until there is room, and permission for the \
         tracker's user", path.display()
    )]
    Write {
        /// The page or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than root decide what is there.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
}
