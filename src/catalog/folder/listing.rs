//! Walks the torrents folder: which `*.torrent` files there are, and in which state.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::watched::Watched;
use super::{FolderError, FolderProblem, Problem};
use crate::catalog::file_state::{FileState, FileTime};
use crate::catalog::{Companions, checksum_files, sidecar};
use crate::platform::folder::{Entry, Folder, Kind};
use crate::platform::order::Order as _;
use crate::platform::threads::side_by_side;

/// The endings of a page about a torrent; the first that is there counts.
const PAGES: [&str; 3] = ["html", "txt", "nfo"];

/// What stands in the torrents folder and below it. All paths but the watched ones are relative to it.
#[derive(Debug)]
pub struct Listing {
    /// The torrents folder.
    pub(super) root: PathBuf,
    pub(super) detail: Detail,
    /// When the folder began to be listed.
    pub(super) begun: FileTime,
    /// Files that end in `.torrent`.
    pub(super) files: Vec<ListedFile>,
    /// What could not be looked at.
    pub(super) problems: Vec<FolderProblem>,
    /// All folders.
    pub(super) folders: Vec<SeenFolder>,
    /// Whether all folders could be looked at.
    pub(super) complete: bool,
}

/// How closely a listing looks at files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// At their names and inodes: whichever came, went or was replaced shows, if it was not removed and recreated
    /// with the same inode.
    Names,
    /// At their states too: all that was written shows.
    States,
}

/// What a listing saw of a file.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: it vanished, or the system does not say.
    Nothing,
    /// The inode.
    Inode(u64),
    /// The whole state.
    State(FileState),
}

impl Detail {
    /// What it sees of a file in this state.
    pub(super) fn at(self, state: FileState) -> Seen {
        match self {
            Self::Names => Seen::Inode(state.inode),
            Self::States => Seen::State(state),
        }
    }
}

/// What stands beside a `.torrent` file and belongs to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// The page about it, relative to the torrents folder.
    pub info_page: Option<&'a Path>,
    /// What is seen of the other files, if there are any.
    pub companions: Option<&'a SeenCompanions>,
}

/// What is seen of the files beside a `.torrent` file that say more about its torrent.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
pub struct SeenCompanions {
    /// Its sidecar.
    pub(super) sidecar: Option<Seen>,
    /// Its checksum files by their endings, in the order in which they count.
    pub(super) checksum_files: Vec<(&'static str, Seen)>,
}

impl SeenCompanions {
    /// What would be seen by so close a look if they were as they were when they were read.
    pub(super) fn of(read: &Companions, detail: Detail) -> Option<Self> {
        let seen = |state: Option<FileState>| state.map_or(Seen::Nothing, |it| detail.at(it));
        let files = read.checksum_files.iter().map(|file| (file.ending, seen(file.state)));
        let sidecar = read.sidecar.as_ref().map(|sidecar| seen(sidecar.state));
        let companions = Self { sidecar, checksum_files: files.collect() };
        (companions != Self::default()).then_some(companions)
    }

    /// Looks at them, which lie beside this file, themselves.
    fn look_at(&mut self, torrent: &Path, folder: &Folder, detail: Detail) {
        let see = |seen: &mut Seen, name: PathBuf| {
            if let Seen::Inode(_) = seen {
                let status = folder.status(name.as_os_str());
                *seen = status.map_or(Seen::Nothing, |it| detail.at(FileState::from(&it)));
            }
        };
        if let Some(seen) = &mut self.sidecar {
            see(seen, sidecar::path_of(torrent));
        }
        for (ending, seen) in &mut self.checksum_files {
            see(seen, checksum_files::path_of(torrent, ending));
        }
    }
}

/// A folder as it was when it was listed.
#[derive(Debug)]
pub(super) struct SeenFolder {
    pub(super) watched: Watched,
    /// Differs when something else stands in it.
    pub(super) digest: u64,
}

/// A `*.torrent` file.
#[derive(Debug)]
pub(super) struct ListedFile {
    /// Relative to the torrents folder.
    pub(super) path: PathBuf,
    /// Where its name begins in the path.
    name_at: usize,
    /// As it was when the folder was listed.
    pub(super) seen: Seen,
    /// The page about it, relative to the torrents folder.
    pub(super) info_page: Option<PathBuf>,
    /// The other files beside it as they were then. Few have any, which is not to make all others larger.
    pub(super) companions: Option<Box<SeenCompanions>>,
}

impl ListedFile {
    /// One in the torrents folder itself, with nothing beside it.
    #[cfg(test)]
    pub(super) fn in_state(name: &Path, state: FileState) -> Self {
        let (path, seen) = (name.to_owned(), Seen::State(state));
        Self { path, name_at: 0, seen, info_page: None, companions: None }
    }

