//! The peers of one torrent as who runs the tracker sees them: with their addresses.

use std::collections::HashMap;
use std::net::{SocketAddrV4, SocketAddrV6};

use serde::Serialize;

use super::read_store;
use crate::catalog::{Catalog, CatalogError};
use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::protocol::{ClientName, Endpoint, InfoHash, Timestamp};
use crate::store::{PeerSummary, Role, StoreError, if_any, walk};

/// Peers read in one go.
const BATCH: usize = 500;

/// A peer as programs read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeerRow {
    /// Its id, as text.
    pub peer_id: String,
    /// The program that the id names. Ids are easily forged.
    pub client: String,
    /// Its addresses with their ports, that of IPv4 first.
    pub addresses: Vec<String>,
    /// Bytes still to download, when known.
    pub left: Option<u64>,
    /// Bytes that it says it has sent.
    pub uploaded: u64,
    /// Bytes that it says it has received.
    pub downloaded: u64,
    /// When it announced first, in seconds since 1970.
    pub first_seen: u64,
    /// When it announced last.
    pub last_seen: u64,
    /// Whether others can connect to it at each address that was tried; none: not known.
    pub reachable: Option<bool>,
    /// Whether it has everything.
    pub seeder: bool,
    /// Whether it has what it wants, but not everything.
    pub partial_seed: bool,
}

/// How peers were found when they were tried last.
pub struct Tried(HashMap<Endpoint, Option<bool>>);

/// All peers of a swarm. None where there is no store yet.
///
/// # Errors
/// When the store cannot be read.
pub fn peers_of(
    loaded: &LoadedConfig,
    swarm: InfoHash,
    now: Timestamp,
) -> Result<Vec<PeerSummary>, StoreError> {
    match if_any(read_store(loaded))? {
        Some(mut store) => walk(|from| store.visit_peers(swarm, from, BATCH, now)),
        None => Ok(Vec::new()),
    }
}

impl Tried {
    /// A replica does not know it, and nobody does where peers are not tried any more.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn of(loaded: &LoadedConfig) -> Result<Self, CatalogError> {
        let config = &loaded.config;
        if config.is_replica() || config.reachability.check == ReachabilityCheck::Off {
            return Ok(Self(HashMap::new()));
        }
        let tried = Catalog::read(&config.paths.catalog)?.tried()?;
        Ok(Self(tried.into_iter().map(|tried| (tried.endpoint, tried.is_reachable)).collect()))
    }

    /// Whether others can connect to it at each address where it was tried; `None`: not known.
    #[must_use]
    pub fn is_reachable(&self, peer: &PeerSummary) -> Option<bool> {
        let endpoints = [peer.v4.map(Endpoint::from), peer.v6.map(Endpoint::from)];
        let found = endpoints.iter().flatten().filter_map(|it| self.0.get(it).copied().flatten());
        found.reduce(|a, b| a && b)
    }
}

impl PeerRow {
    /// What is told of a peer.
    #[must_use]
    pub fn of(peer: &PeerSummary, tried: &Tried) -> Self {
        Self {
            peer_id: peer.peer_id.to_string(),
            client: ClientName::from(peer.peer_id).to_string(),
            addresses: addresses(peer),
            left: peer.left,
            uploaded: peer.uploaded,
            downloaded: peer.downloaded,
            first_seen: peer.first_seen.0,
            last_seen: peer.last_seen.0,
            reachable: tried.is_reachable(peer),
            seeder: peer.role == Role::Seeder,
            partial_seed: peer.role == Role::PartialSeed,
        }
    }
}

/// Why peers cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PeerRowsError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalogue cannot be read, which says how peers were found.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The rows of all peers of a swarm.
///
/// # Errors
/// When store or catalogue cannot be read.
pub fn peer_rows(
    loaded: &LoadedConfig,
    swarm: InfoHash,
    now: Timestamp,
) -> Result<Vec<PeerRow>, PeerRowsError> {
    let (peers, tried) = (peers_of(loaded, swarm, now)?, Tried::of(loaded)?);
    Ok(peers.iter().map(|peer| PeerRow::of(peer, &tried)).collect())
}

/// The addresses of a peer with their ports, that of IPv4 first.
#[must_use]
pub fn addresses(peer: &PeerSummary) -> Vec<String> {
    let v4 = peer.v4.map(|v4| SocketAddrV4::new(v4.ip(), v4.port()).to_string());
    let v6 = peer.v6.map(|v6| SocketAddrV6::new(v6.ip(), v6.port(), 0, 0).to_string());
    v4.into_iter().chain(v6).collect()
}
