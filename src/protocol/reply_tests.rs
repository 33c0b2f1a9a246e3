//! Golden bytes of each reply, and a foreign decoder's view of them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use bendy::decoding::{Decoder, Object};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const V4: CompactV4 = CompactV4([192, 0, 2, 1, 0x1a, 0xe1]);
const V6: CompactV6 =
    CompactV6([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1a, 0xe2]);
const NOBODY: PeerList<'_> = PeerList::Compact { v4: &[], v6: &[] };

fn announce_reply(peers: PeerList<'_>) -> AnnounceReply<'_> {
    AnnounceReply {
        complete: 1,
        downloaded: 20,
        external_ip: None,
        incomplete: 300,
        interval: Seconds(1800),
        min_interval: Seconds(0),
        peers,
        warning: None,
    }
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    encode(&mut out);
    out.escape_ascii().to_string()
}

mod an_announce_reply {
    use super::*;

    const START: &str =
        "d8:completei1e10:downloadedi20e10:incompletei300e8:intervali1800e12:min intervali0e";

    #[test]
    fn without_peers_has_an_empty_string_of_them() {
        let reply = encoded(|out| announce_reply(NOBODY).encode(out));
        assert_eq!(reply, format!("{START}5:peers0:e"));
    }

    #[test]
    fn in_compact_form_has_a_string_for_each_family() {
        let reply =
            |v4, v6| encoded(|out| announce_reply(PeerList::Compact { v4, v6 }).encode(out));
        let v4 = r"\xc0\x00\x02\x01\x1a\xe1";
        let v6 = r" \x01\r\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1a\xe2";
        assert_eq!(reply(&[V4; 2], &[]), format!("{START}5:peers12:{v4}{v4}e"));
        assert_eq!(reply(&[], &[V6]), format!("{START}5:peers0:6:peers618:{v6}e"));
        assert_eq!(reply(&[V4], &[V6; 2]), format!("{START}5:peers6:{v4}6:peers636:{v6}{v6}e"));
    }

    #[test]
    fn in_dictionary_form_has_one_list_of_both_families() {
        let peer_ids = [PeerId(*b"-qB4620-abcdefghijkl")];
        let peers = PeerList::Dictionaries {
            v4: FamilyPeers { addresses: &[V4], peer_ids: &peer_ids },
            v6: FamilyPeers { addresses: &[V6], peer_ids: &peer_ids },
        };
        assert_eq!(
            encoded(|out| announce_reply(peers).encode(out)),
            format!(
                "{START}5:peersl\
                 d2:ip9:192.0.2.17:peer id20:-qB4620-abcdefghijkl4:porti6881ee\
                 d2:ip11:2001:db8::17:peer id20:-qB4620-abcdefghijkl4:porti6882ee\
                 ee"
            )
        );
    }

    #[test]
    fn in_dictionary_form_leaves_peer_ids_out_when_it_has_none() {
        let peers = PeerList::Dictionaries {
            v4: FamilyPeers { addresses: &[V4], peer_ids: &[] },
            v6: FamilyPeers { addresses: &[], peer_ids: &[] },
        };
        assert_eq!(
            encoded(|out| announce_reply(peers).encode(out)),
            format!("{START}5:peersld2:ip9:192.0.2.14:porti6881eeee")
        );
    }

    #[test]
    fn tells_the_external_address_in_raw_bytes_of_its_own_family() {
        let reply = |ip: &str| {
            let reply = AnnounceReply { external_ip: ip.parse().ok(), ..announce_reply(NOBODY) };
            encoded(|out| reply.encode(out))
        };
        let v4 = r"11:external ip4:\xc0\x00\x02\x0110:incomplete";
        assert!(reply("192.0.2.1").contains(v4));
        assert!(reply("::ffff:192.0.2.1").contains(v4));
        let v6 = format!("11:external ip16:{}\\x0110:incomplete", r"\x00".repeat(15));
        assert!(reply("::1").contains(&v6));
    }

    #[test]
    fn ends_with_its_warning() {
        let reply = AnnounceReply { warning: Some("порт"), ..announce_reply(NOBODY) };
        let mut out = Vec::new();
        reply.encode(&mut out);
        assert!(out.ends_with("5:peers0:15:warning message8:портe".as_bytes()));
    }

    #[test]
    fn is_appended_to_what_the_buffer_holds() {
        let mut out = b"header".to_vec();
        announce_reply(PeerList::Compact { v4: &[V4], v6: &[V6] }).encode(&mut out);
        assert!(out.starts_with(b"headerd8:complete"));
    }
}

#[test]
fn a_failure_has_its_reason_and_when_to_try_again() {
    let failure = |retry_in| {
        let (interval, min_interval) = (Seconds(1800), Seconds(300));
        encoded(|out| Failure { reason: "no", retry_in, interval, min_interval }.encode(out))
    };
    let start = "d14:failure reason2:no8:intervali1800e12:min intervali300e";
    assert_eq!(failure(None), format!("{start}e"));
    assert_eq!(failure(Some(RetryIn::Minutes(5))), format!("{start}8:retry ini5ee"));
    assert_eq!(failure(Some(RetryIn::Minutes(0))), format!("{start}8:retry ini1ee"));
    assert_eq!(failure(Some(RetryIn::Never)), format!("{start}8:retry in5:nevere"));
}

#[test]
fn a_scrape_reply_is_sorted_and_names_each_swarm_once() {
    let entry = |byte, name| ScrapeEntry {
        info_hash: InfoHash([byte; 20]),
        complete: 1,
        downloaded: 2,
        downloaders: 3,
        incomplete: 4,
        name,
        figures: None,
    };
    let reply = |entries| {
        let reply = ScrapeReply { entries, min_request_interval: Seconds(900) };
        encoded(|out| reply.encode(out))
    };
    let flags = "5:flagsd20:min_request_intervali900eee";
    assert_eq!(reply(vec![]), format!("d5:filesde{flags}"));
    let figures = "d8:completei1e10:downloadedi2e11:downloadersi3e10:incompletei4e";
    let (a, b) = ("A".repeat(20), "B".repeat(20));
    assert_eq!(
        reply(vec![entry(b'B', None), entry(b'A', Some("disc")), entry(b'B', None)]),
        format!("d5:filesd20:{a}{figures}4:name4:disce20:{b}{figures}ee{flags}")
    );
    let told = ScrapeFigures { average_done: 62, speed: 1_500, transferred: 7_000_000_000 };
    assert_eq!(
        reply(vec![ScrapeEntry { figures: Some(told), ..entry(b'A', Some("disc")) }]),
        format!(
            "d5:filesd20:{a}d11:averagedonei62e8:completei1e10:downloadedi2e11:downloadersi3e10:incompletei4e\
             4:name4:disc5:speedi1500e9:speedunit1:B11:transferredi7000000000e15:transferredunit1:Bee{flags}"
        )
    );
}

#[test]
fn an_interval_grows_by_up_to_a_tenth_fixed_per_peer() {
    let peer = |number: u8| PeerId([number; 20]);
    let intervals: Vec<u32> =
        (0..=255).map(|number| interval_for(Seconds(1800), peer(number)).0).collect();
    assert!(intervals.iter().all(|interval| (1800..=1980).contains(interval)));
    assert!(intervals.iter().any(|interval| *interval < 1840));
    assert!(intervals.iter().any(|interval| *interval > 1940));
    assert_eq!(interval_for(Seconds(1800), peer(7)), interval_for(Seconds(1800), peer(7)));
    assert_eq!(interval_for(Seconds(9), peer(7)), Seconds(9));
    assert!(interval_for(Seconds(u32::MAX), peer(7)).0 >= u32::MAX - 1);
}

#[test]
fn numbers_of_every_length_are_written() {
    for number in [0_u64, 9, 10, 99, 100, 18_446_744_073_709_551_615] {
        let mut out = Vec::new();
        integer(&mut out, number);
        assert_eq!(out, format!("i{number}e").into_bytes());
    }
}

/// Bencode as a decoder sees it that refuses unsorted keys and other non-canonical spellings.
#[derive(Debug, PartialEq)]
enum Value {
    Integer(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

impl Value {
    fn decode(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let value = Self::of(decoder.next_object().unwrap().unwrap());
        assert!(decoder.next_object().unwrap().is_none(), "bytes after the reply");
        value
    }

    fn of(object: Object<'_, '_>) -> Self {
        match object {
            Object::Integer(digits) => Value::Integer(digits.to_owned()),
            Object::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Object::List(mut list) => {
                let mut items = Vec::new();
                while let Some(item) = list.next_object().unwrap() {
                    items.push(Self::of(item));
                }
                Value::List(items)
            }
            Object::Dict(mut dictionary) => {
                let mut pairs = BTreeMap::new();
                while let Some((key, value)) = dictionary.next_pair().unwrap() {
                    assert!(pairs.insert(key.to_vec(), Self::of(value)).is_none());
                }
                Value::Dictionary(pairs)
            }
        }
    }

    fn integer(number: impl ToString) -> Self {
        Value::Integer(number.to_string())
    }

    fn text(text: impl ToString) -> Self {
        Value::Bytes(text.to_string().into_bytes())
    }

    fn dictionary<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Self {
        let present = pairs.into_iter().filter_map(|(key, value)| Some((key.into(), value?)));
        Value::Dictionary(present.collect())
    }
}

fn decoded(encode: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut out = Vec::new();
    encode(&mut out);
    Value::decode(&out)
}

prop_compose! {
    fn v4_peers()(peers in vec((any::<Ipv4Addr>(), any::<u16>()), 0..70)) -> Vec<CompactV4> {
        peers.into_iter().map(|(ip, port)| SocketAddrV4::new(ip, port).into()).collect()
    }
}

prop_compose! {
    fn v6_peers()(peers in vec((any::<Ipv6Addr>(), any::<u16>()), 0..70)) -> Vec<CompactV6> {
        peers.into_iter().map(|(ip, port)| SocketAddrV6::new(ip, port, 0, 0).into()).collect()
    }
}

fn expected_dictionary(ip: impl ToString, port: u16, peer_id: Option<&PeerId>) -> Value {
    Value::dictionary([
        ("ip", Some(Value::text(ip))),
        ("peer id", peer_id.map(|peer_id| Value::Bytes(peer_id.0.to_vec()))),
        ("port", Some(Value::integer(port))),
    ])
}

proptest! {
    #[test]
    fn compact_replies_give_back_their_values(
        (complete, downloaded, incomplete) in any::<(u32, u64, u32)>(),
        (interval, min_interval) in any::<(u32, u32)>(),
        external_ip in any::<Option<IpAddr>>(),
        warning in any::<Option<String>>(),
        v4 in v4_peers(),
        v6 in v6_peers(),
    ) {
        let reply = AnnounceReply {
            complete,
            downloaded,
            external_ip,
            incomplete,
            interval: Seconds(interval),
            min_interval: Seconds(min_interval),
            peers: PeerList::Compact { v4: &v4, v6: &v6 },
            warning: warning.as_deref(),
        };
        let external = external_ip.map(|ip| match ip.to_canonical() {
            IpAddr::V4(ip) => Value::Bytes(ip.octets().to_vec()),
            IpAddr::V6(ip) => Value::Bytes(ip.octets().to_vec()),
        });
        let peers = Value::Bytes(v4.iter().flat_map(|peer| peer.0).collect());
        let peers6 = Value::Bytes(v6.iter().flat_map(|peer| peer.0).collect());
        let expected = Value::dictionary([
            ("complete", Some(Value::integer(complete))),
            ("downloaded", Some(Value::integer(downloaded))),
            ("external ip", external),
            ("incomplete", Some(Value::integer(incomplete))),
            ("interval", Some(Value::integer(interval))),
            ("min interval", Some(Value::integer(min_interval))),
            ("peers", Some(peers)),
            ("peers6", (!v6.is_empty()).then_some(peers6)),
            ("warning message", warning.as_deref().map(Value::text)),
        ]);
        prop_assert_eq!(decoded(|out| reply.encode(out)), expected);
    }

    #[test]
    fn dictionary_replies_give_back_their_peers(
        v4 in v4_peers(),
        v6 in v6_peers(),
        peer_ids in vec(any::<[u8; 20]>().prop_map(PeerId), 70),
        with_ids: bool,
    ) {
        let ids = |count| if with_ids { &peer_ids[..count] } else { &[] };
        let peers = PeerList::Dictionaries {
            v4: FamilyPeers { addresses: &v4, peer_ids: ids(v4.len()) },
            v6: FamilyPeers { addresses: &v6, peer_ids: ids(v6.len()) },
        };
        let Value::Dictionary(mut reply) = decoded(|out| announce_reply(peers).encode(out)) else {
            unreachable!("a reply is a dictionary")
        };
        let v4 = v4.iter().zip(&peer_ids).map(|(peer, id)| {
            expected_dictionary(peer.ip(), peer.port(), with_ids.then_some(id))
        });
        let v6 = v6.iter().zip(&peer_ids).map(|(peer, id)| {
            expected_dictionary(peer.ip(), peer.port(), with_ids.then_some(id))
        });
        let expected = Value::List(v4.chain(v6).collect());
        prop_assert_eq!(reply.remove(b"peers".as_slice()), Some(expected));
        prop_assert!(!reply.contains_key(b"peers6".as_slice()));
    }

    #[test]
    fn scrape_replies_give_back_their_figures(
        figures in vec((any::<[u8; 20]>(), any::<[u32; 3]>(), any::<u64>(), any::<Option<String>>()), 0..70),
        interval: u32, told in any::<Option<(u32, u64, u64)>>(),
    ) {
        let entries = figures.iter().map(|(info_hash, counts, downloaded, name)| ScrapeEntry {
            info_hash: InfoHash(*info_hash),
            complete: counts[0],
            downloaded: *downloaded,
            downloaders: counts[1],
            incomplete: counts[2],
            name: name.as_deref(),
            figures: told.map(|(average_done, speed, transferred)| ScrapeFigures { average_done, speed, transferred }),
        });
        let reply = ScrapeReply {
            entries: entries.collect(),
            min_request_interval: Seconds(interval),
        };
        let files = figures.iter().map(|(info_hash, counts, downloaded, name)| {
            let unit = || told.map(|_| Value::text("B"));
            let swarm = Value::dictionary([
                ("averagedone", told.map(|told| Value::integer(told.0))),
                ("speed", told.map(|told| Value::integer(told.1))),
                ("speedunit", unit()),
                ("transferred", told.map(|told| Value::integer(told.2))),
                ("transferredunit", unit()),
                ("complete", Some(Value::integer(counts[0]))),
                ("downloaded", Some(Value::integer(downloaded))),
                ("downloaders", Some(Value::integer(counts[1]))),
                ("incomplete", Some(Value::integer(counts[2]))),
                ("name", name.as_deref().map(Value::text)),
            ]);
            (info_hash.to_vec(), swarm)
        });
        let flags = Value::dictionary([("min_request_interval", Some(Value::integer(interval)))]);
        let expected = Value::dictionary([
            ("files", Some(Value::Dictionary(files.collect()))),
            ("flags", Some(flags)),
        ]);
        prop_assert_eq!(decoded(|out| reply.encode(out)), expected);
    }

    #[test]
    fn failures_give_back_their_reason(reason: String, interval: u32) {
        let seconds = Seconds(interval);
        let failure =
            Failure { reason: &reason, retry_in: None, interval: seconds, min_interval: seconds };
        let expected = Value::dictionary([
            ("failure reason", Some(Value::text(&reason))),
            ("interval", Some(Value::integer(interval))),
            ("min interval", Some(Value::integer(interval))),
        ]);
        prop_assert_eq!(decoded(|out| failure.encode(out)), expected);
    }
}
