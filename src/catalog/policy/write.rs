//! Publishing the policy snapshot.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::format::{self, Facts, NewSection, Sequence, TorrentRecord};
use super::{PolicyError, PolicySnapshot};
use crate::catalog::{FileTime, Torrent, Watched};
use crate::platform::publication::TemporaryFile;
use crate::protocol::{Generation, InfoHash, Timestamp};

/// What a snapshot says beside the torrents.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// Every folder whose change may mean another torrent, as the scan saw them.
    pub watched: Vec<&'a Watched>,
    /// When that scan ended; `None` when no change since can have gone unseen.
    pub scanned: Option<FileTime>,
    /// When the last refresh was; 0 before the first.
    pub refreshed_at: Timestamp,
    /// The generation of the peer store now. Of each torrent's completed downloads the snapshot says how
    /// many this generation has counted.
    pub generation: Generation,
    /// Now.
    pub published_at: Timestamp,
}

/// Writes the policy snapshot at `path` from these torrents, whose files are there. Whoever opens it sees the old
/// one or the new one, whole; missing folders are made (mode 0700). Only one process at a time may.
///
/// # Errors
/// When the snapshot cannot be written; then the old one stays.
pub fn publish(
    path: &Path,
    torrents: Vec<Torrent>,
    publication: &Publication<'_>,
) -> Result<(), PolicyError> {
    let sequence = next_sequence(path, publication.published_at);
    let snapshot = encode(torrents, publication, sequence)
        .ok_or_else(|| PolicyError::TooLarge { path: path.to_owned() })?;
    let write = || {
        let mut temporary = TemporaryFile::beside(path)?;
        temporary.file.write_all(&snapshot)?;
        temporary.replace(path)
    };
    write().map_err(|source| PolicyError::Io { doing: "write", path: path.to_owned(), source })
}

/// Higher than the number of the snapshot at `path`, and not below the microseconds since 1970. So numbers go
/// on rising where that file was lost, and where the catalogue comes from a backup or has moved to another host.
fn next_sequence(path: &Path, now: Timestamp) -> Sequence {
    let Sequence(last) = PolicySnapshot::open(path).map_or(Sequence(0), |last| last.sequence());
    Sequence(now.0.saturating_mul(1_000_000).max(last.saturating_add(1)))
}

/// The bytes of a snapshot; `None` when a count or an offset does not fit.
pub(super) fn encode(
    mut torrents: Vec<Torrent>,
    publication: &Publication<'_>,
    sequence: Sequence,
) -> Option<Vec<u8>> {
    torrents.sort_unstable_by_key(|torrent| torrent.canonical);
    let (mut records, mut names) = (Vec::new(), Vec::new());
    let mut aliases: Vec<(InfoHash, u32)> = Vec::new();
    for (position, torrent) in torrents.iter().enumerate() {
        let position = u32::try_from(position).ok()?;
        aliases.extend(torrent.aliases().map(|alias| (alias, position)));
        record_of(torrent, publication.generation, names.len())?.write(&mut records);
        names.extend(torrent.name.as_bytes());
    }
    aliases.sort_unstable();
    aliases.dedup_by_key(|&mut (alias, _)| alias);
    let aliases =
        aliases.iter().flat_map(|(alias, at)| alias.0.into_iter().chain(at.to_le_bytes()));
    let mut watched = Vec::new();
    for Watched { path, modified } in &publication.watched {
        let path = path.as_os_str().as_bytes();
        watched.extend(modified.0.to_le_bytes());
        watched.extend(u32::try_from(path.len()).ok()?.to_le_bytes());
        watched.extend(path);
    }
    let facts = Facts {
        sequence,
        published_at: publication.published_at,
        refreshed_at: publication.refreshed_at,
        scanned: publication.scanned,
        generation: publication.generation,
    };
    let section = |id, record_len, bytes| NewSection { id, record_len, bytes };
    let sections = [
        section(format::TORRENTS, format::TORRENT_LEN, records),
        section(format::ALIASES, format::ALIAS_LEN, aliases.collect()),
        section(format::NAMES, 0, names),
        section(format::WATCHED, 0, watched),
    ];
    Some(format::assemble(facts, &sections))
}

fn record_of(
    torrent: &Torrent,
    generation: Generation,
    name_offset: usize,
) -> Option<TorrentRecord> {
    let Torrent { totals, carried, .. } = torrent;
    let carried_completed = carried.within(generation).completed;
    Some(TorrentRecord {
        canonical: torrent.canonical.0,
        flags: if torrent.hidden { format::HIDDEN } else { 0 },
        size: torrent.size,
        completed: totals.completed,
        carried_completed: carried_completed.min(totals.completed),
        name_offset: u32::try_from(name_offset).ok()?,
        name_len: u32::try_from(torrent.name.len()).ok()?,
    })
}
