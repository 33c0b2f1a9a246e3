//! What a store is told by an announce, and what the asker wants back.

use std::net::IpAddr;

use crate::protocol::{ClientKey, CompactV4, CompactV6, InfoHash, PeerId};

/// What a peer is to its swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Wants data.
    Leecher,
    /// Has what it wants, but not everything (BEP 21).
    PartialSeed,
    /// Has everything.
    Seeder,
}

/// What an announce does to a peer's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The peer is here.
    Stay,
    /// The peer is here and says that its download has just ended (`event=completed`).
    Complete,
    /// The peer leaves (`event=stopped`).
    Leave,
}

/// Under which of its info-hashes a swarm was asked for; a hybrid torrent has two (BEP 52).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Under {
    /// The one that names the swarm.
    First,
    /// The other one.
    Second,
}

/// One announce, as a store sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAnnounce {
    /// The swarm.
    pub info_hash: InfoHash,
    /// Under which of its info-hashes.
    pub under: Under,
    /// How the peer in it names itself.
    pub peer_id: PeerId,
    /// The IPv4 address that this announce vouches for. Port 0: counted, never handed out.
    pub v4: Option<CompactV4>,
    /// The IPv6 address that this announce vouches for. Port 0: counted, never handed out.
    pub v6: Option<CompactV6>,
    /// Where the announce came from; `None`: from the first of these addresses. An address that it did
    /// not come from is one that the client states.
    pub seen: Option<IpAddr>,
    /// Proof of identity across addresses.
    pub key: Option<ClientKey>,
    /// Bytes of the torrent's content, when known.
    pub size: Option<u64>,
    /// Bytes still to download; `None` when the client does not know.
    pub left: Option<u64>,
    /// Bytes uploaded since the client's `started`.
    pub uploaded: u64,
    /// Bytes downloaded since the client's `started`.
    pub downloaded: u64,
    /// What the peer is to the swarm now.
    pub role: Role,
    /// What happens to its record.
    pub action: Action,
}

impl PeerAnnounce {
    /// Of a leecher that says no more than which peer it is: without an address it is counted only.
    #[must_use]
    pub fn new(info_hash: InfoHash, peer_id: PeerId) -> Self {
        Self {
            info_hash,
            under: Under::First,
            peer_id,
            v4: None,
            v6: None,
            seen: None,
            key: None,
            size: None,
            left: None,
            uploaded: 0,
            downloaded: 0,
            role: Role::Leecher,
            action: Action::Stay,
        }
    }
}

/// What of the swarm the asker wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// At most so many peers; may be 0.
    pub peers: u32,
    /// Whether seeders and partial seeds may be among them.
    pub seeders: bool,
    /// Whether peer ids are needed (replies in dictionary form).
    pub peer_ids: bool,
}
