//! Finding the files of a folder.

use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{ContentError, File, Selection};
use crate::platform::FileMark;
use crate::platform::order::Order as _;
use crate::protocol::{MOST_LEVELS, NewFile, shown_name};

/// Bytes of a name after which libtorrent cuts it.
const LONGEST_NAME: usize = 240;

/// The name of a file or folder, also where `path` is `.` or ends in `..`.
pub(super) fn own_name(path: &Path) -> Result<String, ContentError> {
    let resolved;
    let named = match path.file_name() {
        Some(_) => path,
        None => {
            resolved = path.canonicalize().map_err(read_error(path))?;
            &resolved
        }
    };
    let name = named.file_name().ok_or_else(|| ContentError::NoName(path.to_owned()))?;
    checked(name.as_bytes(), path)
}

fn checked(name: &[u8], path: &Path) -> Result<String, ContentError> {
    match (problem_of(name), str::from_utf8(name)) {
        (None, Ok(name)) => Ok(name.to_owned()),
        (problem, _) => {
            let problem = problem.unwrap_or("is not UTF-8");
            Err(ContentError::Name { path: path.to_owned(), problem })
        }
    }
}

/// Why clients would save a file under another name than this.
pub(super) fn problem_of(name: &[u8]) -> Option<&'static str> {
    let Ok(text) = str::from_utf8(name) else { return Some("is not UTF-8") };
    if shown_name(name).as_deref() == Some(text) {
        return None;
    }
    Some(if name.len() > LONGEST_NAME {
        "is longer than 240 bytes"
    } else {
        "is empty, or has slashes, backslashes, or characters that cannot be seen"
    })
}

fn read_error(path: &Path) -> impl FnOnce(std::io::Error) -> ContentError {
    move |source| ContentError::Read { path: path.to_owned(), source }
}

/// What was found so far.
pub(super) struct Walk {
    selection: Selection,
    pub(super) files: Vec<File>,
    pub(super) left_out: usize,
    /// The folders that it is in: device and inode.
    inside: Vec<(u64, u64)>,
}

impl Walk {
    /// The files at `path`, sorted: it alone, or all below it.
    pub(super) fn of(path: &Path, selection: Selection) -> Result<Self, ContentError> {
        let mut walk = Self { selection, files: Vec::new(), left_out: 0, inside: Vec::new() };
        // The owner names it: it may be a link.
        let metadata = fs::metadata(path).map_err(read_error(path))?;
        walk.take(path.to_owned(), &metadata, Vec::new())?;
        walk.files.order_by(|one, other| one.new.path.cmp(&other.new.path));
        Ok(walk)
    }

    fn take(
        &mut self,
        path: PathBuf,
        metadata: &Metadata,
        in_torrent: Vec<String>,
    ) -> Result<(), ContentError> {
        if metadata.is_dir() {
            return self.folder(&path, metadata, &in_torrent);
        }
        if !metadata.is_file() {
            return Err(ContentError::Special(path));
        }
        let new = NewFile { path: in_torrent, size: metadata.len() };
        self.files.push(File { new, path, mark: FileMark::from(metadata) });
        Ok(())
    }

    fn folder(
        &mut self,
        folder: &Path,
        metadata: &Metadata,
        in_torrent: &[String],
    ) -> Result<(), ContentError> {
        let identity = (metadata.dev(), metadata.ino());
        if self.inside.contains(&identity) {
            return Err(ContentError::Circle(folder.to_owned()));
        }
        if in_torrent.len() >= MOST_LEVELS {
            return Err(ContentError::TooDeep(folder.to_owned()));
        }
        self.inside.push(identity);
        for entry in fs::read_dir(folder).map_err(read_error(folder))? {
            let path = entry.map_err(read_error(folder))?.path();
            let name = path.file_name().unwrap_or_default().as_bytes();
            if name.starts_with(b".") && !self.selection.hidden {
                self.left_out += 1;
                continue;
            }
            let in_torrent = [in_torrent, &[checked(name, &path)?]].concat();
            let metadata = self.look_at(&path)?;
            self.take(path, &metadata, in_torrent)?;
        }
        self.inside.pop();
        Ok(())
    }

    fn look_at(&self, path: &Path) -> Result<Metadata, ContentError> {
        let metadata = fs::symlink_metadata(path).map_err(read_error(path))?;
        match (metadata.is_symlink(), self.selection.linked) {
            (false, _) => Ok(metadata),
            (true, true) => fs::metadata(path).map_err(read_error(path)),
            (true, false) => Err(ContentError::Link(path.to_owned())),
        }
    }
}
