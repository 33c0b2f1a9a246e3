//! The peers of a swarm whose shard is locked: finding one, letting one go, sweeping the silent,
//! making way where a cap is reached.

use std::sync::atomic::Ordering::Relaxed;

use super::hash;
use super::layout::shard;
use super::peer::{self, last_seen_in};
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::{Leaf, Spot, Table};
use super::trouble::Trouble;
use crate::store::Peer;
use crate::store::identity::Identity;
use crate::store::peer::Class;

/// Leaves to look at for the peer that was silent for longest; bounds that are too low are raised in
/// passing, so that the next one is found sooner.
const LOOKS: u32 = 64;

/// A peer and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) class: Class,
    pub(super) spot: Spot,
    pub(super) slot: u32,
    pub(super) peer: Peer,
}

impl Shard<'_> {
    /// The peer in a slot.
    pub(super) fn peer(&self, spot: &Spot, slot: u32) -> Result<Peer, Trouble> {
        self.peer_in(spot.leaf, slot)
    }

    /// The same, of a leaf to which the way does not matter.
    pub(super) fn peer_in(&self, leaf: Leaf, slot: u32) -> Result<Peer, Trouble> {
        let row = self.words(leaf.row(slot), leaf.head.row as usize)?;
        peer::unpack(self.get(leaf.key(slot))?, row)
    }

    /// Looks for a peer, first in the class where it is most likely.
    pub(super) fn find_peer(
        &self,
        swarm: &Swarm,
        identity: Identity,
        likely: Class,
    ) -> Result<Option<Found>, Trouble> {
        let hash = hash::of_peer(self.geometry, identity);
        let others = Class::ALL.into_iter().filter(|&class| class != likely);
        for class in std::iter::once(likely).chain(others) {
            let Some(spot) = self.descend(swarm.table(class), hash)? else { continue };
            let keys = self.words(spot.leaf.key(0), spot.leaf.head.count as usize)?;
            for (slot, key) in (0..).zip(keys) {
                if peer::may_be(key.load(Relaxed), hash) {
                    let peer = self.peer(&spot, slot)?;
                    if peer.identity() == identity {
                        return Ok(Some(Found { class, spot, slot, peer }));
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
        self.remove_endpoints(swarm, self.entries(&found.peer))?;
        swarm.count_out(&found.peer);
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
        let Peer { uploaded, downloaded, last_seen, .. } = found.peer;
        swarm.count_departed(uploaded, downloaded, peer::instant(last_seen));
        swarm.expired = swarm.expired.saturating_add(1);
        self.save(swarm)?;
        self.commit()
    }

    /// Gives back the room that a peer had taken.
    fn tidy_after(&self, swarm: &Swarm, found: &Found) -> Result<(), Trouble> {
        let hash = hash::of_peer(self.geometry, found.peer.identity());
        self.tidy(swarm.table(found.class), hash)?;
        for entry in self.entries(&found.peer).into_iter().flatten() {
            self.tidy(swarm.endpoints(), entry)?;
        }
        self.drop_index(swarm)?;
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

    /// Takes out at most `budget` peers, any of them, and says how many.
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
        let mut entries = Vec::new();
        while slot < spot.leaf.head.count && swept < budget {
            if !goes(last_seen_in(self.get(spot.leaf.row(slot))?)) {
                slot += 1;
                continue;
            }
            let peer = self.peer(&spot, slot)?;
            let mut found = Found { class, spot, slot, peer };
            self.expire(swarm, &mut found)?;
            spot = found.spot;
            entries.extend(self.entries(&peer).into_iter().flatten());
            swept += 1;
        }
        let table = swarm.table(class);
        self.raise(table, &spot)?;
        self.tidy(table, spot.hash())?;
        for entry in entries {
            self.tidy(swarm.endpoints(), entry)?;
        }
        self.drop_index(swarm)?;
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
                    let peer = self.peer(&spot, slot)?;
                    self.evict(swarm, Found { class, spot, slot, peer })?;
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

    /// Lets a peer go as if it had been silent for too long.
    pub(super) fn evict(&self, swarm: &mut Swarm, mut found: Found) -> Result<(), Trouble> {
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
}
