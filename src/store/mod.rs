//! Where peers live: `PeerStore` is what announces, scrapes and refreshes need, `StoreMaintenance` what the owner's
//! commands need besides, and the backends are behind both. Knows nothing of HTTP, users or pages.

mod addresses;
mod announce;
mod aside;
mod buckets;
mod caps;
#[cfg(test)]
mod conformance;
mod error;
mod figures;
mod files;
mod identity;
mod kind;
mod known;
#[cfg(test)]
mod model;
mod network;
mod options;
mod patience;
mod peer;
mod rate;
pub mod shm;
mod spread;
pub mod sqlite;

use std::net::IpAddr;
use std::time::Duration;

pub use crate::protocol::Generation;
use crate::protocol::{CompactV4, CompactV6, InfoHash, PeerId, Seconds, Timestamp};

pub use addresses::{Addresses, Seen};
pub use announce::{Action, PeerAnnounce, Role, Under, Want};
pub use aside::{SetAside, set_aside};
pub use buckets::{Allowance, AnnounceLimit, Purpose};
pub use caps::Caps;
pub use error::{Cause, StoreError, if_any};
pub use figures::{
    Announced, Batch, Cursor, PeerSummary, Recount, StoreInfo, SwarmCounts, SwarmSummary, walk,
};
pub use identity::Proof;
pub use kind::{expect_kind, kind_at};
pub use options::{Access, FileOptions, PeerRules};
pub use patience::{LOOP_PATIENCE, PATIENCE, Patience};
pub use peer::{Hashes, Peer};

/// One address family of a sample, in wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilySample<A> {
    /// Addresses, ready for a compact reply.
    pub addresses: Vec<A>,
    /// The peer id of each address; empty unless wanted.
    pub peer_ids: Vec<PeerId>,
}

impl<A> Default for FamilySample<A> {
    fn default() -> Self {
        Self { addresses: Vec::new(), peer_ids: Vec::new() }
    }
}

impl<A> FamilySample<A> {
    /// Leaves out those at whose places this is true.
    fn leave_out(&mut self, is_out: &[bool]) {
        let is_kept = |place: usize| !is_out.get(place).copied().unwrap_or(false);
        let (mut addresses, mut peer_ids) = (0.., 0..);
        self.addresses.retain(|_| addresses.next().is_some_and(is_kept));
        self.peer_ids.retain(|_| peer_ids.next().is_some_and(is_kept));
    }

    /// Leaves `most` of every `all`, where so many stand before the first of these.
    fn thin_out(&mut self, before: usize, most: usize, all: usize) {
        let is_kept = |place: usize| place * most / all < (place + 1) * most / all;
        let (mut addresses, mut peer_ids) = (before.., before..);
        self.addresses.retain(|_| addresses.next().is_some_and(is_kept));
        self.peer_ids.retain(|_| peer_ids.next().is_some_and(is_kept));
    }
}

impl<A: Copy> FamilySample<A> {
    /// Leaves those of which this is true.
    fn retain(&mut self, is_kept: impl Fn(A) -> bool) {
        let mut addresses = self.addresses.iter();
        self.peer_ids.retain(|_| addresses.next().is_some_and(|&address| is_kept(address)));
        self.addresses.retain(|&address| is_kept(address));
    }
}

/// Some peers of a swarm. A peer with both families stands in both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerSample {
    /// IPv4 addresses.
    pub v4: FamilySample<CompactV4>,
    /// IPv6 addresses.
    pub v6: FamilySample<CompactV6>,
}

impl PeerSample {
    /// Empties the sample and keeps its memory for the next announce.
    pub fn clear(&mut self) {
        self.v4.addresses.clear();
        self.v4.peer_ids.clear();
        self.v6.addresses.clear();
        self.v6.peer_ids.clear();
    }

    /// Leaves those addresses of which this is true.
    pub fn retain(&mut self, is_kept: impl Fn(IpAddr, u16) -> bool) {
        self.v4.retain(|address| is_kept(address.ip().into(), address.port()));
        self.v6.retain(|address| is_kept(address.ip().into(), address.port()));
    }

    /// Leaves at most so many addresses of both families together, evenly from all of the sample.
    pub fn thin_out(&mut self, most: u32) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let all = self.v4.addresses.len() + self.v6.addresses.len();
        if all > most {
            let before = self.v4.addresses.len();
            self.v4.thin_out(0, most, all);
            self.v6.thin_out(before, most, all);
        }
    }
}

/// A place for peers that many processes and threads use at once. Each thread opens its own.
///
/// A peer counts until more than the expiry has passed since its last announce, whether or not its
/// record has been swept, and so does each of its addresses; `now` may step back, which must neither
/// lose nor revive peers for longer than the step.
///
/// A call that others keep waiting for longer than the caller's patience fails with
/// `StoreError::WouldWait`, and has changed nothing.
pub trait PeerStore: Send {
    /// Waits for others no longer than this from now on; not at all for a while after a wait in vain.
    fn set_patience(&mut self, patience: Duration);

    /// This generation of the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn generation(&mut self) -> Result<Generation, StoreError>;

