//! The scrape of all torrents that refreshes write as a file: what the tracker itself would answer, byte by byte.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use flate2::read::GzDecoder;

use crate::harness::http::encode;
use crate::harness::installation::Installation;

const SETTING: &str = "paths.full_scrape = '../www/full/scrape'";
const FILE: &str = "www/full/scrape";
const COMPRESSED: &str = "www/full/scrape.gz";

fn announce(tracker: &Installation, info_hash: &[u8], peer: u8, left: u32) {
    let hash = encode(info_hash);
    let query =
        format!("info_hash={hash}&peer_id=-XX0000-0000000000{peer:02}&port=6881&left={left}");
    tracker.get("/announce", query).from(&format!("192.0.2.{peer}")).value();
}

/// The file, once it is the same as its compressed form, and both as the tracker answers.
fn checked(tracker: &Installation) -> Vec<u8> {
    let file = fs::read(tracker.path(FILE)).expect("a file");
    let answer = tracker.get("/scrape", "").send().reply.body;
    assert_eq!(file.escape_ascii().to_string(), answer.escape_ascii().to_string());
    let mut text = Vec::new();
    let compressed = File::open(tracker.path(COMPRESSED)).expect("a compressed file");
    GzDecoder::new(compressed).read_to_end(&mut text).expect("gzip");
    assert_eq!(text, file);
    file
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_file_is_what_the_tracker_would_answer() {
    for tracker in [Installation::new(&[SETTING]), Installation::in_memory(&[SETTING])] {
        let shown = ["a", "b", "c"].map(|name| tracker.add(name, 1000));
        let [hidden, denied, retired] =
            ["hidden", "denied", "retired"].map(|name| tracker.add(name, 1000));
        tracker.refresh();
        tracker.run(&["torrent", "hide", "hidden"]).done();
        tracker.run(&["torrent", "retire", "retired"]).done();
        let hex: String = denied.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(tracker.path("conf/deny"), hex).expect("a list");
        for (peer, torrent) in (1..).zip(shown.iter().chain([&hidden])) {
            announce(&tracker, &torrent.info_hash, peer, u32::from(peer) - 1);
        }
        for more in ["", "tracker.scrape_names = true\ntracker.scrape_figures = true"] {
            tracker.configure(&[SETTING, "access.deny_list = 'deny'", more]);
            tracker.refresh();
            let file = checked(&tracker);
            assert!(shown.iter().all(|torrent| contains(&file, &torrent.info_hash)));
            for secret in [&hidden, &denied, &retired] {
                assert!(!contains(&file, &secret.info_hash));
            }
        }
    }
}

#[test]
fn an_open_trackers_swarms_are_in_it_too() {
    let tracker = Installation::new(&[SETTING, "tracker.torrents = 'open'"]);
    for peer in 1..20 {
        announce(&tracker, &[peer; 20], peer, 0);
    }
    tracker.refresh();
    assert!(contains(&checked(&tracker), &[7; 20]));
}

#[test]
fn it_is_written_when_it_changed_and_made_whole_when_a_part_is_lost() {
    let tracker = Installation::new(&[SETTING]);
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let inodes =
        || [FILE, COMPRESSED].map(|name| fs::metadata(tracker.path(name)).expect(name).ino());
    let before = inodes();
    tracker.refresh();
    assert_eq!(inodes(), before, "nothing has changed");
    // As long as they are open, no other file gets their inodes.
    let held = [FILE, COMPRESSED].map(|name| File::open(tracker.path(name)).expect(name));
    announce(&tracker, &torrent.info_hash, 1, 0);
    tracker.refresh();
    assert!(inodes().iter().zip(before).all(|(now, before)| *now != before));
    drop(held);
    checked(&tracker);
    for name in [FILE, COMPRESSED] {
        fs::remove_file(tracker.path(name)).expect(name);
        tracker.refresh();
        checked(&tracker);
    }
}

#[test]
fn where_full_scrapes_are_not_answered_the_file_goes_and_what_is_yours_stays() {
    let tracker = Installation::new(&[SETTING]);
    tracker.add("a", 1000);
    for off in [
        "tracker.full_scrape = false",
        "tracker.scrape = false",
        "access.offline_message = 'later'",
    ] {
        tracker.configure(&[SETTING]);
        tracker.refresh();
        checked(&tracker);
        tracker.configure(&[SETTING, off]);
        tracker.refresh();
        assert_eq!(fs::read_dir(tracker.path("www/full")).expect("a folder").count(), 0, "{off}");
        fs::write(tracker.path(FILE), "mine").expect("a file of the owner's");
        tracker.refresh();
        assert_eq!(tracker.text(FILE), "mine");
        fs::remove_file(tracker.path(FILE)).expect("it goes");
    }
    tracker.configure(&[SETTING]);
    fs::write(tracker.path(FILE), "mine").expect("a file of the owner's");
    let ran = tracker.run(&["refresh", "--force"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let said = ran.errors;
    assert!(
        said.contains("is none of the tracker's files")
            && said.contains("`full_scrape` in [paths]"),
        "{said}"
    );
    assert_eq!(tracker.text(FILE), "mine");
    assert!(tracker.text("www/torrents/bt_stats.inc").contains('a'), "the rest is done");
}
