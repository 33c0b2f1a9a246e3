//! What an announce means, and which one is refused.

use super::*;
use proptest::prelude::*;

const REQUIRED: &str =
    "info_hash=%00%FF%0a+BCDEFGHIJKLMNOPQ&peer_id=-qB4620-abcdefghijkl&port=6881";

fn parse(more: &str) -> AnnounceRequest {
    AnnounceRequest::parse(format!("{REQUIRED}&{more}").as_bytes()).unwrap()
}

fn refused(query: &str) -> AnnounceError {
    AnnounceRequest::parse(query.as_bytes()).unwrap_err()
}

#[test]
fn the_swarm_is_named_while_the_rest_is_still_read() {
    let named = |query: &str| {
        let mut named = Vec::new();
        let read = AnnounceRequest::parse_ahead(query.as_bytes(), |swarm| named.push(swarm));
        assert_eq!(read, AnnounceRequest::parse(query.as_bytes()));
        (named, read.map(|it| it.info_hash))
    };
    let (swarms, read) = named(REQUIRED);
    assert_eq!(swarms, [read.unwrap(); 2]);
    // Nothing of it can be wrong yet when it comes first.
    assert_eq!(named("info_hash=aaaaaaaaaaaaaaaaaaaa&port=x").0.len(), 2);
    for query in ["", "info_hash=a", "info_hash=%zz"] {
        assert_eq!(named(query).0, [], "{query}");
    }
}

#[test]
fn a_bare_announce_is_a_leecher_without_wishes() {
    let expected = AnnounceRequest {
        info_hash: InfoHash(*b"\x00\xff\x0a+BCDEFGHIJKLMNOPQ"),
        peer_id: PeerId(*b"-qB4620-abcdefghijkl"),
        port: 6881,
        uploaded: 0,
        downloaded: 0,
        left: None,
        event: Event::None,
        numwant: None,
        compact: None,
        no_peer_id: false,
        key: None,
        short: false,
        stated: StatedAddresses::default(),
        passkey: None,
    };
    assert_eq!(AnnounceRequest::parse(REQUIRED.as_bytes()), Ok(expected));
}

#[test]
fn a_full_announce_is_understood() {
    let request = parse(
        "uploaded=1&downloaded=2&left=3&event=started&numwant=30&compact=1&no_peer_id=1\
         &key=1A2B&short&ip=192.0.2.1&ipv6=2001%3Adb8%3A%3A1&supportcrypto=1&corrupt=0",
    );
    assert_eq!((request.uploaded, request.downloaded, request.left), (1, 2, Some(3)));
    assert_eq!((request.event, request.numwant), (Event::Started, Some(30)));
    assert_eq!((request.compact, request.no_peer_id), (Some(true), true));
    assert_eq!((request.key, request.short), (ClientKey::of(b"1A2B"), true));
    assert_eq!(request.stated.v4, Some((Ipv4Addr::new(192, 0, 2, 1), None)));
    assert_eq!(request.stated.v6, Some(("2001:db8::1".parse().unwrap(), None)));
}

mod required {
    use super::*;

    #[test]
    fn each_missing_one_is_named() {
        assert_eq!(refused(""), AnnounceError::MissingInfoHash);
        assert_eq!(refused(&REQUIRED.replace("peer_id", "x")), AnnounceError::MissingPeerId);
        assert_eq!(refused(&REQUIRED.replace("port", "x")), AnnounceError::MissingPort);
    }

    #[test]
    fn an_info_hash_is_twenty_bytes_and_not_forty_digits() {
        let with = |value: &str| refused(&format!("info_hash={value}&peer_id=x&port=1"));
        assert_eq!(with(""), AnnounceError::InfoHashLength);
        assert_eq!(with(&"A".repeat(19)), AnnounceError::InfoHashLength);
        assert_eq!(with(&"%41".repeat(21)), AnnounceError::InfoHashLength);
        assert_eq!(with(&"0".repeat(40)), AnnounceError::InfoHashLength);
        assert_eq!(with("%4"), AnnounceError::MalformedInfoHash);
        assert_eq!(with(&format!("%zz{}", "A".repeat(19))), AnnounceError::MalformedInfoHash);
    }

    #[test]
    fn a_peer_id_is_twenty_bytes() {
        let with =
            |value: &str| refused(&format!("info_hash={}&peer_id={value}&port=1", "A".repeat(20)));
        assert_eq!(with(&"A".repeat(21)), AnnounceError::PeerIdLength);
        assert_eq!(with(&format!("{}%", "A".repeat(20))), AnnounceError::MalformedPeerId);
    }

