//! Each state that a death can leave: a thread dies at the first write of a change, at the second, and
//! so on, with the lock in its hands, and what the next one finds is either as before or as after.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::tests::fresh_file;
use super::*;
use crate::protocol::{ClientKey, CompactV4, CompactV6, Seconds};
use crate::store::conformance::{EXPIRY, NOON, all_peers, leecher, peers, swarm, swarms};
use crate::store::model::Model;
use crate::store::{Action, Caps, Role};

const WANT: Want = Want { peers: 20, seeders: true, peer_ids: true };

/// Something that changes a store.
#[derive(Clone, Copy, Debug)]
enum Change {
    Announce(PeerAnnounce),
    Remove(InfoHash),
    Expire,
}

fn make(change: Change, store: &mut dyn StoreMaintenance, now: Timestamp) {
    match change {
        Change::Announce(announce) => {
            store.announce(&announce, now, WANT, &mut PeerSample::default()).unwrap();
        }
        Change::Remove(info_hash) => store.remove_swarm(info_hash).unwrap(),
        Change::Expire => {
            store.expire(now, usize::MAX).unwrap();
        }
    }
}

/// Runs a change in a thread that dies at its write number `step`; says whether it lived.
fn lives(change: Change, options: &ShmOptions, now: Timestamp, step: u64) -> bool {
    let thread = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut store = ShmStore::open(options).unwrap();
            dying::thread_after(step);
            let outcome = catch_unwind(AssertUnwindSafe(|| make(change, &mut store, now)));
            match outcome {
                Ok(()) => true,
                Err(reason) if reason.is::<dying::Died>() => {
                    // Its mapping stays, as nothing of it is given back by the dead.
                    std::mem::forget(store);
                    false
                }
                Err(reason) => std::panic::resume_unwind(reason),
            }
        });
        thread.join()
    });
    thread.unwrap()
}

/// Whether a store holds what another one does.
fn same(store: &mut dyn StoreMaintenance, other: &mut Model, now: Timestamp) -> bool {
    let live = |store: &mut dyn StoreMaintenance| -> Vec<SwarmSummary> {
        let all = swarms(store, now).into_values();
        all.map(|summary| SwarmSummary {
            expired: 0,
            departed_uploaded: 0,
            departed_downloaded: 0,
            ..summary
        })
        .collect()
    };
    live(store) == live(other)
        && (0..4).all(|number| {
            all_peers(store, swarm(number), 1000, now) == all_peers(other, swarm(number), 1000, now)
        })
}

/// Has a change happen with a death at each of its writes. Returns how many deaths it took.
fn die_all_through(change: Change, options: &ShmOptions, model: &mut Model, now: Timestamp) -> u64 {
    let mut before = model.clone();
    make(change, model, now);
    let mut store = ShmStore::open(options).unwrap();
    for step in 0.. {
        let lived = lives(change, options, now, step);
        let problems = store.check().unwrap();
        assert_eq!(problems, Vec::<String>::new(), "after write {step} of {change:?}");
        let is_done = same(&mut store, model, now);
        if lived {
            assert!(is_done, "{change:?} was answered and is not there");
            return step;
        }
        // A swarm is removed in small parts, so that others need not wait.
        let is_whole = is_done || same(&mut store, &mut before, now);
        assert!(is_whole || matches!(change, Change::Remove(_)), "half of {change:?} at {step}");
    }
    unreachable!()
}

fn v6(number: u32) -> CompactV6 {
    let mut bytes = [0; 18];
    (bytes[0], bytes[17]) = (0x20, 9);
    bytes[4..8].copy_from_slice(&number.to_be_bytes());
    CompactV6(bytes)
}

/// Changes that make tables grow, split, join and vanish.
fn changes(random: &mut Random, crowd: u32) -> Change {
    let number = u32::try_from(random.below(crowd.into())).unwrap();
    let of = |below: u64, random: &mut Random| u8::try_from(random.below(below)).unwrap();
    let mut announce = PeerAnnounce {
        info_hash: swarm(u8::from(of(9, random) == 0)),
        key: ClientKey::of(&[of(200, random)]),
        ..leecher(number)
    };
    match of(20, random) {
        0..2 => announce.action = Action::Leave,
        2..6 => (announce.role, announce.left) = (Role::Seeder, Some(0)),
        6 => announce.role = Role::PartialSeed,
        7 => announce.v4 = None,
        8 => (announce.v4, announce.v6) = (None, Some(v6(number))),
        9 => announce.info_hash = swarm(2 + of(2, random)),
        10 => return Change::Remove(swarm(1 + of(3, random))),
        _ => {}
    }
    Change::Announce(announce)
}

