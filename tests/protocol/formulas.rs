//! The figures of the stats table against values computed by hand.

use std::time::{Duration, SystemTime};

use tracker_cgi::catalog::{Catalog, Tried};
use tracker_cgi::protocol::Timestamp;

use super::{client, counts, scraped};
use crate::harness::fragments::{Row, Table};
use crate::harness::installation::Installation;
use crate::harness::poll;
use crate::harness::torrent::Torrent;

/// A tracker with one torrent of 1000 bytes, refreshed once.
fn one_torrent(settings: &[&str]) -> (Installation, Torrent) {
    let tracker = Installation::new(settings);
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    (tracker, torrent)
}

fn announce(tracker: &Installation, torrent: &Torrent, number: u8, more: &str) {
    client(number).of(torrent.info_hash).announce(tracker, more);
}

/// The table after one more refresh.
fn refreshed(tracker: &Installation) -> Table {
    tracker.refresh();
    tracker.table()
}

/// Seconds from one update of the table to another within the hour, at least one.
fn period(before: &Table, after: &Table) -> i64 {
    let second_of_hour = |table: &Table| -> i64 {
        let (_, time) = table.updated.split_once(':').expect("a time");
        let (minutes, seconds) = time.trim_end_matches('Z').split_once(':').expect("a time");
        minutes.parse::<i64>().expect("minutes") * 60 + seconds.parse::<i64>().expect("seconds")
    };
    (second_of_hour(after) - second_of_hour(before)).rem_euclid(3600).max(1)
}

/// A rate below 1 KiB/s as the table shows it.
#[allow(clippy::cast_precision_loss)] // Small numbers.
fn rate(bytes: i64, peers: i64, period: i64) -> String {
    format!("{:.2} B/s", bytes as f64 / (peers * period) as f64)
}

#[test]
fn the_counts_are_those_of_the_swarm() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "");
    announce(&tracker, &torrent, 2, "left=0");
    announce(&tracker, &torrent, 3, "left=0");
    announce(&tracker, &torrent, 4, "event=paused");
    announce(&tracker, &torrent, 5, "event=started");
    announce(&tracker, &torrent, 5, "left=0&event=completed");
    let table = refreshed(&tracker);
    let row = table.row("a");
    let cells = ["seeders", "leechers", "partial", "completed"].map(|column| row.cell(column));
    assert_eq!(cells, ["3", "1", "1", "1"]);
    assert_eq!(row.cell("size"), "1000 B");
}

#[test]
fn progress_is_what_is_not_left_of_all_that_leechers_want() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "left=250");
    announce(&tracker, &torrent, 2, "left=651");
    announce(&tracker, &torrent, 3, "left=0");
    // 1 - (250 + 651) / (2 * 1000)
    assert_eq!(refreshed(&tracker).row("a").cell("progress"), "54.95 %");
    announce(&tracker, &torrent, 4, "left=500&event=paused");
    // 1 - (250 + 651 + 500) / (3 * 1000)
    assert_eq!(refreshed(&tracker).row("a").cell("progress"), "53.30 %");
}

#[test]
fn progress_is_0_when_nobody_lacks_anything() {
    let (tracker, torrent) = one_torrent(&[]);
    assert_eq!(tracker.table().row("a").cell("progress"), "0.00 %", "an empty swarm");
    announce(&tracker, &torrent, 3, "left=0");
    assert_eq!(refreshed(&tracker).row("a").cell("progress"), "0.00 %");
}

#[test]
fn a_left_beyond_the_size_is_unknown_and_spoils_no_figure() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "left=9223372036854775807");
    announce(&tracker, &torrent, 2, "left=18446744073709551615");
    let table = refreshed(&tracker);
    assert_eq!(table.row("a").cell("leechers"), "2");
    assert_eq!(table.row("a").cell("progress"), "0.00 %");
}

#[test]
fn transferred_counts_both_ways_and_downloaded_one() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "uploaded=100&downloaded=200");
    announce(&tracker, &torrent, 2, "uploaded=30&downloaded=7&left=0");
    let table = refreshed(&tracker);
    assert_eq!(table.row("a").cell("transferred"), "337 B");
    assert_eq!(table.row("a").find("transferred").attribute("title"), "207 B downloaded");
}

