//! What a clock that was ahead has left: peers that were seen in the future, and would stay until then.

use super::hash;
use super::peer::{self, instant, last_seen_in};
use super::shard::Shard;
use super::swarm::Swarm;
use super::trouble::Trouble;
use crate::protocol::{CLOCK_TOLERANCE, InfoHash, Timestamp};
use crate::store::peer::Class;

/// Leaves that are looked at while a lock is held; they take about a tenth of a millisecond.
const LEAVES: usize = 16;

/// How far the peers of a swarm were looked at, as others have the lock between two parts of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Correction(Option<Place>);

#[derive(Clone, Copy, Debug)]
struct Place {
    info_hash: InfoHash,
    /// The class, as a number of `Class::ALL`, and the hash to go on with.
    class: usize,
    hash: u64,
}

impl Shard<'_> {
    /// Takes what lies in the future as now, a part of it at a time; says whether nothing does any
    /// more. What differs by less than two clocks may is left alone.
    pub(super) fn correct(
        &self,
        swarm: &mut Swarm,
        now: u32,
        correction: &mut Correction,
    ) -> Result<bool, Trouble> {
        let latest = now.saturating_add(CLOCK_TOLERANCE.0);
        if swarm.last_announce <= latest {
            return Ok(true);
        }
        let info_hash = swarm.info_hash;
        let begun = correction.0.take().filter(|place| place.info_hash == info_hash);
        let mut place = begun.unwrap_or(Place { info_hash, class: 0, hash: 0 });
        for _ in 0..LEAVES {
            let Some(&class) = Class::ALL.get(place.class) else {
                swarm.last_announce = latest;
                self.save(swarm)?;
                self.commit()?;
                return Ok(true);
            };
            match self.correct_leaf(swarm, class, place.hash, (now, latest))? {
                Some(next) => place.hash = next,
                None => (place.class, place.hash) = (place.class + 1, 0),
            }
        }
        correction.0 = Some(place);
        Ok(false)
    }

    /// Corrects the peers of the leaf where a hash belongs, and returns where the next leaf begins.
    fn correct_leaf(
        &self,
        swarm: &Swarm,
        class: Class,
        hash: u64,
        (now, latest): (u32, u32),
    ) -> Result<Option<u64>, Trouble> {
        let table = swarm.table(class);
        let Some(spot) = self.descend(table, hash)? else { return Ok(None) };
        for slot in 0..spot.leaf.head.count {
            let row = spot.leaf.row(slot);
            if last_seen_in(self.get(row)?) <= latest {
                continue;
            }
            let peer = self.peer(&spot, slot)?.corrected(Timestamp(now.into()));
            let hash = hash::of_peer(self.geometry, peer.identity());
            self.set_all(row, peer::pack(&peer, hash).filled(spot.leaf.head.row))?;
            // The way is looked up again: an earlier one may have lowered its bounds.
            let spot = self.descend(table, hash)?.ok_or(Trouble::BROKEN_TABLE)?;
            self.lower(table, &spot, instant(peer.last_seen))?;
            self.commit()?;
        }
        Ok(spot.end())
    }
}
