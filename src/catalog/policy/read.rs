//! Looking things up in a policy snapshot.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapOptions};

use super::PolicyError;
use super::format::{
    self, ALIAS_LEN, Fault, Fields, HASH_LEN, HIDDEN, Layout, TORRENT_LEN, TorrentRecord,
    UnvalidatedHeader,
};
use crate::catalog::has_changed;
use crate::platform::FileMark;
use crate::platform::files;
use crate::protocol::{InfoHash, Timestamp};

/// A folder that was modified this shortly before its scan ended may have changed once more without
/// another modification time: the coarsest clocks of file systems (FAT) tick every two seconds.
const UNSEEN_CHANGE_NANOS: u64 = 2_000_000_000;

/// The policy as it was published at one instant; later publications do not change it.
///
/// Opening reads the header only. A file that was damaged behind it can give wrong answers, until
/// [`PolicySnapshot::verify`] is asked, but never a crash.
#[derive(Debug)]
pub struct PolicySnapshot {
    map: Mmap,
    layout: Layout,
    path: PathBuf,
    mark: FileMark,
}

/// A torrent that may be announced, as the policy knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyTorrent<'a> {
    /// The info-hash that names its swarm, whichever was asked for.
    pub canonical: InfoHash,
    /// Bytes of content.
    pub size: u64,
    /// Left out of listings.
    pub hidden: bool,
    /// Completed downloads over all lives of the peer store, as of the last refresh.
    pub completed: u64,
    /// How many of these the life [`PolicySnapshot::store`] has counted; never more than all.
    pub carried_completed: u64,
    name: &'a [u8],
}

/// What the times of the torrents folder say about it since the last scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderChange {
    /// It is as it was.
    None,
    /// It was modified so shortly before the scan that one more change would not show.
    Perhaps,
    /// It was modified, or is gone.
    Certain,
}

impl<'a> PolicyTorrent<'a> {
    /// The name in the metainfo; read only when asked for.
    #[must_use]
    pub fn name(&self) -> &'a str {
        // Names are written as UTF-8; only a damaged file has others.
        std::str::from_utf8(self.name).unwrap_or_default()
    }
}

