//! Random peers of a swarm, at the cost of those that are returned.
//!
//! The tags of a class form a ring. A sample reads a few short runs of it from random places, and
//! goes on round the ring only while it is short of peers, so that it is exact for every wish.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};

use super::random::Random;
use super::schema::{Class, instant_in, stored};
use super::swarm::Swarm;
use crate::protocol::{CompactV4, CompactV6, PeerId, Timestamp};
use crate::store::{FamilySample, PeerSample, Want};

const RUN: &str = "SELECT tag, v4, v6, v4_seen, v6_seen FROM peer \
     WHERE swarm = ?1 AND class = ?2 AND tag BETWEEN ?3 AND ?4 ORDER BY tag";
const RUN_WITH_IDS: &str = "SELECT tag, v4, v6, v4_seen, v6_seen, peer_id FROM peer \
     WHERE swarm = ?1 AND class = ?2 AND tag BETWEEN ?3 AND ?4 ORDER BY tag";

/// Neighbours that are read in one go; longer runs are cheaper, shorter ones mix better.
const RUN_LENGTH: u64 = 16;

/// One wish for peers.
pub(super) struct Sampler<'a> {
    pub(super) connection: &'a Connection,
    pub(super) swarm: &'a Swarm,
    /// The asker's tag.
    pub(super) asker: i64,
    pub(super) want: Want,
    pub(super) cutoff: Timestamp,
    pub(super) random: &'a mut Random,
    pub(super) sample: &'a mut PeerSample,
}

/// A part of the ring that is still to be read, both ends included.
struct Arc {
    from: i64,
    to: i64,
}

/// One class on its way round.
struct Ring {
    class: Class,
    /// Arcs that start at random places, in order round the ring.
    arcs: Vec<Arc>,
    /// The part before the first start.
    rest: Arc,
}

impl Sampler<'_> {
    /// Fills the sample.
    pub(super) fn fill(mut self) -> rusqlite::Result<()> {
        let counts = self.swarm.counts;
        let leechers = u64::from(counts.leechers);
        let seeds = u64::from(counts.seeders) + u64::from(counts.partial_seeds);
        let want = u64::from(self.want.peers).min(leechers + seeds);
        if !self.want.seeders {
            let mut ring = self.ring(Class::Leecher, want, leechers);
            self.take(&mut ring, want)?;
            return Ok(());
        }
        let share = self.share_of_seeds(want, seeds, leechers);
        let mut seed_ring = self.ring(Class::Seed, share, seeds);
        let mut leecher_ring = self.ring(Class::Leecher, want - share, leechers);
        let mut taken = self.take(&mut seed_ring, share)?;
        taken += self.take(&mut leecher_ring, want - taken)?;
        self.take(&mut seed_ring, want - taken)?;
        Ok(())
    }

    /// How many of the wanted peers should be seeds: as many as their part of the swarm, but at
    /// least a quarter and at most three, so that neither kind starves. Fractions are thrown for.
    fn share_of_seeds(&mut self, want: u64, seeds: u64, leechers: u64) -> u64 {
        let all = (seeds + leechers).max(1);
        let in_quarters =
            (want.saturating_mul(4).saturating_mul(seeds) / all).clamp(want, want * 3);
        in_quarters / 4 + u64::from(self.random.below(4) < in_quarters % 4)
    }

    fn ring(&mut self, class: Class, want: u64, count: u64) -> Ring {
        // Where most peers are wanted, a second place to start gains nothing.
        let runs = if want * 2 >= count { 1 } else { want.div_ceil(RUN_LENGTH).max(1) };
        let mut starts: Vec<i64> = (0..runs).map(|_| self.random.positive()).collect();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|start| start - 1).chain([i64::MAX]);
        let arcs = starts.iter().zip(ends).map(|(&from, to)| Arc { from, to }).collect();
        let first = starts.first().copied().unwrap_or(0);
        Ring { class, arcs, rest: Arc { from: 0, to: first - 1 } }
    }

    /// Takes up to `want` peers off the ring and says how many it got; a second call goes on.
    fn take(&mut self, ring: &mut Ring, want: u64) -> rusqlite::Result<u64> {
        let mut missing = want;
        let mut runs = u64::try_from(ring.arcs.len()).unwrap_or(1);
        for arc in &mut ring.arcs {
            missing -= self.read(ring.class, arc, missing.div_ceil(runs))?;
            runs = runs.saturating_sub(1).max(1);
        }
        missing -= self.read(ring.class, &mut ring.rest, missing)?;
        for arc in &mut ring.arcs {
            missing -= self.read(ring.class, arc, missing)?;
        }
        Ok(want - missing)
    }

    /// Reads at most `most` peers from the front of an arc and shortens it.
    fn read(&mut self, class: Class, arc: &mut Arc, most: u64) -> rusqlite::Result<u64> {
        if most == 0 || arc.from > arc.to {
            return Ok(0);
        }
        let text = if self.want.peer_ids { RUN_WITH_IDS } else { RUN };
        let mut statement = self.connection.prepare_cached(text)?;
        let mut rows = statement.query(params![self.swarm.id, class.number(), arc.from, arc.to])?;
        let mut taken = 0;
        while let Some(row) = rows.next()? {
            let tag: i64 = row.get(0)?;
            if tag != self.asker && self.hand_out(row)? {
                taken += 1;
            }
            if taken == most {
                // The highest tag ends its arc: there is nothing above it.
                (arc.from, arc.to) = tag.checked_add(1).map_or((1, 0), |next| (next, arc.to));
                return Ok(taken);
            }
        }
        (arc.from, arc.to) = (1, 0);
        Ok(taken)
    }

    /// Puts a peer's living addresses into the sample; says whether there was one.
    fn hand_out(&mut self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let v4 = usable(row, 1, 3, self.cutoff)?.map(CompactV4).filter(|v4| v4.port() != 0);
        let v6 = usable(row, 2, 4, self.cutoff)?.map(CompactV6).filter(|v6| v6.port() != 0);
        if v4.is_none() && v6.is_none() {
            return Ok(false);
        }
        let peer_id = if self.want.peer_ids { Some(PeerId(row.get(5)?)) } else { None };
        push(&mut self.sample.v4, v4, peer_id);
        push(&mut self.sample.v6, v6, peer_id);
        Ok(true)
    }
}

fn push<A>(family: &mut FamilySample<A>, address: Option<A>, peer_id: Option<PeerId>) {
    if let Some(address) = address {
        family.addresses.push(address);
        family.peer_ids.extend(peer_id);
    }
}

/// The address in a column, unless its last announce lies before the cutoff.
fn usable<const N: usize>(
    row: &Row<'_>,
    address: usize,
    seen: usize,
    cutoff: Timestamp,
) -> rusqlite::Result<Option<[u8; N]>> {
    match row.get_ref(address)? {
        ValueRef::Null => Ok(None),
        _ if stored(instant_in(row, seen)?.0) < stored(cutoff.0) => Ok(None),
        value => {
            let bytes = value.as_blob().ok().and_then(|bytes| bytes.try_into().ok());
            bytes.map(Some).ok_or_else(|| {
                rusqlite::Error::InvalidColumnType(address, "address".into(), value.data_type())
            })
        }
    }
}
