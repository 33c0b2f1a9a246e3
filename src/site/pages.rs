//! What people get: redirects, and clear words where nothing is.

use std::borrow::Cow;

use super::api::{self, Problem};
use super::health_reply;
use super::replies::fail_plainly;
use super::route::{Route, asks_about_a_torrent};
use crate::config::LoadedConfig;
use crate::gateway::{Answer, Request, Response, Status};

const ALLOWED: &str = "GET, HEAD, OPTIONS";

/// Seconds after which somebody who was refused may try again.
const RETRY_AFTER: &str = "60";

/// A person opened the tracker itself: off to the page that the owner names, or to the statistics.
pub(super) fn home(
    loaded: &LoadedConfig,
    request: &Request<'_>,
    response: &mut Response,
) -> Answer {
    let configured = &loaded.config.paths.home_url;
    let target = if let Some(url) = configured {
        url.to_string()
    } else {
        // Two slashes at the beginning would name a host.
        let script = String::from_utf8_lossy(request.script_name);
        let script = script.trim_matches('/');
        let slash = if script.is_empty() { "" } else { "/" };
        format!("{slash}{}/stats", percent_encoding::utf8_percent_encode(script, PATH))
    };
    response.status = Status::Found;
    response.headers.push(("Cache-Control", "no-store".into()));
    response
        .body
        .extend_from_slice(format!("This is a BitTorrent tracker; see {target}\n").as_bytes());
    response.headers.push(("Location", target.into()));
    Answer::Ready
}

/// What a script's path keeps; all else is escaped, a line break above all.
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What a client is told that asks where neither announces nor scrapes are answered.
pub(super) const ANOTHER_ADDRESS: &str = "this is not the announce address of this tracker";

/// People put all sorts of addresses into torrents; their clients are told, at 200, what is wrong.
pub(super) fn not_found(request: &Request<'_>, response: &mut Response) -> Answer {
    if asks_about_a_torrent(request.query) {
        fail_plainly(response, ANOTHER_ADDRESS);
    } else {
        response.status = Status::NotFound;
        response.body.extend_from_slice(b"There is nothing at this address of the tracker.\n");
    }
    Answer::Ready
}

/// The owner shows this to some addresses only.
pub(super) fn forbidden(route: &Route, response: &mut Response) -> Answer {
    if let Route::Api(_) = route {
        api::refuse(&Problem::Forbidden, response);
        return Answer::Ready;
    }
    response.status = Status::Forbidden;
    response.headers.push(("Cache-Control", "no-store".into()));
    response
        .body
        .extend_from_slice(b"The owner of this tracker does not show this to your address.\n");
    Answer::Ready
}

/// The configuration is broken: clients hear that much, the log has the rest.
pub(super) fn broken(route: &Route, response: &mut Response) {
    if matches!(route, Route::Announce | Route::Scrape) {
        fail_plainly(
            response,
            "this tracker is not set up correctly; its owner finds the reason in the error log",
        );
    } else if let Route::Api(_) = route {
        api::refuse(&Problem::Broken, response);
    } else if *route == Route::Health {
        health_reply::broken(response);
    } else {
        response.status = Status::InternalServerError;
        response.body.extend_from_slice(
            b"This tracker is not set up correctly; its owner finds the reason in the error log.\n",
        );
    }
}

/// Too many requests wait to be answered.
pub(super) fn too_busy(route: &Route, response: &mut Response) {
    response.clear();
    response.headers.push(("Retry-After", RETRY_AFTER.into()));
    if let Route::Api(_) = route {
        return api::refuse(&Problem::Busy, response);
    }
    if *route == Route::Health {
        return health_reply::busy(response);
    }
    response.status = Status::ServiceUnavailable;
    response.headers.push(("Cache-Control", "no-store".into()));
    response.body.extend_from_slice(b"This tracker is busy; please try again later.\n");
}

/// The methods that an address takes.
fn allowed(route: &Route) -> Cow<'static, str> {
    match route {
        Route::Api(place) => api::allowed(*place).into(),
        _ => ALLOWED.into(),
    }
}

pub(super) fn options(route: &Route, response: &mut Response) {
    response.headers.push(("Allow", allowed(route)));
    if let Route::Api(_) = route {
        api::options(response);
    }
}

pub(super) fn method_not_allowed(route: &Route, response: &mut Response) {
    let allowed = allowed(route);
    if let Route::Api(_) = route {
        return api::refuse(&Problem::Method { allowed: allowed.into() }, response);
    }
    response.headers.push(("Allow", allowed));
    response.status = Status::MethodNotAllowed;
    response.body.extend_from_slice(b"A tracker answers GET and HEAD.\n");
}
