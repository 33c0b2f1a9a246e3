//! The torrents folder: which torrents it offers, what is wrong with the other files, and how to
//! notice that it has changed. It is read only.

mod announce_url;
mod listing;
mod state;
mod view;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use self::listing::{ListedFile, Listing};
pub use self::state::FileState;
pub use self::view::{AfterWriting, FolderView};
pub use self::watched::{FileTime, Watched, has_changed};
use crate::protocol::{Flaw, InfoHash, Metainfo, MetainfoError, Timestamp, Url};

/// What a scan of the torrents folder found.
#[derive(Debug)]
pub struct FolderScan {
    /// The torrents to track, by the bytes of their paths.
    pub torrents: Vec<FoundTorrent>,
    /// Further files of torrents among these; each is among the problems too.
    pub duplicates: Vec<FoundTorrent>,
    /// What the owner should mend, by the bytes of the paths.
    pub problems: Vec<FolderProblem>,
    /// What a change of the folder would show on.
    pub view: FolderView,
    /// Whether everything could be looked at. If not, a torrent that was not found may still be
    /// there, and must not be called vanished.
    pub complete: bool,
}

/// A torrent in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTorrent {
    /// Its file, relative to the folder, as seen through links.
    pub file: PathBuf,
    /// What the file says.
    pub metainfo: Metainfo,
    /// Bytes of the file itself.
    pub file_size: u64,
    /// When the file was written; 1970 when the system does not say.
    pub modified: Timestamp,
    /// Whether it is left out of everything public: a `*.secret.torrent`.
    pub hidden: bool,
    /// The page about it, relative to the folder: beside it, with its name, and ending in `.html`,
    /// `.txt` or `.nfo`.
    pub info_page: Option<PathBuf>,
    /// While the file has this state it need not be read again. `None` when it may change without another one,
    /// or has to be read again for its owner to hear what is wrong with it.
    pub state: Option<FileState>,
}

/// A file or folder that the owner should look at.
#[derive(Debug)]
pub struct FolderProblem {
    /// Relative to the torrents folder.
    pub file: PathBuf,
    /// What is wrong, and what to do.
    pub problem: Problem,
}

impl fmt::Display for FolderProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.file.display(), self.problem)
    }
}

/// What is wrong with a file or folder.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The system does not let it be read.
    #[error("cannot be read ({0}); let the tracker's user read it, or remove it")]
    Unreadable(#[from] io::Error),
    /// A device, a pipe or the like.
    #[error("is not a file; remove it or give it another name")]
    NotAFile,
    /// More bytes than [`ScanRules::max_torrent_bytes`].
    #[error(
        "is larger than {limit} bytes; raise max_torrent_bytes in [catalog], or make the torrent again \
         with larger pieces"
    )]
    TooBig {
        /// Bytes that it may have.
        limit: u64,
    },
    /// Not a torrent, or a broken one.
    #[error("is not a usable torrent: {0}")]
    Metainfo(#[from] MetainfoError),
    /// A torrent that is tracked, but not as it should be.
    #[error("is tracked, but {0}")]
    Flawed(Flaw),
    /// It announces to others only.
    #[error(
        "announces to another tracker ({announce}); recreate it with this tracker's announce \
         URL, or set tracker.accept_foreign"
    )]
    Foreign {
        /// Its first announce URL.
        announce: String,
    },
    /// It announces to nobody.
    #[error(
        "names no tracker; recreate it with this tracker's announce URL, or set \
         tracker.accept_foreign"
    )]
    NoAnnounce,
    /// The same torrent once more.
    #[error("is the same torrent as {}; remove one of them", file.display())]
    SameInfoHash {
        /// The file that counts, relative to the torrents folder.
        file: PathBuf,
    },
}

/// The torrents folder cannot be read at all, so that nothing is known about any torrent.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read the torrents folder {} ({source}); make it, let the tracker's user read it, or \
     set paths.torrents to another", folder.display()
)]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Which torrents may be tracked.
#[derive(Clone, Copy, Debug)]
pub struct ScanRules<'a> {
    /// The announce URL that torrents should have in any tier; `None`: whatever they have is right.
    pub announce_url: Option<&'a str>,
    /// Other announce URLs that lead here, such as those of an old domain.
    pub also_announce_urls: &'a [Url],
    /// Whether a torrent of another tracker, or of none, is tracked like all others.
    pub accept_foreign: bool,
    /// Bytes of a `.torrent` file at most.
    pub max_torrent_bytes: u64,
}

