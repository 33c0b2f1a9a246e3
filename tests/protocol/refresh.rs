//! A refresh: when it does something, what a second one or a kill does to it, and what stays when
//! something cannot be written.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tracker_cgi::catalog::{
    Catalog, PolicySnapshot, Publication, Refused, Rules, Watched, publish,
};
use tracker_cgi::config::LoadedConfig;
use tracker_cgi::protocol::Timestamp;

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

/// Has the policy say that the last refresh was at another time.
fn publish_as_of(tracker: &Installation, refreshed_at: u64) {
    let file = tracker.path("conf/tracker.toml");
    let text = tracker.text("conf/tracker.toml");
    let paths = LoadedConfig::parse(&text, &file).expect("a configuration").config.paths;
    let generation = PolicySnapshot::open(&paths.policy).expect("a policy").generation();
    let watched = Watched::now(&paths.torrents);
    let publication = Publication {
        watched: vec![&watched],
        scanned: None,
        refreshed_at: Timestamp(refreshed_at),
        generation,
        published_at: Timestamp(refreshed_at),
        rules: &Rules::default(),
        refused: Refused::default(),
        figures: &[],
    };
    let catalog = Catalog::open(&paths.catalog).expect("a catalogue");
    let torrents = catalog.torrents().expect("torrents");
    publish(&paths.policy, &torrents, &publication).expect("a policy");
}

