//! `tracker peers` and `tracker stats`: what is going on now.

use std::io::Write as _;
use std::collections::HashMap;
use std::net::{SocketAddrV4, SocketAddrV6};

use serde_json::{Value, json};

use super::{CliError, Context};
use crate::catalog::{Catalog, Torrent};
use crate::protocol::{ClientName, InfoHash, InfoHashV2};
use crate::site::{age, bytes};
use crate::store::{Batch, Cursor, PeerStore, PeerSummary, Role, StoreError, SwarmSummary};
use crate::tracker::open_store;

/// Peers or swarms read in one go.
const BATCH: usize = 500;

/// Show the peers of a torrent
#[derive(clap::Args)]
pub struct PeersArguments {
    /// The torrent's info-hash: 40 hexadecimal digits, or 64 for version 2
    info_hash: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show what is going on now
#[derive(clap::Args)]
pub struct StatsArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &PeersArguments, context: &mut Context<'_>) -> Result<(), CliError> {
    let asked = parse_info_hash(&arguments.info_hash)?;
    let loaded = context.load()?;
    let known = Catalog::open(&loaded.config.paths.catalog)?.torrent(asked)?;
    let swarm = known.map_or(asked, |torrent| torrent.canonical);
    let mut store = open_store(&loaded)?;
    let now = context.now;
    let peers = walk(|from| store.visit_peers(swarm, from, BATCH, now))?;
    if arguments.json {
        return context.print_json(&Value::Array(peers.iter().map(peer_json).collect()));
    }
    for peer in &peers {
        writeln!(
            context.out,
            "{}  {:<24}  {:<8}  left {}  seen {} ago  {}",
            peer.peer_id,
            ClientName::of(peer.peer_id).to_string(),
            role_word(peer.role),
            peer.left.map_or_else(|| "unknown".into(), |left| bytes(left, 2)),
            age(now.since(peer.last_seen)),
            addresses(peer).join(" ")
        )?;
    }
    writeln!(context.out, "{} peers", peers.len())?;
    Ok(())
}

pub(super) fn stats(
    arguments: &StatsArguments,
    context: &mut Context<'_>,
) -> Result<(), CliError> {
    let loaded = context.load()?;
    let torrents = Catalog::open(&loaded.config.paths.catalog)?.torrents()?;
    let mut store = open_store(&loaded)?;
    let now = context.now;
    let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
    let life = store.id()?.0;
    let rows = rows(&torrents, &swarms, life);
    if arguments.json {
        let rows: Vec<Value> = rows.iter().map(StatsRow::json).collect();
        return context.print_json(&json!({ "totals": totals(&swarms), "torrents": rows }));
    }
    writeln!(context.out, "seeders leechers partial completed  torrent")?;
    for row in &rows {
        let counts = row.swarm.counts;
        writeln!(
            context.out,
            "{:>7} {:>8} {:>7} {:>9}  {}",
            counts.seeders, counts.leechers, counts.partial_seeds, row.completed, row.name
        )?;
    }
    let sum = totals(&swarms);
    writeln!(
        context.out,
        "{} swarms, {} seeders, {} leechers, {} partial seeds",
        sum["swarms"], sum["seeders"], sum["leechers"], sum["partial_seeds"]
    )?;
    Ok(())
}

/// A swarm with the catalogue's word for it.
struct StatsRow {
    swarm: SwarmSummary,
    name: String,
    completed: u64,
}

impl StatsRow {
    fn json(&self) -> Value {
        let counts = self.swarm.counts;
        json!({
            "info_hash": self.swarm.info_hash.to_string(),
            "name": self.name,
            "seeders": counts.seeders,
            "leechers": counts.leechers,
            "partial_seeds": counts.partial_seeds,
            "completed": self.completed,
            "left": self.swarm.left,
            "uploaded": self.swarm.live_uploaded.saturating_add(self.swarm.departed_uploaded),
            "downloaded": self.swarm.live_downloaded.saturating_add(self.swarm.departed_downloaded),
            "last_announce": self.swarm.last_announce.0,
        })
    }
}

fn rows(torrents: &[Torrent], swarms: &[SwarmSummary], life: u64) -> Vec<StatsRow> {
    let known: HashMap<InfoHash, &Torrent> =
        torrents.iter().map(|torrent| (torrent.canonical, torrent)).collect();
    let mut rows: Vec<StatsRow> = swarms
        .iter()
        .map(|&swarm| {
            let torrent = known.get(&swarm.info_hash);
            let earlier = torrent.map_or(0, |torrent| {
                let counted = if torrent.carried.store == life { torrent.carried.completed } else { 0 };
                torrent.totals.completed.saturating_sub(counted)
            });
            let name = torrent
                .map_or_else(|| swarm.info_hash.to_string(), |torrent| torrent.name.clone());
            StatsRow { swarm, name, completed: earlier.saturating_add(swarm.counts.completed) }
        })
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

fn totals(swarms: &[SwarmSummary]) -> Value {
    let sum = |field: fn(&SwarmSummary) -> u32| -> u64 {
        swarms.iter().map(|swarm| u64::from(field(swarm))).sum()
    };
    json!({
        "swarms": swarms.len(),
        "seeders": sum(|swarm| swarm.counts.seeders),
        "leechers": sum(|swarm| swarm.counts.leechers),
        "partial_seeds": sum(|swarm| swarm.counts.partial_seeds),
    })
}

/// Goes all the way of a walk.
fn walk<T>(
    mut step: impl FnMut(Cursor) -> Result<Batch<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut items = Vec::new();
    let mut next = Some(Cursor::default());
    while let Some(from) = next {
        let batch = step(from)?;
        items.extend(batch.items);
        next = batch.next;
    }
    Ok(items)
}

fn peer_json(peer: &PeerSummary) -> Value {
    json!({
        "peer_id": peer.peer_id.to_string(),
        "client": ClientName::of(peer.peer_id).to_string(),
        "addresses": addresses(peer),
        "left": peer.left,
        "uploaded": peer.uploaded,
        "downloaded": peer.downloaded,
        "first_seen": peer.first_seen.0,
        "last_seen": peer.last_seen.0,
        "seeder": peer.role == Role::Seeder,
        "partial_seed": peer.role == Role::PartialSeed,
    })
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

/// Reads an info-hash of either version as people write it.
pub(super) fn parse_info_hash(text: &str) -> Result<InfoHash, CliError> {
    let digits = text.trim().as_bytes();
    InfoHash::from_hex(digits)
        .or_else(|| InfoHashV2::from_hex(digits).map(InfoHashV2::truncated))
        .ok_or_else(|| CliError::InfoHash { given: text.to_owned() })
}
