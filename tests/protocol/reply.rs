//! What clients get: the keys of an answer, their forms, and refusals.

use super::{client, counts, peers, sockets};
use crate::harness::bencode::Value;
use crate::harness::installation::Installation;

/// The keys of a dictionary, in order.
fn keys(value: &Value) -> Vec<String> {
    let Value::Dictionary(entries) = value else { panic!("no dictionary: {value:?}") };
    entries.keys().map(|key| key.escape_ascii().to_string()).collect()
}

/// The dictionaries in `peers`: address, port, and peer id where there is one.
fn dictionaries(value: &Value) -> Vec<(String, i64, Option<Vec<u8>>)> {
    let Some(Value::List(peers)) = value.get("peers") else { panic!("no list: {value:?}") };
    let mut peers: Vec<_> = peers
        .iter()
        .map(|peer| {
            let ip = String::from_utf8(peer.bytes("ip").to_vec()).expect("an address as text");
            let peer_id = peer.get("peer id").map(|_| peer.bytes("peer id").to_vec());
            (ip, peer.number("port"), peer_id)
        })
        .collect();
    peers.sort_unstable();
    peers
}

#[test]
fn an_answer_has_all_keys_that_clients_need_and_no_others() {
    let tracker = Installation::open();
    let first = client(1).announce(&tracker, "");
    let expected = [
        "complete",
        "downloaded",
        "external ip",
        "incomplete",
        "interval",
        "min interval",
        "peers",
    ];
    assert_eq!(keys(&first), expected, "peers6 only when there are any");
    assert_eq!(first.bytes("peers"), b"", "there, if empty");
    assert_eq!(first.number("min interval"), 300);
    client(2).over_ipv6().announce(&tracker, "");
    let then = client(1).announce(&tracker, "");
    assert_eq!(keys(&then), [&expected[..], &["peers6"]].concat());
}

#[test]
fn the_asker_counts_and_is_not_its_own_peer() {
    let tracker = Installation::open();
    let answer = client(1).announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 1, 0), vec![]));
    let answer = client(1).announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 1, 0), vec![]), "announced twice");
    let answer = client(2).seed(&tracker);
    assert_eq!((counts(&answer), peers(&answer)), ((1, 1, 0), sockets(&[&client(1)])));
}

#[test]
fn compact_peers_are_addresses_and_ports_in_network_order() {
    let tracker = Installation::open();
    client(7).announce(&tracker, "");
    client(8).over_ipv6().announce(&tracker, "");
    for more in ["", "compact=1", "compact=", "compact=yes"] {
        let answer = client(1).announce(&tracker, more);
        assert_eq!(answer.bytes("peers"), [10, 0, 0, 7, 0x27, 0x17], "port 10007: {more}");
        let mut ipv6 = [0; 18];
        ipv6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        ipv6[14..].copy_from_slice(&[0x27, 0x18, 0x27, 0x18]);
        assert_eq!(answer.bytes("peers6"), ipv6, "{more}");
    }
}

#[test]
fn both_families_are_handed_out_to_both() {
    let tracker = Installation::open();
    let (one, other) = (client(1), client(2).over_ipv6());
    one.announce(&tracker, "");
    other.announce(&tracker, "");
    let third = client(3);
    assert_eq!(peers(&third.announce(&tracker, "")), sockets(&[&one, &other]));
    let fourth = client(4).over_ipv6();
    assert_eq!(peers(&fourth.announce(&tracker, "")), sockets(&[&one, &other, &third]));
}

#[test]
fn compact_0_gives_dictionaries_of_both_families_in_one_list() {
    let tracker = Installation::open();
    client(7).announce(&tracker, "");
    client(8).over_ipv6().announce(&tracker, "");
    let answer = client(1).announce(&tracker, "compact=0");
    assert_eq!(answer.get("peers6"), None);
    let expected = [
        ("10.0.0.7".to_owned(), 10_007, Some(client(7).peer_id.to_vec())),
        ("2001:db8::2718".to_owned(), 10_008, Some(client(8).peer_id.to_vec())),
    ];
    assert_eq!(dictionaries(&answer), expected);
}

