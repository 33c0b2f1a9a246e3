//! The URL space: which request goes where, and what people and programs see of the tracker.

mod admin;
mod api;
mod appearance;
mod call;
mod change;
pub mod charts;
mod chores;
mod entity_tag;
mod events;
pub mod explain;
mod feed;
mod first_user;
pub mod form;
mod format;
mod fragments;
mod full_scrape;
pub mod health;
mod health_reply;
mod history;
mod language;
mod links;
mod list;
mod metrics;
mod opentracker;
mod own_file;
mod page_folder;
mod pages;
mod password_mail;
mod publish;
mod reachability;
mod replica;
mod replies;
mod route;
mod rows;
mod setup;
mod shared;
mod shown;
mod state;
mod static_pages;
mod stats;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub use change::change;
pub use format::{bytes, counted, in_words, rate};
pub use history::{history_csv, history_json};
pub use links::{admin_page, url_below};
pub use password_mail::{PasswordMail, PasswordMailError};
pub use publish::{PublishError, Published, publish};
pub use shared::Shared;
pub use state::hide_new_data;

use crate::config::Surroundings;
use crate::gateway::{Answer, Chore, Handler, Method, Proxies, Rejection, Request, Response};
use crate::platform::log::{self, Level};
use crate::protocol::{Seconds, Timestamp};
use crate::tracker::event_log::{Asked, EventLog};
use crate::tracker::tally::{Counted, MEASURED_OF, Tally, TallyFile};
use crate::tracker::{Refusal, Tracker, rescan};
use call::{Call, Pace};
use publish::publish_first;
use route::{Place, Route, asks_about_a_torrent};
use state::{Broken, State};
use static_pages::dynamic::Wanted;

/// Since when a look at the files is as good as one now.
const LOOKED_LATELY: Seconds = Seconds(1);

/// The site for one thread: it answers requests and does what waits after them.
pub struct Site {
    surroundings: Arc<Surroundings>,
    /// What it follows; nothing in a process that answers one request.
    shared: Option<Arc<Shared>>,
    /// The version of what it follows.
    version: u64,
    state: State,
    /// Whether it has found a policy that the others do not follow yet.
    is_ahead: bool,
    /// The time of the request.
    now: Timestamp,
    /// What this thread counts.
    tally: Arc<Tally>,
    /// Announces that came to this thread.
    announces: u32,
}

struct Ready {
    tracker: Tracker,
    proxies: Arc<Proxies>,
    /// Where events are noted, if the owner wants that.
    events: Option<EventLog>,
}

impl Site {
    /// A site for a process that answers one request.
    #[must_use]
    pub fn for_one_request(surroundings: Arc<Surroundings>) -> Self {
        let state = State::load(&surroundings, None);
        state.log_trouble(None);
        Self::with(surroundings, state, Arc::default())
    }

    /// A site for one thread of a process that stays.
    #[must_use]
    pub fn following(shared: Arc<Shared>) -> Self {
        let (version, in_force) = shared.in_force();
        let (surroundings, tally) =
            (Arc::clone(&shared.surroundings), shared.tallies.of_a_thread());
        let site = Self::with(surroundings, in_force.into(), tally);
        Self { shared: Some(shared), version, ..site }
    }

    fn with(surroundings: Arc<Surroundings>, state: State, tally: Arc<Tally>) -> Self {
        let (shared, version, is_ahead) = (None, 0, false);
        let (now, announces) = (clock(), 0);
        Self { surroundings, shared, version, state, is_ahead, now, tally, announces }
    }

    /// Takes over what another thread has put in force. Costs next to nothing when that is nothing.
    fn follow(&mut self) {
        if let Some(shared) = &self.shared
            && shared.version() != self.version
        {
            let (version, in_force) = shared.in_force();
            self.version = version;
            self.state.follow(in_force);
        }
    }

    /// Looks at the files, unless another thread is at it: then what was in force before will do.
    fn look_unless_busy(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        if let Some(mut watched) = shared.watched_if_free() {
            self.follow();
            shared.look(&mut watched, &mut self.state);
        }
    }

    /// Looks at the files, after another thread that is at it.
    fn look(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        let mut watched = shared.watched();
        self.follow();
        shared.look(&mut watched, &mut self.state);
    }

