//! Walks the torrents folder: which `*.torrent` files there are, and in which state.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::state::FileState;
use super::watched::Watched;
use super::{FolderProblem, Problem};

/// The endings of a page about a torrent; the first that is there counts.
const PAGES: [&str; 3] = ["html", "txt", "nfo"];

/// What stands in the folder and below it. All paths but the watched ones are relative to it.
pub(super) struct Listing {
    /// Files that end in `.torrent`, by the bytes of their paths.
    pub(super) files: Vec<ListedFile>,
    /// What could not be looked at.
    pub(super) problems: Vec<FolderProblem>,
    /// All folders.
    pub(super) folders: Vec<SeenFolder>,
    /// Whether all folders could be looked at.
    pub(super) complete: bool,
}

/// A folder as it was when it was listed.
#[derive(Debug)]
pub(super) struct SeenFolder {
    pub(super) watched: Watched,
    /// Differs when something else stands in it.
    pub(super) digest: u64,
}

/// A `*.torrent` file.
#[derive(Hash)]
pub(super) struct ListedFile {
    /// Relative to the torrents folder.
    pub(super) path: PathBuf,
    /// As it was when the folder was listed; `None` when that could not be seen.
    pub(super) state: Option<FileState>,
    /// The page about it, relative to the torrents folder.
    pub(super) info_page: Option<PathBuf>,
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
            Self { files: Vec::new(), problems: Vec::new(), folders: Vec::new(), complete: true };
        let mut walk = Walk { root, seen: HashSet::new(), ahead: Vec::new(), listing };
        walk.go_through(Path::new(""))?;
        while let Some(folder) = walk.ahead.pop() {
            if let Err(error) = walk.go_through(&folder) {
                walk.cannot_look_into(folder, error);
            }
        }
        // A path's own order goes by its parts, not by its bytes.
        walk.listing.files.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
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
        let watched = Watched::before_reading(&path);
        let content = FolderContent::of(&path, folder)?;
        let digest = content.digest();
        self.listing.folders.extend(watched.map(|watched| SeenFolder { watched, digest }));
        self.listing.files.extend(content.files);
        // The last one on the stack is the next.
        self.ahead.extend(content.folders.into_iter().rev());
        for (file, problem) in content.problems {
            self.problem(file, problem);
        }
        for (folder, error) in content.unknown {
            self.cannot_look_into(folder, error);
        }
        Ok(())
    }

    fn cannot_look_into(&mut self, folder: PathBuf, error: io::Error) {
        self.listing.complete = false;
        self.problem(folder, error.into());
    }

    fn problem(&mut self, file: PathBuf, problem: Problem) {
        self.listing.problems.push(FolderProblem { file, problem });
    }
}

/// What matters to a scan in one folder, in the order of the names; paths are relative to the torrents folder.
#[derive(Default)]
struct FolderContent {
    files: Vec<ListedFile>,
    folders: Vec<PathBuf>,
    /// Torrents that are no files or cannot be looked at.
    problems: Vec<(PathBuf, Problem)>,
    /// Links that lead nowhere today, and perhaps to a folder of torrents tomorrow: a disk that is not mounted.
    unknown: Vec<(PathBuf, io::Error)>,
}

impl FolderContent {
    /// Lists the folder at `path`, which is `folder` in the torrents folder.
    fn of(path: &Path, folder: &Path) -> io::Result<Self> {
        let entries = fs::read_dir(path)?;
        let mut entries = entries
            .map(|entry| entry.map(|entry| (entry.file_name(), entry)))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut content = Self::default();
        let mut pages = HashSet::new();
        for (name, entry) in &entries {
            if !name.as_bytes().starts_with(b".") {
                content.take(folder, name, entry, &mut pages);
            }
        }
        if !pages.is_empty() {
            for file in &mut content.files {
                file.info_page = info_page(&file.path, &pages);
            }
        }
        Ok(content)
    }

    fn take<'a>(
        &mut self,
        folder: &Path,
        name: &'a OsString,
        entry: &DirEntry,
        pages: &mut HashSet<&'a OsStr>,
    ) {
        let ending = Path::new(name).extension();
        let is_torrent = ending.is_some_and(|end| end.eq_ignore_ascii_case("torrent"));
        let file = || folder.join(name);
        match kind(entry) {
            Ok(kind) if kind.is_dir() => self.folders.push(file()),
            Ok(kind) if is_torrent && kind.is_file() => {
                self.files.push(ListedFile { path: file(), state: state(entry), info_page: None });
            }
            Ok(_) if is_torrent => self.problems.push((file(), Problem::NotAFile)),
            Ok(kind)
                if kind.is_file() && PAGES.iter().any(|page| ending == Some(page.as_ref())) =>
            {
                pages.insert(name);
            }
            Ok(_) => {}
            Err(error) if is_torrent => self.problems.push((file(), error.into())),
            Err(error) => self.unknown.push((file(), error)),
        }
    }

    /// What differs when something else stands in the folder.
    fn digest(&self) -> u64 {
        let mut digest = DefaultHasher::new();
        (&self.files, &self.folders).hash(&mut digest);
        self.problems.iter().for_each(|(file, _)| file.hash(&mut digest));
        self.unknown.iter().for_each(|(file, _)| file.hash(&mut digest));
        digest.finish()
    }
}

/// The digest of what matters to a scan in the folder at `path`, which is `folder` in the torrents folder.
pub(super) fn digest(path: &Path, folder: &Path) -> io::Result<u64> {
    FolderContent::of(path, folder).map(|content| content.digest())
}

/// What an entry is, or what it links to.
fn kind(entry: &DirEntry) -> io::Result<FileType> {
    let kind = entry.file_type()?;
    if kind.is_symlink() { Ok(fs::metadata(entry.path())?.file_type()) } else { Ok(kind) }
}

/// The state of a file, or of what it links to.
fn state(entry: &DirEntry) -> Option<FileState> {
    let is_link = entry.file_type().ok()?.is_symlink();
    let metadata = if is_link { fs::metadata(entry.path()) } else { entry.metadata() };
    metadata.ok().as_ref().map(FileState::from)
}

/// The page beside a torrent with its name, relative to the torrents folder.
fn info_page(file: &Path, pages: &HashSet<&OsStr>) -> Option<PathBuf> {
    let candidates = PAGES.into_iter().map(|ending| file.with_extension(ending));
    candidates.into_iter().find(|page| page.file_name().is_some_and(|name| pages.contains(name)))
}
