//! Bad input and broken surroundings: every client gets a reason that gives nothing of the machine
//! away, and the owner's log has the story.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::{client, counts, peers, scraped};
use crate::harness::http::encode;
use crate::harness::installation::{Answer, Installation};
use crate::harness::site::as_the_server;
use crate::harness::{executable, poll};
use crate::responder::has_time;

const TROUBLE: &str =
    "the tracker has a problem of its own and has told its owner; please try again later";

/// Makes sure that a client learns nothing of the machine.
fn assert_discreet(tracker: &Installation, answer: &Answer) {
    let text = answer.reply.text();
    let folder = tracker.path("").display().to_string();
    for secret in [folder.trim_end_matches('/'), "/tmp", ".db", ".toml", "sqlite", "SQLite"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// A refusal with `reason`, and one line or more about `story` in the log only.
fn assert_trouble(tracker: &Installation, answer: &Answer, reason: &str, story: &str) {
    assert_eq!(answer.refusal(), reason, "{answer:?}");
    assert_discreet(tracker, answer);
    assert!(answer.log.contains("tracker: error: "), "{answer:?}");
    assert!(answer.log.contains(story), "{answer:?}");
}

/// What may lie in the place of a file: garbage, nothing, the beginning of something, and another
/// program's database.
fn impostors() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("foreign.db");
    let foreign = rusqlite::Connection::open(&path).expect("a database");
    foreign
        .execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');")
        .expect("a table");
    drop(foreign);
    let garbage = (0..20_000_u32).map(|number| (number * number % 251) as u8).collect();
    vec![
        ("garbage", garbage),
        ("empty", Vec::new()),
        ("beginning", b"SQLite format 3\0".to_vec()),
        ("foreign", fs::read(&path).expect("a database")),
    ]
}

/// Puts something in the place of a database.
fn replace(tracker: &Installation, name: &str, content: &[u8]) {
    for ending in ["-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(tracker.path(format!("{name}{ending}")));
    }
    fs::write(tracker.path(name), content).expect("a file");
}

#[test]
fn a_query_beyond_the_limit_is_refused_with_a_reason() {
    let tracker = Installation::open();
    let padded = |query: String, length: usize| {
        format!("{query}&x={}", "x".repeat(length - query.len() - 3))
    };
    let announce = client(1).query("");
    assert_eq!(
        counts(&tracker.get("/announce", padded(announce.clone(), 4096)).value()),
        (0, 1, 0)
    );
    for length in [4097, 60_000, 130_000] {
        let refusal = tracker.get("/announce", padded(announce.clone(), length)).refusal();
        assert_eq!(refusal, "the announce is longer than 4096 bytes");
    }
    let scrape = format!("info_hash={}", encode(&super::INFO_HASH));
    assert!(tracker.get("/scrape", padded(scrape.clone(), 8192)).value().get("files").is_some());
    let refusal = tracker.get("/scrape", padded(scrape, 8193)).refusal();
    assert!(refusal.contains("longer than 8192 bytes"), "{refusal}");
}

#[test]
fn no_query_breaks_the_answer() {
    let tracker = Installation::open();
    let queries: [&[u8]; 12] = [
        b"",
        b"?",
        b"&&&&",
        b"info_hash",
        b"info_hash=",
        b"=",
        b"%",
        b"info_hash=%",
        b"\xff\xfe\xfd=\x80",
        b"info_hash[]=a&info_hash[]=b",
        b"info_hash=';DROP TABLE peers;--",
        b"info_hash=<script>&peer_id=../../etc/passwd",
    ];
    for query in queries {
        for path in ["/announce", "/scrape"] {
            let answer = tracker.get(path, query).send();
            answer.value();
            assert_discreet(&tracker, &answer);
        }
    }
}

#[test]
fn a_peer_store_that_is_none_is_moved_aside_and_made_anew() {
    for (kind, content) in impostors() {
        let tracker = Installation::open();
        client(1).announce(&tracker, "");
        replace(&tracker, "data/peers.db", &content);
        let answer = client(2).call(&tracker, "").send();
        assert_eq!(counts(&answer.value()), (0, 1, 0), "{kind}: {answer:?}");
        assert!(answer.log.contains("peers.db") || content.is_empty(), "{kind}: {answer:?}");
        assert_eq!(counts(&scraped(&tracker, super::INFO_HASH)), (0, 1, 0), "{kind}: lasting");
        assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n", "{kind}");
        let kept = fs::read_dir(tracker.path("data")).expect("the data folder").any(|entry| {
            fs::read(entry.expect("an entry").path()).is_ok_and(|found| found == content)
        });
        assert!(kept || content.is_empty(), "{kind}: aside, and not thrown away");
    }
}

#[test]
fn a_folder_in_the_place_of_the_peer_store_is_trouble_of_ours() {
    let tracker = Installation::open();
    fs::create_dir(tracker.path("data/peers.db")).expect("a folder");
    fs::write(tracker.path("data/peers.db/precious"), "x").expect("a file");
    let answer = client(1).call(&tracker, "").send();
    // Moved aside or refused: both can be understood, as long as nothing is lost.
    if answer.value().get("failure reason").is_some() {
        assert_trouble(&tracker, &answer, TROUBLE, "peers.db");
        assert_eq!(answer.value().number("retry in"), 5);
    } else {
        assert!(answer.log.contains("peers.db"), "{answer:?}");
    }
}

#[test]
fn a_policy_that_is_none_is_made_anew_from_the_catalogue() {
    for (kind, content) in impostors() {
        let tracker = Installation::listed();
        let torrent = tracker.add("a", 1000);
        tracker.refresh();
        fs::write(tracker.path("data/policy.snapshot"), &content).expect("a file");
        let answer = client(1).of(torrent.info_hash).call(&tracker, "").send();
        assert_eq!(counts(&answer.value()), (0, 1, 0), "{kind}: {answer:?}");
        assert!(answer.log.contains("policy snapshot"), "{kind}: {answer:?}");
        let answer = client(2).of(torrent.info_hash).call(&tracker, "").send();
        assert_eq!((counts(&answer.value()), answer.log.as_str()), ((0, 2, 0), ""), "{kind}");
    }
}

#[test]
fn a_folder_in_the_place_of_the_policy_is_an_error_that_names_it() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    fs::create_dir(tracker.path("data/policy.snapshot")).expect("a folder");
    let answer = client(1).of(torrent.info_hash).call(&tracker, "").send();
    assert_trouble(&tracker, &answer, TROUBLE, "policy.snapshot");
    let failure = tracker.run(&["refresh", "--force"]).failure();
    assert!(failure.contains("policy.snapshot"), "{failure}");
}

