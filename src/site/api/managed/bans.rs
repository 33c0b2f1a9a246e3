//! `/api/v1/bans`: addresses that may not announce.

use serde::Serialize;

use super::body::{parsed, time};
use super::{Done, Exchange, Failed, Problem};
use crate::catalog::{Ban, detail_values};
use crate::platform::address_range::AddressRange;

/// The bans of a list, or those that are in none, and which lists there are.
#[derive(Serialize)]
struct Page {
    bans: Vec<Shown>,
    lists: Vec<ShownList>,
}

/// A ban for programs.
#[derive(Serialize)]
struct Shown {
    range: String,
    reason: String,
    since: u64,
    until: Option<u64>,
    list: Option<String>,
}

#[derive(Serialize)]
struct ShownList {
    name: String,
    ranges: u64,
    since: u64,
}

impl From<Ban> for Shown {
    fn from(ban: Ban) -> Self {
        Self {
            range: ban.range.to_string(),
            reason: ban.reason,
            since: ban.since.0,
            until: ban.until.map(|at| at.0),
            list: Some(ban.list).filter(|list| !list.is_empty()),
        }
    }
}

/// Those in force of one list; without a list those that were made one by one, also by the tracker itself.
pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let given = exchange.given(&["list"])?;
    let wanted = given.text("list");
    let catalog = exchange.catalog()?;
    let is_wanted = |ban: &Ban| match wanted {
        Some(list) => ban.list == list,
        None => ban.list.is_empty() || ban.is_automatic(),
    };
    let bans = catalog.bans()?.into_iter();
    let bans = bans.filter(|ban| is_wanted(ban) && ban.is_in_force(exchange.call.now));
    let lists = catalog.ban_lists()?.into_iter().map(|list| ShownList {
        name: list.name,
        ranges: list.ranges,
        since: list.since.0,
    });
    Done::found(&Page { bans: bans.map(Shown::from).collect(), lists: lists.collect() })
}

/// The one of just this range: of several the one that was made by itself.
pub(super) fn show(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let range = range(&exchange.name())?;
    let mut bans = exchange.catalog()?.bans()?;
    bans.retain(|ban| ban.range == range && ban.is_in_force(exchange.call.now));
    let ban = bans.into_iter().next().ok_or(Problem::NoSuch("ban"))?;
    Done::found(&Shown::from(ban))
}

/// Bans a range, or changes its ban.
pub(super) fn add(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let range = fields.require("range", parsed(range_to_ban));
    let reason = fields.take_some("reason", parsed(detail_values::reason)).unwrap_or_default();
    let until = fields.take_some("until", time);
    if until.is_some_and(|until| until <= exchange.call.now) {
        fields.refuse("until", &"it lies in the past");
    }
    fields.finish()?;
    let Some(range) = range else { return Err(Problem::NoSuch("range").into()) };
    exchange.change(|catalog, author| {
        let ban = Ban { range, reason, until, since: author.at, list: String::new() };
        let is_new = catalog.ban(&ban, author)?.is_none();
        Done::put_in_place(is_new, &Shown::from(ban))
    })
}

/// Ends the ban of a range. Those of lists stay.
pub(super) fn remove(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let range = range(&exchange.name())?;
    exchange.change(|catalog, author| match catalog.unban(range, author)? {
        Some(_) => Ok(Done::gone()),
        None => Err(Problem::NoSuch("ban of its own").into()),
    })
}

fn range(text: &str) -> Result<AddressRange, Problem> {
    text.parse().map_err(|_| Problem::NoSuch("ban"))
}

/// A range that may be banned.
fn range_to_ban(text: &str) -> Result<AddressRange, String> {
    match text.parse::<AddressRange>() {
        Err(problem) => Err(format!("it {problem}")),
        Ok(range) if range.is_everything() => Err("that would ban everybody".into()),
        Ok(range) => Ok(range),
    }
}
