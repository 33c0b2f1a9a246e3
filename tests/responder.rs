//! What a responder notices while it runs: its configuration changes, breaks, is mended, comes and goes.

use std::fs;
use std::time::Duration;

use crate::harness::fastcgi::Responder;
use crate::harness::fragments::Table;
use crate::harness::http::encode;
use crate::harness::installation::Installation;
use crate::harness::poll;

const ANNOUNCE: &str =
    "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";

/// What announces are answered with where the configuration has this interval.
fn has_interval(reply: &str, seconds: u32) -> bool {
    // Each peer is told up to a tenth more, always the same.
    let told = reply.split("8:intervali").nth(1).and_then(|rest| rest.split('e').next());
    let told: Option<u32> = told.and_then(|digits| digits.parse().ok());
    told.is_some_and(|told| (seconds..=seconds + seconds / 10).contains(&told))
}

/// Waits until all are answered as they should be, whichever of the workers they come to.
fn comes_true(responder: &Responder, what: &str, place: &str, is_right: impl Fn(&str) -> bool) {
    let all = || (0..20).all(|_| is_right(&responder.get(place, ANNOUNCE).text()));
    let came = poll(Duration::from_secs(15), || all().then_some(()));
    let last = || responder.get(place, ANNOUNCE).text();
    assert!(came.is_some(), "{what}: {}\n{}", last(), responder.process.output());
}

#[test]
fn a_changed_configuration_is_followed_by_every_worker() {
    let open = "tracker.torrents = 'open'";
    let tracker = Installation::in_memory(&[open, "tracker.interval = 1000"]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &["--workers", "2"]);
    comes_true(&responder, "as it was", "/announce", |reply| has_interval(reply, 1000));
    tracker.configure(&[open, "tracker.interval = 2000"]);
    comes_true(&responder, "a setting", "/announce", |reply| has_interval(reply, 2000));
    tracker.configure(&["tracker.torrents = 'listed'"]);
    comes_true(&responder, "a rule", "/announce", |reply| reply.contains("does not track"));
    // As long as the one before, and as old as it: only the file is another.
    let file = tracker.path("conf/tracker.toml");
    let before = fs::metadata(&file).and_then(|it| it.modified()).expect("when it was written");
    let text = tracker.text("conf/tracker.toml").replace("'listed'", "'open'  ");
    let beside = tracker.path("conf/new");
    fs::write(&beside, text).expect("a configuration");
    fs::File::options()
        .write(true)
        .open(&beside)
        .and_then(|it| it.set_modified(before))
        .expect("a time");
    fs::rename(&beside, &file).expect("it takes its place");
    comes_true(&responder, "a file put in its place", "/announce", |reply| {
        reply.contains("8:complete")
    });
    assert_eq!(responder.process.output().matches("tracker: error").count(), 0);
}

#[test]
fn what_takes_long_follows_a_changed_configuration_too() {
    let tracker = Installation::open();
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    let scrape = || responder.get("/scrape", "").text();
    assert!(scrape().starts_with("d5:files"), "{}", scrape());
    tracker.configure(&["tracker.torrents = 'open'", "tracker.full_scrape = false"]);
    let refused = || scrape().contains("only for torrents that are named").then_some(());
    assert!(poll(Duration::from_secs(15), refused).is_some(), "{}", scrape());
}

#[test]
fn a_configuration_that_breaks_is_told_and_one_that_is_mended_followed() {
    let tracker = Installation::open();
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    tracker.configure(&["nonsense = 1"]);
    comes_true(&responder, "broken", "/announce", |reply| reply.contains("not set up correctly"));
    fs::remove_file(tracker.path("conf/tracker.toml")).expect("the configuration");
    comes_true(&responder, "gone", "/announce", |reply| reply.contains("not set up correctly"));
    tracker.configure(&["tracker.torrents = 'open'"]);
    comes_true(&responder, "mended", "/announce", |reply| reply.contains("8:complete"));
    let log = responder.process.output();
    assert_eq!(log.matches("nonsense").count(), 1, "{log}");
    assert!(log.contains("the site works again"), "{log}");
}

#[test]
fn a_hangup_has_it_read_at_once() {
    let tracker = Installation::open();
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    tracker.configure(&["nonsense = 1"]);
    let process = i32::try_from(responder.process.id()).expect("a process id");
    // SAFETY: kill touches no memory; the child was not waited for, so its id is still its own.
    unsafe { libc::kill(process, libc::SIGHUP) };
    // Without a request.
    let told = || responder.process.output().contains("nonsense").then_some(());
    assert!(poll(Duration::from_secs(15), told).is_some(), "{}", responder.process.output());
}

#[test]
fn a_new_torrent_is_on_the_page_with_its_seeder_after_its_only_announce() {
    let tracker = Installation::listed();
    tracker.refresh_on_request();
    tracker.refresh();
    has_one_seeder_after_one_announce(&tracker);
}

#[test]
fn the_first_request_of_all_is_on_the_page_with_its_seeder() {
    let tracker = Installation::listed();
    tracker.refresh_on_request();
    has_one_seeder_after_one_announce(&tracker);
}

fn has_one_seeder_after_one_announce(tracker: &Installation) {
    let responder = Responder::start(tracker, &[]);
    let torrent = tracker.add("dropped in", 1000);
    let query = format!(
        "info_hash={}&peer_id=-XX0001-000000000001&port=6881&left=0",
        encode(&torrent.info_hash)
    );
    let reply = responder.get("/announce", &query).text();
    assert!(reply.contains("8:complete"), "{reply}");
    let is_listed = || {
        let seeders = |table: Table| table.rows.first().map(|row| row.cell("seeders").to_owned());
        let text = std::fs::read_to_string(tracker.path("www/torrents/bt_stats.inc")).ok()?;
        (seeders(Table::parse(&text).ok()?)? == "1").then_some(())
    };
    assert!(poll(Duration::from_secs(15), is_listed).is_some(), "{}", responder.process.output());
    tracker.wait_for_a_refresh_to_end();
}

/// Whether a line begins with a time such as 2024-02-29T23:59:59Z.
pub fn has_time(line: &str) -> bool {
    let (time, rest) = line.split_at_checked(20).unwrap_or_default();
    let is_digit = |at: usize| time.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];
    digits.into_iter().all(is_digit) && time.ends_with('Z') && rest.starts_with(" tracker: ")
}

#[test]
fn its_log_in_a_file_has_times_and_says_first_which_configuration_holds_and_why() {
    let tracker = Installation::open();
    let responder = Responder::start(&tracker, &[]);
    responder.get("/announce", ANNOUNCE);
    let log = responder.process.output();
    let first = log.lines().next().expect("a line");
    let file = tracker.path("conf/tracker.toml").display().to_string();
    assert!(first.contains(&format!("the configuration is {file} (named by ")), "{log}");
    assert!(log.lines().all(has_time), "{log}");
}