#[test]
fn a_death_at_any_write_leaves_the_state_before_or_after() {
    let (home, options) = fresh_file(1);
    let (mut model, mut random) = (Model::new(EXPIRY), Random::seeded(7));
    let mut deaths = 0;
    let mut now = NOON;
    for round in 0..120 {
        let change = changes(&mut random, 90);
        deaths += die_all_through(change, &options, &mut model, now);
        if round % 40 == 39 {
            now = now + Seconds(EXPIRY.0 - 100);
            deaths += die_all_through(Change::Expire, &options, &mut model, now);
        }
        now = now + Seconds(5);
    }
    assert!(deaths > 2000, "only {deaths} deaths");
    drop(home);
}

#[test]
fn a_death_while_peers_make_way_for_others_breaks_nothing() {
    let (home, options) = fresh_file(1);
    let caps = Caps { swarm_peers: Some(40), ..Caps::default() };
    let rules = PeerRules { address_peers: Some(3), caps, ..options.rules.clone() };
    let capped = ShmOptions { rules, ..options.clone() };
    let mut random = Random::seeded(11);
    let mut deaths = 0;
    let mut store = ShmStore::open(&options).unwrap();
    for round in 0..90 {
        let number = u32::try_from(random.below(400)).unwrap();
        let host = u32::try_from(random.below(20)).unwrap();
        // Some endpoints are taken from others, and some addresses have too many peers.
        let port = 6881 + u16::try_from(random.below(8)).unwrap();
        let v4 = Some(crate::store::conformance::v4(host, port));
        let key = ClientKey::of(&number.to_be_bytes());
        let announce = PeerAnnounce { v4, key, ..leecher(number) };
        let change = Change::Announce(announce);
        for step in 0.. {
            let lived = lives(change, &capped, NOON + Seconds(round), step);
            assert_eq!(store.check().unwrap(), Vec::<String>::new(), "write {step} of {change:?}");
            if lived {
                break;
            }
            deaths += 1;
        }
        let present = peers(&mut store, swarm(1), 1000, NOON);
        assert!(present.len() <= 40, "{}", present.len());
        assert_eq!(present[&announce.peer_id].v4, v4);
        let ip = v4.map(CompactV4::ip);
        let at_once = present.values().filter(|peer| peer.v4.map(CompactV4::ip) == ip).count();
        assert!(at_once <= 3, "{at_once} peers at one address");
        assert_eq!(present.values().filter(|peer| peer.v4 == v4).count(), 1, "one endpoint");
    }
    assert!(deaths > 1000, "only {deaths} deaths");
    drop(home);
}

#[test]
fn a_death_while_a_wrong_clock_is_corrected_breaks_nothing() {
    let (_home, options) = fresh_file(1);
    let ahead = NOON + Seconds(1_000_000);
    let mut store = ShmStore::open(&options).unwrap();
    for number in 0..60 {
        let v6 = (number % 3 == 0).then_some(CompactV6([7; 18]));
        make(Change::Announce(PeerAnnounce { v6, ..leecher(number) }), &mut store, ahead);
    }
    let deaths = (0..).take_while(|&step| {
        let lived = lives(Change::Expire, &options, NOON, step);
        assert_eq!(store.check().unwrap(), Vec::<String>::new(), "write {step}");
        !lived
    });
    let deaths = deaths.count();
    assert!(deaths > 15, "only {deaths} deaths");
    let present = peers(&mut store, swarm(1), 1000, NOON);
    assert_eq!(present.len(), 60);
    assert!(present.values().all(|peer| peer.last_seen == NOON && peer.first_seen == NOON));
}

/// The log is undone once more by a process that dies while undoing it.
#[test]
fn a_death_while_another_one_is_undone_breaks_nothing() {
    let (_home, options) = fresh_file(1);
    let mut model = Model::new(EXPIRY);
    let mut random = Random::seeded(13);
    for _ in 0..60 {
        let change = changes(&mut random, 60);
        if matches!(change, Change::Announce(_)) {
            make(change, &mut ShmStore::open(&options).unwrap(), NOON);
            make(change, &mut model, NOON);
        }
    }
    let newcomer = Change::Announce(leecher(777));
    let mut undone = 0;
    for first in 0.. {
        if lives(newcomer, &options, NOON, first) {
            break;
        }
        for second in (0..30).step_by(3) {
            lives(
                Change::Announce(PeerAnnounce { action: Action::Leave, ..leecher(999) }),
                &options,
                NOON,
                second,
            );
        }
        let mut store = ShmStore::open(&options).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        let mut after = model.clone();
        make(newcomer, &mut after, NOON);
        let is_before = same(&mut store, &mut model, NOON);
        assert!(is_before || same(&mut store, &mut after, NOON));
        undone += u32::from(is_before);
        if !is_before {
            break;
        }
    }
    assert!(undone > 5, "only {undone} deaths were undone");
}
