//! `GET /api/v1/changes`: who has changed what, the newest first.

use serde::Serialize;

use super::{Done, Exchange, Failed};
use crate::catalog::{Change, ChangeSearch};

/// Changes of a page, where nobody says how many, and at most.
const ROWS: usize = 100;
const MOST_ROWS: usize = 1000;

#[derive(Serialize)]
struct Page {
    changes: Vec<Shown>,
    /// What `before` must be for those before these.
    next: Option<i64>,
}

#[derive(Serialize)]
struct Shown {
    number: i64,
    at: u64,
    who: String,
    what: String,
    subject: String,
    before: Option<String>,
    after: Option<String>,
}

impl From<Change> for Shown {
    fn from(change: Change) -> Self {
        let Change { number, at, who, what, subject, before, after } = change;
        Self { number, at: at.0, who, what, subject, before, after }
    }
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let given = exchange.given(&["who", "what", "subject", "before", "rows"])?;
    let rows = given.number("rows", MOST_ROWS)?.map_or(ROWS, std::num::NonZeroUsize::get);
    let before = given.number("before", usize::MAX >> 1)?;
    let search = ChangeSearch {
        who: given.text("who"),
        what: given.text("what"),
        subject: given.text("subject"),
        before: before.and_then(|number| i64::try_from(number.get()).ok()),
    };
    let most = u32::try_from(rows + 1).unwrap_or(u32::MAX);
    let mut found = exchange.catalog()?.find_changes(&search, most)?;
    let has_more = found.len() > rows;
    found.truncate(rows);
    let next = found.last().filter(|_| has_more).map(|last| last.number);
    Done::found(&Page { changes: found.into_iter().map(Shown::from).collect(), next })
}
