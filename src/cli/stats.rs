//! `tracker stats`: what is going on now, and how it was.

mod history;

use serde_json::{Value, json};

use self::history::{Form, Wanted};
use super::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::site::counted;
use crate::tracker::{Overview, Swarm};

/// Show what is going on now, or how it was
#[derive(Debug, clap::Args)]
pub struct StatsArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show what refreshes have recorded, evenly spaced, of all torrents together
    #[arg(long)]
    history: bool,
    /// Of one torrent: an info-hash, a file or a name
    #[arg(long, requires = "history")]
    torrent: Option<String>,
    /// How far back: 96 quarters of an hour, 168 hours, 365 days
    #[arg(long, value_enum, requires = "history", default_value = "week")]
    span: history::SpanArgument,
    /// The form
    #[arg(long, value_enum, requires = "history", conflicts_with = "json")]
    format: Option<history::Form>,
}

impl StatsArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if self.history {
            let usual = if self.json { Form::Json } else { Form::Table };
            let form = self.format.unwrap_or(usual);
            let wanted = Wanted { torrent: self.torrent, span: self.span.into(), form };
            return history::print(wanted, world);
        }
        let overview = Overview::now(&world.load_owner_config()?, world.now)?;
        match self.json {
            true => world.print_json(&to_json(&overview)),
            false => print(world, &overview),
        }
    }
}

fn print(world: &mut World<'_>, overview: &Overview) -> Result<(), CommandError> {
    let totals = overview.totals;
    // Where peers are not tried, nobody knows.
    let is_known = totals.unreachable.is_some();
    let heading = if is_known { " unreachable" } else { "" };
    world.print(format_args!("seeders leechers{heading} partial completed  torrent\n"))?;
    for swarm in &overview.swarms {
        let unreachable = swarm.unreachable.map(|count| format!(" {count:>11}"));
        world.print(format_args!(
            "{:>7} {:>8}{} {:>7} {:>9}  {}\n",
            swarm.seeders,
            swarm.leechers,
            unreachable.unwrap_or_default(),
            swarm.partial_seeds,
            swarm.completed,
            Harmless(&swarm.name)
        ))?;
    }
    let (announces, interval) = (overview.load.announces, overview.load.interval);
    let is_high = if overview.load.is_high { " (load is high)" } else { "" };
    let unreachable = totals.unreachable.map(|count| format!(" ({count} unreachable)"));
    world.print(format_args!(
        "about {announces} announces in the last minute{is_high}, interval {interval} seconds\n\
         {}, {}, {}{}, {}\n",
        counted(totals.swarms, "swarm"),
        counted(totals.seeders, "seeder"),
        counted(totals.leechers, "leecher"),
        unreachable.unwrap_or_default(),
        counted(totals.partial_seeds, "partial seed")
    ))
}

fn to_json(overview: &Overview) -> Value {
    let (totals, load) = (overview.totals, overview.load);
    json!({
        "totals": {
            "swarms": totals.swarms,
            "seeders": totals.seeders,
            "leechers": totals.leechers,
            "unreachable": totals.unreachable,
            "partial_seeds": totals.partial_seeds,
        },
        "load": {
            "announces_per_minute": load.announces,
            "high": load.is_high,
            "interval": load.interval.0,
        },
        "torrents": overview.swarms.iter().map(swarm_to_json).collect::<Value>(),
    })
}

fn swarm_to_json(swarm: &Swarm) -> Value {
    json!({
        "info_hash": swarm.info_hash.to_string(),
        "name": swarm.name,
        "seeders": swarm.seeders,
        "leechers": swarm.leechers,
        "unreachable": swarm.unreachable,
        "partial_seeds": swarm.partial_seeds,
        "completed": swarm.completed,
        "left": swarm.left,
        "uploaded": swarm.traffic.uploaded,
        "downloaded": swarm.traffic.downloaded,
        "last_announce": swarm.last_announce.0,
    })
}
