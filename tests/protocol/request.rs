//! What clients send: parameters, their spellings, and what is made of senseless ones.

use super::{Client, INFO_HASH, client, counts, peers, scraped, sockets};
use crate::harness::http::encode;
use crate::harness::installation::Installation;

/// All bytes there are, in info-hashes.
fn every_byte() -> Vec<[u8; 20]> {
    let all: Vec<u8> = (0..=255).chain(0..4).collect();
    let (hashes, rest) = all.as_chunks::<20>();
    assert!(rest.is_empty());
    hashes.to_vec()
}

/// A query with an info-hash in a spelling of its own.
fn spelt(info_hash: &str, peer: &Client) -> String {
    format!("info_hash={info_hash}&peer_id={}&port=1&left=5", encode(&peer.peer_id))
}

#[test]
fn every_byte_value_survives_in_info_hash_and_peer_id() {
    let tracker = Installation::open();
    for bytes in every_byte() {
        let other = Client { peer_id: bytes, ..client(1).of(bytes) };
        other.announce(&tracker, "");
        let answer = client(2).of(bytes).announce(&tracker, "compact=0");
        let Some(crate::harness::bencode::Value::List(peers)) = answer.get("peers") else {
            panic!("no list of peers: {answer:?}");
        };
        assert_eq!(peers.len(), 1, "{answer:?}");
        assert_eq!(peers[0].bytes("peer id"), bytes);
        assert_eq!(counts(&scraped(&tracker, bytes)), (0, 2, 0));
    }
}

#[test]
fn bytes_that_need_no_escape_may_come_bare() {
    let tracker = Installation::open();
    // All that a query can carry raw: no NUL, which no variable holds, and no separator.
    let bare = (1..=255_u8).filter(|byte| !b"%&?".contains(byte)).collect::<Vec<_>>();
    for bytes in bare.as_chunks::<20>().0 {
        let mut query = b"info_hash=".to_vec();
        query.extend_from_slice(bytes);
        query.extend_from_slice(b"&peer_id=-XX0001-abcdefghijkl&port=1&left=5");
        assert_eq!(counts(&tracker.get("/announce", query).value()), (0, 1, 0));
        assert_eq!(counts(&scraped(&tracker, *bytes)), (0, 1, 0), "{}", bytes.escape_ascii());
    }
}

#[test]
fn escapes_mean_the_same_in_both_cases() {
    let tracker = Installation::open();
    let spellings = ["%ab%cd%ef", "%AB%CD%EF", "%aB%Cd%eF"];
    for (number, spelling) in (1..).zip(spellings) {
        let client = client(number);
        let query = spelt(&format!("{spelling}seventeen bytes.."), &client);
        let call = tracker.get("/announce", query).from(&client.address.to_string());
        let answer = call.value();
        assert_eq!(counts(&answer), (0, i64::from(number), 0), "{spelling}");
    }
}

#[test]
fn a_plus_is_the_byte_2b_and_no_space() {
    let tracker = Installation::open();
    for (number, spelling) in (1..).zip(["+", "%2B", "%2b"]) {
        let client = client(number);
        let query = spelt(&format!("plus{spelling}plus{spelling}0123456789"), &client);
        let call = tracker.get("/announce", query).from(&client.address.to_string());
        let answer = call.value();
        assert_eq!(counts(&answer), (0, i64::from(number), 0), "{spelling}");
    }
    let query = spelt("plus%20plus%200123456789", &client(4));
    assert_eq!(counts(&tracker.get("/announce", query).value()), (0, 1, 0), "another swarm");
    assert_eq!(counts(&scraped(&tracker, *b"plus+plus+0123456789")), (0, 3, 0));
    assert_eq!(counts(&scraped(&tracker, *b"plus plus 0123456789")), (0, 1, 0));
    // Likewise in a peer id: these two are one peer.
    for peer_id in ["-XX0001-++++++++++++", "-XX0001-%2B%2b%2B%2B%2B%2B%2B%2B%2B%2B%2B%2B"] {
        let query = format!("info_hash={}&peer_id={peer_id}&port=1&left=5", encode(&INFO_HASH));
        assert_eq!(counts(&tracker.get("/announce", query).value()), (0, 1, 0));
    }
}

