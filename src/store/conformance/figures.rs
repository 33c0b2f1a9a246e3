//! What counts as a download, and what peers have moved.

use super::*;

pub(in crate::store) fn completed_downloads_are_counted_once(make: Make) {
    let mut fresh = make();
    let mut completed = |what: PeerAnnounce| {
        announce(&mut fresh, what, NOON, ALL);
        counts(&mut fresh, NOON).completed
    };
    let says_so = |number| PeerAnnounce { action: Action::Complete, ..seeder(number) };
    assert_eq!(completed(seeder(1)), 0, "it was a seeder when it came");
    assert_eq!(completed(says_so(1)), 0, "it was one before");
    assert_eq!(completed(leecher(2)), 0);
    assert_eq!(completed(seeder(2)), 1, "a leecher became a seeder");
    assert_eq!(completed(says_so(2)), 1, "it is the same download");
    for stranger in 50..80 {
        assert_eq!(completed(says_so(stranger)), 1, "nobody has seen it lacking anything");
    }
    assert_eq!(completed(PeerAnnounce { left: None, ..leecher(4) }), 1);
    assert_eq!(completed(seeder(4)), 1, "its left was not known: perhaps it had all");
    assert_eq!(completed(PeerAnnounce { left: None, ..leecher(5) }), 1);
    assert_eq!(completed(says_so(5)), 2, "unless it says so");
    assert_eq!(completed(PeerAnnounce { role: Role::PartialSeed, ..leecher(6) }), 2);
    assert_eq!(
        completed(PeerAnnounce { action: Action::Complete, ..leecher(6) }),
        2,
        "it lacks data"
    );
    assert_eq!(completed(says_so(6)), 3);
    assert_eq!(completed(leecher(2)), 3, "it lacks something again");
    assert_eq!(completed(says_so(2)), 3, "and has it again: counted once");
    assert_eq!(completed(PeerAnnounce { downloaded: 1020, ..leecher(1) }), 3);
    assert_eq!(completed(seeder(1)), 3, "it checked its files and has received nothing");
    assert_eq!(completed(leecher(1)), 3);
    assert_eq!(completed(seeder(1)), 4, "what it had when it came was not counted");
}

pub(in crate::store) fn a_download_that_ends_while_its_peer_leaves_is_counted(make: Make) {
    let mut fresh = make();
    let leaves = |number| PeerAnnounce { action: Action::Leave, ..seeder(number) };
    let mut completed = |what: PeerAnnounce| {
        announce(&mut fresh, what, NOON, ALL);
        counts(&mut fresh, NOON).completed
    };
    assert_eq!(completed(leaves(1)), 0, "nobody knows it");
    assert_eq!(completed(leecher(1)), 0);
    assert_eq!(completed(PeerAnnounce { downloaded: 20, ..leaves(1) }), 0, "nothing was received");
    assert_eq!(completed(leecher(1)), 0);
    assert_eq!(completed(PeerAnnounce { left: Some(1), role: Role::Leecher, ..leaves(1) }), 0);
    assert_eq!(completed(leecher(1)), 0);
    assert_eq!(completed(leaves(1)), 1);
    assert_eq!(completed(leaves(1)), 1, "it has left");
    assert_eq!(completed(leecher(2)), 1);
    assert_eq!(completed(seeder(2)), 2);
    assert_eq!(completed(leaves(2)), 2, "it was counted before");
    assert_eq!(completed(PeerAnnounce { left: Some(1), downloaded: 0, ..leecher(3) }), 2);
    assert_eq!(completed(leaves(3)), 2, "it has fetched the metadata only");
}

pub(in crate::store) fn a_peer_moves_no_more_than_its_line_does(make: Make) {
    let mut fresh = make();
    let huge = PeerAnnounce { uploaded: u64::MAX, downloaded: 1 << 60, ..leecher(1) };
    let moved = |fresh: &mut Fresh, now| {
        let summary = swarms(fresh.store.as_mut(), now)[&swarm(1)];
        let live = (summary.live_uploaded, summary.live_downloaded);
        (live, (summary.departed_uploaded, summary.departed_downloaded))
    };
    announce(&mut fresh, huge, NOON, ALL);
    assert_eq!(moved(&mut fresh, NOON).0, (MAX_RATE, MAX_RATE), "a second, at its first announce");
    let later = NOON + Seconds(1000);
    announce(&mut fresh, PeerAnnounce { downloaded: 5, ..huge }, later, ALL);
    assert_eq!(moved(&mut fresh, later).0, (1000 * MAX_RATE, 5));
    let last = NOON + Seconds(2000);
    announce(&mut fresh, PeerAnnounce { action: Action::Leave, ..huge }, last, ALL);
    let most = 2000 * MAX_RATE;
    assert_eq!(moved(&mut fresh, last), ((0, 0), (most, most)));
    let back = PeerAnnounce { action: Action::Leave, ..huge };
    announce(&mut fresh, leecher(1), last, ALL);
    announce(&mut fresh, back, NOON, ALL);
    let most = most + MAX_RATE;
    assert_eq!(moved(&mut fresh, last).1, (most, most), "a clock that stepped back");
    // What it said at first was cut: that more is kept of the same figure is no download.
    let long = last + Seconds(1000);
    announce(&mut fresh, huge, last, ALL);
    announce(&mut fresh, PeerAnnounce { left: Some(0), role: Role::Seeder, ..huge }, long, ALL);
    assert_eq!(counts(&mut fresh, long).completed, 0);
}

