//! What a store does that has as many peers or swarms as it may have.

use std::collections::BTreeSet;

use super::{
    ALL, EXPIRY, Fresh, MakeWith, NOON, announce, counts, leecher, peer_id, peers, swarm, swarms,
};
use crate::protocol::{InfoHash, PeerId, Seconds, Timestamp};
use crate::store::{Action, Caps, PeerAnnounce, PeerRules};

fn capped(make: MakeWith, caps: Caps) -> Fresh {
    make(PeerRules { caps, ..PeerRules::new(EXPIRY) }, None)
}

fn info_hash(number: u32) -> InfoHash {
    let mut hash = [9; 20];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    InfoHash(hash)
}

/// A leecher that is alone in its swarm.
fn alone(number: u32) -> PeerAnnounce {
    PeerAnnounce { info_hash: info_hash(number), ..leecher(number) }
}

fn leave(fresh: &mut Fresh, who: PeerAnnounce, now: Timestamp) {
    announce(fresh, PeerAnnounce { action: Action::Leave, ..who }, now, ALL);
}

fn is_sound(fresh: &mut Fresh) {
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

fn swarms_there(fresh: &mut Fresh, now: Timestamp) -> BTreeSet<InfoHash> {
    swarms(fresh.store.as_mut(), now).into_keys().collect()
}

pub(in crate::store) fn the_oldest_of_a_swarm_go_first(make: MakeWith) {
    let mut fresh = capped(make, Caps { swarm_peers: Some(100), ..Caps::default() });
    for number in 0..100 {
        announce(&mut fresh, leecher(number), NOON + Seconds(number), ALL);
    }
    // Those that announce again are young again.
    for number in (0..50).step_by(2) {
        announce(&mut fresh, leecher(number), NOON + Seconds(200 + number), ALL);
    }
    for number in 1000..1030 {
        announce(&mut fresh, leecher(number), NOON + Seconds(300), ALL);
    }
    let gone = (1..50).step_by(2).chain(50..55);
    let mut expected: BTreeSet<PeerId> = (0..100).chain(1000..1030).map(peer_id).collect();
    gone.for_each(|number| assert!(expected.remove(&peer_id(number))));
    let present = peers(fresh.store.as_mut(), swarm(1), 1000, NOON).into_keys();
    assert_eq!(present.collect::<BTreeSet<_>>(), expected);
    assert_eq!(swarms(fresh.store.as_mut(), NOON)[&swarm(1)].expired, 30);
    is_sound(&mut fresh);
}

pub(in crate::store) fn there_are_no_more_peers_than_there_may_be(make: MakeWith) {
    // Chance decides a part of it: of 300 peers some 15 are of the older half, in one store of twenty
    // more than 30; by chance alone it would be 150.
    let old: usize = (0..8).map(|_| old_peers_that_stay(make)).sum();
    assert!(old < 8 * 30, "{old} of the oldest are still there in eight stores");
}

/// A thousand peers come to a store for 300; how many of the older half are still there.
fn old_peers_that_stay(make: MakeWith) -> usize {
    let mut fresh = capped(make, Caps { peers: Some(300), ..Caps::default() });
    for number in 0..1000 {
        let info_hash = swarm(u8::try_from(number % 40).unwrap());
        let what = PeerAnnounce { info_hash, ..leecher(number) };
        announce(&mut fresh, what, NOON + Seconds(number), ALL);
        announce(&mut fresh, what, NOON + Seconds(number), ALL);
    }
    assert_eq!(fresh.store.info().unwrap().peers, 300);
    let latest = NOON + Seconds(999);
    let hashes = swarms_there(&mut fresh, latest);
    let old = hashes.iter().flat_map(|&hash| peers(fresh.store.as_mut(), hash, 100, latest));
    let old = old.filter(|(_, peer)| peer.first_seen < NOON + Seconds(500)).count();
    is_sound(&mut fresh);
    old
}

pub(in crate::store) fn who_leaves_or_falls_silent_makes_room_for_others(make: MakeWith) {
    let caps = Caps { peers: Some(20), swarms: Some(20), ..Caps::default() };
    let mut fresh = capped(make, caps);
    (0..20).for_each(|number| drop(announce(&mut fresh, alone(number), NOON, ALL)));
    (0..5).for_each(|number| leave(&mut fresh, alone(number), NOON));
    for number in 0..5 {
        fresh.store.remove_swarm(info_hash(number)).unwrap();
        announce(&mut fresh, alone(20 + number), NOON, ALL);
    }
    let expected: BTreeSet<_> = (5..25).map(info_hash).collect();
    assert_eq!(swarms_there(&mut fresh, NOON), expected, "nobody had to go");
    let later = NOON + EXPIRY + Seconds(1);
    fresh.store.expire(later, 1000).unwrap();
    announce(&mut fresh, alone(30), later, ALL);
    let info = fresh.store.info().unwrap();
    assert_eq!((info.peers, info.swarms), (1, 20));
    is_sound(&mut fresh);
}

pub(in crate::store) fn swarms_without_peers_go_before_others(make: MakeWith) {
    let mut fresh = capped(make, Caps { swarms: Some(60), ..Caps::default() });
    for number in 0..60 {
        announce(&mut fresh, alone(number), NOON + Seconds(number), ALL);
    }
    // The youngest have no peers any more; before each that comes, some of the old ones announce.
    (20..60).for_each(|number| leave(&mut fresh, alone(number), NOON + Seconds(number)));
    for more in 0..200 {
        let now = NOON + Seconds(100 + more);
        (0..10).for_each(|number| drop(announce(&mut fresh, alone(number), now, ALL)));
        announce(&mut fresh, alone(1000 + more), now, ALL);
        let there = swarms_there(&mut fresh, now);
        assert_eq!(there.len(), 60);
        assert!((0..10).all(|number| there.contains(&info_hash(number))), "{more}");
        assert!(there.contains(&info_hash(1000 + more)));
        if more == 19 {
            let left = (20..60).filter(|&number| there.contains(&info_hash(number))).count();
            assert_eq!(left, 20, "those without peers went first");
        }
    }
    is_sound(&mut fresh);
}

pub(in crate::store) fn a_cap_that_is_lowered_is_kept_to_bit_by_bit(make: MakeWith) {
    let rules = PeerRules::new(EXPIRY);
    let mut fresh = make(rules.clone(), None);
    for number in 0..200 {
        announce(&mut fresh, alone(number), NOON + Seconds(number), ALL);
    }
    let caps = Caps { peers: Some(10), swarms: Some(20), ..Caps::default() };
    let mut fresh = make(PeerRules { caps, ..rules.clone() }, Some(fresh));
    for number in 0..20 {
        announce(&mut fresh, alone(1000 + number), NOON + Seconds(300), ALL);
        announce(&mut fresh, leecher(2000 + number), NOON + Seconds(300), ALL);
        assert!(counts(&mut fresh, NOON).leechers > 0, "who comes is in");
    }
    let info = fresh.store.info().unwrap();
    assert_eq!((info.peers, info.swarms), (10, 20));
    is_sound(&mut fresh);
    // What is not counted while there is no cap is counted again by the next sweep.
    let mut fresh = make(rules.clone(), Some(fresh));
    for number in 3000..3050 {
        announce(&mut fresh, alone(number), NOON + Seconds(300), ALL);
    }
    let mut fresh = make(PeerRules { caps, ..rules }, Some(fresh));
    fresh.store.expire(NOON, 1000).unwrap();
    is_sound(&mut fresh);
    for number in 4000..4010 {
        announce(&mut fresh, alone(number), NOON + Seconds(300), ALL);
    }
    let info = fresh.store.info().unwrap();
    assert_eq!((info.peers, info.swarms), (10, 20));
    is_sound(&mut fresh);
}
