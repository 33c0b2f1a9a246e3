//! `tracker stats`: what is going on now.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{CommandError, World};
use crate::catalog::{Catalog, Torrent};
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;
use crate::protocol::{InfoHash, Timestamp};
use crate::site::counted;
use crate::store::{StoreError, SwarmSummary, if_any, walk};
use crate::tracker::{Load, read_store};

/// Swarms read in one go.
const BATCH: usize = 500;

/// Show what is going on now
#[derive(Debug, clap::Args)]
pub struct StatsArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl StatsArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_config()?;
        let torrents = Catalog::read(&loaded.config.paths.catalog)?.torrents()?;
        let Now { swarms, life, load } = Now::read(&loaded, world.now)?;
        let rows = rows(&torrents, &swarms, life);
        if self.json {
            let rows: Vec<Value> = rows.iter().map(StatsRow::json).collect();
            let load = json!({
                "announces_per_minute": load.announces,
                "high": load.is_high,
                "interval": load.interval.0,
            });
            return world
                .print_json(&json!({ "totals": totals(&swarms), "load": load, "torrents": rows }));
        }
        print(world, &rows, load)?;
        let sum = totals(&swarms);
        let all = |key, thing| counted(sum[key].as_u64().unwrap_or_default(), thing);
        world.print(format_args!(
            "{}, {}, {}, {}\n",
            all("swarms", "swarm"),
            all("seeders", "seeder"),
            all("leechers", "leecher"),
            all("partial_seeds", "partial seed")
        ))
    }
}

/// What the peer store holds now.
struct Now {
    swarms: Vec<SwarmSummary>,
    life: u64,
    load: Load,
}

impl Now {
    /// Reads it; nothing where there is no store yet.
    fn read(loaded: &LoadedConfig, now: Timestamp) -> Result<Self, StoreError> {
        let config = &loaded.config.tracker;
        let Some(mut store) = if_any(read_store(loaded))? else {
            return Ok(Self { swarms: Vec::new(), life: 0, load: Load::of(config, 0) });
        };
        let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
        let life = store.id()?.0;
        Ok(Self { swarms, life, load: Load::measured(config, store.as_mut(), now)? })
    }
}

fn print(world: &mut World<'_>, rows: &[StatsRow], load: Load) -> Result<(), CommandError> {
    world.print(format_args!("seeders leechers partial completed  torrent\n"))?;
    for row in rows {
        let counts = row.swarm.counts;
        world.print(format_args!(
            "{:>7} {:>8} {:>7} {:>9}  {}\n",
            counts.seeders,
            counts.leechers,
            counts.partial_seeds,
            row.completed,
            Harmless(&row.name)
        ))?;
    }
    let (announces, interval) = (load.announces, load.interval);
    let is_high = if load.is_high { " (load is high)" } else { "" };
    world.print(format_args!(
        "about {announces} announces in the last minute{is_high}, interval {interval} seconds\n"
    ))
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
                let counted =
                    if torrent.carried.store == life { torrent.carried.completed } else { 0 };
                torrent.totals.completed.saturating_sub(counted)
            });
            let name =
                torrent.map_or_else(|| swarm.info_hash.to_string(), |torrent| torrent.name.clone());
            StatsRow { swarm, name, completed: earlier.saturating_add(swarm.counts.completed) }
        })
        .collect();
    rows.sort_by(|a, b| crate::catalog::natural::compare(&a.name, &b.name));
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