/// Reads every `*.torrent` in the folder and the folders below it. Links are followed; what begins
/// with a dot is passed over, because uploads in progress are named so. Of one torrent in several
/// files, the first by the bytes of the path counts. After each file, `on_file` is told how many
/// have been looked at.
///
/// # Errors
/// When the folder itself cannot be read; anything less is among the problems.
pub fn scan_folder(
    folder: &Path,
    rules: &ScanRules<'_>,
    on_file: &mut dyn FnMut(usize),
) -> Result<FolderScan, FolderError> {
    scan_unknown(folder, rules, &|_, _| None, on_file)
}

/// The same, and does not read the files of which `known` gives, for their path and state, what an earlier
/// scan with the same rules read and had nothing to say against.
///
/// # Errors
/// As for [`scan_folder`].
pub fn scan_unknown(
    folder: &Path,
    rules: &ScanRules<'_>,
    known: &dyn Fn(&Path, &FileState) -> Option<Metainfo>,
    on_file: &mut dyn FnMut(usize),
) -> Result<FolderScan, FolderError> {
    scan_as_of(FileTime::now(), folder, rules, known, on_file)
}

/// The same at a time.
fn scan_as_of(
    begun: FileTime,
    folder: &Path,
    rules: &ScanRules<'_>,
    known: &dyn Fn(&Path, &FileState) -> Option<Metainfo>,
    on_file: &mut dyn FnMut(usize),
) -> Result<FolderScan, FolderError> {
    let Listing { files, problems, folders, complete } = Listing::of(folder)
        .map_err(|source| FolderError { folder: folder.to_path_buf(), source })?;
    let mut scan = Admission::new(files.len(), problems);
    let mut uploads = Vec::new();
    for (index, file) in files.into_iter().enumerate() {
        match file.state.as_ref().and_then(|state| known(&file.path, state)) {
            Some(metainfo) => scan.admit(FoundTorrent::new(file, metainfo, None)),
            None => match look_at(folder, &file, rules.max_torrent_bytes) {
                Ok((metainfo, bytes)) => match rules.complaint(&metainfo) {
                    Some(problem) => scan.problem(file.path, problem),
                    None => {
                        let mut found = FoundTorrent::new(file, metainfo, Some(bytes));
                        found.state = found.state.filter(|state| state.is_settled(begun));
                        scan.admit(found);
                    }
                },
                Err((problem, upload)) => {
                    uploads.extend(upload);
                    scan.problem(file.path, problem);
                }
            },
        }
        on_file(index + 1);
    }
    let Admission { torrents, duplicates, mut problems, .. } = scan;
    problems.sort_by(|a, b| a.file.as_os_str().cmp(b.file.as_os_str()));
    let view = FolderView::new(folder, folders, uploads);
    Ok(FolderScan { torrents, duplicates, problems, view, complete })
}

/// Reads one `.torrent` file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, or is not a usable torrent.
pub fn read_metainfo(path: &Path, limit: u64) -> Result<Metainfo, Problem> {
    Ok(Metainfo::parse(&read(path, limit)?)?)
}

/// The content of a file of at most `limit` bytes, even if it grows meanwhile.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    // A pipe that took the file's place would be waited for. Links are the owner's to make here.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut content = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if length(&content) > limit {
        return Err(Problem::TooBig { limit });
    }
    Ok(content)
}

fn length(content: &[u8]) -> u64 {
    // No memory holds more than 2^64 bytes.
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}

/// Reads a torrent of the folder, and says how many bytes its file has. One that cannot be used yet may still
/// be on its way here, and is to be watched.
fn look_at(
    folder: &Path,
    file: &ListedFile,
    limit: u64,
) -> Result<(Metainfo, u64), (Problem, Option<Watched>)> {
    let path = folder.join(&file.path);
    read(&path, limit)
        .and_then(|content| Ok((Metainfo::parse(&content)?, length(&content))))
        .map_err(|problem| {
            let as_listed = file.state.map(|state| state.modified);
            (problem, as_listed.map(|modified| Watched { path, modified }))
        })
}

impl FoundTorrent {
    /// A torrent in a file that was read, or that is as long as its state says.
    fn new(file: ListedFile, metainfo: Metainfo, bytes_read: Option<u64>) -> Self {
        let ListedFile { path, state, info_page } = file;
        let seconds = state.map_or(0, |state| state.modified.seconds());
        Self {
            hidden: is_hidden(&path),
            file: path,
            file_size: bytes_read.or(state.map(|state| state.size)).unwrap_or_default(),
            modified: Timestamp(u64::try_from(seconds).unwrap_or(0)),
            info_page,
            state: state.filter(|_| metainfo.flaws.is_empty()),
            metainfo,
        }
    }
}

