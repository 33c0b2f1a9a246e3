//! What an announce does while its shard is locked.

use super::file::SWEEP;
use super::peer::{self, Record, Words, instant, kept_key, kept_left};
use super::peers::Found;
use super::sample::{Plan, Wish};
use super::shard::{Shard, sizes};
use super::swarm::Swarm;
use super::table::{MOST_TARGETS, Spot};
use super::trouble::Trouble;
use crate::protocol::Timestamp;
use crate::store::peer::{Class, Limits, Peer};
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
    /// Bytes a second that a peer can move each way at most.
    pub(super) max_rate: Option<u64>,
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
        let plan = self.plan(&swarm, leaves)?;
        let known = self.find(&swarm)?;
        let cutoff = Timestamp(self.cutoff.into());
        if let Some(known) = &known
            && !known.record.peer.is_sender_of(&self.announce, cutoff)
        {
            return Ok(Announced::TakenPeerId);
        }
        if leaves {
            if let Some(known) = known {
                let last = Peer::announced(&self.announce, Some(&known.record.peer), self.limits());
                swarm.count_completed(&last, Some(&known.record.peer));
                self.shard.leave(&mut swarm, known, &last)?;
            }
            return Ok(Announced::Done(swarm.counts()));
        }
        self.stay(&mut swarm, known, plan, sample)
    }

    /// The first peer of a swarm comes with it.
    fn found(&mut self, sample: &mut PeerSample) -> Result<Announced, Trouble> {
        let mut swarm = self.shard.found_swarm(self.announce.info_hash)?;
        let plan = Plan::new(&swarm, self.want, self.random);
        self.stay(&mut swarm, None, plan, sample)
    }

    /// Decides what the sample will be made of, and has all of it fetched, and the asker's place too.
    fn plan(&mut self, swarm: &Swarm, leaves: bool) -> Result<Plan, Trouble> {
        let want = if leaves { Want { peers: 0, ..self.want } } else { self.want };
        let plan = Plan::new(swarm, want, self.random);
        let hash = peer::hash(self.shard.geometry, self.announce.peer_id);
        let mut targets = [(swarm.table(self.likely()), hash); MOST_TARGETS];
        let mut count = 1;
        for (place, target) in targets[1..].iter_mut().zip(plan.targets()) {
            *place = target;
            count += 1;
        }
        self.shard.prefetch(&targets[..count])?;
        Ok(plan)
    }

    /// The class that the asker is most likely in.
    fn likely(&self) -> Class {
        let v4 = self.announce.v4.is_some_and(|v4| v4.port() != 0);
        let v6 = self.announce.v6.is_some_and(|v6| v6.port() != 0);
        Class::of(self.announce.role, v4 || v6)
    }

    fn find(&self, swarm: &Swarm) -> Result<Option<Found>, Trouble> {
        self.shard.find_peer(swarm, self.announce.peer_id, self.likely())
    }

    fn stay(
        &mut self,
        swarm: &mut Swarm,
        known: Option<Found>,
        plan: Plan,
        sample: &mut PeerSample,
    ) -> Result<Announced, Trouble> {
        let before = known.map(|known| known.record.peer);
        let limits = self.limits();
        let peer = Peer::announced(&self.announce, before.as_ref(), limits);
        let record = Record { peer, listed: self.caps.address_peers.is_some() };
        self.make_way(swarm, known.as_ref(), &record)?;
        swarm.count_completed(&peer, before.as_ref());
        swarm.last_announce = swarm.last_announce.max(self.now);
        let (found, emptied) = put(self.shard, swarm, known, &record)?;
        self.shard.save(swarm)?;
        self.shard.commit()?;
        if let Some(class) = emptied {
            let hash = peer::hash(self.shard.geometry, peer.peer_id);
            self.shard.tidy(swarm.table(class), hash)?;
        }
        let asker = (found.spot.leaf.block, found.slot);
        let wish = Wish { asker, own: peer.addresses, want: self.want, cutoff: limits.cutoff };
        plan.fill(self.shard, self.random, wish, sample)?;
        Ok(Announced::Done(swarm.counts()))
    }

    fn limits(&self) -> Limits {
        let (now, cutoff) = (Timestamp(self.now.into()), Timestamp(self.cutoff.into()));
        Limits { now, cutoff, max_rate: self.max_rate }
    }

    /// Lets others go where the caps say that there is no place for one more.
    fn make_way(
        &self,
        swarm: &mut Swarm,
        known: Option<&Found>,
        record: &Record,
    ) -> Result<(), Trouble> {
        if known.is_none()
            && let Some(cap) = self.caps.peers
        {
            let (_, peers) = sizes(self.shard.memory, self.shard.geometry)?;
            if peers >= u64::from(cap) {
                return Err(Trouble::Crowded);
            }
        }
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
    known: Option<Found>,
    record: &Record,
) -> Result<(Found, Option<Class>), Trouble> {
    let (peer_id, class) = (record.peer.peer_id, record.peer.class());
    let hash = peer::hash(shard.geometry, peer_id);
    let words = record.pack(hash);
    let stays = known.as_ref().is_some_and(|known| known.class == class);
    let moved = make_room(shard, swarm, record, (hash, words.width), stays)?;
    let known = match known {
        Some(known) if moved => shard.find_peer(swarm, peer_id, known.class)?,
        known => known,
    };
    match &known {
        Some(known) => swarm.count_out(&known.record.peer),
        None => shard.count_peers(1)?,
    }
    swarm.count_in(&record.peer);
    // First what comes, then what goes: the words of a slot that was given up must stay until the end.
    let (spot, slot) = match &known {
        Some(known) if stays => overwrite(shard, swarm, known, (&words, record))?,
        _ => {
            let seen = instant(record.peer.last_seen);
            shard.insert(swarm.table(class), hash, (words.key, words.row()), seen)?
        }
    };
    let before = known.as_ref().map(|known| known.record);
    if before.and_then(|before| shard.listed_at(&before)) != shard.listed_at(record) {
        shard.list(swarm, record)?;
        before.map_or(Ok(()), |before| shard.unlist(swarm, &before))?;
    }
    let left = known.filter(|_| !stays);
    if let Some(Found { mut spot, slot, .. }) = left {
        shard.take_out(&mut spot, slot)?;
    }
    Ok((Found { class, spot, slot, record: *record }, left.map(|left| left.class)))
}

/// Does all that moves records, which is committed on its own; says whether any was moved.
fn make_room(
    shard: &Shard<'_>,
    swarm: &Swarm,
    record: &Record,
    (hash, width): (u64, u32),
    stays: bool,
) -> Result<bool, Trouble> {
    if let Some(address) = shard.listed_at(record) {
        shard.make_room(swarm.addresses(), address, 1)?;
    }
    let table = swarm.table(record.peer.class());
    if stays { shard.widen(table, hash, width) } else { shard.make_room(table, hash, width) }
}

/// Changes a peer's record where it is.
fn overwrite(
    shard: &Shard<'_>,
    swarm: &Swarm,
    known: &Found,
    (words, record): (&Words, &Record),
) -> Result<(Spot, u32), Trouble> {
    let (leaf, slot) = (known.spot.leaf, known.slot);
    shard.set(leaf.key(slot), words.key)?;
    shard.set_all(leaf.row(slot), words.filled(leaf.head.row))?;
    let seen = instant(record.peer.last_seen);
    shard.lower(swarm.table(known.class), &known.spot, seen)?;
    Ok((known.spot, slot))
}
