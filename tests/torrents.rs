//! Torrents that the command line makes and changes, held against libtorrent and Transmission.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::cannot_run::cannot_run;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::site::server_account;
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, program};

/// A folder with what is awkward: empty files, equal ones, whole pieces, names that sort in two ways.
fn awkward_folder(tracker: &Installation) {
    let noise = |size: usize, seed: u64| -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            state.to_be_bytes()[0]
        };
        (0..size).map(|_| next()).collect()
    };
    let files = [
        ("a/x", noise(300_000, 1)),
        ("a/same", noise(300_000, 1)),
        ("a.b", noise(100_000, 2)),
        ("b d/é", noise(65_536, 3)),
        ("empty", Vec::new()),
        ("z", noise(5, 4)),
        ("zz", Vec::new()),
    ];
    for (name, content) in files {
        let path = tracker.path("www/torrents/stuff").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
}

/// What libtorrent reads in a torrent, and makes itself of the same content in `folder`.
fn by_libtorrent(torrent: &Path, folder: &Path, version: &str, magnet: &str) -> Value {
    let mut command = Command::new(program("python3"));
    command.arg(checkout().join("tests/torrents/libtorrent_makes.py"));
    let output =
        command.arg(torrent).arg(folder).args([version, magnet]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The value after a word at the start of a line of what was printed.
fn line<'a>(output: &'a str, word: &str) -> &'a str {
    let mut values = output.lines().filter_map(|line| line.strip_prefix(word));
    values.next().unwrap_or_else(|| panic!("no {word} in {output}")).trim()
}

fn by_transmission(torrent: &Path) -> String {
    let shown = Command::new(program("transmission-show")).arg(torrent).output().expect("it runs");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stdout));
    String::from_utf8(shown.stdout).expect("text")
}

#[test]
fn a_torrent_is_the_one_that_libtorrent_makes_of_the_same_content() {
    let tracker = Installation::listed();
    awkward_folder(&tracker);
    let folder = tracker.path("www/torrents");
    for version in ["v1", "hybrid", "v2"] {
        for (content, name) in [("stuff", "stuff"), ("stuff/a/x", "x")] {
            let (path, output) =
                (folder.join(content), tracker.path(format!("{name}-{version}.torrent")));
            let printed = tracker
                .run(&[
                    "torrent",
                    "make",
                    path.to_str().expect("text"),
                    &format!("--{version}"),
                    "--piece-length=32K",
                    "--output",
                    output.to_str().expect("text"),
                ])
                .done();
            let magnet = line(&printed, "magnet");
            let theirs = by_libtorrent(&output, path.parent().expect("a folder"), version, magnet);
            assert_eq!(theirs["read"], theirs["made"], "{content} {version}");
            for (word, hash) in [("info-hash v1", "v1"), ("info-hash v2", "v2")] {
                let hash = &theirs["made"]["hashes"][hash];
                if let Some(hash) = hash.as_str() {
                    assert_eq!(line(&printed, word), hash, "{printed}");
                } else {
                    assert!(!printed.contains(word), "{printed}");
                }
            }
            assert_eq!(theirs["trackers"], serde_json::json!([ANNOUNCE_URL]));
            let seed = match name {
                "stuff" => "http://tracker.test/torrents/",
                _ => "http://tracker.test/torrents/stuff/a/",
            };
            assert_eq!(theirs["web_seeds"], serde_json::json!([seed]));
            assert_eq!(theirs["magnet"], theirs["made"]["hashes"], "{magnet}");
            assert!(magnet.contains("&ws=http%3A%2F%2Ftracker.test%2Ftorrents%2F"), "{magnet}");
        }
    }
}

