//! Random peers of a swarm, at the cost of those that are returned.
//!
//! The leaves of a table form a ring in the order of their hashes, which has nothing to do with who
//! came when. A sample takes some peers each from leaves at places spread over the ring, and goes on
//! round it only while it is short of peers, so that it is exact for every wish.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::layout::{Block, NARROW, most_slots};
use super::peer::{
    ENDPOINT, PORT, addresses_of, endpoint_bits, is_stated, is_under, last_seen_in, told_by_v4,
    v4_in,
};
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::{Leaf, Spot, Table};
use super::trouble::Trouble;
use crate::platform::random::Random;
use crate::protocol::{CompactV4, Timestamp};
use crate::store::peer::{Class, share_of_seeds};
use crate::store::spread::{Spread, most_at_one_address};
use crate::store::{Addresses, PeerSample, Under, Want};

/// Peers that are taken from one leaf before others are looked at: a leaf has about as many.
const RUN_LENGTH: u64 = 20;

/// Where an asker is that is not in the swarm: no block has this name.
pub(super) const NOWHERE: (Block, u32) = (Block(0), 0);

/// Who wants peers, and which.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    /// Where the asker is.
    pub(super) asker: (Block, u32),
    /// Whether the asker's record may have another endpoint than its own now.
    pub(super) has_moved: bool,
    /// Its addresses, of which it is not told, whichever peer has them.
    pub(super) own: Addresses,
    pub(super) want: Want,
    /// The info-hash that it announced under.
    pub(super) under: Under,
    pub(super) cutoff: Timestamp,
}

/// Peers that are looked at without use at most, where few announced under the asker's info-hash or
/// all are at one address.
const MOST_USELESS: u32 = 4000;

/// Places on the ring where a sample begins; a larger one takes more from each.
const MOST_RUNS: usize = 8;

/// A leaf that was read in part: from a slot on, round the end, so many slots.
#[derive(Clone, Copy, Default)]
struct Visit {
    block: Option<Block>,
    from: u32,
    read: u32,
}

impl Visit {
    /// The slots of a leaf of so many that are still to be read, in their order.
    fn rest(self, count: u32) -> [Range<u32>; 2] {
        match self.from + self.read {
            next if next < count => [next..count, 0..self.from],
            next => [next - count..self.from, 0..0],
        }
    }
}

/// What is to come from the peers of one class: runs that begin at places spread over the ring.
#[derive(Clone, Copy)]
struct Course {
    table: Table,
    start: u64,
    want: u64,
    runs: u64,
}

/// One class on its way round.
struct Ring {
    course: Course,
    /// Leaves in which a run was begun, the first ones here.
    visits: [Visit; MOST_RUNS],
    begun: usize,
    /// Where the way round goes on, and the leaf there.
    at: u64,
    current: Visit,
    /// The leaf where it began, once it has left that.
    first: Option<Block>,
    /// Whether it has come round.
    is_closed: bool,
}

/// What a sample will be made of, so that it can be fetched while other work is done.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    want: u64,
    seeds: Course,
    leechers: Course,
}

impl Plan {
    /// Chooses where to begin.
    pub(super) fn new(swarm: &Swarm, want: Want, random: &mut Random) -> Self {
        let leechers = u64::from(swarm.leechers);
        let seeds = u64::from(swarm.seeders) + u64::from(swarm.partial_seeds);
        let all = if want.seeders { leechers + seeds } else { leechers };
        let most = u64::from(want.peers).min(all);
        let share = if want.seeders && most > 0 {
            share_of_seeds(most, seeds, leechers, random)
        } else {
            0
        };
        let mut course =
            |class, want, count| Course::new(swarm.table(class), random.bits(), want, count);
        Self {
            want: u64::from(want.peers),
            seeds: course(Class::Seed, share, seeds),
            leechers: course(Class::Leecher, most - share, leechers),
        }
    }

    /// The leaves where it begins.
    pub(super) fn targets(&self) -> impl Iterator<Item = (Table, u64)> {
        [self.leechers, self.seeds]
            .into_iter()
            .flat_map(|course| (0..course.runs).map(move |run| (course.table, course.place(run))))
    }