#[test]
fn transferred_keeps_what_peers_moved_that_have_left() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "uploaded=100&downloaded=200");
    announce(&tracker, &torrent, 1, "uploaded=150&downloaded=300&event=stopped");
    announce(&tracker, &torrent, 2, "uploaded=50");
    for _ in 0..3 {
        let table = refreshed(&tracker);
        assert_eq!(table.row("a").cell("transferred"), "500 B", "however often refreshed");
        assert_eq!(table.row("a").find("transferred").attribute("title"), "300 B downloaded");
    }
}

#[test]
fn absurd_figures_count_as_what_time_and_size_allow() {
    let (tracker, torrent) = one_torrent(&[]);
    let most = "uploaded=18446744073709551615&downloaded=18446744073709551615";
    announce(&tracker, &torrent, 1, most);
    announce(&tracker, &torrent, 2, most);
    announce(&tracker, &torrent, 2, &format!("{most}&event=stopped"));
    let table = refreshed(&tracker);
    // 10 Gbit/s for some seconds; four times the thousand bytes of the torrent for each of both.
    let transferred = table.row("a").cell("transferred");
    assert!(transferred.ends_with(" GiB"), "{table:?}");
    let downloaded = table.row("a").find("transferred").attribute("title");
    assert_eq!(downloaded, "7.812 KiB downloaded");
}

#[test]
fn the_rate_is_what_was_moved_in_the_period_for_each_peer_and_second() {
    let (tracker, torrent) = one_torrent(&[]);
    announce(&tracker, &torrent, 1, "uploaded=1000");
    announce(&tracker, &torrent, 2, "event=started");
    let before = refreshed(&tracker);
    tracker.wait_until_the_table_is_old();
    announce(&tracker, &torrent, 1, "uploaded=3000&downloaded=400");
    announce(&tracker, &torrent, 2, "downloaded=1000&left=0&event=completed");
    announce(&tracker, &torrent, 3, "event=paused");
    let after = refreshed(&tracker);
    // Moved: 4400 - 1000. Peers: one completed, one leecher, one seeder, one partial seed.
    let period = period(&before, &after);
    assert!(period >= 2, "{period}");
    assert_eq!(after.row("a").cell("rate"), rate(3400, 4, period));
    assert_eq!(after.totals.expect("totals").cell("rate"), rate(3400, 4, period), "one torrent");
    // Nothing moves: a rate of nothing.
    assert_eq!(refreshed(&tracker).row("a").cell("rate"), "0.00 B/s");
}

#[test]
fn the_first_refresh_has_no_rate() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    announce(&tracker, &torrent, 1, "uploaded=1000");
    std::fs::remove_file(tracker.path("data/catalog.db")).expect("a catalogue");
    assert_eq!(refreshed(&tracker).row("a").cell("rate"), "0.00 B/s");
}

#[test]
fn peers_that_fell_silent_leave_their_bytes_and_count_in_the_rate() {
    let short = ["interval = 2", "min_interval = 1", "expiry = 2"];
    let settings = short.map(|setting| format!("tracker.{setting}"));
    let (tracker, torrent) = one_torrent(&[&settings[0], &settings[1], &settings[2]]);
    announce(&tracker, &torrent, 1, "uploaded=300&downloaded=100");
    announce(&tracker, &torrent, 2, "uploaded=40&left=0");
    let before = tracker.table();
    let silent = || (counts(&scraped(&tracker, torrent.info_hash)) == (0, 0, 0)).then_some(());
    poll(Duration::from_secs(10), silent).expect("both expire");
    announce(&tracker, &torrent, 3, "");
    let after = refreshed(&tracker);
    assert_eq!(after.row("a").cell("transferred"), "440 B");
    assert_eq!(after.row("a").cell("leechers"), "1");
    assert_eq!(after.row("a").cell("rate"), rate(440, 3, period(&before, &after)));
    let later = refreshed(&tracker);
    assert_eq!(later.row("a").cell("transferred"), "440 B", "counted once");
}

