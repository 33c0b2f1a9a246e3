//! What became of something that was given, in one line.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{ArchiveError, LeftOut};
use crate::catalog::{CatalogError, Problem};
use crate::config::UploadPlace;
use crate::protocol::{InfoHash, MagnetError};

/// Which torrent was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenTorrent {
    /// The info-hash that the catalogue knows it by, or will.
    pub info_hash: InfoHash,
    /// Its own name; may be empty.
    pub name: String,
}

/// What became of something that was given. It is told as what follows the name of what was given.
#[derive(Debug)]
pub enum Verdict {
    /// It is tracked from now on.
    Added {
        /// Which one.
        torrent: GivenTorrent,
        /// Where its file is; none where it is tracked without one.
        kept_in: Option<UploadPlace>,
        /// Whether it was neither tracked before, without a file, nor has anything been decided about it: it may be somebody
        /// else's, and what is decided about all that is added is not to be decided about it.
        is_new: bool,
        /// Whether it got our announce URL in the place of another.
        is_rewritten: bool,
    },
    /// It was known before.
    Known {
        /// Which one.
        torrent: GivenTorrent,
        /// As what.
        state: KnownState,
    },
    /// It is no torrent, too large, or announces to others.
    Refused(Problem),
    /// It would get another info-hash with another announce URL.
    NotRewritten,
    /// A magnet link of no torrent.
    NoMagnet(MagnetError),
    /// A text that is neither an info-hash nor a magnet link.
    NoHash,
    /// An archive that is not opened.
    NoArchive(ArchiveError),
    /// What of an archive is not looked at.
    LeftOut(LeftOut),
    /// Another torrent has its name.
    NameTaken {
        /// That one's file.
        file: PathBuf,
    },
    /// Its file cannot be stored; nothing is left of it.
    NotStored {
        /// Where.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue cannot be used.
    Failed(CatalogError),
    /// The catalogue could not be used for one before.
    NotReached,
}

/// As what a torrent is known that is given once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownState {
    /// It is tracked.
    Tracked,
    /// It is tracked and not listed.
    Hidden,
    /// It is not tracked any more.
    Retired,
    /// It is tracked, and from now on also without its file.
    Kept,
    /// Its very file is in the folder, and is tracked as soon as that is looked at.
    InFolder,
    /// It was given twice.
    Twice,
}

impl Verdict {
    /// What became of it, in a word for programs: `added`, `known`, `hidden`, `retired` or `refused`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Known { state: KnownState::Hidden, .. } => "hidden",
            Self::Known { state: KnownState::Retired, .. } => "retired",
            Self::Known { .. } => "known",
            _ => "refused",
        }
    }

    /// The torrent, where it is tracked now or known.
    #[must_use]
    pub fn torrent(&self) -> Option<&GivenTorrent> {
        match self {
            Self::Added { torrent, .. } | Self::Known { torrent, .. } => Some(torrent),
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Added { kept_in: None, .. } => "is tracked from now on",
            Self::Added { kept_in: Some(UploadPlace::Folder), is_rewritten: false, .. } => {
                "is in the torrents folder, and tracked from now on"
            }
            Self::Added { kept_in: Some(UploadPlace::Database), is_rewritten: false, .. } => {
                "is in the database, and tracked from now on"
            }
            Self::Added { kept_in: Some(UploadPlace::Folder), is_rewritten: true, .. } => {
                "is in the torrents folder with this tracker's announce URL, and tracked from now on; share the file from \
                 there"
            }
            Self::Added { kept_in: Some(UploadPlace::Database), is_rewritten: true, .. } => {
                "is in the database with this tracker's announce URL, and tracked from now on; share the file that its \
                 page leads to"
            }
            Self::Known { state, .. } => return state.fmt(formatter),
            Self::Refused(problem) => return problem.fmt(formatter),
            Self::NotRewritten => {
                "would get another info-hash with another announce URL; make it again with another program"
            }
            Self::NoMagnet(problem) => return problem.fmt(formatter),
            Self::NoHash => {
                "is neither an info-hash (40 or 64 hexadecimal digits) nor a magnet link"
            }
            Self::NoArchive(problem) => return problem.fmt(formatter),
            Self::LeftOut(why) => return why.fmt(formatter),
            Self::NameTaken { file } => {
                return write!(
                    formatter,
                    "another torrent has the name {} already; rename the file, and add it again",
                    file.display()
                );
            }
            Self::NotStored { file, source } => {
                return write!(
                    formatter,
                    "cannot be put into the torrents folder as {}: {source}; its folder must have room, and be writable \
                     for the user that the tracker runs as; or keep it in the database (`keep_uploads` in [catalog])",
                    file.display()
                );
            }
            Self::Failed(problem) => return problem.fmt(formatter),
            Self::NotReached => "was not looked at, as the catalogue could not be used before",
        };
        formatter.write_str(text)
    }
}

impl fmt::Display for KnownState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tracked => "is tracked already",
            Self::Hidden => "is tracked already, and hidden",
            Self::Retired => "is known, but retired: `tracker torrent restore` ends that",
            Self::Kept => "is tracked already, and stays when its file goes",
            Self::InFolder => "is in the torrents folder already",
            Self::Twice => "was given twice",
        })
    }
}
