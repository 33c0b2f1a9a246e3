//! How long it takes to search and sort 50,000 torrents through the script, over FastCGI and as a CGI, and what the pages of
//! as many cost a refresh.
//!
//! `cargo bench --bench search` takes some minutes; `-- --quick` has a tenth of the torrents. `TRACKER_EXECUTABLE` names
//! the build to measure, such as the static one of a release.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/harness/mod.rs"]
mod harness;

use std::time::{Duration, Instant};

use harness::fastcgi::Responder;
use harness::http::{Reply, encode};
use harness::installation::{ANNOUNCE_URL, Installation};
use harness::torrent::Torrent;

/// Requests of each kind.
const ROUNDS: usize = 41;

/// Words of names, in Latin and Cyrillic letters.
const WORDS: [&str; 24] = [
    "Penguin",
    "desktop",
    "server",
    "harbour",
    "recordings",
    "Skarvik",
    "register",
    "lectures",
    "weather",
    "station",
    "hourly",
    "readings",
    "songs",
    "tunes",
    "collected",
    "aerial",
    "photographs",
    "летопись",
    "Ёлка",
    "записи",
    "гавань",
    "северный",
    "справочник",
    "песни",
];

/// What people ask for: what it is, and the query.
const QUERIES: [(&str, &str); 8] = [
    ("the first page", ""),
    ("page 100, by name", "sort=name&page=100"),
    ("all, the smallest first", "sort=-size"),
    ("a word that many have", "q=harbour&sort=added"),
    (
        "two words, Cyrillic",
        "q=%D0%B3%D0%B0%D0%B2%D0%B0%D0%BD%D1%8C+%D0%95%D0%9B%D0%9A%D0%90&sort=completed",
    ),
    ("a word in a category", "q=desktop&c=category%2017&sort=size"),
    ("one torrent, by its number", "q=04711"),
    ("nothing, and the nearest word", "q=dekstop"),
];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let count = if quick { 5_000 } else { 50_000 };
    for rows in [100, 1000] {
        let tracker = site(count, rows);
        if rows == 100 {
            refreshes(&tracker, count);
        } else {
            tracker.refresh();
        }
        let responder = Responder::start(&tracker, &["--workers", "1"]);
        for (what, query) in QUERIES {
            let times = measure(|| responder.get("/list", query), ROUNDS);
            report(&format!("{count} torrents, {rows} on a page, FastCGI: {what}"), times);
        }
        let times = measure(|| tracker.get("/list", "q=harbour").send().reply, ROUNDS);
        report(&format!("{count} torrents, {rows} on a page, CGI: a word that many have"), times);
        responder.stop();
    }
}

fn site(count: usize, rows: u32) -> Installation {
    let rows = format!("pages.rows = {rows}");
    let tracker = Installation::in_memory(&["paths.pages = '../www'", &rows]);
    for number in 0..count {
        let torrent = torrent(number);
        let file = format!("category {}/{number}.torrent", number % 40);
        tracker.drop_in(file, &torrent.metainfo);
    }
    tracker
}

fn torrent(number: usize) -> Torrent {
    let word = |factor: usize| WORDS[number.wrapping_mul(factor) / 7 % WORDS.len()];
    let words = [word(3), word(5), word(11), word(13), word(17)].join(" ");
    Torrent::new(&format!("{words} {number:05}"), 1000 + number, ANNOUNCE_URL)
}

/// The first refresh, and others when nothing has changed and when one in a hundred has a peer more.
fn refreshes(tracker: &Installation, count: usize) {
    let refresh = || {
        let begun = Instant::now();
        tracker.refresh();
        begun.elapsed()
    };
    println!("{count} torrents: the first refresh {:.3?} (to reach for 50,000: 10 s)", refresh());
    std::thread::sleep(Duration::from_secs(3));
    refresh();
    report(&format!("{count} torrents: nothing changed"), (0..5).map(|_| refresh()).collect());
    let responder = Responder::start(tracker, &["--workers", "1"]);
    let with_peers = |round: usize| {
        for number in (round..count).step_by(100) {
            let hash = encode(&torrent(number).info_hash);
            let query = format!(
                "info_hash={hash}&peer_id=-XX0000-{number:012}&port=6881&left=0&uploaded=0&downloaded=0"
            );
            responder.get("/announce", &query);
        }
        refresh()
    };
    report(
        &format!("{count} torrents: 1 % changed (to reach for 50,000: 3 s)"),
        (0..5).map(with_peers).collect(),
    );
    responder.stop();
}

fn measure(ask: impl Fn() -> Reply, rounds: usize) -> Vec<Duration> {
    let once = |_| {
        let begun = Instant::now();
        let reply = ask();
        let took = begun.elapsed();
        assert_eq!(reply.status, 200, "{reply:?}");
        took
    };
    (0..rounds).map(once).collect()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what}: median {:.1?}, 90 % within {:.1?}, longest {:.1?}", at(50), at(90), at(100));
}
