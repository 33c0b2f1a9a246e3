//! What announces do, inside their transaction.

use super::addresses::Place;
use super::buckets;
use super::connection::Database;
use super::crowd;
use super::peer::PeerRow;
use super::sample::{self, Wish};
use super::swarm::Swarm;
use crate::platform::random::Random;
use crate::protocol::Timestamp;
use crate::store::caps::Crowd;
use crate::store::identity::Identity;
use crate::store::network::Network;
use crate::store::peer::{Limits, Peer};
use crate::store::rate::AnnounceRate;
use crate::store::{
    Action, Announced, PeerAnnounce, PeerRules, PeerSample, Proof, SwarmCounts, Want,
};

/// Silent peers that one announce takes out of its swarm; more are counted, and left to the next.
const SWEEP: usize = 256;

/// What the announces of one transaction have in common.
pub(super) struct Moment<'a> {
    pub(super) database: &'a Database,
    pub(super) random: &'a mut Random,
    pub(super) now: Timestamp,
    /// Who was last seen before this is gone.
    pub(super) cutoff: Timestamp,
    pub(super) rules: &'a PeerRules,
    /// The caps that made others go.
    pub(super) crowds: Vec<Crowd>,
    /// The last of them that came too early to count.
    pub(super) too_early: Option<PeerAnnounce>,
}

impl Moment<'_> {
    /// Takes an announce in.
    pub(super) fn announce(
        &mut self,
        announce: &PeerAnnounce,
        want: Want,
        sample: &mut PeerSample,
    ) -> rusqlite::Result<Announced> {
        sample.clear();
        let Self { database, now, cutoff, rules, .. } = *self;
        let announces_in_the_last_minute = database.announce_rate_at(now)?.last_minute(now);
        let is_too_early = match &rules.announces {
            Some(limit) => buckets::is_too_early(database, limit, announce, now)?,
            None => false,
        };
        if is_too_early {
            self.too_early = Some(*announce);
        }
        let (announce, random, crowds) = (*announce, &mut *self.random, &mut self.crowds);
        let pending =
            PendingAnnounce { database, random, announce, now, cutoff, want, rules, crowds };
        let counts = if is_too_early { pending.look(sample)? } else { pending.apply(sample)? };
        let generation = database.generation;
        Ok(Announced { counts, generation, announces_in_the_last_minute })
    }
}

/// One announce and all it needs.
struct PendingAnnounce<'a> {
    database: &'a Database,
    random: &'a mut Random,
    announce: PeerAnnounce,
    now: Timestamp,
    cutoff: Timestamp,
    want: Want,
    rules: &'a PeerRules,
    crowds: &'a mut Vec<Crowd>,
}

