//! A refresh: when it does something, what a second one or a kill does to it, and what stays when
//! something cannot be written.

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{client, scraped};
use crate::harness::fragments::{Element, Table};
use crate::harness::installation::{ANNOUNCE_URL, Installation, Ran};
use crate::harness::poll;
use crate::harness::torrent::Torrent;

const STATS: &str = "www/torrents/bt_stats.inc";
const RSS: &str = "www/torrents/bt_rss.inc";

/// A peer that downloads all of a torrent, says that it moved 3 bytes, and leaves.
fn download(tracker: &Installation, torrent: &Torrent, number: u8) {
    let peer = client(number).of(torrent.info_hash);
    peer.announce(tracker, "event=started");
    peer.announce(tracker, "left=0&uploaded=1&downloaded=2&event=completed");
    peer.announce(tracker, "left=0&uploaded=1&downloaded=2&event=stopped");
}

fn start(tracker: &Installation) -> Child {
    let mut command = tracker.command(&["refresh", "--force"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a refresh")
}

/// Moves the time of the last refresh, as a clock that was wrong then would have.
fn move_last_refresh(tracker: &Installation, seconds: i64) {
    let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
    let moved = catalog.execute("UPDATE last_refresh SET at = at + ?1", [seconds]);
    assert_eq!(moved.expect("it can be written"), 1);
}

#[test]
fn an_empty_folder_gives_fragments_that_say_so() {
    let tracker = Installation::listed();
    let output = tracker.run(&["refresh"]).done();
    assert_eq!(output, "refreshed: 0 torrents, 0 seeders, 0 leechers, 0 partial seeds\n");
    assert!(tracker.text(STATS).contains("Nothing here yet"), "{}", tracker.text(STATS));
    assert!(tracker.table().rows.is_empty());
    assert!(tracker.feed().all("item").is_empty());
    assert!(tracker.text(STATS).contains("every 15 minutes"), "{}", tracker.text(STATS));
}

#[test]
fn too_early_it_does_nothing_and_forced_it_does_all() {
    let tracker = Installation::listed();
    tracker.run(&["refresh"]).done();
    let before = tracker.text(STATS);
    tracker.add("a", 1000);
    let output = tracker.run(&["refresh"]).done();
    assert!(output.starts_with("nothing to do: the next refresh is due in "), "{output}");
    assert_eq!(tracker.text(STATS), before);
    tracker.run(&["refresh", "--force"]).done();
    assert_eq!(tracker.table().names(), ["a"]);
    tracker.add("b", 1000);
    tracker.run(&["force-refresh"]).done();
    assert_eq!(tracker.table().names(), ["a", "b"]);
}

#[test]
fn half_an_interval_later_it_is_due() {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker.add("a", 1000);
    move_last_refresh(&tracker, -890);
    // What the policy says about the last refresh is not what the catalogue says any more.
    let output = tracker.run(&["refresh"]).done();
    assert!(output.starts_with("refreshed: 1 torrent,"), "{output}");

    let tracker = Installation::new(&["tracker.interval = 2", "tracker.min_interval = 1"]);
    tracker.refresh();
    let refreshed = || {
        let output = tracker.run(&["refresh"]).done();
        output.starts_with("refreshed: ").then_some(())
    };
    poll(Duration::from_secs(10), refreshed).expect("due after one second");
}

#[test]
fn a_last_refresh_in_the_future_is_a_wrong_clock_and_stops_nothing() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    // More than two periods ahead, and less than one.
    for ahead in [10_000_000, 120] {
        move_last_refresh(&tracker, ahead);
        let output = tracker.run(&["refresh"]).done();
        assert!(output.starts_with("refreshed: 1 torrent,"), "{ahead}: {output}");
        assert_eq!(tracker.table().row("a").cell("age"), "00d00h00m");
    }
}

#[test]
fn a_fragment_that_is_missing_is_written_however_early() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    for missing in [STATS, RSS, "data/policy.snapshot"] {
        tracker.refresh();
        fs::remove_file(tracker.path(missing)).expect("it was there");
        tracker.run(&["refresh"]).done();
        assert!(tracker.path(missing).exists(), "{missing}");
    }
}