#[test]
fn a_last_refresh_in_the_future_does_not_stop_the_refreshes_after_requests() {
    let tracker = Installation::new(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    tracker.add("a", 1000);
    tracker.refresh_on_request();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    client(1).announce(&tracker, "");
    assert!(tracker.table().names().is_empty(), "nothing is due");
    // A year ahead, as a clock was that has been put right since.
    move_last_refresh(&tracker, 31_536_000);
    publish_as_of(&tracker, now + 31_536_000);
    client(1).announce(&tracker, "");
    let refreshed = || (tracker.table().names() == ["a"]).then_some(());
    poll(Duration::from_secs(10), refreshed).expect("refreshed after the reply");
    tracker.wait_for_a_refresh_to_end();
}

#[test]
fn what_a_clock_that_was_ahead_wrote_heals_with_the_next_refresh() {
    let tracker = Installation::listed();
    let torrents = ["ahead", "right"].map(|name| tracker.add(name, 1000));
    tracker.refresh();
    download(&tracker, &torrents[0], 1);
    let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
    let ahead = "UPDATE torrents SET first_seen = first_seen + ?1 WHERE info_hash = ?2";
    catalog.execute(ahead, (63_072_000, torrents[0].info_hash)).expect("it can be written");
    move_last_refresh(&tracker, 63_072_000);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let is_now = |at: u64| at.abs_diff(now) <= 30;
    let shown = tracker.run(&["torrent", "show", "--json", "ahead"]).json();
    assert!(shown["first_seen"].as_u64().is_some_and(is_now), "{shown}");
    tracker.run(&["refresh"]).done();
    let feed = tracker.feed();
    let dates = ["pubDate", "lastBuildDate"].map(|name| feed.all(name));
    for date in dates.into_iter().flatten() {
        let date = httpdate::parse_http_date(&date.text).expect("a date");
        let date = date.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        assert!(is_now(date), "{feed:?}");
    }
    let table = tracker.table();
    assert_eq!(table.row("ahead").cell("age"), "00d00h00m");
    assert_eq!(table.row("ahead").cell("rate"), "0.00 B/s", "over no time that is known");
    let first_seen: i64 = catalog
        .query_row("SELECT max(first_seen) FROM torrents", [], |row| row.get(0))
        .expect("a date");
    assert!(is_now(first_seen.unsigned_abs()), "{first_seen}: it is right for good");
}

#[test]
fn totals_that_nobody_believes_are_reset_and_count_on_from_nothing() {
    for tracker in [Installation::listed(), Installation::in_memory(&[])] {
        let [absurd, other] = ["absurd", "other"].map(|name| tracker.add(name, 1000));
        for number in 1..4 {
            download(&tracker, &absurd, number);
        }
        download(&tracker, &other, 9);
        tracker.refresh();
        download(&tracker, &absurd, 4);
        let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
        let spoil = "UPDATE torrents SET uploaded = 9223372036854775807 WHERE info_hash = ?1";
        catalog.execute(spoil, [absurd.info_hash]).expect("it can be written");
        let hash: String = absurd.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let output = tracker.run(&["torrent", "edit", &hash, "--reset-totals"]).done();
        assert!(output.starts_with("absurd: the totals are reset; they were 3 "), "{output}");
        for _ in 0..2 {
            let table = tracker.table();
            let figures = |name| {
                ["completed", "transferred", "rate"]
                    .map(|cell| table.row(name).cell(cell).to_owned())
            };
            assert_eq!(figures("absurd"), ["0", "0 B", "0.00 B/s"]);
            assert_eq!(figures("other")[..2], ["1", "3 B"]);
            assert_eq!(scraped(&tracker, absurd.info_hash).number("downloaded"), 0);
            tracker.refresh();
        }
        download(&tracker, &absurd, 5);
        assert_eq!(scraped(&tracker, absurd.info_hash).number("downloaded"), 1);
        tracker.refresh();
        assert_eq!(tracker.table().row("absurd").cell("completed"), "1");
        assert_eq!(tracker.table().row("absurd").cell("transferred"), "3 B");
    }
}

#[test]
fn a_torrent_is_edited_by_any_name_that_it_has() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    for name in ["a", "a.torrent"] {
        tracker.run(&["torrent", "edit", name, "--reset-totals"]).done();
    }
    let failure = tracker.run(&["torrent", "edit", "b", "--reset-totals"]).failure();
    assert!(failure.contains("there is no torrent `b`"), "{failure}");
    assert_eq!(tracker.run(&["torrent", "edit", "a"]).status, 2, "nothing to do");
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

/// The lock that all who refresh share.
fn lock(tracker: &Installation) -> File {
    let lock = File::options().append(true).open(tracker.path("data/refresh.lock"));
    lock.expect("the lock of refreshes")
}

/// Waits until a refresh that was started says on its standard error that it waits for another one.
fn wait_until_it_waits(refresh: &mut Child) -> BufReader<ChildStderr> {
    let mut errors = BufReader::new(refresh.stderr.take().expect("its standard error"));
    let mut said = String::new();
    errors.read_line(&mut said).expect("a line");
    assert_eq!(said, "tracker: info: another refresh is under way; waiting for its end\n");
    errors
}

#[test]
fn while_another_is_under_way_only_a_forced_one_has_something_to_do() {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker.add("a", 1000);
    let before = tracker.text(STATS);
    let lock = lock(&tracker);
    lock.lock().expect("it is free");
    let output = tracker.run(&["refresh"]).done();
    assert_eq!(output, "nothing to do: another refresh is under way\n");
    for arguments in [&["refresh", "--force", "--no-wait"][..], &["force-refresh", "--no-wait"]] {
        let ran = tracker.run(arguments);
        assert_eq!((ran.status, ran.output.as_str()), (3, ""), "{ran:?}");
        let said = "tracker: nothing was done: another refresh is under way; ";
        assert!(ran.errors.starts_with(said), "{ran:?}");
    }
    assert_eq!(tracker.run(&["refresh", "--no-wait"]).status, 2, "it never waits");
    assert_eq!(tracker.text(STATS), before);
    lock.unlock().expect("it was locked");
    assert!(tracker.run(&["force-refresh", "--no-wait"]).done().starts_with("refreshed: 1 "));
    assert_eq!(tracker.table().names(), ["a"]);
}

#[test]
fn forced_ones_wait_for_one_another_and_each_does_its_own() {
    let tracker = Installation::listed();
    tracker.refresh();
    let lock = lock(&tracker);
    lock.lock().expect("it is free");
    let mut waiting = [start(&tracker), start(&tracker)];
    let errors = waiting.each_mut().map(wait_until_it_waits);
    // What comes while they wait is theirs to find.
    tracker.add("a", 1000);
    lock.unlock().expect("it was locked");
    for refresh in waiting {
        let output = Ran::from(refresh.wait_with_output().expect("it ends")).done();
        assert!(output.starts_with("refreshed: 1 torrent,"), "{output}");
    }
    drop(errors);
    assert_eq!(tracker.table().names(), ["a"]);
}

#[test]
fn nobody_waits_for_a_refresh_that_was_killed() {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker.add("a", 1000);
    let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
    // So that the first one stays in its middle.
    catalog.execute_batch("BEGIN EXCLUSIVE").expect("nobody reads it");
    let mut killed = start(&tracker);
    let lock = lock(&tracker);
    let taken =
        || lock.try_lock().is_err().then_some(()).or_else(|| lock.unlock().err().map(|_| ()));
    poll(Duration::from_secs(10), taken).expect("the first one has the lock");
    let mut waiting = start(&tracker);
    let errors = wait_until_it_waits(&mut waiting);
    killed.kill().expect("it was not waited for");
    killed.wait().expect("it ends");
    catalog.execute_batch("COMMIT").expect("it was begun");
    let output = Ran::from(waiting.wait_with_output().expect("it ends")).done();
    assert!(output.starts_with("refreshed: 1 torrent,"), "{output}");
    drop(errors);
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
        assert!(outputs.iter().all(|output| output.starts_with("refreshed: ")), "{outputs:?}");
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
            assert_eq!(tracker.feed().all("item").len(), 50, "the newest");
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
        let folder = fs::read_dir(tracker.path("www/torrents")).expect("the folder");
        let names = folder.map(|entry| entry.expect("an entry").file_name());
        let left: Vec<_> = names.filter(|it| it.to_string_lossy().ends_with(".new")).collect();
        assert!(left.is_empty(), "nothing is left beside it: {left:?}");
        fs::remove_dir(tracker.path(blocked)).expect("the folder");
    }
}

