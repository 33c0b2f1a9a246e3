//! The tracker behind real web servers, against what any program there costs and against opentracker:
//! announces a second, and the processor's time for each.
//!
//! `cargo bench --bench web` runs all rows; after `--`:
//!
//! - `starts`, `nginx`, `nginx-2`, `sqlite`, `sqlite-2`, `fcgid`, `proxy`: only these
//! - `--quick`: in seconds, to see that all of it works
//! - `--json FILE`: writes all results
//!
//! `TRACKER_EXECUTABLE` names the build to measure, such as the static one of a release. nginx and
//! Apache with mod_fcgid must be installed, opentracker may be.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]
#![allow(clippy::cast_possible_truncation, reason = "figures for a table, not to count with")]

mod constant;
mod contestants;
#[allow(dead_code, reason = "another benchmark uses the rest")]
#[path = "../peers/crowd.rs"]
mod crowd;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/harness/mod.rs"]
mod harness;
mod load;
#[allow(dead_code, reason = "another benchmark uses the rest")]
#[path = "../peers/report.rs"]
mod report;
mod starts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::contestants::{CONSTANT, Contestant, Way, Who, be_constant};
use crate::crowd::Crowd;
use crate::report::{Table, at_least, median, thousands, two};

/// How much is measured.
struct Scale {
    peers: u64,
    swarms: u64,
    rounds: u64,
    time: Duration,
}

const FULL: Scale = Scale { peers: 100_000, swarms: 1000, rounds: 7, time: Duration::from_secs(3) };
const QUICK: Scale = Scale { peers: 2000, swarms: 20, rounds: 3, time: Duration::from_millis(300) };

/// Who is measured behind which web server, the one to be measured first, and what it should reach
/// against each of the others.
struct Contest {
    word: &'static str,
    way: Way,
    /// Threads of the responder.
    workers: usize,
    who: Who,
    rivals: &'static [(Who, f64)],
}

static CONTESTS: [Contest; 6] = [
    Contest {
        word: "nginx",
        way: Way::Nginx,
        workers: 1,
        who: Who::Shm,
        rivals: &[(Who::Constant, 0.9), (Who::Opentracker, 3.0)],
    },
    Contest {
        word: "nginx-2",
        way: Way::Nginx,
        workers: 2,
        who: Who::Shm,
        rivals: &[(Who::Constant, 0.9)],
    },
    Contest { word: "sqlite", way: Way::Nginx, workers: 1, who: Who::Sqlite, rivals: &[] },
    Contest { word: "sqlite-2", way: Way::Nginx, workers: 2, who: Who::Sqlite, rivals: &[] },
    Contest {
        word: "fcgid",
        way: Way::ApacheFcgid,
        workers: 1,
        who: Who::Shm,
        rivals: &[(Who::Constant, 0.9)],
    },
    Contest {
        word: "proxy",
        way: Way::ApacheProxy,
        workers: 1,
        who: Who::Shm,
        rivals: &[(Who::Constant, 0.9)],
    },
];

/// The word for the starts of CGIs.
const STARTS: &str = "starts";

/// The words for all that can be measured.
fn words() -> impl Iterator<Item = &'static str> {
    std::iter::once(STARTS).chain(CONTESTS.iter().map(|contest| contest.word))
}

/// What the command line asks for.
#[derive(Default)]
struct Wishes {
    quick: bool,
    words: Vec<String>,
    json: Option<PathBuf>,
}

fn main() {
    if constant::serve_if_passed() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [word, path, workers] if word == CONSTANT => be_constant(path, workers),
        words => match wishes(words) {
            Some(wishes) => measure(&wishes),
            None => usage(),
        },
    }
}

fn usage() -> ! {
    let words: Vec<&str> = words().collect();
    eprintln!("usage: web [--quick] [--json FILE] [{}]...", words.join("|"));
    std::process::exit(2);
}

/// Reads the command line; nothing when it cannot be understood.
fn wishes(given: &[String]) -> Option<Wishes> {
    let mut wishes = Wishes::default();
    let mut given = given.iter();
    while let Some(word) = given.next() {
        match word.as_str() {
            // Cargo's own word to a benchmark.
            "--bench" => {}
            "--quick" => wishes.quick = true,
            "--json" => wishes.json = Some(given.next()?.into()),
            word if words().any(|known| known == word) => wishes.words.push(word.to_owned()),
            _ => return None,
        }
    }
    Some(wishes)
}

