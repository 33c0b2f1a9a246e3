//! The catalogue: what its owner decides, copies of it, how it comes from an older version, and when an announce
//! has it look at the torrents folder.

use std::fs;
use std::time::SystemTime;

use super::{client, scraped};
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;

/// A peer that downloads all of a torrent and leaves.
fn download(tracker: &Installation, torrent: &Torrent, number: u8) {
    let peer = client(number).of(torrent.info_hash);
    peer.announce(tracker, "event=started");
    peer.announce(tracker, "left=0&event=completed");
    peer.announce(tracker, "left=0&event=stopped");
}

fn published(tracker: &Installation) -> SystemTime {
    let policy = fs::metadata(tracker.path("data/policy.snapshot"));
    policy.and_then(|policy| policy.modified()).expect("a policy")
}

#[test]
fn a_refresh_leaves_nothing_for_the_next_miss_to_look_at() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let before = published(&tracker);
    let answer = client(1).of([9; 20]).call(&tracker, "").value();
    assert!(answer.get("failure reason").is_some(), "{answer:?}");
    assert_eq!(published(&tracker), before, "the fragments in the folder are the refresh's own");
    let torrent = tracker.add("b", 1000);
    client(1).of(torrent.info_hash).announce(&tracker, "");
    assert!(published(&tracker) > before);
}

#[test]
fn what_is_decided_about_a_torrent_stays_whatever_its_file_is_called() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    let torrent = Torrent::new("b", 1000, ANNOUNCE_URL);
    tracker.drop_in("b.secret.torrent", &torrent.metainfo);
    tracker.refresh();
    assert_eq!(tracker.table().names(), ["a"]);
    let output = tracker.run(&["torrent", "hide", "a"]).done();
    assert_eq!(output, "a: is hidden from now on\n");
    tracker.run(&["torrent", "unhide", "b.secret.torrent"]).done();
    for _ in 0..2 {
        assert_eq!(tracker.table().names(), ["b"]);
        assert_eq!(tracker.feed().all("item").len(), 1);
        let full = tracker.get("/scrape", "").value();
        assert!(full.get("files").is_some_and(|it| it.get(torrent.info_hash).is_some()));
        tracker.refresh();
    }
    let failure = tracker.run(&["torrent", "hide", "c"]).failure();
    assert!(failure.contains("there is no torrent `c`"), "{failure}");
}

#[test]
fn a_backup_brings_back_what_was_and_totals_count_on() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    download(&tracker, &torrent, 1);
    tracker.refresh();
    let copy = tracker.path("data/copy").display().to_string();
    let output = tracker.run(&["backup", &copy]).done();
    assert!(output.contains("/data/copy is a copy of "), "{output}");
    let failure = tracker.run(&["backup", &copy]).failure();
    assert!(failure.contains("is there already") && failure.contains("--force"), "{failure}");
    tracker.run(&["backup", "--force", &copy]).done();

    download(&tracker, &torrent, 2);
    tracker.refresh();
    tracker.run(&["torrent", "hide", "a"]).done();
    assert_eq!(tracker.table().names(), Vec::<String>::new());
    let output = tracker.run(&["restore", &copy]).done();
    assert!(output.contains("kept as ") && output.contains("catalog.db.replaced"), "{output}");
    assert_eq!(tracker.table().row("a").cell("completed"), "2", "the store has counted both");
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 2);

    let catalog = tracker.path("data/catalog.db");
    fs::write(&catalog, "garbage").expect("a file");
    tracker.run(&["restore", &copy]).done();
    assert_eq!(tracker.table().names(), ["a"]);
    assert_eq!(fs::read(tracker.path("data/catalog.db.replaced.2")).expect("kept"), b"garbage");
}

#[test]
fn what_is_no_copy_of_a_catalogue_is_not_restored() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let before = fs::read(tracker.path("data/catalog.db")).expect("a catalogue");
    let file = tracker.path("garbage");
    let path = file.display().to_string();
    let failure = tracker.run(&["restore", &path]).failure();
    assert!(failure.contains("cannot read") && failure.contains(&path), "{failure}");
    fs::write(&file, "garbage").expect("a file");
    let failure = tracker.run(&["restore", &path]).failure();
    assert!(failure.contains("cannot be restored"), "{failure}");
    assert_eq!(fs::read(tracker.path("data/catalog.db")).expect("a catalogue"), before);
    assert!(!tracker.path("data/catalog.db.replaced").exists());
}

