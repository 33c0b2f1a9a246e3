//! How a page has a password looked at: one at a time on a host, and slowly for who guesses.

use std::net::{IpAddr, Ipv6Addr};

use super::cookies::Cookie;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::reply::Failed;
use crate::accounts::{
    Authentication, AuthenticationError, HashingTurn, HashingTurnError, PasswordCheck,
};
use crate::catalog::Catalog;
use crate::protocol::Seconds;

/// The field for the password of whoever has signed in.
pub(super) const CURRENT: &str = "current";

/// Leaves it to a thread that waits while somebody else's password is looked at.
pub(super) fn wait_for_others(exchange: &Exchange<'_>) -> Result<(), Failed> {
    if exchange.call.pace.may_wait() {
        return Ok(());
    }
    match HashingTurn::try_take(&exchange.loaded().config.paths.catalog) {
        Ok(Some(_)) => Ok(()),
        _ => Err(Failed::WouldWait),
    }
}

/// Asks who somebody is.
pub(super) fn authenticate<T>(
    exchange: &Exchange<'_>,
    ask: impl FnOnce(&mut Authentication<'_>) -> Result<T, AuthenticationError>,
) -> Result<T, Failed> {
    let (loaded, request) = (exchange.loaded(), exchange.call.request);
    let broken = |problem: &dyn std::fmt::Display| Failed::Broken(problem.to_string());
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let mut authentication = Authentication {
        catalog: &mut catalog,
        secrets: &exchange.secrets,
        address: exchange.ready.client(request).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        device: Cookie::Device.value(request, exchange.is_secure),
        now: exchange.call.now,
        keep: loaded.config.log.keep.seconds(),
    };
    match ask(&mut authentication) {
        Ok(outcome) => Ok(outcome),
        Err(AuthenticationError::Turn(HashingTurnError::Busy)) => Err(Failed::Busy),
        Err(problem) => Err(broken(&problem)),
    }
}

/// Looks at the password that whoever has signed in has typed once more; what is wrong stands in the errors.
pub(super) fn check_current_password(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    errors: &mut Errors,
) -> Result<(), Failed> {
    wait_for_others(exchange)?;
    let typed = exchange.form.text(CURRENT);
    match authenticate(exchange, |it| it.check_password(&signed_in.user, typed))? {
        PasswordCheck::Right => {}
        PasswordCheck::Wrong => errors.add(CURRENT, exchange.texts.admin.account.wrong_password),
        PasswordCheck::Wait(seconds) => errors.add(CURRENT, wait(exchange, seconds)),
    }
    Ok(())
}

/// Says for how long somebody has to wait.
pub(super) fn wait(exchange: &Exchange<'_>, seconds: Seconds) -> String {
    let texts = exchange.texts;
    // Durations are told in minutes at least.
    texts.admin.sign_in.wait.with(texts.duration(Seconds(seconds.0.max(60))))
}
