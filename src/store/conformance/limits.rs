//! How many announces of one network count.

use super::{
    ALL, EXEMPT, EXPIRY, Fresh, MakeWith, NOON, announce, counts, fill, leecher, peer_id, peers,
    swarm, swarms, v4, v6,
};
use crate::platform::network::Network;
use crate::protocol::Seconds;
use crate::store::{
    Action, Allowance, AnnounceLimit, PeerAnnounce, PeerRules, Purpose, Role, Want, walk,
};

const AT_ONCE: u32 = 20;

fn rules() -> PeerRules {
    let allowance = Allowance::a_minute(6, AT_ONCE);
    let exempt: Network = [EXEMPT.parse().unwrap()].into_iter().collect();
    let exempt = exempt.into();
    PeerRules { announces: Some(AnnounceLimit { allowance, exempt }), ..PeerRules::new(EXPIRY) }
}

/// As much of a store as announces change.
fn state(fresh: &mut Fresh) -> impl PartialEq + std::fmt::Debug + use<> {
    let all = swarms(fresh.store.as_mut(), NOON);
    let peers: Vec<_> =
        all.keys().map(|&hash| peers(fresh.store.as_mut(), hash, 100, NOON)).collect();
    let info = fresh.store.info().unwrap();
    (all, peers, info.anomalies, info.swarms)
}

pub(in crate::store) fn what_comes_too_early_is_answered_and_not_counted(make: MakeWith) {
    let mut fresh = make(rules(), None);
    fill(&mut fresh, 15, 5);
    let before = state(&mut fresh);
    let unknown = leecher(30);
    let known =
        PeerAnnounce { role: Role::Seeder, left: Some(0), action: Action::Complete, ..leecher(3) };
    let of_another_swarm = PeerAnnounce { info_hash: swarm(9), ..unknown };
    let moved = PeerAnnounce { v4: Some(v4(99, 7)), v6: Some(v6(1, 1)), ..unknown };
    let huge = PeerAnnounce { uploaded: u64::MAX, ..known };
    for early in [unknown, known, moved, huge] {
        let sample = announce(&mut fresh, early, NOON, ALL);
        let own = early.v4.unwrap();
        assert!(!sample.v4.addresses.contains(&own), "it is not told of itself");
        let others = if early.peer_id == peer_id(3) { 19 } else { 20 };
        assert_eq!(sample.v4.addresses.len(), others, "{early:?}");
        assert_eq!(state(&mut fresh), before, "{early:?}");
    }
    let at_another_port = PeerAnnounce { v4: Some(v4(3, 7)), ..known };
    let sample = announce(&mut fresh, at_another_port, NOON, Want { peer_ids: false, ..ALL });
    assert_eq!(sample.v4.addresses.len(), 19);
    assert!(!sample.v4.addresses.contains(&v4(3, 6881)), "nor of where it was before");
    assert_eq!(announce(&mut fresh, of_another_swarm, NOON, ALL).v4.addresses, []);
    assert_eq!(state(&mut fresh), before);
    let mut sample = Default::default();
    let announced = fresh.store.announce(&known, NOON, ALL, &mut sample).unwrap();
    assert_eq!(announced.counts, counts(&mut fresh, NOON));
    assert_eq!(announced.generation, fresh.store.generation().unwrap());
    let later = NOON + Seconds(10);
    announce(&mut fresh, known, later, ALL);
    assert_eq!(counts(&mut fresh, later).seeders, 6, "one token has come in");
    announce(&mut fresh, unknown, later, ALL);
    assert_eq!(counts(&mut fresh, later).leechers, 14);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn who_leaves_or_is_exempt_always_counts(make: MakeWith) {
    let mut fresh = make(rules(), None);
    fill(&mut fresh, AT_ONCE + 5, 0);
    assert_eq!(counts(&mut fresh, NOON).leechers, AT_ONCE);
    for number in 0..3 {
        let leaves = PeerAnnounce { action: Action::Leave, ..leecher(number) };
        announce(&mut fresh, leaves, NOON, ALL);
    }
    assert_eq!(counts(&mut fresh, NOON).leechers, AT_ONCE - 3);
    let elsewhere = |number: u32, seen: &str| {
        let seen = Some(seen.parse().unwrap());
        PeerAnnounce { v4: None, v6: Some(v6(number, 6881)), seen, ..leecher(100 + number) }
    };
    for number in 0..AT_ONCE + 10 {
        announce(&mut fresh, elsewhere(number, "2001:0:0:e::1"), NOON, ALL);
    }
    assert_eq!(counts(&mut fresh, NOON).leechers, 2 * AT_ONCE - 3 + 10, "exempt");
    for number in 100..100 + AT_ONCE + 10 {
        announce(&mut fresh, elsewhere(number, "2001:0:0:f::1"), NOON, ALL);
    }
    assert_eq!(counts(&mut fresh, NOON).leechers, 3 * AT_ONCE - 3 + 10, "the same /56, beside");
}

pub(in crate::store) fn all_who_open_a_store_share_its_buckets(make: MakeWith) {
    let mut fresh = make(rules(), None);
    let once = Allowance::once_in(Seconds(60));
    let ask = |fresh: &mut Fresh, address: &str, seconds| {
        let (address, now) = (address.parse().unwrap(), NOON + Seconds(seconds));
        fresh.store.take_token(Purpose::FullScrape, address, once, now).unwrap()
    };
    assert_eq!(ask(&mut fresh, "192.0.2.1", 0), None);
    assert_eq!(ask(&mut fresh, "192.0.2.2", 0), None);
    assert_eq!(ask(&mut fresh, "2001:db8::1", 0), None);
    let mut fresh = make(rules(), Some(fresh));
    assert_eq!(ask(&mut fresh, "192.0.2.1", 1), Some(Seconds(59)));
    assert_eq!(ask(&mut fresh, "2001:db8::2", 20), Some(Seconds(40)));
    assert_eq!(ask(&mut fresh, "192.0.2.1", 60), None);
    fill(&mut fresh, AT_ONCE, 0);
    let mut fresh = make(rules(), Some(fresh));
    announce(&mut fresh, leecher(200), NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, AT_ONCE);
    let all = walk(|from| fresh.store.visit_peers(swarm(1), from, 100, NOON)).unwrap();
    assert!(all.iter().all(|peer| peer.peer_id != peer_id(200)));
}
