//! What those who watch the tracker get at `/health`: 200 while it can do its work, else 503, with a reason for each
//! check that fails, in the shape of `application/health+json`. Names no path and no address: anybody may ask.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Ready;
use crate::gateway::{Answer, Response, Status};
use crate::platform::privilege;
use crate::protocol::{Seconds, Timestamp};
use crate::tracker::{Refusal, SpaceLeft};

/// Announce intervals after which a refresh or a policy is too old.
const OLD: u32 = 3;

/// Percents of a store in memory from which on there is little room.
const NEARLY_FULL: u64 = 90;

/// Bytes free on the disk of the peers below which there is little room, and below which there is none.
const LITTLE: u64 = 64 << 20;
const NONE: u64 = 1 << 20;

/// Where the owner finds more.
const DOCTOR: &str = "the owner finds the reason with `tracker doctor` and in the error log";

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Pass,
    Warn,
    Fail,
}

/// What was found of one thing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    status: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

#[derive(Serialize)]
struct Health {
    status: State,
    checks: BTreeMap<&'static str, [Check; 1]>,
}

impl Check {
    const PASS: Self = Self::new(State::Pass);

    const fn new(status: State) -> Self {
        Self { status, observed_value: None, observed_unit: None, output: None }
    }

    fn said(status: State, output: impl Into<String>) -> Self {
        Self { output: Some(output.into()), ..Self::new(status) }
    }

    fn seen(self, value: u64, unit: &'static str) -> Self {
        Self { observed_value: Some(value), observed_unit: Some(unit), ..self }
    }
}

/// Looks at all that the tracker needs.
pub(super) fn show(ready: &mut Ready, now: Timestamp, response: &mut Response) -> Answer {
    let store = match ready.tracker.measure_load(now) {
        Ok(_) => Check::PASS,
        // Only where this thread may not wait.
        Err(Refusal::WouldWait) => return Answer::WouldWait,
        Err(_) => Check::said(State::Fail, format!("the peer store cannot be used; {DOCTOR}")),
    };
    let mut checks = BTreeMap::from([
        ("configuration", Check::PASS),
        ("peers:store", store),
        ("peers:room", room(ready)),
        ("policy:age", policy(ready, now)),
    ]);
    if !ready.tracker.config().config.is_replica() {
        checks.insert("refresh:age", refresh(ready, now));
        checks.insert("pages", pages(ready));
    }
    write(checks, response);
    Answer::Ready
}

/// What is told where the configuration cannot be followed.
pub(super) fn broken(response: &mut Response) {
    let output =
        "the configuration cannot be followed; its owner finds the reason in the error log";
    write(BTreeMap::from([("configuration", Check::said(State::Fail, output))]), response);
}

/// What is told where too many requests wait to be answered.
pub(super) fn busy(response: &mut Response) {
    let output = "too many requests wait to be answered; ask again in a minute";
    write(BTreeMap::from([("requests", Check::said(State::Fail, output))]), response);
}

fn write(checks: BTreeMap<&'static str, Check>, response: &mut Response) {
    let status = checks.values().map(|check| check.status).max().unwrap_or(State::Pass);
    let checks = checks.into_iter().map(|(name, check)| (name, [check])).collect();
    response.status = if status == State::Fail { Status::ServiceUnavailable } else { Status::Ok };
    response.content_type = "application/health+json";
    response.headers.push(("Cache-Control", "no-store".into()));
    // Texts and numbers can always be written.
    response.body = serde_json::to_vec(&Health { status, checks }).unwrap_or_default();
}

fn room(ready: &Ready) -> Check {
    // What keeps it from being read is said by the other check.
    let space = ready.tracker.store_space().ok().flatten();
    match space.map_or(SpaceLeft::Unknown, |space| space.left) {
        SpaceLeft::Peers { here, room } => {
            let percents = here.saturating_mul(100).checked_div(room).unwrap_or(100);
            full(percents).seen(percents, "percent")
        }
        SpaceLeft::Free(bytes) => free(bytes).seen(bytes, "bytes"),
        SpaceLeft::Unknown => Check::PASS,
    }
}

