//! How long the longest announce takes while a store grows, and whether it gives back what it took.

use serde_json::{Value, json};
use tracker_cgi::protocol::Timestamp;
use tracker_cgi::store::{Action, PeerAnnounce, PeerSample};

use crate::Scale;
use crate::crowd::{ARRIVAL, Crowd, START, SWARMS, WANT};
use crate::report::{Table, at_most, thousands, two};
use crate::stores::{Home, Kind};
use crate::system;
use crate::taker::Store;

/// The longest that an announce may hold the lock, in microseconds. What is measured is more: the
/// processor's work for the whole call, without what else the machine did meanwhile.
const LOCK: f64 = 1000.0;

/// What is still no growth, from cycle to cycle.
const SAME: f64 = 1.01;

const CYCLES: u64 = 10;

/// Seconds from one cycle to the next.
const CYCLE: u64 = 2 * ARRIVAL;

/// Each number of a cycle once, in another order than they came.
const STRIDE: u64 = 611_953;

/// Fills stores from empty.
pub fn measure_growth(scale: &Scale) -> Value {
    let many = Crowd::of(scale.largest());
    let one = Crowd { peers: scale.swarm, swarms: 1 };
    let columns = [
        "store",
        "peers",
        "swarms",
        "median us",
        "p99.9 us",
        "p99.99 us",
        "longest us",
        "most work us",
        "preempted",
        "targets",
    ];
    let mut table = Table::new("First announces, from an empty store on", &columns);
    let contests = [(Kind::Shm, many), (Kind::Shm, one), (Kind::Lmdb, one)];
    let results = contests.map(|(kind, crowd)| grow(kind, crowd, &mut table));
    table.print();
    println!(
        "  (\"preempted\": so many times the machine gave the processor to something else meanwhile, \
         which is then part of what took longest, and not of the work)"
    );
    json!(results)
}

fn grow(kind: Kind, crowd: Crowd, table: &mut Table) -> Value {
    let Crowd { peers, swarms } = crowd;
    eprintln!("{} peers fill {swarms} swarms in {} ...", thousands(peers as f64), kind.name());
    let home = Home::new(kind);
    let before = system::preemptions();
    let (_open, latencies) = home.filled(crowd);
    let preempted = system::preemptions() - before;
    let most_work = latencies.most_work();
    let summary = latencies.summary();
    let target = (kind == Kind::Shm).then(|| at_most("work", most_work, LOCK));
    table.row([
        kind.name().to_owned(),
        thousands(peers as f64),
        thousands(swarms as f64),
        two(summary.median),
        two(summary.p999),
        two(summary.p9999),
        two(summary.longest),
        two(most_work),
        preempted.to_string(),
        target.unwrap_or_default(),
    ]);
    json!({
        "store": kind.name(),
        "peers": peers,
        "swarms": swarms,
        "first_announces": summary.json(),
        "most_work_us": most_work,
        "preempted": preempted,
    })
}

/// Lets peers come and go, others each time.
pub fn measure_shrinking(scale: &Scale) -> Value {
    let peers = scale.cycle;
    let columns = ["cycle", "file bytes, all here", "file bytes, all gone", "targets"];
    let title =
        format!("{} peers in {SWARMS} swarms come to shm and leave it", thousands(peers as f64));
    let mut table = Table::new(&title, &columns);
    eprintln!("{title} ...");
    let home = Home::new(Kind::Shm);
    let mut store = home.open();
    let mut sizes: Vec<[u64; 2]> = Vec::new();
    for cycle in 0..CYCLES {
        come(store.as_mut(), cycle, peers);
        let here = home.bytes();
        leave(store.as_mut(), cycle, peers);
        let gone = home.bytes();
        sizes.push([here, gone]);
        let settled = sizes.get(1).filter(|_| cycle > 1);
        let target = settled.map(|settled| at_most("gone", gone as f64, settled[1] as f64 * SAME));
        table.row([
            (cycle + 1).to_string(),
            thousands(here as f64),
            thousands(gone as f64),
            target.unwrap_or_default(),
        ]);
    }
    table.print();
    json!({ "peers": peers, "swarms": SWARMS, "bytes_here_and_gone": sizes })
}

fn come(store: &mut dyn Store, cycle: u64, peers: u64) {
    let mut sample = PeerSample::default();
    for place in 0..peers {
        let now = Timestamp(START + cycle * CYCLE + place * ARRIVAL / peers);
        let announce = Crowd::of(peers).announce(cycle * peers + place);
        store.announce(&announce, now, WANT, &mut sample);
    }
}

fn leave(store: &mut dyn Store, cycle: u64, peers: u64) {
    let now = Timestamp(START + cycle * CYCLE + ARRIVAL);
    let mut sample = PeerSample::default();
    for place in 0..peers {
        let number = cycle * peers + place * STRIDE % peers;
        let announce = PeerAnnounce { action: Action::Leave, ..Crowd::of(peers).announce(number) };
        store.announce(&announce, now, WANT, &mut sample);
    }
}
