//! Switches that close the tracker or parts of it while it runs.

use std::time::Duration;

use super::both::Both;
use super::{Client, client, peers};
use crate::harness::bencode;
use crate::harness::http::Reply;
use crate::harness::installation::Installation;
use crate::harness::poll;

/// The replies of the CGI and of the responder to a GET from an address.
fn both_replies(both: &Both, address: &str, path: &str, query: &str) -> [Reply; 2] {
    let cgi = both.tracker.get(path, query).from(address).send().reply;
    [cgi, both.responder.get_from(address, path, query)]
}

#[test]
fn an_offline_tracker_tells_its_message_and_when_to_ask_again() {
    let both = Both::with(&[]);
    both.accepts(&client(1), "");
    let offline = ["access.offline_message = 'back on Monday'", "access.offline_retry = '2h'"];
    both.follow(&offline, &client(1), "back on Monday");
    both.refuses(&client(1), "", "back on Monday");
    both.refuses(&client(1), "event=stopped", "back on Monday");
    for path in ["/announce", "/scrape"] {
        for reply in both_replies(&both, "10.0.0.1", path, &client(1).query("")) {
            let answer = bencode::parse(&reply.body).expect("a bencoded answer");
            assert_eq!(answer.bytes("failure reason"), b"back on Monday", "{path}: {answer:?}");
            let waits = ["interval", "min interval", "retry in"].map(|key| answer.number(key));
            assert_eq!((reply.status, waits), (200, [7200, 7200, 120]), "{path}");
        }
    }
    both.follow(&[], &client(1), "8:complete");
    assert_eq!(both.accepts(&client(2), "")[0].number("incomplete"), 2, "nobody was forgotten");
}

#[test]
fn a_host_that_was_a_tracker_says_never_to_ask_again() {
    let both = Both::with(&[]);
    for (gone, status) in [("200", 200), ("410", 410)] {
        both.follow(&[&format!("access.gone = '{gone}'")], &client(1), "no longer a tracker");
        for path in ["/announce", "/scrape"] {
            for reply in both_replies(&both, "10.0.0.1", path, &client(1).query("")) {
                assert_eq!(reply.status, status, "{reply:?}");
                let answer = bencode::parse(&reply.body).expect("a bencoded answer");
                assert_eq!(answer.bytes("retry in"), b"never", "{answer:?}");
                assert_eq!(answer.number("interval"), 7 * 24 * 3600, "{answer:?}");
            }
        }
        both.follow(&["access.gone = 'no'"], &client(1), "8:complete");
    }
}

#[test]
fn statistics_are_shown_to_the_addresses_that_the_owner_names() {
    let both = Both::with(&[
        "access.stats_from = ['192.0.2.0/24', '2001:db8::/32']",
        "access.metrics_from = ['127.0.0.1']",
    ]);
    both.tracker.refresh();
    for (path, address, status) in [
        ("/stats", "192.0.2.9", 200),
        ("/stats", "2001:db8::7", 200),
        ("/stats", "::ffff:192.0.2.9", 200),
        ("/stats", "198.51.100.1", 403),
        ("/stats", "127.0.0.1", 403),
        ("/stats", "", 403),
        ("/metrics", "127.0.0.1", 200),
        ("/metrics", "192.0.2.9", 403),
    ] {
        for reply in both_replies(&both, address, path, "") {
            assert_eq!(reply.status, status, "{path} {address:?}: {reply:?}");
            let is_refused = reply.text().contains("does not show this to your address");
            assert_eq!(is_refused, status == 403, "{path} {address:?}");
        }
    }
    both.accepts(&client(1), "");
}

