//! Who an announce is of, to whom an endpoint belongs, and how much of a swarm one address can be.

use super::*;

const NOBODY: Want = Want { peers: 0, seeders: true, peer_ids: false };

/// The client of peer id 1 with a key, at a host.
fn with(key: &[u8], host: u32) -> PeerAnnounce {
    PeerAnnounce { key: ClientKey::of(key), v4: Some(v4(host, 6881)), ..leecher(1) }
}

fn leave(announce: PeerAnnounce) -> PeerAnnounce {
    PeerAnnounce { action: Action::Leave, ..announce }
}

/// The IPv4 addresses of a swarm's peers, in their order.
fn hosts(fresh: &mut Fresh, now: Timestamp) -> Vec<CompactV4> {
    let all = all_peers(fresh.store.as_mut(), swarm(1), 7, now);
    all.iter().filter_map(|peer| peer.v4).collect()
}

pub(in crate::store) fn a_peer_id_alone_proves_nothing(make: Make) {
    let mut fresh = make();
    announce(&mut fresh, with(b"one", 1), NOON, ALL);
    announce(&mut fresh, leave(with(b"two", 2)), NOON, ALL);
    announce(&mut fresh, leave(with(b"", 2)), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(1, 6881)], "a stranger stops nobody");
    let sample = announce(&mut fresh, with(b"", 2), NOON, ALL);
    assert_eq!(sample.v4.addresses, [v4(1, 6881)], "nobody is refused for a peer id");
    assert_eq!(hosts(&mut fresh, NOON), [v4(1, 6881), v4(2, 6881)], "and nobody moved");
    announce(&mut fresh, leave(with(b"three", 2)), NOON, ALL);
    announce(&mut fresh, with(b"one", 3), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(3, 6881)], "the key goes with the client");
    announce(&mut fresh, with(b"renewed", 3), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(3, 6881)], "a new key at a known address");
    announce(&mut fresh, with(b"renewed", 4), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(4, 6881)], "and that one proves it then");
    announce(&mut fresh, with(b"one", 5), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(4, 6881), v4(5, 6881)], "the old one does not");
    let over_v6 = PeerAnnounce { v4: None, v6: Some(v6(9, 1)), ..with(b"renewed", 7) };
    announce(&mut fresh, with(b"renewed", 7), NOON, ALL);
    announce(&mut fresh, over_v6, NOON, ALL);
    let by_v6 = PeerAnnounce { v4: None, v6: Some(v6(9, 2)), ..with(b"three", 0) };
    announce(&mut fresh, leave(by_v6), NOON, ALL);
    assert_eq!(hosts(&mut fresh, NOON), [v4(5, 6881)], "it came from an address of that peer");
    let late = NOON + Seconds(EXPIRY.0 + 1);
    announce(&mut fresh, with(b"four", 5), late, ALL);
    assert_eq!(hosts(&mut fresh, late), [v4(5, 6881)], "a silent peer is not known any more");
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn an_endpoint_is_of_one_peer(make: Make) {
    // More than a store may look through without an index.
    for crowd in [0, 200] {
        let mut fresh = make();
        fill(&mut fresh, crowd, 0);
        let restarted = |number: u32| PeerAnnounce { v4: Some(v4(9000, 6881)), ..leecher(number) };
        announce(&mut fresh, restarted(1001), NOON, ALL);
        let sample = announce(&mut fresh, restarted(1002), NOON, ALL);
        assert!(!sample.v4.addresses.contains(&v4(9000, 6881)), "its own endpoint");
        assert_eq!(counts(&mut fresh, NOON).leechers, crowd + 1, "it takes its own place");
        let both = PeerAnnounce { v6: Some(v6(9, 6881)), ..restarted(1002) };
        announce(&mut fresh, both, NOON, ALL);
        announce(&mut fresh, restarted(1003), NOON, ALL);
        assert_eq!(counts(&mut fresh, NOON).leechers, crowd + 2, "the other address is left to it");
        let over_v6 = PeerAnnounce { v4: None, v6: Some(v6(9, 6881)), ..leecher(1004) };
        announce(&mut fresh, over_v6, NOON, ALL);
        assert_eq!(counts(&mut fresh, NOON).leechers, crowd + 2, "now it has none");
        let hidden = |number: u32| PeerAnnounce { v4: Some(v4(9000, 0)), ..leecher(number) };
        announce(&mut fresh, hidden(1005), NOON, ALL);
        announce(&mut fresh, hidden(1006), NOON, ALL);
        assert_eq!(counts(&mut fresh, NOON).leechers, crowd + 4, "port 0 is no endpoint");
        assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
    }
}

