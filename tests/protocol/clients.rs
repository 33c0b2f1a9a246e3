//! Rules on clients, and the owner's lists of torrents, from a command or a file to each way of answering.

use std::time::Duration;

use super::both::Both;
use super::{INFO_HASH, client, counts, peers, sockets};
use crate::harness::bencode::Value;
use crate::harness::fastcgi::Responder;
use crate::harness::http::encode;
use crate::harness::installation::{Call, Installation};
use crate::harness::poll;

/// The announce of a program.
fn call(tracker: &Installation, id: &[u8; 8], user_agent: &str) -> Call {
    let mut peer_id = *b"-XX0001-000000000001";
    peer_id[..8].copy_from_slice(id);
    let query = client(1).query(&format!("peer_id={}", encode(&peer_id)));
    tracker.get("/announce", query).from("10.0.0.1").with("HTTP_USER_AGENT", user_agent)
}

#[test]
fn the_first_rule_that_means_a_client_decides() {
    let tracker = Installation::open();
    for rule in [
        &["client", "allow", "-XL0019-"][..],
        &["client", "deny", "-XL", "--reason", "it gives nothing"],
        &["client", "deny", "qBittorrent < 4.5", "--reason", "please upgrade"],
        &["client", "deny", "ua:*spy*"],
    ] {
        tracker.run(rule).done();
    }
    let refused = |id, user_agent| call(&tracker, id, user_agent).refusal();
    let text = "this tracker does not accept your BitTorrent client";
    assert_eq!(refused(b"-XL0012-", ""), format!("{text}: it gives nothing"));
    assert_eq!(refused(b"-qB4431-", ""), format!("{text}: please upgrade"));
    assert_eq!(refused(b"-TR4060-", "A SPY"), text);
    let failure = call(&tracker, b"-XL0012-", "").value();
    assert!(failure.number("retry in") > 0 && failure.number("interval") > 0, "{failure:?}");
    for (id, user_agent) in
        [(b"-XL0019-", ""), (b"-qB5220-", "qBittorrent/5.2.2"), (b"-TR4060-", "")]
    {
        let served = call(&tracker, id, user_agent).value();
        assert_eq!(served.get("failure reason"), None, "{served:?}");
    }
    tracker.run(&["client", "remove", "-XL"]).done();
    let served = call(&tracker, b"-XL0012-", "").value();
    assert_eq!(served.get("failure reason"), None, "{served:?}");
}

#[test]
fn copies_are_refused_that_their_peer_id_or_their_header_betrays() {
    let tracker = Installation::open();
    tracker.run(&["client", "deny", "class:spoof", "--reason", "say who you are"]).done();
    let is_served = |id, agent| call(&tracker, id, agent).value().get("failure reason").is_none();
    assert!(is_served(b"-qB5220-", "qBittorrent/5.2.2") && is_served(b"-qB5220-", "curl/7.81.0"));
    assert!(!is_served(b"-qB5220-", "Transmission/4.0.6"));
    assert!(!is_served(b"-TR4060-", ""), "Transmission's digits have a sum that 36 divides");
    let refusal = call(&tracker, b"-TR4060-", "").refusal();
    assert!(refusal.ends_with("client: say who you are"), "{refusal}");
}

#[test]
fn hidden_clients_are_told_of_others_and_others_not_of_them() {
    let settings = Both::all(&[]);
    for tracker in [Installation::new(&settings), Installation::in_memory(&settings)] {
        let both = Both::of(tracker);
        let id = "peer_id=-XL0019-000000000001";
        let (hidden, one, two) = (client(1).with_key("abc"), client(2), client(3).at("2001::3"));
        both.accepts(&hidden, id);
        let seen = |it: &Value| peers(it).contains(&sockets(&[&hidden])[0]);
        assert!(both.accepts(&one, "").iter().all(seen));
        both.accepts(&two, "");

        // At its next announce, over whichever family.
        both.tracker.run(&["client", "hide", "-XL"]).done();
        let follows = || {
            let _ = both.accepts(&hidden, id);
            (!both.accepts(&one, "").iter().any(seen)).then_some(())
        };
        assert!(poll(Duration::from_secs(20), follows).is_some());
        let hash: String = INFO_HASH.iter().map(|byte| format!("{byte:02x}")).collect();
        let told = both.tracker.run(&["peers", &hash]).done();
        let at_port_0: Vec<_> = told.lines().filter(|line| line.ends_with("  hidden")).collect();
        assert!(at_port_0.len() == 1 && at_port_0[0].contains(":0  "), "{told}");
        let over_ipv6 = client(1).with_key("abc").at("2001::1");
        for own in [&hidden, &over_ipv6] {
            for answer in both.accepts(own, id) {
                assert_eq!(peers(&answer), sockets(&[&one, &two]), "{answer:?}");
                assert_eq!(counts(&answer), (0, 3, 0), "it is counted once: {answer:?}");
            }
        }
        for (asker, other) in [(&one, &two), (&two, &one)] {
            for answer in both.accepts(asker, "") {
                assert_eq!(peers(&answer), sockets(&[other]), "{answer:?}");
            }
        }
        let [_, answer] = both.accepts(&hidden, &format!("{id}&event=completed&left=0"));
        assert_eq!(counts(&answer), (1, 2, 1), "its download counts");
        let url = format!("/announce?{}", hidden.query(id));
        let told = both.tracker.run(&["explain", &url, "--from", "10.0.0.1"]).done();
        let says = ["rule 1 (hide -XL)", "the client is hidden"];
        assert!(says.iter().all(|it| told.contains(it)), "{told}");
        both.accepts(&hidden, &format!("{id}&event=stopped"));
        assert!(both.accepts(&one, "").iter().all(|it| counts(it) == (0, 2, 1)));
    }
}

