//! A refresh that somebody wants now.

use super::exchange::{Exchange, SignedIn};
use super::reply::{Failed, Reply};
use crate::site::{Published, publish};
use crate::tracker::{Quiet, Skipped, Urgency};

/// Refreshes now, after a refresh that is under way.
pub(super) fn run(exchange: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    let urgency = match exchange.call.pace.may_wait() {
        true => Urgency::Now,
        false => Urgency::NowUnlessBusy,
    };
    match publish(exchange.loaded(), urgency, &mut Quiet)? {
        Published::Skipped(Skipped::Busy) => Err(Failed::WouldWait),
        _ => Ok(Reply::To("?done=refreshed".into())),
    }
}
