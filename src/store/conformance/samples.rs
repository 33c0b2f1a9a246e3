//! Who is told of whom.

use super::*;

pub(in crate::store) fn every_wish_is_met_exactly(make: Make) {
    for (leechers, seeders) in [(0, 0), (1, 0), (0, 1), (30, 9), (9, 30), (100, 100), (200, 1)] {
        let mut fresh = make();
        fill(&mut fresh, leechers, seeders);
        for seeds_too in [false, true] {
            let eligible = if seeds_too { leechers + seeders } else { leechers };
            let near = [eligible.saturating_sub(1), eligible, eligible + 1, u32::MAX];
            for want in [0, 1, 2, 3, 17, 33, 51, 99].into_iter().chain(near) {
                let want = Want { peers: want, seeders: seeds_too, peer_ids: true };
                let sample = announce(&mut fresh, leecher(10_000), NOON, want);
                let expected = usize::try_from(want.peers.min(eligible)).unwrap();
                assert_eq!(ids(&sample).len(), expected, "{want:?} of {leechers}, {seeders}");
                assert_eq!(sample.v4.addresses.len(), expected);
                assert!(!ids(&sample).contains(&peer_id(10_000)), "the asker was handed out");
            }
        }
    }
}

pub(in crate::store) fn nobody_is_told_of_itself(make: Make) {
    let mut fresh = make();
    // It comes back with another peer id, as a client does that was restarted.
    let both = PeerAnnounce { v6: Some(v6(1, 6881)), ..leecher(1) };
    announce(&mut fresh, both, NOON, ALL);
    let sample = announce(&mut fresh, PeerAnnounce { peer_id: peer_id(2), ..both }, NOON, ALL);
    assert_eq!(sample, PeerSample::default());
    let over_v4 = PeerAnnounce { peer_id: peer_id(3), ..leecher(1) };
    let sample = announce(&mut fresh, over_v4, NOON, ALL);
    assert_eq!(sample.v4.addresses, []);
    let mut fresh = make();
    announce(&mut fresh, leecher(1), NOON, ALL);
    announce(&mut fresh, leecher(2), NOON, ALL);
    let sample = announce(&mut fresh, over_v4, NOON, Want { peer_ids: false, ..ALL });
    assert_eq!(sample.v4.addresses, [v4(2, 6881)]);
}

pub(in crate::store) fn samples_differ(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 300, 100);
    let want = Want { peers: 50, ..ALL };
    let samples: Vec<_> =
        (0..6).map(|_| ids(&announce(&mut fresh, leecher(10_000), NOON, want))).collect();
    for (number, one) in samples.iter().enumerate() {
        assert!(samples[..number].iter().all(|other| one != other));
    }
}

pub(in crate::store) fn every_peer_of_a_large_swarm_is_reached(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 1500, 500);
    let mut handed_out = vec![0_u32; 2000];
    for _ in 0..800 {
        let sample = announce(&mut fresh, leecher(10_000), NOON, Want { peers: 50, ..ALL });
        for id in ids(&sample) {
            let number = u32::from_be_bytes(id.0[16..].try_into().unwrap());
            handed_out[usize::try_from(number).unwrap()] += 1;
        }
    }
    // 20 times each on average. A fair dice gives each side of 2000 between 4 and 45 in 800 throws
    // of 50, but for once in a million; a sample may be somewhat less fair than that.
    let (least, most) = (handed_out.iter().min().unwrap(), handed_out.iter().max().unwrap());
    assert!(*least >= 1 && *most <= 80, "a peer was handed out {least} times, another {most}");
}

pub(in crate::store) fn neither_seeders_nor_leechers_starve(make: Make) {
    for (leechers, seeders) in [(400, 3), (3, 400)] {
        let mut fresh = make();
        fill(&mut fresh, leechers, seeders);
        let rare: BTreeSet<PeerId> = match leechers {
            3 => (0..3).map(peer_id).collect(),
            _ => (400..403).map(peer_id).collect(),
        };
        let sample = ids(&announce(&mut fresh, leecher(10_000), NOON, Want { peers: 50, ..ALL }));
        assert!(rare.is_subset(&sample), "the rarer kind is handed out first");
        assert_eq!(sample.len(), 50);
        let one = Want { peers: 1, ..ALL };
        let met: Vec<bool> = (0..200)
            .map(|_| ids(&announce(&mut fresh, leecher(10_000), NOON, one)).is_subset(&rare))
            .collect();
        assert!(met.contains(&true) && met.contains(&false), "one kind starves");
    }
}

pub(in crate::store) fn seeders_are_not_handed_to_those_who_do_not_want_them(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 5, 5);
    let partial = PeerAnnounce { role: Role::PartialSeed, ..leecher(20) };
    announce(&mut fresh, partial, NOON, ALL);
    let sample = announce(&mut fresh, seeder(30), NOON, Want { seeders: false, ..ALL });
    assert_eq!(ids(&sample), (0..5).map(peer_id).collect());
    let sample = announce(&mut fresh, leecher(31), NOON, ALL);
    assert!(ids(&sample).contains(&peer_id(20)), "leechers get partial seeds");
}