#[test]
fn a_broken_catalogue_is_an_error_for_a_person_and_announces_go_on() {
    for (kind, content) in impostors() {
        let tracker = Installation::listed();
        let torrent = tracker.add("a", 1000);
        tracker.refresh();
        replace(&tracker, "data/catalog.db", &content);
        client(1).of(torrent.info_hash).announce(&tracker, "");
        assert_eq!(counts(&scraped(&tracker, torrent.info_hash)), (0, 1, 0), "{kind}");
        for arguments in [&["refresh", "--force"][..], &["torrent", "list"], &["stats"]] {
            let failure = tracker.run(arguments).failure();
            assert!(failure.contains("catalog.db"), "{kind}: {failure}");
        }
        // A miss makes it look into the folder, and meets the catalogue there.
        tracker.drop_in("b.torrent", b"");
        let missed = client(1).call(&tracker, "").send();
        assert!(missed.log.contains("catalog.db"), "{kind}: {missed:?}");
        assert_discreet(&tracker, &missed);
        assert_eq!(missed.refusal(), "this tracker does not track that torrent", "{kind}");
        client(2).of(torrent.info_hash).announce(&tracker, "");
        assert_eq!(fs::read(tracker.path("data/catalog.db")).expect("still there"), content);
    }
}

#[test]
fn without_catalogue_and_policy_clients_hear_of_trouble_and_not_that_their_torrent_is_unknown() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    fs::remove_file(tracker.path("data/policy.snapshot")).expect("a policy");
    replace(&tracker, "data/catalog.db", b"garbage");
    let answer = client(1).of(torrent.info_hash).call(&tracker, "").send();
    assert_trouble(&tracker, &answer, TROUBLE, "catalog.db");
    for query in ["", &format!("info_hash={}", encode(&torrent.info_hash))] {
        tracker.forget_what_was_told();
        let answer = tracker.get("/scrape", query).send();
        assert_trouble(&tracker, &answer, TROUBLE, "catalog.db");
    }
}

#[test]
fn a_broken_configuration_tells_clients_that_much_and_the_log_where() {
    let mistakes = [
        ("tracker.interval = 'soon'", "interval"),
        ("tracker.intervall = 1800", "interval"),
        ("[trackers]", "tracker"),
        ("tracker.interval = 0", "interval"),
        ("store.kind = 'memory'", "kind"),
        ("paths.torrents = ", "line"),
        ("network.trusted_proxies = ['10.0.0.0/33']", "10.0.0.0/33"),
    ];
    for (mistake, story) in mistakes {
        let tracker = Installation::new(&[mistake]);
        let reason =
            "the tracker is not set up rightly; its owner finds the reason in the error log";
        for path in ["/announce", "/scrape"] {
            tracker.forget_what_was_told();
            let answer = tracker.get(path, client(1).query("")).send();
            assert_trouble(&tracker, &answer, reason, story);
            assert_eq!(answer.log.lines().count(), 1, "{answer:?}");
            assert!(answer.value().number("retry in") > 0);
            assert!(answer.log.contains("line 4"), "{answer:?}");
        }
        let page = tracker.get("/stats", "").send();
        assert_eq!(page.reply.status, 500, "{mistake}");
        assert_discreet(&tracker, &page);
        for arguments in [&["refresh"][..], &["config", "check"]] {
            let failure = tracker.run(arguments).failure();
            assert!(failure.contains(story) && failure.contains("line 4"), "{failure}");
        }
    }
}

