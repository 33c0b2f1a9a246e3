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
const WHO: Entrant = Entrant::new(Who::Shm);

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
    let mut all = MEANWHILE.map(|meanwhile| (meanwhile, Figures::default()));
    let mut counts = [0; MEANWHILE.len()];
    for round in 0..scale.rounds {
        for ((meanwhile, figures), count) in all.iter_mut().zip(&mut counts) {
            let work = || announce(round + 2);
            figures.measure(&contestant, || meanwhile.go_on(&contestant.site, work, count));
        }
    }
    let alone = all[0].1.medians().p99;
    let seconds = scale.time.as_secs_f64() * scale.rounds as f64;
    let rows = all.iter().zip(counts).map(|((meanwhile, figures), count)| Row {
        word: WORD,
        way: WAY,
        who: format!("{}, {}", WHO.who.name(), meanwhile.name(count as f64 / seconds)),
        workers: WHO.workers,
        clients: CLIENTS,
        peers: crowd.peers,
        ratio: figures.medians().p99 / alone,
        target: meanwhile.target(),
        figures,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    print(&rows, &format!("{} swarms", thousands(crowd.swarms as f64)));
    rows.iter().map(Row::json).collect()
}

const MEANWHILE: [Meanwhile; 4] = [
    Meanwhile::Nothing,
    Meanwhile::Refreshes,
    Meanwhile::RefreshesUnbroken,
    Meanwhile::StartsUnbroken,
];

/// What else goes on. One refresh is over too soon to be seen; without a break between them a core is
/// always busy, as it is with any program that is started without a break.
#[derive(Clone, Copy)]
enum Meanwhile {
    Nothing,
    Refreshes,
    RefreshesUnbroken,
    StartsUnbroken,
}

impl Meanwhile {
    fn name(self, a_second: f64) -> String {
        let what = match self {
            Self::Nothing => return "alone".to_owned(),
            Self::Refreshes => "while refreshing",
            Self::RefreshesUnbroken => "refreshing without a break",
            Self::StartsUnbroken => "/bin/true without a break",
        };
        format!("{what}, {} a second", thousands(a_second))
    }

    fn target(self) -> Option<f64> {
        matches!(self, Self::Refreshes | Self::RefreshesUnbroken).then_some(TARGET)
    }

    /// For a shell, with the executable as `$0`; each time it writes a line.
    fn commands(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Refreshes => {
                Some("while \"$0\" refresh --force >/dev/null; do echo again; sleep 0.05; done")
            }
            Self::RefreshesUnbroken => {
                Some("while \"$0\" refresh --force >/dev/null; do echo again; done")
            }
            Self::StartsUnbroken => Some("while /bin/true; do echo again; done"),
        }
    }

    /// Has it go on while the work is done, and counts how often it did. A shell does it: to start a
    /// process takes one as large as this one so long that its own clients would wait.
    fn go_on(self, site: &Site, work: impl FnOnce() -> Outcome, count: &mut usize) -> Outcome {
        let Some(commands) = self.commands() else { return work() };
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", commands]).arg(site.root().join("cgi-bin/tracker.cgi"));
        let log = site.run("meanwhile.log");
        let done = || fs::read_to_string(&log).map_or(0, |text| text.matches("again").count());
        let before = done();
        let mut process = Process::start("meanwhile", as_the_server(&mut shell), &log);
        process.wait_for("the first time", || (done() > before).then_some(()));
        let begun = done();
        let outcome = work();
        *count += done() - begun;
        outcome
    }
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
