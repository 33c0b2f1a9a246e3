//! Which torrent a command means by an info-hash, a name or a file, and what it says where there is none.

use std::fs;

use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A torrent in the place of another one with the same name, whose file is gone by that.
fn replaced() -> (Installation, String, String) {
    let tracker = Installation::listed();
    let old = Torrent::new("b.bin", 1000, ANNOUNCE_URL);
    let new = Torrent::new("b.bin", 2000, ANNOUNCE_URL);
    for torrent in [&old, &new] {
        tracker.drop_in("b.bin.torrent", &torrent.metainfo);
        tracker.refresh();
    }
    (tracker, hex(&old.info_hash), hex(&new.info_hash))
}

#[test]
fn a_torrent_whose_file_is_there_wins_over_one_whose_file_is_gone() {
    let (tracker, old, new) = replaced();
    for name in ["b.bin", "b.bin.torrent"] {
        let shown = tracker.run(&["torrent", "show", name, "--json"]).json();
        assert_eq!(shown["info_hash"], new, "{name}");
    }
    let shown = tracker.run(&["torrent", "show", &old]).done();
    let heir = format!("its file is gone, and its place has another torrent now ({new})");
    assert!(shown.contains(&heir), "{shown}");

    let third = Torrent::new("b.bin", 3000, ANNOUNCE_URL);
    tracker.drop_in("c.torrent", &third.metainfo);
    tracker.refresh();
    let third = hex(&third.info_hash);
    let refused = tracker.run(&["torrent", "show", "b.bin"]).failure();
    for part in [
        "several torrents are called `b.bin`: ",
        &format!("{old} (its file is gone)"),
        &format!("{new} (b.bin.torrent)"),
        &format!("{third} (c.torrent)"),
        "; name one by its info-hash or by the path of its file",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let shown = tracker.run(&["torrent", "show", "b.bin.torrent", "--json"]).json();
    assert_eq!(shown["info_hash"], new);
    // Of those that are gone only, a sole one is meant.
    for file in ["b.bin.torrent", "c.torrent"] {
        fs::remove_file(tracker.path("www/torrents").join(file)).expect("it was there");
    }
    tracker.refresh();
    let shown = tracker.run(&["torrent", "show", "c.torrent", "--json"]).json();
    assert_eq!(shown["info_hash"], third);
    assert!(tracker.run(&["torrent", "show", "b.bin"]).failure().contains("several torrents"));
}

#[test]
fn a_path_that_leads_to_no_torrent_of_the_catalogue_is_told_apart() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let show = |name: &str| {
        let path = tracker.path(name).display().to_string();
        tracker.run(&["torrent", "show", &path]).failure()
    };
    let told = show("no.torrent");
    assert!(told.contains("is neither a file that is there nor the name of a torrent"), "{told}");
    fs::create_dir(tracker.path("folder.torrent")).expect("a folder");
    assert!(show("folder.torrent").contains("folder.torrent is a folder"));
    let other = Torrent::new("other", 1000, ANNOUNCE_URL);
    fs::write(tracker.path("other.torrent"), &other.metainfo).expect("a file");
    let told = show("other.torrent");
    let hash = hex(&other.info_hash);
    let untracked =
        format!("is a torrent that is not tracked (info-hash {hash}); `tracker torrent");
    assert!(told.contains(&untracked), "{told}");
    let told = tracker.run(&["torrent", "show", "no.torrent"]).failure();
    assert!(told.contains("there is no torrent `no.torrent`"), "{told}");

    let add = |name: &str| {
        let path = tracker.path(name).display().to_string();
        tracker.run(&["torrent", "add", &path]).failure()
    };
    assert!(add("no.torrent").contains("there is no such file"), "{}", add("no.torrent"));
    let told = add("folder.torrent");
    assert!(told.contains("is a folder; nothing was added"), "{told}");
}
