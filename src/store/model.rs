//! The contract of `PeerStore` in its plainest form, to hold the backends against: tables in memory,
//! every silent peer swept before anything else, no thought of speed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::peer::Hashes;
use super::*;
use crate::protocol::{CLOCK_TOLERANCE, Seconds};

/// A naive store.
#[derive(Clone)]
pub(super) struct Model {
    generation: Generation,
    expiry: Seconds,
    swarms: BTreeMap<InfoHash, Swarm>,
    announced: Vec<Timestamp>,
    /// How many announces of one network count.
    limit: Option<AnnounceLimit>,
    /// When each bucket will be full, in milliseconds.
    buckets: BTreeMap<(Purpose, u128), u64>,
}

#[derive(Clone, Copy)]
struct Peer {
    proof: Proof,
    v4: Option<(CompactV4, Timestamp)>,
    v6: Option<(CompactV6, Timestamp)>,
    first: bool,
    second: bool,
    is_stated: bool,
    counted: bool,
    summary: PeerSummary,
}

#[derive(Clone)]
struct Swarm {
    peers: Vec<Peer>,
    /// The one of the last announce.
    asker: Option<usize>,
    /// The addresses that it has by then.
    own: (Option<CompactV4>, Option<CompactV6>),
    totals: SwarmSummary,
}

impl Swarm {
    fn new(info_hash: InfoHash) -> Self {
        let totals = SwarmSummary {
            info_hash,
            counts: SwarmCounts::default(),
            expired: 0,
            departed_uploaded: 0,
            departed_downloaded: 0,
            live_uploaded: 0,
            live_downloaded: 0,
            left: 0,
            last_announce: Timestamp(0),
        };
        Self { peers: Vec::new(), asker: None, own: (None, None), totals }
    }

    fn depart(&mut self, uploaded: u64, downloaded: u64, last: Timestamp) {
        let totals = &mut self.totals;
        totals.departed_uploaded = totals.departed_uploaded.saturating_add(uploaded);
        totals.departed_downloaded = totals.departed_downloaded.saturating_add(downloaded);
        totals.last_announce = totals.last_announce.max(last);
    }

    fn correct(&mut self, now: Timestamp) {
        let latest = now + CLOCK_TOLERANCE;
        self.totals.last_announce = self.totals.last_announce.min(latest);
        for peer in self.peers.iter_mut().filter(|peer| peer.summary.last_seen > latest) {
            peer.summary.last_seen = now;
            peer.summary.first_seen = peer.summary.first_seen.min(now);
            peer.v4 = peer.v4.map(|(address, at)| (address, at.min(now)));
            peer.v6 = peer.v6.map(|(address, at)| (address, at.min(now)));
        }
    }

    fn sweep(&mut self, cutoff: Timestamp, budget: usize) -> usize {
        let mut swept = 0;
        while swept < budget
            && let Some(place) = self.peers.iter().position(|peer| peer.summary.last_seen < cutoff)
        {
            self.expire(place);
            swept += 1;
        }
        swept
    }

    fn expire(&mut self, place: usize) {
        let peer = self.peers.remove(place).summary;
        self.depart(peer.uploaded, peer.downloaded, peer.last_seen);
        self.totals.expired += 1;
    }

    /// The peer that an announce is of.
    fn find(&self, announce: &PeerAnnounce, cutoff: Timestamp) -> Option<usize> {
        let (id, proof) = (announce.peer_id, Proof::of(announce, 0));
        let is_it = |peer: &Peer| peer.summary.peer_id == id && peer.proof == proof;
        let by_address = || {
            let there = self.peers.iter().enumerate();
            let there = there.filter(|(_, peer)| {
                peer.summary.peer_id == id
                    && !peer.is_stated
                    && peer.is_at(announce.seen_from(), cutoff)
            });
            let best = |one: &(usize, &Peer), other: &(usize, &Peer)| {
                announce.likelier(&one.1.exported(), &other.1.exported())
            };
            there.max_by(best).map(|(place, _)| place)
        };
        self.peers.iter().position(is_it).or_else(by_address)
    }

