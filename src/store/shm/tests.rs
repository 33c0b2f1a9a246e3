//! The conformance suite on files in memory, and what only concerns this backend.

use std::time::Instant;

use super::*;
use crate::protocol::{ClientKey, PeerId, Seconds};
use crate::store::conformance::{
    self, EXPIRY, Fresh, NOON, conforms, conforms_with_limits, conforms_with_rules, leecher,
    peer_id, peers, swarm, swarms, v4,
};
use crate::store::model::Model;
use crate::store::{Action, LOOP_PATIENCE, Role};

pub(super) fn options(home: &tempfile::TempDir) -> ShmOptions {
    ShmOptions { max_size: 64 << 20, ..ShmOptions::new(home.path().join("t.d/peers"), EXPIRY) }
}

/// A folder in memory, and a store in it that nobody has used.
pub(super) fn fresh_file(shards: u32) -> (tempfile::TempDir, ShmOptions) {
    let home = tempfile::tempdir_in("/dev/shm").unwrap();
    let options = options(&home);
    making::FEWER_SHARDS.set(Some(shards));
    drop(ShmStore::open(&options).unwrap());
    making::FEWER_SHARDS.set(None);
    (home, options)
}

fn fresh() -> Fresh {
    let (home, options) = fresh_file(2);
    Fresh::in_folder(ShmStore::open(&options).unwrap(), home)
}

conforms!(fresh);

fn with_limits() -> Fresh {
    let (home, options) = fresh_file(2);
    Fresh::in_folder(
        ShmStore::open(&ShmOptions { rules: conformance::limits(), ..options }).unwrap(),
        home,
    )
}

conforms_with_limits!(with_limits);

/// A store with these rules: a fresh one, or the one that is there.
fn with_rules(rules: PeerRules, there: Option<Fresh>) -> Fresh {
    let home = there.map_or_else(|| fresh_file(2).0, Fresh::into_folder);
    let store = ShmStore::open(&ShmOptions { rules, ..options(&home) }).unwrap();
    Fresh::in_folder(store, home)
}

conforms_with_rules!(with_rules);

const WANT: Want = Want { peers: 50, seeders: true, peer_ids: true };

pub(super) fn announce(
    store: &mut dyn PeerStore,
    what: PeerAnnounce,
    now: Timestamp,
) -> PeerSample {
    let mut sample = PeerSample::default();
    store.announce(&what, now, WANT, &mut sample).unwrap();
    sample
}

/// Many peers come, change and go, so that tables split into many leaves and join again.
#[test]
fn a_large_swarm_grows_and_shrinks_as_the_model_does() {
    let (_home, options) = fresh_file(1);
    let mut store = ShmStore::open(&options).unwrap();
    let id = store.generation().unwrap();
    let (mut model, mut random) = (Model::new(EXPIRY), Random::seeded(3));
    for round in 0..12_000_u64 {
        let number = u32::try_from(random.below(4000)).unwrap();
        let mut what = leecher(number);
        // More come in the first half, more go in the second.
        let leaves = random.below(10) < if round < 6000 { 1 } else { 8 };
        match random.below(4) {
            _ if leaves => what.action = Action::Leave,
            0 => (what.role, what.left) = (Role::Seeder, Some(0)),
            1 if number.is_multiple_of(5) => what.v4 = Some(v4(number, 0)),
            _ => {}
        }
        announce(&mut store, what, NOON);
        // The model's sample is of no interest, and slow.
        let none = Want { peers: 0, ..WANT };
        model.announce(&what, NOON, none, &mut PeerSample::default()).unwrap();
        if round % 1000 == 999 {
            assert_eq!(store.check().unwrap(), Vec::<String>::new());
            assert_eq!(swarms(&mut store, NOON), swarms(&mut model, NOON));
            assert_eq!(
                peers(&mut store, swarm(1), 100, NOON),
                peers(&mut model, swarm(1), 100, NOON)
            );
        }
    }
    store.remove_swarm(swarm(1)).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let info = store.info().unwrap();
    assert_eq!((info.swarms, info.peers), (0, 0));
    assert_eq!(store.generation().unwrap(), id, "it was recreated");
}

