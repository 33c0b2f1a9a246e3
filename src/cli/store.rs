//! `tracker store`: the peer store's health.

mod migrate;

use serde_json::json;

use super::{CommandError, World};
use crate::config::StoreKind;
use crate::platform::terminal::Harmless;
use crate::site::{PublishError, counted};
use crate::store::{Recount, StoreInfo, if_any};
use crate::tracker::rebuild::{Totals, rebuild};
use crate::tracker::{open_store, read_store, recount_all};

/// The peer store
#[derive(Debug, clap::Subcommand)]
pub enum StoreCommand {
    /// Say where the store is and how much is in it
    Info {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check it for damage and contradictions
    Check {
        /// Correct counts of peers that are wrong, and remove peers that belong to no swarm
        #[arg(long)]
        repair: bool,
    },
    /// Recreate it, empty; clients announce again within an interval. What its swarms have counted goes into the
    /// catalogue before
    Rebuild,
    Migrate(migrate::MigrateArguments),
}

impl StoreCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Info { json } => info(json, world),
            Self::Check { repair: false } => check(world),
            Self::Check { repair: true } => repair(world),
            Self::Rebuild => recreate(world),
            Self::Migrate(arguments) => arguments.run(world),
        }
    }
}

fn info(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let store = &loaded.config.store;
    let info = if_any(read_store(&loaded))?.map(|mut store| store.info()).transpose()?;
    let info = info
        .unwrap_or_else(|| StoreInfo::none(store.kind.name(), store.path.display().to_string()));
    if json {
        return world.print_json(&json!({
            "kind": info.kind,
            "path": info.location,
            "bytes": info.bytes,
            "swarms": info.swarms,
            "peers": info.peers,
            "room": info.room,
            "anomalies": info.anomalies,
        }));
    }
    let room = info.room.map(|room| format!("; holds about {room} peers at most"));
    world.print(format_args!(
        "{} {}: {}, {}, {}{}\n{} said that they moved more than they can have\n",
        info.kind,
        info.location,
        counted(info.swarms, "swarm"),
        counted(info.peers, "peer"),
        crate::site::bytes(info.bytes, 2),
        room.unwrap_or_default(),
        counted(info.anomalies, "announce")
    ))
}

fn check(world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let Some(mut store) = if_any(read_store(&loaded))? else {
        let path = loaded.config.store.path.display();
        return world.print(format_args!("{path} is not there yet; the first announce makes it\n"));
    };
    let violations = store.check()?;
    for violation in &violations {
        world.print(format_args!("{}\n", Harmless(violation)))?;
    }
    if violations.is_empty() {
        return world.print("clean\n");
    }
    Err(CommandError::Failed(format!(
        "{}; `tracker store check --repair` corrects counts and removes peers of no swarm, and `tracker store rebuild` \
         recreates the store where more is wrong",
        match violations.len() {
            1 => "1 thing is wrong".into(),
            several => format!("{several} things are wrong"),
        }
    )))
}

fn repair(world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    // Where there is none, none is made for this.
    if if_any(read_store(&loaded))?.is_some() {
        let mut store = open_store(&loaded)?;
        let lost = store.remove_lost_peers()?;
        if lost > 0 {
            let lost = counted(lost, "peer");
            world.print(format_args!("removed: {lost} that belonged to no swarm\n"))?;
        }
        for Recount { info_hash, said, found } in recount_all(store.as_mut(), world.now)? {
            world.print(format_args!("corrected: {info_hash} said {said} and had {found}\n"))?;
        }
    }
    check(world)
}

fn recreate(world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let store = &loaded.config.store;
    let was_there = store.path.exists();
    let totals = match rebuild(&loaded, world.now).map_err(PublishError::from)? {
        Totals::Kept => "; all totals are in the catalogue, and what the peers that were here have moved comes with \
                         their next announces"
            .into(),
        Totals::None => String::new(),
        Totals::Unreadable(problem) => format!(
            "; what its swarms have counted since the last refresh could not be read: {}",
            Harmless(problem)
        ),
    };
    let old = match store.kind {
        StoreKind::Sqlite if was_there => "; the old one stands beside it",
        StoreKind::Sqlite | StoreKind::Shm => "",
    };
    world.print(format_args!("recreated: {}{old}{totals}\n", store.path.display()))
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::run_at;

    #[test]
    fn only_a_store_that_was_there_stands_beside_the_new_one() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("conf")).unwrap();
        std::fs::write(home.path().join("conf/tracker.toml"), "").unwrap();
        std::fs::create_dir(home.path().join("data")).unwrap();
        let rebuild = || run_at(home.path(), &["store", "rebuild"]).output;
        let first = rebuild();
        assert!(first.starts_with("recreated: ") && !first.contains("beside"), "{first}");
        let second = rebuild();
        assert!(second.contains("; the old one stands beside it"), "{second}");
    }
}
