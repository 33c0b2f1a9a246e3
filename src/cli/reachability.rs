//! `tracker reachability`: whether others can connect to the peers.

use serde_json::{Value, json};

use super::{CommandError, World};
use crate::catalog::{Catalog, Tried};
use crate::config::ReachabilityCheck;
use crate::platform::process::give_way;
use crate::site::{counted, in_words};
use crate::tracker::reachability::check_reachability;

/// Whether others can connect to the peers, where the configuration has them tried
#[derive(Debug, clap::Subcommand)]
pub enum ReachabilityCommand {
    /// Try those whose turn it is, for half a minute at most; refreshes do so too
    Check,
    /// List how peers were found when they were tried last
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ReachabilityCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Check => check(world),
            Self::List { json } => list(json, world),
        }
    }
}

fn check(world: &mut World<'_>) -> Result<(), CommandError> {
    give_way();
    let loaded = world.load_owner_config()?;
    let Some(tried) = check_reachability(&loaded, world.now)? else {
        return world.print(match loaded.config.reachability.check {
            ReachabilityCheck::Off => "nobody is tried: check in [reachability] is \"off\"\n",
            _ => "nothing to do: another process is at it\n",
        });
    };
    world.print(format_args!(
        "tried: {} can be reached, {} cannot, of {} it is not known\n",
        tried.reachable, tried.unreachable, tried.unknown
    ))
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let tried = Catalog::read(&world.load_owner_config()?.config.paths.catalog)?.tried()?;
    if json {
        return world.print_json(&Value::Array(tried.iter().map(tried_json).collect()));
    }
    for it in &tried {
        let found = match it.is_reachable {
            Some(true) => "can be reached",
            Some(false) => "cannot be reached",
            None => "not known",
        };
        let before = in_words(world.now.since(it.at));
        let address = it.endpoint.socket_address();
        world.print(format_args!("{address}  {found}, tried {before} ago\n"))?;
    }
    world.print(format_args!("{} tried\n", counted(tried.len(), "peer")))
}

fn tried_json(tried: &Tried) -> Value {
    json!({
        "address": tried.endpoint.socket_address().to_string(),
        "reachable": tried.is_reachable,
        "tried_at": tried.at.0,
    })
}
