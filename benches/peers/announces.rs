//! What an announce costs, in time and memory, against the number of peers.

use std::time::Instant;

use serde_json::{Value, json};
use tracker_cgi::store::PeerSample;

use crate::Scale;
use crate::crowd::{Crowd, WANT};
use crate::latency::{Latencies, Summary};
use crate::report::{Table, all_of, at_least, at_most, median, thousands, two};
use crate::stores::{Home, Kind};
use crate::system;
use crate::taker::Store;

/// From here on, stores are measured one after the other, for the machine's memory.
const ALONE: u64 = 10_000_000;

/// From here on, memory is what peers take, and what an empty store takes does not count.
const MANY: u64 = 1_000_000;

/// What was measured of one store at one size.
pub struct Row {
    pub kind: Kind,
    pub peers: u64,
    rounds: Vec<Round>,
    arrivals: Summary,
    bytes: u64,
    used_by_lmdb: Option<usize>,
}

/// One round of announces.
struct Round {
    /// Announces a second, without a look at the clock between them.
    rate: f64,
    /// Microseconds of the processor for each of them: less shaken by what else the machine does.
    processor: f64,
    /// Peers in an answer.
    handed_out: f64,
    latencies: Summary,
}

/// Measures all stores at all sizes.
pub fn measure(scale: &Scale, crowd: fn(u64) -> Crowd) -> Vec<Row> {
    let mut rows = Vec::new();
    for &peers in scale.sizes {
        let kinds = Kind::ALL.into_iter().filter(|&kind| peers <= largest(kind));
        let kinds: Vec<Kind> = kinds.collect();
        let together = if peers >= ALONE { 1 } else { kinds.len() };
        for kinds in kinds.chunks(together) {
            rows.extend(measure_together(kinds, crowd(peers), scale));
        }
    }
    print_speed(&rows);
    print_memory(&rows);
    rows
}

/// Peers that a store is measured with, at most.
fn largest(kind: Kind) -> u64 {
    match kind {
        Kind::Shm | Kind::Lmdb | Kind::BareLmdb => u64::MAX,
        Kind::Sqlite => 1_000_000,
        Kind::Bitstorm => 10_000,
    }
}

/// Announces of one round: less where they are slow.
fn announces(kind: Kind, scale: &Scale) -> u64 {
    match kind {
        Kind::Shm | Kind::Lmdb | Kind::BareLmdb => scale.announces,
        Kind::Sqlite => scale.announces / 10,
        Kind::Bitstorm => scale.announces / 1000,
    }
}

/// Fills stores, and lets them take turns.
fn measure_together(kinds: &[Kind], crowd: Crowd, scale: &Scale) -> Vec<Row> {
    let peers = crowd.peers;
    eprintln!("{} peers in {} ...", thousands(peers as f64), names(kinds));
    let homes: Vec<Home> = kinds.iter().map(|&kind| Home::new(kind)).collect();
    let mut stores = Vec::new();
    let mut rows = Vec::new();
    for home in &homes {
        let (store, arrivals) = home.filled(crowd);
        stores.push(store);
        let (kind, arrivals) = (home.kind(), arrivals.summary());
        rows.push(Row { kind, peers, rounds: vec![], arrivals, bytes: 0, used_by_lmdb: None });
    }
    for number in 0..scale.rounds {
        for (store, row) in stores.iter_mut().zip(&mut rows) {
            row.rounds.push(round(store.as_mut(), crowd, number, announces(row.kind, scale)));
        }
    }
    for (home, row) in homes.iter().zip(&mut rows) {
        row.bytes = home.bytes();
        row.used_by_lmdb = home.used_by_lmdb();
    }
    rows
}

