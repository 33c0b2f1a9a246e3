//! The content that a torrent is made of: a file, or a folder with all that is in it; found, and hashed on all cores.

mod hashing;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use crate::platform::FileMark;
use crate::protocol::{MOST_LEVELS, NewFile};

/// What is taken in of a folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// Also files and folders whose names begin with a dot.
    pub hidden: bool,
    /// What symbolic links lead to; else they are refused, as they may lead anywhere.
    pub linked: bool,
}

/// A file or folder as it was found.
#[derive(Debug)]
pub struct Content {
    /// Its name in the torrent.
    pub name: String,
    /// Files and folders that were left out, as their names begin with a dot.
    pub left_out: usize,
    files: Vec<File>,
}

/// A file of the content.
#[derive(Debug)]
struct File {
    /// In the torrent.
    new: NewFile,
    /// On this machine.
    path: PathBuf,
    /// To notice that it changes.
    mark: FileMark,
}

/// Why no torrent is made of something.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The kernel's refusal.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// `/`, or `.` at the top.
    #[error("{} has no name of its own; give the torrent one with --name", .0.display())]
    NoName(PathBuf),
    /// A name that clients would change, so that a web seed and other clients would not find the file.
    #[error("{}: clients would save that under another name, as it {problem}; rename it", path.display())]
    Name {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with its name.
        problem: &'static str,
    },
    /// A link in a folder.
    #[error(
        "{} is a symbolic link; take it out, or take in what it leads to with --follow-links", .0.display()
    )]
    Link(PathBuf),
    /// A link to a folder around it.
    #[error("{} leads back to a folder that it is in; take it out", .0.display())]
    Circle(PathBuf),
    /// A pipe, a device, a socket.
    #[error("{} is neither a file nor a folder; take it out", .0.display())]
    Special(PathBuf),
    /// Too many folders in each other.
    #[error("{} is more than {MOST_LEVELS} folders deep; clients read no such torrent", .0.display())]
    TooDeep(PathBuf),
    /// No file.
    #[error("there is no file in {}", .0.display())]
    NoFile(PathBuf),
    /// Only empty files.
    #[error("there is nothing to share in {}: all files are empty", .0.display())]
    Empty(PathBuf),
    /// Somebody writes to it.
    #[error("{} was changed while it was read; make the torrent when nobody writes to it", .0.display())]
    Changed(PathBuf),
}

impl Content {
    /// Looks at what is at `path`. `name` is for the torrent, instead of that of the file or folder.
    ///
    /// # Errors
    /// When no torrent can be made of it, or clients could not save it under the same names.
    pub fn find(
        path: &Path,
        name: Option<&str>,
        selection: Selection,
    ) -> Result<Self, ContentError> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => walk::own_name(path)?,
        };
        let found = walk::Walk::of(path, selection)?;
        let content = Self { name, left_out: found.left_out, files: found.files };
        match content.size() {
            _ if content.files.is_empty() => Err(ContentError::NoFile(path.to_owned())),
            0 => Err(ContentError::Empty(path.to_owned())),
            _ => Ok(content),
        }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.new.size))
    }

    /// The files, sorted by their paths.
    #[must_use]
    pub fn files(&self) -> Vec<NewFile> {
        self.files.iter().map(|file| file.new.clone()).collect()
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.files.iter().any(|file| !file.new.path.is_empty())
    }
}

/// Checks a name that somebody gives a torrent.
///
/// # Errors
/// What clients would change of it.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    walk::problem_of(name.as_bytes()).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
