//! Counts the peers of a swarm anew, where its row may say something else than its peers are.

use rusqlite::params;

use super::connection::Database;
use super::schema::role_in;
use super::swarm::Swarm;
use super::transaction::{Immediate, Snapshot};
use crate::protocol::InfoHash;
use crate::store::{Recount, SwarmCounts};

const COUNT: &str = "SELECT role, count(*) FROM peer WHERE swarm = ?1 GROUP BY role";

/// Corrects the counts of a swarm; `None` where they are right, or there is no such swarm.
pub(super) fn recount(
    database: &Database,
    info_hash: InfoHash,
) -> rusqlite::Result<Option<Recount>> {
    // Mostly all is right, and nobody need be kept from writing to see that.
    let snapshot = Snapshot::begin(database)?;
    if let Agreement::Right = compare(database, info_hash)? {
        return Ok(None);
    }
    drop(snapshot);
    let transaction = Immediate::begin(database)?;
    let Agreement::Wrong(mut swarm, found) = compare(database, info_hash)? else {
        return Ok(None);
    };
    let corrected = Recount { info_hash, said: swarm.counts, found };
    (swarm.counts, swarm.changed) = (found, true);
    swarm.save(database)?;
    transaction.commit()?;
    Ok(Some(corrected))
}

/// Whether the counts of a swarm are those of its peers.
enum Agreement {
    /// They are, or there is no such swarm.
    Right,
    /// They are not; and what they should be.
    Wrong(Swarm, SwarmCounts),
}

fn compare(database: &Database, info_hash: InfoHash) -> rusqlite::Result<Agreement> {
    let Some(swarm) = Swarm::find(database, info_hash)? else { return Ok(Agreement::Right) };
    let found = counted(database, &swarm)?;
    Ok(if found == swarm.counts { Agreement::Right } else { Agreement::Wrong(swarm, found) })
}

/// What there is, with the completed downloads, which nobody can count again.
fn counted(database: &Database, swarm: &Swarm) -> rusqlite::Result<SwarmCounts> {
    let mut counts = SwarmCounts { completed: swarm.counts.completed, ..SwarmCounts::default() };
    let mut statement = database.statement(COUNT)?;
    let mut rows = statement.query(params![swarm.id])?;
    while let Some(row) = rows.next()? {
        *counts.of_role(role_in(row, 0)?) = row.get(1)?;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::super::{SqliteOptions, SqliteStore};
    use super::*;
    use crate::store::conformance::{EXPIRY, NOON, leecher, swarm};
    use crate::store::{PeerSample, PeerStore as _, StoreMaintenance as _, Want};

    #[test]
    fn counts_that_differ_from_the_peers_are_corrected() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("peers.db"), EXPIRY);
        let mut store = SqliteStore::open(&options).unwrap();
        let want = Want { peers: 0, seeders: true, peer_ids: false };
        for number in 0..3 {
            store.announce(&leecher(number), NOON, want, &mut PeerSample::default()).unwrap();
        }
        assert_eq!(store.recount(swarm(1)).unwrap(), None, "all is right");
        assert_eq!(store.recount(swarm(2)).unwrap(), None, "there is no such swarm");
        let damage = "UPDATE swarm SET leechers = 1, seeders = 7, completed = 5";
        store.database.as_ref().unwrap().execute_batch(damage).unwrap();
        let said = SwarmCounts { leechers: 1, seeders: 7, completed: 5, partial_seeds: 0 };
        let found = SwarmCounts { leechers: 3, seeders: 0, ..said };
        let corrected = Recount { info_hash: swarm(1), said, found };
        assert_eq!(store.recount(swarm(1)).unwrap(), Some(corrected));
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(store.recount(swarm(1)).unwrap(), None);
    }
}
