//! A swarm's record. Its key word is the first eight bytes of the info-hash. Words of its row:
//!
//! | word | low half | high half |
//! |---|---|---|
//! | 0 | the next eight bytes of the info-hash | |
//! | 1 | its last four bytes | when a peer last announced |
//! | 2 | seeders | leechers |
//! | 3 | partial seeds | completed downloads |
//! | 4 | expired peers | the highest bits of word 8 |
//! | 5 | the highest bits of word 9 | the highest bits of word 10 |
//! | 6, 7 | bytes that departed peers uploaded, downloaded | |
//! | 8, 9, 10 | bytes that the peers here uploaded, downloaded, and still lack | |
//! | 11 to 13 | links to the tables of leechers, seeds and hidden peers | |
//! | 14 | link to the index of endpoints | |
//!
//! All peers in the tables are counted, also silent ones: who wants to know the living sweeps first.

use std::sync::atomic::Ordering::Relaxed;

use super::hash;
use super::layout::{SWARM_ROW, low_half};
use super::peer::bytes_of;
use super::shard::Shard;
use super::table::{Leaf, Records, Spot, Table};
use super::trouble::Trouble;
use crate::protocol::{InfoHash, Timestamp};
use crate::store::identity::words_of;
use crate::store::peer::Class;
use crate::store::{Peer, Role, SwarmCounts, SwarmSummary};

/// Words of a row that are figures.
const FIGURES: usize = 11;

/// A swarm while its shard is locked: where it is, and its figures, to be changed and saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swarm {
    /// The first word of its row.
    row: usize,
    pub(super) info_hash: InfoHash,
    pub(super) last_announce: u32,
    pub(super) seeders: u32,
    pub(super) leechers: u32,
    pub(super) partial_seeds: u32,
    pub(super) completed: u32,
    pub(super) expired: u32,
    pub(super) departed_uploaded: u64,
    pub(super) departed_downloaded: u64,
    /// Sums over the peers here, which must not saturate, as peers are taken from them again.
    pub(super) uploaded: u128,
    pub(super) downloaded: u128,
    pub(super) left: u128,
}

/// Swarms with their hashes.
pub(super) type HashedSwarms = Vec<(u64, Swarm)>;