    /// Takes the endpoints that an announce was seen at from all but one.
    fn take_endpoints(
        &mut self,
        announce: &PeerAnnounce,
        owner: Option<usize>,
        cutoff: Timestamp,
    ) -> Option<usize> {
        let (mut owner, mut place) = (owner, 0);
        let seen = announce.seen_from();
        // Who has an endpoint already that it does not state has nothing to take.
        let owned = owner.map(|owner| self.peers[owner]).filter(|owner| !owner.is_stated);
        let (own_v4, own_v6) = owned.map_or((None, None), |owner| (owner.v4, owner.v6));
        let (own_v4, own_v6) = (own_v4.map(|v4| v4.0), own_v6.map(|v6| v6.0));
        let is_seen = |ip: IpAddr, port: u16| seen == Some(ip) && port != 0;
        while place < self.peers.len() {
            let peer = &mut self.peers[place];
            let takes_v4 = |v4: CompactV4| {
                announce.v4 == Some(v4) && own_v4 != Some(v4) && is_seen(v4.ip().into(), v4.port())
            };
            let takes_v6 = |v6: CompactV6| {
                announce.v6 == Some(v6) && own_v6 != Some(v6) && is_seen(v6.ip().into(), v6.port())
            };
            let v4 = peer.v4.filter(|v4| takes_v4(v4.0));
            let v6 = peer.v6.filter(|v6| takes_v6(v6.0));
            if owner == Some(place) || (v4.is_none() && v6.is_none()) {
                place += 1;
                continue;
            }
            peer.v4 = peer.v4.filter(|_| v4.is_none());
            peer.v6 = peer.v6.filter(|_| v6.is_none());
            let seen = peer.seen(cutoff);
            if seen.v4.is_some() || seen.v6.is_some() {
                place += 1;
                continue;
            }
            self.expire(place);
            owner = owner.map(|owner| if owner > place { owner - 1 } else { owner });
        }
        owner
    }

    fn summary(&self) -> SwarmSummary {
        let mut summary = self.totals;
        for Peer { summary: peer, .. } in &self.peers {
            *summary.counts.of_role(peer.role) += 1;
            summary.live_uploaded = summary.live_uploaded.saturating_add(peer.uploaded);
            summary.live_downloaded = summary.live_downloaded.saturating_add(peer.downloaded);
            if peer.role != Role::Seeder {
                summary.left = summary.left.saturating_add(peer.left.unwrap_or(0));
            }
            summary.last_announce = summary.last_announce.max(peer.last_seen);
        }
        summary
    }
}

impl Peer {
    fn exported(&self) -> super::Peer {
        let PeerSummary { peer_id, left, uploaded, downloaded, .. } = self.summary;
        let PeerSummary { first_seen, last_seen, role, .. } = self.summary;
        let v4 = self.v4.map(|(address, at)| Seen { address, at });
        let v6 = self.v6.map(|(address, at)| Seen { address, at });
        let hashes = match (self.first, self.second) {
            (true, true) => Hashes::from_bits(3),
            (_, false) => Hashes::only(Under::First),
            _ => Hashes::only(Under::Second),
        };
        super::Peer {
            peer_id,
            proof: self.proof,
            addresses: Addresses { v4, v6 },
            is_stated: self.is_stated,
            hashes,
            role,
            counted: self.counted,
            left,
            uploaded,
            downloaded,
            first_seen,
            last_seen,
        }
    }

    fn imported(peer: &super::Peer) -> Self {
        Self {
            proof: peer.proof.carried(peer.addresses, 0),
            v4: peer.addresses.v4.map(|v4| (v4.address, v4.at)),
            v6: peer.addresses.v6.map(|v6| (v6.address, v6.at)),
            first: peer.hashes.contain(Under::First),
            second: peer.hashes.contain(Under::Second),
            is_stated: peer.is_stated,
            counted: peer.counted,
            summary: PeerSummary { v4: None, v6: None, ..peer.summary(Timestamp(0)) },
        }
    }