pub(in crate::store) fn stated_addresses_take_nothing(make: Make) {
    let mut fresh = make();
    let victim = leecher(1);
    announce(&mut fresh, victim, NOON, ALL);
    let from = |host: u32| Some(IpAddr::V4(v4(host, 0).ip()));
    let stranger = PeerAnnounce { seen: from(50), v4: victim.v4, ..leecher(50) };
    announce(&mut fresh, stranger, NOON, ALL);
    announce(&mut fresh, leave(PeerAnnounce { seen: from(50), ..victim }), NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 2, "a stated address is no proof");
    for asker in 100..150 {
        let sample = announce(
            &mut fresh,
            PeerAnnounce { action: Action::Stay, ..leecher(asker) },
            NOON,
            ALL,
        );
        let told = sample.v4.addresses.iter().filter(|&&v4| Some(v4) == victim.v4);
        assert_eq!(told.count(), 1, "an endpoint stands in a reply once");
        announce(&mut fresh, leave(leecher(asker)), NOON, NOBODY);
    }
    announce(&mut fresh, leave(victim), NOON, ALL);
    announce(&mut fresh, victim, NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 1, "who comes there takes it");
    // Who states a victim's address beforehand gets nothing of what the victim says later.
    let claim = PeerAnnounce {
        seen: from(50),
        v4: Some(v4(70, 6881)),
        key: ClientKey::of(b"evil"),
        ..leecher(70)
    };
    announce(&mut fresh, claim, NOON, ALL);
    announce(&mut fresh, leecher(70), NOON, ALL);
    announce(&mut fresh, leave(claim), NOON, ALL);
    assert!(hosts(&mut fresh, NOON).contains(&v4(70, 6881)), "the victim is still there");
    announce(&mut fresh, leave(leecher(70)), NOON, ALL);
    // A client without a key that is seen elsewhere than it says stays one peer.
    let stating = PeerAnnounce { seen: from(60), v4: Some(v4(61, 6881)), ..leecher(60) };
    announce(&mut fresh, stating, NOON, ALL);
    announce(&mut fresh, stating, NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 2);
    announce(&mut fresh, leave(stating), NOON, ALL);
    assert_eq!(counts(&mut fresh, NOON).leechers, 1);
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn only_peers_of_the_same_info_hash_are_handed_out(make: Make) {
    let mut fresh = make();
    let second = |number: u32| PeerAnnounce { under: Under::Second, ..leecher(number) };
    for number in 0..10 {
        announce(&mut fresh, leecher(number), NOON, NOBODY);
    }
    for number in 8..20 {
        announce(&mut fresh, second(number), NOON, NOBODY);
    }
    assert_eq!(counts(&mut fresh, NOON).leechers, 20, "who announces under both is one peer");
    let told = |sample: &PeerSample| ids(sample);
    let under_first = told(&announce(&mut fresh, leecher(100), NOON, ALL));
    assert_eq!(under_first, (0..10).map(peer_id).collect());
    let under_second = told(&announce(&mut fresh, second(100), NOON, ALL));
    assert_eq!(under_second, (8..20).map(peer_id).collect());
    let seed = PeerAnnounce { under: Under::Second, ..seeder(8) };
    announce(&mut fresh, seed, NOON, NOBODY);
    let under_first = told(&announce(&mut fresh, leecher(101), NOON, ALL));
    assert!(under_first.contains(&peer_id(8)), "it is still there under the first one");
}

pub(in crate::store) fn an_address_has_so_many_peers_and_no_more(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 40, 0);
    let at = |number: u32| {
        let port = u16::try_from(1 + number % 60_000).unwrap();
        PeerAnnounce {
            v4: Some(v4(5000, port)),
            key: ClientKey::of(&number.to_be_bytes()),
            ..leecher(number)
        }
    };
    for number in 1000..1000 + 3 * ADDRESS_PEERS {
        announce(&mut fresh, at(number), NOON + Seconds(number - 1000), NOBODY);
    }
    let late = NOON + Seconds(500);
    assert_eq!(counts(&mut fresh, late).leechers, 40 + ADDRESS_PEERS);
    let there = peers(fresh.store.as_mut(), swarm(1), 50, late);
    let last = 1000 + 3 * ADDRESS_PEERS - 1;
    assert!(there.contains_key(&peer_id(last)), "the one that came last is there");
    assert!(!there.contains_key(&peer_id(1000)), "the one that was silent for longest is not");
    // Who only states that address takes no place of those that were seen there.
    let stated = |number: u32| {
        let from = Some(IpAddr::V4(v4(6000, 0).ip()));
        PeerAnnounce { seen: from, ..at(number) }
    };
    for number in 7000..7000 + 2 * ADDRESS_PEERS {
        announce(&mut fresh, stated(number), late, NOBODY);
    }
    assert_eq!(counts(&mut fresh, late).leechers, 40 + 2 * ADDRESS_PEERS, "as many once more");
    let there = peers(fresh.store.as_mut(), swarm(1), 50, late);
    assert!(there.contains_key(&peer_id(last)), "who was seen there stays");
    // An IPv6 network of 64 bits is one address; one of 48 bits has four times as many.
    let in_network = |number: u32, network: u16| {
        let mut bytes = v6(number, 6881).0;
        bytes[6..8].copy_from_slice(&network.to_be_bytes());
        PeerAnnounce { v4: None, v6: Some(CompactV6(bytes)), ..leecher(number) }
    };
    let before = counts(&mut fresh, late).leechers;
    for number in 0..2 * ADDRESS_PEERS {
        announce(&mut fresh, in_network(10_000 + number, 1), late, NOBODY);
    }
    assert_eq!(counts(&mut fresh, late).leechers, before + ADDRESS_PEERS);
    for number in 0..5 * ADDRESS_PEERS {
        let network = u16::try_from(2 + number % 10).unwrap();
        announce(&mut fresh, in_network(20_000 + number, network), late, NOBODY);
    }
    assert_eq!(counts(&mut fresh, late).leechers, before + 4 * ADDRESS_PEERS);
    // An exempt network in the same one of 48 bits: it neither counts nor loses anybody.
    for number in 0..2 * ADDRESS_PEERS {
        announce(&mut fresh, in_network(40_000 + number, 0xe), late, NOBODY);
    }
    for number in 0..2 * ADDRESS_PEERS {
        announce(&mut fresh, in_network(50_000 + number, 0xf), late, NOBODY);
    }
    let all = before + 4 * ADDRESS_PEERS + 2 * ADDRESS_PEERS;
    assert_eq!(counts(&mut fresh, late).leechers, all);
    let there = peers(fresh.store.as_mut(), swarm(1), 500, late);
    assert!(
        (40_000..40_000 + 2 * ADDRESS_PEERS).all(|number| there.contains_key(&peer_id(number)))
    );
    assert_eq!(fresh.store.check().unwrap(), Vec::<String>::new());
}

pub(in crate::store) fn a_quarter_of_a_reply_is_of_one_address(make: Make) {
    let mut fresh = make();
    fill(&mut fresh, 60, 0);
    let at = |number: u32| {
        let port = u16::try_from(number).unwrap();
        PeerAnnounce { v4: Some(v4(5000, port)), ..leecher(number) }
    };
    for number in 1000..1500 {
        announce(&mut fresh, at(number), NOON, NOBODY);
    }
    for asker in 0..20 {
        let want = Want { peers: 40, ..ALL };
        let sample = announce(&mut fresh, leecher(asker), NOON, want);
        let crowd = sample.v4.addresses.iter().filter(|v4| v4.ip() == super::v4(5000, 0).ip());
        assert_eq!(sample.v4.addresses.len(), 40);
        assert!(crowd.count() <= 10, "more than a quarter is of one address");
    }
    let sample = announce(&mut fresh, leecher(0), NOON, Want { peers: 100, ..ALL });
    assert_eq!(sample.v4.addresses.len(), 100, "where there are no others, they are told of");
    let others = sample.v4.addresses.iter().filter(|v4| v4.ip() != super::v4(5000, 0).ip());
    assert_eq!(others.count(), 59, "but after the others");
}
