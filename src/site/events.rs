//! What of a request goes into the log of announces and into the counts. Where there is no log, that costs a look at a flag.

use super::route::{Place, Route};
use super::{Call, Ready};
use crate::gateway::{Answer, Method};
use crate::protocol::Timestamp;
use crate::tracker::Refusal;
use crate::tracker::event_log::{Asked, Event, EventLog, Happened, Refused, Request};
use crate::tracker::tally::Counted;

impl Ready {
    /// Notes that a responder was started.
    pub(super) fn note_start(&self, at: Timestamp) {
        if let Some(log) = &self.events {
            log.write(Event { at, happened: Happened::Start });
        }
    }

    /// Notes a request that was answered.
    pub(super) fn note(&self, call: &Call<'_>, asked: Asked) {
        if let Asked::Statistics | Asked::Metrics = asked {
            call.count(Counted::Page);
        }
        if let Some(log) = &self.events {
            self.write(log, call, (asked, None));
        }
    }

    /// Notes a request once it is answered: it may first be given to another thread.
    pub(super) fn note_if_done(&self, answer: Answer, call: &Call<'_>, asked: Asked) -> Answer {
        if answer == Answer::Ready {
            self.note(call, asked);
        }
        answer
    }

    /// Notes that an announce or a scrape was refused.
    pub(super) fn note_refusal(&self, call: &Call<'_>, refusal: &Refusal) {
        call.count(Counted::Refused(refusal.rule()));
        if let Some(log) = &self.events {
            let asked = match Place::of(call.request).route {
                Route::Scrape => Asked::Scrape,
                _ => Asked::Announce,
            };
            let refused = Refused { rule: refusal.rule(), reason: refusal.without_address() };
            self.write(log, call, (asked, Some(refused)));
        }
    }

    /// Notes that a page is not shown to who asked for it.
    pub(super) fn note_not_shown(&self, call: &Call<'_>, route: &Route) {
        let (asked, rule) = match route {
            Route::Metrics => (Asked::Metrics, "metrics_from"),
            _ => (Asked::Statistics, "stats_from"),
        };
        if let Some(log) = &self.events {
            let reason = Some("it is not shown to that address".into());
            self.write(log, call, (asked, Some(Refused { rule, reason })));
        }
    }

    #[cold]
    fn write(&self, log: &EventLog, call: &Call<'_>, what: (Asked, Option<Refused>)) {
        let request = call.request;
        // A HEAD leaves no trace.
        if request.method != Method::Head {
            let sent = [request.query, request.user_agent];
            let noted = Request::new(what, self.client(request), sent);
            log.write(Event { at: call.now, happened: Happened::Request(noted) });
        }
    }
}
