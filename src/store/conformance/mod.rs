//! What every backend must do, as ordinary functions that take a way to make a fresh store.
//! `conforms!` turns them into a backend's tests.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

mod batches;
mod caps;
mod clocks;
mod figures;
mod generated;
mod identities;
mod limits;
mod samples;

pub(super) use batches::{
    an_announce_brings_back_what_a_reply_needs, several_at_once_are_as_one_after_the_other,
};
pub(super) use caps::{
    a_cap_that_is_lowered_is_kept_to_bit_by_bit, swarms_without_peers_go_before_others,
    the_oldest_of_a_swarm_go_first, there_are_no_more_peers_than_there_may_be,
    who_leaves_or_falls_silent_makes_room_for_others,
};
pub(super) use clocks::{
    a_clock_that_steps_back_does_no_harm, a_clock_that_was_ahead_leaves_nothing_behind,
    a_peer_counts_until_its_expiry, expiry_keeps_to_its_budget_and_leaves_none,
    many_silent_peers_are_not_counted_before_they_are_swept,
};
pub(super) use figures::{
    a_download_that_ends_while_its_peer_leaves_is_counted, a_peer_moves_no_more_than_its_line_does,
    completed_downloads_are_counted_once, huge_numbers_saturate, impossible_figures_are_counted,
    totals_outlive_the_peers,
};
pub(super) use generated::{counts_as_many_announces_as_the_model_does, does_what_the_model_does};
pub(super) use identities::{
    a_peer_id_alone_proves_nothing, a_quarter_of_a_reply_is_of_one_address,
    an_address_has_so_many_peers_and_no_more, an_endpoint_is_of_one_peer,
    only_peers_of_the_same_info_hash_are_handed_out, stated_addresses_take_nothing,
};
pub(super) use limits::{
    all_who_open_a_store_share_its_buckets, what_comes_too_early_is_answered_and_not_counted,
    who_leaves_or_is_exempt_always_counts,
};
pub(super) use samples::{
    every_peer_of_a_large_swarm_is_reached, every_wish_is_met_exactly,
    neither_seeders_nor_leechers_starve, nobody_is_told_of_itself, samples_differ,
    seeders_are_not_handed_to_those_who_do_not_want_them,
};

use super::*;
use crate::protocol::{ClientKey, Seconds};

/// How long a peer lives in these tests.
pub(super) const EXPIRY: Seconds = Seconds(2700);

/// Noon of the first day of the tests.
pub(super) const NOON: Timestamp = Timestamp(1_700_000_000);

/// Bytes a second that a peer can move in these tests.
pub(super) const MAX_RATE: u64 = 1 << 40;

/// Addresses in these tests at which there may be as many as there are.
const EXEMPT: &str = "2001:0:0:e::/64";

/// Peers that may be at one address in these tests.
pub(super) const ADDRESS_PEERS: u32 = 30;

const ALL: Want = Want { peers: 1000, seeders: true, peer_ids: true };

/// A store that nobody has used, and the folder that goes with it.
pub(super) struct Fresh {
    pub(super) store: Box<dyn StoreMaintenance>,
    home: Option<tempfile::TempDir>,
}

impl Fresh {
    pub(super) fn in_folder(
        store: impl StoreMaintenance + 'static,
        home: tempfile::TempDir,
    ) -> Self {
        Self { store: Box::new(store), home: Some(home) }
    }

    pub(super) fn in_memory(store: impl StoreMaintenance + 'static) -> Self {
        Self { store: Box::new(store), home: None }
    }

    /// Closes the store, and gives the folder that it is in.
    pub(super) fn into_folder(self) -> tempfile::TempDir {
        self.home.expect("a store in a folder")
    }
}