    /// Whether the files are to be looked at before the answer, for which this thread has no time: after a
    /// quiet time, unless it is an announce or a scrape that what was in force then can answer.
    fn must_look_first(&self, route: &Route) -> bool {
        let can_wait = matches!(self.state, State::Ready(_))
            && matches!(route, Route::Announce | Route::Scrape);
        !can_wait
            && self.shared.as_ref().is_some_and(|shared| {
                self.now.0.abs_diff(shared.looked_at().0) > u64::from(LOOKED_LATELY.0)
            })
    }

    /// Answers on a thread that no announce has to wait for.
    fn answer_at(&mut self, pace: Pace, request: &Request<'_>, response: &mut Response) -> Answer {
        self.look_unless_busy();
        self.now = clock();
        if Place::of(request).route == Route::Stats {
            self.renew_old_lists();
        }
        let answer = self.dispatch(request, response, pace);
        self.is_ahead =
            self.shared.as_ref().is_some_and(|shared| !shared.has_policy_of(&self.state));
        answer
    }

    fn dispatch(&mut self, request: &Request<'_>, response: &mut Response, pace: Pace) -> Answer {
        response.clear();
        let place = Place::of(request);
        let begun = self.is_measured(place.route, request.method, pace).then(Instant::now);
        let answer = self.reply(place, request, response, pace);
        if answer != Answer::Ready {
            return answer;
        }
        if let Some(begun) = begun {
            self.tally.count(Counted::Took(begun.elapsed()));
        }
        // Clients look at nothing but the body of theirs.
        if !matches!(place.route, Route::Announce | Route::Scrape) {
            response.headers.push(("X-Content-Type-Options", "nosniff".into()));
        }
        answer
    }

    /// Whether this is one of the announces of which it is measured how long they take. A HEAD leaves no trace.
    fn is_measured(&mut self, route: Route, method: Method, pace: Pace) -> bool {
        if route != Route::Announce || pace != Pace::Quick || method == Method::Head {
            return false;
        }
        self.announces = self.announces.wrapping_add(1);
        self.announces.is_multiple_of(MEASURED_OF)
    }

