//! Recreating the peer store, and before that taking into the catalogue what its swarms have counted.

use super::refresh::{BATCH, RefreshError, Turn};
use super::rescan::republish;
use super::stores::rebuild_store;
use super::{open_store, read_store, report};
use crate::catalog::{Catalog, StoreCounters};
use crate::config::LoadedConfig;
use crate::protocol::{Generation, InfoHash, Timestamp};
use crate::store::{StoreError, if_any, walk};

/// What becomes of the totals of a store that is recreated.
#[derive(Debug)]
pub enum Totals {
    /// All are in the catalogue.
    Kept,
    /// There was no store, or this host has no catalogue.
    None,
    /// What the last refresh has seen is in the catalogue; what came since is lost.
    Unreadable(StoreError),
}

/// Puts an empty store in the place of the configured one, after what its swarms have counted has gone into the catalogue,
/// as at a refresh. Killed in between, all is as before, and nothing is counted twice.
///
/// # Errors
/// When the catalogue or the policy cannot be written, and then the store stays; or when the store cannot be replaced.
pub fn rebuild(loaded: &LoadedConfig, now: Timestamp) -> Result<Totals, RefreshError> {
    let has_catalog = !loaded.config.is_replica() && loaded.config.paths.catalog.exists();
    let totals = if has_catalog { carry_over(loaded, now)? } else { Totals::None };
    rebuild_store(loaded)?;
    Ok(totals)
}

fn carry_over(loaded: &LoadedConfig, now: Timestamp) -> Result<Totals, RefreshError> {
    let turn = Turn::wait_for(loaded)?;
    let counted = match counted(loaded, now) {
        Ok(Some(counted)) => counted,
        Ok(None) => return Ok(Totals::None),
        Err(problem) => return Ok(Totals::Unreadable(problem)),
    };
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    catalog.carry_over(counted.generation, &counted.counters)?;
    drop(turn);
    // Announces say how often a torrent was downloaded by what is published.
    republish(loaded, now)?;
    Ok(Totals::Kept)
}

/// What the swarms of a store have counted.
struct Counted {
    generation: Generation,
    counters: Vec<(InfoHash, StoreCounters)>,
}

/// What the swarms have counted, without the peers that are there: these will say it again. `None` where there is no store.
fn counted(loaded: &LoadedConfig, now: Timestamp) -> Result<Option<Counted>, StoreError> {
    // One that cannot be read must not be replaced by an empty one here.
    if if_any(read_store(loaded))?.is_none() {
        return Ok(None);
    }
    let mut store = open_store(loaded)?;
    while store.expire(now, BATCH)? == BATCH {}
    let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
    let counters = swarms.iter().map(|swarm| (swarm.info_hash, report::counters(swarm)));
    Ok(Some(Counted { generation: store.generation()?, counters: counters.collect() }))
}