#[test]
fn statistics_are_for_all_by_default() {
    let both = Both::with(&[]);
    both.tracker.refresh();
    for path in ["/stats", "/metrics"] {
        for reply in both_replies(&both, "198.51.100.1", path, "") {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    }
}

#[test]
fn load_is_high_when_the_owner_says_so() {
    let both = Both::with(&["tracker.high_load_now = true"]);
    let crowd: Vec<_> = (1..=60).map(client).collect();
    crowd.iter().for_each(|peer| drop(peer.announce(&both.tracker, "")));
    for answer in both.accepts(&client(100), "numwant=100&compact=0&short=1") {
        assert!((2400..=2640).contains(&answer.number("interval")), "{answer:?}");
        assert_eq!(answer.number("min interval"), 400, "{answer:?}");
        assert_eq!(peers(&answer).len(), 50, "numwant, and in the compact form");
    }
    for reply in both_replies(&both, "10.0.0.1", "/scrape", "") {
        assert!(reply.text().contains("busy"), "{reply:?}");
    }
    for reply in both_replies(&both, "10.0.0.1", "/metrics", "") {
        assert!(reply.text().contains("\ntracker_high_load 1\n"), "{reply:?}");
    }
    assert!(both.tracker.run(&["stats"]).done().contains("load is high"));
}

#[test]
fn scrapes_are_switched_off_while_a_responder_runs() {
    let both = Both::with(&[]);
    both.accepts(&client(1), "");
    let is_answered = |query: &str| {
        both_replies(&both, "10.0.0.1", "/scrape", query)
            .map(|reply| reply.text().starts_with("d5:files"))
    };
    let named = client(1).query("");
    assert_eq!([is_answered(&named), is_answered("")], [[true; 2]; 2]);
    for (setting, expected) in [
        ("tracker.full_scrape = false", [[true; 2], [false; 2]]),
        ("tracker.scrape = false", [[false; 2]; 2]),
    ] {
        // The announce shows when the responder has read it.
        let settings = [setting, "network.refused_ports = [10001]"];
        both.follow(&settings, &client(1), "takes no peers at port");
        assert_eq!([is_answered(&named), is_answered("")], expected, "{setting}");
        both.follow(&[setting], &client(1), "8:complete");
    }
}

#[test]
fn a_switch_that_is_written_wrong_is_named() {
    let tracker = Installation::new(&["access.gone = 'yes'"]);
    let said = tracker.run(&["config", "check"]).failure();
    assert!(said.contains("`gone` in [access]") && said.contains("\"410\""), "{said}");
}

/// Waits until the responder answers a client that sends this with that in the reply.
fn in_force(both: &Both, (client, more): (&Client, &str), expected: &str) {
    let address = client.address.to_string();
    let says = || {
        let reply = both.responder.get_from(&address, "/announce", &client.query(more));
        reply.text().contains(expected).then_some(())
    };
    assert!(poll(Duration::from_secs(20), says).is_some(), "{expected}");
}

#[test]
fn what_is_set_over_the_configuration_counts_until_it_is_reset() {
    let both = Both::with(&["clients.identify = true"]);
    let run = |arguments: &[&str]| both.tracker.run(&[&["switch"], arguments].concat()).done();
    let known = client(1);
    both.accepts(&known, "");
    run(&["set", "offline_message", "back on Monday"]);
    run(&["set", "offline_retry", "2h"]);
    in_force(&both, (&known, ""), "8:intervali7200e");
    both.refuses(&known, "", "back on Monday");
    let explained = both.tracker.run(&["explain", &format!("/announce?{}", known.query(""))]);
    assert!(explained.output.contains("back on Monday"), "{}", explained.output);
    let checked = both.tracker.run(&["doctor", "--offline"]).output;
    assert!(checked.contains("tracker switch reset offline_message"), "{checked}");
    run(&["reset", "offline_message", "offline_retry"]);
    in_force(&both, (&known, ""), "8:complete");
    both.accepts(&known, "");
    let unknown = || {
        let query =
            format!("info_hash={}&peer_id=-ZZ0001-000000000001&port=1&left=0", "%01".repeat(20));
        both_replies(&both, "10.0.0.9", "/announce", &query)
            .map(|reply| reply.text().contains("failure reason"))
    };
    assert_eq!(unknown(), [true; 2]);
    run(&["set", "identify", "off"]);
    run(&["set", "require_compact", "on"]);
    in_force(&both, (&known, "compact=0"), "failure reason");
    for answer in both.announce(&known, "compact=0") {
        let told = String::from_utf8_lossy(answer.bytes("failure reason")).into_owned();
        assert!(told.contains("compact"), "{told}");
    }
    assert_eq!(unknown(), [false; 2]);
    run(&["set", "high_load_now", "on"]);
    run(&["set", "scrape", "off"]);
    in_force(&both, (&known, ""), "12:min intervali400e");
    for answer in both.accepts(&known, "") {
        assert_eq!(answer.number("min interval"), 400, "{answer:?}");
    }
    for reply in both_replies(&both, "10.0.0.1", "/scrape", &known.query("")) {
        assert!(reply.text().contains("does not answer scrapes"), "{reply:?}");
    }
    assert!(both.tracker.run(&["stats"]).done().contains("load is high"));
}

#[test]
fn a_tracker_that_the_configuration_closes_is_opened() {
    let both = Both::with(&["access.offline_message = 'closed'"]);
    both.refuses(&client(1), "", "closed");
    both.tracker.run(&["switch", "set", "offline_message", ""]).done();
    in_force(&both, (&client(1), ""), "8:complete");
    both.accepts(&client(1), "");
}