    /// Puts the peer in or takes it out, counts, and fills `sample`: one atomic step, which brings back all
    /// that a reply is made of.
    ///
    /// An announce is of a known peer when the peer id is the same and either the key is the same or it
    /// was seen from one of that peer's addresses; else it is of another peer. So nothing is refused.
    /// An endpoint (address and port, not 0) that a peer was seen at is taken from all others; one that
    /// has no address left goes. At one address there are no more peers than `PeerRules` say: when one more
    /// is seen there, the one that was silent for longest goes; of those that state it, one of them.
    /// A completed download is counted when a known leecher or partial seed says that it has completed
    /// and is a seeder, or becomes one, perhaps while it leaves, with a `left` known before and more
    /// downloaded than before. One peer is counted once while it stays. Of what a peer says that it
    /// moved no more counts than `max_rate` allows for the time since it came, and of downloads no more
    /// than a few times the torrent's size.
    /// On `Action::Leave` the sample is empty and the counts are without the asker.
    /// The sample holds peers that announced under the same info-hash as the asker, each endpoint once
    /// and never the asker's own. Of the wanted peers at most a quarter is at one address (IPv4, IPv6
    /// /48), as far as there are others. Leechers are handed seeders and leechers, neither of them
    /// left out however rare they are.
    /// Some expired peers of the swarm are swept in passing.
    /// Of announces that come faster from one network than `PeerRules` allow only what they ask is answered:
    /// nothing of them is in the store, and the counts are without a peer that it does not know. Who leaves is
    /// always let go.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing of the announce is in it.
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<Announced, StoreError>;

    /// The same for several announces, in order, with a sample for each: as one after the other, at the cost of
    /// one transaction or round trip where a store has those.
    ///
    /// # Errors
    /// When one of them fails. Those before it may be in the store then; each of them may be announced
    /// again, by itself.
    fn announce_many(
        &mut self,
        announces: &[(PeerAnnounce, Want)],
        now: Timestamp,
        samples: &mut [PeerSample],
    ) -> Result<Vec<Announced>, StoreError> {
        let each = announces.iter().zip(samples);
        each.map(|((announce, want), sample)| self.announce(announce, now, *want, sample)).collect()
    }

    /// About how many announces came in the last minute. They are counted by chance, so that few are
    /// told from none only roughly.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError>;

    /// Takes a token from the bucket that an address has for a purpose; where there is none, says when there is.
    /// Where very many addresses have buckets, some that are nearly full count as full.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn take_token(
        &mut self,
        purpose: Purpose,
        address: IpAddr,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Seconds>, StoreError>;

    /// Counts for each info-hash, in order; an unknown one counts zeros.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError>;

    /// Walks over all swarms, at most `limit` at a time and fewer where they are large, also those
    /// that have only totals left. Silent peers are not in the live figures, and not in the totals
    /// either until they are swept.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn visit_swarms(
        &mut self,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError>;

    /// Walks over the peers of one swarm, some at a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError>;

    /// Sweeps at most `budget` expired peers and returns how many it swept; fewer than the budget
    /// means that none is left. Who was seen in the future, by a clock that was ahead, counts as seen now
    /// from then on.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError>;
}

/// What an owner does with a whole store: look it over, and take it elsewhere.
pub trait StoreMaintenance: PeerStore {
    /// Names every invariant that does not hold; empty when all is well.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn check(&mut self) -> Result<Vec<String>, StoreError>;

    /// Counts the peers of a swarm anew, and corrects what the store says of them; `None` where it is right.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn recount(&mut self, info_hash: InfoHash) -> Result<Option<Recount>, StoreError>;

    /// Takes peers out that belong to no swarm, and returns how many. Only damage to a file makes some, and not every
    /// kind of store can have any.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn remove_lost_peers(&mut self) -> Result<u64, StoreError>;

    /// What there is to tell about the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn info(&mut self) -> Result<StoreInfo, StoreError>;

    /// Walks over the peers of one swarm as they are kept, to take them to another store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError>;

    /// Goes on with the generation of another store, whose totals are to come: so they count on.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn import_generation(&mut self, generation: Generation) -> Result<(), StoreError>;

    /// Takes the totals of a swarm over from another store, in place of its own, and puts peers in
    /// that came from there; a peer that is here already stays as it is. Peers that their store
    /// knew are not lost to a cap.
    ///
    /// # Errors
    /// When the store cannot be written; some of the peers may be in it then.
    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError>;

    /// Forgets a swarm: its peers and its totals.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_thinned_out_evenly() {
        let mut sample = PeerSample::default();
        for number in 0..150 {
            sample.v4.addresses.push(CompactV4([0, 0, 0, number, 0, 1]));
            sample.v4.peer_ids.push(PeerId([number; 20]));
        }
        sample.v6.addresses.extend([CompactV6([7; 18]); 50]);
        let whole = sample.clone();
        sample.thin_out(200);
        assert_eq!(sample, whole);
        sample.thin_out(40);
        assert_eq!((sample.v4.addresses.len(), sample.v6.addresses.len()), (30, 10));
        let kept: Vec<u8> = sample.v4.addresses.iter().map(|address| address.0[3]).collect();
        let ids: Vec<u8> = sample.v4.peer_ids.iter().map(|id| id.0[0]).collect();
        assert_eq!(kept, ids);
        assert!(kept.windows(2).all(|two| two[1] - two[0] == 5), "{kept:?}");
        sample.thin_out(0);
        assert_eq!(sample, PeerSample::default());
        for most in 0..5 {
            let mut few = PeerSample::default();
            few.v4.addresses.push(CompactV4([1; 6]));
            few.v6.addresses.extend([CompactV6([7; 18]); 3]);
            few.thin_out(most);
            let left = few.v4.addresses.len() + few.v6.addresses.len();
            assert_eq!(left, most.min(4) as usize);
        }
    }
}
