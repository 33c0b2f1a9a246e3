//! What programs read below `/api/v1`, and with a token change: JSON, described in `www/api/openapi.json`.

mod details;
mod given;
mod managed;
mod place;
mod problem;
mod series;
mod stats;
mod torrents;

pub(super) use managed::{answer as manage, body_limit, is_managed};
pub(super) use place::Place;
pub(super) use problem::Problem;

use serde::Serialize;

use self::given::Given;
use super::entity_tag::EntityTag;
use super::{Call, Ready};
use crate::gateway::{Answer, Rejection, Request, Response, Status};

/// The description of all of it, by which a test judges the answers.
const DESCRIPTION: &str = include_str!("../../../www/api/openapi.json");

const JSON: &str = "application/json";

/// Why there is no answer yet, or another one than was asked for.
enum Failed {
    /// Only where this thread may not wait.
    WouldWait,
    Problem(Problem),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What was found, and for how long it may be kept.
struct Found<T> {
    content: T,
    /// A `Cache-Control`.
    keep: &'static str,
}

/// Answers on a thread that may take long.
pub(super) fn answer(
    ready: &mut Ready,
    place: Place,
    call: &Call<'_>,
    response: &mut Response,
) -> Answer {
    let is_public = ready.tracker.config().config.access.stats_from.is_empty();
    let outcome = find(ready, place, call);
    if let Err(Failed::WouldWait) = outcome {
        return Answer::WouldWait;
    }
    // Else any site that somebody who may read this looks at could read it too.
    if is_public {
        open_to_all(response);
    }
    match outcome {
        Ok(found) if is_public => write(found, call.request, response),
        Ok(found) => write(Found { keep: "private, no-cache", ..found }, call.request, response),
        Err(Failed::Problem(problem)) => problem.write(response),
        Err(Failed::WouldWait) => {}
    }
    Answer::Ready
}

fn find(ready: &mut Ready, place: Place, call: &Call<'_>) -> Result<Found<Vec<u8>>, Failed> {
    match place {
        Place::Description => {
            Ok(Found { content: DESCRIPTION.as_bytes().to_vec(), keep: "max-age=3600" })
        }
        Place::Unknown => Err(Problem::NoSuchAddress.into()),
        Place::NotAHash => Err(Problem::NotAHash.into()),
        _ if ready.tracker.config().config.is_replica() => {
            let owner = ready.tracker.config().config.farm.owner_url.as_ref();
            Err(Problem::Replica { owner: owner.map(ToString::to_string) }.into())
        }
        Place::Torrents => torrents::find(ready, call)?.as_json(),
        Place::Torrent(info_hash) => details::of(ready, info_hash, call)?.as_json(),
        Place::Stats => stats::now(ready, call)?.as_json(),
        Place::History => series::of(ready, call)?.as_json(),
        // What else there is needs a token, and another method than this.
        other => Err(Problem::Method { allowed: allowed(other) }.into()),
    }
}

impl<T: Serialize> Found<T> {
    fn as_json(&self) -> Result<Found<Vec<u8>>, Failed> {
        let content = serde_json::to_vec(&self.content).map_err(Problem::log)?;
        Ok(Found { content, keep: self.keep })
    }
}

/// The methods that an address takes, for `Allow`.
pub(super) fn allowed(place: Place) -> String {
    managed::allowed(place)
}

/// Answers with a problem. Headers that are there already stay.
pub(super) fn refuse(problem: &Problem, response: &mut Response) {
    open_to_all(response);
    problem.write(response);
}

/// Answers what the gateway rejects: nothing that another site's script may read.
pub(super) fn reject(rejection: Rejection, response: &mut Response) {
    Problem::Rejected(rejection).write(response);
}

/// What a browser asks before another site's script reads something (CORS).
pub(super) fn options(response: &mut Response) {
    open_to_all(response);
    for (name, value) in [
        ("Access-Control-Allow-Methods", "GET, HEAD"),
        ("Access-Control-Allow-Headers", "If-None-Match"),
        ("Access-Control-Max-Age", "86400"),
    ] {
        response.headers.push((name, value.into()));
    }
}

/// Any site's script may read what anybody may.
fn open_to_all(response: &mut Response) {
    response.headers.push(("Access-Control-Allow-Origin", "*".into()));
}

/// Writes an answer; for a client that has the same already, nothing but that it is the same (RFC 9110, 13).
fn write(found: Found<Vec<u8>>, request: &Request<'_>, response: &mut Response) {
    let Found { content, keep } = found;
    let tag = EntityTag::of(&content);
    let known = request.variables.get("HTTP_IF_NONE_MATCH");
    let is_known = known.is_some_and(|known| tag.is_named(known));
    for (name, value) in [
        ("Access-Control-Expose-Headers", "ETag".into()),
        ("Cache-Control", keep.into()),
        ("ETag", tag.header().into()),
    ] {
        response.headers.push((name, value));
    }
    if is_known {
        response.status = Status::NotModified;
        return;
    }
    response.content_type = JSON;
    response.body = content;
}

/// What was asked for, if it stands among what may be asked for.
fn given(call: &Call<'_>, names: &'static [&'static str]) -> Result<Given, Problem> {
    Given::of(call.request.query, names)
}