    fn reply(
        &mut self,
        Place { route, passkey }: Place,
        request: &Request<'_>,
        response: &mut Response,
        pace: Pace,
    ) -> Answer {
        match request.method {
            Method::Get | Method::Head => {}
            Method::Post if route == Route::Admin => {}
            method if route.is_managed(method) => {}
            Method::Options => {
                pages::options(&route, response);
                return Answer::Ready;
            }
            Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Other => {
                pages::method_not_allowed(&route, response);
                return Answer::Ready;
            }
        }
        if !pace.may_take_long() && self.must_look_first(&route) {
            return Answer::Later;
        }
        let ready = match &mut self.state {
            State::Ready(ready) => ready,
            State::Broken(broken) => {
                broken.answer(route, response);
                return Answer::Ready;
            }
        };
        ready.tracker.may_wait(pace.may_wait());
        let call = Call { request, passkey, now: self.now, pace, tally: &self.tally };
        match route {
            Route::Announce => replies::announce(ready, &call, response),
            Route::Scrape => replies::scrape(ready, &call, response),
            route if route.is_not_for_clients() && asks_about_a_torrent(request.query) => {
                pages::not_found(request, response)
            }
            route if route.is_of_pages() && !ready.tracker.config().config.has_pages() => {
                pages::not_found(request, response)
            }
            Route::Api(_) if route.is_managed(request.method) && !pace.may_take_long() => {
                Answer::Later
            }
            Route::Api(place) if route.is_managed(request.method) => {
                api::manage(ready, place, &call, response)
            }
            // Nobody could say which torrents may be shown; that there are none would be wrong.
            Route::List
            | Route::Torrent(..)
            | Route::Api(api::Place::Torrents | api::Place::Torrent(_) | api::Place::History)
                if pace.may_take_long() && ready.tracker.has_lost_its_policy() =>
            {
                pages::too_busy(&route, response);
                Answer::Ready
            }
            Route::Stats | Route::Metrics | Route::Api(_) if !ready.may_see(&route, request) => {
                ready.note_not_shown(&call, &route);
                pages::forbidden(&route, response)
            }
            Route::Admin if !pace.may_take_long() => Answer::Later,
            Route::Admin => admin::answer(ready, &call, &self.surroundings, response),
            Route::Stats | Route::Home if ready.tracker.config().config.is_replica() => {
                replica::show(ready.tracker.config(), response)
            }
            Route::Stats if opentracker::is_meant(request.query) => {
                if !pace.may_take_long() {
                    return Answer::Later;
                }
                carry_over(self.shared.as_deref(), &ready.tracker);
                let answer = opentracker::show(ready, &call, response);
                ready.note_if_done(answer, &call, Asked::Statistics)
            }
            Route::Stats | Route::Home if ready.is_not_set_up(response) => Answer::Ready,
            Route::Stats if !pace.may_take_long() && ready.tracker.lists_are_old(call.now) => {
                Answer::Later
            }
            Route::Stats => {
                let answer = stats::show(ready.tracker.config(), pace.may_take_long(), response);
                ready.note_if_done(answer, &call, Asked::Statistics)
            }
            Route::List | Route::Torrent(..) if !pace.may_take_long() => Answer::Later,
            Route::List => {
                let languages = language::asked_for(request);
                static_pages::show_list(
                    &ready.tracker,
                    request.query,
                    languages,
                    call.now,
                    response,
                );
                ready.note_if_done(Answer::Ready, &call, Asked::Statistics)
            }
            Route::Torrent(info_hash, part) => {
                let (query, languages) = (request.query, language::asked_for(request));
                let known = request.variables.get("HTTP_IF_NONE_MATCH").unwrap_or_default();
                let wanted = Wanted { info_hash, part, query, known, languages, now: call.now };
                static_pages::dynamic::show_torrent(&mut ready.tracker, &wanted, response);
                ready.note_if_done(Answer::Ready, &call, Asked::Statistics)
            }
            Route::Style => {
                static_pages::dynamic::show_style(ready.tracker.config(), response);
                Answer::Ready
            }
            Route::Api(_) | Route::Health | Route::Metrics if !pace.may_take_long() => {
                Answer::Later
            }
            Route::Metrics => {
                carry_over(self.shared.as_deref(), &ready.tracker);
                let answer = metrics::show(ready, call.now, request, response);
                ready.note_if_done(answer, &call, Asked::Metrics)
            }
            Route::Health => health_reply::show(ready, call.now, response),
            Route::Api(place) => {
                let answer = api::answer(ready, place, &call, response);
                ready.note_if_done(answer, &call, Asked::Statistics)
            }
            Route::Home => pages::home(ready.tracker.config(), request, response),
            Route::Unknown => pages::not_found(request, response),
        }
    }
}

/// Adds what the threads of this process have counted to the counts of the host.
fn carry_over(shared: Option<&Shared>, tracker: &Tracker) {
    if let Some(shared) = shared {
        shared.carry_tallies_over(tracker.config());
    }
}

impl Broken {
    fn answer(&self, route: Route, response: &mut Response) {
        match &self.page {
            Some(page) if matches!(route, Route::Home | Route::Stats) => {
                setup::show(page, response)
            }
            _ => pages::broken(&route, response),
        }
    }
}

impl Ready {
    /// Shows what the owner has to do where policy or pages could not be written; whether there is anything.
    fn is_not_set_up(&self, response: &mut Response) -> bool {
        let to_do = || setup::page(self.tracker.config());
        let page = self.tracker.pages_may_be_old().then(to_do).flatten();
        page.iter().for_each(|page| setup::show(page, response));
        page.is_some()
    }

    /// Whether the owner shows the statistics to the address that asks for them.
    fn may_see(&self, route: &Route, request: &Request<'_>) -> bool {
        let shown_to = route.shown_to(&self.tracker.config().config.access);
        shown_to.is_empty() || self.client(request).is_some_and(|client| shown_to.contains(client))
    }

    fn client(&self, request: &Request<'_>) -> Option<IpAddr> {
        self.proxies.client_address(request)
    }