    fn is_at(&self, seen: Option<IpAddr>, cutoff: Timestamp) -> bool {
        let PeerSummary { v4, v6, .. } = self.seen(cutoff);
        seen.is_some()
            && (v4.map(|v4| IpAddr::V4(v4.ip())) == seen
                || v6.map(|v6| IpAddr::V6(v6.ip())) == seen)
    }

    fn seen(&self, cutoff: Timestamp) -> PeerSummary {
        PeerSummary {
            v4: self.v4.filter(|v4| v4.1 >= cutoff).map(|v4| v4.0),
            v6: self.v6.filter(|v6| v6.1 >= cutoff).map(|v6| v6.0),
            ..self.summary
        }
    }
}

impl Model {
    pub(super) fn new(expiry: Seconds) -> Self {
        Self {
            generation: Generation(1),
            expiry,
            swarms: BTreeMap::new(),
            announced: Vec::new(),
            limit: None,
            buckets: BTreeMap::new(),
        }
    }

    /// A model that holds announces to a limit.
    pub(super) fn limited(expiry: Seconds, limit: AnnounceLimit) -> Self {
        Self { limit: Some(limit), ..Self::new(expiry) }
    }

    fn is_too_early(&mut self, announce: &PeerAnnounce, now: Timestamp) -> bool {
        let Some(limit) = self.limit.clone() else { return false };
        let address = announce.seen_from().filter(|_| announce.action != Action::Leave);
        let address = address.filter(|&address| !limit.exempt.contains(address));
        let wait = address.map(|address| {
            self.take_token(Purpose::Announce, address, limit.allowance, now).unwrap()
        });
        wait.flatten().is_some()
    }

    /// The peers that may be handed out to who announced last, with the addresses that may be.
    pub(super) fn eligible(
        &self,
        announce: &PeerAnnounce,
        seeders: bool,
        now: Timestamp,
    ) -> Vec<PeerSummary> {
        let cutoff = now.before(self.expiry);
        let Some(swarm) = self.swarms.get(&announce.info_hash) else { return Vec::new() };
        let (own_v4, own_v6) = swarm.own;
        let others =
            swarm.peers.iter().enumerate().filter(|&(place, _)| Some(place) != swarm.asker);
        let others = others.map(|(_, peer)| peer).filter(|peer| match announce.under {
            Under::First => peer.first,
            Under::Second => peer.second,
        });
        let seen = others.map(|peer| PeerSummary {
            v4: peer.seen(cutoff).v4.filter(|&v4| v4.port() != 0 && Some(v4) != own_v4),
            v6: peer.seen(cutoff).v6.filter(|&v6| v6.port() != 0 && Some(v6) != own_v6),
            ..peer.summary
        });
        seen.filter(|peer| peer.v4.is_some() || peer.v6.is_some())
            .filter(|peer| seeders || peer.role == Role::Leecher)
            .collect()
    }

    fn sweep_all(&mut self, now: Timestamp) {
        let cutoff = now.before(self.expiry);
        self.swarms.values_mut().for_each(|swarm| {
            swarm.correct(now);
            swarm.sweep(cutoff, usize::MAX);
        });
    }
}

impl PeerStore for Model {
    fn set_patience(&mut self, _patience: Duration) {}

