//! What the start of a CGI costs: opening the store, and the first announce of a process.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use tracker_cgi::store::PeerSample;

use crate::Scale;
use crate::crowd::{Crowd, WANT};
use crate::latency::Latencies;
use crate::processes::Task;
use crate::report::{Table, at_most, median, thousands, two};
use crate::stores::{Home, Kind, open_shm};
use crate::system;
use crate::taker::Store as _;

/// Microseconds to open the store and to close it.
const OPENING: f64 = 60.0;

/// Pages that a first announce touches.
const PAGES: f64 = 12.0;

const OPENINGS: u64 = 1000;
const PROCESSES: u64 = 25;

/// Measures a small store and a large one.
pub fn measure(scale: &Scale) -> Value {
    let mut results = Vec::new();
    let mut openings = Table::new(
        "Opening shm and closing it, in a process that has done so before",
        &["peers", "median us", "p99.9 us", "longest us", "targets"],
    );
    let mut firsts = Table::new(
        "The first announce of a fresh process, medians: page faults and microseconds",
        &[
            "peers",
            "process",
            "faults opening",
            "faults announcing",
            "opening us",
            "announcing us",
            "targets",
        ],
    );
    for peers in [10_000, scale.largest()] {
        eprintln!("opening shm with {} peers ...", thousands(peers as f64));
        let (small, home) = (Home::new(Kind::Shm), Home::new(Kind::Shm));
        drop(small.filled(Crowd::of(1000)));
        drop(home.filled(Crowd::of(peers)));
        results.push(reopen(&home, peers, &mut openings));
        results.push(first_announces(&home, None, peers, &mut firsts));
        results.push(first_announces(&home, Some(&small), peers, &mut firsts));
    }
    openings.print();
    firsts.print();
    println!(
        "  (\"warm\": it has announced to another store before, so that the faults are those of the \
         store, not of its own code and heap)"
    );
    json!(results)
}

fn reopen(home: &Home, peers: u64, table: &mut Table) -> Value {
    let mut latencies = Latencies::with_room_for(OPENINGS);
    for _ in 0..OPENINGS {
        latencies.time(|| drop(open_shm(home.path())));
    }
    let summary = latencies.summary();
    table.row([
        thousands(peers as f64),
        two(summary.median),
        two(summary.p999),
        two(summary.longest),
        at_most("median", summary.median, OPENING),
    ]);
    json!({ "peers": peers, "opening": summary.json() })
}

/// Lets processes announce once, that warm up with another store, or not.
fn first_announces(home: &Home, warm_up: Option<&Home>, peers: u64, table: &mut Table) -> Value {
    let path = |home: &Home| home.path().to_str().expect("a path of this benchmark").to_owned();
    let warm_path = warm_up.map(path).unwrap_or_default();
    let mut figures = [const { Vec::new() }; 4];
    for number in 0..PROCESSES {
        let words = ["first", &path(home), &peers.to_string(), &number.to_string(), &warm_path];
        let mut task = Task::start(&words);
        let line = task.hear();
        for (figures, word) in figures.iter_mut().zip(line.split(' ')) {
            figures.push(word.parse::<f64>().expect("a figure"));
        }
        task.end();
    }
    let process = if warm_up.is_some() { "warm" } else { "cold" };
    let [open_faults, faults, open_time, time] = figures.map(median);
    table.row([
        thousands(peers as f64),
        process.to_owned(),
        format!("{open_faults:.0}"),
        format!("{faults:.0}"),
        two(open_time),
        two(time),
        at_most("faults announcing", faults, PAGES),
    ]);
    json!({
        "peers": peers,
        "process": process,
        "faults_opening": open_faults,
        "faults_announcing": faults,
        "opening_us": open_time,
        "announcing_us": time,
    })
}

/// What a process does that was started with these words: it opens the store, announces once, and
/// says what that cost.
pub fn first_announce(words: &[String]) {
    let [path, peers, seed, warm_path] = words else { panic!("not the words of a task") };
    let number = |word: &String| word.parse::<u64>().expect("a number");
    if !warm_path.is_empty() {
        open_and_announce(Path::new(warm_path), Crowd::of(1000), 0);
    }
    let costs = open_and_announce(Path::new(path), Crowd::of(number(peers)), number(seed));
    println!("{}", costs.map(|cost| cost.to_string()).join(" "));
}

/// Faults and microseconds of an opening and of an announce.
fn open_and_announce(path: &Path, crowd: Crowd, seed: u64) -> [f64; 4] {
    let (announce, now) = crowd.visits(0, seed, 1).next().expect("one visit");
    let mut sample = PeerSample::default();
    // Both are called once, so that no code of theirs is met for the first time in between.
    let (faults, begun) = (system::page_faults(), Instant::now());
    let mut store = open_shm(path);
    let (opened, open_faults) = (Instant::now(), system::page_faults());
    store.announce(&announce, now, WANT, &mut sample);
    let (answered, all_faults) = (Instant::now(), system::page_faults());
    [
        (open_faults - faults) as f64,
        (all_faults - open_faults) as f64,
        (opened - begun).as_secs_f64() * 1e6,
        (answered - opened).as_secs_f64() * 1e6,
    ]
}