#[test]
fn of_two_at_once_one_works_and_the_other_has_nothing_to_do() {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker.add("a", 1000);
    let before = tracker.text(STATS);
    let lock = File::options().append(true).open(tracker.path("data/refresh.lock"));
    let lock = lock.expect("the lock of refreshes");
    lock.lock().expect("it is free");
    let output = tracker.run(&["refresh", "--force"]).done();
    assert_eq!(output, "nothing to do: another refresh is under way\n");
    assert_eq!(tracker.text(STATS), before);
    lock.unlock().expect("it was locked");
    tracker.refresh();
    assert_eq!(tracker.table().names(), ["a"]);
}

#[test]
fn many_at_once_all_end_well_and_count_nothing_twice() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    for number in 1..6 {
        download(&tracker, &torrent, number);
        let all: Vec<_> = (0..4).map(|_| start(&tracker)).collect();
        let ended = all.into_iter().map(|child| child.wait_with_output().expect("it ends"));
        let outputs: Vec<_> = ended.map(|output| Ran::from(output).done()).collect();
        let winners = outputs.iter().filter(|output| output.starts_with("refreshed: ")).count();
        assert!(winners >= 1, "{outputs:?}");
        let table = tracker.table();
        assert_eq!(table.row("a").cell("completed"), number.to_string());
        assert_eq!(table.row("a").cell("transferred"), format!("{} B", 3 * number));
    }
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 5);
}

/// Whole bytes in a cell such as `12 B`.
fn number(cell: &str) -> u64 {
    cell.trim_end_matches(" B").parse().unwrap_or_else(|error| panic!("{cell}: {error}"))
}

#[test]
fn killed_at_any_instant_it_leaves_whole_fragments_and_right_totals() {
    const KILLS: u8 = 40;
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    let begun = Instant::now();
    tracker.refresh();
    let duration = begun.elapsed();
    for kill in 1..=KILLS {
        download(&tracker, &torrent, kill);
        let mut refresh = start(&tracker);
        // Instants spread evenly over a refresh and a little beyond.
        thread::sleep(duration.mul_f64(f64::from(kill) * 1.2 / f64::from(KILLS)));
        refresh.kill().expect("it was not waited for");
        refresh.wait().expect("it ends");
        let table = Table::parse(&tracker.text(STATS)).expect("a whole table");
        Element::parse(&tracker.text(RSS)).expect("a whole feed");
        assert!(number(table.row("a").cell("completed")) <= kill.into(), "{table:?}");
        assert!(number(table.row("a").cell("transferred")) <= 3 * u64::from(kill), "{table:?}");
        let downloaded = scraped(&tracker, torrent.info_hash).number("downloaded");
        assert_eq!(downloaded, i64::from(kill), "announces and scrapes go on");
    }
    tracker.run(&["refresh", "--force"]).done();
    assert_eq!(tracker.table().row("a").cell("completed"), KILLS.to_string());
    assert_eq!(tracker.table().row("a").cell("transferred"), format!("{} B", 3 * u32::from(KILLS)));
}

#[test]
fn a_reader_never_sees_half_a_fragment() {
    let tracker = Installation::listed();
    for number in 0..60 {
        tracker.add(&format!("torrent {number:02} {}", "x".repeat(100)), 1000);
    }
    tracker.refresh();
    let mut refreshes: Vec<_> = Vec::new();
    for _ in 0..4 {
        let mut refresh = start(&tracker);
        while refresh.try_wait().expect("its state").is_none() {
            let table = Table::parse(&tracker.text(STATS)).expect("a whole table");
            assert_eq!(table.rows.len(), 60);
            assert_eq!(tracker.feed().all("item").len(), 60);
        }
        refreshes.push(refresh.wait_with_output().expect("it ends"));
    }
    assert!(refreshes.into_iter().all(|output| output.status.success()));
}