#[test]
fn sloppy_queries_are_understood() {
    let tracker = Installation::open();
    let plain = client(1).query("");
    let spellings = [
        ("/announce", plain.clone()),
        ("/announce", format!("&{plain}")),
        ("/announce", format!("&&{plain}&&")),
        ("/announce", format!("?{plain}")),
        ("/announce", format!("??&{plain}")),
        ("/announce ", plain.clone()),
        ("/announce ", format!("?{plain}")),
        ("/announce", format!(" ?{plain}")),
        ("/announce", format!("%20?{plain}")),
        ("/announce", format!("pass=word?{plain}")),
        ("/announce", plain.replace("info_hash", "info%5Fhash")),
        ("/announce.php", plain.clone()),
        ("/announce/", plain.clone()),
        ("/0123456789abcdef0123456789abcdef/announce", plain.clone()),
        ("", plain.clone()),
        ("/", plain),
    ];
    for (path, query) in spellings {
        let answer = tracker.get(path, &query).value();
        assert_eq!(answer.get("failure reason"), None, "{path}?{query}: {answer:?}");
        assert_eq!(counts(&answer), (0, 1, 0), "{path}?{query}");
    }
}

#[test]
fn a_script_that_is_called_announce_needs_no_path_info() {
    let tracker = Installation::open();
    for script in ["/announce", "/bt/announce.php", "/cgi-bin/announce.cgi"] {
        let call = client(1).call(&tracker, "").without("PATH_INFO").with("SCRIPT_NAME", script);
        assert_eq!(counts(&call.value()), (0, 1, 0), "{script}");
    }
    let scrape = tracker.get("", "").without("PATH_INFO").with("SCRIPT_NAME", "/bt/scrape.php");
    assert!(scrape.value().get("files").is_some());
}

#[test]
fn of_a_repeated_parameter_the_last_value_counts() {
    let tracker = Installation::open();
    let seeds = client(1).announce(&tracker, "left=7&left=0");
    assert_eq!(counts(&seeds), (1, 0, 0));
    client(1).announce(&tracker, "port=4000&port=4001");
    assert_eq!(peers(&client(2).announce(&tracker, ""))[0].port(), 4001);
}

#[test]
fn what_identifies_a_peer_must_be_there_and_be_right() {
    let tracker = Installation::open();
    let full = [
        ("info_hash", "0123456789abcdefghij"),
        ("peer_id", "-XX0001-abcdefghijkl"),
        ("port", "6881"),
    ];
    let query = |changed: &str, value: Option<&str>| {
        let parts = full.iter().filter_map(|&(name, usual)| {
            let value = if name == changed { value? } else { usual };
            Some(format!("{name}={value}"))
        });
        parts.collect::<Vec<_>>().join("&")
    };
    let refusals = [
        ("info_hash", None, "info_hash is missing"),
        ("info_hash", Some(""), "info_hash must be exactly 20 bytes"),
        ("info_hash", Some("0123456789abcdefghi"), "info_hash must be exactly 20 bytes"),
        ("info_hash", Some("0123456789abcdefghijk"), "info_hash must be exactly 20 bytes"),
        ("info_hash", Some(&"ab".repeat(20)), "info_hash must be exactly 20 bytes"),
        ("info_hash", Some("0123456789abcdefghi%"), "% without two hexadecimal digits"),
        ("info_hash", Some("%zz123456789abcdefghij"), "% without two hexadecimal digits"),
        ("peer_id", None, "peer_id is missing"),
        ("peer_id", Some("-XX0001-short"), "peer_id must be exactly 20 bytes"),
        ("peer_id", Some("-XX0001-abcdefghijk%4"), "% without two hexadecimal digits"),
        ("port", None, "port is missing"),
        ("port", Some(""), "port must be a number from 0 to 65535"),
        ("port", Some("65536"), "port must be a number from 0 to 65535"),
        ("port", Some("-1"), "port must be a number from 0 to 65535"),
        ("port", Some("6881x"), "port must be a number from 0 to 65535"),
    ];
    for (name, value, reason) in refusals {
        let query = query(name, value);
        let refusal = tracker.get("/announce", &query).refusal();
        assert!(refusal.contains(reason), "{query}: {refusal}");
    }
    assert_eq!(counts(&tracker.get("/announce", query("", None)).value()), (0, 1, 0));
}

