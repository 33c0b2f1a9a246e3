//! What an announce does, inside its transaction.

use super::connection::Database;
use super::peer::{self, Found, PeerRow};
use super::sample::{self, Wish};
use super::schema;
use super::swarm::Swarm;
use super::transaction::Immediate;
use crate::protocol::Timestamp;
use crate::store::peer::{Limits, Peer};
use crate::store::random::Random;
use crate::store::rate::AnnounceRate;
use crate::store::{Action, Addresses, Announced, PeerAnnounce, PeerSample, SwarmCounts, Want};

/// Silent peers that one announce takes out of its swarm; more are counted, and left to the next.
const SWEEP: usize = 256;

/// One announce and all it needs.
pub(super) struct Arrival<'a> {
    pub(super) database: &'a Database,
    pub(super) random: &'a mut Random,
    pub(super) announce: PeerAnnounce,
    pub(super) now: Timestamp,
    /// Who was last seen before this is gone.
    pub(super) cutoff: Timestamp,
    pub(super) want: Want,
    /// Bytes a second that a peer can move each way at most.
    pub(super) max_rate: Option<u64>,
}

impl Arrival<'_> {
    /// Does it all, or nothing.
    pub(super) fn happen(mut self, sample: &mut PeerSample) -> rusqlite::Result<Announced> {
        sample.clear();
        let transaction = Immediate::begin(self.database)?;
        let announced = self.within(sample)?;
        if let Announced::Done(_) = announced {
            transaction.commit()?;
        }
        Ok(announced)
    }

    fn within(&mut self, sample: &mut PeerSample) -> rusqlite::Result<Announced> {
        let leaves = self.announce.action == Action::Leave;
        let mut swarm = match Swarm::find(self.database, self.announce.info_hash)? {
            Some(swarm) => swarm,
            None if leaves => return Ok(Announced::Done(SwarmCounts::default())),
            None => Swarm::create(self.database, self.announce.info_hash, self.random)?,
        };
        swarm.sweep(self.database, self.cutoff, SWEEP)?;
        let known = match self.known(&mut swarm)? {
            Found::Nobody => None,
            Found::Row(row) if row.peer.is_sender_of(&self.announce, self.cutoff) => Some(row),
            Found::Row(_) | Found::Another => return Ok(Announced::TakenPeerId),
        };
        let own = if leaves {
            self.leave(&mut swarm, known.as_ref())?;
            None
        } else {
            Some(self.stay(&mut swarm, known.as_ref())?)
        };
        swarm.save(self.database)?;
        if AnnounceRate::counts(self.random) {
            self.database.count_announce(self.now)?;
        }
        if let Some(own) = own {
            self.fill(&swarm, own, sample)?;
        }
        Ok(Announced::Done(swarm.live_counts(self.database, self.cutoff)?))
    }

    /// The asker as the store knows it. One that was silent for too long is not known any more.
    fn known(&self, swarm: &mut Swarm) -> rusqlite::Result<Found> {
        let likely = self.row(swarm, None).class;
        let found = PeerRow::find(self.database, swarm, self.announce.peer_id, likely)?;
        if let Found::Row(row) = &found
            && row.peer.last_seen < self.cutoff
        {
            swarm.take_out_silent(self.database, row.class, row.tag)?;
            return Ok(Found::Nobody);
        }
        Ok(found)
    }

    fn row(&self, swarm: &Swarm, known: Option<&PeerRow>) -> PeerRow {
        let tag = schema::tag(self.announce.peer_id, swarm.salt);
        let known = known.map(|known| &known.peer);
        let limits = Limits { now: self.now, cutoff: self.cutoff, max_rate: self.max_rate };
        PeerRow::new(tag, Peer::announced(&self.announce, known, limits))
    }

    fn leave(&self, swarm: &mut Swarm, known: Option<&PeerRow>) -> rusqlite::Result<()> {
        if let Some(known) = known {
            peer::delete(self.database, swarm.id, known.class, known.tag)?;
            swarm.count_out(known.peer.role);
            let last = self.row(swarm, Some(known)).peer;
            swarm.count_completed(&last, Some(&known.peer));
            swarm.count_departed(last.uploaded, last.downloaded, self.now);
        }
        Ok(())
    }

    fn stay(&self, swarm: &mut Swarm, known: Option<&PeerRow>) -> rusqlite::Result<Addresses> {
        let row = self.row(swarm, known);
        row.put(self.database, swarm.id, known)?;
        if known.map(|known| known.peer.role) != Some(row.peer.role) {
            if let Some(known) = known {
                swarm.count_out(known.peer.role);
            }
            swarm.count_in(row.peer.role);
        }
        swarm.count_completed(&row.peer, known.map(|known| &known.peer));
        Ok(row.peer.addresses)
    }

    fn fill(
        &mut self,
        swarm: &Swarm,
        own: Addresses,
        sample: &mut PeerSample,
    ) -> rusqlite::Result<()> {
        let asker = schema::tag(self.announce.peer_id, swarm.salt);
        let wish = Wish { swarm, asker, own, want: self.want, cutoff: self.cutoff };
        sample::fill(self.database, self.random, wish, sample)
    }
}
