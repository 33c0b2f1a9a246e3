//! Forms that are filled in before somebody has signed in: they come from a page of ours that the same browser has seen.

use super::cookies::Cookie;
use super::exchange::Exchange;
use super::reply::Failed;
use crate::accounts::{FormToken, Visit};

/// The token for a form; the browser keeps what it belongs to.
pub(super) fn begin(exchange: &mut Exchange<'_>) -> Result<String, Failed> {
    let now = exchange.call.now;
    let visit = match of(exchange) {
        Some(visit) => visit,
        None => Visit::begin(now).map_err(|problem| Failed::Broken(problem.to_string()))?,
    };
    let value = visit.encode(&exchange.signer);
    exchange.cookies.push(Cookie::Visit.set(&value, Visit::MAX_AGE, exchange.is_secure));
    Ok(FormToken::of_visit(&visit, &exchange.signer).as_str().to_owned())
}

/// Whether a form comes from such a page.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Failed> {
    let token = exchange.form.text("token");
    let is_ours =
        of(exchange).is_some_and(|visit| FormToken::is_of_visit(token, &visit, &exchange.signer));
    if is_ours && !exchange.comes_from_elsewhere() { Ok(()) } else { Err(Failed::NotOurForm) }
}

fn of(exchange: &Exchange<'_>) -> Option<Visit> {
    let value = Cookie::Visit.value(exchange.call.request, exchange.is_secure)?;
    Visit::decode(value, &exchange.signer, exchange.call.now)
}
