//! What the configuration gave: a site that is ready, or why it cannot work.

use std::sync::Arc;

use super::{Ready, setup};
use crate::config::{ConfigError, LayoutError, LoadedConfig, Surroundings};
use crate::gateway::Proxies;
use crate::platform::log::{self, Level};
use crate::platform::privilege::PrivilegeError;
use crate::tracker::event_log::{EventLog, Queue};
use crate::tracker::{SharedPolicy, Tracker};

/// What the configuration gave.
pub(super) enum State {
    Ready(Box<Ready>),
    /// It cannot be followed.
    Broken(Arc<Broken>),
}

/// Why a site cannot work.
pub(super) struct Broken {
    /// The reason, which the log has.
    reason: String,
    /// What the owner sees in a browser, where that helps.
    pub(super) page: Option<String>,
}

/// What of a state threads can share: all but the store.
#[derive(Clone)]
pub(super) enum SharedState {
    Ready {
        loaded: Arc<LoadedConfig>,
        proxies: Arc<Proxies>,
        policy: SharedPolicy,
        events: Option<EventLog>,
    },
    Broken(Arc<Broken>),
}

impl SharedState {
    /// The part of a state that can be shared.
    pub(super) fn of(state: &State) -> Self {
        match state {
            State::Broken(broken) => Self::Broken(Arc::clone(broken)),
            State::Ready(ready) => Self::Ready {
                loaded: ready.tracker.shared_config(),
                proxies: Arc::clone(&ready.proxies),
                policy: ready.tracker.policy(),
                events: ready.events.clone(),
            },
        }
    }

    /// Whether the policy is that of the file that a state has its own from.
    pub(super) fn is_as_new_as(&self, state: &State) -> bool {
        match (self, state) {
            (Self::Ready { policy, .. }, State::Ready(ready)) => {
                policy.is_as_new_as(&ready.tracker.policy())
            }
            _ => true,
        }
    }
}

impl From<SharedState> for State {
    fn from(shared: SharedState) -> Self {
        match shared {
            SharedState::Broken(broken) => Self::Broken(broken),
            SharedState::Ready { loaded, proxies, policy, events } => {
                let tracker = Tracker::with_policy(loaded, policy);
                Self::Ready(Box::new(Ready { tracker, proxies, events }))
            }
        }
    }
}

impl State {
    /// Takes over what another thread has read. The store stays open unless the configuration is another.
    pub(super) fn follow(&mut self, shared: SharedState) {
        match (&mut *self, shared) {
            (Self::Ready(ready), SharedState::Ready { loaded, policy, .. })
                if std::ptr::eq(ready.tracker.config(), &*loaded) =>
            {
                ready.tracker.follow(policy);
            }
            (_, shared) => *self = shared.into(),
        }
    }

    /// Checks all of the policy: for a process that lives long enough to pay.
    pub(super) fn verify_policy(&mut self) {
        if let Self::Ready(ready) = self {
            ready.tracker.verify_policy();
        }
    }

    /// Logs why the site cannot work, unless the same was said before.
    pub(super) fn log_trouble(&self, before: Option<&Self>) {
        match (self, before) {
            (Self::Broken(now), Some(Self::Broken(known))) if now.reason == known.reason => {}
            (Self::Broken(now), _) => log::line_once_a_minute(Level::Error, &now.reason),
            (Self::Ready(_), Some(Self::Broken(_))) => crate::info!("the site works again"),
            (Self::Ready(_), _) => {}
        }
    }

    /// Reads the configuration and lays out what is missing. Events are written by the queue's thread, if there is
    /// one.
    pub(super) fn load(surroundings: &Surroundings, queue: Option<&Arc<Queue>>) -> Self {
        match Self::prepare(surroundings, queue) {
            Ok(ready) => Self::Ready(Box::new(ready)),
            Err(problem) => Self::Broken(Arc::new(problem.into())),
        }
    }

    fn prepare(
        surroundings: &Surroundings,
        queue: Option<&Arc<Queue>>,
    ) -> Result<Ready, SetupError> {
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
        let events = EventLog::of(loaded, queue);
        Ok(Ready { tracker, proxies: Arc::new(proxies), events })
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
pub(super) fn log_stray_site(loaded: &LoadedConfig, surroundings: &Surroundings) {
    if let Some(warning) = loaded.stray_site(surroundings) {
        crate::warning!("{warning}");
    }
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
