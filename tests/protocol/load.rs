//! More announces than the owner wants: clients come less often, and what can be done without is left
//! out.

use super::{Client, client, peers};
use crate::harness::bencode::Value;
use crate::harness::installation::Installation;

const MANY: &[&str] = &["tracker.torrents = 'open'", "tracker.high_load = 1"];

/// Announces until that is too much for the tracker, and returns the answer that says so.
fn too_much(tracker: &Installation) -> Value {
    let mut answers = (0..1000).map(|_| client(1).announce(tracker, "short=1"));
    let high = answers.find(|answer| answer.number("interval") > 1800);
    high.expect("more than sixty announces a minute, counted by chance")
}

fn metrics(tracker: &Installation) -> String {
    let reply = tracker.get("/metrics", "").send().reply;
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    reply.text().to_string()
}

fn high_load_is_felt_and_told(tracker: &Installation) {
    assert_eq!(client(1).announce(tracker, "").number("min interval"), 300);
    assert!(client(1).announce(tracker, "short=1").number("interval") <= 132);
    let answer = too_much(tracker);
    assert!((1801..=2640).contains(&answer.number("interval")), "{answer:?}");
    assert!((301..=400).contains(&answer.number("min interval")), "{answer:?}");

    let crowd: Vec<Client> = (2..=60).map(client).collect();
    crowd.iter().for_each(|peer| drop(peer.announce(tracker, "")));
    let answer = client(1).announce(tracker, "numwant=100&compact=0");
    assert_eq!(peers(&answer).len(), 50, "numwant, and in the compact form");

    let refusal = tracker.get("/scrape", "").value();
    let reason = refusal.bytes("failure reason").escape_ascii().to_string();
    assert!(reason.contains("busy"), "{reason}");
    assert_eq!(refusal.number("retry in"), 5);

    let stats = tracker.run(&["stats", "--json"]).json();
    assert_eq!(stats["load"]["high"], true, "{stats}");
    assert!(tracker.run(&["stats"]).done().contains("load is high"));
    tracker.refresh();
    let fragment = tracker.text("www/torrents/bt_stats.inc");
    assert!(fragment.contains("a second; they are asked to come every"), "{fragment}");
    let text = metrics(tracker);
    assert!(text.contains("\ntracker_high_load 1\n"), "{text}");
}

#[test]
fn high_load_is_felt_and_told_by_all_parts() {
    high_load_is_felt_and_told(&Installation::new(MANY));
}

#[test]
fn high_load_is_felt_and_told_where_peers_are_in_memory() {
    high_load_is_felt_and_told(&Installation::in_memory(MANY));
}

#[test]
fn without_a_limit_no_load_is_high() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "tracker.high_load = 0"]);
    (0..150).for_each(|_| drop(client(1).announce(&tracker, "")));
    assert!(client(1).announce(&tracker, "").number("interval") <= 1980);
    assert_eq!(tracker.get("/scrape", "").value().get("failure reason"), None);
    let text = metrics(&tracker);
    assert!(text.contains("\ntracker_interval_seconds 1800\n"), "{text}");
    assert!(text.contains("\ntracker_high_load 0\n"), "{text}");
    let fragment = tracker.text("www/torrents/bt_stats.inc");
    assert!(!fragment.contains("asked to come"), "{fragment}");
}
