//! `tracker peers`: the peers of one torrent.

use serde_json::{Value, json};

use super::torrent::{NamedTorrent, is_unknown, parse_info_hash};
use super::{CommandError, World};
use crate::catalog::{Catalog, PolicySnapshot, Verdict};
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;
use crate::protocol::{ClientName, InfoHash, SeenClient};
use crate::site::{bytes, counted, in_words};
use crate::store::{PeerSummary, Role};
use crate::tracker::{PeerRow, Tried, addresses, peers_of};

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
        let peers = peers_of(&loaded, swarm, now)?;
        let tried = Tried::of(&loaded)?;
        let policy = PolicySnapshot::open(&loaded.policy_in_force()).ok();
        if self.json {
            let peers = peers.iter().map(|peer| json!(PeerRow::of(peer, &tried)));
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

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Leecher => "leecher",
        Role::PartialSeed => "partial",
        Role::Seeder => "seeder",
    }
}