#[test]
fn the_totals_add_up() {
    let tracker = Installation::listed();
    let [small, large] = [tracker.add("small", 500), tracker.add("large", 1500)];
    tracker.refresh();
    announce(&tracker, &small, 1, "left=400&uploaded=10");
    announce(&tracker, &small, 2, "left=0");
    announce(&tracker, &large, 3, "left=300&downloaded=5");
    announce(&tracker, &large, 4, "left=100&event=paused");
    announce(&tracker, &large, 5, "event=started");
    announce(&tracker, &large, 5, "left=0&event=completed");
    let table = refreshed(&tracker);
    let totals = table.totals.expect("totals");
    let columns = ["seeders", "leechers", "partial", "completed", "size", "transferred", "name"];
    let cells = columns.map(|column| totals.cell(column));
    assert_eq!(cells, ["2", "2", "1", "1", "1.95 KiB", "15 B", "2 torrents"]);
    // 1 - (400 + 300 + 100) / (1 * 500 + 2 * 1500)
    assert_eq!(totals.cell("progress"), "77.14 %");
}

#[test]
fn the_columns_are_trackercgis_in_its_order() {
    let (tracker, _) = one_torrent(&[]);
    let text = tracker.text("www/torrents/bt_stats.inc");
    let all = crate::harness::fragments::Element::parse(&text).expect("a table");
    let headings: Vec<_> =
        all.one("thead").all("th").iter().map(|it| it.attribute("class")).collect();
    let expected = [
        "rate",
        "progress",
        "seeders",
        "leechers",
        "partial",
        "transferred",
        "age",
        "completed",
        "size",
        "info",
        "name",
    ];
    assert_eq!(headings, expected);
    let row: Vec<_> =
        all.one("tbody").one("tr").children.iter().map(|it| it.attribute("class")).collect();
    assert_eq!(row, expected);
    assert_eq!(tracker.table().row("a").cell("age"), "00d00h00m");
}

#[test]
fn where_peers_are_tried_the_fifth_column_has_leechers_that_nobody_can_connect_to() {
    let settings = ["reachability.check = 'mark'"];
    for tracker in [Installation::new(&settings), Installation::in_memory(&settings)] {
        let torrent = tracker.add("a", 1000);
        tracker.refresh();
        let peers = [1, 2, 3, 4].map(|number| client(number).of(torrent.info_hash));
        for (peer, more) in peers.iter().zip(["left=9", "left=9", "left=0", "left=9&event=paused"])
        {
            peer.announce(&tracker, more);
        }
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = Timestamp(since_1970.expect("a clock").as_secs());
        // Those of private networks are not tried, so that what is known of them stays as it is written down here.
        let tried = |number: usize, is_reachable| Tried {
            endpoint: (peers[number].address, peers[number].port).into(),
            at: now,
            is_reachable: Some(is_reachable),
        };
        let tried = [tried(0, false), tried(1, true), tried(2, false), tried(3, false)];
        let mut catalog = Catalog::open(&tracker.path("data/catalog.db")).expect("a catalogue");
        catalog.record_tried(&tried, Timestamp(0), now).expect("it is written");
        drop(catalog);
        let table = refreshed(&tracker);
        let cells = |row: &Row| {
            ["seeders", "leechers", "unreachable"].map(|name| row.cell(name).to_owned())
        };
        assert_eq!(cells(table.row("a")), ["1", "2", "1"]);
        assert_eq!(cells(&table.totals.expect("totals")), ["1", "2", "1"]);
        let list = tracker.text("www/torrents/bt_list.inc");
        assert!(list.contains(r#"data-label="Unreachable">1<"#), "{list}");
        let stats = tracker.run(&["stats", "--json"]).json();
        assert_eq!([&stats["totals"]["unreachable"], &stats["torrents"][0]["unreachable"]], [1, 1]);
        let told = tracker.run(&["stats"]).done();
        assert!(
            told.contains("seeders leechers unreachable partial")
                && told.contains("(1 unreachable)")
        );

        tracker.configure(&["reachability.check = 'off'"]);
        let table = refreshed(&tracker);
        assert_eq!(table.row("a").cell("partial"), "1");
        assert!(!tracker.text("www/torrents/bt_list.inc").contains("Unreachable"));
        assert!(tracker.run(&["stats", "--json"]).json()["totals"]["unreachable"].is_null());
    }
}
