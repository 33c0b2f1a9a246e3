//! Peers and endpoints that belong to no swarm, as a file can have them that was damaged: nothing else finds them.

use rusqlite::params;

use super::connection::Database;
use super::counting::count;
use super::transaction::Immediate;

const COUNT_PEERS: &str = "SELECT count(*) FROM peer WHERE swarm NOT IN (SELECT id FROM swarm)";
const COUNT_ENDPOINTS: &str =
    "SELECT count(*) FROM endpoint WHERE swarm NOT IN (SELECT id FROM swarm)";

const SWARMS: &str = "SELECT swarm FROM peer WHERE swarm NOT IN (SELECT id FROM swarm) \
     UNION SELECT swarm FROM endpoint WHERE swarm NOT IN (SELECT id FROM swarm)";

/// Endpoints of peers that are not there, in swarms that are.
const WITHOUT_PEERS: &str = "SELECT DISTINCT swarm FROM endpoint AS it WHERE NOT EXISTS \
     (SELECT 1 FROM peer WHERE swarm = it.swarm AND class IN (0, 1, 2) AND tag = it.tag)";

const REMOVE_WITHOUT_PEERS: &str = "DELETE FROM endpoint WHERE swarm = ?1 AND NOT EXISTS \
     (SELECT 1 FROM peer WHERE swarm = ?1 AND class IN (0, 1, 2) AND tag = endpoint.tag)";

/// Names them.
pub(super) fn check(database: &Database) -> rusqlite::Result<Vec<String>> {
    let found = [
        (count(database, COUNT_PEERS)?, "peers"),
        (count(database, COUNT_ENDPOINTS)?, "endpoints"),
    ];
    let lost = found.into_iter().filter(|(count, _)| *count > 0);
    Ok(lost.map(|(count, what)| format!("{count} {what} belong to no swarm")).collect())
}

/// Takes them out, those of one swarm at a time; returns how many peers that were.
pub(super) fn remove(database: &Database) -> rusqlite::Result<u64> {
    let mut removed = 0;
    for swarm in swarms(database, SWARMS)? {
        let transaction = Immediate::begin(database)?;
        // A new swarm may have got that number meanwhile.
        let of_none = "AND NOT EXISTS (SELECT 1 FROM swarm WHERE id = ?1)";
        for (table, is_peers) in [("peer", true), ("endpoint", false)] {
            let text = format!("DELETE FROM {table} WHERE swarm = ?1 {of_none}");
            let gone = database.execute(&text, params![swarm])?;
            removed += if is_peers { gone as u64 } else { 0 };
        }
        transaction.commit()?;
    }
    for swarm in swarms(database, WITHOUT_PEERS)? {
        database.execute(REMOVE_WITHOUT_PEERS, params![swarm])?;
    }
    Ok(removed)
}

/// The numbers of the swarms that a query finds.
fn swarms(database: &Database, query: &'static str) -> rusqlite::Result<Vec<i64>> {
    database.statement(query)?.query_map([], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{SqliteOptions, SqliteStore};
    use crate::store::conformance::{EXPIRY, NOON, leecher, swarm};
    use crate::store::{PeerAnnounce, PeerSample, PeerStore as _, StoreMaintenance as _, Want};

    #[test]
    fn peers_of_no_swarm_are_named_and_taken_out_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("peers.db"), EXPIRY);
        let mut store = SqliteStore::open(&options).unwrap();
        let want = Want { peers: 0, seeders: true, peer_ids: false };
        for number in 0..9 {
            let info_hash = swarm((number % 3).try_into().unwrap());
            let announce = PeerAnnounce { info_hash, ..leecher(number) };
            store.announce(&announce, NOON, want, &mut PeerSample::default()).unwrap();
        }
        assert_eq!(store.remove_lost_peers().unwrap(), 0);
        let damage =
            "DELETE FROM swarm WHERE id IN (1, 3); INSERT INTO endpoint VALUES (77, x'00', 1)";
        store.database.as_ref().unwrap().execute_batch(damage).unwrap();
        let problems = ["6 peers belong to no swarm", "7 endpoints belong to no swarm"];
        assert_eq!(store.check().unwrap(), problems);
        assert_eq!(store.remove_lost_peers().unwrap(), 6);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(store.info().unwrap().peers, 3);
        // Their endpoints stay behind.
        let damage = "UPDATE peer SET swarm = 999 WHERE swarm = 2";
        store.database.as_ref().unwrap().execute_batch(damage).unwrap();
        assert_eq!(store.remove_lost_peers().unwrap(), 3);
        store.recount(swarm(1)).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}