fn full(percents: u64) -> Check {
    match percents {
        100.. => Check::said(
            State::Fail,
            "the peer store is full, and new peers are refused; raise `max_size` in [store]",
        ),
        NEARLY_FULL.. => {
            Check::said(State::Warn, "the peer store is nearly full; raise `max_size` in [store]")
        }
        _ => Check::PASS,
    }
}

fn free(bytes: u64) -> Check {
    let said = "the disk of the peer store is";
    match bytes {
        ..NONE => Check::said(State::Fail, format!("{said} full; make room on it")),
        NONE..LITTLE => Check::said(State::Warn, format!("{said} nearly full; make room on it")),
        _ => Check::PASS,
    }
}

fn policy(ready: &Ready, now: Timestamp) -> Check {
    match ready.tracker.policy_age(now) {
        None => Check::said(
            State::Fail,
            format!("nothing that announces could look up is published; {DOCTOR}"),
        ),
        Some(age) => aged(
            ready,
            age,
            "what announces look up is old: refreshes, or copies to this replica, fail",
        ),
    }
}

fn refresh(ready: &Ready, now: Timestamp) -> Check {
    match ready.tracker.refreshed_at() {
        Err(_) => Check::said(State::Fail, format!("the catalogue cannot be read; {DOCTOR}")),
        Ok(None) => Check::said(State::Warn, "there was no refresh yet; `tracker refresh` does it"),
        Ok(Some(at)) => {
            aged(ready, now.since(at), "the last refresh is long ago: cron does none, or they fail")
        }
    }
}

/// Too old is what is older than some announce intervals.
fn aged(ready: &Ready, age: Seconds, reason: &str) -> Check {
    let most = u64::from(ready.tracker.config().config.tracker.interval.0) * u64::from(OLD);
    let check = match u64::from(age.0) > most {
        true => Check::said(State::Fail, format!("{reason}; {DOCTOR}")),
        false => Check::PASS,
    };
    check.seen(age.0.into(), "seconds")
}

fn pages(ready: &Ready) -> Check {
    let config = &ready.tracker.config().config;
    let folder = config.paths.pages.as_deref().filter(|_| config.has_pages());
    if folder.is_some_and(|folder| !privilege::may_write(folder)) {
        return Check::said(
            State::Fail,
            format!("the folder of the pages cannot be written to; {DOCTOR}"),
        );
    }
    match ready.tracker.lacks_pages() {
        true => Check::said(
            State::Fail,
            format!("the last refresh could not write all files that pages need; {DOCTOR}"),
        ),
        false => Check::PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_all_checks_is_how_the_tracker_is() {
        for (states, expected, code) in [
            (&[State::Pass, State::Pass][..], "pass", Status::Ok),
            (&[State::Warn, State::Pass], "warn", Status::Ok),
            (&[State::Warn, State::Fail], "fail", Status::ServiceUnavailable),
        ] {
            let mut response = Response::default();
            let names = ["a", "b"].into_iter();
            let checks = names.zip(states).map(|(name, state)| (name, Check::new(*state)));
            write(checks.collect(), &mut response);
            assert_eq!(response.status, code);
            let said: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(said["status"], expected);
            assert_eq!(said["checks"]["a"], serde_json::json!([{"status": states[0]}]));
        }
    }

    #[test]
    fn little_room_is_told_before_there_is_none() {
        let full = |percents| full(percents).status;
        assert_eq!([89, 90, 99].map(full), [State::Pass, State::Warn, State::Warn]);
        assert_eq!([100, 250].map(full), [State::Fail; 2]);
        let free = |bytes| free(bytes).status;
        assert_eq!([LITTLE, LITTLE - 1, NONE].map(free), [State::Pass, State::Warn, State::Warn]);
        assert_eq!([NONE - 1, 0].map(free), [State::Fail; 2]);
    }
}