impl PolicySnapshot {
    /// Opens the snapshot at `path`, at a cost that does not depend on how much is in it: the header
    /// and the section table are checked, the sections are not.
    ///
    /// # Errors
    /// When there is none, or it cannot be read, is damaged or has another version.
    pub fn open(path: &Path) -> Result<Self, PolicyError> {
        let io = |source: io::Error| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::NotFound => PolicyError::Missing { path },
                _ => PolicyError::Io { doing: "read", path, source },
            }
        };
        let (file, metadata) =
            files::open(path, File::options().read(true)).map_err(|error| io(error.into()))?;
        let broken = |what| PolicyError::Broken { path: path.to_owned(), what };
        let length = usize::try_from(metadata.len()).map_err(|_| broken("it is too large"))?;
        if length == 0 {
            // Nothing cannot be mapped.
            return Err(broken("it is empty"));
        }
        // SAFETY: snapshots are only ever replaced by rename and never written or cut short in place,
        // so the bytes behind the mapping do not change while it lives.
        let map = unsafe { MmapOptions::new().len(length).map(&file) }.map_err(io)?;
        let layout = UnvalidatedHeader::read(&map).and_then(|header| header.validate()).map_err(
            |fault| match fault {
                Fault::Broken(what) => broken(what),
                Fault::Version(found) => PolicyError::Version { path: path.to_owned(), found },
            },
        )?;
        Ok(Self { map, layout, path: path.to_owned(), mark: FileMark::from(&metadata) })
    }

    /// What tells the file from what will take its place.
    #[must_use]
    pub fn mark(&self) -> FileMark {
        self.mark
    }

    /// Checks every byte, at a cost that grows with the file: for processes that live long, and for
    /// whoever looks after the installation.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn verify(&self) -> Result<(), PolicyError> {
        let whole = self.layout.sections.iter().all(|section| {
            self.map
                .get(section.bytes.clone())
                .is_some_and(|bytes| format::digest_of(&[bytes]) == section.digest)
        });
        if whole {
            return Ok(());
        }
        let what = "the checksum of a section is wrong";
        Err(PolicyError::Broken { path: self.path.clone(), what })
    }

    /// The torrent that clients announce with `info_hash`, its canonical one or an alias.
    #[must_use]
    pub fn find(&self, info_hash: InfoHash) -> Option<PolicyTorrent<'_>> {
        let torrents = self.torrent_records();
        let position = position_of(torrents, info_hash).or_else(|| {
            let aliases = self.alias_records();
            let alias = aliases.get(position_of(aliases, info_hash)?)?;
            let position = alias.last_chunk().copied().map(u32::from_le_bytes)?;
            usize::try_from(position).ok()
        })?;
        self.torrent_of(torrents.get(position)?)
    }

    /// All torrents, sorted by canonical info-hash.
    pub fn torrents(&self) -> impl Iterator<Item = PolicyTorrent<'_>> {
        self.torrent_records().iter().filter_map(|record| self.torrent_of(record))
    }

    /// When the last refresh was; 0 before the first.
    #[must_use]
    pub fn refreshed_at(&self) -> Timestamp {
        Timestamp(self.layout.facts.refreshed_at)
    }

    /// When the snapshot was published.
    #[must_use]
    pub fn published_at(&self) -> Timestamp {
        Timestamp(self.layout.facts.published_at)
    }

    /// The life of the peer store that [`PolicyTorrent::carried_completed`] speaks of.
    #[must_use]
    pub fn store(&self) -> u64 {
        self.layout.facts.store
    }

    /// Whether a torrent may have come, gone or changed since the scan behind this snapshot. Where
    /// nothing is watched, the folder could not be seen; perhaps it can be now.
    #[must_use]
    pub fn folder_change(&self) -> FolderChange {
        let mut rest = Fields(self.section(&self.layout.watched));
        if rest.0.is_empty() {
            return FolderChange::Perhaps;
        }
        let mut change = FolderChange::None;
        while !rest.0.is_empty() {
            let Some((path, seen_nanos)) = next_watched(&mut rest) else {
                return FolderChange::Certain;
            };
            if has_changed(path, seen_nanos) {
                return FolderChange::Certain;
            }
            let scanned_nanos = self.layout.facts.scanned_nanos;
            if seen_nanos.abs_diff(scanned_nanos) < UNSEEN_CHANGE_NANOS {
                change = FolderChange::Perhaps;
            }
        }
        change
    }

    fn torrent_records(&self) -> &[[u8; TORRENT_LEN]] {
        self.section(&self.layout.torrents).as_chunks().0
    }

    fn alias_records(&self) -> &[[u8; ALIAS_LEN]] {
        self.section(&self.layout.aliases).as_chunks().0
    }

    fn torrent_of(&self, record: &[u8; TORRENT_LEN]) -> Option<PolicyTorrent<'_>> {
        let record = TorrentRecord::read(record)?;
        let mut names = Fields(self.section(&self.layout.names));
        let name = names.bytes(record.name_offset).and_then(|_| names.bytes(record.name_len));
        Some(PolicyTorrent {
            canonical: InfoHash(record.canonical),
            size: record.size,
            hidden: record.flags & HIDDEN != 0,
            completed: record.completed,
            carried_completed: record.carried_completed.min(record.completed),
            name: name.unwrap_or_default(),
        })
    }

    fn section(&self, bytes: &std::ops::Range<usize>) -> &[u8] {
        self.map.get(bytes.clone()).unwrap_or_default()
    }
}

/// Where the record that begins with `info_hash` stands among sorted ones.
fn position_of<const N: usize>(records: &[[u8; N]], info_hash: InfoHash) -> Option<usize> {
    records
        .binary_search_by(|record| record.first_chunk::<HASH_LEN>().cmp(&Some(&info_hash.0)))
        .ok()
}

fn next_watched<'a>(rest: &mut Fields<'a>) -> Option<(&'a Path, i64)> {
    let seen_nanos = rest.i64()?;
    let len = rest.u32()?;
    Some((Path::new(OsStr::from_bytes(rest.bytes(len)?)), seen_nanos))
}
