//! The tracker behind each web server against what it can be compared with there.

use serde_json::Value;

use crate::Scale;
use crate::contestants::Contestant;
use crate::crowd::Crowd;
use crate::entrants::{Entrant, Filling, Way, Who};
use crate::figures::{Figures, Row, in_rounds};
use crate::load;
use crate::programs::Programs;
use crate::report::{Table, at_least, thousands, two};

/// Who is measured behind which web server, the one to be measured first, and what its announces a
/// second should reach against those of each of the others.
pub struct Contest {
    pub word: &'static str,
    way: Way,
    own: Entrant,
    rivals: &'static [(Entrant, f64)],
}

/// Rounds after each start where builds of the same program are compared. What lies between them is less
/// than between two starts of one executable, of which one is up to 7 % faster: it depends on where its
/// memory happens to be. So they are started many times.
const FEW_ROUNDS: u64 = 3;

const fn one(who: Who) -> Entrant {
    Entrant::new(who)
}

const fn two_of(who: Who) -> Entrant {
    Entrant { workers: 2, ..one(who) }
}

const fn filled_by_announces(who: Who) -> Entrant {
    Entrant { filling: Filling::Announces, ..one(who) }
}

pub static CONTESTS: [Contest; 12] = [
    Contest {
        word: "nginx",
        way: Way::Nginx,
        own: one(Who::Shm),
        rivals: &[(one(Who::Constant), 0.9), (filled_by_announces(Who::Opentracker), 3.0)],
    },
    // A second worker helps as far as nginx and the clients leave it a core.
    Contest {
        word: "nginx-1-2",
        way: Way::Nginx,
        own: two_of(Who::Shm),
        rivals: &[(two_of(Who::Constant), 0.9), (one(Who::Shm), 1.6)],
    },
    Contest {
        word: "sqlite",
        way: Way::Nginx,
        own: one(Who::Sqlite),
        rivals: &[(one(Who::BareSqlite), 0.85)],
    },
    Contest { word: "sqlite-2", way: Way::Nginx, own: two_of(Who::Sqlite), rivals: &[] },
    Contest {
        word: "fcgid",
        way: Way::ApacheFcgid,
        own: one(Who::Shm),
        rivals: &[(one(Who::Constant), 0.9)],
    },
    Contest {
        word: "proxy",
        way: Way::ApacheProxy,
        own: one(Who::Shm),
        rivals: &[(one(Who::Constant), 0.9)],
    },
    Contest {
        word: BEFORE,
        way: Way::Nginx,
        own: filled_by_announces(Who::Shm),
        rivals: &[(filled_by_announces(Who::Before), 0.97)],
    },
    Contest {
        word: BEFORE,
        way: Way::Nginx,
        own: filled_by_announces(Who::Sqlite),
        rivals: &[(filled_by_announces(Who::BeforeSqlite), 0.93)],
    },
    Contest { word: CGI, way: Way::ApacheCgid, own: one(Who::Shm), rivals: CGI_RIVALS },
    Contest { word: CGI, way: Way::NginxFcgiwrap, own: one(Who::Shm), rivals: CGI_RIVALS },
    Contest { word: CGI_SQLITE, way: Way::ApacheCgid, own: one(Who::Sqlite), rivals: CGI_STORES },
    Contest {
        word: CGI_SQLITE,
        way: Way::NginxFcgiwrap,
        own: one(Who::Sqlite),
        rivals: CGI_STORES,
    },
];

const BEFORE: &str = "before";
const CGI: &str = "cgi";
const CGI_RIVALS: &[(Entrant, f64)] =
    &[(one(Who::ConstantC), 0.85), (one(Who::ConstantRust), 0.95)];
const CGI_SQLITE: &str = "cgi-sqlite";
const CGI_STORES: &[(Entrant, f64)] = &[(one(Who::BareSqlite), 0.9), (one(Who::Shm), 0.6)];

/// Measures all that are wanted and can run, and prints one table of them.
pub fn measure(contests: &[&Contest], scale: &Scale, programs: &Programs) -> Vec<Value> {
    let title = format!(
        "{} peers, {} swarms, answers of 50 peers, clients that keep their connections",
        thousands(scale.peers as f64),
        scale.swarms,
    );
    let mut table = Table::new(&title, &COLUMNS);
    let can_run = contests.iter().filter(|contest| contest.own.can_run(contest.way));
    let rows: Vec<Value> =
        can_run.flat_map(|contest| contest.hold(scale, programs, &mut table)).collect();
    if !rows.is_empty() {
        table.print();
        println!(
            "  (\"cpu us\": of the web server and of what is behind it, for each announce; \
             \"behind\": of the latter, where the web server does not start it; not known of CGIs; \
             \"ratio\": the announces a second of the first row to those of the row, round by round)"
        );
    }
    rows
}

const COLUMNS: [&str; 10] = [
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

impl Contest {
    fn hold(&self, scale: &Scale, programs: &Programs, table: &mut Table) -> Vec<Value> {
        let crowd = Crowd { peers: scale.peers, swarms: scale.swarms };
        let rivals = self.rivals.iter().filter(|(rival, _)| rival.can_run(self.way));
        let all: Vec<(Entrant, Option<f64>)> = std::iter::once((self.own, None))
            .chain(rivals.map(|&(rival, target)| (rival, Some(target))))
            .collect();
        let rounds = if self.word == BEFORE { FEW_ROUNDS } else { scale.rounds };
        let start = |entrant| Contestant::start(entrant, self.way, crowd, crowd.peers, programs);
        let clients = self.way.clients();
        let mut figures: Vec<Figures> = all.iter().map(|_| Figures::default()).collect();
        for _ in 0..scale.rounds / rounds {
            let contestants: Vec<Contestant> = all.iter().map(|&(each, _)| start(each)).collect();
            let more = in_rounds(&contestants, rounds, scale.time, |contestant, time, seed| {
                load::announce(&contestant.requests, clients, time, seed)
            });
            figures.iter_mut().zip(more).for_each(|(figures, more)| figures.extend(more));
        }
        let own = &figures[0];
        let rows =
            all.iter().zip(&figures).map(|(&(Entrant { who, workers, .. }, target), figures)| {
                Row {
                    word: self.word,
                    way: self.way,
                    who: who.name().to_owned(),
                    workers,
                    clients,
                    peers: crowd.peers,
                    ratio: own.ratio_to(figures),
                    target,
                    figures,
                }
            });
        rows.inspect(|row| table.row(cells(row))).map(|row| row.json()).collect()
    }
}

fn cells(row: &Row<'_>) -> [String; COLUMNS.len()] {
    let medians = row.figures.medians();
    let target = row.target.map(|target| at_least("the first", row.ratio, target));
    [
        row.way.name().to_owned(),
        row.clients.count().to_string(),
        row.workers.to_string(),
        row.who.clone(),
        thousands(medians.rate),
        two(medians.p99),
        known(medians.processor),
        known(medians.behind),
        two(row.ratio),
        target.unwrap_or_default(),
    ]
}

fn known(figure: f64) -> String {
    if figure.is_nan() { String::new() } else { two(figure) }
}
