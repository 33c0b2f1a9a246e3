//! The peers of a swarm whose shard is locked: finding one, letting one go, sweeping the silent,
//! making way where a cap is reached.

use std::sync::atomic::Ordering::Relaxed;

use super::layout::shard;
use super::peer::{self, Record, last_seen_in};
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::{Leaf, NEVER, Spot, Table};
use super::trouble::Trouble;
use crate::protocol::PeerId;
use crate::store::peer::Class;
use crate::store::{Addresses, Peer};

/// More peers than this at one address would not fit into a leaf.
pub(super) const MOST_AT_ONE_ADDRESS: u32 = 100;

/// Leaves to look at for the peer that was silent for longest; bounds that are too low are raised in
/// passing, so that the next one is found sooner.
const LOOKS: u32 = 64;

/// A peer and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) class: Class,
    pub(super) spot: Spot,
    pub(super) slot: u32,
    pub(super) record: Record,
}

impl Shard<'_> {
    /// The record in a slot.
    pub(super) fn record(&self, spot: &Spot, slot: u32) -> Result<Record, Trouble> {
        self.record_at(spot.leaf, slot)
    }

    /// The same, of a leaf to which the way does not matter.
    pub(super) fn record_at(&self, leaf: Leaf, slot: u32) -> Result<Record, Trouble> {
        let row = self.words(leaf.row(slot), leaf.head.row as usize)?;
        Record::unpack(self.get(leaf.key(slot))?, row)
    }

    /// Looks for a peer, first in the class where it is most likely.
    pub(super) fn find_peer(
        &self,
        swarm: &Swarm,
        peer_id: PeerId,
        likely: Class,
    ) -> Result<Option<Found>, Trouble> {
        let hash = peer::hash(self.geometry, peer_id);
        self.find(swarm, hash, likely, |record| record.peer.peer_id == peer_id)
    }

    fn find(
        &self,
        swarm: &Swarm,
        hash: u64,
        likely: Class,
        is_it: impl Fn(&Record) -> bool,
    ) -> Result<Option<Found>, Trouble> {
        let others = Class::ALL.into_iter().filter(|&class| class != likely);
        for class in std::iter::once(likely).chain(others) {
            let Some(spot) = self.descend(swarm.table(class), hash)? else { continue };
            let keys = self.words(spot.leaf.key(0), spot.leaf.head.count as usize)?;
            for (slot, key) in (0..).zip(keys) {
                if peer::may_be(key.load(Relaxed), hash) {
                    let record = self.record(&spot, slot)?;
                    if is_it(&record) {
                        return Ok(Some(Found { class, spot, slot, record }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Adds to the number of this shard's peers, as a part of the transaction.
    pub(super) fn count_peers(&self, more: i64) -> Result<(), Trouble> {
        let count = self.own(shard::PEER_COUNT);
        self.set(count, self.get(count)?.wrapping_add_signed(more))
    }

    /// Takes a peer out of its table and of the swarm's figures, as a part of the transaction.
    fn take_out_peer(&self, swarm: &mut Swarm, found: &mut Found) -> Result<(), Trouble> {
        self.take_out(&mut found.spot, found.slot)?;
        self.unlist(swarm, &found.record)?;
        swarm.count_out(&found.record.peer);
        self.count_peers(-1)
    }

    /// Lets a peer go that says so itself, with the figures of its last announce, and commits.
    pub(super) fn leave(
        &self,
        swarm: &mut Swarm,
        mut found: Found,
        last: &Peer,
    ) -> Result<(), Trouble> {
        self.take_out_peer(swarm, &mut found)?;
        let now = peer::instant(last.last_seen);
        swarm.count_departed(last.uploaded, last.downloaded, now);
        self.save(swarm)?;
        self.commit()?;
        self.tidy_after(swarm, &found)
    }

    /// Takes a silent peer out, and commits. Its leaf may be left too large.
    fn expire(&self, swarm: &mut Swarm, found: &mut Found) -> Result<(), Trouble> {
        self.take_out_peer(swarm, found)?;
        let Peer { uploaded, downloaded, last_seen, .. } = found.record.peer;
        swarm.count_departed(uploaded, downloaded, peer::instant(last_seen));
        swarm.expired = swarm.expired.saturating_add(1);
        self.save(swarm)?;
        self.commit()
    }

    /// Gives back the room that a peer had taken.
    fn tidy_after(&self, swarm: &Swarm, found: &Found) -> Result<(), Trouble> {
        let record = &found.record;
        let hash = peer::hash(self.geometry, record.peer.peer_id);
        self.tidy(swarm.table(found.class), hash)?;
        if let Some(address) = self.listed_at(record) {
            self.tidy(swarm.addresses(), address)?;
        }
        self.trim()
    }

    /// Takes out at most `budget` peers that were last seen before `cutoff`, and says how many; fewer
    /// than the budget means that none is left.
    pub(super) fn sweep(
        &self,
        swarm: &mut Swarm,
        cutoff: u32,
        budget: usize,
    ) -> Result<usize, Trouble> {
        let mut swept = 0;
        for class in Class::ALL {
            let table = swarm.table(class);
            while swept < budget && self.has_silent(table, cutoff)? {
                let Some(spot) = self.descend_to_oldest(table)? else { break };
                let place = (class, spot);
                swept += self.sweep_leaf(swarm, place, |seen| seen < cutoff, budget - swept)?;
            }
        }
        if swept > 0 {
            self.trim()?;
        }
        Ok(swept)
    }

    /// Takes out at most `budget` peers, whoever they are, and says how many.
    pub(super) fn clear(&self, swarm: &mut Swarm, budget: usize) -> Result<usize, Trouble> {
        let mut gone = 0;
        for class in Class::ALL {
            let mut next = Some(0);
            while let Some(at) = next
                && gone < budget
                && let Some(spot) = self.descend(swarm.table(class), at)?
            {
                gone += self.sweep_leaf(swarm, (class, spot), |_| true, budget - gone)?;
                next = spot.end();
            }
        }
        self.trim()?;
        Ok(gone)
    }

    fn has_silent(&self, table: Table, cutoff: u32) -> Result<bool, Trouble> {
        let link = self.link(table.root)?;
        Ok(link.block().is_some() && link.oldest() < cutoff)
    }

    /// Takes peers out of a leaf that were last seen at a time when they `go`.
    fn sweep_leaf(
        &self,
        swarm: &mut Swarm,
        (class, mut spot): (Class, Spot),
        goes: impl Fn(u32) -> bool,
        budget: usize,
    ) -> Result<usize, Trouble> {
        let (mut swept, mut slot) = (0, 0);
        let mut addresses = Vec::new();
        while slot < spot.leaf.head.count && swept < budget {
            if !goes(last_seen_in(self.get(spot.leaf.row(slot))?)) {
                slot += 1;
                continue;
            }
            let record = self.record(&spot, slot)?;
            let mut found = Found { class, spot, slot, record };
            self.expire(swarm, &mut found)?;
            spot = found.spot;
            addresses.extend(self.listed_at(&record));
            swept += 1;
        }
        let table = swarm.table(class);
        self.raise(table, &spot)?;
        self.tidy(table, spot.hash())?;
        for address in addresses {
            self.tidy(swarm.addresses(), address)?;
        }
        Ok(swept)
    }

    /// Lets the peer go that was silent for longest, as if it had been silent for too long; says
    /// whether there was one.
    pub(super) fn evict_oldest(&self, swarm: &mut Swarm) -> Result<bool, Trouble> {
        for look in 0.. {
            let Some((class, bound)) = self.oldest_class(swarm)? else { break };
            let table = swarm.table(class);
            let Some(spot) = self.descend_to_oldest(table)? else { break };
            let oldest = self.oldest_slot(&spot)?;
            match oldest {
                Some((slot, seen)) if seen <= bound || look >= LOOKS => {
                    let record = self.record(&spot, slot)?;
                    self.evict(swarm, Found { class, spot, slot, record })?;
                    return Ok(true);
                }
                // The bound was too low.
                _ => self.raise(table, &spot)?,
            }
        }
        Ok(false)
    }

    /// The class that the peer silent for longest may be in, and a bound of when it was seen.
    pub(super) fn oldest_class(&self, swarm: &Swarm) -> Result<Option<(Class, u32)>, Trouble> {
        let mut oldest = None;
        for class in Class::ALL {
            let link = self.link(swarm.table(class).root)?;
            let bound = link.oldest();
            if link.block().is_some() && oldest.is_none_or(|(_, least)| bound < least) {
                oldest = Some((class, bound));
            }
        }
        Ok(oldest)
    }

    fn evict(&self, swarm: &mut Swarm, mut found: Found) -> Result<(), Trouble> {
        self.expire(swarm, &mut found)?;
        self.tidy_after(swarm, &found)
    }

    fn oldest_slot(&self, spot: &Spot) -> Result<Option<(u32, u32)>, Trouble> {
        let mut oldest = None;
        for slot in 0..spot.leaf.head.count {
            let seen = last_seen_in(self.get(spot.leaf.row(slot))?);
            if oldest.is_none_or(|(_, least)| seen < least) {
                oldest = Some((slot, seen));
            }
        }
        Ok(oldest)
    }

    /// Where a record is listed in its swarm's table of addresses, if it is.
    pub(super) fn listed_at(&self, record: &Record) -> Option<u64> {
        record.listed.then(|| self.address_hash(&record.peer.addresses)).flatten()
    }

    /// What an address counts as for the cap: an IPv4 address, else an IPv6 network of 64 bits.
    pub(super) fn address_hash(&self, addresses: &Addresses) -> Option<u64> {
        let words = match (addresses.v4, addresses.v6) {
            (Some(v4), _) => [4, u64::from(u32::from(v4.address.ip())), 0],
            (None, Some(v6)) => {
                let network = u128::from(v6.address.ip()) >> 64;
                [6, u64::try_from(network).unwrap_or(0), 0]
            }
            (None, None) => return None,
        };
        Some(peer::keyed(self.geometry, words))
    }

    /// Lists a peer under its address, as a part of the transaction. There must be room.
    pub(super) fn list(&self, swarm: &Swarm, record: &Record) -> Result<(), Trouble> {
        if let Some(address) = self.listed_at(record) {
            let hash = peer::hash(self.geometry, record.peer.peer_id);
            self.insert(swarm.addresses(), address, (address, &[hash]), NEVER)?;
        }
        Ok(())
    }

    /// Takes a peer off the list, as a part of the transaction.
    pub(super) fn unlist(&self, swarm: &Swarm, record: &Record) -> Result<(), Trouble> {
        let Some(address) = self.listed_at(record) else { return Ok(()) };
        let hash = peer::hash(self.geometry, record.peer.peer_id);
        if let Some(mut spot) = self.descend(swarm.addresses(), address)? {
            for slot in 0..spot.leaf.head.count {
                let listed = self.get(spot.leaf.key(slot))? == address;
                if listed && self.get(spot.leaf.row(slot))? == hash {
                    return self.take_out(&mut spot, slot);
                }
            }
        }
        Ok(())
    }

    /// Lets peers at an address go, those that were silent for longest, until another one may come.
    pub(super) fn make_way_at(
        &self,
        swarm: &mut Swarm,
        address: u64,
        cap: u32,
    ) -> Result<(), Trouble> {
        loop {
            let present = self.listed(swarm, address)?;
            if present.len() < cap.clamp(1, MOST_AT_ONE_ADDRESS) as usize {
                return Ok(());
            }
            let mut oldest: Option<Found> = None;
            for hash in present {
                let is_it =
                    |record: &Record| peer::hash(self.geometry, record.peer.peer_id) == hash;
                let found = self.find(swarm, hash, Class::Leecher, is_it)?;
                let found = found.ok_or(Trouble::Broken("a peer is listed that is not there"))?;
                let seen = |found: &Found| found.record.peer.last_seen;
                if oldest.is_none_or(|oldest| seen(&found) < seen(&oldest)) {
                    oldest = Some(found);
                }
            }
            let Some(oldest) = oldest else { return Ok(()) };
            self.evict(swarm, oldest)?;
        }
    }

    /// The hashes of the peers that are listed under an address.
    fn listed(&self, swarm: &Swarm, address: u64) -> Result<Vec<u64>, Trouble> {
        let mut hashes = Vec::new();
        if let Some(spot) = self.descend(swarm.addresses(), address)? {
            for slot in 0..spot.leaf.head.count {
                if self.get(spot.leaf.key(slot))? == address {
                    hashes.push(self.get(spot.leaf.row(slot))?);
                }
            }
        }
        Ok(hashes)
    }
}