    #[test]
    fn several_info_hashes_are_refused_also_equal_ones() {
        assert_eq!(refused(&format!("{REQUIRED}&{REQUIRED}")), AnnounceError::RepeatedInfoHash);
        let other = format!("{REQUIRED}&info_hash=");
        assert_eq!(refused(&other), AnnounceError::RepeatedInfoHash);
    }

    #[test]
    fn an_obfuscated_info_hash_is_refused_with_its_reason() {
        let query = REQUIRED.replace("info_hash", "sha_ih");
        assert_eq!(refused(&query), AnnounceError::ObfuscatedInfoHash);
    }

    #[test]
    fn a_port_is_sixteen_bits_and_may_be_zero() {
        assert_eq!(parse("port=0").port, 0);
        assert_eq!(parse("port=65535").port, 65535);
        for port in ["", "65536", "-1", "http", "1.5", "+1", "%zz", "99999999999999999999999"] {
            let query = format!("{REQUIRED}&port={port}");
            assert_eq!(refused(&query), AnnounceError::BadPort, "{port}");
        }
    }

    #[test]
    fn a_query_has_its_limit() {
        let pad = |length: usize| format!("{REQUIRED}&x={}", "x".repeat(length));
        let longest = AnnounceRequest::LONGEST_QUERY - pad(0).len();
        assert!(AnnounceRequest::parse(pad(longest).as_bytes()).is_ok());
        assert_eq!(refused(&pad(longest + 1)), AnnounceError::TooLong);
    }
}

mod senseless {
    use super::*;

    #[test]
    fn left_that_is_no_number_of_64_bits_is_unknown() {
        for left in ["", "-1", "NaN", "1e9", "18446744073709551616", "99999999999999999999999"] {
            assert_eq!(parse(&format!("left={left}")).left, None, "{left}");
        }
        assert_eq!(parse("left=18446744073709551615").left, Some(u64::MAX));
        assert_eq!(parse("left=9223372036854775808").left, Some(1 << 63));
        assert_eq!(parse("left=%31%36").left, Some(16));
        assert_eq!(parse("left=0").left, Some(0));
    }

    #[test]
    fn byte_counts_saturate_and_are_zero_when_senseless() {
        let request = parse("uploaded=18446744073709551616&downloaded=-5");
        assert_eq!((request.uploaded, request.downloaded), (u64::MAX, 0));
        let request = parse("uploaded=x&downloaded=18446744073709551615");
        assert_eq!((request.uploaded, request.downloaded), (0, u64::MAX));
    }

    #[test]
    fn numwant_that_is_no_wish_is_none() {
        for wish in ["", "-1", "many", "4294967295", "2147483648", "18446744073709551615"] {
            assert_eq!(parse(&format!("numwant={wish}")).numwant, None, "{wish}");
        }
        assert_eq!(parse("numwant=0").numwant, Some(0));
        assert_eq!(parse("numwant=2147483647").numwant, Some(2_147_483_647));
        for alias in ["num_want", "num want", "num+want", "num%20want"] {
            assert_eq!(parse(&format!("{alias}=7")).numwant, Some(7), "{alias}");
        }
    }

    #[test]
    fn an_unknown_event_is_none() {
        for word in ["", "empty", "start", "started%00", "%zz"] {
            assert_eq!(parse(&format!("event={word}")).event, Event::None, "{word}");
        }
        let known = [
            ("started", Event::Started),
            ("completed", Event::Completed),
            ("stopped", Event::Stopped),
            ("paused", Event::Paused),
            ("Stopped", Event::Stopped),
            ("%73topped", Event::Stopped),
        ];
        for (word, event) in known {
            assert_eq!(parse(&format!("event={word}")).event, event, "{word}");
        }
    }

    #[test]
    fn the_last_of_repeated_parameters_counts() {
        let request = parse("left=1&left=2&event=stopped&event=&peer_id=ABCDEFGHIJKLMNOPQRST");
        assert_eq!((request.left, request.event), (Some(2), Event::None));
        assert_eq!(request.peer_id, PeerId(*b"ABCDEFGHIJKLMNOPQRST"));
    }
}

#[test]
fn only_zero_switches_off() {
    assert_eq!(parse("compact=0").compact, Some(false));
    assert_eq!(parse("compact=").compact, Some(true));
    assert_eq!(parse("compact=yes").compact, Some(true));
    assert!(!parse("no_peer_id=0").no_peer_id);
    assert!(parse("no_peer_id").no_peer_id);
    assert!(parse("short=0").short);
}

