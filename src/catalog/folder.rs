//! The torrents folder: which torrents it offers, what is wrong with the other files, and how to
//! notice that it has changed. It is read only.

mod announce_url;
mod known;
mod listing;
mod reading;
mod view;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

pub use self::announce_url::leads_to;
pub use self::known::{Fingerprints, KnownFiles};
use self::listing::ListedFile;
pub use self::listing::{Detail, Listing, Seen, SeenCompanions, Surroundings};
use self::reading::Reading;
pub use self::view::{AfterWriting, FolderView};
pub use self::watched::{Watched, has_changed};
use super::checksum_files::{ChecksumFileError, ReadChecksumFile};
use super::file_state::FileState;
use super::sidecar::{ReadSidecar, SidecarError};
use super::torrent::is_hidden;
use crate::platform::folder::FileStatus;
use crate::platform::order::Order as _;
use crate::protocol::{Flaw, InfoHash, Metainfo, MetainfoError, Timestamp, Url};

/// What a scan of the torrents folder found.
#[derive(Debug)]
pub struct FolderScan {
    /// The torrents to track that were read, by the bytes of their paths.
    pub torrents: Vec<FoundTorrent>,
    /// Where those that are known stand in the list that they are known from.
    pub unchanged: Vec<usize>,
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
    /// Its sidecar, if it has one.
    pub sidecar: Option<Box<ReadSidecar>>,
    /// Its checksum files, in the order in which they count.
    pub checksum_files: Vec<ReadChecksumFile>,
    /// While the file has this state it need not be read again. `None` when it or what is beside it may change without
    /// another one, or has to be read again for its owner to hear what is wrong with it.
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
    /// A folder, or what may be a link to one, that cannot be looked into.
    #[error(
        "cannot be looked into ({0}); let the tracker's user read it, or remove it: until then no torrent counts as \
         gone, also elsewhere"
    )]
    Unseen(io::Error),
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
    /// A sidecar that is not as it should be.
    #[error(
        "is not used: {0}; what it said before, if anything, stays in force, and a torrent that is new is not listed until \
         its sidecar can be read"
    )]
    Sidecar(#[from] SidecarError),
    /// A sidecar of nothing.
    #[error(
        "is beside no torrent; give it the name of a .torrent file in its folder, or remove it"
    )]
    LoneSidecar,
    /// A checksum file that is not as it should be.
    #[error("is not used: {0}; what it said before, if anything, stays in force")]
    ChecksumFile(#[from] ChecksumFileError),
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
    let known = KnownFiles::new(Vec::new(), Fingerprints::of([].into_iter(), Detail::States));
    Ok(Listing::of(folder, Detail::States)?.scan(rules, &known, on_file))
}

impl Listing {
    /// Reads the files that are not known from an earlier scan with the same rules, which had nothing to say against
    /// them. Another file of a known torrent is a duplicate, wherever it stands.
    pub fn scan(
        mut self,
        rules: &ScanRules<'_>,
        known: &KnownFiles<'_>,
        on_file: &mut dyn FnMut(usize),
    ) -> FolderScan {
        let (mut unchanged, mut unknown) = (Vec::with_capacity(self.files.len()), Vec::new());
        for (file, position) in self.files.iter().zip(known.positions(&self.files)) {
            match position {
                Some(position) => {
                    unchanged.push(position);
                    on_file(unchanged.len());
                }
                None => unknown.push(file),
            }
        }
        // A path's own order goes by its parts, not by its bytes.
        unknown.order_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        let problems = std::mem::take(&mut self.problems);
        let mut reading = Reading::new(&self, rules, problems);
        for (count, file) in (unchanged.len()..).zip(unknown) {
            reading.read(file);
            on_file(count + 1);
        }
        let Reading { found, problems, uploads, .. } = reading;
        let hashes = found.iter().flat_map(FoundTorrent::hashes).collect();
        let mut admission = Admission::new(known.files_of(&hashes, &unchanged), problems);
        for found in found {
            admission.admit(found);
        }
        let Admission { torrents, duplicates, mut problems, .. } = admission;
        problems.order_by(|a, b| a.file.as_os_str().cmp(b.file.as_os_str()));
        let Self { folders, complete, detail, .. } = self;
        let view = FolderView::new(folders, uploads, detail);
        FolderScan { torrents, unchanged, duplicates, problems, view, complete }
    }
}

/// Reads one `.torrent` file of at most `limit` bytes, and gives its content too: what was checked is what can be
/// copied.
///
/// # Errors
/// When it cannot be read, or is not a usable torrent.
pub fn read_torrent(path: &Path, limit: u64) -> Result<(Metainfo, Vec<u8>), Problem> {
    let ReadFile { content, .. } = read(path, limit)?;
    Ok((Metainfo::parse(&content)?, content))
}

