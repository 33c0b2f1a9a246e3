//! Peers in shared memory against LMDB, SQLite and Bitstorm's way: what an announce costs, in time and
//! memory, from a thousand peers to ten million, all in one run on one machine.
//!
//! `cargo bench --bench peers` runs all parts; after `--`:
//!
//! - `announces`, `swarms`, `processes`, `opening`, `growth`, `shrinking`: only these parts
//! - `--quick`: smaller sizes, in about a minute
//! - `--full-answers`: fewer than 1,000 swarms where they would have too few peers for a full answer
//! - `--svg FILE`: draws the cost of an announce against the number of peers
//! - `--json FILE`: writes all results

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]
#![allow(clippy::cast_possible_truncation, reason = "figures for a table, not to count with")]

mod announces;
mod bitstorm;
mod crowd;
mod growth;
mod latency;
mod lmdb;
mod opening;
mod plot;
mod processes;
mod report;
mod stores;
mod swarms;
mod system;
mod taker;

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::crowd::Crowd;
use crate::latency::Latencies;
use crate::report::two;

/// How much is measured.
struct Scale {
    /// Peers in the stores.
    sizes: &'static [u64],
    rounds: u64,
    /// Announces of a round.
    announces: u64,
    /// Swarms of one peer.
    swarms: u64,
    /// Peers in a store that two processes share.
    shared: u64,
    /// Peers in one large swarm.
    swarm: u64,
    /// Peers that come and go.
    cycle: u64,
}

const FULL: Scale = Scale {
    sizes: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    rounds: 7,
    announces: 100_000,
    swarms: 1_000_000,
    shared: 100_000,
    swarm: 2_000_000,
    cycle: 1_000_000,
};

const QUICK: Scale = Scale {
    sizes: &[1_000, 10_000, 100_000],
    rounds: 5,
    announces: 20_000,
    swarms: 100_000,
    shared: 100_000,
    swarm: 200_000,
    cycle: 100_000,
};

impl Scale {
    fn largest(&self) -> u64 {
        self.sizes.last().copied().expect("there are sizes")
    }
}

const PARTS: [&str; 6] = ["announces", "swarms", "processes", "opening", "growth", "shrinking"];

/// What the command line asks for.
#[derive(Default)]
struct Wishes {
    quick: bool,
    full_answers: bool,
    parts: Vec<String>,
    svg: Option<PathBuf>,
    json: Option<PathBuf>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [child, task, words @ ..] if child == processes::CHILD => match task.as_str() {
            "announce" => processes::announce(words),
            "first" => opening::first_announce(words),
            _ => panic!("not a task"),
        },
        words => match wishes(words) {
            Some(wishes) => measure(&wishes),
            None => usage(),
        },
    }
}

fn usage() -> ! {
    eprintln!(
        "usage: peers [--quick] [--full-answers] [--svg FILE] [--json FILE] [{}]...",
        PARTS.join("|")
    );
    std::process::exit(2);
}

/// Reads the command line; nothing when it cannot be understood.
fn wishes(words: &[String]) -> Option<Wishes> {
    let mut wishes = Wishes::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            // Cargo's own word to a benchmark.
            "--bench" => {}
            "--quick" => wishes.quick = true,
            "--full-answers" => wishes.full_answers = true,
            "--svg" => wishes.svg = Some(words.next()?.into()),
            "--json" => wishes.json = Some(words.next()?.into()),
            part if PARTS.contains(&part) => wishes.parts.push(part.to_owned()),
            _ => return None,
        }
    }
    if wishes.parts.is_empty() {
        wishes.parts = PARTS.map(str::to_owned).into();
    }
    Some(wishes)
}

fn measure(wishes: &Wishes) {
    let scale = if wishes.quick { QUICK } else { FULL };
    let mut results = Map::new();
    results.insert("machine".to_owned(), measure_machine());
    for part in &wishes.parts {
        let result = match part.as_str() {
            "announces" => measure_announces(&scale, wishes),
            "swarms" => swarms::measure(&scale),
            "processes" => processes::measure(&scale),
            "opening" => opening::measure(&scale),
            "growth" => growth::measure_growth(&scale),
            _ => growth::measure_shrinking(&scale),
        };
        results.insert(part.clone(), result);
    }
    if let Some(path) = &wishes.json {
        let text = serde_json::to_string_pretty(&results).expect("results are JSON");
        std::fs::write(path, text + "\n").expect("the results are written");
    }
}

fn measure_announces(scale: &Scale, wishes: &Wishes) -> Value {
    let (crowd, swarms): (fn(u64) -> Crowd, _) = if wishes.full_answers {
        (Crowd::with_full_answers, "at most 1,000 swarms of at least 100 peers")
    } else {
        (Crowd::of, "1,000 swarms")
    };
    let rows = announces::measure(scale, crowd);
    if let Some(path) = &wishes.svg {
        std::fs::write(path, plot::svg(&rows, swarms)).expect("the plot is written");
    }
    rows.iter().map(announces::Row::json).collect()
}

/// What the clock costs, and how long this machine keeps a process waiting that asks for nothing: no
/// figure below can be better than these.
fn measure_machine() -> Value {
    const LOOKS: u64 = 5_000_000;
    let mut latencies = Latencies::with_room_for(LOOKS);
    for _ in 0..LOOKS {
        latencies.time(|| ());
    }
    let summary = latencies.summary();
    println!(
        "two looks at the clock, part of each figure: median {} us, p99.9 {} us, p99.99 {} us, \
         longest {} us",
        two(summary.median),
        two(summary.p999),
        two(summary.p9999),
        two(summary.longest),
    );
    json!({ "looks": LOOKS, "two_looks_at_the_clock": summary.json() })
}
