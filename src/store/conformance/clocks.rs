//! Who is silent, and what clocks that are wrong do.

use super::*;

pub(in crate::store) fn a_peer_counts_until_its_expiry(make: Make) {
    let mut fresh = make();
    announce(&mut fresh, leecher(1), NOON, ALL);
    announce(&mut fresh, seeder(2), NOON + Seconds(1), ALL);
    let last = NOON + EXPIRY;
    assert_eq!(counts(&mut fresh, last).leechers, 1);
    let after = last + Seconds(1);
    let now = counts(&mut fresh, after);
    assert_eq!((now.leechers, now.seeders), (0, 1), "not counted although nothing was swept");
    assert_eq!(peers(fresh.store.as_mut(), swarm(1), 10, after).len(), 1);
    let sample = announce(&mut fresh, leecher(3), after, ALL);
    assert_eq!(ids(&sample), [peer_id(2)].into());
    announce(&mut fresh, seeder(1), after, ALL);
    assert_eq!(counts(&mut fresh, after).completed, 0, "who was silent is not known any more");
}

pub(in crate::store) fn many_silent_peers_are_not_counted_before_they_are_swept(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 900, 300);
    announce(&mut fresh, leecher(5000), NOON + Seconds(100), ALL);
    let late = NOON + Seconds(EXPIRY.0 + 50);
    let sample = announce(&mut fresh, seeder(5001), late, ALL);
    assert_eq!(ids(&sample), [peer_id(5000)].into());
    let live = SwarmCounts { seeders: 1, leechers: 1, ..SwarmCounts::default() };
    assert_eq!(counts(&mut fresh, late), live);
    assert_eq!(swarms(fresh.store.as_mut(), late)[&swarm(1)].counts, live);
    announce(&mut fresh, seeder(3), late, ALL);
    assert_eq!(counts(&mut fresh, late), SwarmCounts { seeders: 2, ..live });
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn expiry_keeps_to_its_budget_and_leaves_none(make: Make) {
    let mut fresh = make();
    for number in 0..600 {
        let info_hash = InfoHash([u8::try_from(number % 250).unwrap(); 20]);
        let at = NOON + Seconds(number);
        announce(&mut fresh, PeerAnnounce { info_hash, ..leecher(number) }, at, ALL);
    }
    let late = NOON + Seconds(EXPIRY.0 + 500);
    assert_eq!(fresh.store.expire(late, 0).unwrap(), 0);
    let swept: Vec<usize> = (0..12).map(|_| fresh.store.expire(late, 60).unwrap()).collect();
    assert_eq!(swept.iter().sum::<usize>(), 500);
    assert!(swept[..8].iter().all(|&swept| swept == 60), "{swept:?}");
    let all = swarms(fresh.store.as_mut(), late);
    assert_eq!(all.values().map(|swarm| swarm.expired).sum::<u64>(), 500);
    assert_eq!(all.values().map(|swarm| swarm.departed_uploaded).sum::<u64>(), 5000);
    assert_eq!(all.values().map(|swarm| swarm.counts.leechers).sum::<u32>(), 100);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
    let mut fresh = make();
    fill(&mut fresh, 1500, 700);
    assert_eq!(fresh.store.expire(late, usize::MAX).unwrap(), 2200);
    assert_eq!(counts(&mut fresh, NOON), SwarmCounts::default());
}

pub(in crate::store) fn a_clock_that_steps_back_does_no_harm(make: Make) {
    let mut fresh = make();
    announce(&mut fresh, leecher(1), NOON, ALL);
    let before = NOON.before(Seconds(600));
    assert_eq!(counts(&mut fresh, before).leechers, 1, "it is not lost");
    announce(&mut fresh, leecher(2), before, ALL);
    announce(&mut fresh, leecher(1), before, ALL);
    assert_eq!(counts(&mut fresh, before + EXPIRY).leechers, 2);
    assert_eq!(counts(&mut fresh, before + Seconds(EXPIRY.0 + 1)).leechers, 0);
    let late = NOON + Seconds(EXPIRY.0 + 601);
    assert_eq!(counts(&mut fresh, late).leechers, 0);
    // Whoever counted may have swept them; together they are swept once.
    assert!(fresh.store.expire(late, 10).unwrap() <= 2);
    assert_eq!(swarms(fresh.store.as_mut(), late)[&swarm(1)].expired, 2);
    announce(&mut fresh, leecher(3), Timestamp(0), ALL);
    announce(&mut fresh, leecher(4), Timestamp(u64::MAX), ALL);
    assert_eq!(counts(&mut fresh, Timestamp(u64::MAX)).leechers, 1);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn a_clock_that_was_ahead_leaves_nothing_behind(make: Make) {
    let ahead = Timestamp(NOON.0 + 2 * 365 * 24 * 3600);
    let mut fresh = make();
    for number in 0..3000 {
        announce(&mut fresh, leecher(number), ahead, Want { peers: 0, ..ALL });
    }
    let both = PeerAnnounce { v6: Some(v6(1, 6881)), ..seeder(5000) };
    announce(&mut fresh, both, ahead, ALL);
    let other = PeerAnnounce { info_hash: swarm(2), ..leecher(1) };
    announce(&mut fresh, other, ahead, ALL);
    announce(&mut fresh, PeerAnnounce { action: Action::Leave, ..other }, ahead, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 3000, "nobody is lost");
    announce(&mut fresh, leecher(6000), NOON, ALL);
    assert_eq!(fresh.store.expire(NOON, 10).unwrap(), 0);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
    for summary in swarms(fresh.store.as_mut(), NOON).values() {
        assert!(summary.last_announce <= NOON + Seconds(60), "{summary:?}");
    }
    for peer in peers(fresh.store.as_mut(), swarm(1), 500, NOON).values() {
        assert!(peer.first_seen <= NOON && peer.last_seen <= NOON, "{peer:?}");
    }
    let late = NOON + Seconds(EXPIRY.0 + 1);
    assert_eq!(counts(&mut fresh, late), SwarmCounts::default());
    let asker = announce(&mut fresh, leecher(7000), late, ALL);
    assert_eq!(asker, PeerSample::default());
    assert!(fresh.store.expire(late, usize::MAX).is_ok());
    assert_eq!(swarms(fresh.store.as_mut(), late)[&swarm(1)].expired, 3002);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}
