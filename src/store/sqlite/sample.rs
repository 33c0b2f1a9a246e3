//! Random peers of a swarm, at the cost of those that are returned.
//!
//! The tags of a class form a ring. A sample reads a few short runs of it from random places, and
//! goes on round the ring only while it is short of peers, so that it is exact for every wish.

use rusqlite::{Row, params};

use super::addresses::{Addresses, Location};
use super::connection::{Database, Prepared};
use super::schema::Class;
use super::swarm::Swarm;
use crate::platform::random::Random;
use crate::protocol::{PeerId, Timestamp};
use crate::store::peer::share_of_seeds;
use crate::store::spread::{Spread, most_at_one_address};
use crate::store::{PeerSample, SwarmCounts, Under, Want};

const RUN: &str = "SELECT addresses, tag FROM peer WHERE swarm = ?1 AND class = ?2 \
     AND tag BETWEEN ?3 AND ?4 AND tag <> ?5 ORDER BY tag";
const RUN_WITH_IDS: &str = "SELECT addresses, tag, peer_id FROM peer WHERE swarm = ?1 \
     AND class = ?2 AND tag BETWEEN ?3 AND ?4 AND tag <> ?5 ORDER BY tag";

/// Rows that are looked at without use at most, where few peers announced under the asker's info-hash
/// or all are at one address.
const MOST_USELESS: u64 = 2000;

/// Neighbours that are read in one go; longer runs are cheaper, shorter ones mix better.
const RUN_LENGTH: u64 = 16;

/// Who wants peers, and which.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) swarm: &'a Swarm,
    /// The asker's tag.
    pub(super) asker: i64,
    /// Its addresses, of which it is not told, whichever peer has them.
    pub(super) own: Addresses,
    pub(super) want: Want,
    /// The info-hash that it announced under.
    pub(super) under: Under,
    pub(super) cutoff: Timestamp,
}

/// A part of the ring that is still to be read, both ends included.
#[derive(Clone, Copy)]
struct Arc {
    from: i64,
    to: i64,
}

/// What is left of an arc that was read to its end.
const NOTHING: Arc = Arc { from: 1, to: 0 };

/// One class on its way round.
struct Ring {
    class: Class,
    /// Arcs that start at random places, in order round the ring.
    arcs: Vec<Arc>,
    /// The part before the first start.
    rest: Arc,
}

/// Fills a sample.
pub(super) fn fill(
    database: &Database,
    random: &mut Random,
    wish: Wish<'_>,
    sample: &mut PeerSample,
) -> rusqlite::Result<()> {
    if wish.want.peers == 0 {
        return Ok(());
    }
    let text = if wish.want.peer_ids { RUN_WITH_IDS } else { RUN };
    let statement = database.statement(text)?;
    let mut reader =
        Reader { statement, wish, sample, spread: None, has_stated: false, useless: 0 };
    reader.read_all(random)?;
    // Most samples are fair by chance.
    if reader.has_stated || reader.sample.is_crowded(most_at_one_address(wish.want.peers)) {
        reader.sample.clear();
        (reader.spread, reader.useless) = (Some(Spread::new(wish.want.peers)), 0);
        let missing = reader.read_all(random)?;
        if let Some(spread) = &mut reader.spread {
            spread.fill_up(missing, reader.sample);
        }
    }
    Ok(())
}

impl Ring {
    fn new(class: Class, want: u64, count: u64, random: &mut Random) -> Self {
        // Where most peers are wanted, a second place to start gains nothing.
        let runs = if want * 2 >= count { 1 } else { want.div_ceil(RUN_LENGTH).max(1) };
        let mut starts: Vec<i64> = (0..runs).map(|_| random.positive()).collect();
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|start| start - 1).chain([i64::MAX]);
        let arcs = starts.iter().zip(ends).map(|(&from, to)| Arc { from, to }).collect();
        let first = starts.first().copied().unwrap_or(0);
        Self { class, arcs, rest: Arc { from: 0, to: first - 1 } }
    }
}

/// Reads peers into a sample.
struct Reader<'a> {
    statement: Prepared<'a>,
    wish: Wish<'a>,
    sample: &'a mut PeerSample,
    /// Keeps the sample fair once chance has not.
    spread: Option<Spread>,
    /// Whether there is a peer in the sample that states its address, which others may have too.
    has_stated: bool,
    /// Rows that were read and not taken.
    useless: u64,
}

impl Reader<'_> {
    /// Takes as many peers as are wanted, of both kinds; says how many there were not.
    fn read_all(&mut self, random: &mut Random) -> rusqlite::Result<u64> {
        let SwarmCounts { seeders, leechers, partial_seeds, .. } = self.wish.swarm.counts;
        let leechers = u64::from(leechers);
        let seeds = u64::from(seeders) + u64::from(partial_seeds);
        let wanted = u64::from(self.wish.want.peers);
        let want = wanted.min(leechers + seeds);
        if !self.wish.want.seeders {
            let taken = self.take(&mut Ring::new(Class::Leecher, want, leechers, random), want)?;
            return Ok(wanted - taken);
        }
        let share = share_of_seeds(want, seeds, leechers, random);
        let mut seed_ring = Ring::new(Class::Seed, share, seeds, random);
        let mut leecher_ring = Ring::new(Class::Leecher, want - share, leechers, random);
        let mut taken = self.take(&mut seed_ring, share)?;
        taken += self.take(&mut leecher_ring, want - taken)?;
        taken += self.take(&mut seed_ring, want - taken)?;
        Ok(wanted - taken)
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
        let Wish { swarm, asker, .. } = self.wish;
        let Self { statement, wish, sample, spread, has_stated, useless } = self;
        let range = params![swarm.id, class.number(), arc.from, arc.to, asker];
        let mut rows = statement.query(range)?;
        let mut taken = 0;
        while let Some(row) = rows.next()? {
            let Some(candidate) = candidate(row, wish)? else {
                *useless += 1;
                if *useless >= MOST_USELESS { break } else { continue }
            };
            *has_stated |= candidate.is_stated;
            let Candidate { addresses, peer_id, .. } = candidate;
            let is_taken = match spread {
                Some(spread) => spread.offer(addresses, peer_id, sample),
                None => {
                    sample.hand_out(addresses, peer_id);
                    true
                }
            };
            taken += u64::from(is_taken);
            *useless += u64::from(!is_taken);
            if *useless >= MOST_USELESS {
                break;
            }
            if taken == most {
                let last: i64 = row.get(1)?;
                *arc = last.checked_add(1).map_or(NOTHING, |from| Arc { from, to: arc.to });
                return Ok(taken);
            }
        }
        *arc = NOTHING;
        Ok(taken)
    }
}

/// A peer that may be handed out.
struct Candidate {
    addresses: Addresses,
    peer_id: Option<PeerId>,
    is_stated: bool,
}

/// What of a peer may be handed out, if anything.
fn candidate(row: &Row<'_>, wish: &Wish<'_>) -> rusqlite::Result<Option<Candidate>> {
    let Location { addresses, hashes, is_stated, .. } = row.get(0)?;
    let addresses = addresses.since(wish.cutoff).reachable().except(wish.own);
    if addresses.is_empty() || !hashes.contain(wish.under) {
        return Ok(None);
    }
    let peer_id = if wish.want.peer_ids { Some(PeerId(row.get(2)?)) } else { None };
    Ok(Some(Candidate { addresses, peer_id, is_stated }))
}
