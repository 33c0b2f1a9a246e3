//! The peers of one torrent: as visitors may see them, without addresses, ports and peer ids; and all of it for who looks
//! after the torrent.

use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use super::read_store;
use crate::config::LoadedConfig;
use crate::platform::order::Order as _;
use crate::protocol::{ClientName, InfoHash, PeerId, Timestamp};
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
    peers.order_by_key(|peer| (!peer.is_seeder, peer.left, peer.last_seen));
    Ok(peers)
}

/// A peer with its addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownPeer {
    /// What visitors may see of it.
    pub shown: AnonymousPeer,
    /// Where it listens; port 0 where it does not say.
    pub addresses: Vec<SocketAddr>,
    /// What it calls itself.
    pub peer_id: PeerId,
    /// The program and its version, as the peer id says.
    pub client: String,
    /// When it announced first.
    pub first_seen: Timestamp,
}

/// Some of a torrent's peers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeerPage {
    /// In no order.
    pub peers: Vec<KnownPeer>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<u64>,
}

impl From<&PeerSummary> for KnownPeer {
    fn from(peer: &PeerSummary) -> Self {
        let v4 = peer.v4.map(|v4| SocketAddrV4::new(v4.ip(), v4.port()).into());
        let v6 = peer.v6.map(|v6| SocketAddrV6::new(v6.ip(), v6.port(), 0, 0).into());
        Self {
            shown: peer.into(),
            addresses: v4.into_iter().chain(v6).collect(),
            peer_id: peer.peer_id,
            client: ClientName::from(peer.peer_id).to_string(),
            first_seen: peer.first_seen,
        }
    }
}

/// So many peers of a torrent at most, from where the page before ended. None where there is no store yet. What comes or
/// goes between two pages may be seen or not; what stays is seen once.
///
/// # Errors
/// When the store cannot be read.
pub fn known_peers(
    loaded: &LoadedConfig,
    info_hash: InfoHash,
    from: Option<u64>,
    most: usize,
    now: Timestamp,
) -> Result<PeerPage, StoreError> {
    let Some(mut store) = if_any(read_store(loaded))? else { return Ok(PeerPage::default()) };
    let from = from.map_or(Cursor::default(), Cursor);
    let batch = store.visit_peers(info_hash, from, most, now)?;
    Ok(PeerPage {
        peers: batch.items.iter().map(KnownPeer::from).collect(),
        next: batch.next.map(|Cursor(next)| next),
    })
}
