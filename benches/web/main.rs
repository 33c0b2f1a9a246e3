//! The tracker behind real web servers, against what any program there costs and against opentracker:
//! announces a second, and the processor's time for each.
//!
//! `cargo bench --bench web` measures everything; after `--`:
//!
//! - `starts`: processes, as a web server starts CGIs
//! - `nginx`, `nginx-1-2`, `sqlite`, `sqlite-2`, `fcgid`, `proxy`: responders, the numbers are workers
//! - `before`: responders, against the build that `TRACKER_BEFORE` names
//! - `cgi`, `cgi-sqlite`: a process for each announce, behind Apache and nginx
//! - `sizes`: from few peers to many
//! - `refresh`: announces while a refresh goes on
//! - `unlisted`: announces of torrents that are not listed, with many folders of torrents
//! - `held`: other requests while a stopped process holds the store
//! - `--quick`: in a minute or two, to see that all of it works
//! - `--json FILE`: writes all results
//!
//! `TRACKER_EXECUTABLE` names the build to measure, such as the static one of a release. What is not
//! installed is not measured; `scripts/bench` installs it.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]
#![allow(clippy::cast_possible_truncation, reason = "figures for a table, not to count with")]

mod constant;
mod contestants;
mod contests;
#[allow(dead_code, reason = "another benchmark uses the rest")]
#[path = "../peers/crowd.rs"]
mod crowd;
mod entrants;
mod figures;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/harness/mod.rs"]
mod harness;
mod held;
mod load;
mod machine;
mod programs;
mod refresh;
#[allow(dead_code, reason = "another benchmark uses the rest")]
#[path = "../peers/report.rs"]
mod report;
mod sizes;
mod starts;
mod stores;
mod unlisted;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::contestants::{CONSTANT, be_constant};
use crate::contests::{CONTESTS, Contest};
use crate::programs::Programs;

/// How much is measured.
struct Scale {
    peers: u64,
    swarms: u64,
    rounds: u64,
    /// Of one who answers, in a round.
    time: Duration,
    /// Processes in a round.
    starts: u32,
    /// Peers, from few to many.
    sizes: &'static [u64],
    /// Different announces that the clients have ready for each of the sizes.
    visits: u64,
    /// Peers when there is a refresh.
    refreshed: u64,
    /// Folders of torrents.
    folders: u64,
}

const FULL: Scale = Scale {
    peers: 100_000,
    swarms: 1000,
    rounds: 21,
    time: Duration::from_secs(1),
    starts: 100,
    sizes: &[1000, 100_000, 10_000_000],
    visits: 500_000,
    refreshed: 1_000_000,
    folders: 10_000,
};

const QUICK: Scale = Scale {
    peers: 2000,
    swarms: 20,
    rounds: 3,
    time: Duration::from_millis(300),
    starts: 30,
    sizes: &[1000, 10_000, 20_000],
    visits: 20_000,
    refreshed: 20_000,
    folders: 1000,
};

/// Where files on a disk are made; the usual folder for temporary files may be in memory.
const DISK: &str = "/var/tmp";

/// The words for all that can be measured.
fn words() -> Vec<&'static str> {
    let contests = CONTESTS.iter().map(|contest| contest.word);
    let others = [sizes::WORD, refresh::WORD, unlisted::WORD, held::WORD];
    let mut words: Vec<&str> = [starts::WORD].into_iter().chain(contests).chain(others).collect();
    words.dedup();
    words
}

/// What the command line asks for.
#[derive(Default)]
struct Wishes {
    quick: bool,
    words: Vec<String>,
    json: Option<PathBuf>,
}

impl Wishes {
    fn is_wanted(&self, word: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|wish| wish == word)
    }
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
    eprintln!("usage: web [--quick] [--json FILE] [{}]...", words().join("|"));
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
            word if words().contains(&word) => wishes.words.push(word.to_owned()),
            _ => return None,
        }
    }
    Some(wishes)
}

fn measure(wishes: &Wishes) {
    tempfile::env::override_temp_dir(Path::new(DISK)).expect("it is said once");
    let machine = machine::describe();
    let results = rows(wishes, if wishes.quick { &QUICK } else { &FULL });
    if let Some(path) = &wishes.json {
        let all = json!({ "machine": machine, "quick": wishes.quick, "rows": results });
        let text = serde_json::to_string_pretty(&all).expect("results are JSON");
        std::fs::write(path, text + "\n").expect("the results are written");
    }
}

fn rows(wishes: &Wishes, scale: &Scale) -> Vec<Value> {
    let programs = Programs::new();
    let mut rows = Vec::new();
    if wishes.is_wanted(starts::WORD) {
        rows.extend(starts::measure(scale, &programs));
    }
    let contests = CONTESTS.iter().filter(|contest| wishes.is_wanted(contest.word));
    let contests: Vec<&Contest> = contests.collect();
    rows.extend(contests::measure(&contests, scale, &programs));
    if wishes.is_wanted(sizes::WORD) {
        rows.extend(sizes::measure(scale, &programs));
    }
    if wishes.is_wanted(refresh::WORD) {
        rows.extend(refresh::measure(scale, &programs));
    }
    if wishes.is_wanted(unlisted::WORD) {
        rows.extend(unlisted::measure(scale));
    }
    if wishes.is_wanted(held::WORD) {
        rows.extend(held::measure(scale));
    }
    rows
}
