//! The URL space: which request goes where, and what people and programs see of the tracker.

mod feed;
mod format;
mod fragments;
pub mod health;
mod links;
mod list;
mod metrics;
mod pages;
mod publish;
mod replica;
mod replies;
mod route;
mod rows;
mod setup;
mod stats;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use format::{bytes, counted, in_words, rate};
pub use links::url_below;
pub use publish::{PublishError, Published, publish};

use crate::config::{ConfigError, LayoutError, LoadedConfig, Surroundings};
use crate::gateway::{Answer, Handler, Method, Proxies, Request, Response};
use crate::platform::FileMark;
use crate::platform::log::{self, Level};
use crate::platform::privilege::PrivilegeError;
use crate::protocol::{Passkey, Timestamp};
use crate::tracker::{Quiet, Skipped, Tracker, Urgency, rescan};
use route::{Place, Route, asks_about_a_torrent};

/// Seconds after which a site that could not be set up is tried again.
const RETRY: u32 = 5;

/// The site for one thread: it answers requests and does what waits after them.
pub struct Site {
    surroundings: Arc<Surroundings>,
    state: State,
    /// The files that the configuration may come from, as they were when it was read.
    sources: Vec<(PathBuf, Option<FileMark>)>,
    /// When the files behind `state` were looked at last; processes that live long look again each
    /// second.
    looked_at: Timestamp,
    lives_long: bool,
}

/// What the configuration gave.
enum State {
    Ready(Box<Ready>),
    /// It cannot be followed.
    Broken(Broken),
}

/// Why a site cannot work.
struct Broken {
    /// The reason, which the log has.
    reason: String,
    /// What the owner sees in a browser, where that helps.
    page: Option<String>,
}

struct Ready {
    tracker: Tracker,
    proxies: Proxies,
}

impl Site {
    /// A site for a process that answers one request.
    #[must_use]
    pub fn for_one_request(surroundings: Arc<Surroundings>) -> Self {
        Self::new(surroundings, false)
    }

    /// A site for a process that stays: it notices when its files change.
    #[must_use]
    pub fn for_many_requests(surroundings: Arc<Surroundings>) -> Self {
        Self::new(surroundings, true)
    }

    fn new(surroundings: Arc<Surroundings>, lives_long: bool) -> Self {
        let sources = if lives_long { marked_sources(&surroundings) } else { Vec::new() };
        let state = State::load(&surroundings);
        state.log_trouble(None);
        if let (true, State::Ready(ready)) = (lives_long, &state) {
            log_stray_site(ready.tracker.config(), &surroundings);
        }
        let mut site = Self { surroundings, state, sources, looked_at: clock(), lives_long };
        site.verify_policy();
        site
    }

    fn verify_policy(&mut self) {
        if let (true, State::Ready(ready)) = (self.lives_long, &mut self.state) {
            ready.tracker.verify_policy();
        }
    }

    /// Notices new files, at most once a second.
    fn look_around(&mut self, now: Timestamp) {
        if !self.lives_long || now == self.looked_at {
            return;
        }
        self.looked_at = now;
        let broken = matches!(self.state, State::Broken(_)) && now.0.is_multiple_of(RETRY.into());
        if broken || self.sources.iter().any(|(path, mark)| FileMark::of(path) != *mark) {
            self.reload();
        } else if let State::Ready(ready) = &mut self.state
            && ready.tracker.notice_new_policy()
        {
            self.verify_policy();
        }
    }

