//! Whether an announce costs the same however many peers there are.

use serde_json::Value;

use crate::Scale;
use crate::contestants::Contestant;
use crate::crowd::Crowd;
use crate::entrants::{Entrant, Way, Who};
use crate::figures::{Row, in_rounds};
use crate::load;
use crate::programs::Programs;
use crate::report::{Table, at_least, thousands, two};

/// The word for these rows.
pub const WORD: &str = "sizes";

const WAY: Way = Way::Nginx;
const WHO: Entrant = Entrant::new(Who::Shm);

/// Of the announces a second of the fastest, at least.
const TARGET: f64 = 0.85;

/// Measures one after the other in turns.
pub fn measure(scale: &Scale, programs: &Programs) -> Vec<Value> {
    if !WHO.can_run(WAY) {
        return Vec::new();
    }
    // The clients have as many announces ready for each size, so that they cost the same.
    let crowds = scale.sizes.iter().map(|&peers| Crowd::with_full_answers(peers));
    let crowds: Vec<Crowd> = crowds.collect();
    let contestants: Vec<Contestant> = crowds
        .iter()
        .map(|&crowd| Contestant::start(WHO, WAY, crowd, scale.visits, programs))
        .collect();
    let figures = in_rounds(&contestants, scale.rounds, scale.time, |contestant, time, seed| {
        load::announce(&contestant.requests, WAY.clients(), time, seed)
    });
    let fastest = figures.iter().map(|figures| figures.medians().rate).fold(0.0, f64::max);
    let mut table = Table::new(&format!("{}, {}: sizes", WAY.name(), WHO.who.name()), &COLUMNS);
    let rows = crowds.iter().zip(&figures).map(|(crowd, figures)| {
        let row = Row {
            word: WORD,
            way: WAY,
            who: WHO.who.name().to_owned(),
            workers: WHO.workers,
            clients: WAY.clients(),
            peers: crowd.peers,
            ratio: figures.medians().rate / fastest,
            target: Some(TARGET),
            figures,
        };
        table.row(cells(crowd, &row));
        row.json()
    });
    let rows = rows.collect();
    table.print();
    rows
}

const COLUMNS: [&str; 8] =
    ["peers", "swarms", "announces/s", "p99 us", "cpu us", "behind", "ratio", "targets"];

fn cells(crowd: &Crowd, row: &Row<'_>) -> [String; COLUMNS.len()] {
    let medians = row.figures.medians();
    [
        thousands(crowd.peers as f64),
        thousands(crowd.swarms as f64),
        thousands(medians.rate),
        two(medians.p99),
        two(medians.processor),
        two(medians.behind),
        two(row.ratio),
        at_least("of the fastest", row.ratio, TARGET),
    ]
}