#[test]
fn a_fragment_that_cannot_be_replaced_is_told_in_one_line_and_keeps_nothing_else_back() {
    let tracker = Installation::listed();
    for (blocked, other) in [(STATS, RSS), (RSS, STATS)] {
        tracker.refresh();
        let name = format!("behind {}", blocked.len());
        let torrent = tracker.add(&name, 1000);
        fs::remove_file(tracker.path(blocked)).expect("a fragment");
        // Not even root writes a file where a folder is.
        fs::create_dir(tracker.path(blocked)).expect("a folder in its place");
        let failure = tracker.run(&["refresh", "--force"]).failure();
        assert!(failure.contains(&tracker.path(blocked).display().to_string()), "{failure}");
        assert!(tracker.text(other).contains(&name), "the other one was written");
        client(1).of(torrent.info_hash).announce(&tracker, "");
        assert!(!tracker.path(format!("{blocked}.new")).exists(), "nothing is left beside it");
        fs::remove_dir(tracker.path(blocked)).expect("the folder");
    }
}

/// A limit on the size of files stops the writing in the middle, as a full disk does.
#[test]
fn a_full_disk_keeps_the_fragment_before() {
    let tracker = Installation::listed();
    tracker.add("first", 1000);
    tracker.refresh();
    let before = tracker.text(STATS);
    // 200 bytes a name, thrice in each row and mostly escaped: far more than is in the catalogue.
    for number in 0..150 {
        let name = format!("{number:03}{}", "\u{1f980}".repeat(48));
        let torrent = Torrent::new(&name, 1000, ANNOUNCE_URL);
        tracker.drop_in(format!("{number}.torrent"), &torrent.metainfo);
    }
    let refresh = tracker.command(&["refresh", "--force"]);
    let mut limited = std::process::Command::new("/bin/sh");
    // In blocks of 512 bytes. The signal is ignored, so that the write fails as on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" \"$@\""]);
    limited.arg(refresh.get_program()).args(refresh.get_args()).env_clear();
    limited.env("TRACKER_CONFIG", tracker.path("conf/tracker.toml"));
    let failure = Ran::from(limited.output().expect("a shell")).failure();
    assert!(failure.contains("cannot write ") && failure.contains("bt_stats.inc"), "{failure}");
    assert_eq!(tracker.text(STATS), before);
    let left: Vec<_> = fs::read_dir(tracker.path("www/torrents"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".new"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "half a file takes up room");
    tracker.refresh();
    assert_eq!(tracker.table().rows.len(), 151, "once there is room");
}

#[test]
fn the_first_request_after_half_an_interval_refreshes_when_no_cron_does() {
    let tracker = Installation::new(&[
        "tracker.torrents = 'open'",
        "tracker.interval = 2",
        "tracker.min_interval = 1",
    ]);
    tracker.refresh();
    tracker.add("a", 1000);
    let switched_on =
        tracker.text("conf/tracker.toml").replace("on_request = false", "on_request = true");
    fs::write(tracker.path("conf/tracker.toml"), switched_on).expect("a configuration");
    tracker.wait_until_the_table_is_old();
    client(1).announce(&tracker, "");
    let refreshed = || (tracker.table().names() == ["a"]).then_some(());
    poll(Duration::from_secs(10), refreshed).expect("refreshed after the reply");
    tracker.wait_for_a_refresh_to_end();
}

#[test]
fn it_runs_from_any_folder_and_says_when_there_is_no_configuration() {
    let tracker = Installation::listed();
    let mut command = tracker.command(&["--config", "nowhere.toml", "refresh"]);
    let ran = Ran::from(command.current_dir("/").output().expect("it runs"));
    let failure = ran.failure();
    assert!(failure.contains("/nowhere.toml") && failure.contains("--config"), "{failure}");
    let mut command = tracker.command(&["refresh", "--force"]);
    Ran::from(command.current_dir("/").output().expect("it runs")).done();
    assert!(tracker.path(STATS).exists());
}
