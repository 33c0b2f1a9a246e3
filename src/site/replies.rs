//! Announces and scrapes: bencoded at HTTP 200, whatever happens; but for a tracker that is no more, where its owner
//! wants 410.

use super::{Call, Ready};
use crate::config::{Config, Gone};
use crate::gateway::{Answer, Method, Request, Response, Status};
use crate::protocol::{AnnounceRequest, Failure, RetryIn, ScrapeReply, ScrapeRequest, Seconds};
use crate::tracker::Refusal;
use crate::tracker::access::Caller;
use crate::tracker::event_log::Asked;
use crate::tracker::tally::Counted;

/// What clients of all ages expect.
const CONTENT_TYPE: &str = "text/plain; charset=ISO-8859-1";

/// When a client of a tracker that is out of order may try again.
const TROUBLE_INTERVAL: Seconds = Seconds(1800);

pub(super) fn announce(ready: &mut Ready, call: &Call<'_>, response: &mut Response) -> Answer {
    if let Some(closed) = ready.tracker.closed() {
        return refuse(ready, call, &closed, response);
    }
    let expect = ready.tracker.expect();
    let announce = match AnnounceRequest::parse_ahead(call.request.query, expect) {
        Ok(announce) => announce,
        Err(problem) => return refuse(ready, call, &problem.into(), response),
    };
    let caller = Caller {
        address: ready.client(call.request),
        passkey: call.passkey.or(announce.passkey),
        user_agent: call.request.user_agent,
    };
    // Without a policy the tracker has never run here, and what it needs is laid out first.
    if ready.tracker.may_publish_first(call.now) {
        if !call.pace.may_wait() {
            return Answer::WouldWait;
        }
        ready.take_in_new_torrents(call.now);
    }
    let mut outcome = attempt(ready, call, &caller, &announce, response);
    let is_unknown = matches!(outcome, Err(Refusal::Unlisted | Refusal::Denied));
    if is_unknown && ready.tracker.folder_may_hold_more(call.now) {
        if !call.pace.may_wait() {
            return Answer::WouldWait;
        }
        ready.take_in_new_torrents(call.now);
        outcome = attempt(ready, call, &caller, &announce, response);
    }
    match outcome {
        Ok(()) => {
            call.count(Counted::Announce(caller.address));
            call.count(Counted::Event(announce.event));
            ready.note(call, Asked::Announce);
            Answer::Ready
        }
        // Nothing of the announce is in the store yet.
        Err(Refusal::WouldWait) if !call.pace.may_wait() => Answer::WouldWait,
        Err(refusal) => {
            if refusal == Refusal::UnknownClient && is_its_own(ready, call.request) {
                ready.tracker.count_unidentified(&caller, announce.peer_id, call.now);
            }
            refuse(ready, call, &refusal, response)
        }
    }
}

/// What programs send that get what others have chosen: readers of pages, players, web seeds. No announce has it.
const OF_OTHERS: [&str; 7] = [
    "HTTP_RANGE",
    "HTTP_REFERER",
    "HTTP_ORIGIN",
    "HTTP_COOKIE",
    "HTTP_SEC_FETCH_MODE",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_ICY_METADATA",
];

/// What proxies add. Where it comes from one that is not trusted, the address is the proxy's.
const OF_PROXIES: [&str; 6] = [
    "HTTP_X_FORWARDED_FOR",
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_TRUE_CLIENT_IP",
];

/// Whether a request is one for which the address that it comes from may be banned. A HEAD leaves no trace.
fn is_its_own(ready: &Ready, request: &Request<'_>) -> bool {
    let has_one_of =
        |names: &[&str]| names.iter().any(|name| request.variables.get(name).is_some());
    let is_passed_on = || has_one_of(&OF_PROXIES) && !ready.proxies.has_passed_on(request);
    request.method != Method::Head && !has_one_of(&OF_OTHERS) && !is_passed_on()
}