#[test]
fn several_info_hashes_and_the_obfuscated_form_are_refused() {
    let tracker = Installation::open();
    let twice = client(1).refused(&tracker, "info_hash=another..swarm..0000");
    assert!(twice.contains("more than once"), "{twice}");
    let obfuscated = client(1).refused(&tracker, "sha_ih=another..swarm..0000");
    assert!(obfuscated.contains("not supported"), "{obfuscated}");
}

#[test]
fn a_senseless_left_makes_a_leecher_and_never_an_error() {
    let tracker = Installation::open();
    let beyond_64_bits = "left=18446744073709551616";
    let senseless = ["left=", "left=-1", "left=many", "left=0x10", "left=1.5", beyond_64_bits];
    for more in senseless.into_iter().chain(["left=9223372036854775808"]) {
        assert_eq!(counts(&client(1).announce(&tracker, more)), (0, 1, 0), "{more}");
    }
    let missing = client(2).query("").replace("&left=1000", "");
    assert_eq!(counts(&tracker.get("/announce", missing).value()), (0, 2, 0));
}

#[test]
fn senseless_counters_do_no_harm() {
    let tracker = Installation::open();
    for number in ["", "-5", "junk", "18446744073709551615", "99999999999999999999999"] {
        let more = format!("uploaded={number}&downloaded={number}&corrupt={number}");
        assert_eq!(counts(&client(1).announce(&tracker, &more)), (0, 1, 0), "{number}");
    }
}

#[test]
fn an_unknown_or_empty_event_is_none() {
    let tracker = Installation::open();
    client(9).announce(&tracker, "");
    for event in ["", "started", "update", "%00", "stoppedx", "STARTED"] {
        let answer = client(1).announce(&tracker, &format!("event={event}"));
        assert_eq!((counts(&answer), peers(&answer).len()), ((0, 2, 0), 1), "{event}");
    }
}

#[test]
fn numwant_is_a_wish_within_the_trackers_limits() {
    let tracker = Installation::new(&[
        "tracker.torrents = 'open'",
        "tracker.numwant = 3",
        "tracker.max_numwant = 5",
    ]);
    for number in 10..18 {
        client(number).announce(&tracker, "");
    }
    let numwants = [
        ("", 3),
        ("numwant=0", 0),
        ("numwant=1", 1),
        ("numwant=4", 4),
        ("numwant=5", 5),
        ("numwant=6", 5),
        ("numwant=2147483647", 5),
        ("numwant=-1", 3),
        ("numwant=4294967295", 3),
        ("numwant=99999999999999999999", 3),
        ("numwant=", 3),
        ("numwant=many", 3),
    ];
    for (more, expected) in numwants {
        assert_eq!(peers(&client(1).announce(&tracker, more)).len(), expected, "{more}");
    }
}

#[test]
fn parameters_of_other_extensions_are_passed_over() {
    let tracker = Installation::open();
    client(9).announce(&tracker, "");
    let more = "supportcrypto=1&requirecrypto=1&cryptoport=5&redundant=7&corrupt=8&trackerid=x\
                &azudp=1&hide=1&%ff%fe=%zz&=&===&a=b=c";
    assert_eq!(peers(&client(1).announce(&tracker, more)), sockets(&[&client(9)]));
}
