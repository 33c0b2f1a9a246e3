//! `tracker store`: the peer store's health.

use serde_json::json;

use super::{CommandError, World};
use crate::store::sqlite::SqliteStore;
use crate::tracker::{open_store, store_options};

/// The peer store
#[derive(Debug, clap::Subcommand)]
pub enum StoreCommand {
    /// Say where the store is and how much is in it
    Info {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look for anything in it that cannot be
    Check,
    /// Move it aside and start anew; clients announce again within an interval
    Rebuild,
}

impl StoreCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Info { json } => info(json, world),
            Self::Check => check(world),
            Self::Rebuild => rebuild(world),
        }
    }
}

fn info(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let info = open_store(&loaded)?.info()?;
    if json {
        return world.print_json(&json!({
            "kind": info.kind,
            "path": info.path.to_string_lossy(),
            "bytes": info.bytes,
            "swarms": info.swarms,
            "peers": info.peers,
        }));
    }
    world.print(format_args!(
        "{} {}: {} swarms, {} peers, {}\n",
        info.kind,
        info.path.display(),
        info.swarms,
        info.peers,
        crate::site::bytes(info.bytes, 2)
    ))
}

fn check(world: &mut World<'_>) -> Result<(), CommandError> {
    let violations = open_store(&world.load_config()?)?.check()?;
    for violation in &violations {
        world.print(format_args!("{violation}\n"))?;
    }
    if violations.is_empty() {
        return world.print("clean\n");
    }
    Err(CommandError::Failed(format!(
        "{} invariants do not hold; `tracker store rebuild` starts anew",
        violations.len()
    )))
}

fn rebuild(world: &mut World<'_>) -> Result<(), CommandError> {
    let options = store_options(&world.load_config()?);
    SqliteStore::rebuild(&options)?;
    world.print(format_args!(
        "made anew: {}; the old one stands beside it\n",
        options.path.display()
    ))
}
