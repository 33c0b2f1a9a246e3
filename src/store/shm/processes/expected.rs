//! What must be in a store after the steps that were answered.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use super::worker::{CROWD, step};
use crate::protocol::PeerId;
use crate::store::conformance::{NOON, peer_id, peers, swarms};
use crate::store::{Action, Role};

/// What one sees of a peer: its swarm, its role, and which announce it was left by.
type Seen = (InfoHash, Role, u64);

/// Downloads that were completed in a swarm, and bytes that those who left had uploaded.
type Totals = BTreeMap<InfoHash, (u64, u64)>;

/// What some steps of one worker lead to, in the plainest form.
#[derive(Default)]
struct Expected {
    peers: BTreeMap<PeerId, Seen>,
    counted: BTreeSet<PeerId>,
    totals: Totals,
}

impl Expected {
    fn after(serial: u32, steps: u32) -> Self {
        let mut expected = Self::default();
        (0..steps).for_each(|number| expected.apply(&step(serial, number)));
        expected
    }

    fn apply(&mut self, announce: &PeerAnnounce) {
        let PeerAnnounce { info_hash, peer_id, role, action, uploaded, .. } = *announce;
        let known = self.peers.remove(&peer_id);
        let (completed, departed) = self.totals.entry(info_hash).or_default();
        if action == Action::Leave {
            *departed += known.map_or(0, |_| uploaded);
            self.counted.remove(&peer_id);
            return;
        }
        let was_seeder = known.is_some_and(|(_, role, _)| role == Role::Seeder);
        if role == Role::Seeder && !was_seeder && known.is_some() && self.counted.insert(peer_id) {
            *completed += 1;
        }
        self.peers.insert(peer_id, (info_hash, role, uploaded));
    }
}

/// All peers that a store names.
fn enumerate(store: &mut ShmStore) -> BTreeMap<PeerId, Seen> {
    let mut found = BTreeMap::new();
    for info_hash in swarms(store, NOON).into_keys() {
        for (peer_id, peer) in peers(store, info_hash, 500, NOON) {
            let twice = found.insert(peer_id, (info_hash, peer.role, peer.uploaded));
            assert_eq!(twice, None, "a peer is in two swarms");
        }
    }
    found
}

/// Whether a store holds what the workers were answered; the step that each of them was at when it
/// ended may be there or not. How many steps were answered to whom stands at its serial number.
pub(super) fn check(store: &mut ShmStore, answered: &[u32]) {
    let found = enumerate(store);
    let (mut totals, mut count) = (Totals::new(), 0);
    for (serial, &steps) in (0..).zip(answered) {
        let ids = peer_id(serial * CROWD)..peer_id((serial + 1) * CROWD);
        let own = found.range(ids).map(|(&id, &seen)| (id, seen)).collect();
        let expected = settle(serial, steps, &own);
        count += own.len();
        for (info_hash, (completed, departed)) in expected.totals {
            let sum = totals.entry(info_hash).or_default();
            *sum = (sum.0 + completed, sum.1 + departed);
        }
    }
    assert_eq!(found.len(), count, "some peers were never announced");
    check_figures(store, &found, &totals);
}

/// What one worker's steps lead to, which are all that were answered and perhaps one more.
fn settle(serial: u32, steps: u32, own: &BTreeMap<PeerId, Seen>) -> Expected {
    let mut expected = Expected::after(serial, steps);
    if expected.peers != *own {
        let before = expected.peers.clone();
        let next = step(serial, steps);
        expected.apply(&next);
        let is_other = |(id, seen): &(&PeerId, &Seen)| own.get(id) != Some(seen);
        assert!(
            expected.peers == *own,
            "worker {serial} was answered {steps} times, and was at {next:?}\nmissing: {:?}\n\
             too much: {:?}",
            before.iter().filter(is_other).collect::<Vec<_>>(),
            own.iter().filter(|&(id, seen)| before.get(id) != Some(seen)).collect::<Vec<_>>(),
        );
    }
    expected
}

/// Whether a store's counts and sums are those of the peers that it names, and of those who left.
fn check_figures(store: &mut ShmStore, found: &BTreeMap<PeerId, Seen>, totals: &Totals) {
    let figures = swarms(store, NOON);
    for (&info_hash, summary) in &figures {
        let own = found.values().filter(|seen| seen.0 == info_hash);
        let mut counts = SwarmCounts::default();
        let mut uploaded = 0;
        for &(_, role, bytes) in own {
            *counts.of_role(role) += 1;
            uploaded += bytes;
        }
        let (completed, departed) = totals.get(&info_hash).copied().unwrap_or_default();
        counts.completed = completed;
        assert_eq!(summary.counts, counts, "{info_hash:?}");
        assert_eq!((summary.live_uploaded, summary.departed_uploaded), (uploaded, departed));
        assert_eq!(store.counts(&[info_hash], NOON).unwrap(), [counts]);
    }
    let is_known = |swarm: &(&InfoHash, &(u64, u64))| figures.contains_key(swarm.0);
    let missing = totals.iter().find(|swarm| *swarm.1 != (0, 0) && !is_known(swarm));
    assert_eq!(missing, None, "a swarm is missing");
}
