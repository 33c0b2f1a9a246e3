//! How large the history of 10,000 torrents is after a year, what it takes to read it, and what a refresh of 50,000
//! torrents pays for it.
//!
//! `cargo bench --bench history` takes about two minutes; `-- --quick` has a tenth of the torrents.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tracker_cgi::catalog::{FoundFigures, History, RefreshFigures, Sample, Span, record_history};
use tracker_cgi::protocol::{InfoHash, Seconds, Timestamp};

/// A midnight.
const BEGIN: Timestamp = Timestamp(1_700_006_400);
const DAY: u64 = 86_400;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (torrents, many) = if quick { (1_000, 5_000) } else { (10_000, 50_000) };
    a_year(torrents, "as popular as the Nth of a list is", |rank| 2_000.0 / (rank as f64 + 1.0));
    a_year(torrents, "all changed at each refresh", |_| 2_000.0);
    a_refresh(many);
}

/// Random numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// 0 to 1.
    fn share(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

fn torrent(number: usize) -> FoundFigures {
    let mut hash = [0x11; 20];
    let spread = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash[..8].copy_from_slice(&spread.to_be_bytes());
    FoundFigures { info_hash: InfoHash(hash), sample: Sample::default(), is_listed: true }
}

fn record(path: &Path, at: Timestamp, torrents: &[FoundFigures]) {
    let mut all = Sample::default();
    for it in torrents {
        all.seeders += it.sample.seeders;
        all.leechers += it.sample.leechers;
        all.completed += it.sample.completed;
        all.downloaded += it.sample.downloaded;
    }
    let said = record_history(path, &RefreshFigures { at, all, torrents, forgotten: &[] });
    assert_eq!(said, None);
}

/// A year of refreshes. Each kind of row is written as often as with one in a quarter of an hour: of what is kept by days
/// and hours, only so many refreshes are done as it takes to have that many of them.
fn a_year(count: usize, what: &str, peers: impl Fn(usize) -> f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.db");
    let mut torrents: Vec<FoundFigures> = (0..count).map(torrent).collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut seconds = 0;
    let mut samples = 0_u64;
    while seconds < 365 * DAY {
        let step = match 365 - seconds / DAY {
            ..=4 => 900,
            5..=70 => 3_600,
            _ => 6 * 3_600,
        };
        seconds += step;
        for (rank, it) in torrents.iter_mut().enumerate() {
            let mean = peers(rank);
            // One peer in ten comes, goes or is done in a quarter of an hour.
            let quiet = (-mean / 10.0 * step as f64 / 900.0).exp();
            if random.share() >= quiet {
                change(&mut it.sample, mean, &mut random);
                samples += 1;
            }
        }
        record(&path, BEGIN + Seconds(u32::try_from(seconds).expect("a year")), &torrents);
    }
    let bytes = fs::metadata(&path).expect("the history").len();
    println!(
        "{count} torrents, {what}: {} MB after a year (to reach for 10,000: under 100 MB); {samples} changes",
        bytes / 1_000_000
    );
    let history = History::read(&path).expect("it opens").expect("it is there");
    let now = BEGIN + Seconds(365 * 86_400);
    for span in Span::ALL {
        for (which, rank) in [("the most popular", 0), ("the last", count - 1)] {
            let hash = Some(torrents[rank].info_hash);
            let begun = Instant::now();
            let series = history.series(&[hash], ([span], now), Seconds(3_600)).expect("a series");
            let took = begun.elapsed();
            let [series] = &series[0];
            let known = series.points.iter().filter(|it| it.figures.is_some()).count();
            println!("  {span:?} of {which}: read in {took:.2?}, {known} points known");
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Some thousand at most.
fn change(sample: &mut Sample, mean: f64, random: &mut Random) {
    let seeders = mean * (0.8 + 0.4 * random.share());
    sample.seeders = seeders.round() as u64;
    sample.leechers = random.below(2 + sample.seeders / 10);
    sample.completed += random.below(3);
    sample.downloaded += random.below(4 << 30);
}

/// What it takes to record a refresh in which one torrent in a hundred has changed.
fn a_refresh(count: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.db");
    let mut torrents: Vec<FoundFigures> = (0..count).map(torrent).collect();
    let mut random = Random(7);
    torrents.iter_mut().for_each(|it| change(&mut it.sample, 20.0, &mut random));
    let mut at = BEGIN;
    let begun = Instant::now();
    record(&path, at, &torrents);
    println!("{count} torrents, the first refresh: {:.1?}", begun.elapsed());
    let mut times: Vec<Duration> = (0..400)
        .map(|_| {
            at = at + Seconds(900);
            for _ in 0..count / 100 {
                let it = random.below(count as u64);
                let it = usize::try_from(it).expect("a number of a torrent");
                change(&mut torrents[it].sample, 20.0, &mut random);
            }
            let begun = Instant::now();
            record(&path, at, &torrents);
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "{count} torrents, 1 % changed, thinning included: median {:.1?}, longest of 400 {:.1?} (to reach for 50,000: \
         well under 50 ms)",
        times[200], times[399]
    );
}
