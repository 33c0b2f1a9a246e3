//! Who goes when there are as many peers or swarms as there may be.

use rusqlite::{Row, params};

use super::connection::Database;
use super::counting::{self, count, number_if_any};
use super::schema::{number_in, stored};
use super::swarm::Swarm;
use super::walk;
use crate::platform::random::Random;
use crate::store::caps::{COMPARED, MOST_EVICTED, rank};

/// The columns that `Candidate::read` takes: a swarm, how many peers it has, the first and the last time that one was
/// seen.
macro_rules! columns {
    () => {
        "id, seeders + leechers + partial_seeds, last_announce, \
         (SELECT min(last_seen) FROM peer WHERE swarm = swarm.id), \
         (SELECT max(last_seen) FROM peer WHERE swarm = swarm.id)"
    };
}

/// Swarms from an id on.
const ANY: &str = concat!("SELECT ", columns!(), " FROM swarm WHERE id >= ?1 ORDER BY id LIMIT ?2");

/// The same of swarms that have peers. From one peer to that of the next swarm, as an open tracker can have hundreds of
/// thousands of swarms without any; nothing but the order of the primary key is needed for that.
const WITH_PEERS: &str = concat!(
    "WITH RECURSIVE inhabited(swarm) AS (\
         SELECT (SELECT swarm FROM peer WHERE swarm >= ?1 ORDER BY swarm LIMIT 1) \
         UNION ALL \
         SELECT (SELECT swarm FROM peer WHERE swarm > inhabited.swarm ORDER BY swarm LIMIT 1) \
         FROM inhabited WHERE inhabited.swarm IS NOT NULL LIMIT ?2) \
     SELECT ",
    columns!(),
    " FROM inhabited CROSS JOIN swarm ON swarm.id = inhabited.swarm"
);

/// Makes swarms go where there are as many as there may be; says whether one had to.
pub(super) fn make_way_for_swarm(
    database: &Database,
    random: &mut Random,
) -> rusqlite::Result<bool> {
    let Some(cap) = database.caps.swarms else { return Ok(false) };
    let too_many = too_many(counting::swarms(database)?, cap);
    for _ in 0..too_many {
        let some = Candidate::some(database, random, ANY)?;
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
        let some = Candidate::some(database, random, WITH_PEERS)?;
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
    /// Some swarms, as this query has them.
    fn some(
        database: &Database,
        random: &mut Random,
        query: &'static str,
    ) -> rusqlite::Result<Vec<Self>> {
        let most: u64 = count(database, "SELECT ifnull(max(id), 0) FROM swarm")?;
        let from = random.below(most.max(1)).saturating_add(1);
        let mut some = Self::from(database, query, from, COMPARED)?;
        if some.len() < COMPARED {
            // Round the end, once; some may be met twice.
            some.extend(Self::from(database, query, 0, COMPARED - some.len())?);
        }
        Ok(some)
    }

    fn from(
        database: &Database,
        query: &'static str,
        id: u64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = database.statement(query)?;
        let rows = statement.query_map(params![stored(id), limit], Self::read)?;
        rows.collect()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let last_seen = number_if_any(row, 4)?.unwrap_or(0);
        Ok(Self {
            id: row.get(0)?,
            peers: number_in(row, 1)?,
            first_seen: number_if_any(row, 3)?.unwrap_or(0),
            last_announce: number_in(row, 2)?.max(last_seen),
        })
    }

    fn swarm(&self, database: &Database) -> rusqlite::Result<Option<Swarm>> {
        Ok(Swarm::walk(database, self.id, 1)?.pop().filter(|swarm| swarm.id == self.id))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::{SqliteOptions, SqliteStore};
    use super::*;
    use crate::store::conformance::{EXPIRY, NOON, leecher, swarm};
    use crate::store::{PeerAnnounce, PeerSample, PeerStore as _, Want};

    /// Swarms without peers beside those with some.
    const EMPTY: i64 = 20_000;

    #[test]
    fn among_many_empty_swarms_those_with_peers_are_found_at_once() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("peers.db"), EXPIRY);
        let mut store = SqliteStore::open(&options).unwrap();
        let announce = |store: &mut SqliteStore, number: u8| {
            let announce = PeerAnnounce { info_hash: swarm(number), ..leecher(number.into()) };
            let want = Want { peers: 0, seeders: true, peer_ids: false };
            store.announce(&announce, NOON, want, &mut PeerSample::default()).unwrap();
        };
        (0..3).for_each(|number| announce(&mut store, number));
        let empty = format!(
            "INSERT INTO swarm SELECT number, randomblob(20), 1, 0, 0, 0, 0, 0, 0, 0, 0 FROM \
             (WITH RECURSIVE counted(number) AS (SELECT 100 UNION ALL SELECT number + 1 FROM counted LIMIT {EMPTY}) \
             SELECT number FROM counted)"
        );
        store.database.as_ref().unwrap().execute_batch(&empty).unwrap();
        announce(&mut store, 3);
        let database = store.database.as_ref().unwrap();
        let found = |from| {
            let some = Candidate::from(database, WITH_PEERS, from, COMPARED).unwrap();
            some.iter().map(|it| (it.peers, it.id > EMPTY)).collect::<Vec<_>>()
        };
        assert_eq!(found(0), [(1, false), (1, false), (1, false), (1, true)]);
        assert_eq!(found(4), [(1, true)]);
        assert_eq!(found(50_000), []);
        assert_eq!(Candidate::from(database, WITH_PEERS, 0, 2).unwrap().len(), 2);
        for from in [0, 4] {
            let mut statement = database.prepare(WITH_PEERS).unwrap();
            let mut rows = statement.query(params![from, 64]).unwrap();
            while rows.next().unwrap().is_some() {}
            drop(rows);
            let steps = statement.get_status(StatementStatus::VmStep);
            assert!(steps < 1_000, "{steps} steps for {EMPTY} empty swarms");
        }
    }
}