#[test]
fn transmission_reads_what_is_made() {
    let tracker = Installation::listed();
    awkward_folder(&tracker);
    let path = tracker.path("www/torrents/stuff");
    let printed = tracker
        .run(&[
            "torrent",
            "make",
            path.to_str().expect("text"),
            "--private",
            "--comment",
            "as it is",
        ])
        .done();
    let torrent = tracker.path("www/torrents/stuff.torrent");
    let shown = by_transmission(&torrent);
    for expected in [
        &format!("Hash: {}", line(&printed, "info-hash v1")),
        "Name: stuff",
        "Comment: as it is",
        "Piece Size: 16.00 KiB",
        "Privacy: Private torrent",
        ANNOUNCE_URL,
        "stuff/a.b (100.0 kB)",
        "stuff/b d/é (65.54 kB)",
        "stuff/empty (0.00 kB)",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    // It is below the torrents folder: it is tracked from now on.
    tracker.refresh();
    let listed = tracker.run(&["torrent", "show", line(&printed, "info-hash v1")]).done();
    assert!(listed.contains("stuff.torrent"), "{listed}");
}

/// A torrent of this version that names another tracker.
fn foreign(tracker: &Installation, version: &str) -> PathBuf {
    let torrent = tracker.path(format!("www/torrents/{version}.torrent"));
    let arguments = ["torrent", "make", "www/torrents/stuff", "--announce", "udp://b.example:1"];
    let version = format!("--{version}");
    let output = ["-o", torrent.to_str().expect("text"), "--web-seed", "http://c.example/"];
    tracker.run(&[&arguments[..], &[&version], &output].concat()).done();
    torrent
}

#[test]
fn clients_read_a_torrent_that_was_rewritten() {
    let tracker = Installation::listed();
    awkward_folder(&tracker);
    let folder = tracker.path("www/torrents");
    for version in ["v1", "hybrid", "v2"] {
        let torrent = foreign(&tracker, version);
        let file = torrent.to_str().expect("text");
        let printed = tracker.run(&["torrent", "rewrite", file]).done();
        assert!(printed.contains(ANNOUNCE_URL), "{printed}");
        let magnet = "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a";
        let read = by_libtorrent(&torrent, &folder, version, magnet);
        assert_eq!(read["read"], read["made"], "{version}");
        assert_eq!(read["trackers"], serde_json::json!([ANNOUNCE_URL]));
        assert_eq!(read["web_seeds"], serde_json::json!(["http://c.example/"]));
        if version == "v1" {
            let shown = by_transmission(&torrent);
            assert!(shown.contains(ANNOUNCE_URL) && !shown.contains("b.example"), "{shown}");
        }
    }
    let with = ["torrent", "rewrite", "www/torrents/v1.torrent", "--keep-trackers"];
    tracker.run(&[&with[..], &["--announce", "https://d.example/announce"]].concat()).done();
    let shown = by_transmission(&folder.join("v1.torrent"));
    let tiers = format!("Tier #1\n  https://d.example/announce\n\n  Tier #2\n  {ANNOUNCE_URL}\n");
    assert!(shown.contains(&tiers), "{shown}");
}

#[test]
fn root_makes_and_rewrites_as_the_sites_owner() {
    let Some((owner, _)) = server_account() else {
        cannot_run("torrents of another user", "only root can be another user");
        return;
    };
    let tracker = Installation::listed();
    let folder = tracker.path("www/torrents");
    let file = folder.join("foreign.torrent");
    let foreign = Torrent::new("foreign", 1000, "http://old.example/announce");
    fs::write(&file, &foreign.metainfo).expect("a file of root's, as `sudo install` makes it");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its mode");
    fs::set_permissions(tracker.path(""), fs::Permissions::from_mode(0o755)).expect("its mode");
    for path in ["conf", "conf/tracker.toml", "data", "www/torrents"] {
        chown(tracker.path(path), Some(owner), None).expect("an owner");
    }
    let rewrite = || tracker.run(&["torrent", "rewrite", "www/torrents/foreign.torrent"]);
    assert!(rewrite().done().contains(ANNOUNCE_URL));
    let found = fs::metadata(&file).expect("the file");
    assert_eq!((found.uid(), found.mode() & 0o777), (owner, 0o644));

    let alice = 2_000_000_001;
    fs::write(&file, &foreign.metainfo).expect("the file as it was");
    chown(&file, Some(alice), None).expect("an owner");
    let refused = rewrite();
    assert!(refused.output.contains("it belongs to user 2000000001"), "{refused:?}");
    assert_eq!(refused.failure(), "tracker: 1 of 1 files are not rewritten");
    assert_eq!(fs::read(&file).expect("the file"), foreign.metainfo);

    fs::create_dir(folder.join("stuff")).expect("a folder");
    fs::write(folder.join("stuff/a"), "content").expect("a file");
    tracker.run(&["torrent", "make", "www/torrents/stuff"]).done();
    assert_eq!(fs::metadata(folder.join("stuff.torrent")).expect("it is made").uid(), owner);
}
