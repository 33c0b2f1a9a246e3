//! Generated sequences of everything that can happen to a store, against the model: equal counts,
//! equal sets, lawful samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use proptest::prelude::*;

use super::{EXPIRY, Fresh, Make, MakeWith, NOON, all_peers, peer_id, swarm, swarms, v4, v6};
use crate::platform::network::Network;
use crate::protocol::{ClientKey, InfoHash, PeerId, Seconds, Timestamp};
use crate::store::StoreMaintenance;
use crate::store::model::Model;
use crate::store::{
    Action, Allowance, AnnounceLimit, FamilySample, PeerAnnounce, PeerRules, PeerSample, PeerStore,
    PeerSummary, Role, SwarmSummary, Under, Want,
};

/// Holds a sample against the peers that may be in it.
fn check_sample(sample: &PeerSample, want: Want, eligible: &[PeerSummary]) {
    let limit = usize::try_from(want.peers).unwrap();
    let (v4, v6) = (family(eligible, |peer| peer.v4), family(eligible, |peer| peer.v6));
    check_family(&sample.v4, want, &v4);
    check_family(&sample.v6, want, &v6);
    let shared = |family: &[bool]| family.iter().any(|&is_shared| is_shared);
    let shares = [
        v4.values().map(|ids| ids.len() > 1).collect::<Vec<_>>(),
        v6.values().map(|ids| ids.len() > 1).collect(),
    ];
    let told = eligible.iter().filter(|peer| {
        let by_v4 = peer.v4.map(|v4| sample.v4.addresses.contains(&v4));
        let by_v6 = peer.v6.map(|v6| sample.v6.addresses.contains(&v6));
        if shares.iter().all(|family| !shared(family)) {
            assert!(
                by_v4.is_none() || by_v6.is_none() || by_v4 == by_v6,
                "{peer:?} is told of in part"
            );
        }
        by_v4 == Some(true) || by_v6 == Some(true)
    });
    let told = told.count();
    if shares.iter().any(|family| shared(family)) {
        // Stated endpoints of several: who is told of depends on whom chance took first.
        assert!(told >= limit.min(1).min(eligible.len()), "nobody is told of");
    } else {
        assert_eq!(told, limit.min(eligible.len()));
    }
}

/// The endpoints of one family and the peer ids that each has.
fn family<A: Ord>(
    peers: &[PeerSummary],
    of: impl Fn(&PeerSummary) -> Option<A>,
) -> BTreeMap<A, Vec<PeerId>> {
    let mut all: BTreeMap<A, Vec<PeerId>> = BTreeMap::new();
    for peer in peers {
        if let Some(address) = of(peer) {
            all.entry(address).or_default().push(peer.peer_id);
        }
    }
    all
}

fn check_family<A: Ord + Debug>(
    sample: &FamilySample<A>,
    want: Want,
    eligible: &BTreeMap<A, Vec<PeerId>>,
) {
    let distinct: BTreeSet<&A> = sample.addresses.iter().collect();
    assert_eq!(distinct.len(), sample.addresses.len(), "an endpoint was handed out twice");
    assert!(sample.addresses.len() <= usize::try_from(want.peers).unwrap());
    assert!(distinct.iter().all(|address| eligible.contains_key(*address)), "{sample:?}");
    let ids = if want.peer_ids { sample.addresses.len() } else { 0 };
    assert_eq!(sample.peer_ids.len(), ids);
    for (address, peer_id) in sample.addresses.iter().zip(&sample.peer_ids) {
        assert!(eligible[address].contains(peer_id), "{address:?} is not of {peer_id}");
    }
}

/// Something that happens to a store.
#[derive(Clone, Debug)]
enum Step {
    Announce(PeerAnnounce, Want),
    Forward(u32),
    Back(u32),
    Expire(usize),
    Remove(InfoHash),
}

prop_compose! {
    fn any_address()(host in 0..3_u32, port in prop::sample::select(vec![0, 1, 6881, 6881])) -> (u32, u16) {
        (host, port)
    }
}

prop_compose! {
    fn any_announce()(
        at in (0..3_u8, 0..8_u32),
        first in prop::option::weighted(0.7, any_address()),
        second in prop::option::weighted(0.4, any_address()),
        key in prop::option::of(0..2_u8),
        left in prop::option::of(prop::sample::select(vec![0, 1, 1 << 40, 1 << 50])),
        moved in (0..=1_u64 << 50, prop::sample::select(vec![0, 5, 1 << 50])),
        role in prop::sample::select(vec![Role::Leecher, Role::PartialSeed, Role::Seeder]),
        action in prop::sample::select(
            vec![Action::Stay, Action::Stay, Action::Stay, Action::Complete, Action::Leave]
        ),
        want in (0..9_u32, any::<bool>(), any::<bool>()),
        rare in (
            prop::option::weighted(0.1, 0..3_u32),
            prop::sample::select(vec![Under::First, Under::First, Under::Second]),
        ),
    ) -> Step {
        let seen = rare.0.map(|host| v4(host, 0).ip().into());
        let announce = PeerAnnounce {
            info_hash: swarm(at.0),
            under: rare.1,
            peer_id: peer_id(at.1),
            v4: first.map(|(host, port)| v4(host, port)),
            v6: second.map(|(host, port)| v6(host, port)),
            seen,
            key: key.map(|key| ClientKey::from_bits(key.into())),
            size: None,
            left,
            uploaded: moved.0,
            downloaded: moved.1,
            role,
            action,
        };
        Step::Announce(announce, Want { peers: want.0, seeders: want.1, peer_ids: want.2 })
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        16 => any_announce(),
        2 => (0..2800_u32).prop_map(Step::Forward),
        1 => (0..4000_u32).prop_map(Step::Back),
        1 => (0..5_usize).prop_map(Step::Expire),
        1 => (0..3_u8).prop_map(|number| Step::Remove(swarm(number))),
    ]
}