pub(in crate::store) fn totals_outlive_the_peers(make: Make) {
    let mut fresh = make();
    announce(&mut fresh, leecher(1), NOON, ALL);
    announce(&mut fresh, seeder(1), NOON, ALL);
    let leaves = PeerAnnounce { action: Action::Leave, uploaded: 100, downloaded: 7, ..seeder(1) };
    announce(&mut fresh, leaves, NOON + Seconds(5), ALL);
    announce(&mut fresh, leaves, NOON + Seconds(6), ALL);
    announce(&mut fresh, leecher(2), NOON, ALL);
    let late = NOON + Seconds(EXPIRY.0 + 1);
    assert_eq!(fresh.store.expire(late, 10).unwrap(), 1);
    let summary = swarms(fresh.store.as_mut(), late)[&swarm(1)];
    assert_eq!(summary.counts, SwarmCounts { completed: 1, ..SwarmCounts::default() });
    assert_eq!((summary.departed_uploaded, summary.departed_downloaded), (110, 27));
    assert_eq!((summary.live_uploaded, summary.left, summary.expired), (0, 0, 1));
    assert_eq!(summary.last_announce, NOON + Seconds(5));
    let unknown = PeerAnnounce { info_hash: swarm(9), ..leaves };
    announce(&mut fresh, unknown, NOON, ALL);
    assert_eq!(swarms(fresh.store.as_mut(), late).len(), 1, "who leaves founds no swarm");
}

pub(in crate::store) fn huge_numbers_saturate(make: Make) {
    let mut fresh = make();
    for number in 0..5 {
        let huge = PeerAnnounce {
            left: Some(u64::MAX),
            uploaded: u64::MAX - 1,
            downloaded: 1 << 63,
            ..leecher(number)
        };
        announce(&mut fresh, huge, NOON, ALL);
        let leaves = PeerAnnounce { action: Action::Leave, ..huge };
        announce(&mut fresh, leaves, NOON, ALL);
        announce(&mut fresh, huge, NOON, ALL);
    }
    let most = i64::MAX.unsigned_abs();
    let late = NOON + Seconds(EXPIRY.0 + 1);
    let summary = swarms(fresh.store.as_mut(), NOON)[&swarm(1)];
    assert!(
        summary.left >= most && summary.live_uploaded >= most && summary.live_downloaded >= most
    );
    assert_eq!(fresh.store.expire(late, 100).unwrap(), 5);
    let summary = swarms(fresh.store.as_mut(), late)[&swarm(1)];
    assert!(summary.departed_uploaded >= most && summary.departed_downloaded >= most);
    assert_eq!((summary.left, summary.live_uploaded), (0, 0));
}

pub(in crate::store) fn impossible_figures_are_counted(make: Make) {
    let mut fresh = make();
    assert_eq!(fresh.store.info().unwrap().anomalies, 0);
    let sized = PeerAnnounce { size: Some(1000), ..leecher(1) };
    announce(&mut fresh, PeerAnnounce { downloaded: 4000, ..sized }, NOON, ALL);
    assert_eq!(fresh.store.info().unwrap().anomalies, 0, "some parts are fetched twice");
    announce(&mut fresh, PeerAnnounce { downloaded: 4001, ..sized }, NOON, ALL);
    announce(&mut fresh, PeerAnnounce { uploaded: MAX_RATE + 1, ..leecher(2) }, NOON, ALL);
    assert_eq!(fresh.store.info().unwrap().anomalies, 2);
    let peers = peers(fresh.store.as_mut(), swarm(1), 10, NOON);
    assert_eq!(peers[&peer_id(1)].downloaded, 4000);
    assert_eq!(peers[&peer_id(2)].uploaded, MAX_RATE);
}
