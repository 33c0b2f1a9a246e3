//! What becomes of a request, and why: as a request is answered, and without a trace of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::pages::ANOTHER_ADDRESS;
use super::replies::{failure, plain_failure};
use super::route::{Place, Route, asks_about_a_torrent};
use crate::catalog::leads_to;
use crate::config::LoadedConfig;
use crate::gateway::{Method, Request, Status, Variables};
use crate::protocol::{
    AnnounceRequest, ClientName, Failure, RetryIn, ScrapeRequest, Seconds, Standing, Timestamp,
    UnderstoodParameter, Url,
};
use crate::tracker::Refusal;
use crate::tracker::access::Caller;
use crate::tracker::explain::{
    AnnounceAnswer, AskedRule, Explained, Explainer, Outcome, RuleVerdict, ScrapeAnswer,
};

/// A request that somebody wants explained.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Its method.
    pub method: Method,
    /// Its whole address, if that is known.
    pub url: Option<&'a str>,
    /// The path of its address, with escapes.
    pub path: &'a [u8],
    /// What follows the first `?`, as it came.
    pub query: &'a [u8],
    /// The address that it is seen from, if that is known.
    pub from: Option<IpAddr>,
    /// Its User-Agent; empty when it has none.
    pub user_agent: &'a [u8],
}

/// What there is to say about a request.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is asked for, in a word.
    pub asked: &'static str,
    /// The beginning of the passkey in its address.
    pub passkey: Option<String>,
    /// The program that its peer id names.
    pub client: Option<String>,
    /// How its parameters were understood.
    pub parameters: Vec<UnderstoodParameter>,
    /// The rules that were asked, in their order.
    pub rules: Vec<AskedRule>,
    /// The rule that has refused it.
    pub decided_by: Option<&'static str>,
    /// What it would get.
    pub reply: Reply,
    /// What else there is to know, in words.
    pub notes: Vec<String>,
}

/// What a request would get.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Peers.
    Announce(AnnounceAnswer),
    /// Figures.
    Scrape(ScrapeAnswer),
    /// The reason why it gets nothing else.
    Failure {
        /// The status of HTTP.
        status: u16,
        /// The reason.
        reason: String,
        /// When to try again.
        retry_in: Option<RetryIn>,
        /// Until the next announce.
        interval: Seconds,
        /// The least time until then.
        min_interval: Seconds,
    },
    /// A page or a file of another kind.
    Page {
        /// The status of HTTP.
        status: u16,
        /// What it is.
        what: &'static str,
    },
    /// No rule that was asked refuses it; the others need the client's address.
    DependsOnAddress,
    /// Nothing was published yet: a real request has that done first.
    NothingPublished,
}

/// Explains requests to one site.
pub struct Explain(Explainer);

/// The variables that a web server would give.
struct Given<'a>([(&'static str, &'a [u8]); 4]);

impl Variables for Given<'_> {
    fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
        self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value));
    }
}

impl Explain {
    /// Opens what is needed, for reading only.
    #[must_use]
    pub fn new(loaded: LoadedConfig) -> Self {
        Self(Explainer::new(Arc::new(loaded)))
    }

    /// Explains a request as it would be answered now.
    pub fn explain(&mut self, question: &Question<'_>, now: Timestamp) -> Explanation {
        let (script, rest) = split_path(question.path, self.0.config());
        let path: Vec<u8> = percent_encoding::percent_decode(rest).collect();
        let given = Given([
            ("SCRIPT_NAME", script),
            ("PATH_INFO", &path),
            ("QUERY_STRING", question.query),
            ("REQUEST_URI", question.path),
        ]);
        let Place { route, passkey } = Place::of(&Request::new(&given, b""));
        let mut explanation = match route {
            _ if !matches!(question.method, Method::Get | Method::Head) => {
                let is_options = question.method == Method::Options;
                page(if is_options { 200 } else { 405 }, "which methods are answered: GET and HEAD")
            }
            Route::Announce => self.announce(question, passkey.is_some(), now),
            Route::Scrape => self.scrape(question, now),
            route if route.is_not_for_clients() && asks_about_a_torrent(question.query) => {
                another_address()
            }
            route if route.is_of_pages() && !self.0.config().config.has_pages() => {
                page(404, "there are no pages: `pages` in [paths] is empty")
            }
            Route::Stats | Route::Metrics | Route::Torrent(..) | Route::Api(_) => {
                self.figures(&route, question)
            }
            Route::List => page(200, "the list of torrents"),
            Route::Health => page(200, "whether the tracker works; 503 where it does not"),
            Route::Style => page(200, "the stylesheet of the pages"),
            Route::Admin => page(303, "the administration, or the way to its sign-in"),
            Route::Home => page(200, "the tracker's own page, or the way to it"),
            Route::Unknown if asks_about_a_torrent(question.query) => another_address(),
            Route::Unknown => page(404, "there is nothing at that address"),
        };
        explanation.asked = match route {
            Route::Announce => "announce",
            Route::Scrape => "scrape",
            Route::Stats => "stats",
            Route::Metrics => "metrics",
            Route::List => "list",
            Route::Torrent(..) => "torrent",
            Route::Style => "style",
            Route::Api(_) => "api",
            Route::Health => "health",
            Route::Admin => "admin",
            Route::Home => "home",
            Route::Unknown => "unknown",
        };
        explanation.passkey = passkey.map(|passkey| passkey.cut_off());
        explanation.notes.extend(self.notes(question));
        explanation
    }