/// One test for each function of the suite.
macro_rules! conforms {
    ($make:expr) => {
        conforms!($make;
            does_what_the_model_does, every_wish_is_met_exactly, nobody_is_told_of_itself, samples_differ,
            every_peer_of_a_large_swarm_is_reached, neither_seeders_nor_leechers_starve,
            seeders_are_not_handed_to_those_who_do_not_want_them,
            completed_downloads_are_counted_once,
            a_download_that_ends_while_its_peer_leaves_is_counted,
            a_peer_id_alone_proves_nothing, an_endpoint_is_of_one_peer,
            stated_addresses_take_nothing, only_peers_of_the_same_info_hash_are_handed_out,
            a_quarter_of_a_reply_is_of_one_address,
            two_families_are_one_peer, a_peer_counts_until_its_expiry,
            many_silent_peers_are_not_counted_before_they_are_swept,
            expiry_keeps_to_its_budget_and_leaves_none, a_clock_that_steps_back_does_no_harm,
            a_clock_that_was_ahead_leaves_nothing_behind,
            totals_outlive_the_peers, huge_numbers_saturate, walks_see_what_stays_exactly_once,
            a_removed_swarm_is_forgotten, another_store_can_be_taken_over,
            the_announces_of_a_minute_are_counted, several_at_once_are_as_one_after_the_other,
            an_announce_brings_back_what_a_reply_needs);
    };
    ($make:expr; $($name:ident),*) => {$(
        #[test]
        fn $name() {
            $crate::store::conformance::$name($make);
        }
    )*};
}
pub(super) use conforms;

/// One test for each function of the suite that is about a store with limits.
macro_rules! conforms_with_limits {
    ($make:expr) => {
        $crate::store::conformance::conforms!($make;
            a_peer_moves_no_more_than_its_line_does, impossible_figures_are_counted,
            an_address_has_so_many_peers_and_no_more);
    };
}
pub(super) use conforms_with_limits;

/// One test for each function of the suite that says itself which rules its stores have.
macro_rules! conforms_with_rules {
    ($make:expr) => {
        $crate::store::conformance::conforms!($make;
            the_oldest_of_a_swarm_go_first, there_are_no_more_peers_than_there_may_be,
            who_leaves_or_falls_silent_makes_room_for_others, swarms_without_peers_go_before_others,
            a_cap_that_is_lowered_is_kept_to_bit_by_bit, counts_as_many_announces_as_the_model_does,
            what_comes_too_early_is_answered_and_not_counted, who_leaves_or_is_exempt_always_counts,
            all_who_open_a_store_share_its_buckets);
    };
}
pub(super) use conforms_with_rules;

/// The rules of a store with limits.
pub(super) fn limits() -> PeerRules {
    let exempt: crate::platform::network::Network = [EXEMPT.parse().unwrap()].into_iter().collect();
    let (address_peers, max_rate) = (Some(ADDRESS_PEERS), Some(MAX_RATE));
    PeerRules { address_peers, exempt: exempt.into(), max_rate, ..PeerRules::new(EXPIRY) }
}

type Make = fn() -> Fresh;

/// Makes a fresh store that holds its peers to these rules, or opens the one again that is there.
type MakeWith = fn(PeerRules, Option<Fresh>) -> Fresh;

pub(super) fn swarm(number: u8) -> InfoHash {
    InfoHash([number; 20])
}

pub(super) fn peer_id(number: u32) -> PeerId {
    let mut id = *b"-XX0001-000000000000";
    id[16..].copy_from_slice(&number.to_be_bytes());
    PeerId(id)
}

pub(super) fn v4(host: u32, port: u16) -> CompactV4 {
    let [a, b, c, d] = (0x0a00_0000 + host).to_be_bytes();
    let [e, f] = port.to_be_bytes();
    CompactV4([a, b, c, d, e, f])
}

fn v6(host: u32, port: u16) -> CompactV6 {
    let mut bytes = [0; 18];
    bytes[..2].copy_from_slice(&[0x20, 0x01]);
    bytes[12..16].copy_from_slice(&host.to_be_bytes());
    bytes[16..].copy_from_slice(&port.to_be_bytes());
    CompactV6(bytes)
}

/// A leecher of swarm 1 at an IPv4 address of its own.
pub(super) fn leecher(number: u32) -> PeerAnnounce {
    PeerAnnounce {
        v4: Some(v4(number, 6881)),
        left: Some(1000),
        uploaded: 10,
        downloaded: 20,
        ..PeerAnnounce::new(swarm(1), peer_id(number))
    }
}

pub(super) fn seeder(number: u32) -> PeerAnnounce {
    PeerAnnounce { left: Some(0), downloaded: 1020, role: Role::Seeder, ..leecher(number) }
}

fn announce(fresh: &mut Fresh, announce: PeerAnnounce, now: Timestamp, want: Want) -> PeerSample {
    let mut sample = PeerSample::default();
    fresh.store.announce(&announce, now, want, &mut sample).unwrap();
    sample
}

fn counts(fresh: &mut Fresh, now: Timestamp) -> SwarmCounts {
    fresh.store.counts(&[swarm(1)], now).unwrap()[0]
}