impl Shard<'_> {
    /// The table of this shard's swarms.
    pub(super) fn swarms(&self) -> Table {
        Table { root: self.own(super::layout::shard::SWARMS), records: Records::Swarms }
    }

    /// Looks for a swarm.
    pub(super) fn find_swarm(&self, info_hash: InfoHash) -> Result<Option<Swarm>, Trouble> {
        Ok(self.locate(info_hash)?.map(|(swarm, ..)| swarm))
    }

    fn locate(&self, info_hash: InfoHash) -> Result<Option<(Swarm, Spot, u32)>, Trouble> {
        let hash = hash::order(self.geometry, hash::of_swarm(self.geometry, info_hash));
        let Some(spot) = self.descend(self.swarms(), hash)? else { return Ok(None) };
        let [key, ..] = words_of(info_hash.0);
        for slot in 0..spot.leaf.head.count {
            if self.get(spot.leaf.key(slot))? == key {
                let swarm = self.swarm_in(&spot, slot)?;
                if swarm.info_hash == info_hash {
                    return Ok(Some((swarm, spot, slot)));
                }
            }
        }
        Ok(None)
    }

    /// Puts in a swarm that is not there, as a part of the transaction that its first peer comes in
    /// with. Nothing must be uncommitted yet.
    pub(super) fn create_swarm(&self, info_hash: InfoHash) -> Result<Swarm, Trouble> {
        let hash = hash::order(self.geometry, hash::of_swarm(self.geometry, info_hash));
        self.make_room(self.swarms(), hash, SWARM_ROW)?;
        self.commit()?;
        let [key, second, third] = words_of(info_hash.0);
        let mut row = [0; SWARM_ROW as usize];
        (row[0], row[1]) = (second, third);
        let record = (key, row.as_slice());
        let (spot, slot) = self.insert(self.swarms(), hash, record, super::table::NEVER)?;
        let count = self.own(super::layout::shard::SWARM_COUNT);
        self.set(count, self.get(count)?.wrapping_add(1))?;
        self.swarm_in(&spot, slot)
    }

    /// Takes a swarm without peers out, and commits.
    pub(super) fn delete_swarm(&self, info_hash: InfoHash) -> Result<(), Trouble> {
        let Some((_, mut spot, slot)) = self.locate(info_hash)? else { return Ok(()) };
        self.take_out(&mut spot, slot)?;
        let count = self.own(super::layout::shard::SWARM_COUNT);
        self.set(count, self.get(count)?.wrapping_sub(1))?;
        self.commit()?;
        self.tidy(
            self.swarms(),
            hash::order(self.geometry, hash::of_swarm(self.geometry, info_hash)),
        )
    }

    /// The swarms of one leaf from a hash on, in their order, each with its hash; and where the next
    /// leaf begins.
    pub(super) fn swarms_from(&self, from: u64) -> Result<(HashedSwarms, Option<u64>), Trouble> {
        let table = self.swarms();
        let at = hash::order(self.geometry, from);
        let Some(spot) = self.descend(table, at)? else { return Ok((Vec::new(), None)) };
        let bits = self.geometry.shard_bits();
        let full = |order: u64| order >> bits | from & !(u64::MAX >> bits);
        let mut swarms = Vec::new();
        for slot in 0..spot.leaf.head.count {
            let order = self.hash_of(table, spot.leaf, slot)?;
            if !spot.covers(order) {
                return Err(Trouble::BROKEN_TABLE);
            }
            if order >= at {
                swarms.push((order, self.swarm_in(&spot, slot)?));
            }
        }
        swarms.sort_unstable_by_key(|&(order, _)| order);
        let swarms = swarms.into_iter().map(|(order, swarm)| (full(order), swarm)).collect();
        Ok((swarms, spot.end().map(full)))
    }

    fn swarm_in(&self, spot: &Spot, slot: u32) -> Result<Swarm, Trouble> {
        self.swarm_at(spot.leaf, slot)
    }

    /// Reads a swarm's record.
    pub(super) fn swarm_at(&self, leaf: Leaf, slot: u32) -> Result<Swarm, Trouble> {
        let key = self.get(leaf.key(slot))?;
        let row = leaf.row(slot);
        let words = self.words(row, FIGURES)?;
        let word = |place: usize| words[place].load(Relaxed);
        let high = |place: usize| low_half(word(place) >> 32);
        let sum = |place: usize, high: u32| u128::from(word(place)) | u128::from(high) << 64;
        Ok(Swarm {
            row,
            info_hash: InfoHash(bytes_of([key, word(0), word(1)])),
            last_announce: high(1),
            seeders: low_half(word(2)),
            leechers: high(2),
            partial_seeds: low_half(word(3)),
            completed: high(3),
            expired: low_half(word(4)),
            departed_uploaded: word(6),
            departed_downloaded: word(7),
            uploaded: sum(8, high(4)),
            downloaded: sum(9, low_half(word(5))),
            left: sum(10, high(5)),
        })
    }

    /// Writes a swarm's figures, as a part of the transaction.
    pub(super) fn save(&self, swarm: &Swarm) -> Result<(), Trouble> {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let highest = |sum: u128| u32::try_from(sum >> 64).unwrap_or(u32::MAX);
        let lowest = |sum: u128| u64::try_from(sum & u128::from(u64::MAX)).unwrap_or(u64::MAX);
        let Swarm { uploaded, downloaded, left, .. } = *swarm;
        let [_, _, third] = words_of(swarm.info_hash.0);
        let words = [
            pair(low_half(third), swarm.last_announce),
            pair(swarm.seeders, swarm.leechers),
            pair(swarm.partial_seeds, swarm.completed),
            pair(swarm.expired, highest(uploaded)),
            pair(highest(downloaded), highest(left)),
            swarm.departed_uploaded,
            swarm.departed_downloaded,
            lowest(uploaded),
            lowest(downloaded),
            lowest(left),
        ];
        self.set_all(swarm.row + 1, &words)
    }
}