pub(in crate::store) fn does_what_the_model_does(make: Make) {
    compare_all_steps(make, &Model::new(EXPIRY));
}

/// Most announces of these tests come from two networks.
pub(in crate::store) fn counts_as_many_announces_as_the_model_does(make: MakeWith) {
    let exempt: Network = [v4(2, 0).ip().to_string().parse().unwrap()].into_iter().collect();
    let limit = AnnounceLimit { allowance: Allowance::a_minute(1, 6), exempt: exempt.into() };
    let rules = PeerRules { announces: Some(limit.clone()), ..PeerRules::new(EXPIRY) };
    compare_all_steps(|| make(rules.clone(), None), &Model::limited(EXPIRY, limit));
}

fn compare_all_steps(make: impl Fn() -> Fresh, model: &Model) {
    let config =
        ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(any_step(), 1..80))| {
        let (mut fresh, mut model, mut now) = (make(), model.clone(), NOON);
        let mut latest = None;
        for step in &steps {
            let before = now;
            now = take(step, fresh.store.as_mut(), &mut model, now);
            if now < before {
                latest = latest.max(Some(before));
            }
            compare(fresh.store.as_mut(), &mut model, now, latest);
        }
        // Totals of the silent are only known once they are swept.
        fresh.store.expire(now, usize::MAX).unwrap();
        let (found, mut expected) = (swarms(fresh.store.as_mut(), now), swarms(&mut model, now));
        for (info_hash, summary) in &mut expected {
            summary.last_announce = checked_last(&found[info_hash], summary, latest);
        }
        prop_assert_eq!(found, expected);
        prop_assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
    });
}

fn take(
    step: &Step,
    store: &mut dyn StoreMaintenance,
    model: &mut Model,
    now: Timestamp,
) -> Timestamp {
    match *step {
        Step::Announce(announce, want) => {
            let mut sample = PeerSample::default();
            let announced = store.announce(&announce, now, want, &mut sample).unwrap().counts;
            let expected = model.announce(&announce, now, want, &mut PeerSample::default());
            let expected = expected.map(|announced| announced.counts);
            assert_eq!(announced, expected.unwrap(), "{announce:?}");
            if announce.action == Action::Leave {
                assert_eq!(sample, PeerSample::default());
            } else {
                check_sample(&sample, want, &model.eligible(&announce, want.seeders, now));
            }
        }
        Step::Forward(seconds) => return now + Seconds(seconds),
        Step::Back(seconds) => {
            // The model has swept them all already, and they must not come back in one of both.
            assert!(store.expire(now, usize::MAX).is_ok() && model.expire(now, usize::MAX).is_ok());
            let now = now.before(Seconds(seconds));
            assert!(store.expire(now, usize::MAX).is_ok() && model.expire(now, usize::MAX).is_ok());
            return now;
        }
        Step::Expire(budget) => assert!(store.expire(now, budget).unwrap() <= budget),
        Step::Remove(info_hash) => {
            store.remove_swarm(info_hash).unwrap();
            model.remove_swarm(info_hash).unwrap();
        }
    }
    now
}

/// When a peer last announced: exactly, unless the clock has shown a later time before.
fn checked_last(
    found: &SwarmSummary,
    expected: &SwarmSummary,
    latest: Option<Timestamp>,
) -> Timestamp {
    let (last, least) = (found.last_announce, expected.last_announce);
    let most = latest.map_or(least, |latest| latest.max(least));
    assert!(least <= last && last <= most, "{found:?}, {expected:?}");
    last
}

fn compare(
    store: &mut dyn PeerStore,
    model: &mut Model,
    now: Timestamp,
    latest: Option<Timestamp>,
) {
    let all: Vec<InfoHash> = (0..4).map(swarm).collect();
    assert_eq!(store.counts(&all, now).unwrap(), model.counts(&all, now).unwrap());
    for &info_hash in &all {
        assert_eq!(all_peers(store, info_hash, 3, now), all_peers(model, info_hash, 3, now));
    }
    let (found, expected) = (swarms(store, now), swarms(model, now));
    assert!(found.keys().eq(expected.keys()));
    for (found, expected) in found.values().zip(expected.values()) {
        assert_eq!((found.counts, found.left), (expected.counts, expected.left));
        assert_eq!(found.live_uploaded, expected.live_uploaded);
        assert_eq!(found.live_downloaded, expected.live_downloaded);
        checked_last(found, expected, latest);
    }
}