/// The same of a file that is open.
///
/// # Errors
/// As for [`read_torrent`].
pub fn read_open_torrent(file: File, limit: u64) -> Result<(Metainfo, Vec<u8>), Problem> {
    let ReadFile { content, .. } = read_open(file, limit)?;
    Ok((Metainfo::parse(&content)?, content))
}

/// A file that was read.
struct ReadFile {
    content: Vec<u8>,
    /// The state of just this file before it was read: what changes meanwhile has another one. That of the path may
    /// be another file's, where a link or a folder leads elsewhere for a moment.
    state: FileState,
}

/// The content of a file of at most `limit` bytes, even if it grows meanwhile.
fn read(path: &Path, limit: u64) -> Result<ReadFile, Problem> {
    // A pipe that took the file's place would be waited for. Links are the owner's to make here.
    read_open(File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?, limit)
}

fn read_open(file: File, limit: u64) -> Result<ReadFile, Problem> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    let state = FileState::from(&FileStatus::from(&metadata));
    let mut content = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if length(&content) > limit {
        return Err(Problem::TooBig { limit });
    }
    Ok(ReadFile { content, state })
}

fn length(content: &[u8]) -> u64 {
    // No memory holds more than 2^64 bytes.
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}

impl FoundTorrent {
    /// The torrent in a file that was read.
    fn new(file: &ListedFile, metainfo: Metainfo, read: &ReadFile) -> Self {
        let ListedFile { path, info_page, .. } = file;
        Self {
            hidden: is_hidden(path),
            file: path.clone(),
            file_size: length(&read.content),
            modified: Timestamp(u64::try_from(read.state.modified.seconds()).unwrap_or(0)),
            info_page: info_page.clone(),
            sidecar: None,
            checksum_files: Vec::new(),
            state: Some(read.state).filter(|_| metainfo.flaws.is_empty()),
            metainfo,
        }
    }

    /// Whether the files beside it are as they should be, and cannot change without another state.
    fn has_settled_companions(&self) -> bool {
        let sidecar = self.sidecar.as_deref();
        sidecar.is_none_or(|it| it.outcome.is_ok() && it.state.is_some())
            && self.checksum_files.iter().all(|it| it.outcome.is_ok() && it.state.is_some())
    }

    /// All info-hashes that clients announce it with.
    fn hashes(&self) -> impl Iterator<Item = InfoHash> + use<> {
        let hashes = [Some(self.metainfo.canonical()), self.metainfo.alias()];
        hashes.into_iter().flatten()
    }
}

/// Which of the torrents that were read are listed.
struct Admission<'a> {
    torrents: Vec<FoundTorrent>,
    duplicates: Vec<FoundTorrent>,
    problems: Vec<FolderProblem>,
    /// The files of known torrents with one of their info-hashes.
    known: HashMap<InfoHash, &'a Path>,
    /// Leads from every info-hash to the torrent that brought it.
    admitted: HashMap<InfoHash, usize>,
}

impl<'a> Admission<'a> {
    fn new(known: HashMap<InfoHash, &'a Path>, problems: Vec<FolderProblem>) -> Self {
        let (torrents, duplicates, admitted) = (Vec::new(), Vec::new(), HashMap::new());
        Self { torrents, duplicates, problems, known, admitted }
    }

    /// Lists a torrent unless it is listed already.
    fn admit(&mut self, found: FoundTorrent) {
        let known = found.hashes().find_map(|hash| self.known.get(&hash).copied());
        let admitted = || found.hashes().find_map(|hash| self.admitted.get(&hash));
        let first = known.or_else(|| Some(self.torrents.get(*admitted()?)?.file.as_path()));
        if let Some(first) = first {
            let problem = Problem::SameInfoHash { file: first.to_owned() };
            self.problems.push(FolderProblem { file: found.file.clone(), problem });
            self.duplicates.push(found);
            return;
        }
        for &flaw in &found.metainfo.flaws {
            let problem = Problem::Flawed(flaw);
            self.problems.push(FolderProblem { file: found.file.clone(), problem });
        }
        let index = self.torrents.len();
        self.admitted.extend(found.hashes().map(|hash| (hash, index)));
        self.torrents.push(found);
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
            | Problem::Unseen(_)
            | Problem::Flawed(_)
            | Problem::Foreign { .. }
            | Problem::NoAnnounce
            | Problem::SameInfoHash { .. }
            | Problem::Sidecar(_)
            | Problem::LoneSidecar
            | Problem::ChecksumFile(_) => None,
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
        let is_ours = |url: &String| all.iter().any(|ours| leads_to(url, ours));
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