    /// What there is to know about how a request comes.
    fn notes(&self, question: &Question<'_>) -> Vec<String> {
        let network = &self.0.config().config.network;
        let mut notes = Vec::new();
        if question.url.is_some_and(|url| self.is_foreign(url)) {
            notes.push(
                "this is another address than announce_url, perhaps another tracker's; explained as if it had come here"
                    .into(),
            );
        }
        if question.method == Method::Head {
            notes.push("HEAD: as for GET, but without peers, and nothing is stored".into());
        }
        if question.from.is_some_and(|from| network.trusted_network().contains(from)) {
            notes.push(format!(
                "this address is one of the trusted_proxies: a real request is seen from the address that its header \
                 {} names; say that one with --from",
                network.client_address_header.as_str()
            ));
        }
        notes
    }

    /// Whether an announce or a scrape there arrives elsewhere.
    fn is_foreign(&self, url: &str) -> bool {
        let tracker = &self.0.config().config.tracker;
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let script = address.strip_suffix("/scrape");
        let announce = script.map(|script| format!("{script}/announce?{query}"));
        let theirs = announce.as_deref().unwrap_or(url);
        let also = tracker.also_announce_urls.iter().map(Url::as_str);
        let mut ours = tracker.announce_url.iter().map(|url| url.as_str()).chain(also).peekable();
        let has_own = ours.peek().is_some();
        has_own && !ours.any(|ours| leads_to(theirs, ours))
    }

    fn announce(
        &mut self,
        question: &Question<'_>,
        has_passkey: bool,
        now: Timestamp,
    ) -> Explanation {
        let mut parameters = AnnounceRequest::parameters(question.query);
        let parsed = AnnounceRequest::parse(question.query);
        let (mut rules, closed) = self.0.closed();
        let client = parsed.as_ref().ok().map(|it| ClientName::from(it.peer_id).to_string());
        let explained = match (closed, &parsed) {
            (Some(closed), _) => refused(closed),
            (None, Err(problem)) => malformed(&mut rules, (*problem).into()),
            (None, Ok(request)) => {
                rules.push(AskedRule::new("malformed", RuleVerdict::Passes, ""));
                let caller = Caller {
                    address: question.from,
                    passkey: request.passkey,
                    user_agent: question.user_agent,
                };
                self.0.announce(&caller, request, now)
            }
        };
        self.annotate(&mut parameters, question, &explained);
        let mut explanation = self.explanation(rules, explained, Reply::Announce);
        explanation.client = client;
        explanation.parameters = parameters;
        if has_passkey || parsed.is_ok_and(|request| request.passkey.is_some()) {
            explanation
                .notes
                .push("this tracker has no members: the passkey decides nothing".into());
        }
        explanation
    }

    /// Says what the configuration makes of parameters.
    fn annotate(
        &self,
        parameters: &mut [UnderstoodParameter],
        question: &Question<'_>,
        explained: &Explained<AnnounceAnswer>,
    ) {
        let answer = match &explained.outcome {
            Outcome::Answered(answer) => Some(answer),
            _ => None,
        };
        for parameter in parameters {
            let is_used = parameter.standing == Standing::Used;
            let more = match (parameter.name.as_str(), answer) {
                ("ip" | "ipv4" | "ipv6", _) if is_used => {
                    match self.0.believes_stated(question.from) {
                        true => ", and believed (stated_addresses)".into(),
                        false => ", and not believed (stated_addresses)".into(),
                    }
                }
                ("numwant" | "num_want" | "num want" | "num+want", Some(answer)) => {
                    format!("; {} at most are told", answer.want.peers)
                }
                ("compact", Some(answer)) if is_used => match answer.in_dictionaries {
                    false if parameter.meaning.contains("dictionaries") => {
                        "; but the reply is compact (compact_only, or high load)".into()
                    }
                    _ => String::new(),
                },
                _ => String::new(),
            };
            if parameter.standing != Standing::Repeated {
                parameter.meaning.push_str(&more);
            }
        }
    }

    fn scrape(&mut self, question: &Question<'_>, now: Timestamp) -> Explanation {
        let (mut rules, closed) = self.0.closed();
        let explained = match (closed, ScrapeRequest::parse(question.query)) {
            (Some(closed), _) => refused(closed),
            (None, Err(problem)) => malformed(&mut rules, problem.into()),
            (None, Ok(request)) => {
                rules.push(AskedRule::new("malformed", RuleVerdict::Passes, ""));
                self.0.scrape(&request, now)
            }
        };
        let mut explanation = self.explanation(rules, explained, Reply::Scrape);
        explanation.parameters = ScrapeRequest::parameters(question.query);
        explanation
    }

