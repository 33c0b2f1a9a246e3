//! How often addresses may ask, over all processes of a host: a CGI and a responder, with both kinds of store.

use super::both::Both;
use super::{client, counts, peers, sockets};
use crate::harness::bencode::{self, Value};
use crate::harness::http::encode;
use crate::harness::installation::Installation;

/// A CGI and a responder with peers in a file, and with peers in shared memory.
fn both_kinds(settings: &[&str]) -> [Both; 2] {
    let settings = Both::all(settings);
    [Installation::new(&settings), Installation::in_memory(&settings)].map(Both::of)
}

#[test]
fn announces_that_come_too_early_are_answered_and_not_counted() {
    for both in both_kinds(&["limits.announces = 1", "limits.announces_at_once = 4"]) {
        let (one, two, three) = (client(1), client(2), client(3));
        // Each is sent twice: there is no token left then.
        both.accepts(&one, "");
        both.accepts(&two, "event=started");
        for early in [&three, &one] {
            for more in ["", "event=started", "left=0&event=completed"] {
                for answer in both.accepts(early, more) {
                    assert_eq!(counts(&answer), (0, 2, 0), "{early:?} {more}: {answer:?}");
                    assert!((1800..=1980).contains(&answer.number("interval")), "{answer:?}");
                    assert_eq!(answer.number("min interval"), 300);
                    let others: Vec<_> =
                        [&one, &two].into_iter().filter(|other| other.port != early.port).collect();
                    assert_eq!(peers(&answer), sockets(&others));
                }
            }
        }
        let elsewhere = client(4).at("10.0.1.4");
        for answer in both.accepts(&elsewhere, "") {
            assert_eq!(counts(&answer), (0, 3, 0), "another /24: {answer:?}");
        }
        let [answer, again] = both.accepts(&one, "event=stopped");
        assert_eq!((counts(&answer), counts(&again)), ((0, 2, 0), (0, 2, 0)), "who stops");
    }
}

#[test]
fn addresses_that_are_exempt_may_announce_as_often_as_they_like() {
    let exempt = "limits.exempt = ['10.0.0.0/30']";
    let settings = ["limits.announces = 1", "limits.announces_at_once = 1", exempt];
    for both in both_kinds(&settings) {
        for number in [1, 2, 3] {
            both.accepts(&client(number), "");
        }
        both.accepts(&client(8), "");
        let [answer, _] = both.accepts(&client(9), "");
        assert_eq!(counts(&answer), (0, 4, 0), "{answer:?}");
    }
}

/// What a full scrape from an address gives, by the CGI or by the responder.
fn scrape_all(both: &Both, by_responder: bool, address: &str) -> Value {
    if by_responder {
        let reply = both.responder.get_from(address, "/scrape", "");
        bencode::parse(&reply.body).expect("a bencoded answer")
    } else {
        both.tracker.get("/scrape", String::new()).from(address).value()
    }
}

#[test]
fn an_address_scrapes_all_torrents_once_in_a_while() {
    let settings = ["limits.full_scrape_pause = 3000", "limits.exempt = ['192.0.2.9']"];
    for both in both_kinds(&settings) {
        let hash = client(1).info_hash;
        both.accepts(&client(1), "");
        let answer = scrape_all(&both, false, "192.0.2.1");
        assert!(answer.get("files").is_some_and(|files| files.get(hash).is_some()), "{answer:?}");
        assert_eq!(answer.get("flags").expect("flags").number("min_request_interval"), 3000);
        for by_responder in [true, false] {
            let refused = scrape_all(&both, by_responder, "192.0.2.1");
            let reason = String::from_utf8_lossy(refused.bytes("failure reason")).into_owned();
            assert!(reason.contains("please try again later"), "{reason}");
            assert_eq!(refused.number("retry in"), 50);
            assert_eq!(refused.get("files"), None, "none would say that all torrents are gone");
        }
        for (by_responder, address) in
            [(true, "192.0.2.2"), (true, "192.0.2.9"), (false, "192.0.2.9")]
        {
            let answer = scrape_all(&both, by_responder, address);
            assert!(answer.get("files").is_some(), "{address}: {answer:?}");
        }
        let named = format!("info_hash={}", encode(&hash));
        let answer = both.tracker.get("/scrape", named).from("192.0.2.1").value();
        assert_eq!(answer.get("flags").expect("flags").number("min_request_interval"), 300);
    }
}
