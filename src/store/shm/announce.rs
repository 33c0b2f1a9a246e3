//! What an announce does while its shard is locked.

use super::endpoints::{Entries, Place};
use super::file::SWEEP;
use super::hash;
use super::layout;
use super::peer::{self, Words, instant, kept_left};
use super::peers::Found;
use super::sample::{NOWHERE, Plan, Wish};
use super::shard::{Shard, sizes};
use super::swarm::Swarm;
use super::table::{MOST_TARGETS, Spot};
use super::trouble::Trouble;
use crate::platform::random::Random;
use crate::protocol::Timestamp;
use crate::store::caps::Crowd;
use crate::store::identity::Identity;
use crate::store::network::{MOST_ASKED, MOST_LIMITED, Network};
use crate::store::peer::{Class, Limits, Peer};
use crate::store::{Action, PeerAnnounce, PeerRules, PeerSample, SwarmCounts, Want};

/// One announce and all it needs.
pub(super) struct PendingAnnounce<'a> {
    pub(super) shard: &'a Shard<'a>,
    pub(super) random: &'a mut Random,
    pub(super) announce: PeerAnnounce,
    /// Who the announce proves to be of.
    pub(super) identity: Identity,
    pub(super) now: u32,
    /// Who was last seen before this is gone.
    pub(super) cutoff: u32,
    pub(super) want: Want,
    pub(super) rules: &'a PeerRules,
    /// Whether others go before it comes in, where the caps leave no room in all.
    pub(super) must_make_way: bool,
    /// Whether it is only answered.
    pub(super) is_too_early: bool,
}

/// What became of an announce.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    /// Of the swarm.
    pub(super) counts: SwarmCounts,
    /// Whether it said more than can be.
    pub(super) is_anomaly: bool,
    /// The cap that made others go.
    pub(super) crowd: Option<Crowd>,
}