fn is_hidden(file: &Path) -> bool {
    let name = file.file_stem().map(Path::new).and_then(Path::extension);
    name.is_some_and(|ending| ending.eq_ignore_ascii_case("secret"))
}

/// A scan under way.
struct Admission {
    torrents: Vec<FoundTorrent>,
    duplicates: Vec<FoundTorrent>,
    problems: Vec<FolderProblem>,
    /// Leads from every info-hash to the torrent that brought it.
    known: HashMap<InfoHash, usize>,
}

impl Admission {
    fn new(files: usize, problems: Vec<FolderProblem>) -> Self {
        let (torrents, known) = (Vec::with_capacity(files), HashMap::with_capacity(files));
        Self { torrents, duplicates: Vec::new(), problems, known }
    }

    /// Lists a torrent unless it is listed already.
    fn admit(&mut self, found: FoundTorrent) {
        let hashes = [Some(found.metainfo.canonical()), found.metainfo.alias()];
        let listed = hashes.iter().flatten().find_map(|hash| self.known.get(hash));
        if let Some(first) = listed.and_then(|&index| self.torrents.get(index)) {
            let problem = Problem::SameInfoHash { file: first.file.clone() };
            self.problem(found.file.clone(), problem);
            self.duplicates.push(found);
            return;
        }
        for &flaw in &found.metainfo.flaws {
            let problem = Problem::Flawed(flaw);
            self.problems.push(FolderProblem { file: found.file.clone(), problem });
        }
        let index = self.torrents.len();
        self.known.extend(hashes.into_iter().flatten().map(|hash| (hash, index)));
        self.torrents.push(found);
    }

    fn problem(&mut self, file: PathBuf, problem: Problem) {
        self.problems.push(FolderProblem { file, problem });
    }
}

impl FolderScan {
    /// The files that are there but could not be read or understood now, as in the middle of an
    /// upload.
    pub(super) fn unread(&self) -> impl Iterator<Item = &Path> {
        self.problems.iter().filter_map(|found| match found.problem {
            Problem::Unreadable(_) | Problem::TooBig { .. } | Problem::Metainfo(_) => {
                Some(found.file.as_path())
            }
            Problem::NotAFile
            | Problem::Flawed(_)
            | Problem::Foreign { .. }
            | Problem::NoAnnounce
            | Problem::SameInfoHash { .. } => None,
        })
    }

    /// Of a torrent in several files, has that one count which is its file already.
    pub(super) fn prefer(&mut self, is_its_file: impl Fn(InfoHash, &Path) -> bool) {
        for duplicate in &mut self.duplicates {
            let info_hash = duplicate.metainfo.canonical();
            if !is_its_file(info_hash, &duplicate.file) {
                continue;
            }
            let counting = self.torrents.iter_mut().find(|it| it.metainfo.canonical() == info_hash);
            let Some(counting) = counting else { continue };
            std::mem::swap(counting, duplicate);
            let complaint = self.problems.iter_mut().find(|found| {
                found.file == counting.file && matches!(found.problem, Problem::SameInfoHash { .. })
            });
            if let Some(complaint) = complaint {
                let problem = Problem::SameInfoHash { file: counting.file.clone() };
                *complaint = FolderProblem { file: duplicate.file.clone(), problem };
            }
        }
    }
}

impl ScanRules<'_> {
    /// What differs when another tracker version or other rules may judge a file otherwise.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{} {self:?}", env!("CARGO_PKG_VERSION"))
    }

    /// Why a torrent is not tracked: what there is to say against its announce URLs.
    #[must_use]
    pub fn complaint(&self, metainfo: &Metainfo) -> Option<Problem> {
        let ours = self.announce_url.filter(|_| !self.accept_foreign)?;
        let also = self.also_announce_urls.iter().map(Url::as_str);
        let all: Vec<&str> = std::iter::once(ours).chain(also).collect();
        let is_ours = |url: &String| all.iter().any(|ours| announce_url::leads_to(url, ours));
        let urls = &metainfo.announce_urls;
        match urls.first() {
            None => Some(Problem::NoAnnounce),
            Some(_) if urls.iter().any(is_ours) => None,
            Some(first) => Some(Problem::Foreign { announce: first.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
