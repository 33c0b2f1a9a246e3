//! How often addresses may ask, over all processes of a host: a CGI and a responder, with both kinds of store.

use super::both::Both;
use super::{client, counts, peers, sockets};
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
