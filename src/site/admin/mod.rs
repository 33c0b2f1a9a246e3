//! The administration: pages below `/admin` for those who may sign in. `routes` is the table of all of them, with the
//! permission that each needs: what does not stand there is answered by nobody.

mod account;
mod add;
mod address;
mod api_tokens;
mod appearance;
mod at_owner;
mod audit;
mod authenticate;
mod backup;
mod bans;
mod checkup;
mod clients;
mod codes;
mod configuration;
mod confirm;
mod cookies;
mod errors;
mod exchange;
mod frame;
mod groups;
mod help;
mod new_password;
mod overview;
mod password_code;
mod peers;
mod people;
mod person;
mod refresh;
mod refused;
mod reply;
mod routes;
mod setup;
mod shown_once;
mod sign_in;
mod spreadsheet;
mod style;
mod switches;
mod torrents;
mod visit;

pub(super) use address::is_below_admin;

use super::{Call, Ready};
use crate::accounts::Permission;
use crate::config::Surroundings;
use crate::gateway::{Answer, Method, Request, Response};
use cookies::Cookie;
use exchange::{Exchange, SignedIn};
use reply::{Failed, Reply};
use routes::{Entry, Found};

/// Bytes of a form without files.
const FORM_BYTES: usize = 512 << 10;

/// Whether the whole path of a program ends in a page of the administration.
pub(super) fn ends_in_admin(path: &[u8]) -> bool {
    address::behind_admin(path, routes::is_known).is_some()
}

/// The pages whose forms have files.
const WITH_FILES: [&str; 2] = ["/bans/import", "/torrents/add"];

/// Bytes of body that a request may bring at most, within what the configuration allows. Files are only taken of who seems
/// to have signed in: whether they have shows when the body is there.
pub(super) fn body_limit(request: &Request<'_>) -> usize {
    let path = address::path(request, routes::is_known);
    let seems_signed_in =
        [true, false].into_iter().any(|it| Cookie::Session.value(request, it).is_some());
    if seems_signed_in && WITH_FILES.contains(&&*path) { usize::MAX } else { FORM_BYTES }
}

/// Answers on a thread that may take long. Not inlined: what is on the way of an announce must not have room for it.
#[inline(never)]
pub(super) fn answer(
    ready: &mut Ready,
    call: &Call<'_>,
    surroundings: &Surroundings,
    response: &mut Response,
) -> Answer {
    reply::put_headers(response);
    if ready.tracker.config().config.is_replica() {
        let path = address::path(call.request, routes::is_known);
        at_owner::answer(ready.tracker.config(), &path, call.request, response);
        return Answer::Ready;
    }
    if !ready.tracker.config().config.admin.enabled {
        refused::put_plainly(response);
        return Answer::Ready;
    }
    let path = address::path(call.request, routes::is_known);
    if path.is_empty() {
        // Links on a page are relative to a folder.
        reply::put_way_to("admin/", response);
        return Answer::Ready;
    }
    let (entry, parts) = match routes::find(call.request.method, &path) {
        Found::Entry(entry, parts) => (entry, parts),
        Found::AnotherMethod => {
            refused::put_another_method(response);
            return Answer::Ready;
        }
        Found::Nothing => (Entry::For(Permission::OwnAccount, nothing), Vec::new()),
    };
    let mut exchange = match Exchange::begin(ready, (call, surroundings), &path, parts) {
        Ok(exchange) => exchange,
        Err(failed) => return refused::put(failed, &path, response),
    };
    let outcome = exchange.signed_in().and_then(|signed_in| {
        let outcome = run(entry, &mut exchange, signed_in.as_ref());
        outcome.or_else(|failed| refused::reply(failed, &mut exchange, signed_in.as_ref()))
    });
    let cookies = std::mem::take(&mut exchange.cookies);
    match outcome {
        Ok(reply) => {
            let headers = cookies.into_iter().map(|cookie| ("Set-Cookie", cookie.into()));
            response.headers.extend(headers);
            reply.put(exchange.depth, response);
            Answer::Ready
        }
        Err(failed) => refused::put(failed, &path, response),
    }
}

/// For who has signed in: others do not learn what there is and what not.
fn nothing(_: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    Err(Failed::NotFound)
}

/// Does what the table says, if whoever asks may have it done.
fn run(
    entry: Entry,
    exchange: &mut Exchange<'_>,
    signed_in: Option<&SignedIn>,
) -> Result<Reply, Failed> {
    let is_change = exchange.call.request.method == Method::Post;
    match entry {
        Entry::Open(answer) => answer(exchange, signed_in),
        Entry::For(permission, answer) => {
            let Some(signed_in) = signed_in else {
                return Err(Failed::NotSignedIn);
            };
            if !signed_in.user.role.may(permission) {
                return Err(Failed::NotAllowed);
            }
            if is_change {
                exchange.check_token(signed_in)?;
            }
            answer(exchange, signed_in)
        }
    }
}
