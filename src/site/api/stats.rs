//! `GET /api/v1/stats`: all torrents together as the last refresh found them, and how busy the tracker is now.

use serde::Serialize;

use super::{Failed, Found, Problem, given};
use crate::site::{Call, Ready};
use crate::tracker::Refusal;

/// The figures of the tracker.
#[derive(Serialize)]
pub(super) struct Stats {
    torrents: u64,
    seeders: Option<u64>,
    leechers: Option<u64>,
    completed: Option<u64>,
    downloaded: Option<u64>,
    last_refresh: Option<LastRefresh>,
    load: Load,
}

#[derive(Serialize)]
struct LastRefresh {
    at: u64,
    age: u32,
}

#[derive(Serialize)]
struct Load {
    announces_per_minute: u64,
    high: bool,
    interval: u32,
    min_interval: u32,
}

/// Says how the tracker is doing.
pub(super) fn now(ready: &mut Ready, call: &Call<'_>) -> Result<Found<Stats>, Failed> {
    given(call, &[])?;
    let load = ready.tracker.measure_load(call.now).map_err(|refusal| match refusal {
        Refusal::WouldWait => Failed::WouldWait,
        refusal => Problem::log(refusal).into(),
    })?;
    let totals = ready.tracker.listed_totals().map_err(Problem::log)?;
    let figures = totals.figures;
    let content = Stats {
        torrents: totals.torrents,
        seeders: figures.map(|it| it.seeders),
        leechers: figures.map(|it| it.leechers),
        completed: figures.map(|it| it.completed),
        downloaded: figures.map(|it| it.downloaded),
        last_refresh: totals
            .refreshed_at
            .map(|at| LastRefresh { at: at.0, age: call.now.since(at).0 }),
        load: Load {
            announces_per_minute: load.announces,
            high: load.is_high,
            interval: load.interval.0,
            min_interval: load.min_interval.0,
        },
    };
    Ok(Found { content, keep: "no-cache" })
}
