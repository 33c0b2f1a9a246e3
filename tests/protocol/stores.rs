//! The file of the peers: one of the other kind, a broken one, one of another version, none at all. What only reads
//! changes nothing, and no peer is lost to a slip in the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{client, counts, peers, scraped};
use crate::harness::installation::Installation;

/// Commands that only read.
const READING: [&[&str]; 10] = [
    &["stats"],
    &["stats", "--json"],
    &["peers", "6161616161616161616161616161616161616161"],
    &["doctor", "--offline"],
    &["store", "info"],
    &["store", "info", "--json"],
    &["store", "check"],
    &["torrent", "list"],
    &["torrent", "show", "a"],
    &["config", "check"],
];

/// All that is in the data folder: names, times of change, content.
fn data(tracker: &Installation) -> BTreeMap<PathBuf, (std::time::SystemTime, Vec<u8>)> {
    let state = |path: &Path| {
        let changed = fs::metadata(path).and_then(|file| file.modified()).expect("a time");
        (changed, fs::read(path).expect("a file"))
    };
    let entries = fs::read_dir(tracker.path("data")).expect("the data folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| (path.clone(), state(&path))).collect()
}

/// Settings for a store of this kind in this file of the data folder.
fn store(kind: &str, file: &str) -> [String; 3] {
    [
        "tracker.torrents = 'open'".into(),
        format!("store.kind = '{kind}'"),
        format!("store.path = '../data/{file}'"),
    ]
}

fn configure(tracker: &Installation, settings: &[String]) {
    tracker.configure(&settings.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_kind_that_was_changed_by_mistake_is_told_and_loses_no_peer() {
    for (kind, other, remedy) in
        [("sqlite", "shm", "set kind = \"sqlite\""), ("shm", "sqlite", "set kind = \"shm\"")]
    {
        let tracker = Installation::listed();
        configure(&tracker, &store(kind, "mine"));
        client(1).announce(&tracker, "");
        tracker.refresh();
        let before = data(&tracker);
        configure(&tracker, &store(other, "mine"));
        for arguments in READING {
            let ran = tracker.run(arguments);
            let said = format!("{}{}", ran.output, ran.errors);
            // There is no such torrent. A list has all that the catalogue knows, whatever the store is.
            let of_the_store = !matches!(arguments[..], ["torrent", "show", _]);
            assert_eq!(said.contains(remedy), of_the_store, "{arguments:?}: {ran:?}");
            assert!(arguments[..] != ["torrent", "list"] || ran.status == 0, "{ran:?}");
        }
        let failure = tracker.run(&["store", "rebuild"]).failure();
        assert!(failure.contains(remedy), "{failure}");
        assert!(data(&tracker) == before, "{:?}", data(&tracker).keys());
        let failure = tracker.run(&["store", "migrate", "--to", kind]).failure();
        assert!(failure.contains(remedy), "{failure}");
        let answer = client(2).call(&tracker, "").send();
        let refusal = answer.refusal();
        assert!(refusal.contains("has a problem"), "{refusal}");
        assert!(!refusal.contains("mine") && !refusal.contains('/'), "{refusal}");
        assert!(answer.log.contains(remedy) && answer.log.contains("data/mine"), "{answer:?}");
        let failure = tracker.run(&["refresh", "--force"]).failure();
        assert!(failure.contains(remedy), "{failure}");

        configure(&tracker, &store(kind, "mine"));
        let answer = client(3).announce(&tracker, "");
        assert_eq!(peers(&answer), [client(1).socket()], "{kind}");
    }
}

#[test]
fn commands_that_read_make_nothing_where_there_is_nothing() {
    for kind in ["sqlite", "shm"] {
        let tracker = Installation::listed();
        configure(&tracker, &store(kind, "mine"));
        for arguments in READING {
            let ran = tracker.run(arguments);
            // There is no such torrent, and doctor finds a lot.
            let fails = matches!(arguments[..], ["torrent", "show", _] | ["doctor", ..]);
            assert_eq!(ran.status, i32::from(fails), "{arguments:?}: {ran:?}");
            assert_eq!(data(&tracker).len(), 0, "{arguments:?}: {:?}", data(&tracker).keys());
        }
        let stats = tracker.run(&["stats", "--json"]).json();
        assert_eq!(
            (&stats["totals"]["swarms"], &stats["torrents"]),
            (&0.into(), &serde_json::json!([]))
        );
        fs::remove_dir(tracker.path("data")).expect("an empty folder");
        for arguments in READING {
            tracker.run(arguments);
            assert!(!tracker.path("data").exists(), "{arguments:?}");
        }
    }
}

#[test]
fn commands_that_read_leave_what_is_broken_or_of_another_version() {
    for kind in ["sqlite", "shm"] {
        let tracker = Installation::listed();
        configure(&tracker, &store(kind, "mine"));
        client(1).announce(&tracker, "");
        tracker.refresh();
        let sound = fs::read(tracker.path("data/mine")).expect("the store");
        let mut other_version = sound.clone();
        // Where each kind has its version: SQLite's `user_version`, the second word.
        let at = if kind == "sqlite" { 60..64 } else { 8..12 };
        other_version[at].copy_from_slice(&[9; 4]);
        for content in [b"a text".to_vec(), Vec::new(), other_version, sound[..5000].to_vec()] {
            fs::write(tracker.path("data/mine"), &content).expect("a file");
            let before = data(&tracker);
            for arguments in READING {
                let ran = tracker.run(arguments);
                let reads_peers = matches!(arguments[0], "stats" | "peers" | "store");
                assert!(!reads_peers || ran.status == 1, "{arguments:?}: {ran:?}");
                assert!(data(&tracker) == before, "{arguments:?}: {:?}", data(&tracker).keys());
            }
            let failure = tracker.run(&["store", "check"]).failure();
            assert!(failure.contains("the next announce starts a new one"), "{failure}");
        }
        client(2).announce(&tracker, "");
        assert_eq!(counts(&scraped(&tracker, super::INFO_HASH)), (0, 1, 0), "as it was said");
    }
}

#[test]
fn copies_of_broken_stores_are_kept_apart_and_do_not_pile_up() {
    let tracker = Installation::open();
    for number in 0..6 {
        fs::write(tracker.path("data/peers.db"), format!("broken {number}")).expect("a file");
        client(1).announce(&tracker, "");
    }
    let contents = data(&tracker).into_iter().filter(|(path, _)| {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains(".broken-"))
    });
    let mut contents: Vec<_> =
        contents.map(|(_, (_, content))| String::from_utf8(content).expect("a text")).collect();
    contents.sort();
    assert_eq!(contents, ["broken 3", "broken 4", "broken 5"]);
}

#[test]
fn counts_that_are_not_those_of_the_peers_are_corrected_by_a_command_and_by_a_refresh() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a torrent", 1000);
    tracker.refresh();
    let none = tracker.run(&["store", "check", "--repair"]).done();
    assert!(none.contains("clean") || none.contains("not there yet"), "{none}");
    for number in 1..=3 {
        client(number).of(torrent.info_hash).announce(&tracker, "left=1");
    }
    let damage = || {
        let store = rusqlite::Connection::open(tracker.store()).expect("a store");
        store.execute("UPDATE swarm SET leechers = 7", []).expect("a swarm");
    };
    damage();
    let found = tracker.run(&["store", "check"]);
    assert!(found.errors.contains("`tracker store check --repair`"), "{}", found.errors);
    let repaired = tracker.run(&["store", "check", "--repair"]).done();
    assert!(repaired.contains("7 leechers") && repaired.ends_with("clean\n"), "{repaired}");
    assert_eq!(tracker.run(&["store", "check", "--repair"]).done(), "clean\n");
    let lose = |kept: u8| {
        let store = rusqlite::Connection::open(tracker.store()).expect("a store");
        store
            .execute(
                "UPDATE peer SET swarm = 99 WHERE substr(hex(peer_id), -2) != ?1",
                [format!("3{kept}")],
            )
            .expect("peers");
    };
    lose(1);
    let found = tracker.run(&["store", "check"]);
    assert!(found.output.contains("2 peers belong to no swarm"), "{}", found.output);
    tracker.run(&["store", "check", "--repair"]);
    let told = tracker.run(&["store", "check"]);
    assert!(!told.output.contains("no swarm"), "{}", told.output);
    tracker.run(&["store", "rebuild"]);
    for number in 1..=3 {
        client(number).of(torrent.info_hash).announce(&tracker, "left=1");
    }
    damage();
    let told = tracker.run(&["refresh", "--force"]);
    assert!(told.errors.contains("said 0 seeders, 7 leechers of the swarm"), "{}", told.errors);
    assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");
}

#[test]
fn what_swarms_have_counted_outlives_a_store_that_is_recreated() {
    for kind in ["sqlite", "shm"] {
        let tracker = Installation::listed();
        let settings = [format!("store.kind = '{kind}'"), "store.path = '../data/mine'".into()];
        configure(&tracker, &settings);
        let torrent = tracker.add("a torrent", 1000);
        tracker.refresh();
        let complete = |number| {
            let client = client(number).of(torrent.info_hash);
            client.announce(&tracker, "event=started");
            client.announce(&tracker, "left=0&downloaded=1000&uploaded=10&event=completed")
        };
        let downloaded = || scraped(&tracker, torrent.info_hash).number("downloaded");
        complete(1);
        tracker.refresh();
        assert_eq!(complete(2).number("downloaded"), 2);
        client(2)
            .of(torrent.info_hash)
            .announce(&tracker, "left=0&downloaded=1000&uploaded=10&event=stopped");
        let told = tracker.run(&["store", "rebuild"]).output;
        assert!(told.contains("all totals are in the catalogue"), "{told}");
        assert_eq!(downloaded(), 2, "{kind}: at once, as announces say it");
        assert_eq!(complete(3).number("downloaded"), 3, "{kind}");
        tracker.refresh();
        tracker.refresh();
        assert_eq!(downloaded(), 3, "{kind}: nothing counts twice");
        assert_eq!(
            tracker.table().row("a torrent").cell("transferred"),
            "1.973 KiB",
            "{kind}: of two"
        );

        let path = tracker.path("data/mine");
        let mut broken = fs::read(&path).expect("the store");
        broken[..64].fill(b'x');
        fs::write(&path, broken).expect("it is written");
        let told = tracker.run(&["store", "rebuild"]).output;
        assert!(told.contains("could not be read"), "{told}");
        assert_eq!(downloaded(), 3, "{kind}: what a refresh has seen");
    }
}