impl PendingAnnounce<'_> {
    fn apply(mut self, sample: &mut PeerSample) -> rusqlite::Result<SwarmCounts> {
        let leaves = self.announce.action == Action::Leave;
        let mut swarm = match Swarm::find(self.database, self.announce.info_hash)? {
            Some(swarm) => swarm,
            None if leaves => return Ok(SwarmCounts::default()),
            None => self.create_swarm()?,
        };
        swarm.sweep(self.database, self.cutoff, SWEEP)?;
        let known = self.known(&mut swarm)?;
        let row = self.row(&swarm, known.as_ref());
        if leaves {
            self.leave(&mut swarm, known.as_ref(), &row.peer)?;
        } else {
            self.stay(&mut swarm, known.as_ref(), &row)?;
        }
        swarm.save(self.database)?;
        if AnnounceRate::counts(self.random) {
            self.database.count_announce(self.now)?;
        }
        if row.peer.is_cut_from(&self.announce) && (known.is_some() || !leaves) {
            self.database.count_anomaly()?;
        }
        if !leaves {
            let (want, under, cutoff) = (self.want, self.announce.under, self.cutoff);
            let own = row.peer.addresses;
            let wish = Wish { swarm: &swarm, asker: row.tag, own, want, under, cutoff };
            sample::fill(self.database, self.random, wish, sample)?;
        }
        swarm.live_counts(self.database, self.cutoff)
    }

    /// Answers as if the announce had been made, and changes nothing.
    fn look(self, sample: &mut PeerSample) -> rusqlite::Result<SwarmCounts> {
        let Some(swarm) = Swarm::find(self.database, self.announce.info_hash)? else {
            return Ok(SwarmCounts::default());
        };
        let known = self.living(&swarm)?;
        let row = self.row(&swarm, known.as_ref());
        let (want, under, cutoff) = (self.want, self.announce.under, self.cutoff);
        let (asker, own) = (known.map_or(row.tag, |known| known.tag), row.peer.addresses);
        let wish = Wish { swarm: &swarm, asker, own, want, under, cutoff };
        sample::fill(self.database, self.random, wish, sample)?;
        swarm.live_counts(self.database, self.cutoff)
    }

    /// The asker as the store knows it, unless it was silent for too long.
    fn living(&self, swarm: &Swarm) -> rusqlite::Result<Option<PeerRow>> {
        let (peer_id, cutoff) = (self.announce.peer_id, self.cutoff);
        let identity = Identity { peer_id, proof: self.proof(swarm) };
        let likely = self.row(swarm, None).class;
        let found = PeerRow::find(self.database, swarm.key(), identity, likely)?;
        match found.filter(|row| row.peer.last_seen >= cutoff) {
            Some(row) => Ok(Some(row)),
            None => PeerRow::find_by_address(self.database, swarm.key(), &self.announce, cutoff),
        }
    }

    /// The first peer of a swarm comes with it.
    fn create_swarm(&mut self) -> rusqlite::Result<Swarm> {
        if crowd::make_way_for_swarm(self.database, self.random)? {
            self.crowds.push(Crowd::Swarms);
        }
        Swarm::create(self.database, self.announce.info_hash, self.random)
    }

    /// The asker as the store knows it. One that was silent for too long is not known any more.
    fn known(&self, swarm: &mut Swarm) -> rusqlite::Result<Option<PeerRow>> {
        let peer_id = self.announce.peer_id;
        let identity = Identity { peer_id, proof: self.proof(swarm) };
        let likely = self.row(swarm, None).class;
        let Some(row) = PeerRow::find(self.database, swarm.key(), identity, likely)? else {
            return PeerRow::find_by_address(
                self.database,
                swarm.key(),
                &self.announce,
                self.cutoff,
            );
        };
        if row.peer.last_seen < self.cutoff {
            swarm.take_out_silent(self.database, row.class, row.tag)?;
            return Ok(None);
        }
        Ok(Some(row))
    }

    fn proof(&self, swarm: &Swarm) -> Proof {
        Proof::of(&self.announce, swarm.salt.cast_unsigned())
    }

    fn row(&self, swarm: &Swarm, known: Option<&PeerRow>) -> PeerRow {
        let (announce, known) = (&self.announce, known.map(|known| &known.peer));
        let limits = Limits { now: self.now, cutoff: self.cutoff, max_rate: self.rules.max_rate };
        PeerRow::new(swarm.salt, Peer::announced(announce, self.proof(swarm), known, limits))
    }

    fn leave(
        &self,
        swarm: &mut Swarm,
        known: Option<&PeerRow>,
        last: &Peer,
    ) -> rusqlite::Result<()> {
        if let Some(known) = known {
            known.delete(self.database, swarm.id)?;
            swarm.count_out(known.peer.role);
            swarm.count_completed(last, Some(&known.peer));
            swarm.count_departed(last.uploaded, last.downloaded, self.now);
        }
        Ok(())
    }

    fn stay(
        &mut self,
        swarm: &mut Swarm,
        known: Option<&PeerRow>,
        row: &PeerRow,
    ) -> rusqlite::Result<()> {
        self.take_endpoints(swarm, known)?;
        if known.is_none() {
            self.evict_for_caps(swarm)?;
        }
        self.evict_at_addresses(swarm, known, &row.peer)?;
        row.put(self.database, swarm.id, known)?;
        if known.map(|known| known.peer.role) != Some(row.peer.role) {
            if let Some(known) = known {
                swarm.count_out(known.peer.role);
            }
            swarm.count_in(row.peer.role);
        }
        swarm.count_completed(&row.peer, known.map(|known| &known.peer));
        Ok(())
    }

    /// Evicts others where the caps leave no room for one more.
    fn evict_for_caps(&mut self, swarm: &mut Swarm) -> rusqlite::Result<()> {
        if crowd::make_way_for_peer(self.database, self.random, swarm)? {
            self.crowds.push(Crowd::Peers);
        }
        if crowd::make_way_in(self.database, swarm)? {
            self.crowds.push(Crowd::SwarmPeers);
        }
        Ok(())
    }

    /// Takes the endpoints that are the asker's from now on from all others.
    fn take_endpoints(&self, swarm: &mut Swarm, known: Option<&PeerRow>) -> rusqlite::Result<()> {
        let (v4, v6) = self.announce.takes(known.map(|known| &known.peer));
        for place in v4.map(Place::v4).into_iter().chain(v6.map(Place::v6)) {
            for row in PeerRow::at(self.database, swarm.key(), &place)? {
                if known.is_some_and(|known| (known.class, known.tag) == (row.class, row.tag)) {
                    continue;
                }
                match row.peer.without((v4, v6), self.cutoff) {
                    Some(rest) => {
                        PeerRow::new(swarm.salt, rest).put(self.database, swarm.id, Some(&row))?;
                    }
                    None => swarm.take_out_silent(self.database, row.class, row.tag)?,
                }
            }
        }
        Ok(())
    }

    /// Evicts peers where an address has as many as it may: those that were silent for longest.
    fn evict_at_addresses(
        &self,
        swarm: &mut Swarm,
        known: Option<&PeerRow>,
        peer: &Peer,
    ) -> rusqlite::Result<()> {
        let Some(cap) = self.rules.address_peers else { return Ok(()) };
        for ip in peer.addresses.all().filter(|&ip| !self.rules.exempt.contains(ip)) {
            for (network, times) in Network::limited(ip) {
                let was_there =
                    |known: &PeerRow| known.peer.addresses.all().any(|ip| network.contains(ip));
                if known.is_some_and(was_there) {
                    continue;
                }
                let there = PeerRow::within(self.database, swarm.key(), network)?;
                let there = there.into_iter().map(|row| row.peer).collect();
                let most = usize::try_from(cap.saturating_mul(times)).unwrap_or(usize::MAX);
                for peer in self.announce.too_many(ip, there, most, &self.rules.exempt) {
                    let row = PeerRow::new(swarm.salt, peer);
                    swarm.take_out_silent(self.database, row.class, row.tag)?;
                }
            }
        }
        Ok(())
    }
}