    fn generation(&mut self) -> Result<Generation, StoreError> {
        Ok(self.generation)
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<Announced, StoreError> {
        sample.clear();
        let announced = Announced {
            counts: SwarmCounts::default(),
            generation: self.generation,
            announces_in_the_last_minute: self.announces_in_the_last_minute(now)?,
        };
        let is_too_early = self.is_too_early(announce, now);
        if !is_too_early {
            self.announced.push(now);
        }
        self.sweep_all(now);
        let cutoff = now.before(self.expiry);
        let leaves = announce.action == Action::Leave;
        if (leaves || is_too_early) && !self.swarms.contains_key(&announce.info_hash) {
            return Ok(announced);
        }
        let swarm =
            self.swarms.entry(announce.info_hash).or_insert_with(|| Swarm::new(announce.info_hash));
        swarm.asker = None;
        let place = swarm.find(announce, cutoff);
        let known = place.map(|place| swarm.peers[place]);
        let old_v4 = known.and_then(|known| known.v4).filter(|v4| v4.1 >= cutoff);
        let old_v6 = known.and_then(|known| known.v6).filter(|v6| v6.1 >= cutoff);
        swarm.own = (announce.v4.or(old_v4.map(|v4| v4.0)), announce.v6.or(old_v6.map(|v6| v6.0)));
        if is_too_early {
            swarm.asker = place;
            let counts = swarm.summary().counts;
            return Ok(Announced { counts, ..announced });
        }
        let completes = announce.role == Role::Seeder
            && known.is_some_and(|Peer { counted, summary: before, .. }| {
                let lacked = before.left.is_some_and(|left| left > 1);
                let received = lacked && announce.downloaded > before.downloaded;
                let says_so = announce.action == Action::Complete;
                before.role != Role::Seeder && !counted && (says_so || received)
            });
        if completes {
            swarm.totals.counts.completed += 1;
        }
        if leaves {
            if let Some(place) = place {
                swarm.peers.remove(place);
                swarm.depart(announce.uploaded, announce.downloaded, now);
            }
            return Ok(Announced { counts: swarm.summary().counts, ..announced });
        }
        let place = swarm.take_endpoints(announce, place, cutoff);
        let keeps = (announce.v4.is_none() && old_v4.is_some())
            || (announce.v6.is_none() && old_v6.is_some());
        let own = Proof::of(announce, 0);
        let peer = Peer {
            proof: match known.map(|known| known.proof) {
                Some(key @ Proof::Key(_)) if announce.key.is_none() => key,
                _ => own,
            },
            v4: announce.v4.map(|v4| (v4, now)).or(old_v4.map(|v4| (v4.0, v4.1.min(now)))),
            v6: announce.v6.map(|v6| (v6, now)).or(old_v6.map(|v6| (v6.0, v6.1.min(now)))),
            first: announce.under == Under::First || known.is_some_and(|known| known.first),
            second: announce.under == Under::Second || known.is_some_and(|known| known.second),
            is_stated: announce.states_address()
                || known.is_some_and(|known| known.is_stated && keeps),
            counted: completes || known.is_some_and(|known| known.counted),
            summary: PeerSummary {
                peer_id: announce.peer_id,
                v4: None,
                v6: None,
                left: announce.left,
                uploaded: announce.uploaded,
                downloaded: announce.downloaded,
                first_seen: known.map_or(now, |known| known.summary.first_seen),
                last_seen: now,
                role: announce.role,
            },
        };
        match place {
            Some(place) => swarm.peers[place] = peer,
            None => swarm.peers.push(peer),
        }
        swarm.asker = place.or(Some(swarm.peers.len() - 1));
        let counts = swarm.summary().counts;
        let limit = usize::try_from(want.peers).unwrap_or(usize::MAX);
        let eligible = self.eligible(announce, want.seeders, now);
        for peer in eligible.into_iter().take(limit) {
            let peer_id = want.peer_ids.then_some(peer.peer_id);
            if let Some(v4) = peer.v4.filter(|v4| !sample.v4.addresses.contains(v4)) {
                sample.v4.addresses.push(v4);
                sample.v4.peer_ids.extend(peer_id);
            }
            if let Some(v6) = peer.v6.filter(|v6| !sample.v6.addresses.contains(v6)) {
                sample.v6.addresses.push(v6);
                sample.v6.peer_ids.extend(peer_id);
            }
        }
        Ok(Announced { counts, ..announced })
    }

    fn take_token(
        &mut self,
        purpose: Purpose,
        address: IpAddr,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Seconds>, StoreError> {
        let (each, all) = allowance.milliseconds();
        let now = now.0 * 1000;
        let full = self.buckets.entry((purpose, purpose.network(address))).or_default();
        let possible = now + all + u64::from(CLOCK_TOLERANCE.0) * 1000;
        let short = if *full > possible { 0 } else { full.saturating_sub(now) } + each;
        if short > all {
            let wait = (short - all).div_ceil(1000);
            return Ok(Some(Seconds(u32::try_from(wait).unwrap())));
        }
        *full = now + short;
        Ok(None)
    }

    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let lately = self.announced.iter().filter(|&&at| at <= now && at.0 + 60 > now.0);
        Ok(lately.count() as u64)
    }

    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError> {
        self.sweep_all(now);
        let count = |info_hash| self.swarms.get(info_hash).map(|swarm| swarm.summary().counts);
        Ok(info_hashes.iter().map(|info_hash| count(info_hash).unwrap_or_default()).collect())
    }

    fn visit_swarms(
        &mut self,
        _from: Cursor,
        _limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError> {
        self.sweep_all(now);
        Ok(Batch { items: self.swarms.values().map(Swarm::summary).collect(), next: None })
    }

    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        _from: Cursor,
        _limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError> {
        self.sweep_all(now);
        let cutoff = now.before(self.expiry);
        let peers = self.swarms.get(&info_hash).map(|swarm| swarm.peers.iter());
        let items = peers.into_iter().flatten().map(|peer| peer.seen(cutoff)).collect();
        Ok(Batch { items, next: None })
    }

    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError> {
        let cutoff = now.before(self.expiry);
        let mut swept = 0;
        for swarm in self.swarms.values_mut() {
            swarm.correct(now);
            swept += swarm.sweep(cutoff, budget - swept);
        }
        Ok(swept)
    }
}

impl StoreMaintenance for Model {
    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.swarms.remove(&info_hash);
        Ok(())
    }

    fn check(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn recount(&mut self, _info_hash: InfoHash) -> Result<Option<Recount>, StoreError> {
        Ok(None)
    }

    fn remove_lost_peers(&mut self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn info(&mut self) -> Result<StoreInfo, StoreError> {
        let count = |number: usize| u64::try_from(number).unwrap();
        Ok(StoreInfo {
            kind: "model",
            location: String::new(),
            bytes: 0,
            room: None,
            swarms: count(self.swarms.len()),
            peers: count(self.swarms.values().map(|swarm| swarm.peers.len()).sum()),
            anomalies: 0,
        })
    }

    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        _from: Cursor,
        _limit: usize,
    ) -> Result<Batch<super::Peer>, StoreError> {
        let peers = self.swarms.get(&info_hash).map(|swarm| swarm.peers.iter());
        Ok(Batch { items: peers.into_iter().flatten().map(Peer::exported).collect(), next: None })
    }

    fn import_generation(&mut self, generation: Generation) -> Result<(), StoreError> {
        self.generation = generation;
        Ok(())
    }

    fn import_swarm(
        &mut self,
        totals: &SwarmSummary,
        peers: &[super::Peer],
    ) -> Result<(), StoreError> {
        let info_hash = totals.info_hash;
        let swarm = self.swarms.entry(info_hash).or_insert_with(|| Swarm::new(info_hash));
        let nobody = Swarm::new(info_hash).totals;
        let counts = SwarmCounts { completed: totals.counts.completed, ..SwarmCounts::default() };
        swarm.totals = SwarmSummary {
            counts,
            live_uploaded: nobody.live_uploaded,
            live_downloaded: nobody.live_downloaded,
            left: nobody.left,
            ..*totals
        };
        for peer in peers.iter().map(Peer::imported) {
            let is_it = |known: &Peer| {
                known.proof == peer.proof && known.summary.peer_id == peer.summary.peer_id
            };
            if !swarm.peers.iter().any(is_it) {
                swarm.peers.push(peer);
            }
        }
        Ok(())
    }
}

mod tests;