#[test]
fn allowing_only_some_means_to_deny_all_others_at_the_end() {
    let tracker = Installation::open();
    tracker.run(&["client", "allow", "Transmission >= 3"]).done();
    tracker.run(&["client", "deny", "*", "--reason", "only Transmission 3 and up"]).done();
    let is_served = |id| call(&tracker, id, "").value().get("failure reason").is_none();
    assert!(is_served(b"-TR4060-") && is_served(b"-TR3000-"));
    assert!(!is_served(b"-TR2940-") && !is_served(b"-qB5220-") && !is_served(b"-TR00?0-"));
}

#[test]
fn a_responder_that_is_running_follows_rules_on_clients_within_a_second() {
    let tracker = Installation::open();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let query = client(1).query("");
    let is_refused = || responder.get("/announce", &query).text().contains("does not accept");
    assert!(!is_refused());
    for (change, wanted) in [("deny", true), ("remove", false)] {
        tracker.run(&["client", change, "-XX"]).done();
        let followed = poll(Duration::from_secs(20), || (is_refused() == wanted).then_some(()));
        assert!(followed.is_some(), "{change}");
    }
}

#[test]
fn a_client_that_is_refused_meanwhile_may_leave() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "");
    tracker.run(&["client", "deny", "-XX"]).done();
    assert!(client(1).refused(&tracker, "").contains("does not accept"));
    client(1).announce(&tracker, "event=stopped");
    tracker.run(&["client", "remove", "-XX"]).done();
    assert_eq!(client(2).announce(&tracker, "").number("incomplete"), 1, "only itself");
}

#[test]
fn unknown_clients_are_refused_where_the_owner_says_so_unless_a_rule_allows_them() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "clients.identify = true"]);
    let refusal = call(&tracker, b"-ZZ0001-", "").refusal();
    assert_eq!(
        refusal,
        "this tracker does not know your BitTorrent client, and accepts known ones only"
    );
    let is_served = |id| call(&tracker, id, "").value().get("failure reason").is_none();
    assert!(is_served(b"-qB5220-"));
    tracker.run(&["client", "allow", "-ZZ"]).done();
    assert!(is_served(b"-ZZ0001-") && !is_served(b"-YY0001-"));
}

#[test]
fn clients_that_ask_for_dictionaries_are_refused_where_the_owner_says_so() {
    let tracker =
        Installation::new(&["tracker.torrents = 'open'", "clients.require_compact = true"]);
    let refusal = client(1).refused(&tracker, "compact=0");
    assert_eq!(
        refusal,
        "this tracker answers only clients that ask for compact replies (compact=1)"
    );
    client(1).announce(&tracker, "compact=1");
    client(1).announce(&tracker, "");
}

#[test]
fn lists_of_info_hashes_say_what_is_tracked_beside_the_folder() {
    let lists = ["access.allow_list = '../data/allowed'", "access.deny_list = '../data/denied'"];
    let tracker = Installation::new(&lists);
    let write = |name: &str, text: &str| {
        std::fs::write(tracker.path(format!("data/{name}")), text).expect("a list");
    };
    let hash = |number: u8| [number; 20];
    let hex = |number: u8| format!("{number:02x}").repeat(20);
    let torrent = tracker.add("in-the-folder", 1000);
    let in_the_folder: String =
        torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    write("allowed", &format!("# ours\n{} a comment\n{}\nhm\n", hex(1), hex(2)));
    write("denied", &format!("{}\n{in_the_folder}\n", hex(2)));
    let told = tracker.refresh();
    let told = format!("{}{}", told.output, told.errors);
    assert!(told.contains("data/allowed: line 4 is no info-hash"), "{told}");
    client(1).of(hash(1)).announce(&tracker, "");
    let denied = "the owner of this tracker does not let that torrent be tracked";
    assert_eq!(client(1).of(hash(2)).refused(&tracker, ""), denied);
    assert_eq!(client(1).of(torrent.info_hash).refused(&tracker, ""), denied);
    let unlisted = "this tracker does not track that torrent";
    assert_eq!(client(1).of(hash(3)).refused(&tracker, ""), unlisted);

    // An unknown torrent that is listed meanwhile works at its next announce, as one that is dropped in.
    write("allowed", &format!("{}\n{}\n", hex(1), hex(3)));
    client(1).of(hash(3)).announce(&tracker, "");

    // What cannot be read counts as it was.
    std::fs::remove_file(tracker.path("data/denied")).expect("a list");
    std::fs::remove_file(tracker.path("data/allowed")).expect("a list");
    let told = tracker.refresh();
    let told = format!("{}{}", told.output, told.errors);
    assert!(told.contains("which deny_list in [access] names"), "{told}");
    client(1).of(hash(1)).announce(&tracker, "");
    assert_eq!(client(1).of(hash(2)).refused(&tracker, ""), denied);
    write("denied", "");
    write("allowed", "");
    tracker.refresh();
    client(1).of(torrent.info_hash).announce(&tracker, "");
    assert_eq!(client(1).of(hash(1)).refused(&tracker, ""), unlisted);
}

#[test]
fn a_denied_torrent_is_not_tracked_by_an_open_tracker_either() {
    let settings = ["tracker.torrents = 'open'", "access.deny_list = '../data/denied'"];
    let tracker = Installation::new(&settings);
    std::fs::write(tracker.path("data/denied"), "07".repeat(20)).expect("a list");
    tracker.refresh();
    client(1).announce(&tracker, "");
    assert!(client(1).of([7; 20]).refused(&tracker, "").contains("does not let that torrent"));
}
