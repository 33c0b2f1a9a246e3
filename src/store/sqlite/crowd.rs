//! Who goes when there are as many peers or swarms as there may be.

use rusqlite::params;

use super::connection::Database;
use super::counting::{self, count, number_if_any};
use super::schema::{number_in, stored};
use super::swarm::Swarm;
use super::walk;
use crate::platform::random::Random;
use crate::store::caps::{COMPARED, MOST_EVICTED, rank};

/// Swarms from an id on, with at least so many peers: how many, the first and the last time that one was seen.
const SOME: &str = "SELECT id, seeders + leechers + partial_seeds, last_announce, \
     (SELECT min(last_seen) FROM peer WHERE swarm = swarm.id), \
     (SELECT max(last_seen) FROM peer WHERE swarm = swarm.id) FROM swarm \
     WHERE id >= ?1 AND seeders + leechers + partial_seeds >= ?2 ORDER BY id LIMIT ?3";

/// Makes swarms go where there are as many as there may be; says whether one had to.
pub(super) fn make_way_for_swarm(
    database: &Database,
    random: &mut Random,
) -> rusqlite::Result<bool> {
    let Some(cap) = database.caps.swarms else { return Ok(false) };
    let too_many = too_many(counting::swarms(database)?, cap);
    for _ in 0..too_many {
        let some = Candidate::some(database, random, 0)?;
        let least = some.iter().min_by_key(|swarm| rank(swarm.peers, swarm.last_announce));
        let Some(swarm) = least.map(|least| least.swarm(database)).transpose()?.flatten() else {
            break;
        };
        walk::delete(database, &swarm)?;
    }
    Ok(too_many > 0)
}

/// Makes peers of all swarms go where there are as many as there may be; says whether one had to. The swarm that one
/// is to come to is under way, and is not saved.
pub(super) fn make_way_for_peer(
    database: &Database,
    random: &mut Random,
    own: &mut Swarm,
) -> rusqlite::Result<bool> {
    let Some(cap) = database.caps.peers else { return Ok(false) };
    let peers = counting::peers(database)?;
    let too_many = too_many(peers.saturating_add_signed(own.unsaved_peers()), cap);
    for _ in 0..too_many {
        let some = Candidate::some(database, random, 1)?;
        let Some(least) = some.iter().min_by_key(|swarm| swarm.first_seen) else { break };
        if least.id == own.id {
            own.take_out_oldest(database, 1)?;
        } else if let Some(mut swarm) = least.swarm(database)? {
            swarm.take_out_oldest(database, 1)?;
            swarm.save(database)?;
        }
    }
    Ok(too_many > 0)
}

/// Makes peers of one swarm go where it has as many as it may; says whether one had to.
pub(super) fn make_way_in(database: &Database, swarm: &mut Swarm) -> rusqlite::Result<bool> {
    let Some(cap) = database.caps.swarm_peers else { return Ok(false) };
    let too_many = too_many(swarm.peers(), cap);
    swarm.take_out_oldest(database, too_many)?;
    Ok(too_many > 0)
}

/// How many have to go before one more comes: not all at once, where the cap was lowered.
fn too_many(there: u64, cap: u32) -> usize {
    let too_many = (there + 1).saturating_sub(cap.into());
    usize::try_from(too_many).unwrap_or(usize::MAX).min(MOST_EVICTED)
}

/// A swarm that may have to go, or to give a peer.
struct Candidate {
    id: i64,
    peers: u64,
    /// When the peer was seen that was silent for longest.
    first_seen: u64,
    /// When a peer announced last.
    last_announce: u64,
}

impl Candidate {
    /// Some swarms with at least so many peers.
    fn some(database: &Database, random: &mut Random, peers: u32) -> rusqlite::Result<Vec<Self>> {
        let most: u64 = count(database, "SELECT ifnull(max(id), 0) FROM swarm")?;
        let from = random.below(most.max(1)).saturating_add(1);
        let mut some = Self::from(database, from, peers, COMPARED)?;
        if some.len() < COMPARED {
            // Round the end, once; some may be met twice.
            some.extend(Self::from(database, 0, peers, COMPARED - some.len())?);
        }
        Ok(some)
    }

    fn from(database: &Database, id: u64, peers: u32, limit: usize) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = database.statement(SOME)?;
        let rows = statement.query_map(params![stored(id), peers, limit], |row| {
            let last_seen = number_if_any(row, 4)?.unwrap_or(0);
            Ok(Self {
                id: row.get(0)?,
                peers: number_in(row, 1)?,
                first_seen: number_if_any(row, 3)?.unwrap_or(0),
                last_announce: number_in(row, 2)?.max(last_seen),
            })
        })?;
        rows.collect()
    }

    fn swarm(&self, database: &Database) -> rusqlite::Result<Option<Swarm>> {
        Ok(Swarm::walk(database, self.id, 1)?.pop().filter(|swarm| swarm.id == self.id))
    }
}
