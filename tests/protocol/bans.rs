//! Bans: addresses that may not announce, from a command to each way of answering.

use super::client;
use crate::harness::fastcgi::Responder;
use crate::harness::installation::Installation;

#[test]
fn a_banned_address_is_told_why_and_all_others_are_served() {
    let tracker = Installation::open();
    tracker.run(&["ban", "add", "10.0.0.1", "2001:db8::/32", "--reason", "floods"]).done();
    let refusal = "your address is banned from this tracker: floods";
    for banned in [client(1), client(2).over_ipv6(), client(3).at("::ffff:10.0.0.1")] {
        assert_eq!(banned.refused(&tracker, ""), refusal);
        let failure = banned.call(&tracker, "").value();
        assert_eq!(failure.number("retry in"), 60);
    }
    let swarm = client(4).announce(&tracker, "");
    assert_eq!(swarm.number("incomplete"), 1, "nobody of them came in");
    tracker.run(&["ban", "remove", "10.0.0.1"]).done();
    client(1).announce(&tracker, "");
    assert_eq!(client(2).over_ipv6().refused(&tracker, ""), refusal);
}

#[test]
fn a_ban_for_a_time_is_over_then() {
    let tracker = Installation::open();
    tracker.run(&["ban", "add", "10.0.0.0/24", "--for", "2m"]).done();
    let failure = client(1).call(&tracker, "").value();
    assert_eq!(client(1).refused(&tracker, ""), "your address is banned from this tracker");
    assert!((1..=2).contains(&failure.number("retry in")), "{failure:?}");
    tracker.run(&["ban", "add", "10.0.0.0/24", "--for", "1s"]).done();
    let served = crate::harness::poll(std::time::Duration::from_secs(20), || {
        let answer = client(1).call(&tracker, "").value();
        answer.get("failure reason").is_none().then_some(())
    });
    assert!(served.is_some());
}

#[test]
fn a_responder_that_is_running_follows_within_a_second() {
    let tracker = Installation::open();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let query = client(1).query("");
    let is_refused = || responder.get("/announce", &query).text().contains("is banned");
    assert!(!is_refused());
    let address = crate::harness::fastcgi::CLIENT;
    for (change, wanted) in [("add", true), ("remove", false)] {
        tracker.run(&["ban", change, address]).done();
        let followed = crate::harness::poll(std::time::Duration::from_secs(20), || {
            (is_refused() == wanted).then_some(())
        });
        assert!(followed.is_some(), "{change}");
    }
}

#[test]
fn bans_last_through_refreshes_and_a_torrent_that_is_dropped_in() {
    let tracker = Installation::listed();
    tracker.run(&["ban", "add", "10.0.0.1"]).done();
    tracker.refresh();
    let torrent = tracker.add("a", 1000);
    client(2).of(torrent.info_hash).announce(&tracker, "");
    let refusal = client(1).of(torrent.info_hash).refused(&tracker, "");
    assert!(refusal.contains("is banned"), "{refusal}");
}

#[test]
fn a_peer_that_was_banned_meanwhile_may_leave() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "");
    tracker.run(&["ban", "add", "10.0.0.1"]).done();
    assert!(client(1).refused(&tracker, "").contains("is banned"));
    client(1).announce(&tracker, "event=stopped");
    assert_eq!(client(2).announce(&tracker, "").number("incomplete"), 1, "only itself");
}