impl Swarm {
    /// The table of the peers of a class.
    pub(super) fn table(&self, class: Class) -> Table {
        let place = match class {
            Class::Leecher => 11,
            Class::Seed => 12,
            Class::Hidden => 13,
        };
        Table { root: self.row + place, records: Records::Peers }
    }

    /// The index of endpoints.
    pub(super) fn endpoints(&self) -> Table {
        Table { root: self.row + 14, records: Records::Endpoints }
    }

    /// How many peers there are.
    pub(super) fn peers(&self) -> u64 {
        u64::from(self.seeders) + u64::from(self.leechers) + u64::from(self.partial_seeds)
    }

    /// The counts, of all the peers in the tables.
    pub(super) fn counts(&self) -> SwarmCounts {
        SwarmCounts {
            seeders: self.seeders,
            leechers: self.leechers,
            partial_seeds: self.partial_seeds,
            completed: self.completed.into(),
        }
    }

    /// The same swarm as if nobody were in it.
    pub(super) fn without_peers(self) -> Self {
        let [seeders, leechers, partial_seeds] = [0; 3];
        let [uploaded, downloaded, left] = [0; 3];
        Self { seeders, leechers, partial_seeds, uploaded, downloaded, left, ..self }
    }

    fn of_role(&mut self, role: Role) -> &mut u32 {
        match role {
            Role::Leecher => &mut self.leechers,
            Role::PartialSeed => &mut self.partial_seeds,
            Role::Seeder => &mut self.seeders,
        }
    }

    /// Counts a peer in.
    pub(super) fn count_in(&mut self, peer: &Peer) {
        let count = self.of_role(peer.role);
        *count = count.saturating_add(1);
        // They cannot overflow: fewer than 2^32 peers with less than 2^64 each.
        self.uploaded = self.uploaded.wrapping_add(peer.uploaded.into());
        self.downloaded = self.downloaded.wrapping_add(peer.downloaded.into());
        self.left = self.left.wrapping_add(lacking(peer));
    }

    /// Counts a peer out.
    pub(super) fn count_out(&mut self, peer: &Peer) {
        let count = self.of_role(peer.role);
        *count = count.saturating_sub(1);
        self.uploaded = self.uploaded.saturating_sub(peer.uploaded.into());
        self.downloaded = self.downloaded.saturating_sub(peer.downloaded.into());
        self.left = self.left.saturating_sub(lacking(peer));
    }

    /// Counts the download that a peer has ended since it was known like this, if any.
    pub(super) fn count_completed(&mut self, peer: &Peer, known: Option<&Peer>) {
        let more = u32::from(peer.has_completed_since(known));
        self.completed = self.completed.saturating_add(more);
    }

    /// Keeps what a peer moved that is here no more, and that was last heard of at `last`.
    pub(super) fn count_departed(&mut self, uploaded: u64, downloaded: u64, last: u32) {
        self.departed_uploaded = self.departed_uploaded.saturating_add(uploaded);
        self.departed_downloaded = self.departed_downloaded.saturating_add(downloaded);
        self.last_announce = self.last_announce.max(last);
    }

    /// The figures for the outside.
    pub(super) fn summary(&self) -> SwarmSummary {
        let sum = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        SwarmSummary {
            info_hash: self.info_hash,
            counts: self.counts(),
            expired: self.expired.into(),
            departed_uploaded: self.departed_uploaded,
            departed_downloaded: self.departed_downloaded,
            live_uploaded: sum(self.uploaded),
            live_downloaded: sum(self.downloaded),
            left: sum(self.left),
            last_announce: Timestamp(self.last_announce.into()),
        }
    }
}

fn lacking(peer: &Peer) -> u128 {
    if peer.role == Role::Seeder { 0 } else { peer.left.unwrap_or(0).into() }
}
