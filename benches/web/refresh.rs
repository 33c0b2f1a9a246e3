//! How long announces wait while `tracker refresh` goes on in another process.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::Scale;
use crate::contestants::Contestant;
use crate::crowd::Crowd;
use crate::entrants::{Entrant, Way, Who};
use crate::figures::{Figures, Row};
use crate::harness::load::Clients;
use crate::harness::process::Process;
use crate::harness::site::{Site, as_the_server};
use crate::load::{self, Outcome};
use crate::programs::Programs;
use crate::report::{Table, at_most, thousands, two};

/// The word for these rows.
pub const WORD: &str = "refresh";

const WAY: Way = Way::Nginx;
const WHO: Entrant = Entrant { who: Who::Shm, workers: 1 };

/// Some 1,500 announces a second, a small part of what two cores do: where there is nothing left for
/// the refresh, it is the kernel's scheduler that is measured.
const CLIENTS: Clients = Clients { threads: 4, each: 1, pause: Duration::from_micros(2500) };

/// Times the 99th percentile without a refresh, at most.
const TARGET: f64 = 2.0;

/// Measures with and without in turns.
pub fn measure(scale: &Scale, programs: &Programs) -> Vec<Value> {
    if !WHO.can_run(WAY) {
        return Vec::new();
    }
    let crowd = Crowd::with_full_answers(scale.refreshed);
    let contestant = Contestant::start(WHO, WAY, crowd, crowd.peers.min(scale.visits), programs);
    let announce =
        |seed| load::announce_at_leisure(&contestant.requests, CLIENTS, scale.time, seed);
    announce(1);
    let mut all = [Figures::default(), Figures::default()];
    let mut refreshes = 0;
    for round in 0..scale.rounds {
        all[0].measure(&contestant, || announce(round + 2));
        all[1].measure(&contestant, || {
            while_refreshing(&contestant.site, || announce(round + 2), &mut refreshes)
        });
    }
    let alone = all[0].medians().p99;
    let rows = NAMES.iter().zip([None, Some(TARGET)]).zip(&all);
    let rows = rows.map(|((name, target), figures)| Row {
        word: WORD,
        way: WAY,
        who: format!("{}, {name}", WHO.who.name()),
        workers: WHO.workers,
        clients: CLIENTS,
        peers: crowd.peers,
        ratio: figures.medians().p99 / alone,
        target,
        figures,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let swarms = thousands(crowd.swarms as f64);
    print(&rows, &format!("{swarms} swarms, {refreshes} refreshes in all"));
    rows.iter().map(Row::json).collect()
}

const NAMES: [&str; 2] = ["alone", "while refreshing"];

/// Refreshes again and again while the work is done, and counts how often. A shell does it: to start a
/// process takes one as large as this one so long that its own clients would wait.
fn while_refreshing(site: &Site, work: impl FnOnce() -> Outcome, refreshes: &mut usize) -> Outcome {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "while \"$0\" refresh --force; do :; done"]);
    shell.arg(site.root().join("cgi-bin/tracker.cgi"));
    let log = site.run("refresh.log");
    let count = || fs::read_to_string(&log).map_or(0, |text| text.matches("refreshed: ").count());
    let before = count();
    let mut process = Process::start("refresh", as_the_server(&mut shell), &log);
    process.wait_for("a refresh", || (count() > before).then_some(()));
    let outcome = work();
    *refreshes += count() - before;
    outcome
}

fn print(rows: &[Row<'_>], more: &str) {
    let peers = thousands(rows[0].peers as f64);
    let title = format!("{}: {peers} peers, {more}", WAY.name());
    let columns = ["who", "announces/s", "p99 us", "p99.9 us", "ratio of p99", "targets"];
    let mut table = Table::new(&title, &columns);
    for row in rows {
        let medians = row.figures.medians();
        let target = row.target.map(|target| at_most("times that alone", row.ratio, target));
        table.row([
            row.who.clone(),
            thousands(medians.rate),
            two(medians.p99),
            two(medians.p999),
            two(row.ratio),
            target.unwrap_or_default(),
        ]);
    }
    table.print();
}
