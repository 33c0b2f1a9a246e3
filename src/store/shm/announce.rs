//! What an announce does while its shard is locked.

use super::file::SWEEP;
use super::peer::{self, Record, instant, kept_key, kept_left};
use super::peers::Found;
use super::sample::{Wish, fill};
use super::shard::Shard;
use super::swarm::Swarm;
use super::trouble::Trouble;
use crate::protocol::Timestamp;
use crate::store::peer::{Class, Peer, completes};
use crate::store::random::Random;
use crate::store::{Action, Announced, Caps, PeerAnnounce, PeerSample, SwarmCounts, Want};

/// One announce and all it needs.
pub(super) struct Arrival<'a> {
    pub(super) shard: &'a Shard<'a>,
    pub(super) random: &'a mut Random,
    pub(super) announce: PeerAnnounce,
    pub(super) now: u32,
    /// Who was last seen before this is gone.
    pub(super) cutoff: u32,
    pub(super) want: Want,
    pub(super) caps: Caps,
}

impl Arrival<'_> {
    /// Does it all, or nothing. In `swarm`, if there is one, nobody is silent any more.
    pub(super) fn happen(
        mut self,
        swarm: Option<Swarm>,
        sample: &mut PeerSample,
    ) -> Result<Announced, Trouble> {
        sample.clear();
        self.announce.key = self.announce.key.map(kept_key);
        self.announce.left = self.announce.left.map(kept_left);
        let leaves = self.announce.action == Action::Leave;
        let Some(mut swarm) = swarm else {
            let nobody = Announced::Done(SwarmCounts::default());
            return if leaves { Ok(nobody) } else { self.found(sample) };
        };
        let known = self.find(&swarm)?;
        let cutoff = Timestamp(self.cutoff.into());
        if let Some(known) = &known
            && !known.record.peer.is_sender_of(&self.announce, cutoff)
        {
            return Ok(Announced::TakenPeerId);
        }
        if leaves {
            if let Some(known) = known {
                let moved = (self.announce.uploaded, self.announce.downloaded);
                self.shard.leave(&mut swarm, known, moved, self.now)?;
            }
            return Ok(Announced::Done(swarm.counts()));
        }
        self.stay(&mut swarm, known, sample)
    }

    /// The first peer of a swarm comes with it.
    fn found(&mut self, sample: &mut PeerSample) -> Result<Announced, Trouble> {
        let mut swarm = self.shard.found_swarm(self.announce.info_hash)?;
        self.stay(&mut swarm, None, sample)
    }

    fn find(&self, swarm: &Swarm) -> Result<Option<Found>, Trouble> {
        let reachable = [
            self.announce.v4.is_some_and(|v4| v4.port() != 0),
            self.announce.v6.is_some_and(|v6| v6.port() != 0),
        ];
        let likely = Class::of(self.announce.role, reachable.contains(&true));
        self.shard.find_peer(swarm, self.announce.peer_id, likely)
    }

    fn stay(
        &mut self,
        swarm: &mut Swarm,
        known: Option<Found>,
        sample: &mut PeerSample,
    ) -> Result<Announced, Trouble> {
        let before = known.map(|known| known.record.peer);
        let (now, cutoff) = (Timestamp(self.now.into()), Timestamp(self.cutoff.into()));
        let peer = Peer::announced(&self.announce, before.as_ref(), now, cutoff);
        let record = Record { peer, listed: self.caps.address_peers.is_some() };
        self.make_way(swarm, known.as_ref(), &record)?;
        if completes(&self.announce, before.as_ref()) {
            swarm.completed = swarm.completed.saturating_add(1);
        }
        swarm.last_announce = swarm.last_announce.max(self.now);
        let (found, emptied) = put(self.shard, swarm, &record)?;
        self.shard.save(swarm)?;
        self.shard.commit()?;
        if let Some(class) = emptied {
            let hash = peer::hash(self.shard.geometry, peer.peer_id);
            self.shard.tidy(swarm.table(class), hash)?;
        }
        let asker = (found.spot.leaf.block, found.slot);
        let wish = Wish { swarm, asker, want: self.want, cutoff };
        fill(self.shard, self.random, wish, sample)?;
        Ok(Announced::Done(swarm.counts()))
    }

    /// Lets others go where the caps say that there is no place for one more.
    fn make_way(
        &self,
        swarm: &mut Swarm,
        known: Option<&Found>,
        record: &Record,
    ) -> Result<(), Trouble> {
        if known.is_none()
            && let Some(cap) = self.caps.swarm_peers
        {
            // Not all at once, where the cap was lowered: others wait for the lock.
            for _ in 0..SWEEP {
                if swarm.peers() < u64::from(cap) || !self.shard.evict_oldest(swarm)? {
                    break;
                }
            }
        }
        let address = self.shard.listed_at(record);
        let already = known.and_then(|known| self.shard.listed_at(&known.record));
        if let Some(address) = address.filter(|_| address != already)
            && let Some(cap) = self.caps.address_peers
        {
            self.shard.make_way_at(swarm, address, cap)?;
        }
        Ok(())
    }
}

/// Puts a peer in, in place of what was known of it, as a transaction that is still to be saved and
/// committed. Returns where it is, and the class whose table it has left.
pub(super) fn put(
    shard: &Shard<'_>,
    swarm: &mut Swarm,
    record: &Record,
) -> Result<(Found, Option<Class>), Trouble> {
    let (peer_id, class) = (record.peer.peer_id, record.peer.class());
    let hash = peer::hash(shard.geometry, peer_id);
    let words = record.pack(hash);
    let known = shard.find_peer(swarm, peer_id, class)?;
    let stays = known.as_ref().is_some_and(|known| known.class == class);
    // All that moves records comes first: it is committed on its own.
    let table = swarm.table(class);
    if stays {
        shard.widen(table, hash, words.width)?;
    } else {
        shard.make_room(table, hash, words.width)?;
    }
    if let Some(address) = shard.listed_at(record) {
        shard.make_room(swarm.addresses(), address, 1)?;
    }
    let mut known = if known.is_some() { shard.find_peer(swarm, peer_id, class)? } else { None };
    let seen = instant(record.peer.last_seen);
    if let Some(known) = &known {
        swarm.count_out(&known.record.peer);
        shard.unlist(swarm, &known.record)?;
    } else {
        shard.count_peers(1)?;
    }
    swarm.count_in(&record.peer);
    shard.list(swarm, record)?;
    let found = |spot, slot| Found { class, spot, slot, record: *record };
    match &mut known {
        Some(known) if known.class == class => {
            let leaf = known.spot.leaf;
            shard.set(leaf.key(known.slot), words.key)?;
            let missing =
                std::iter::repeat_n(&0, (leaf.head.row - words.width.min(leaf.head.row)) as usize);
            for (place, &word) in words.row().iter().chain(missing).enumerate() {
                shard.set(leaf.row(known.slot) + place, word)?;
            }
            shard.lower(&known.spot, seen)?;
            Ok((found(known.spot, known.slot), None))
        }
        other => {
            let emptied = match other {
                Some(known) => {
                    shard.take_out(&mut known.spot, known.slot)?;
                    Some(known.class)
                }
                None => None,
            };
            let (spot, slot) = shard.insert(table, hash, (words.key, words.row()), seen)?;
            Ok((found(spot, slot), emptied))
        }
    }
}