#[test]
fn a_catalogue_of_version_1_goes_on_and_stays_beside_it() {
    let tracker = Installation::listed();
    let old = include_bytes!("../../src/catalog/fixtures/catalog-1.db");
    fs::create_dir_all(tracker.path("data")).expect("a folder");
    fs::write(tracker.path("data/catalog.db"), old).expect("a catalogue");
    let ran = tracker.run(&["refresh", "--force"]);
    assert!(ran.errors.contains("is kept as "), "{ran:?}");
    let all = tracker.run(&["torrent", "list", "--all", "--json"]).json();
    let totals: Vec<_> =
        all.as_array().expect("a list").iter().map(|it| it["completed"].as_u64()).collect();
    assert_eq!(totals, [2, 2, 0, 2, 0, 0].map(Some));
    assert!(tracker.path("data/catalog.db.before-8").exists());
}

#[test]
fn of_more_torrents_than_rows_those_with_peers_or_the_newest_are_shown_and_all_are_counted() {
    let tracker = Installation::new(&["pages.rows = 2"]);
    let torrents = ["a", "b", "c", "d"].map(|name| tracker.add(name, 1000));
    for busy in [3, 0] {
        client(1).of(torrents[busy].info_hash).announce(&tracker, "");
    }
    tracker.refresh();
    let table = tracker.table();
    assert_eq!(table.names(), ["a", "d"], "in the order of their paths");
    let totals = table.totals.expect("totals");
    assert_eq!((totals.cell("size"), totals.cell("leechers")), ("3.91 KiB", "2"));
    assert_eq!(totals.cell("name"), "4 torrents");
    let text = tracker.text("www/torrents/bt_stats.inc");
    assert!(text.contains("2 more torrents are not shown"), "{text}");
    assert!(text.contains("The 2 torrents with the most peers"), "{text}");
    let list = tracker.text("www/torrents/bt_list.inc");
    assert!(list.contains("The newest 2 torrents") && list.contains("2 older torrents"), "{list}");
}

#[test]
fn a_copy_takes_no_file_of_the_trackers_own_and_no_pipe() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let pipe = tracker.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    for own in ["data/catalog.db", "data/policy.snapshot", "conf/tracker.toml"] {
        let before = fs::read(tracker.path(own)).expect("a file");
        let failure = tracker.run(&["backup", "--force", own]).failure();
        assert!(failure.contains("is a file of the tracker itself"), "{failure}");
        assert!(fs::read(tracker.path(own)).is_ok_and(|now| now == before), "{own}");
    }
    let pipe = pipe.display().to_string();
    let failure = tracker.run(&["backup", "--force", &pipe]).failure();
    assert!(failure.contains("is no regular file"), "{failure}");
    let failure = tracker.run(&["restore", &pipe]).failure();
    assert!(failure.contains("not a regular file"), "{failure}");
}

#[test]
fn a_folder_without_any_of_its_torrents_is_worth_a_line() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.add("b", 1000);
    // One that needs no file is none of the folder's.
    tracker.run(&["torrent", "add", &"01".repeat(20), "--title", "c"]).done();
    tracker.refresh();
    let [full, away] = ["www/torrents", "away"].map(|name| tracker.path(name));
    fs::rename(&full, &away).expect("a folder");
    fs::create_dir(&full).expect("an empty one");
    let ran = tracker.refresh();
    assert!(ran.errors.contains("all 2 torrents are gone"), "{ran:?}");
    fs::remove_dir_all(&full).expect("the empty one");
    fs::rename(&away, &full).expect("the full one");
    let ran = tracker.refresh();
    assert!(!ran.errors.contains("gone"), "{ran:?}");
    assert_eq!(tracker.table().names()[1..], ["a", "b"]);
}

#[test]
fn a_limit_of_the_size_of_files_is_an_error_and_no_end() {
    let tracker = Installation::listed();
    for number in 0..30 {
        tracker.add(&format!("torrent {number}"), 1000);
    }
    let ran = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 8 && exec \"$0\" refresh --force"])
        .arg(crate::harness::executable())
        .env_clear()
        .env("TRACKER_CONFIG", tracker.path("conf/tracker.toml"))
        .output()
        .expect("a shell");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stderr).contains("tracker: cannot"), "{ran:?}");
    tracker.refresh();
    assert_eq!(tracker.table().names().len(), 30);
}
