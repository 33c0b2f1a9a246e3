//! The peers of one torrent as visitors may see them: without addresses, ports and peer ids.

use super::read_store;
use crate::config::LoadedConfig;
use crate::protocol::{ClientName, InfoHash, Timestamp};
use crate::store::{Cursor, PeerSummary, Role, StoreError, if_any};

/// A peer that nobody can tell from others of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct AnonymousPeer {
    /// The program, where it is known. Peer ids are easily forged.
    pub client: Option<String>,
    /// Whether it has everything.
    pub is_seeder: bool,
    /// Whether it has what it wants, but not everything.
    pub is_partial_seed: bool,
    /// Bytes still to download, when known.
    pub left: Option<u64>,
    /// Bytes that it says it has sent.
    pub uploaded: u64,
    /// Bytes that it says it has received.
    pub downloaded: u64,
    /// When it announced last.
    pub last_seen: Timestamp,
}

impl From<&PeerSummary> for AnonymousPeer {
    fn from(peer: &PeerSummary) -> Self {
        let client = ClientName::from(peer.peer_id);
        Self {
            client: client.is_known().then(|| client.software().to_owned()),
            is_seeder: peer.role == Role::Seeder,
            is_partial_seed: peer.role == Role::PartialSeed,
            left: peer.left,
            uploaded: peer.uploaded,
            downloaded: peer.downloaded,
            last_seen: peer.last_seen,
        }
    }
}

/// So many peers of a torrent at most, seeders first, then by what they still lack. None where there is no store yet.
///
/// # Errors
/// When the store cannot be read.
pub fn anonymous_peers(
    loaded: &LoadedConfig,
    info_hash: InfoHash,
    most: usize,
    now: Timestamp,
) -> Result<Vec<AnonymousPeer>, StoreError> {
    let Some(mut store) = if_any(read_store(loaded))? else { return Ok(Vec::new()) };
    let batch = store.visit_peers(info_hash, Cursor::default(), most, now)?;
    let mut peers: Vec<AnonymousPeer> = batch.items.iter().map(AnonymousPeer::from).collect();
    peers.sort_by_key(|peer| (!peer.is_seeder, peer.left, peer.last_seen));
    Ok(peers)
}
