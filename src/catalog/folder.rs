//! The torrents folder: which torrents it offers, what is wrong with the other files, and how to
//! notice that it has changed. It is read only.

mod announce_url;
mod listing;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use self::listing::Listing;
pub use self::watched::{Watched, has_changed};
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
    pub watched: Vec<Watched>,
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
        "announces to another tracker ({announce}); make it anew with this tracker's announce \
         URL, or set tracker.accept_foreign"
    )]
    Foreign {
        /// Its first announce URL.
        announce: String,
    },
    /// It announces to nobody.
    #[error(
        "names no tracker; make it anew with this tracker's announce URL, or set \
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
/// have been read.
///
/// # Errors
/// When the folder itself cannot be read; anything less is among the problems.
pub fn scan_folder(
    folder: &Path,
    rules: &ScanRules<'_>,
    on_file: &mut dyn FnMut(usize),
) -> Result<FolderScan, FolderError> {
    let listing = Listing::of(folder)
        .map_err(|source| FolderError { folder: folder.to_path_buf(), source })?;
    let mut scan = FolderScan {
        torrents: Vec::new(),
        duplicates: Vec::new(),
        problems: listing.problems,
        watched: listing.watched,
        complete: listing.complete,
    };
    let mut known = HashMap::new();
    for (index, file) in listing.files.into_iter().enumerate() {
        match look_at(folder, &file, rules.max_torrent_bytes) {
            Ok(found) => scan.admit(found, rules, &mut known),
            Err((problem, watched)) => {
                scan.watched.extend(watched);
                scan.problems.push(FolderProblem { file, problem });
            }
        }
        on_file(index + 1);
    }
    scan.problems.sort_by(|a, b| a.file.as_os_str().cmp(b.file.as_os_str()));
    Ok(scan)
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

/// Reads a torrent of the folder. One that cannot be used yet may still be on its way here, and is
/// to be watched.
fn look_at(
    folder: &Path,
    file: &Path,
    limit: u64,
) -> Result<FoundTorrent, (Problem, Option<Watched>)> {
    let path = folder.join(file);
    let watched = Watched::before_reading(&path);
    let modified = watched.as_ref().map_or(0, |watched| watched.modified_nanos / 1_000_000_000);
    let understood = read(&path, limit)
        .and_then(|content| Ok((Metainfo::parse(&content)?, length(&content))))
        .map_err(|problem| (problem, watched));
    let (metainfo, file_size) = understood?;
    Ok(FoundTorrent {
        file: file.to_path_buf(),
        metainfo,
        file_size,
        modified: Timestamp(u64::try_from(modified).unwrap_or(0)),
        hidden: is_hidden(file),
        info_page: info_page(folder, file),
    })
}

fn is_hidden(file: &Path) -> bool {
    let name = file.file_stem().map(Path::new).and_then(Path::extension);
    name.is_some_and(|ending| ending.eq_ignore_ascii_case("secret"))
}

fn info_page(folder: &Path, file: &Path) -> Option<PathBuf> {
    let pages = ["html", "txt", "nfo"].into_iter().map(|ending| file.with_extension(ending));
    pages.into_iter().find(|page| folder.join(page).is_file())
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

    /// Lists a torrent unless it belongs to another tracker or is listed already. `known` leads
    /// from every info-hash to the file that brought it.
    fn admit(
        &mut self,
        found: FoundTorrent,
        rules: &ScanRules<'_>,
        known: &mut HashMap<InfoHash, PathBuf>,
    ) {
        if let Some(problem) = rules.complaint(&found.metainfo) {
            self.problems.push(FolderProblem { file: found.file, problem });
            return;
        }
        let hashes = [Some(found.metainfo.canonical()), found.metainfo.alias()];
        if let Some(first) = hashes.iter().flatten().find_map(|hash| known.get(hash)) {
            let problem = Problem::SameInfoHash { file: first.clone() };
            self.problems.push(FolderProblem { file: found.file.clone(), problem });
            self.duplicates.push(found);
            return;
        }
        self.problems.extend(found.metainfo.flaws.iter().map(|&flaw| FolderProblem {
            file: found.file.clone(),
            problem: Problem::Flawed(flaw),
        }));
        known.extend(hashes.into_iter().flatten().map(|hash| (hash, found.file.clone())));
        self.torrents.push(found);
    }
}

impl ScanRules<'_> {
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
