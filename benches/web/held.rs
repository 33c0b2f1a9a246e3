//! What other requests wait while a stopped process holds the store and announces wait for it, on the same event
//! loop; beside what they take on a loop that has nothing else to do.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::Scale;
use crate::harness::fastcgi::{Responder, get, read_reply};
use crate::harness::installation::Installation;
use crate::harness::stopped::Stopped;
use crate::report::{Table, at_most, two};

/// The word for these rows.
pub const WORD: &str = "held";

/// Milliseconds that no other request may wait longer than.
const TARGET: f64 = 10.0;

/// Clients whose announces are held up. They give up after a moment, and come again.
const WAITING: u32 = 8;
const MOMENT: Duration = Duration::from_millis(20);

/// Announces after which a SQLite file has a write-ahead log.
const SETTLED: u32 = 100;

const ANNOUNCE: &str =
    "info_hash=hhhhhhhhhhhhhhhhhhhh&peer_id=-XX0001-000000000001&port=6881&left=1";

/// What needs nothing that is held.
const OTHER: &str = "info_hash=too-short";

/// Measures both kinds of stores.
pub fn measure(scale: &Scale) -> Vec<Value> {
    let title = format!("other requests while {WAITING} clients' announces are held up");
    let columns =
        ["store", "alone p99 ms", "longest", "held p99 ms", "longest", "requests", "targets"];
    let mut table = Table::new(&title, &columns);
    let open = ["tracker.torrents = 'open'"];
    let stores = [
        ("shared memory", Installation::in_memory(&open), is_refused as fn(&_, &_) -> bool),
        ("SQLite", Installation::new(&open), is_written),
    ];
    let rows = stores.map(|(name, tracker, is_held)| {
        eprintln!("held: {name} ...");
        let [alone, held] = ask(&tracker, is_held, scale.time * 3);
        let longest = milliseconds(&held, 1.0);
        table.row([
            name.to_owned(),
            two(milliseconds(&alone, 0.99)),
            two(milliseconds(&alone, 1.0)),
            two(milliseconds(&held, 0.99)),
            two(longest),
            held.len().to_string(),
            at_most("milliseconds", longest, TARGET),
        ]);
        json!({
            "word": WORD,
            "who": name,
            "alone_p99_ms": milliseconds(&alone, 0.99),
            "alone_longest_ms": milliseconds(&alone, 1.0),
            "p99_ms": milliseconds(&held, 0.99),
            "longest_ms": longest,
            "target": TARGET,
        })
    });
    table.print();
    rows.into()
}

/// How long other requests took, sorted: before the store is held, and then.
fn ask(
    tracker: &Installation,
    is_held: fn(&Installation, &Responder) -> bool,
    time: Duration,
) -> [Vec<Duration>; 2] {
    tracker.refresh();
    let responder = Responder::start(tracker, &["--workers", "1"]);
    for _ in 0..SETTLED {
        responder.get("/announce", ANNOUNCE);
    }
    let alone = latencies(&responder, time);
    let holder = Stopped::in_an_announce(tracker, ANNOUNCE, || is_held(tracker, &responder));
    let is_over = AtomicBool::new(false);
    let held = thread::scope(|scope| {
        for _ in 0..WAITING {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    let mut stream = responder.connect();
                    // Where too many wait, it is refused at once.
                    let _ = stream.write_all(&get("/announce", ANNOUNCE));
                    thread::sleep(MOMENT);
                }
            });
        }
        let held = latencies(&responder, time);
        is_over.store(true, Relaxed);
        held
    });
    holder.go_on();
    [alone, held]
}

fn latencies(responder: &Responder, time: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut latencies = Vec::new();
    while begun.elapsed() < time {
        let asked = Instant::now();
        let mut stream = responder.connect();
        stream.write_all(&get("/announce", OTHER)).expect("a request is sent");
        assert!(read_reply(&mut stream).text().contains("failure reason"));
        latencies.push(asked.elapsed());
    }
    latencies.sort_unstable();
    latencies
}

fn milliseconds(sorted: &[Duration], share: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
}

/// Whether a process has a part of shared memory locked.
fn is_refused(_tracker: &Installation, responder: &Responder) -> bool {
    responder.get("/announce", ANNOUNCE).text().contains("8:retry in")
}

/// Whether a process writes to a SQLite file.
fn is_written(tracker: &Installation, _responder: &Responder) -> bool {
    let connection = Connection::open(tracker.store()).expect("the store");
    connection.busy_timeout(Duration::ZERO).expect("a limit");
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
}