    fn dispatch(
        &mut self,
        request: &Request<'_>,
        response: &mut Response,
        may_take_long: bool,
    ) -> Answer {
        response.clear();
        let Place { route, passkey } = Place::of(request);
        match request.method {
            Method::Get | Method::Head => {}
            Method::Options => {
                pages::options(response);
                return Answer::Ready;
            }
            Method::Post | Method::Other => {
                pages::method_not_allowed(response);
                return Answer::Ready;
            }
        }
        let ready = match &mut self.state {
            State::Ready(ready) => ready,
            State::Broken(broken) => {
                broken.answer(route, response);
                return Answer::Ready;
            }
        };
        ready.tracker.may_wait(may_take_long || !self.lives_long);
        let call = Call { request, passkey, now: self.looked_at, may_take_long };
        match route {
            Route::Announce => replies::announce(ready, &call, response),
            Route::Scrape => replies::scrape(ready, &call, response),
            Route::Stats | Route::Metrics if asks_about_a_torrent(request.query) => {
                pages::not_found(request, response)
            }
            Route::Stats | Route::Home if ready.tracker.config().config.is_replica() => {
                replica::show(ready.tracker.config(), response)
            }
            Route::Stats | Route::Home if ready.is_not_set_up(response) => Answer::Ready,
            Route::Stats => stats::show(ready.tracker.config(), may_take_long, response),
            Route::Metrics => metrics::show(ready, call.now, response),
            Route::Home => pages::home(ready.tracker.config(), request, response),
            Route::Unknown => pages::not_found(request, response),
        }
    }
}

/// One request on its way through the site.
struct Call<'a> {
    request: &'a Request<'a>,
    /// The secret in the path.
    passkey: Option<Passkey>,
    now: Timestamp,
    /// Whether this thread may be kept busy.
    may_take_long: bool,
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
    /// Shows what the owner has to do where nothing could be published yet; whether there is anything.
    fn is_not_set_up(&self, response: &mut Response) -> bool {
        let to_do = || setup::page(self.tracker.config());
        let page = self.tracker.has_no_policy().then(to_do).flatten();
        page.iter().for_each(|page| setup::show(page, response));
        page.is_some()
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

/// Publishes where nothing is published yet. Several first requests may come at once: all but one
/// wait for what that one publishes.
fn publish_first(loaded: &LoadedConfig, now: Timestamp) -> Result<(), PublishError> {
    match publish(loaded, Urgency::NowUnlessBusy, &mut Quiet)? {
        Published::Done(report) => {
            log::list_once_a_minute(Level::Warning, &report.messages);
            Ok(())
        }
        Published::Skipped(Skipped::TooEarly(_)) | Published::Replica(_) => Ok(()),
        Published::Skipped(Skipped::Busy) => Ok(rescan(loaded, now)?),
    }
}

/// Refreshes when it is time. A scan for a torrent that was dropped in holds the same lock, and is soon over.
fn publish_when_free(loaded: &LoadedConfig) -> Result<Published, PublishError> {
    let give_up = Instant::now() + Duration::from_secs(3);
    loop {
        match publish(loaded, Urgency::WhenDue, &mut Quiet) {
            Ok(Published::Skipped(Skipped::Busy)) if Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(50));
            }
            outcome => return outcome,
        }
    }
}

impl State {
    /// Logs why the site cannot work, unless the same was said before.
    fn log_trouble(&self, before: Option<&Self>) {
        match (self, before) {
            (Self::Broken(now), Some(Self::Broken(known))) if now.reason == known.reason => {}
            (Self::Broken(now), _) => log::line_once_a_minute(Level::Error, &now.reason),
            (Self::Ready(_), Some(Self::Broken(_))) => crate::info!("the site works again"),
            (Self::Ready(_), _) => {}
        }
    }

    fn load(surroundings: &Surroundings) -> Self {
        match Self::prepare(surroundings) {
            Ok(ready) => Self::Ready(Box::new(ready)),
            Err(problem) => Self::Broken(problem.into()),
        }
    }

    fn prepare(surroundings: &Surroundings) -> Result<Ready, SetupError> {
        let mut loaded = LoadedConfig::load(surroundings, None)?;
        crate::config::act_for_owner(&loaded)?;
        let network = &loaded.config.network;
        let header = network.client_address_header.as_str();
        let proxies = Proxies::new(network.trusted_network(), network.trusts_unix(), header);
        hide_new_data(&mut loaded).map_err(|problem| SetupError::layout(problem, &loaded))?;
        if let Some(data) = loaded.config.paths.catalog.parent() {
            log::remember_in(data);
        }
        let tracker = Tracker::new(Arc::new(loaded));
        let loaded = tracker.config();
        let paths = &loaded.config.paths;
        let (data, policy) = (paths.catalog.parent(), paths.policy.parent());
        // A folder that has the policy in it is there.
        if (tracker.has_no_policy() || data != policy) && data.is_some_and(|data| !data.exists()) {
            let made = crate::config::lay_out_missing(loaded);
            let made = made.map_err(|problem| SetupError::layout(problem, loaded))?.made;
            log::list(Level::Info, made.iter().map(|made| format!("made {}", made.display())));
        }
        if tracker.has_no_policy() {
            log_stray_site(loaded, surroundings);
        }
        Ok(Ready { tracker, proxies })
    }
}

