//! `tracker peers`: the peers of one torrent.

use std::collections::HashMap;
use std::net::{SocketAddrV4, SocketAddrV6};

use serde_json::{Value, json};

use super::torrent::{NamedTorrent, is_unknown, parse_info_hash};
use super::{CommandError, World};
use crate::catalog::{Catalog, PolicySnapshot, Verdict};
use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::platform::terminal::Harmless;
use crate::protocol::{ClientName, Endpoint, InfoHash, SeenClient};
use crate::site::{bytes, counted, in_words};
use crate::store::{PeerSummary, Role, if_any, walk};
use crate::tracker::read_store;

/// Peers read in one go.
const BATCH: usize = 500;

/// Show the peers of a torrent
#[derive(Debug, clap::Args)]
pub struct PeersArguments {
    /// Its info-hash (40 hexadecimal digits, or 64 for version 2), its file below the torrents folder, or
    /// its name
    torrent: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl PeersArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let wanted = NamedTorrent::new(&self.torrent);
        let loaded = world.load_config()?;
        // An open tracker has swarms that no catalogue names.
        let swarm = self
            .canonical(&wanted, &loaded)?
            .or_else(|| parse_info_hash(&self.torrent))
            .ok_or_else(|| is_unknown(&self.torrent))?;
        let now = world.now;
        let peers = match if_any(read_store(&loaded))? {
            Some(mut store) => walk(|from| store.visit_peers(swarm, from, BATCH, now))?,
            None => Vec::new(),
        };
        let tried = Tried::of(&loaded)?;
        let policy = PolicySnapshot::open(&loaded.policy_in_force()).ok();
        if self.json {
            let peers = peers.iter().map(|peer| peer_json(peer, &tried));
            return world.print_json(&Value::Array(peers.collect()));
        }
        for peer in &peers {
            world.print(format_args!(
                "{}  {:<24}  {:<8}  left {}  seen {} ago  {}{}{}\n",
                peer.peer_id,
                Harmless(ClientName::from(peer.peer_id)).to_string(),
                role_word(peer.role),
                peer.left.map_or_else(|| "unknown".into(), |left| bytes(left, 2)),
                in_words(now.since(peer.last_seen)),
                addresses(peer).join(" "),
                if tried.is_reachable(peer) == Some(false) { "  cannot be reached" } else { "" },
                why_untold(peer, policy.as_ref())
            ))?;
        }
        world.print(format_args!("{}\n", counted(peers.len(), "peer")))
    }
}

impl PeersArguments {
    /// The info-hash of the swarm, where the torrent is known.
    fn canonical(
        &self,
        wanted: &NamedTorrent<'_>,
        loaded: &LoadedConfig,
    ) -> Result<Option<InfoHash>, CommandError> {
        if !loaded.config.is_replica() {
            let known = wanted.look_up(&Catalog::read(&loaded.config.paths.catalog)?)?;
            return Ok(known.map(|torrent| torrent.canonical));
        }
        // A replica has no catalogue, but knows the aliases of info-hashes.
        let policy = PolicySnapshot::open(&loaded.policy_in_force()).ok();
        let known = policy.as_ref().zip(parse_info_hash(&self.torrent));
        Ok(known.and_then(|(policy, hash)| policy.find(hash)).map(|torrent| torrent.canonical))
    }
}

/// How peers were found when they were tried last.
struct Tried(HashMap<Endpoint, Option<bool>>);

impl Tried {
    /// A replica does not know it, and nobody does where peers are not tried any more.
    fn of(loaded: &LoadedConfig) -> Result<Self, CommandError> {
        let config = &loaded.config;
        if config.is_replica() || config.reachability.check == ReachabilityCheck::Off {
            return Ok(Self(HashMap::new()));
        }
        let tried = Catalog::read(&loaded.config.paths.catalog)?.tried()?;
        Ok(Self(tried.into_iter().map(|tried| (tried.endpoint, tried.is_reachable)).collect()))
    }

    /// Whether others can connect to it at each address where it was tried; `None`: not known.
    fn is_reachable(&self, peer: &PeerSummary) -> Option<bool> {
        let endpoints = [peer.v4.map(Endpoint::from), peer.v6.map(Endpoint::from)];
        let found = endpoints.iter().flatten().filter_map(|it| self.0.get(it).copied().flatten());
        found.reduce(|a, b| a && b)
    }
}

fn peer_json(peer: &PeerSummary, tried: &Tried) -> Value {
    json!({
        "peer_id": peer.peer_id.to_string(),
        "client": ClientName::from(peer.peer_id).to_string(),
        "addresses": addresses(peer),
        "left": peer.left,
        "uploaded": peer.uploaded,
        "downloaded": peer.downloaded,
        "first_seen": peer.first_seen.0,
        "last_seen": peer.last_seen.0,
        "reachable": tried.is_reachable(peer),
        "seeder": peer.role == Role::Seeder,
        "partial_seed": peer.role == Role::PartialSeed,
    })
}

/// Why nobody is told of a peer, where that is so: it has port 0. A rule on its User-Agent, which is not kept, may hide
/// it too.
fn why_untold(peer: &PeerSummary, policy: Option<&PolicySnapshot>) -> &'static str {
    let ports = [peer.v4.map(|v4| v4.port()), peer.v6.map(|v6| v6.port())];
    if ports.into_iter().flatten().any(|port| port != 0) {
        return "";
    }
    let rule = policy.and_then(|it| it.client_rule(&SeenClient::new(peer.peer_id, b"")));
    match rule.is_some_and(|rule| rule.verdict == Verdict::Hide) {
        true => "  hidden",
        false => "  hidden or without a port",
    }
}

fn addresses(peer: &PeerSummary) -> Vec<String> {
    let v4 = peer.v4.map(|v4| SocketAddrV4::new(v4.ip(), v4.port()).to_string());
    let v6 = peer.v6.map(|v6| SocketAddrV6::new(v6.ip(), v6.port(), 0, 0).to_string());
    v4.into_iter().chain(v6).collect()
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Leecher => "leecher",
        Role::PartialSeed => "partial",
        Role::Seeder => "seeder",
    }
}