    /// What stands beside it.
    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        let (info_page, companions) = (self.info_page.as_deref(), self.companions.as_deref());
        Surroundings { info_page, companions }
    }

    fn name(&self) -> &OsStr {
        let path = self.path.as_os_str().as_bytes();
        OsStr::from_bytes(path.get(self.name_at..).unwrap_or_default())
    }
}

/// A walk that goes through every folder once, by whichever way comes first, so that links cannot
/// lead it in circles.
struct Walk {
    /// Device and inode of the folders seen.
    seen: HashSet<(u64, u64)>,
    /// Folders to go through, the next one last.
    ahead: Vec<PathBuf>,
    listing: Listing,
}

impl Listing {
    /// Lists the torrents folder.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub fn of(root: &Path, detail: Detail) -> Result<Self, FolderError> {
        let listing = Self {
            root: root.to_owned(),
            detail,
            begun: FileTime::now(),
            files: Vec::new(),
            problems: Vec::new(),
            folders: Vec::new(),
            complete: true,
        };
        let mut walk = Walk { seen: HashSet::new(), ahead: Vec::new(), listing };
        walk.go_through(Path::new(""))
            .map_err(|source| FolderError { folder: root.to_owned(), source })?;
        while let Some(folder) = walk.ahead.pop() {
            if let Err(error) = walk.go_through(&folder) {
                walk.cannot_look_into(folder, error);
            }
        }
        Ok(walk.listing)
    }
}

