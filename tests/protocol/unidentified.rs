//! Addresses that are banned for a time because clients there do not say which program they are.

use std::time::Duration;

use super::both::Both;
use super::{Client, client};
use crate::harness::installation::Installation;
use crate::harness::poll;

/// A program that nobody knows.
const UNKNOWN: &str = "peer_id=-ZZ0001-000000000001";

const REFUSED: &str =
    "this tracker does not know your BitTorrent client, and accepts known ones only";

const BANNED: &str = "your address is banned from this tracker: clients there kept announcing without \
                      saying which program they are";

/// Waits until both ways of answering refuse a known client as banned.
fn wait_until_banned(both: &Both, client: &Client) {
    let is_banned = || {
        let answers = both.announce(client, "");
        let is_banned = answers.iter().all(|it| it.get("failure reason").is_some());
        is_banned.then_some(())
    };
    assert!(poll(Duration::from_secs(20), is_banned).is_some(), "{client:?}");
    both.refuses(client, "", BANNED);
}

fn listed(both: &Both) -> serde_json::Value {
    both.tracker.run(&["ban", "list", "--json"]).json()
}

#[test]
fn refusals_of_all_processes_count_and_the_ban_is_one_that_the_owner_sees_and_ends() {
    let settings =
        Both::all(&["clients.identify = true", "clients.ban_after = 3", "clients.ban_for = '2h'"]);
    for tracker in [Installation::new(&settings), Installation::in_memory(&settings)] {
        let both = Both::of(tracker);
        let (here, elsewhere) = (client(1).at("8.8.8.8"), client(2).at("8.8.8.9"));
        both.refuses(&here, UNKNOWN, REFUSED);
        let head = here.call(&both.tracker, UNKNOWN).method("HEAD");
        assert!(head.send().reply.body.is_empty());
        assert_eq!(here.call(&both.tracker, UNKNOWN).refusal(), REFUSED);
        both.accepts(&here, "");
        both.refuses(&elsewhere, UNKNOWN, REFUSED);
        assert_eq!(listed(&both), serde_json::json!([]));

        // By a CGI, which does it in a process of its own.
        assert_eq!(here.call(&both.tracker, UNKNOWN).refusal(), REFUSED);
        wait_until_banned(&both, &here);
        both.accepts(&elsewhere, "");
        let url = format!("/announce?{}", client(5).query(UNKNOWN));
        for (from, counts) in [
            ("8.8.4.4", "a real one counts towards a ban of 8.8.4.4 (ban_after)"),
            ("10.0.0.5", "it does not count towards a ban (ban_after)"),
        ] {
            let told = both.tracker.run(&["explain", &url, "--from", from]).done();
            assert!(told.contains(counts), "{from}: {told}");
        }
        let bans = listed(&both);
        assert_eq!((&bans[0]["range"], &bans[0]["list"]), (&"8.8.8.8".into(), &"automatic".into()));
        let number = |key: &str| bans[0][key].as_u64().expect("a time");
        assert_eq!((bans[1].is_null(), number("until") - number("since")), (true, 7200));
        let told = both.tracker.run(&["ban", "list"]).done();
        assert!(
            told.contains("automatic: clients there kept") && told.contains("ends in"),
            "{told}"
        );

        // By a responder. Of IPv6 a /64 is banned.
        let ipv6 = client(3).at("2a00::3");
        for _ in 0..4 {
            both.responder.get_from("2a00::1", "/announce", &ipv6.query(UNKNOWN));
        }
        wait_until_banned(&both, &ipv6);
        both.accepts(&client(4).at("2a00:0:0:1::1"), "");
        assert_eq!(listed(&both)[1]["range"], "2a00::/64");

        both.tracker.run(&["ban", "remove", "8.8.8.8"]).done();
        let is_served = || {
            let answers = both.announce(&here, "");
            answers.iter().all(|it| it.get("failure reason").is_none()).then_some(())
        };
        assert!(poll(Duration::from_secs(20), is_served).is_some());
        both.tracker.run(&["ban", "remove", "--list", "automatic"]).done();
        assert_eq!(listed(&both), serde_json::json!([]));
    }
}

#[test]
fn nobody_is_banned_for_what_others_have_a_program_fetch_nor_a_proxy_for_its_clients() {
    let settings = ["clients.identify = true", "clients.ban_after = 1"];
    let both = Both::with(&settings);
    let here = client(1).at("8.8.8.8");
    let try_with = |name: &str, value: &str| {
        let call = here.call(&both.tracker, UNKNOWN).with(name, value);
        assert_eq!(call.refusal(), REFUSED, "{name}: {value}");
    };
    for (name, value) in [
        ("HTTP_RANGE", "bytes=0-16383"),
        ("HTTP_REFERER", "https://forum.example/"),
        ("HTTP_SEC_FETCH_SITE", "cross-site"),
        ("HTTP_USER_AGENT", "qBittorrent/5.0.1"),
        ("HTTP_USER_AGENT", "Mozilla/5.0"),
        ("HTTP_X_FORWARDED_FOR", "9.9.9.9"),
        ("HTTP_VIA", "1.1 proxy"),
    ] {
        for _ in 0..3 {
            try_with(name, value);
        }
    }
    assert_eq!(listed(&both), serde_json::json!([]));
    both.accepts(&here, "");
    for _ in 0..3 {
        try_with("HTTP_ACCEPT", "*/*");
    }
    wait_until_banned(&both, &here);
}