#[test]
fn a_configuration_that_is_named_and_missing_is_trouble() {
    let tracker = Installation::open();
    let call = client(1).call(&tracker, "").with("TRACKER_CONFIG", tracker.path("none.toml"));
    let answer = call.send();
    assert!(answer.refusal().contains("not set up rightly"), "{answer:?}");
    assert!(answer.log.contains("none.toml"), "{answer:?}");
    assert_discreet(&tracker, &answer);
}

#[test]
fn the_first_request_lays_out_what_is_missing() {
    let tracker = Installation::bare();
    fs::create_dir(tracker.path("cgi-bin")).expect("a folder");
    // As it was uploaded: the executable alone, here as a link, whose own folder is what counts.
    symlink(executable(), tracker.path("cgi-bin/tracker.cgi")).expect("a link");
    let uploaded = |query: String| {
        tracker
            .get("/announce", query)
            .without("TRACKER_CONFIG")
            .with("SCRIPT_FILENAME", tracker.path("cgi-bin/tracker.cgi"))
            .send()
    };
    let answer = uploaded(client(1).query(""));
    assert_eq!(answer.refusal(), "this tracker does not track that torrent", "{answer:?}");
    for made in ["data/catalog.db", "data/.htaccess", "www/torrents/bt_stats.inc"] {
        assert!(tracker.path(made).is_file(), "{made}");
    }
    let mode = fs::metadata(tracker.path("data")).expect("a data folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let torrent = tracker.add("a", 1000);
    let answer = uploaded(client(1).of(torrent.info_hash).query(""));
    assert_eq!(counts(&answer.value()), (0, 1, 0), "{answer:?}");
    // Without cron it is on the page soon after, too.
    let shown = || (tracker.table().names() == ["a"]).then_some(());
    poll(Duration::from_secs(10), shown).expect("a refresh after the reply");
    tracker.wait_for_a_refresh_to_end();
}

#[test]
fn many_first_requests_at_once_all_find_what_one_of_them_lays_out() {
    for _ in 0..5 {
        let tracker = Installation::listed();
        let torrent = tracker.add("a", 1000);
        fs::remove_dir(tracker.path("data")).expect("an empty data folder");
        std::thread::scope(|scope| {
            for number in 1..9 {
                let peer = client(number).of(torrent.info_hash);
                let tracker = &tracker;
                scope.spawn(move || peer.announce(tracker, ""));
            }
        });
        assert_eq!(counts(&scraped(&tracker, torrent.info_hash)), (0, 8, 0));
    }
}

#[test]
fn a_data_folder_that_went_missing_is_made_anew() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    fs::remove_dir_all(tracker.path("data")).expect("the data folder");
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let answer = client(2).of(torrent.info_hash).announce(&tracker, "");
    assert_eq!(peers(&answer), [client(1).socket()]);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_trouble_of_ours() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    // Root may write everywhere, so the tracker runs as the web server's user then.
    fs::set_permissions(tracker.path(""), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::set_permissions(tracker.path("data"), fs::Permissions::from_mode(0o555)).expect("a mode");
    // A copy that everybody may read. Written by a process of its own: a file that we write is busy
    // for as long as another test's child has not let go of what it inherited.
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg(executable()).arg(tracker.path("tracker")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let mut command = std::process::Command::new(tracker.path("tracker"));
    let call = as_the_server(&mut command)
        .env_clear()
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("REQUEST_METHOD", "GET")
        .env("PATH_INFO", "/announce")
        .env("QUERY_STRING", client(1).of(torrent.info_hash).query(""))
        .env("REMOTE_ADDR", "192.0.2.1")
        .env("TRACKER_CONFIG", tracker.path("conf/tracker.toml"));
    let answer = Answer::of(&call.output().expect("the CGI runs"));
    assert_trouble(&tracker, &answer, TROUBLE, "data");
    fs::set_permissions(tracker.path("data"), fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn what_a_refresh_after_a_reply_has_to_say_reaches_the_log_with_the_next_one() {
    let tracker = Installation::listed();
    let file = tracker.path("conf/tracker.toml");
    let text = tracker.text("conf/tracker.toml").replace("on_request = false", "on_request = true");
    fs::write(&file, format!("{text}tracker.interval = 2\n")).expect("a configuration");
    tracker.drop_in("broken.torrent", b"d8:announce");
    tracker.refresh();
    // Each is due after a second; the first one logs for the second one to show.
    let shown = || {
        let answer = tracker.get("/scrape", "").send();
        let mut lines = answer.log.lines().map(str::to_owned);
        lines.find(|line| line.contains("broken.torrent is not a usable torrent"))
    };
    let line = poll(Duration::from_secs(20), shown).expect("the message in a web server's log");
    assert!(has_time(&line), "when it was said, and not when it was passed on: {line}");
    tracker.wait_for_a_refresh_to_end();
    let doctor = tracker.run(&["doctor", "--offline"]);
    assert!(doctor.output.contains("broken.torrent"), "{doctor:?}");
}

#[test]
fn what_a_web_server_adds_the_time_to_has_none_of_ours() {
    let tracker = Installation::new(&["trackers.interval = 1"]);
    let answer = client(1).call(&tracker, "").send();
    assert!(answer.log.starts_with("tracker: error: "), "{answer:?}");
}