impl PendingAnnounce<'_> {
    /// Does it all, or nothing. In `swarm`, if there is one, nobody is silent any more.
    pub(super) fn apply(
        mut self,
        swarm: Option<Swarm>,
        sample: &mut PeerSample,
    ) -> Result<Outcome, Trouble> {
        sample.clear();
        self.announce.left = self.announce.left.map(kept_left);
        let leaves = self.announce.action == Action::Leave;
        let Some(mut swarm) = swarm else {
            let nobody = Outcome { counts: SwarmCounts::default(), is_anomaly: false, crowd: None };
            let stays_out = leaves || self.is_too_early;
            return if stays_out { Ok(nobody) } else { self.found(sample) };
        };
        let plan = self.plan(&swarm, leaves)?;
        let known = self.find(&swarm)?;
        if leaves {
            return self.leave(swarm, known);
        }
        if self.is_too_early {
            return self.look(&swarm, known, plan, sample);
        }
        self.stay(&mut swarm, known, plan, sample)
    }

    /// Answers as if the announce had been made, and changes nothing.
    #[cold]
    fn look(
        &mut self,
        swarm: &Swarm,
        known: Option<Found>,
        plan: Plan,
        sample: &mut PeerSample,
    ) -> Result<Outcome, Trouble> {
        let asker = known.map_or(NOWHERE, |known| (known.spot.leaf.block, known.slot));
        let peer = self.announced(known.map(|known| known.peer).as_ref());
        let (want, under, cutoff) = (self.want, self.announce.under, self.limits().cutoff);
        let wish = Wish { asker, has_moved: true, own: peer.addresses, want, under, cutoff };
        plan.fill(self.shard, self.random, wish, sample)?;
        Ok(Outcome { counts: swarm.counts(), is_anomaly: false, crowd: None })
    }

    /// The first peer of a swarm comes with it.
    fn found(&mut self, sample: &mut PeerSample) -> Result<Outcome, Trouble> {
        self.check_swarms()?;
        let mut swarm = self.shard.create_swarm(self.announce.info_hash)?;
        let plan = Plan::new(&swarm, self.want, self.random);
        self.stay(&mut swarm, None, plan, sample)
    }

    /// Decides what the sample will be made of, and has all of it fetched, and the asker's place too.
    fn plan(&mut self, swarm: &Swarm, leaves: bool) -> Result<Plan, Trouble> {
        let want = if leaves { Want { peers: 0, ..self.want } } else { self.want };
        let plan = Plan::new(swarm, want, self.random);
        let hash = hash::of_peer(self.shard.geometry, self.identity);
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

    /// The asker as the store knows it: by what it proves, else by where it comes from.
    fn find(&self, swarm: &Swarm) -> Result<Option<Found>, Trouble> {
        let by_proof = self.shard.find_peer(swarm, self.identity, self.likely())?;
        match by_proof {
            Some(found) => Ok(Some(found)),
            None => self.find_by_address(swarm),
        }
    }

    #[cold]
    fn find_by_address(&self, swarm: &Swarm) -> Result<Option<Found>, Trouble> {
        let Some(seen) = self.announce.seen_from() else { return Ok(None) };
        let cutoff = self.limits().cutoff;
        // At its own endpoint first: of very many at one address not all are looked at.
        let (v4, v6) = self.announce.seen_at();
        let own = v4.map(Place::V4).into_iter().chain(v6.map(Place::V6));
        let anywhere = Place::Network(Network::only(seen));
        let mut likeliest = None;
        for place in own.chain([anywhere]) {
            let there = self.shard.peers_at(swarm, place, MOST_ASKED)?;
            let known = there.into_iter().filter(|peer| peer.may_send(&self.announce, cutoff));
            likeliest = known.max_by(|one, other| self.announce.likelier(one, other));
            if likeliest.is_some() {
                break;
            }
        }
        likeliest
            .map_or(Ok(None), |peer| self.shard.find_peer(swarm, peer.identity(), peer.class()))
    }

    fn leave(&self, mut swarm: Swarm, known: Option<Found>) -> Result<Outcome, Trouble> {
        let mut outcome = Outcome { counts: swarm.counts(), is_anomaly: false, crowd: None };
        let Some(known) = known else { return Ok(outcome) };
        let last = self.announced(Some(&known.peer));
        swarm.count_completed(&last, Some(&known.peer));
        self.shard.leave(&mut swarm, known, &last)?;
        (outcome.counts, outcome.is_anomaly) = (swarm.counts(), last.is_cut_from(&self.announce));
        Ok(outcome)
    }

    fn stay(
        &mut self,
        swarm: &mut Swarm,
        known: Option<Found>,
        plan: Plan,
        sample: &mut PeerSample,
    ) -> Result<Outcome, Trouble> {
        let before = known.map(|known| known.peer);
        let peer = self.announced(before.as_ref());
        let (known, crowd) = self.evict_others(swarm, known, &peer)?;
        swarm.count_completed(&peer, before.as_ref());
        swarm.last_announce = swarm.last_announce.max(self.now);
        let (found, emptied) = put(self.shard, swarm, known, &peer)?;
        self.shard.save(swarm)?;
        self.shard.commit()?;
        if let Some((class, hash)) = emptied {
            self.shard.tidy(swarm.table(class), hash)?;
        }
        let found = self.shard.again(swarm, found, emptied.is_some())?;
        let asker = (found.spot.leaf.block, found.slot);
        let (want, under, cutoff) = (self.want, self.announce.under, self.limits().cutoff);
        let wish = Wish { asker, has_moved: false, own: peer.addresses, want, under, cutoff };
        plan.fill(self.shard, self.random, wish, sample)?;
        let is_anomaly = peer.is_cut_from(&self.announce);
        Ok(Outcome { counts: swarm.counts(), is_anomaly, crowd })
    }

    fn announced(&self, known: Option<&Peer>) -> Peer {
        Peer::announced(&self.announce, self.identity.proof, known, self.limits())
    }

    fn limits(&self) -> Limits {
        let (now, cutoff) = (Timestamp(self.now.into()), Timestamp(self.cutoff.into()));
        Limits { now, cutoff, max_rate: self.rules.max_rate }
    }

    /// Takes from others what is the asker's, and lets some go where there is no place for one more.
    /// Each step is committed. Returns where the asker is then, and the cap that made others go.
    fn evict_others(
        &self,
        swarm: &mut Swarm,
        known: Option<Found>,
        peer: &Peer,
    ) -> Result<(Option<Found>, Option<Crowd>), Trouble> {
        let before = known.map(|known| known.peer);
        let has_moved = before.is_none_or(|before| {
            before.is_stated || before.addresses.endpoints() != peer.addresses.endpoints()
        });
        let mut is_changed = false;
        if has_moved {
            is_changed |= self.take_endpoints(swarm, before.as_ref())?;
        }
        let is_crowded = before.is_none() && self.evict_for_caps(swarm)?;
        is_changed |= is_crowded;
        if has_moved {
            is_changed |= self.evict_at_addresses(swarm, before.as_ref(), peer)?;
        }
        let known = self.shard.again_if(swarm, known, is_changed)?;
        Ok((known, is_crowded.then_some(Crowd::SwarmPeers)))
    }

    /// Takes the endpoints that the announce was seen at from all others; says whether anybody had one.
    fn take_endpoints(&self, swarm: &mut Swarm, known: Option<&Peer>) -> Result<bool, Trouble> {
        let (v4, v6) = self.announce.takes(known);
        let cutoff = self.limits().cutoff;
        let mut is_changed = false;
        for place in v4.map(Place::V4).into_iter().chain(v6.map(Place::V6)) {
            for other in self.shard.peers_at(swarm, place, MOST_LIMITED)? {
                if known.is_some_and(|known| known.identity() == other.identity()) {
                    continue;
                }
                let found = self.shard.find_peer(swarm, other.identity(), other.class())?;
                let Some(found) = found else { continue };
                match found.peer.without((v4, v6), cutoff) {
                    Some(rest) => self.replace(swarm, found, &rest)?,
                    None => self.shard.evict(swarm, found)?,
                }
                is_changed = true;
            }
        }
        Ok(is_changed)
    }

    /// Puts what is left of another peer in its place, and commits.
    fn replace(&self, swarm: &mut Swarm, found: Found, rest: &Peer) -> Result<(), Trouble> {
        let (_, emptied) = put(self.shard, swarm, Some(found), rest)?;
        self.shard.save(swarm)?;
        self.shard.commit()?;
        emptied.map_or(Ok(()), |(class, hash)| self.shard.tidy(swarm.table(class), hash))
    }

    /// Whether there is room for a swarm more. All are counted only where this shard has a fourth of its share.
    fn check_swarms(&self) -> Result<(), Trouble> {
        let cap = self.rules.caps.swarms.filter(|_| self.must_make_way);
        let Some(cap) = cap.map(u64::from) else { return Ok(()) };
        let (memory, geometry) = (self.shard.memory, self.shard.geometry);
        let here = self.shard.get(self.shard.own(layout::shard::SWARM_COUNT))?;
        let if_all_were = here.saturating_add(1).saturating_mul(geometry.shards.into());
        if if_all_were >= cap / 4 && sizes(memory, geometry)?.0 >= cap {
            return Err(Trouble::Crowded(Crowd::Swarms));
        }
        Ok(())
    }

    /// Evicts others where the caps leave no room for one more.
    fn evict_for_caps(&self, swarm: &mut Swarm) -> Result<bool, Trouble> {
        if let Some(cap) = self.rules.caps.peers.filter(|_| self.must_make_way) {
            let (_, peers) = sizes(self.shard.memory, self.shard.geometry)?;
            if peers >= u64::from(cap) {
                return Err(Trouble::Crowded(Crowd::Peers));
            }
        }
        let mut is_changed = false;
        if let Some(cap) = self.rules.caps.swarm_peers {
            // Not all at once, where the cap was lowered: others wait for the lock.
            for _ in 0..SWEEP {
                if swarm.peers() < u64::from(cap) || !self.shard.evict_oldest(swarm)? {
                    break;
                }
                is_changed = true;
            }
        }
        Ok(is_changed)
    }

    /// Evicts peers where an address that is new to the asker has as many as it may: those that were
    /// silent for longest.
    fn evict_at_addresses(
        &self,
        swarm: &mut Swarm,
        known: Option<&Peer>,
        peer: &Peer,
    ) -> Result<bool, Trouble> {
        let Some(cap) = self.rules.address_peers else { return Ok(false) };
        let mut is_changed = false;
        let limited = peer.addresses.all().filter(|&ip| !self.rules.exempt.contains(ip));
        let limited = limited.flat_map(|ip| Network::limited(ip).map(move |each| (ip, each)));
        for (ip, (network, times)) in limited {
            if known.is_some_and(|known| known.addresses.all().any(|ip| network.contains(ip))) {
                continue;
            }
            let there = self.shard.peers_at(swarm, Place::Network(network), MOST_LIMITED)?;
            let most = usize::try_from(cap.saturating_mul(times)).unwrap_or(usize::MAX);
            let too_many = self.announce.too_many(ip, there, most, &self.rules.exempt);
            for other in too_many.into_iter().take(SWEEP) {
                if let Some(found) = self.shard.find_peer(swarm, other.identity(), other.class())? {
                    self.shard.evict(swarm, found)?;
                    is_changed = true;
                }
            }
        }
        Ok(is_changed)
    }
}