    /// Fills a sample. No peer of the swarm is silent.
    pub(super) fn fill(
        self,
        shard: &Shard<'_>,
        random: &mut Random,
        wish: Wish,
        sample: &mut PeerSample,
    ) -> Result<(), Trouble> {
        let mut reader =
            Reader { shard, random, wish, sample, spread: None, stated: false, useless: 0 };
        reader.read_all(self)?;
        // Most samples are fair by chance.
        let want = wish.want.peers;
        if reader.stated || reader.sample.is_crowded(most_at_one_address(want)) {
            reader.sample.clear();
            (reader.spread, reader.useless) = (Some(Spread::new(want)), 0);
            let missing = reader.read_all(self)?;
            if let Some(spread) = &mut reader.spread {
                spread.fill_up(missing, reader.sample);
            }
        }
        Ok(())
    }
}

/// Reads peers into a sample.
struct Reader<'a, 's> {
    shard: &'a Shard<'s>,
    random: &'a mut Random,
    wish: Wish,
    sample: &'a mut PeerSample,
    /// Keeps the sample fair once chance has not.
    spread: Option<Spread>,
    /// Whether there is a peer that states its address, which others may have too.
    stated: bool,
    /// Peers that were looked at and not taken.
    useless: u32,
}

impl Reader<'_, '_> {
    /// Takes as many peers as are planned, of both kinds; says how many there were not.
    fn read_all(&mut self, plan: Plan) -> Result<u64, Trouble> {
        let mut missing = plan.want;
        let mut seeds = Ring::new(plan.seeds);
        missing -= self.take(&mut seeds)?;
        let mut leechers = Ring::new(plan.leechers);
        missing -= self.take(&mut leechers)?.min(missing);
        missing -= self.go_round(&mut leechers, missing)?;
        if self.wish.want.seeders {
            missing -= self.go_round(&mut seeds, missing)?;
        }
        Ok(missing)
    }

    /// Takes as many peers as a ring's runs should give, and says how many it got.
    fn take(&mut self, ring: &mut Ring) -> Result<u64, Trouble> {
        let Course { table, want, runs, .. } = ring.course;
        let mut missing = want;
        // A single run is the beginning of the way round.
        for run in (0..runs).filter(|_| runs > 1) {
            let Some(spot) = self.shard.descend(table, ring.course.place(run))? else { break };
            missing -= self.read(ring, &spot, missing.div_ceil(runs - run), true)?;
        }
        missing -= self.go_round(ring, missing)?;
        Ok(want - missing)
    }

    /// Goes on round the ring, once in all, and takes what was not taken yet.
    fn go_round(&mut self, ring: &mut Ring, want: u64) -> Result<u64, Trouble> {
        let mut missing = want;
        while missing > 0 && !ring.is_closed && self.useless < MOST_USELESS {
            let spot = self.shard.descend(ring.course.table, ring.at)?;
            let Some(spot) = spot.filter(|spot| ring.first != Some(spot.leaf.block)) else {
                ring.is_closed = true;
                break;
            };
            missing -= self.read(ring, &spot, missing, false)?;
            if missing > 0 {
                ring.first = ring.first.or(Some(spot.leaf.block));
                ring.is_closed = spot.is_all();
                ring.at = spot.end().unwrap_or(0);
            }
        }
        Ok(want - missing)
    }

    /// Takes at most `most` peers of a leaf that were not read before.
    fn read(
        &mut self,
        ring: &mut Ring,
        spot: &Spot,
        most: u64,
        is_run: bool,
    ) -> Result<u64, Trouble> {
        let (leaf, count) = (spot.leaf, spot.leaf.head.count);
        if count == 0 || most == 0 {
            return Ok(0);
        }
        let mut visit = ring.visit(leaf.block).unwrap_or_else(|| {
            let from = u32::try_from(self.random.below(count.into())).unwrap_or(0);
            Visit { block: Some(leaf.block), from, read: 0 }
        });
        let keys = self.shard.words(leaf.key(0), count as usize)?;
        let asker = Some(self.wish.asker.1).filter(|_| leaf.block == self.wish.asker.0);
        // No row need be looked at: the only address of each peer is as young as its last announce.
        let is_plain = leaf.head.row == NARROW
            && !self.wish.want.peer_ids
            && self.spread.is_none()
            && !(self.wish.has_moved && asker.is_some());
        let mut taken = 0;
        for slots in visit.rest(count) {
            let keys = &keys[slots.start as usize..slots.end as usize];
            if is_plain {
                let (read, more) = self.hand_out_plain(keys, most - taken);
                visit.read += read;
                taken += more;
                continue;
            }
            for (slot, key) in slots.zip(keys) {
                if taken == most {
                    break;
                }
                visit.read += 1;
                let is_told =
                    Some(slot) != asker && self.hand_out(leaf, slot, key.load(Relaxed))?;
                taken += u64::from(is_told);
                self.useless += u32::from(!is_told);
            }
        }
        ring.note(visit, is_run);
        Ok(taken)
    }