#[test]
fn many_swarms_are_found_again_and_forgotten_again() {
    let (_home, options) = fresh_file(2);
    let mut store = ShmStore::open(&options).unwrap();
    let id = store.generation().unwrap();
    let of = |number: u32| {
        let mut hash = [9; 20];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        InfoHash(hash)
    };
    let mut bytes = Vec::new();
    for cycle in 0..5 {
        let numbers = cycle * 2000..(cycle + 1) * 2000;
        for number in numbers.clone() {
            announce(&mut store, PeerAnnounce { info_hash: of(number), ..leecher(number) }, NOON);
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(swarms(&mut store, NOON).len(), 2000);
        bytes.push(store.info().unwrap().bytes);
        for number in numbers {
            assert_eq!(store.counts(&[of(number)], NOON).unwrap()[0].leechers, 1);
            store.remove_swarm(of(number)).unwrap();
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(swarms(&mut store, NOON).len(), 0);
    }
    // Each shard keeps the most it ever needed, and swarms fall into them by chance: some growth is
    // right, but far from five times the room.
    assert!(bytes[4] <= bytes[0] * 3 / 2, "the room was not used again: {bytes:?}");
    assert_eq!(store.generation().unwrap(), id, "it was recreated");
}

mod where_caps_are_set {
    use super::*;

    fn capped(address_peers: Option<u32>) -> (tempfile::TempDir, ShmStore) {
        let (home, options) = fresh_file(2);
        let rules = PeerRules { address_peers, ..options.rules };
        let store = ShmStore::open(&ShmOptions { rules, ..options }).unwrap();
        (home, store)
    }

    fn present(store: &mut ShmStore, now: Timestamp) -> Vec<PeerId> {
        peers(store, swarm(1), 1000, now).into_keys().collect()
    }

    #[test]
    fn the_oldest_at_an_address_go_first() {
        let (_home, mut store) = capped(Some(3));
        let at = |number: u32, host| PeerAnnounce {
            v4: Some(v4(host, 1 + u16::try_from(number).unwrap())),
            key: ClientKey::of(&number.to_be_bytes()),
            ..leecher(number)
        };
        for number in 0..5 {
            announce(&mut store, at(number, 1), NOON + Seconds(number));
            announce(&mut store, at(100 + number, 2 + number), NOON);
        }
        let mut expected: Vec<PeerId> = (2..5).chain(100..105).map(peer_id).collect();
        expected.sort_unstable();
        assert_eq!(present(&mut store, NOON), expected);
        announce(&mut store, PeerAnnounce { action: Action::Leave, ..at(3, 1) }, NOON);
        announce(&mut store, at(7, 1), NOON + Seconds(9));
        assert_eq!(present(&mut store, NOON).len(), 8, "one had left");
        // A peer that moves there counts there.
        announce(&mut store, at(100, 1), NOON + Seconds(10));
        assert_eq!(present(&mut store, NOON).len(), 7);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_cap_that_is_lifted_leaves_no_trace() {
        let (_home, options) = fresh_file(1);
        let rules = PeerRules { address_peers: Some(2), ..options.rules.clone() };
        let mut store = ShmStore::open(&ShmOptions { rules, ..options.clone() }).unwrap();
        let at = |number: u32| PeerAnnounce {
            v4: Some(v4(1, 1 + u16::try_from(number).unwrap())),
            ..leecher(number)
        };
        announce(&mut store, at(1), NOON);
        announce(&mut store, at(2), NOON);
        let mut store = ShmStore::open(&options).unwrap();
        (0..20).for_each(|number| drop(announce(&mut store, at(number), NOON)));
        assert_eq!(present(&mut store, NOON).len(), 20);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_shard_that_is_held_costs_an_event_loop_moments_and_other_shards_nothing() {
    let (_home, options) = fresh_file(2);
    let mut store = ShmStore::open(&options).unwrap();
    store.set_patience(LOOP_PATIENCE);
    let shard_of = |store: &ShmStore, number| {
        let geometry = store.file.as_ref().unwrap().geometry;
        hash::shard_of(geometry, hash::of_swarm(geometry, swarm(number)))
    };
    let held = shard_of(&store, 1);
    let elsewhere = (2..).find(|&number| shard_of(&store, number) != held).unwrap();
    let (is_held, wait_until_held) = std::sync::mpsc::channel();
    let (let_go, wait_to_let_go) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let store = ShmStore::open(&options).unwrap();
        let _shard = store.file.as_ref().unwrap().shard(held).unwrap();
        is_held.send(()).unwrap();
        let _ = wait_to_let_go.recv();
    });
    wait_until_held.recv().unwrap();
    let mut announce = |info_hash| {
        let announce = PeerAnnounce { info_hash, ..leecher(1) };
        let want = Want { peers: 0, seeders: true, peer_ids: false };
        store.announce(&announce, NOON, want, &mut PeerSample::default())
    };
    let started = Instant::now();
    for _ in 0..100 {
        let refused = announce(swarm(1)).unwrap_err();
        assert!(matches!(refused, StoreError::WouldWait { .. }), "{refused:?}");
        assert_eq!(announce(swarm(elsewhere)).unwrap().counts.leechers, 1);
    }
    let waited = started.elapsed();
    eprintln!("100 tries took {waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    let_go.send(()).unwrap();
    holder.join().unwrap();
    assert_eq!(announce(swarm(1)).unwrap().counts.leechers, 1, "nothing of it was in before");
}
