//! Names that strangers have given reach terminals and logs: they steer none, and forge no line.

use std::fs;
use std::time::Duration;

use crate::harness::fastcgi::Responder;
use crate::harness::http::encode;
use crate::harness::installation::{ANNOUNCE_URL, Installation, Ran};
use crate::harness::poll;
use crate::harness::torrent::Torrent;

/// It clears the screen in two ways, begins a line that looks like ours, and turns round what follows.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}2J\ntracker: error: b\r\u{7f}\u{85}\u{202e}c\u{2066}";

/// Whether a text has nothing but what may go to a terminal, and each of its lines is ours.
fn is_harmless(text: &str) -> bool {
    let harmful = |c: char| {
        c != '\n' && c.is_control() || "\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(c)
    };
    !text.contains(harmful) && !text.contains("\ntracker: error: b")
}

fn assert_harmless(ran: &Ran, what: &[&str]) {
    assert!(is_harmless(&ran.output) && is_harmless(&ran.errors), "{what:?}: {ran:?}");
}

/// A tracker whose folder holds a torrent of that name, in a file of that name, and a broken one.
fn tracker() -> (Installation, Torrent) {
    let tracker = Installation::listed();
    let torrent = Torrent::new(HOSTILE, 1000, ANNOUNCE_URL);
    tracker.drop_in(torrent.file_name(), &torrent.metainfo);
    tracker.drop_in(format!("broken {HOSTILE}.torrent"), b"nonsense");
    (tracker, torrent)
}

#[test]
fn no_command_hands_them_on() {
    let (tracker, torrent) = tracker();
    assert_harmless(&tracker.refresh(), &["refresh"]);
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let query = format!(
        "info_hash={}&peer_id=-%1B%9B%0A001-000000000001&port=1&left=0",
        encode(&torrent.info_hash)
    );
    tracker.get("/announce", query).value();
    let file = tracker.path("www/torrents").join(torrent.file_name()).display().to_string();
    let broken =
        tracker.path(format!("www/torrents/broken {HOSTILE}.torrent")).display().to_string();
    // Wrong usage is told over several lines.
    let one_line = HOSTILE.replace('\n', "");
    for command in [
        &["torrent", "list"][..],
        &["torrent", "show", &hash],
        &["torrent", "show", HOSTILE],
        &["torrent", "show", &format!("no {HOSTILE}")],
        &["torrent", "verify", &file, &broken],
        &["stats"],
        &["peers", &hash],
        &["peers", HOSTILE],
        &["refresh", "--force"],
        &["doctor", "--offline"],
        &["--config", HOSTILE, "config", "check"],
        &["store", "migrate", "--to", &one_line],
        &[&one_line],
    ] {
        assert_harmless(&tracker.run(command), command);
        let json = [command, &["--json"]].concat();
        assert_harmless(&tracker.run(&json), &json);
    }
    let shown = tracker.run(&["torrent", "show", &hash]).done();
    let file =
        "a\\u{1b}[2J\\u{9b}2J\\ntracker: error: b\\r\\u{7f}\\u{85}\\u{202e}c\\u{2066}.torrent";
    assert!(shown.contains(file), "{shown}");
    let shown = tracker.run(&["torrent", "show", &hash, "--json"]).json();
    assert_eq!(shown["file"], torrent.file_name(), "escaped, and the same");
}

#[test]
fn no_log_does() {
    let (tracker, _) = tracker();
    // By a CGI, which shows what the refresh after it had to say.
    let text = tracker.text("conf/tracker.toml").replace("on_request = false", "on_request = true");
    fs::write(tracker.path("conf/tracker.toml"), text).expect("a configuration");
    let first = tracker.get("/stats", "").send();
    let published = || tracker.path("data/policy.snapshot").exists().then_some(());
    poll(Duration::from_secs(20), published).expect("a refresh after the reply");
    tracker.wait_for_a_refresh_to_end();
    let log = tracker.text("data/refresh.log");
    assert!(is_harmless(&first.log) && is_harmless(&log), "{first:?} {log}");
    // By a responder that takes in what was dropped in.
    let (tracker, torrent) = self::tracker();
    let responder = Responder::start(&tracker, &[]);
    let query = format!(
        "info_hash={}&peer_id=-XX0001-000000000001&port=1&left=0",
        encode(&torrent.info_hash)
    );
    assert!(responder.get("/announce", &query).text().contains("8:complete"));
    let log = responder.process.output();
    assert!(is_harmless(&log) && log.contains("\\u{9b}"), "{log}");
    // Of a configuration that cannot be read.
    let missing = tracker.path(HOSTILE);
    let answer = tracker.get("/announce", "").with("TRACKER_CONFIG", missing).send();
    assert!(is_harmless(&answer.log) && answer.log.lines().count() == 1, "{answer:?}");
}