fn fill(fresh: &mut Fresh, leechers: u32, seeders: u32) {
    for number in 0..leechers {
        announce(fresh, leecher(number), NOON, Want { peers: 0, ..ALL });
    }
    for number in leechers..leechers + seeders {
        announce(fresh, seeder(number), NOON, Want { peers: 0, ..ALL });
    }
}

pub(super) fn swarms(
    store: &mut dyn PeerStore,
    now: Timestamp,
) -> BTreeMap<InfoHash, SwarmSummary> {
    let mut all = BTreeMap::new();
    let mut from = Some(Cursor::default());
    while let Some(cursor) = from {
        let batch = store.visit_swarms(cursor, 2, now).unwrap();
        for summary in batch.items {
            assert_eq!(all.insert(summary.info_hash, summary), None, "a swarm was met twice");
        }
        from = batch.next;
    }
    all
}

/// The peers of a swarm, in the order of their ids and addresses.
pub(super) fn all_peers(
    store: &mut dyn PeerStore,
    info_hash: InfoHash,
    limit: usize,
    now: Timestamp,
) -> Vec<PeerSummary> {
    let mut all = walk(|from| store.visit_peers(info_hash, from, limit, now)).unwrap();
    all.sort_by_key(|peer| {
        let PeerSummary { peer_id, v4, v6, first_seen, last_seen, uploaded, .. } = *peer;
        (peer_id, v4, v6, first_seen, last_seen, uploaded, peer.downloaded, peer.left)
    });
    all
}

/// The same where each has an id of its own.
pub(super) fn peers(
    store: &mut dyn PeerStore,
    info_hash: InfoHash,
    limit: usize,
    now: Timestamp,
) -> BTreeMap<PeerId, PeerSummary> {
    let mut all = BTreeMap::new();
    for peer in all_peers(store, info_hash, limit, now) {
        assert_eq!(all.insert(peer.peer_id, peer), None, "a peer was met twice");
    }
    all
}

fn ids(sample: &PeerSample) -> BTreeSet<PeerId> {
    sample.v4.peer_ids.iter().chain(&sample.v6.peer_ids).copied().collect()
}

pub(super) fn two_families_are_one_peer(make: Make) {
    let mut fresh = make();
    let over_v4 = PeerAnnounce { key: ClientKey::of(b"one"), ..leecher(1) };
    let over_v6 = PeerAnnounce { v4: None, v6: Some(v6(1, 6881)), ..over_v4 };
    announce(&mut fresh, over_v4, NOON, ALL);
    announce(&mut fresh, over_v6, NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 1);
    let sample = announce(&mut fresh, leecher(2), NOON, Want { peers: 1, ..ALL });
    assert_eq!((sample.v4.addresses.len(), sample.v6.addresses.len()), (1, 1));
    let later = NOON + Seconds(EXPIRY.0 - 10);
    announce(&mut fresh, over_v6, later, ALL);
    let late = later + Seconds(20);
    let sample = announce(&mut fresh, leecher(3), late, ALL);
    assert_eq!(sample.v4.addresses, [], "its IPv4 address was not vouched for in time");
    assert_eq!(sample.v6.addresses, [v6(1, 6881)]);
    assert_eq!(peers(fresh.store.as_mut(), swarm(1), 10, late)[&peer_id(1)].v4, None);
    let portless = PeerAnnounce { v6: Some(v6(1, 0)), ..over_v6 };
    announce(&mut fresh, portless, late, ALL);
    let sample = announce(&mut fresh, leecher(3), late, ALL);
    assert_eq!(sample, PeerSample::default(), "a peer with no port is never handed out");
    assert_eq!(counts(&mut fresh, late).leechers, 2, "but counted");
}

pub(super) fn walks_see_what_stays_exactly_once(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 60, 40);
    let mut met = BTreeSet::new();
    let mut from = Some(Cursor::default());
    let mut coming = 1000;
    while let Some(cursor) = from {
        let batch = fresh.store.visit_peers(swarm(1), cursor, 7, NOON).unwrap();
        assert!(batch.items.len() <= 7);
        for peer in batch.items {
            assert!(met.insert(peer.peer_id), "a peer was met twice");
        }
        // Roles change, peers come and go.
        announce(&mut fresh, seeder(coming % 50), NOON, ALL);
        announce(&mut fresh, leecher(99 - coming % 50), NOON, ALL);
        announce(&mut fresh, leecher(coming), NOON, ALL);
        announce(
            &mut fresh,
            PeerAnnounce { action: Action::Leave, ..leecher(coming - 1) },
            NOON,
            ALL,
        );
        coming += 1;
        from = batch.next;
    }
    assert!((0..100).all(|number| met.contains(&peer_id(number))), "a peer was not met");
}