fn measure(wishes: &Wishes) {
    let scale = if wishes.quick { QUICK } else { FULL };
    let columns = [
        "web server",
        "clients",
        "workers",
        "who",
        "announces/s",
        "p99 us",
        "cpu us",
        "behind",
        "ratio",
        "targets",
    ];
    let title = format!(
        "{} peers, {} swarms, answers of 50 peers, clients that keep their connections",
        thousands(scale.peers as f64),
        scale.swarms,
    );
    let mut table = Table::new(&title, &columns);
    let is_wanted =
        |word: &str| wishes.words.is_empty() || wishes.words.iter().any(|wish| wish == word);
    let mut results = Vec::new();
    if is_wanted(STARTS) {
        results.push(starts::measure(wishes.quick));
    }
    let contests = CONTESTS.iter().filter(|contest| is_wanted(contest.word));
    let contests: Vec<Value> = contests.map(|contest| contest.hold(&scale, &mut table)).collect();
    if !contests.is_empty() {
        print(&table);
    }
    results.extend(contests);
    if let Some(path) = &wishes.json {
        let text = serde_json::to_string_pretty(&results).expect("results are JSON");
        std::fs::write(path, text + "\n").expect("the results are written");
    }
}

fn print(table: &Table) {
    table.print();
    println!(
        "  (\"cpu us\": of the web server and of what is behind it, for each announce; \"behind\": \
         of the latter, where the web server does not start it; \"ratio\": the \
         tracker's announces a second to those of the row)"
    );
}

/// What was measured of one of them.
#[derive(Default)]
struct Figures {
    rates: Vec<f64>,
    p99: Vec<f64>,
    processor: Vec<f64>,
    behind: Vec<f64>,
}

impl Contest {
    fn hold(&self, scale: &Scale, table: &mut Table) -> Value {
        let crowd = Crowd { peers: scale.peers, swarms: scale.swarms };
        let is_there =
            |who: &Who| *who != Who::Opentracker || Path::new("/usr/bin/opentracker").exists();
        let rivals = self.rivals.iter().filter(|(who, _)| is_there(who));
        let all: Vec<(Who, Option<f64>)> = std::iter::once((self.who, None))
            .chain(rivals.map(|&(who, target)| (who, Some(target))))
            .collect();
        let contestants: Vec<Contestant> = all
            .iter()
            .map(|&(who, _)| Contestant::start(who, self.way, self.workers, crowd))
            .collect();
        for contestant in &contestants {
            eprintln!("{}: {} ...", self.way.name(), contestant.who.name());
            load::fill(&contestant.requests, self.way.clients());
            load::announce(&contestant.requests, self.way.clients(), scale.time / 3, 1);
        }
        let mut figures: Vec<Figures> = all.iter().map(|_| Figures::default()).collect();
        for round in 0..scale.rounds {
            for (contestant, figures) in contestants.iter().zip(&mut figures) {
                figures.add_round(contestant, self.way, scale.time, round);
            }
        }
        let own = figures[0].medians()[0];
        for (&(who, target), figures) in all.iter().zip(&figures) {
            let [rate, p99, processor, behind] = figures.medians();
            let ratio = own / rate;
            let target = target.map(|target| at_least("the tracker", ratio, target));
            table.row([
                self.way.name().to_owned(),
                (self.way.clients().threads * self.way.clients().each).to_string(),
                self.workers.to_string(),
                who.name().to_owned(),
                thousands(rate),
                two(p99),
                two(processor),
                two(behind),
                two(ratio),
                target.unwrap_or_default(),
            ]);
        }
        let results = all.iter().zip(&figures).map(|(&(who, _), figures)| {
            json!({
                "who": who.name(),
                "announces_per_second": figures.rates,
                "p99_us": figures.p99,
                "processor_us": figures.processor,
                "behind_us": figures.behind,
            })
        });
        json!({ "way": self.way.name(), "results": results.collect::<Vec<_>>() })
    }
}

impl Figures {
    fn add_round(&mut self, contestant: &Contestant, way: Way, time: Duration, round: u64) {
        let before = contestant.processor_time();
        let mut outcome = load::announce(&contestant.requests, way.clients(), time, round + 2);
        let after = contestant.processor_time();
        self.rates.push(outcome.rate());
        self.p99.push(outcome.percentile(0.99));
        let each = |place: usize| (after[place] - before[place]) * 1e6 / outcome.answers();
        self.processor.push(each(0) + each(1));
        self.behind.push(each(1));
    }

    /// Announces a second, 99th percentile, and the processor's time in all and behind the web server.
    fn medians(&self) -> [f64; 4] {
        [&self.rates, &self.p99, &self.processor, &self.behind]
            .map(|values| median(values.iter().copied()))
    }
}