    fn figures(&self, route: &Route, question: &Question<'_>) -> Explanation {
        let shown_to = route.shown_to(&self.0.config().config.access);
        let rule = if *route == Route::Metrics { "metrics_from" } else { "stats_from" };
        let (verdict, mut explanation) = if shown_to.is_empty() {
            (RuleVerdict::Off, page(200, "figures of the tracker"))
        } else if question.from.is_some_and(|from| shown_to.contains(from)) {
            (RuleVerdict::Passes, page(200, "figures of the tracker"))
        } else {
            (RuleVerdict::Refuses, page(403, "figures are not shown to that address"))
        };
        if verdict == RuleVerdict::Refuses {
            explanation.decided_by = Some(rule);
        }
        explanation.rules.push(AskedRule::new(rule, verdict, ""));
        explanation
    }

    fn explanation<T>(
        &self,
        mut rules: Vec<AskedRule>,
        explained: Explained<T>,
        answered: impl FnOnce(T) -> Reply,
    ) -> Explanation {
        let mut decided_by = None;
        let reply = match explained.outcome {
            Outcome::Answered(answer) => answered(answer),
            Outcome::DependsOnAddress => Reply::DependsOnAddress,
            Outcome::NothingPublished => Reply::NothingPublished,
            Outcome::Refused(refusal) => {
                decided_by = Some(refusal.rule());
                let reason = refusal.to_string();
                let (failure, status) = failure(&refusal, &reason, &self.0.config().config);
                let Failure { retry_in, interval, min_interval, .. } = failure;
                let status = if status == Status::Gone { 410 } else { 200 };
                Reply::Failure { status, reason, retry_in, interval, min_interval }
            }
        };
        rules.extend(explained.rules);
        Explanation { rules, decided_by, notes: explained.notes, ..empty(reply) }
    }
}

fn empty(reply: Reply) -> Explanation {
    Explanation {
        asked: "",
        passkey: None,
        client: None,
        parameters: Vec::new(),
        rules: Vec::new(),
        decided_by: None,
        reply,
        notes: Vec::new(),
    }
}

fn page(status: u16, what: &'static str) -> Explanation {
    empty(Reply::Page { status, what })
}

/// What `pages::not_found` says to clients.
fn another_address() -> Explanation {
    let Failure { reason, retry_in, interval, min_interval } = plain_failure(ANOTHER_ADDRESS);
    empty(Reply::Failure { status: 200, reason: reason.into(), retry_in, interval, min_interval })
}

fn refused<T>(refusal: Refusal) -> Explained<T> {
    Explained { rules: Vec::new(), outcome: Outcome::Refused(refusal), notes: Vec::new() }
}

fn malformed<T>(rules: &mut Vec<AskedRule>, refusal: Refusal) -> Explained<T> {
    rules.push(AskedRule::new("malformed", RuleVerdict::Refuses, ""));
    refused(refusal)
}

/// The part of a path that names the program, and what is behind it: by the announce URL, where that tells, or by a
/// name that ends like a program's.
fn split_path<'a>(path: &'a [u8], loaded: &LoadedConfig) -> (&'a [u8], &'a [u8]) {
    let url = loaded.config.tracker.announce_url.as_ref().map(|url| url.as_str());
    let own = url.and_then(|url| url.split_once("://")).and_then(|(_, rest)| rest.split_once('/'));
    let program = own.and_then(|(_, path)| path.rsplit_once('/')).map(|(program, _)| program);
    if let Some(program) = program {
        let length = program.len() + 1;
        let is_own = path.get(1..length) == Some(program.as_bytes());
        if is_own && matches!(path.get(length), None | Some(b'/')) {
            return path.split_at(length);
        }
    }
    let mut end = 0;
    for part in path.split_inclusive(|&byte| byte == b'/') {
        let name = part.strip_suffix(b"/").unwrap_or(part);
        end += name.len();
        if name.ends_with(b".cgi") || name.ends_with(b".fcgi") {
            return path.split_at(end);
        }
        end += part.len() - name.len();
    }
    path.split_at(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_program_is_found_in_a_path() {
        let split = |url: &str, path: &str| {
            let text = format!("tracker.announce_url = '{url}'");
            let loaded = LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml")).unwrap();
            let (script, rest) = split_path(path.as_bytes(), &loaded);
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(script), text(rest))
        };
        for (url, path, script, rest) in [
            ("http://a/announce", "/announce", "", "/announce"),
            ("http://a/bt/announce", "/bt/announce", "/bt", "/announce"),
            ("http://a/bt/announce", "/bt2/announce", "", "/bt2/announce"),
            ("http://a/announce", "/cgi-bin/tracker.cgi/scrape", "/cgi-bin/tracker.cgi", "/scrape"),
            ("http://a/announce", "/cgi-bin/tracker.cgi", "/cgi-bin/tracker.cgi", ""),
            ("http://a/announce", "/0123456789abcdef/announce", "", "/0123456789abcdef/announce"),
            ("http://a/announce", "", "", ""),
        ] {
            assert_eq!(split(url, path), (script.to_owned(), rest.to_owned()), "{url} {path}");
        }
    }
}
