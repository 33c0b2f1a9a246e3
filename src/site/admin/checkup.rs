//! What `tracker doctor` says, as it was found last: some checks take longer than a page may.

use serde::{Deserialize, Serialize};

use super::exchange::{Exchange, SignedIn};
use super::reply::{Failed, Reply};
use crate::platform::order::Order as _;
use crate::platform::{files, publication};
use crate::protocol::Timestamp;
use crate::site::health::{Examination, Reach};

/// Bytes of the file at most.
const MOST_BYTES: u64 = 1 << 20;

/// The state of what does not work.
const WRONG: &str = "WRONG";

/// The findings of a check-up.
#[derive(Serialize, Deserialize)]
struct Findings {
    /// When, in seconds since 1970.
    at: u64,
    findings: Vec<Found>,
}

/// What was found of one thing.
#[derive(Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) check: String,
    /// "fine", "note", "WRONG" or "-".
    pub(super) state: String,
    pub(super) text: String,
}

/// The findings as they are shown.
pub(super) struct Shown {
    pub(super) age: String,
    /// What is wrong comes first, then notes.
    pub(super) noteworthy: Vec<Found>,
    pub(super) fine: Vec<Found>,
    pub(super) wrong: usize,
}

/// What was found last; `None` before the first check-up.
pub(super) fn last(exchange: &Exchange<'_>) -> Option<Shown> {
    let path = exchange.loaded().checkup();
    let text = files::read_linked(&path, MOST_BYTES).ok()?;
    let Findings { at, findings } = serde_json::from_slice(&text).ok()?;
    let (fine, mut noteworthy): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|it| it.state == "fine" || it.state == "-");
    noteworthy.order_by_key(|it| it.state != WRONG);
    let wrong = noteworthy.iter().filter(|it| it.state == WRONG).count();
    let age = exchange.texts.duration(exchange.call.now.since(Timestamp(at)));
    Some(Shown { age, noteworthy, fine, wrong })
}

/// Has the doctor look at the installation, this machine only, and keeps what it says.
pub(super) fn run(exchange: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    let (loaded, now) = (exchange.loaded(), exchange.call.now);
    let examination = Examination::new(loaded, exchange.surroundings, now, Reach::ThisMachine);
    let findings = examination.run().into_iter().map(|finding| Found {
        check: finding.check.to_owned(),
        state: finding.outcome.mark().to_owned(),
        text: finding.outcome.text(),
    });
    let findings = Findings { at: now.0, findings: findings.collect() };
    let path = loaded.checkup();
    let broken = |problem: &dyn std::fmt::Display| {
        Failed::Broken(format!("cannot keep what was found in {}: {problem}", path.display()))
    };
    let text = serde_json::to_vec(&findings).map_err(|problem| broken(&problem))?;
    publication::replace(&path, &text).map_err(|problem| broken(&problem))?;
    Ok(Reply::To("#health".into()))
}