pub(super) fn a_removed_swarm_is_forgotten(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 3, 3);
    let other = PeerAnnounce { info_hash: swarm(2), ..leecher(1) };
    announce(&mut fresh, other, NOON, ALL);
    fresh.store.remove_swarm(swarm(1)).unwrap();
    fresh.store.remove_swarm(swarm(7)).unwrap();
    assert_eq!(counts(&mut fresh, NOON), SwarmCounts::default());
    assert_eq!(swarms(fresh.store.as_mut(), NOON).keys().copied().collect::<Vec<_>>(), [swarm(2)]);
    assert_eq!(peers(fresh.store.as_mut(), swarm(1), 10, NOON).len(), 0);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
    let before = fresh.store.generation().unwrap();
    assert_eq!(fresh.store.generation().unwrap(), before);
}

pub(super) fn another_store_can_be_taken_over(make: Make) {
    let (mut old, mut new) = (make(), make());
    fill(&mut old, 70, 30);
    let both = PeerAnnounce { v6: Some(v6(1, 6881)), key: ClientKey::of(b"one"), ..leecher(1) };
    announce(&mut old, both, NOON, ALL);
    announce(&mut old, seeder(2), NOON + Seconds(5), ALL);
    announce(&mut old, PeerAnnounce { action: Action::Leave, ..leecher(3) }, NOON, ALL);
    announce(&mut old, PeerAnnounce { left: Some(7), ..leecher(4) }, NOON + Seconds(7), ALL);
    announce(&mut new, leecher(500), NOON, ALL);
    let generation = old.store.generation().unwrap();
    new.store.import_generation(generation).unwrap();
    assert_eq!(new.store.generation().unwrap(), generation);
    let (mut expected, totals) =
        (swarms(old.store.as_mut(), NOON), swarms(old.store.as_mut(), NOON));
    for summary in totals.values() {
        let export = |from| old.store.export_peers(summary.info_hash, from, 7);
        let peers = walk(export).unwrap();
        assert_eq!(peers.len(), 99);
        for part in peers.chunks(10) {
            new.store.import_swarm(summary, part).unwrap();
            new.store.import_swarm(summary, part).unwrap();
        }
    }
    let own = expected.get_mut(&swarm(1)).unwrap();
    own.counts.leechers += 1;
    (own.left, own.live_uploaded) = (own.left + 1000, own.live_uploaded + 10);
    own.live_downloaded += 20;
    assert_eq!(swarms(new.store.as_mut(), NOON), expected);
    let expected = peers(old.store.as_mut(), swarm(1), 10, NOON);
    let mut found = peers(new.store.as_mut(), swarm(1), 10, NOON);
    assert!(found.remove(&peer_id(500)).is_some());
    assert_eq!(found, expected);
    let moved = PeerAnnounce { key: ClientKey::of(b"one"), v4: Some(v4(99, 1)), ..leecher(1) };
    announce(&mut new, moved, NOON, ALL);
    assert_eq!(
        peers(new.store.as_mut(), swarm(1), 10, NOON)[&peer_id(1)].v4,
        moved.v4,
        "by its key"
    );
    announce(&mut new, leecher(2), NOON, ALL);
    announce(&mut new, seeder(2), NOON, ALL);
    assert_eq!(counts(&mut new, NOON).completed, 1, "it was counted in the old store");
    assert_eq!(new.store.check().unwrap(), Vec::<String>::new());
}

pub(super) fn the_announces_of_a_minute_are_counted(make: Make) {
    let mut fresh = make();
    let minute = Timestamp(NOON.0.next_multiple_of(60));
    for number in 0..6000 {
        let now = minute + Seconds(number / 100);
        announce(&mut fresh, leecher(number % 10), now, Want { peers: 0, ..ALL });
    }
    let mut counted =
        |seconds| fresh.store.announces_in_the_last_minute(minute + Seconds(seconds)).unwrap();
    // Chance has its part in it, but more than six standard deviations are no chance.
    let whole = counted(59);
    assert!((4000..8000).contains(&whole), "{whole}");
    let half = counted(89);
    assert!((1800..4400).contains(&half), "{half}");
    assert_eq!(counted(3600), 0);
}