#[test]
fn the_whole_feed_is_made_of_the_owners_page_and_goes_with_it() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    let (page, whole) = (tracker.path("www/rss.xml"), tracker.path("www/torrents/bt_rss.xml"));
    tracker.refresh();
    assert!(!whole.exists(), "there is no page");
    let text = "<rss><channel><title>Mine</title>\n\
                <!--#include virtual=\"torrents/bt_rss.inc\" -->\n</channel></rss>\n";
    fs::write(&page, text).expect("a page");
    tracker.refresh();
    let feed = Element::parse(&fs::read_to_string(&whole).expect("a feed")).expect("whole XML");
    let titles: Vec<_> = feed.all("title").iter().map(|title| title.text.clone()).collect();
    assert_eq!(titles, ["Mine", "a"]);
    fs::write(&page, text.replace("Mine", "http://127.0.0.1:8080 is mine")).expect("a page");
    tracker.add("http:127.0.0.1:8080", 1000);
    tracker.refresh();
    let feed = fs::read_to_string(&whole).expect("a feed");
    assert!(feed.contains("<title>http://tracker.test is mine</title>"), "{feed}");
    assert!(feed.contains("<title>http:127.0.0.1:8080</title>"), "{feed}");
    fs::write(&page, [text.as_bytes(), b"<!-- \xe9 -->"].concat()).expect("a page");
    tracker.refresh();
    assert!(!whole.exists(), "it is in another encoding");
    fs::write(&page, text.replace("-->", "--><!--#flastmod file=\"x\" -->")).expect("a page");
    tracker.refresh();
    assert!(!whole.exists(), "only a web server can put that together");
}

/// A limit on the size of files stops the writing in the middle, as a full disk does.
#[test]
fn a_full_disk_keeps_the_fragment_before() {
    let tracker = Installation::listed();
    tracker.add("first", 1000);
    tracker.refresh();
    let before = tracker.text(STATS);
    // 200 bytes a name, thrice in each row and mostly escaped: far more than is in the catalogue.
    for number in 0..400 {
        let name = format!("{number:03}{}", "\u{1f980}".repeat(48));
        let torrent = Torrent::new(&name, 1000, ANNOUNCE_URL);
        tracker.drop_in(format!("{number}.torrent"), &torrent.metainfo);
    }
    let refresh = tracker.command(&["refresh", "--force"]);
    let mut limited = std::process::Command::new("/bin/sh");
    // In blocks of 512 bytes. The signal is ignored, so that the write fails as on a full disk.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$0\" \"$@\""]);
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
    assert_eq!(tracker.table().rows.len(), 401, "once there is room");
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
    tracker.refresh_on_request();
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

#[test]
fn a_changed_address_changes_the_feed_at_the_next_refresh() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    let page = include_str!("../../www/rss.xml");
    fs::write(tracker.path("www/rss.xml"), page).expect("a page");
    let file = tracker.path("conf/tracker.toml");
    let feed_at = |addresses: &str| {
        let text = format!("tracker.accept_foreign = true\n{addresses}\n");
        fs::write(&file, text).expect("a configuration");
        tracker.refresh();
        tracker.text("www/torrents/bt_rss.xml")
    };
    let feed = feed_at("tracker.announce_url = 'http://old.test/announce'");
    for address in
        ["<link>http://old.test/</link>", "<link>http://old.test/torrents/a.torrent</link>"]
    {
        assert!(feed.contains(address), "{address}: {feed}");
    }
    let feed = feed_at("tracker.announce_url = 'https://new.test/announce'");
    assert!(feed.contains("<link>https://new.test/torrents/a.torrent</link>"), "{feed}");
    assert!(
        feed.contains("href=\"https://new.test/rss.xml\"") && !feed.contains("old.test"),
        "{feed}"
    );
    let feed = feed_at("");
    assert!(feed.contains("<link>torrents/a.torrent</link>"), "{feed}");
    assert!(!feed.contains("127.0.0.1"), "{feed}");
}

#[test]
fn a_quiet_one_says_only_what_is_wrong() {
    let tracker = Installation::listed();
    for _ in ["it makes all", "it is too early"] {
        let ran = tracker.run(&["refresh", "--quiet"]);
        assert_eq!((ran.status, ran.output.as_str(), ran.errors.as_str()), (0, "", ""), "{ran:?}");
    }
    assert!(tracker.path("data/catalog.db").exists());
    tracker.drop_in("broken.torrent", b"d8:announce");
    let ran = tracker.run(&["force-refresh", "--quiet"]);
    assert_eq!((ran.status, ran.output.as_str()), (0, ""), "{ran:?}");
    assert!(ran.errors.contains("broken.torrent") && ran.errors.lines().count() == 1, "{ran:?}");
}