/// Announces, or only looks when a HEAD asks: that must leave no trace.
fn attempt(
    ready: &mut Ready,
    call: &Call<'_>,
    caller: &Caller<'_>,
    announce: &AnnounceRequest,
    response: &mut Response,
) -> Result<(), Refusal> {
    let reply = if call.request.method == Method::Head {
        ready.tracker.preview(caller, announce, call.now)?
    } else {
        ready.tracker.announce(caller, announce, call.now)?
    };
    begin(response);
    reply.encode(&mut response.body);
    Ok(())
}

pub(super) fn scrape(ready: &mut Ready, call: &Call<'_>, response: &mut Response) -> Answer {
    if let Some(closed) = ready.tracker.closed() {
        return refuse(ready, call, &closed, response);
    }
    let scrape = match ScrapeRequest::parse(call.request.query) {
        Ok(scrape) => scrape,
        Err(problem) => return refuse(ready, call, &problem.into(), response),
    };
    let full = scrape.info_hashes.is_empty();
    let is_first = ready.tracker.may_publish_first(call.now);
    if is_first && !call.pace.may_wait() {
        return Answer::WouldWait;
    }
    if full && !call.pace.may_take_long() {
        return Answer::Later;
    }
    if is_first {
        ready.take_in_new_torrents(call.now);
    }
    let min_request_interval = ready.tracker.scrape_interval(full);
    let outcome = if full {
        ready.tracker.full_scrape(ready.client(call.request), call.now)
    } else {
        ready.tracker.scrape(&scrape, call.now)
    };
    match outcome {
        Ok(entries) => {
            begin(response);
            ScrapeReply { entries, min_request_interval }.encode(&mut response.body);
            let bytes = response.body.len();
            call.count(if full { Counted::FullScrape(bytes) } else { Counted::Scrape });
            ready.note(call, Asked::Scrape);
            Answer::Ready
        }
        Err(Refusal::WouldWait) if !call.pace.may_wait() => Answer::WouldWait,
        Err(refusal) => refuse(ready, call, &refusal, response),
    }
}

pub(super) fn refuse(
    ready: &Ready,
    call: &Call<'_>,
    refusal: &Refusal,
    response: &mut Response,
) -> Answer {
    ready.note_refusal(call, refusal);
    let reason = refusal.to_string();
    let (failure, status) = failure(refusal, &reason, &ready.tracker.config().config);
    fail(response, &failure);
    response.status = status;
    Answer::Ready
}

/// What a client is told that is refused, and by which status of HTTP.
pub(super) fn failure<'r>(
    refusal: &Refusal,
    reason: &'r str,
    config: &Config,
) -> (Failure<'r>, Status) {
    let Config { tracker, access, .. } = config;
    let failure = Failure {
        reason,
        retry_in: refusal.retry_in(tracker.interval),
        interval: refusal.interval(tracker.interval),
        min_interval: refusal.interval(tracker.min_interval),
    };
    let is_gone = *refusal == Refusal::Gone && access.gone == Gone::Gone;
    (failure, if is_gone { Status::Gone } else { Status::Ok })
}

/// A failure where there is no configuration to ask.
pub(super) fn fail_plainly(response: &mut Response, reason: &str) {
    fail(response, &plain_failure(reason));
}

/// What [`fail_plainly`] says.
pub(super) fn plain_failure(reason: &str) -> Failure<'_> {
    let retry_in = Some(RetryIn::Minutes(TROUBLE_INTERVAL.in_minutes_rounded_up()));
    let (interval, min_interval) = (TROUBLE_INTERVAL, TROUBLE_INTERVAL);
    Failure { reason, retry_in, interval, min_interval }
}

fn fail(response: &mut Response, failure: &Failure<'_>) {
    begin(response);
    failure.encode(&mut response.body);
}

fn begin(response: &mut Response) {
    response.clear();
    response.content_type = CONTENT_TYPE;
    response.headers.push(("Cache-Control", "no-store".into()));
}
