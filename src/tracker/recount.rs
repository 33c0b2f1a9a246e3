//! Compares the counts of swarms with their peers, and corrects them: some at each refresh, or all by a command. They
//! change together, so that they differ only where a disk, a memory or a program was at fault.

use std::collections::HashMap;

use crate::protocol::{InfoHash, Timestamp};
use crate::store::{Recount, StoreError, StoreMaintenance, SwarmSummary, walk};

/// Swarms read in one go.
const BATCH: usize = 500;

/// Peers that a refresh counts at most: a few milliseconds' work.
const PEERS_AT_A_REFRESH: u64 = 20_000;

/// Swarms that a refresh looks at, at most, as also one without peers takes its time.
const SWARMS_AT_A_REFRESH: usize = 500;

/// Counts the peers of all swarms, and returns what was corrected.
///
/// # Errors
/// When the store cannot be read or written.
pub fn recount_all(
    store: &mut dyn StoreMaintenance,
    now: Timestamp,
) -> Result<Vec<Recount>, StoreError> {
    let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
    let corrected = recount(store, swarms.iter().map(|swarm| swarm.info_hash))?;
    // With which what is counted of the whole store is set right too.
    while store.expire(now, BATCH)? == BATCH {}
    Ok(corrected)
}

/// Counts the peers of some of these swarms, others each time, as a map is in an order of its own.
pub(super) fn recount_some(
    store: &mut dyn StoreMaintenance,
    swarms: &HashMap<InfoHash, SwarmSummary>,
) -> Result<Vec<Recount>, StoreError> {
    let mut left = PEERS_AT_A_REFRESH;
    let within = swarms.values().filter(|swarm| {
        let remaining = left.checked_sub(swarm.counts.peers());
        left = remaining.unwrap_or(left);
        remaining.is_some()
    });
    let some: Vec<_> = within.map(|swarm| swarm.info_hash).take(SWARMS_AT_A_REFRESH).collect();
    recount(store, some.into_iter())
}

fn recount(
    store: &mut dyn StoreMaintenance,
    swarms: impl Iterator<Item = InfoHash>,
) -> Result<Vec<Recount>, StoreError> {
    swarms.filter_map(|info_hash| store.recount(info_hash).transpose()).collect()
}