#[test]
fn no_peer_id_leaves_peer_ids_out_of_dictionaries_and_changes_nothing_else() {
    let tracker = Installation::open();
    client(7).announce(&tracker, "");
    let without = client(1).announce(&tracker, "compact=0&no_peer_id=1");
    assert_eq!(dictionaries(&without), [("10.0.0.7".to_owned(), 10_007, None)]);
    let with = client(1).announce(&tracker, "compact=0&no_peer_id=0");
    assert!(dictionaries(&with)[0].2.is_some());
    let compact = client(1).announce(&tracker, "compact=1&no_peer_id=1");
    assert_eq!(peers(&compact), sockets(&[&client(7)]));
}

#[test]
fn compact_only_gives_the_compact_form_to_everybody() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "tracker.compact_only = true"]);
    client(7).announce(&tracker, "");
    assert_eq!(peers(&client(1).announce(&tracker, "compact=0")), sockets(&[&client(7)]));
}

#[test]
fn the_external_address_is_raw_bytes() {
    let tracker = Installation::open();
    let seen = |address: &str| {
        let answer = client(1).at(address).call(&tracker, "event=stopped").value();
        answer.bytes("external ip").to_vec()
    };
    assert_eq!(seen("198.51.100.7"), [198, 51, 100, 7]);
    assert_eq!(seen("2001:db8::5")[..4], [0x20, 0x01, 0x0d, 0xb8]);
    assert_eq!(seen("2001:db8::5").len(), 16);
    assert_eq!(seen("::ffff:198.51.100.7"), [198, 51, 100, 7], "IPv4 in IPv6 dress");
}

#[test]
fn the_interval_is_the_configured_one_and_up_to_a_tenth_fixed_per_peer() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "tracker.interval = 1000"]);
    let interval = |number| client(number).announce(&tracker, "").number("interval");
    let intervals: Vec<_> = (1..40).map(interval).collect();
    assert!(intervals.iter().all(|interval| (1000..=1100).contains(interval)), "{intervals:?}");
    let different: std::collections::HashSet<_> = intervals.iter().collect();
    assert!(different.len() > 10, "spread: {intervals:?}");
    assert_eq!((1..40).map(interval).collect::<Vec<_>>(), intervals, "the same for each peer");
}

#[test]
fn an_early_announce_gets_a_normal_answer() {
    let tracker = Installation::open();
    client(9).announce(&tracker, "");
    for _ in 0..5 {
        let answer = client(1).announce(&tracker, "");
        assert_eq!((counts(&answer), peers(&answer).len()), ((0, 2, 0), 1));
    }
}

#[test]
fn short_gives_a_client_that_cannot_be_reached_a_short_interval() {
    let tracker = Installation::open();
    for more in ["short", "short=1"] {
        let answer = client(1).announce(&tracker, more);
        assert!((120..=132).contains(&answer.number("interval")), "{answer:?}");
        assert_eq!(answer.number("min interval"), 30);
    }
}

#[test]
fn short_never_makes_an_interval_longer() {
    let settings = ["interval = 60", "min_interval = 10"].map(|it| format!("tracker.{it}"));
    let settings = [&settings[0], &settings[1], "tracker.torrents = 'open'"];
    let answer = client(1).announce(&Installation::new(&settings), "short");
    assert!((60..=66).contains(&answer.number("interval")), "{answer:?}");
    assert_eq!(answer.number("min interval"), 10);
}

#[test]
fn a_refusal_says_why_and_when_to_come_back_in_minutes() {
    let tracker = Installation::new(&["tracker.interval = 1801"]);
    let refusal = client(1).call(&tracker, "").value();
    assert_eq!(keys(&refusal), ["failure reason", "interval", "min interval", "retry in"]);
    assert_eq!(refusal.number("retry in"), 31, "an integer, rounded up");
    assert_eq!(refusal.bytes("failure reason"), b"this tracker does not track that torrent");
    assert_eq!(refusal.number("interval"), 1801);
    // Trying again does not help a client that asks in a wrong way.
    let wrong = tracker.get("/announce", "info_hash=short").value();
    assert_eq!(keys(&wrong), ["failure reason", "interval", "min interval"]);
}