impl Shard<'_> {
    /// Where a peer is after others may have been moved.
    fn again_if(
        &self,
        swarm: &Swarm,
        known: Option<Found>,
        is_changed: bool,
    ) -> Result<Option<Found>, Trouble> {
        match known {
            Some(known) if is_changed => self.find_peer(swarm, known.peer.identity(), known.class),
            known => Ok(known),
        }
    }

    fn again(&self, swarm: &Swarm, found: Found, is_changed: bool) -> Result<Found, Trouble> {
        self.again_if(swarm, Some(found), is_changed)?.ok_or(Trouble::BROKEN_TABLE)
    }
}

/// Where a peer was that is in another place now: the class, and its hash there.
type Emptied = Option<(Class, u64)>;

/// Puts a peer in, in place of what was known of it, as a transaction that is still to be saved and
/// committed. Returns where it is, unless it has left a place, which is told too.
pub(super) fn put(
    shard: &Shard<'_>,
    swarm: &mut Swarm,
    known: Option<Found>,
    peer: &Peer,
) -> Result<(Found, Emptied), Trouble> {
    let (identity, class) = (peer.identity(), peer.class());
    let hash = hash::of_peer(shard.geometry, identity);
    let words = peer::pack(peer, hash);
    let stays = |known: &Found| (known.class, known.peer.identity()) == (class, identity);
    let stays = known.as_ref().is_some_and(stays);
    let (old, new) = changed_entries(shard, known.as_ref().map(|known| &known.peer), peer);
    let moved = make_room(shard, swarm, (class, hash, words.width), (new, stays))?;
    let known = shard.again_if(swarm, known, moved)?;
    match &known {
        Some(known) => swarm.count_out(&known.peer),
        None => shard.count_peers(1)?,
    }
    swarm.count_in(peer);
    // First what comes, then what goes: the words of a slot that was given up must stay until the end.
    let (spot, slot) = match &known {
        Some(known) if stays => overwrite(shard, swarm, known, (&words, peer))?,
        _ => {
            let seen = instant(peer.last_seen);
            shard.insert(swarm.table(class), hash, (words.key, words.row()), seen)?
        }
    };
    shard.enter(swarm, new)?;
    let emptied = known
        .filter(|_| !stays)
        .map(|left| (left.class, hash::of_peer(shard.geometry, left.peer.identity()), left.slot));
    if let Some((class, hash, slot)) = emptied {
        let left = shard.descend(swarm.table(class), hash)?;
        shard.take_out(&mut left.ok_or(Trouble::BROKEN_TABLE)?, slot)?;
    }
    shard.remove_endpoints(swarm, old)?;
    let emptied = emptied.map(|(class, hash, _)| (class, hash));
    Ok((Found { class, spot, slot, peer: *peer }, emptied))
}

