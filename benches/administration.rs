//! What pages of the administration take with 50,000 torrents, over FastCGI and as a CGI, and what people who try to sign in
//! ten times a second cost announces.
//!
//! `cargo bench --bench administration` takes a minute; `-- --quick` has a tenth of the torrents and of the time.
//! `TRACKER_EXECUTABLE` names the build to measure, such as the static one of a release.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/harness/mod.rs"]
mod harness;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::admin::{Admin, add_user};
use harness::fastcgi::{self, Responder};
use harness::http::encode;
use harness::installation::{ANNOUNCE_URL, Installation};
use harness::torrent::Torrent;
use tracker_cgi::catalog::{Role, UserDetails};

/// Requests for each page.
const ROUNDS: usize = 41;

/// Words of names.
const WORDS: [&str; 11] = [
    "Penguin",
    "desktop",
    "harbour",
    "lectures",
    "station",
    "songs",
    "aerial",
    "Ёлка",
    "гавань",
    "песни",
    "register",
];

/// What the pages show, and where they are.
const PAGES: [(&str, &str); 10] = [
    ("overview", ""),
    ("the newest torrents", "torrents"),
    ("page 100", "torrents?page=100"),
    ("sorted by title", "torrents?sort=title"),
    ("a word that many have", "torrents?q=harbour"),
    ("words that few have", "torrents?q=%D0%B3%D0%B0%D0%B2%D0%B0%D0%BD%D1%8C+04711"),
    ("retired ones", "retired"),
    ("bans", "bans"),
    ("changes", "audit"),
    ("people", "people"),
];

/// Sign-ins that are tried, from one to the next.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);
/// What a client waits after each reply, so that there is time left on the processors.
const BETWEEN_ANNOUNCES: Duration = Duration::from_micros(500);

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    pages(if quick { 5_000 } else { 50_000 });
    sign_ins(if quick { 4 } else { 20 });
}

fn pages(count: usize) {
    let tracker = Installation::in_memory(&[]);
    for number in 0..count {
        let word = |factor: usize| WORDS[number.wrapping_mul(factor) / 7 % WORDS.len()];
        let name = format!("{} {} {} {number:05}", word(3), word(5), word(13));
        let torrent = Torrent::new(&name, 1000 + number, ANNOUNCE_URL);
        tracker.drop_in(format!("category {}/{number}.torrent", number % 40), &torrent.metainfo);
    }
    tracker.refresh();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let mut admin = Admin::signed_in(&tracker, "ingrid", Role::Administrator);
    measure(&mut admin, &format!("{count} torrents, CGI"), "60 ms");
    admin.go_through(&responder);
    measure(&mut admin, &format!("{count} torrents, FastCGI"), "30 ms");
    drop(admin);
    responder.stop();
}

fn measure(admin: &mut Admin<'_>, way: &str, to_reach: &str) {
    for (what, path) in PAGES {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let reply = admin.get(path);
            times.push(begun.elapsed());
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
        }
        times.sort();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{way}, {what}: median {:.1?}, fastest {:.1?}, 90 % within {:.1?} (to reach: {to_reach})",
            at(50),
            at(0),
            at(90)
        );
    }
}

/// Announces one after the other, in turns with and without attempts to sign in.
fn sign_ins(rounds: usize) {
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    add_user(&tracker, "ingrid", &UserDetails::new(Role::Administrator));
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let mut ratios = Vec::new();
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut attempts = 0;
    announces(&responder);
    for round in 0..rounds {
        let without = announces(&responder);
        let is_over = AtomicBool::new(false);
        let with = std::thread::scope(|scope| {
            let attempting = scope.spawn(|| attempt(&tracker, &responder, round, &is_over));
            let with = announces(&responder);
            is_over.store(true, Ordering::Relaxed);
            attempts += attempting.join().expect("attempts");
            with
        });
        ratios.push(median(&with) / median(&without));
        alone.extend(without);
        beside.extend(with);
    }
    responder.stop();
    ratios.sort_by(f64::total_cmp);
    let micros = |times: &[f64], share: usize| {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        times[(times.len() - 1) * share / 1000] * 1e6
    };
    println!(
        "an announce over FastCGI: median {:.1} us, 99 % within {:.0} us; beside {:.1} attempts a second to sign in: median {:.1} us, 99 % within {:.0} us; the ratio of the medians: {:.3} ({:.3} to {:.3}) (to reach: 1.05)",
        micros(&alone, 500),
        micros(&alone, 990),
        f64::from(attempts) / rounds as f64,
        micros(&beside, 500),
        micros(&beside, 990),
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
}

/// How long announces take during a second, in seconds.
fn announces(responder: &Responder) -> Vec<f64> {
    let hash = encode(&[b'a'; 20]);
    let until = Instant::now() + Duration::from_secs(1);
    let mut stream = responder.connect();
    let mut times = Vec::new();
    while Instant::now() < until {
        let query = format!(
            "info_hash={hash}&peer_id=-XX0000-{:012}&port=6881&left=1&uploaded=0&downloaded=0&compact=1",
            times.len() % 1000
        );
        let request = fastcgi::get_and_stay("/announce", &query);
        let begun = Instant::now();
        stream.write_all(&request).expect("a request is sent");
        let reply = fastcgi::read_reply(&mut stream);
        times.push(begun.elapsed().as_secs_f64());
        assert_eq!(reply.status, 200, "{reply:?}");
        std::thread::sleep(BETWEEN_ANNOUNCES);
    }
    times
}

/// Tries to sign in ten times a second, each time by another name from another address, which nothing slows down.
fn attempt(
    tracker: &Installation,
    responder: &Responder,
    round: usize,
    is_over: &AtomicBool,
) -> u32 {
    let mut attempts = 0;
    std::thread::scope(|scope| {
        while !is_over.load(Ordering::Relaxed) {
            let address = format!("2001:db8:{round:x}:{attempts:x}::1");
            scope.spawn(move || {
                let mut admin = Admin::new(tracker);
                admin.set("REMOTE_ADDR", &address);
                admin.go_through(responder);
                let fields = [("name", &*address), ("password", "wrong horse battery")];
                let reply = admin.fill_in("login", &fields);
                assert!(matches!(reply.status, 403 | 429 | 503), "{reply:?}");
            });
            attempts += 1;
            std::thread::sleep(BETWEEN_ATTEMPTS);
        }
    });
    attempts
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
