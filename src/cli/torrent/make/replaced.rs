//! The torrent in whose place another one is put, and what becomes of it.

use std::path::Path;

use crate::catalog::{Catalog, Torrent, read_torrent};
use crate::cli::torrent::MOST_TORRENT_BYTES;
use crate::config::{LoadedConfig, Torrents};
use crate::protocol::{InfoHash, Timestamp};
use crate::site::counted;
use crate::tracker::TorrentWithPeers;

/// The torrent that has a place now.
pub(super) struct Replaced {
    pub(super) info_hash: InfoHash,
    /// How many peers it has, where it is tracked only because of the file there.
    peers: Option<u64>,
}

impl Replaced {
    /// The torrent of the file at this place, or the one that the catalogue still knows there.
    pub(super) fn at(place: &Path, loaded: &LoadedConfig, now: Timestamp) -> Option<Self> {
        let there = read_torrent(place, MOST_TORRENT_BYTES).ok().map(|(it, _)| it.canonical());
        let known = known_at(place, loaded);
        let info_hash = there.or(known.as_ref().map(|it| it.canonical))?;
        let is_open = loaded.config.tracker.torrents == Torrents::Open;
        let is_lost = |it: &Torrent| it.canonical == info_hash && it.is_tracked() && !it.added;
        let lost = known.filter(|it| is_lost(it) && !is_open);
        let peers_of = |torrent| {
            let peers = TorrentWithPeers::now(loaded, torrent, now).peers;
            peers.map_or(0, |it| it.peers())
        };
        Some(Self { info_hash, peers: lost.map(peers_of) })
    }

    /// What its owner should know of that.
    pub(super) fn warning(&self) -> String {
        let hash = self.info_hash;
        let Some(peers) = self.peers else {
            return format!("{hash} had this place. Give people the new file");
        };
        let refused = match peers {
            0 => String::new(),
            1 => ", and its peer is refused".to_owned(),
            several => format!(", and its {} are refused", counted(several, "peer")),
        };
        format!(
            "{hash} had this place: it is no longer tracked{refused}. Give people the new file; `tracker torrent add \
             {hash}` goes on tracking it"
        )
    }
}

/// The torrent whose file the catalogue has seen at a place.
fn known_at(place: &Path, loaded: &LoadedConfig) -> Option<Torrent> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
    let torrents = loaded.config.paths.torrents.canonicalize().ok()?;
    let file = folder.strip_prefix(torrents).ok()?.join(place.file_name()?);
    let all = Catalog::read(&loaded.config.paths.catalog).ok()?.torrents().ok()?;
    all.into_iter().find(|it| it.file == file)
}
