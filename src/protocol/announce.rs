//! An announce as the client sends it: one pass over the query, no allocation (BEP 3, 7, 21, 23).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ClientKey, InfoHash, PeerId};

/// What the client says has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// A regular announce; also any word that we do not know.
    #[default]
    None,
    /// The first announce of a download.
    Started,
    /// The download has ended just now.
    Completed,
    /// The client leaves.
    Stopped,
    /// The client is a partial seed (BEP 21); it says so on every announce.
    Paused,
}

/// Addresses that the client states in its query. Whether they count is not decided here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatedAddresses {
    /// From `ipv4=` or `ip=`, with the port if one is stated (`addr:port`).
    pub v4: Option<(Ipv4Addr, Option<u16>)>,
    /// From `ipv6=` or `ip=`, with the port if one is stated (`[addr]:port`).
    pub v6: Option<(Ipv6Addr, Option<u16>)>,
}

/// An announce as it was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceRequest {
    /// The swarm.
    pub info_hash: InfoHash,
    /// The client's name for itself.
    pub peer_id: PeerId,
    /// Where it listens; 0 when it does not.
    pub port: u16,
    /// Bytes uploaded since `started`; 0 when missing or senseless.
    pub uploaded: u64,
    /// Bytes downloaded since `started`; 0 when missing or senseless.
    pub downloaded: u64,
    /// Bytes still to download; `None` when missing or senseless: the client is then a leecher.
    pub left: Option<u64>,
    /// What has happened.
    pub event: Event,
    /// Peers wanted; `None` when missing, negative or senseless.
    pub numwant: Option<u32>,
    /// `compact=`: `Some(false)` only for 0.
    pub compact: Option<bool>,
    /// `no_peer_id=1`: dictionaries without peer ids will do.
    pub no_peer_id: bool,
    /// A digest of `key=`.
    pub key: Option<ClientKey>,
    /// `short`: the client cannot be reached and would like short intervals, as Bitstorm offers.
    pub short: bool,
    /// Addresses in the query.
    pub stated: StatedAddresses,
}

/// Why an announce was not understood; each text is safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The query is longer than 4 KiB.
    #[error("the announce is longer than 4096 bytes")]
    TooLong,
}