    /// Puts the only addresses of peers into the sample, of those that others can connect to, and says
    /// how many it looked at and how many it took. Most of what an announce does is done here.
    fn hand_out_plain(&mut self, keys: &[AtomicU64], most: u64) -> (u32, u64) {
        let mut addresses = [CompactV4([0; 6]); most_slots(NARROW) as usize];
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        // The asker's own too: no other peer has its endpoint, unless it states that. All zeros are no
        // endpoint that others can connect to.
        let own = self.wish.own.v4.map_or(0, |v4| endpoint_bits(v4.address));
        let (marks, needed) = told_by_v4(self.wish.under);
        let (mut rest, mut taken, mut met) = (keys, 0, 0);
        while taken < most && !rest.is_empty() {
            // So many can be taken without a look at how many have been.
            let (next, later) = rest.split_at(rest.len().min(most - taken));
            for key in next {
                // Each address is written; the next one takes the place of one that is of no use.
                let Some(place) = addresses.get_mut(taken) else { break };
                let key = key.load(Relaxed);
                *place = v4_in(key);
                // Without branches, as nobody can predict them.
                let is_told = (key & marks == needed) & (key & PORT != 0) & (key & ENDPOINT != own);
                met |= key;
                taken += usize::from(is_told);
            }
            rest = later;
        }
        let read = u32::try_from(keys.len() - rest.len()).unwrap_or(u32::MAX);
        // Who states an address is not told of here, but chosen with care the second time.
        self.stated |= is_stated(met);
        self.useless += read - u32::try_from(taken).unwrap_or(read);
        self.sample.v4.addresses.extend_from_slice(&addresses[..taken]);
        (read, taken as u64)
    }

    /// Puts a peer's living addresses into the sample; says whether there was one.
    fn hand_out(&mut self, leaf: Leaf, slot: u32, key: u64) -> Result<bool, Trouble> {
        let addresses = if leaf.head.row == NARROW {
            addresses_of(key, [0; 3], u32::MAX)
        } else {
            let row = self.shard.words(leaf.row(slot), leaf.head.row as usize)?;
            let word = |place: usize| row[place].load(Relaxed);
            addresses_of(key, [word(7), word(8), word(9)], last_seen_in(word(0)))
        };
        let addresses = addresses.since(self.wish.cutoff).reachable().except(self.wish.own);
        if addresses.is_empty() || !is_under(key, self.wish.under) {
            return Ok(false);
        }
        let peer_id = if self.wish.want.peer_ids {
            Some(self.shard.peer_in(leaf, slot)?.peer_id)
        } else {
            None
        };
        self.stated |= is_stated(key);
        if let Some(spread) = &mut self.spread {
            return Ok(spread.offer(addresses, peer_id, self.sample));
        }
        self.sample.hand_out(addresses, peer_id);
        Ok(true)
    }
}

impl Course {
    /// For a table of about `count` peers of which `want` are wanted.
    fn new(table: Table, start: u64, want: u64, count: u64) -> Self {
        // Where most peers are wanted, a second place to start gains nothing.
        let most = MOST_RUNS as u64;
        let runs = if want * 2 >= count { 1 } else { want.div_ceil(RUN_LENGTH).min(most) };
        Self { table, start, want, runs: runs.min(want) }
    }

    /// Where a run begins.
    fn place(&self, run: u64) -> u64 {
        self.start.wrapping_add((u64::MAX / self.runs.max(1)).wrapping_mul(run))
    }
}

impl Ring {
    /// A class of which nothing was read yet.
    fn new(course: Course) -> Self {
        let (visits, current) = ([Visit::default(); MOST_RUNS], Visit::default());
        let at = course.start;
        Self { course, visits, begun: 0, at, current, first: None, is_closed: false }
    }

    /// What was read of a leaf before.
    fn visit(&self, block: Block) -> Option<Visit> {
        let visits = self.visits[..self.begun].iter().chain([&self.current]);
        visits.into_iter().find(|visit| visit.block == Some(block)).copied()
    }

    /// Remembers what was read of a leaf.
    fn note(&mut self, visit: Visit, is_run: bool) {
        let known = self.visits[..self.begun].iter().position(|known| known.block == visit.block);
        if let Some(place) = known {
            self.visits[place] = visit;
        } else if is_run {
            self.visits[self.begun] = visit;
            self.begun += 1;
        } else {
            self.current = visit;
        }
    }
}
