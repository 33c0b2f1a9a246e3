//! `POST /api/v1/refresh`: a refresh now.

use serde::Serialize;

use super::{Done, Exchange, Failed};
use crate::site::{Published, publish};
use crate::tracker::{Quiet, Skipped, Urgency};

#[derive(Serialize)]
struct Refreshed {
    refreshed_at: Option<u64>,
}

/// Refreshes, after a refresh that is under way. To do it twice does no harm, so that a key means nothing.
pub(super) fn run(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let urgency = match exchange.call.pace.may_wait() {
        true => Urgency::Now,
        false => Urgency::NowUnlessBusy,
    };
    if let Published::Skipped(Skipped::Busy) = publish(exchange.loaded(), urgency, &mut Quiet)? {
        return Err(Failed::WouldWait);
    }
    let refreshed_at = exchange.catalog()?.last_refresh()?.map(|at| at.0);
    Done::found(&Refreshed { refreshed_at })
}