    /// Takes in what was dropped into the torrents folder; at the very first request, makes all that
    /// is made for pages and announces.
    fn take_in_new_torrents(&mut self, now: Timestamp) {
        let publish_what_is_new = |tracker: &Tracker| {
            let outcome = if tracker.has_no_policy() {
                publish_first(tracker.config(), now)
            } else {
                rescan(tracker.config(), now).map_err(PublishError::from)
            };
            if let Err(problem) = outcome {
                crate::error!("{problem}");
            }
        };
        self.tracker.look(now, publish_what_is_new);
    }
}

impl Handler for Site {
    fn after_reply(&mut self) {
        let State::Ready(ready) = &self.state else { return };
        if let Some(log) = &ready.events {
            log.write_what_waits();
        }
        let counts = self.tally.counts();
        if !counts.is_empty() {
            let file = TallyFile::of(ready.tracker.config());
            // What is not taken in time is lost: nobody waits for a count.
            if let Err(problem) = file.add(&counts, self.now) {
                log::line_once_a_minute(Level::Warning, &problem.to_string());
            }
        }
    }

    fn body_limit(&mut self, request: &Request<'_>) -> usize {
        let State::Ready(ready) = &self.state else { return 0 };
        let limit = Place::of(request).route.body_limit(request);
        limit.min(ready.tracker.config().config.gateway.max_body)
    }

    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        self.now = clock();
        self.follow();
        self.dispatch(request, response, Pace::Quick)
    }

    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        self.answer_at(Pace::Slow, request, response)
    }

    fn answer_patiently(&mut self, request: &Request<'_>, response: &mut Response) {
        self.answer_at(Pace::Patient, request, response);
    }

    fn refuse(&mut self, request: &Request<'_>, response: &mut Response) {
        let route = Place::of(request).route;
        match (route, &self.state) {
            (Route::Announce | Route::Scrape, State::Ready(ready)) => {
                let (now, tally) = (self.now, &self.tally);
                let call = Call { request, passkey: None, now, pace: Pace::Quick, tally };
                replies::refuse(ready, &call, &Refusal::WouldWait, response);
            }
            _ => pages::too_busy(&route, response),
        }
    }

    fn reject(&mut self, request: &Request<'_>, rejection: Rejection, response: &mut Response) {
        match Place::of(request).route {
            Route::Api(_) => api::reject(rejection, response),
            _ => rejection.fill(response),
        }
    }

    fn is_due(&mut self, chore: Chore) -> bool {
        match (chore, &self.shared, &mut self.state) {
            (Chore::Look, Some(shared), _) => self.is_ahead || shared.looked_at() != self.now,
            (Chore::Record, _, State::Ready(ready)) => ready.tracker.has_addresses_to_ban(self.now),
            (Chore::Refresh, _, State::Ready(ready)) => {
                ready.tracker.config().config.refresh.on_request
                    && ready.tracker.refresh_is_due(self.now)
            }
            (Chore::Look, None, _) | (Chore::Record | Chore::Refresh, _, State::Broken(_)) => false,
        }
    }

    fn claim(&mut self, chore: Chore) {
        match (chore, &self.shared, &self.state) {
            (Chore::Look, Some(shared), _) => shared.claim_look(clock()),
            (Chore::Refresh, _, State::Ready(ready)) => ready.tracker.claim_refresh(),
            // Nobody else has what is to be recorded.
            (Chore::Look, None, _)
            | (Chore::Record, ..)
            | (Chore::Refresh, _, State::Broken(_)) => {}
        }
    }

    fn run_chore(&mut self, chore: Chore) {
        match chore {
            Chore::Look => {
                self.look();
                if let State::Ready(ready) = &self.state {
                    carry_over(self.shared.as_deref(), &ready.tracker);
                }
            }
            Chore::Record => {
                self.follow();
                self.record();
                self.look();
            }
            Chore::Refresh => {
                self.follow();
                self.refresh();
                self.look();
            }
        }
    }

    fn chores_log(&self) -> Option<PathBuf> {
        let State::Ready(ready) = &self.state else { return None };
        Some(ready.tracker.config().refresh_log())
    }

    fn reload(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        let mut watched = shared.watched();
        self.follow();
        shared.read_again(&mut watched, &mut self.state);
    }
}

/// The time, read once a request or command.
#[must_use]
pub fn clock() -> Timestamp {
    Timestamp(crate::platform::clock::unix_seconds())
}

#[cfg(test)]
mod tests;
