//! Generated sequences of everything that can happen to a store, against the model: equal counts,
//! equal sets, lawful samples.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{EXPIRY, Make, NOON, ids, peer_id, peers, swarm, swarms, v4, v6};
use crate::protocol::{ClientKey, CompactV4, CompactV6, InfoHash, PeerId, Seconds, Timestamp};
use crate::store::model::Model;
use crate::store::{
    Action, Announced, PeerAnnounce, PeerSample, PeerStore, PeerSummary, Role, SwarmSummary, Want,
};

/// Holds a sample against the peers that may be in it.
fn check_sample(sample: &PeerSample, want: Want, eligible: &[PeerSummary]) {
    let limit = usize::try_from(want.peers).unwrap();
    let mut v4: BTreeMap<CompactV4, usize> = BTreeMap::new();
    let mut v6: BTreeMap<CompactV6, usize> = BTreeMap::new();
    eligible
        .iter()
        .flat_map(|peer| peer.v4)
        .for_each(|address| *v4.entry(address).or_default() += 1);
    eligible
        .iter()
        .flat_map(|peer| peer.v6)
        .for_each(|address| *v6.entry(address).or_default() += 1);
    for address in &sample.v4.addresses {
        let left = v4.get_mut(address).expect("an address that may not be handed out");
        *left = left.checked_sub(1).expect("an address was handed out twice");
    }
    for address in &sample.v6.addresses {
        let left = v6.get_mut(address).expect("an address that may not be handed out");
        *left = left.checked_sub(1).expect("an address was handed out twice");
    }
    assert!(sample.v4.addresses.len() <= limit && sample.v6.addresses.len() <= limit);
    if !want.peer_ids {
        assert!(sample.v4.peer_ids.is_empty() && sample.v6.peer_ids.is_empty());
        return;
    }
    let handed_out = ids(sample);
    assert_eq!(handed_out.len(), limit.min(eligible.len()));
    let chosen = eligible.iter().filter(|peer| handed_out.contains(&peer.peer_id));
    let of_v4 = sample.v4.peer_ids.iter().copied().zip(sample.v4.addresses.iter().copied());
    let of_v6 = sample.v6.peer_ids.iter().copied().zip(sample.v6.addresses.iter().copied());
    assert_eq!(sample.v4.peer_ids.len(), sample.v4.addresses.len());
    assert_eq!(sample.v6.peer_ids.len(), sample.v6.addresses.len());
    let (v4, v6): (Vec<_>, Vec<_>) =
        chosen.map(|peer| ((peer.peer_id, peer.v4), (peer.peer_id, peer.v6))).unzip();
    let known = |list: Vec<(PeerId, Option<CompactV4>)>| -> BTreeSet<_> {
        list.into_iter().filter_map(|(id, address)| Some((id, address?))).collect()
    };
    assert_eq!(of_v4.collect::<BTreeSet<_>>(), known(v4));
    let known = |list: Vec<(PeerId, Option<CompactV6>)>| -> BTreeSet<_> {
        list.into_iter().filter_map(|(id, address)| Some((id, address?))).collect()
    };
    assert_eq!(of_v6.collect::<BTreeSet<_>>(), known(v6));
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
    ) -> Step {
        let announce = PeerAnnounce {
            info_hash: swarm(at.0),
            peer_id: peer_id(at.1),
            v4: first.map(|(host, port)| v4(host, port)),
            v6: second.map(|(host, port)| v6(host, port)),
            key: key.and_then(|key| ClientKey::of(&[key])),
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
    let config =
        ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(any_step(), 1..80))| {
        let (mut fresh, mut model, mut now) = (make(), Model::new(EXPIRY), NOON);
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

fn take(step: &Step, store: &mut dyn PeerStore, model: &mut Model, now: Timestamp) -> Timestamp {
    match *step {
        Step::Announce(announce, want) => {
            let mut sample = PeerSample::default();
            let announced = store.announce(&announce, now, want, &mut sample).unwrap();
            let expected = model.announce(&announce, now, want, &mut PeerSample::default());
            assert_eq!(announced, expected.unwrap(), "{announce:?}");
            if announced == Announced::TakenPeerId || announce.action == Action::Leave {
                assert_eq!(sample, PeerSample::default());
            } else {
                let (info_hash, asker) = (announce.info_hash, announce.peer_id);
                check_sample(&sample, want, &model.eligible(info_hash, asker, want.seeders, now));
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
        assert_eq!(peers(store, info_hash, 3, now), peers(model, info_hash, 3, now));
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