impl Walk {
    fn go_through(&mut self, folder: &Path) -> io::Result<()> {
        let path = if folder.as_os_str().is_empty() {
            self.listing.root.clone()
        } else {
            self.listing.root.join(folder)
        };
        let metadata = fs::metadata(&path)?;
        if !self.seen.insert((metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        let watched = Watched::before_reading(&path);
        let mut content = FolderContent::of(&path, folder, self.listing.detail)?;
        let digest = content.digest;
        self.listing.folders.extend(watched.map(|watched| SeenFolder { watched, digest }));
        self.listing.files.append(&mut content.files);
        // By their names; the last one on the stack is the next.
        content.folders.order_by(|a, b| b.cmp(a));
        self.ahead.append(&mut content.folders);
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
        self.problem(folder, Problem::Unseen(error));
    }

    fn problem(&mut self, file: PathBuf, problem: Problem) {
        self.listing.problems.push(FolderProblem { file, problem });
    }
}

/// What matters to a scan in one folder; paths are relative to the torrents folder.
#[derive(Default)]
struct FolderContent {
    files: Vec<ListedFile>,
    folders: Vec<PathBuf>,
    /// The names of the pages.
    pages: HashSet<OsString>,
    /// What is seen of the sidecars, by their names.
    sidecars: HashMap<OsString, Seen>,
    /// How the names of the checksum files end and what is seen of them, by what stands before.
    checksum_files: HashMap<OsString, Vec<(&'static str, Seen)>>,
    /// Torrents that are no files or cannot be looked at.
    problems: Vec<(PathBuf, Problem)>,
    /// Links that lead nowhere today, and perhaps to a folder of torrents tomorrow: a disk that is not mounted.
    unknown: Vec<(PathBuf, io::Error)>,
    digest: u64,
    /// Whether entries have other inodes than their files, as on some file systems of networks and programs; seen at
    /// the first one.
    has_strange_inodes: Option<bool>,
}

impl FolderContent {
    /// Lists the folder at `path`, which is `inside` in the torrents folder.
    fn of(path: &Path, inside: &Path, detail: Detail) -> io::Result<Self> {
        let folder = Folder::open(path)?;
        let mut content = Self::default();
        folder.list(&mut |entry| {
            if matters(&entry) {
                content.digest = content.digest.wrapping_add(digest_of(&entry));
                content.take(&folder, inside, &entry);
            }
            Ok(())
        })?;
        content.hand_out_companions(inside);
        if detail == Detail::States || content.has_strange_inodes == Some(true) {
            look_at(&folder, &mut content.files, detail);
        }
        if !content.pages.is_empty() {
            for file in &mut content.files {
                file.info_page = info_page(&file.path, &content.pages);
            }
        }
        Ok(content)
    }

    fn take(&mut self, folder: &Folder, inside: &Path, &Entry { name, kind, inode }: &Entry<'_>) {
        let path = || inside.join(name);
        let is_link = kind == Kind::Link;
        let (kind, inode) = match kind {
            Kind::Link => match folder.status(name) {
                // It is not followed, and said to be a link.
                Ok(target) if is_companion(name) && target.kind != Kind::Folder => {
                    return self.companion(name, Seen::Nothing);
                }
                Err(_) if is_companion(name) => return self.companion(name, Seen::Nothing),
                Ok(target) => (target.kind, target.inode),
                Err(error) if is_torrent(name) => {
                    return self.problems.push((path(), error.into()));
                }
                Err(error) => return self.unknown.push((path(), error)),
            },
            _ => (kind, inode),
        };
        match kind {
            Kind::Folder => {
                self.folders.push(path());
                // In the place of a file that is to say something about a torrent it is a mistake.
                if is_companion(name) {
                    self.companion(name, Seen::Nothing);
                }
            }
            Kind::File if is_torrent(name) => {
                // Of a link it is what it leads to that has this inode.
                if !is_link && self.has_strange_inodes.is_none() {
                    let status = folder.status(name);
                    self.has_strange_inodes = status.ok().map(|status| status.inode != inode);
                }
                let (path, seen) = (path(), Seen::Inode(inode));
                let name_at = path.as_os_str().len() - name.len();
                self.files.push(ListedFile {
                    path,
                    name_at,
                    seen,
                    info_page: None,
                    companions: None,
                });
            }
            Kind::File if is_page(name) => {
                self.pages.insert(name.to_owned());
            }
            Kind::File if is_companion(name) => self.companion(name, Seen::Inode(inode)),
            Kind::Other if is_companion(name) => self.companion(name, Seen::Nothing),
            Kind::Other if is_torrent(name) => self.problems.push((path(), Problem::NotAFile)),
            _ => {}
        }
    }

    fn companion(&mut self, name: &OsStr, seen: Seen) {
        match checksum_files::split(name) {
            Some((torrent, ending)) => {
                self.checksum_files.entry(torrent.to_owned()).or_default().push((ending, seen));
            }
            None => {
                self.sidecars.insert(name.to_owned(), seen);
            }
        }
    }

    /// Gives the torrents what they are beside, and complains about other sidecars. Where there is no torrent at all,
    /// they belong to the content of one, as other checksum files do everywhere.
    fn hand_out_companions(&mut self, inside: &Path) {
        if self.sidecars.is_empty() && self.checksum_files.is_empty() {
            return;
        }
        let mut handed_out = HashSet::new();
        for file in &mut self.files {
            let mut companions = SeenCompanions::default();
            let name = sidecar::path_of(Path::new(file.name()));
            if let Some((name, seen)) = self.sidecars.get_key_value(name.as_os_str()) {
                companions.sidecar = Some(*seen);
                handed_out.insert(name);
            }
            let name = Path::new(file.name()).file_stem();
            if let Some(files) = name.and_then(|name| self.checksum_files.get(name)) {
                companions.checksum_files.clone_from(files);
                checksum_files::sort(&mut companions.checksum_files, |(ending, _)| ending);
            }
            if companions != SeenCompanions::default() {
                file.companions = Some(Box::new(companions));
            }
        }
        if self.files.is_empty() && !inside.as_os_str().is_empty() {
            return;
        }
        let torrentless = self.sidecars.keys().filter(|name| !handed_out.contains(name));
        let torrentless = torrentless.map(|name| inside.join(name));
        let sidecars = torrentless.filter(|path| !self.folders.contains(path));
        self.problems.extend(sidecars.map(|path| (path, Problem::LoneSidecar)));
    }
}

/// So many files are worth a second thread.
pub(super) const MANY_FILES: usize = 4096;

/// Looks at the files in a folder themselves. The kernel takes a while for each; of many, two threads see half of
/// them each.
fn look_at(folder: &Folder, files: &mut [ListedFile], detail: Detail) {
    let see = |files: &mut [ListedFile]| {
        for file in files {
            // Of a file that vanished just now nothing is known; reading it will tell.
            let status = folder.status(file.name());
            file.seen = status.map_or(Seen::Nothing, |it| detail.at(FileState::from(&it)));
            if let Some(mut companions) = file.companions.take() {
                companions.look_at(Path::new(file.name()), folder, detail);
                file.companions = Some(companions);
            }
        }
    };
    if files.len() < MANY_FILES {
        return see(files);
    }
    let (first, second) = files.split_at_mut(files.len() / 2);
    side_by_side(|| see(second), || see(first));
}

/// Whether a scan has to look at what stands there.
fn matters(&Entry { name, kind, .. }: &Entry<'_>) -> bool {
    let is_wanted = matches!(kind, Kind::Folder | Kind::Link)
        || is_torrent(name)
        || is_page(name)
        || is_companion(name);
    is_wanted && !name.as_bytes().starts_with(b".")
}

/// What differs when something else stands there. Of a page only its name counts: a refresh may write one itself.
fn digest_of(&Entry { name, kind, inode }: &Entry<'_>) -> u64 {
    let is_page = kind == Kind::File && is_page(name);
    let mut digest = DefaultHasher::new();
    (name, (!is_page).then_some((kind, inode))).hash(&mut digest);
    digest.finish()
}

/// The digest of what stands in the folder at `path` now: all that differs when a name there comes, goes, or stands
/// for something else. A file that is removed and recreated may get the same inode; its state tells at the next
/// refresh.
pub(super) fn digest(path: &Path) -> io::Result<u64> {
    let mut digest: u64 = 0;
    Folder::open(path)?.list(&mut |entry| {
        if matters(&entry) {
            digest = digest.wrapping_add(digest_of(&entry));
        }
        Ok(())
    })?;
    Ok(digest)
}

fn is_torrent(name: &OsStr) -> bool {
    ending(name).eq_ignore_ascii_case(b"torrent")
}

/// Whether it may say more about a torrent: a sidecar or a checksum file.
fn is_companion(name: &OsStr) -> bool {
    ending(name) == b"toml" || checksum_files::split(name).is_some()
}

fn is_page(name: &OsStr) -> bool {
    PAGES.iter().any(|page| ending(name) == page.as_bytes())
}

/// What follows the last dot of a name that does not begin with one; of none, nothing.
fn ending(name: &OsStr) -> &[u8] {
    let mut parts = name.as_bytes().rsplitn(2, |&byte| byte == b'.');
    match (parts.next(), parts.next()) {
        (Some(ending), Some(_)) => ending,
        _ => b"",
    }
}

/// The page beside a torrent with its name, relative to the torrents folder.
fn info_page(file: &Path, pages: &HashSet<OsString>) -> Option<PathBuf> {
    let candidates = PAGES.into_iter().map(|ending| file.with_extension(ending));
    candidates.into_iter().find(|page| page.file_name().is_some_and(|name| pages.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inodes_that_are_not_those_of_the_files_are_noticed() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a.torrent", "b.torrent"] {
            fs::write(home.path().join(name), b"").unwrap();
        }
        std::os::unix::fs::symlink("b.torrent", home.path().join("link.torrent")).unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let inode = fs::metadata(home.path().join("a.torrent")).unwrap().ino();
        for (inode, is_strange) in [(inode, false), (u64::from(u32::MAX), true)] {
            let mut content = FolderContent::default();
            let name = OsStr::new("link.torrent");
            content.take(&folder, Path::new(""), &Entry { name, kind: Kind::Link, inode: 1 });
            assert_eq!(content.has_strange_inodes, None, "a link tells nothing");
            let name = OsStr::new("a.torrent");
            content.take(&folder, Path::new(""), &Entry { name, kind: Kind::File, inode });
            assert_eq!(content.has_strange_inodes, Some(is_strange));
        }
        let mut content = FolderContent::of(home.path(), Path::new(""), Detail::Names).unwrap();
        let told: Vec<_> = content.files.iter().map(|file| file.seen).collect();
        content.files.iter_mut().for_each(|file| file.seen = Seen::Inode(0));
        look_at(&folder, &mut content.files, Detail::Names);
        assert_eq!(content.files.iter().map(|file| file.seen).collect::<Vec<_>>(), told);
    }
}
