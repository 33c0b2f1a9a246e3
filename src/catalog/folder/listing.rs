//! Walks the torrents folder: which `*.torrent` files there are.

use std::collections::HashSet;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::watched::Watched;
use super::{FolderProblem, Problem};

/// What stands in the folder and below it. All paths but the watched ones are relative to it.
pub(super) struct Listing {
    /// Files that end in `.torrent`, by the bytes of their paths.
    pub(super) files: Vec<PathBuf>,
    /// What could not be looked at.
    pub(super) problems: Vec<FolderProblem>,
    /// All folders.
    pub(super) watched: Vec<Watched>,
    /// Whether all folders could be looked at.
    pub(super) complete: bool,
}

/// A walk that goes through every folder once, by whichever way comes first, so that links cannot
/// lead it in circles.
struct Walk<'a> {
    root: &'a Path,
    /// Device and inode of the folders seen.
    seen: HashSet<(u64, u64)>,
    /// Folders to go through, the next one last.
    ahead: Vec<PathBuf>,
    listing: Listing,
}

impl Listing {
    /// Lists a folder.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let listing =
            Self { files: Vec::new(), problems: Vec::new(), watched: Vec::new(), complete: true };
        let mut walk = Walk { root, seen: HashSet::new(), ahead: Vec::new(), listing };
        walk.go_through(Path::new(""))?;
        while let Some(folder) = walk.ahead.pop() {
            if let Err(error) = walk.go_through(&folder) {
                walk.cannot_look_into(folder, error);
            }
        }
        // A path's own order goes by its parts, not by its bytes.
        walk.listing.files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        Ok(walk.listing)
    }
}

impl Walk<'_> {
    fn go_through(&mut self, folder: &Path) -> io::Result<()> {
        let path = if folder.as_os_str().is_empty() {
            self.root.to_path_buf()
        } else {
            self.root.join(folder)
        };
        let metadata = fs::metadata(&path)?;
        if !self.seen.insert((metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        self.listing.watched.extend(Watched::before_reading(&path));
        let mut entries = fs::read_dir(&path)?.collect::<io::Result<Vec<_>>>()?;
        // Backwards, because the last one on the stack of folders is the next.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        for entry in entries {
            self.take(folder, &entry);
        }
        Ok(())
    }

    fn take(&mut self, folder: &Path, entry: &DirEntry) {
        let name = entry.file_name();
        if name.as_bytes().starts_with(b".") {
            return;
        }
        let file = folder.join(&name);
        let is_torrent = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("torrent"));
        match kind(entry) {
            Ok(kind) if kind.is_dir() => self.ahead.push(file),
            Ok(kind) if is_torrent && kind.is_file() => self.listing.files.push(file),
            Ok(_) if is_torrent => self.problem(file, Problem::NotAFile),
            Ok(_) => {}
            Err(error) if is_torrent => self.problem(file, error.into()),
            // A link that leads nowhere today may lead to a folder of torrents tomorrow: a disk
            // that is not mounted.
            Err(error) => self.cannot_look_into(file, error),
        }
    }

    fn cannot_look_into(&mut self, folder: PathBuf, error: io::Error) {
        self.listing.complete = false;
        self.problem(folder, error.into());
    }

    fn problem(&mut self, file: PathBuf, problem: Problem) {
        self.listing.problems.push(FolderProblem { file, problem });
    }
}

/// What an entry is, or what it links to.
fn kind(entry: &DirEntry) -> io::Result<fs::FileType> {
    let kind = entry.file_type()?;
    if kind.is_symlink() { Ok(fs::metadata(entry.path())?.file_type()) } else { Ok(kind) }
}