/// The entries in the index of endpoints that go and those that come.
fn changed_entries(shard: &Shard<'_>, known: Option<&Peer>, peer: &Peer) -> (Entries, Entries) {
    let is_same = |known: &Peer| {
        known.identity() == peer.identity()
            && known.addresses.endpoints() == peer.addresses.endpoints()
    };
    if known.is_some_and(is_same) {
        return (Entries::default(), Entries::default());
    }
    let old = known.map(|known| shard.entries(known)).unwrap_or_default();
    let new = shard.entries(peer);
    let only =
        |these: Entries, those: Entries| these.map(|one| one.filter(|_| !those.contains(&one)));
    (only(old, new), only(new, old))
}

/// Does all that moves records, which is committed on its own; says whether any was moved.
fn make_room(
    shard: &Shard<'_>,
    swarm: &Swarm,
    (class, hash, width): (Class, u64, u32),
    (entries, stays): (Entries, bool),
) -> Result<bool, Trouble> {
    if entries != Entries::default() {
        shard.make_room_for(swarm, entries)?;
    }
    let table = swarm.table(class);
    if stays { shard.widen(table, hash, width) } else { shard.make_room(table, hash, width) }
}

/// Changes a peer's record where it is.
fn overwrite(
    shard: &Shard<'_>,
    swarm: &Swarm,
    known: &Found,
    (words, peer): (&Words, &Peer),
) -> Result<(Spot, u32), Trouble> {
    let (leaf, slot) = (known.spot.leaf, known.slot);
    shard.set(leaf.key(slot), words.key)?;
    shard.set_all(leaf.row(slot), words.filled(leaf.head.row))?;
    let seen = instant(peer.last_seen);
    shard.lower(swarm.table(known.class), &known.spot, seen)?;
    Ok((known.spot, slot))
}