fn names(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn round(store: &mut dyn Store, crowd: Crowd, number: u64, announces: u64) -> Round {
    let mut sample = PeerSample::default();
    for (announce, now) in crowd.visits(3 * number, 0, announces / 10) {
        store.announce(&announce, now, WANT, &mut sample);
    }
    let mut handed_out = 0;
    let (begun, used_before) = (Instant::now(), system::processor_time());
    for (announce, now) in crowd.visits(3 * number + 1, 0, announces) {
        store.announce(&announce, now, WANT, &mut sample);
        handed_out += sample.v4.addresses.len();
    }
    let rate = announces as f64 / begun.elapsed().as_secs_f64();
    let processor = (system::processor_time() - used_before) * 1e6 / announces as f64;
    let mut latencies = Latencies::with_room_for(announces);
    for (announce, now) in crowd.visits(3 * number + 2, 0, announces) {
        latencies.time(|| store.announce(&announce, now, WANT, &mut sample));
    }
    let handed_out = handed_out as f64 / announces as f64;
    Round { rate, processor, handed_out, latencies: latencies.summary() }
}

impl Row {
    pub fn latencies(&self) -> Summary {
        let rounds: Vec<Summary> = self.rounds.iter().map(|round| round.latencies).collect();
        Summary::of_rounds(&rounds)
    }

    fn rate(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.rate))
    }

    fn processor(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.processor))
    }

    fn handed_out(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.handed_out))
    }

    fn bytes_a_peer(&self) -> f64 {
        self.bytes as f64 / self.peers as f64
    }

    /// The most that the median announce may take, in microseconds.
    fn target(&self) -> Option<f64> {
        match (self.kind, self.peers) {
            (Kind::Shm, 10_000) => Some(1.0),
            (Kind::Shm, 1_000_000) => Some(1.5),
            (Kind::Shm, 10_000_000) => Some(2.5),
            _ => None,
        }
    }

    pub fn json(&self) -> Value {
        let rounds = self.rounds.iter().map(|round| {
            json!({
                "announces_a_second": round.rate,
                "processor_us": round.processor,
                "peers_in_an_answer": round.handed_out,
                "announce": round.latencies.json(),
            })
        });
        json!({
            "store": self.kind.name(),
            "peers": self.peers,
            "bytes": self.bytes,
            "bytes_used_by_lmdb": self.used_by_lmdb,
            "first_announces": self.arrivals.json(),
            "rounds": rounds.collect::<Vec<_>>(),
        })
    }
}

/// The row of the yardstick beside one of ours.
fn yardstick<'a>(rows: &'a [Row], row: &Row, kind: Kind) -> Option<&'a Row> {
    let is_ours = row.kind == Kind::Shm;
    rows.iter().find(|other| is_ours && other.kind == kind && other.peers == row.peers)
}

fn print_speed(rows: &[Row]) {
    let columns = [
        "peers",
        "store",
        "reply",
        "announces/s",
        "cpu us",
        "median us",
        "p99.9 us",
        "longest us",
        "shm/lmdb",
        "shm/bare",
        "targets",
    ];
    let title = "An announce of a known peer, against the number of peers";
    let mut table = Table::new(title, &columns);
    for row in rows {
        let latencies = row.latencies();
        let [ratio, bare] = [Kind::Lmdb, Kind::BareLmdb]
            .map(|kind| yardstick(rows, row, kind).map(|other| row.rate() / other.rate()));
        let targets = [
            row.target().map(|target| at_most("median", latencies.median, target)),
            row.target().map(|_| at_most("p99.9", latencies.p999, 50.0)),
            ratio.map(|ratio| at_least("shm/lmdb", ratio, 3.0)),
        ];
        table.row([
            thousands(row.peers as f64),
            row.kind.name().to_owned(),
            format!("{:.1}", row.handed_out()),
            thousands(row.rate()),
            two(row.processor()),
            two(latencies.median),
            two(latencies.p999),
            two(latencies.longest),
            ratio.map(two).unwrap_or_default(),
            bare.map(two).unwrap_or_default(),
            all_of(targets),
        ]);
    }
    table.print();
}

fn print_memory(rows: &[Row]) {
    let columns = [
        "peers",
        "store",
        "file bytes",
        "bytes a peer",
        "used by lmdb",
        "shm/lmdb",
        "shm/bare",
        "targets",
    ];
    let mut table = Table::new("The memory that the files take", &columns);
    for row in rows {
        let [ratio, bare] = [Kind::Lmdb, Kind::BareLmdb].map(|kind| {
            yardstick(rows, row, kind).map(|other| row.bytes as f64 / other.bytes as f64)
        });
        let used = row.used_by_lmdb.map(|used| two(used as f64 / row.peers as f64));
        let is_largest = row.kind == Kind::Shm && row.peers >= ALONE;
        let is_many = row.peers >= MANY;
        let targets = [
            is_largest.then(|| at_most("bytes a peer", row.bytes_a_peer(), 96.0)),
            ratio.filter(|_| is_many).map(|ratio| at_most("shm/lmdb", ratio, 0.5)),
        ];
        table.row([
            thousands(row.peers as f64),
            row.kind.name().to_owned(),
            thousands(row.bytes as f64),
            two(row.bytes_a_peer()),
            used.unwrap_or_default(),
            ratio.map(two).unwrap_or_default(),
            bare.map(two).unwrap_or_default(),
            bare.map(two).unwrap_or_default(),
            all_of(targets),
        ]);
    }
    table.print();
}