#[test]
fn a_key_is_the_digest_of_its_bytes_up_to_a_length() {
    assert_eq!(parse("key=%41%00b").key, ClientKey::of(b"A\0b"));
    assert_eq!(parse("key=a+b").key, ClientKey::of(b"a+b"));
    assert_eq!(parse("key=a%zz").key, ClientKey::of(b"a%zz"));
    assert_eq!(parse("key=").key, None);
    let longest = "%41".repeat(128);
    assert_eq!(parse(&format!("key={longest}")).key, ClientKey::of(&[b'A'; 128]));
    assert_eq!(parse(&format!("key={longest}A")).key, None);
    assert_eq!(parse(&format!("key={}", "A".repeat(129))).key, None);
}

mod addresses {
    use super::*;

    fn v4(query: &str) -> Option<(Ipv4Addr, Option<u16>)> {
        parse(query).stated.v4
    }

    fn v6(query: &str) -> Option<(Ipv6Addr, Option<u16>)> {
        parse(query).stated.v6
    }

    #[test]
    fn may_carry_a_port() {
        let address = Ipv4Addr::new(192, 0, 2, 1);
        assert_eq!(v4("ipv4=192.0.2.1:80"), Some((address, Some(80))));
        assert_eq!(v4("ip=192.0.2.1%3a80"), Some((address, Some(80))));
        let address = "2001:db8::1".parse().unwrap();
        assert_eq!(v6("ipv6=2001:db8::1"), Some((address, None)));
        assert_eq!(v6("ipv6=[2001:db8::1]"), Some((address, None)));
        assert_eq!(v6("ipv6=%5B2001%3Adb8%3A%3A1%5D%3A80"), Some((address, Some(80))));
        assert_eq!(v6("ip=[2001:db8::1]:80"), Some((address, Some(80))));
    }

    #[test]
    fn that_nobody_can_connect_to_are_passed_over() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.9.9.9:80",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "169.254.169.254",
            "::",
            "::1",
            "[::1]:80",
            "ff02::1",
            "fe80::1",
            "::ffff:192.0.2.1",
            "[::ffff:192.0.2.1]:80",
            "::192.0.2.1",
        ] {
            for name in ["ip", "ipv4", "ipv6"] {
                let stated = parse(&format!("{name}={text}")).stated;
                assert_eq!(stated, StatedAddresses::default(), "{name}={text}");
            }
        }
        assert_eq!(v4("ipv4=127.0.0.1&ip=192.0.2.1").unwrap().0, Ipv4Addr::new(192, 0, 2, 1));
    }

    #[test]
    fn of_a_family_win_over_the_general_one() {
        for query in ["ip=192.0.2.1&ipv4=192.0.2.2", "ipv4=192.0.2.2&ip=192.0.2.1"] {
            assert_eq!(v4(query), Some((Ipv4Addr::new(192, 0, 2, 2), None)));
        }
        assert_eq!(v4("ip=192.0.2.1&ipv4=junk"), Some((Ipv4Addr::new(192, 0, 2, 1), None)));
    }

    #[test]
    fn that_are_names_or_junk_are_passed_over() {
        let junk = ["example.org", "", "1.2.3", "1.2.3.4:99999", "[1.2.3.4]", "[::1", "%ff%fe"];
        for text in junk {
            let stated = parse(&format!("ip={text}")).stated;
            assert_eq!(stated, StatedAddresses::default(), "{text}");
        }
    }
}

#[test]
fn quirks_of_clients_and_urls_are_tolerated() {
    let expected = parse("");
    for query in [
        format!("?{REQUIRED}"),
        format!("&{REQUIRED}"),
        format!(" ?{REQUIRED}"),
        format!("%20?{REQUIRED}"),
        format!("x=1?{REQUIRED}"),
        REQUIRED.replace("info_hash", "info%5fhash").replace('&', "&&"),
    ] {
        assert_eq!(AnnounceRequest::parse(query.as_bytes()), Ok(expected), "{query}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(query in any::<Vec<u8>>()) {
        _ = AnnounceRequest::parse(&query);
    }

    #[test]
    fn no_value_is_too_strange(
        name in "uploaded|downloaded|left|event|numwant|compact|no_peer_id|key|ip|ipv4|ipv6",
        mut value in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        value.retain(|byte| !b"&?".contains(byte));
        let query = [REQUIRED.as_bytes(), b"&", name.as_bytes(), b"=", &value].concat();
        prop_assert!(AnnounceRequest::parse(&query).is_ok());
    }

    #[test]
    fn numbers_come_back(number: u64, port: u16) {
        let request = parse(&format!("left={number}&uploaded={number}&port={port}"));
        prop_assert_eq!((request.left, request.uploaded), (Some(number), number));
        prop_assert_eq!(request.port, port);
    }
}
