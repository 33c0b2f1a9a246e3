//! What is measured of one who answers, round by round.

use std::time::Duration;

use serde_json::{Value, json};

use crate::contestants::Contestant;
use crate::entrants::Way;
use crate::harness::load::Clients;
use crate::load::Outcome;
use crate::report::median;

/// A figure for each round.
#[derive(Default)]
pub struct Figures {
    rates: Vec<f64>,
    p99: Vec<f64>,
    p999: Vec<f64>,
    processor: Vec<f64>,
    behind: Vec<f64>,
}

/// Their medians.
pub struct Medians {
    /// Announces a second.
    pub rate: f64,
    /// The 99th of a hundred, and the 999th of a thousand, in microseconds.
    pub p99: f64,
    pub p999: f64,
    /// Microseconds of the processor for each announce: in all, and behind the web server. Not a number
    /// where nobody knows.
    pub processor: f64,
    pub behind: f64,
}

impl Figures {
    /// Adds the rounds of others.
    pub fn extend(&mut self, others: Self) {
        self.rates.extend(others.rates);
        self.p99.extend(others.p99);
        self.p999.extend(others.p999);
        self.processor.extend(others.processor);
        self.behind.extend(others.behind);
    }

    /// Adds a round.
    pub fn measure(&mut self, contestant: &Contestant, announce: impl FnOnce() -> Outcome) {
        let before = contestant.processor_time();
        let mut outcome = announce();
        let after = contestant.processor_time();
        self.rates.push(outcome.rate());
        self.p99.push(outcome.percentile(0.99));
        self.p999.push(outcome.percentile(0.999));
        let each = |place: usize| (after[place] - before[place]) * 1e6 / outcome.answers();
        self.processor.push(each(0) + each(1));
        self.behind.push(each(1));
    }

    /// The announces a second of this one to those of another: the median of what each round says, as a
    /// machine may be much slower in one round than in another, and hardly in the next second.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        median(self.rates.iter().zip(&other.rates).map(|(own, other)| own / other))
    }

    pub fn medians(&self) -> Medians {
        let [rate, p99, p999, processor, behind] =
            [&self.rates, &self.p99, &self.p999, &self.processor, &self.behind]
                .map(|values| median(values.iter().copied()));
        Medians { rate, p99, p999, processor, behind }
    }
}

/// One row of the results, whose keys stay the same from run to run.
pub struct Row<'a> {
    pub word: &'a str,
    pub way: Way,
    pub who: String,
    pub workers: usize,
    pub clients: Clients,
    pub peers: u64,
    /// To what it is compared with under its word, and what it should be.
    pub ratio: f64,
    pub target: Option<f64>,
    pub figures: &'a Figures,
}

impl Row<'_> {
    pub fn json(&self) -> Value {
        let Self { word, way, who, workers, clients, peers, ratio, target, figures } = self;
        json!({
            "word": word,
            "way": way.name(),
            "who": who,
            "workers": workers,
            "clients": clients.count(),
            "peers": peers,
            "ratio": ratio,
            "target": target,
            "announces_per_second": figures.rates,
            "p99_us": figures.p99,
            "p999_us": figures.p999,
            "processor_us": figures.processor,
            "behind_us": figures.behind,
        })
    }
}

/// Measures all in turns, each time in the other direction, so that what disturbs the machine for a while
/// disturbs all of them.
pub fn in_rounds(
    contestants: &[Contestant],
    rounds: u64,
    time: Duration,
    mut announce: impl FnMut(&Contestant, Duration, u64) -> Outcome,
) -> Vec<Figures> {
    for contestant in contestants {
        announce(contestant, time / 3, 1);
    }
    let mut figures: Vec<Figures> = contestants.iter().map(|_| Figures::default()).collect();
    for round in 0..rounds {
        let mut all: Vec<_> = contestants.iter().zip(&mut figures).collect();
        if round % 2 == 1 {
            all.reverse();
        }
        for (contestant, figures) in all {
            figures.measure(contestant, || announce(contestant, time, round + 2));
        }
    }
    figures
}