/// Hides the data of a new site where the web server may show its data folder, and tells the owner.
///
/// # Errors
/// When a folder cannot be made.
pub fn hide_new_data(loaded: &mut LoadedConfig) -> Result<(), LayoutError> {
    if let Some(data) = loaded.hide_new_data()? {
        log::line(
            Level::Warning,
            format_args!(
                "the data folder {} lies where the web server may show it: the files are in a folder in it that \
                 nobody can guess. Better name folders elsewhere as `catalog` and `policy` in [paths] and `path` \
                 in [store]; `tracker doctor` says whether this one is shown",
                data.display()
            ),
        );
    }
    Ok(())
}

/// Tells the owner of a site that goes by the configuration of the machine.
fn log_stray_site(loaded: &LoadedConfig, surroundings: &Surroundings) {
    if let Some(warning) = loaded.stray_site(surroundings) {
        crate::warning!("{warning}");
    }
}

fn marked_sources(surroundings: &Surroundings) -> Vec<(PathBuf, Option<FileMark>)> {
    let marked = |path: PathBuf| {
        let mark = FileMark::of(&path);
        (path, mark)
    };
    LoadedConfig::sources(surroundings).into_iter().map(marked).collect()
}

/// Why the site cannot work as configured.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    #[error("{source}")]
    Layout {
        source: LayoutError,
        /// What the owner sees in a browser.
        page: Option<String>,
    },
}

impl SetupError {
    fn layout(source: LayoutError, loaded: &LoadedConfig) -> Self {
        Self::Layout { source, page: setup::page(loaded) }
    }
}

impl From<SetupError> for Broken {
    fn from(problem: SetupError) -> Self {
        let reason = problem.to_string();
        let page = match problem {
            SetupError::Layout { page, .. } => page,
            _ => None,
        };
        Self { reason, page }
    }
}

impl Handler for Site {
    /// None of the site's places takes one.
    fn wants_body(&mut self, _request: &Request<'_>) -> bool {
        false
    }

    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        let now = clock();
        self.look_around(now);
        self.looked_at = now;
        self.dispatch(request, response, false)
    }

    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response) {
        let now = clock();
        self.look_around(now);
        self.looked_at = now;
        if let State::Ready(ready) = &mut self.state {
            ready.tracker.notice_new_policy();
        }
        self.dispatch(request, response, true);
    }

    fn chores_due(&mut self) -> bool {
        let State::Ready(ready) = &mut self.state else { return false };
        ready.tracker.config().config.refresh.on_request
            && ready.tracker.refresh_is_due(self.looked_at)
    }

    fn claim_chores(&mut self) {
        if let State::Ready(ready) = &self.state {
            ready.tracker.claim_refresh();
        }
    }

    fn do_chores(&mut self) {
        let State::Ready(ready) = &mut self.state else { return };
        log_stray_site(ready.tracker.config(), &self.surroundings);
        match publish_when_free(ready.tracker.config()) {
            Ok(Published::Done(report)) => {
                log::list(Level::Warning, &report.messages);
            }
            Ok(
                Published::Skipped(Skipped::TooEarly(_) | Skipped::Busy) | Published::Replica(_),
            ) => {}
            Err(problem) => crate::error!("{problem}"),
        }
        ready.tracker.notice_new_policy();
    }

    fn chores_log(&self) -> Option<PathBuf> {
        let State::Ready(ready) = &self.state else { return None };
        Some(ready.tracker.config().refresh_log())
    }

    fn reload(&mut self) {
        self.sources = marked_sources(&self.surroundings);
        let before = std::mem::replace(&mut self.state, State::load(&self.surroundings));
        self.state.log_trouble(Some(&before));
        self.verify_policy();
    }
}

/// The time, read once a request or command.
#[must_use]
pub fn clock() -> Timestamp {
    Timestamp(crate::platform::clock::unix_seconds())
}
