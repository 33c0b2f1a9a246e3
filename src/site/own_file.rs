//! Files of the tracker's at places that the owner has named, where something of the owner's may be instead: that stays.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::platform::publication;
use crate::tracker::Refusal;

/// What can keep such a file from being written.
#[derive(Debug, thiserror::Error)]
pub enum OwnFileError {
    /// The peer store has trouble, of which the log has more.
    #[error("cannot write {}: {refusal}; the one before it stays", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What a client would be told.
        refusal: Refusal,
    },
    /// Something else is at its place.
    #[error(
        "{} is none of the tracker's files: it stays as it is; move it away, or name another file by `{key}` in [paths]",
        path.display()
    )]
    Foreign {
        /// What is there.
        path: PathBuf,
        /// The key that names the file.
        key: &'static str,
    },
    /// The kernel refuses.
    #[error("cannot write {}: {source}; let the tracker's user write there, and make room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A kind of file, which the tracker knows by what it begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnFile {
    /// The key that names it.
    pub(super) key: &'static str,
    /// What each begins with.
    pub(super) beginning: &'static [u8],
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Ours,
}

impl OwnFile {
    /// What is at a path, whose content `unpack` reads.
    ///
    /// # Errors
    /// When that is not the tracker's, or cannot be looked at.
    pub(super) fn find<R: Read>(
        self,
        path: &Path,
        unpack: impl FnOnce(File) -> R,
    ) -> Result<Found, OwnFileError> {
        let found = match fs::symlink_metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            found => found.map_err(failed(path))?,
        };
        // An empty one is what a full disk has left.
        let is_ours = found.is_file() && (found.len() == 0 || self.is_at(path, unpack));
        let foreign = || OwnFileError::Foreign { path: path.to_owned(), key: self.key };
        is_ours.then_some(Found::Ours).ok_or_else(foreign)
    }

    fn is_at<R: Read>(self, path: &Path, unpack: impl FnOnce(File) -> R) -> bool {
        let mut beginning = Vec::new();
        let read = File::open(path).and_then(|file| {
            unpack(file).take(self.beginning.len() as u64).read_to_end(&mut beginning)
        });
        read.is_ok() && beginning == self.beginning
    }
}

/// Puts a file in the place of another one that is the tracker's.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), OwnFileError> {
    publication::replace_readable(path, content).map_err(failed(path))
}

/// Removes one that is the tracker's.
pub(super) fn remove(path: &Path) -> Result<(), OwnFileError> {
    fs::remove_file(path).map_err(failed(path))
}

/// What is said of trouble of the peer store.
pub(super) fn without_store(path: &Path) -> impl FnOnce(Refusal) -> OwnFileError {
    |refusal| OwnFileError::Store { path: path.to_owned(), refusal }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OwnFileError {
    |source| OwnFileError::Write { path: path.to_owned(), source }
}
