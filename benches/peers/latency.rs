//! How long calls took: percentiles of many, medians of rounds.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::report::median;
use crate::system;

/// The time of each of many calls.
pub struct Latencies {
    nanoseconds: Vec<u32>,
    most_work: Duration,
}

impl Latencies {
    pub fn with_room_for(calls: u64) -> Self {
        let calls = usize::try_from(calls).expect("a 64-bit machine");
        Self { nanoseconds: Vec::with_capacity(calls), most_work: Duration::ZERO }
    }

    /// Runs a call and keeps how long it took.
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let value = call();
        let nanoseconds = begun.elapsed().as_nanos();
        self.nanoseconds.push(u32::try_from(nanoseconds).unwrap_or(u32::MAX));
        value
    }

    /// The same; and looks at how much of the processor the call used, too.
    pub fn time_work<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let before = system::thread_time();
        let value = self.time(call);
        self.most_work = self.most_work.max(system::thread_time() - before);
        value
    }

    /// The most of the processor that a call used, in microseconds.
    pub fn most_work(&self) -> f64 {
        self.most_work.as_secs_f64() * 1e6
    }

    /// What there is to say about them.
    pub fn summary(mut self) -> Summary {
        self.nanoseconds.sort_unstable();
        let at = |share: f64| {
            let rank = (share * self.nanoseconds.len() as f64) as usize;
            let found = self.nanoseconds.get(rank).or(self.nanoseconds.last()).copied();
            f64::from(found.unwrap_or_default()) / 1000.0
        };
        Summary { median: at(0.5), p999: at(0.999), p9999: at(0.9999), longest: at(1.0) }
    }
}

/// Percentiles in microseconds.
#[derive(Clone, Copy)]
pub struct Summary {
    pub median: f64,
    pub p999: f64,
    pub p9999: f64,
    pub longest: f64,
}

impl Summary {
    /// The medians of the rounds' percentiles, and the longest call of all rounds.
    pub fn of_rounds(rounds: &[Self]) -> Self {
        let middle = |which: fn(&Self) -> f64| median(rounds.iter().map(which));
        Self {
            median: middle(|round| round.median),
            p999: middle(|round| round.p999),
            p9999: middle(|round| round.p9999),
            longest: rounds.iter().map(|round| round.longest).fold(0.0, f64::max),
        }
    }

    pub fn json(self) -> Value {
        json!({
            "median_us": self.median,
            "p99.9_us": self.p999,
            "p99.99_us": self.p9999,
            "longest_us": self.longest,
        })
    }
}
