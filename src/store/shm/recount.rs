//! Counts the peers of a swarm anew, where its record may say something else than its peers are.

use super::file::StoreFile;
use super::shard::Shard;
use super::swarm::Swarm;
use super::trouble::Trouble;
use crate::protocol::InfoHash;
use crate::store::Recount;
use crate::store::peer::Class;

/// Corrects the counts and sums of a swarm; `None` where they are right, or there is no such swarm. Its shard is
/// locked meanwhile, for a microsecond or so for each ten of its peers.
pub(super) fn recount(file: &StoreFile, info_hash: InfoHash) -> Result<Option<Recount>, Trouble> {
    let shard = file.shard_of(info_hash)?;
    let Some(swarm) = shard.find_swarm(info_hash)? else { return Ok(None) };
    shard.refuel();
    let found = counted(&shard, &swarm)?;
    if found == swarm {
        return Ok(None);
    }
    shard.save(&found)?;
    shard.commit()?;
    Ok(Some(Recount { info_hash, said: swarm.counts(), found: found.counts() }))
}

/// The swarm as its peers have it.
fn counted(shard: &Shard<'_>, swarm: &Swarm) -> Result<Swarm, Trouble> {
    let mut counted = swarm.without_peers();
    for class in Class::ALL {
        let mut at = Some(0);
        while let Some(hash) = at {
            let Some(spot) = shard.descend(swarm.table(class), hash)? else { break };
            for slot in 0..spot.leaf.head.count {
                counted.count_in(&shard.peer(&spot, slot)?);
            }
            at = spot.end();
        }
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::super::ShmStore;
    use super::super::tests::{announce, fresh_file};
    use super::*;
    use crate::store::conformance::{NOON, leecher, seeder, swarm};
    use crate::store::{StoreMaintenance as _, SwarmCounts};

    #[test]
    fn counts_that_differ_from_the_peers_are_corrected() {
        let (_home, options) = fresh_file(2);
        let mut store = ShmStore::open(&options).unwrap();
        for number in 0..500 {
            announce(&mut store, leecher(number), NOON);
        }
        announce(&mut store, seeder(500), NOON);
        assert_eq!(store.recount(swarm(1)).unwrap(), None, "all is right");
        assert_eq!(store.recount(swarm(2)).unwrap(), None, "there is no such swarm");
        let damage = |file: &StoreFile| {
            let shard = file.shard_of(swarm(1))?;
            let mut known = shard.find_swarm(swarm(1))?.unwrap();
            (known.leechers, known.seeders, known.uploaded) = (7, 9, 1);
            shard.save(&known)?;
            shard.commit()
        };
        store.attempt("write", |file, _| damage(file)).unwrap();
        assert_ne!(store.check().unwrap(), Vec::<String>::new());
        let corrected = store.recount(swarm(1)).unwrap().unwrap();
        let counts =
            |leechers, seeders| SwarmCounts { leechers, seeders, ..SwarmCounts::default() };
        assert_eq!((corrected.said, corrected.found), (counts(7, 9), counts(500, 1)));
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(store.recount(swarm(1)).unwrap(), None);
    }
}
