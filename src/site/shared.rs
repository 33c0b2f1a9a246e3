//! What the sites of all threads of a process follow: the configuration and the policy, read, verified and watched
//! by a thread that may take long. The others go on with what they have until it is done.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::clock;
use super::state::{SharedState, State, log_stray_site};
use crate::config::{LoadedConfig, Surroundings};
use crate::platform::FileMark;
use crate::platform::log::{self, Level};
use crate::protocol::Timestamp;
use crate::tracker::event_log::Queue;
use crate::tracker::tally::{Tallies, TallyFile};

/// Seconds after which a site that could not be set up is tried again.
const RETRY: u64 = 5;

/// How long the end of a process waits for the last lines of the log of announces.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is in force in a process, and the files that it comes from.
pub struct Shared {
    pub(super) surroundings: Arc<Surroundings>,
    /// Changes with what is in force: to be asked with each request.
    version: AtomicU64,
    /// The second of the last look at the files.
    looked_at: AtomicU64,
    in_force: Mutex<SharedState>,
    watched: Mutex<Watched>,
    /// Events on their way to the log of announces.
    events: Arc<Queue>,
    /// What the threads count.
    pub(super) tallies: Tallies,
}

/// The files that the configuration may come from. Whoever has them locked is the one who looks.
pub(super) struct Watched {
    sources: Vec<(PathBuf, Option<FileMark>)>,
    /// When the configuration was read.
    read_at: Timestamp,
}

impl Shared {
    /// Reads the configuration and the policy, for a process that stays.
    #[must_use]
    pub fn new(surroundings: Arc<Surroundings>) -> Arc<Self> {
        let watched = Watched::now(&surroundings);
        let events = Arc::default();
        let mut state = State::load(&surroundings, Some(&events));
        state.log_trouble(None);
        if let State::Ready(ready) = &state {
            log_stray_site(ready.tracker.config(), &surroundings);
            ready.note_start(watched.read_at);
        }
        state.verify_policy();
        Arc::new(Self {
            surroundings,
            version: AtomicU64::new(0),
            looked_at: AtomicU64::new(watched.read_at.0),
            in_force: Mutex::new(SharedState::of(&state)),
            watched: Mutex::new(watched),
            events,
            tallies: Tallies::default(),
        })
    }

    /// Has what was noted and counted written, before the process ends.
    pub fn finish(&self) {
        if let (_, SharedState::Ready { loaded, .. }) = self.in_force() {
            self.carry_tallies_over(&loaded);
        }
        self.events.finish(LAST_WORDS);
    }

    /// Adds what the threads of this process have counted to the counts of the host.
    pub(super) fn carry_tallies_over(&self, loaded: &LoadedConfig) {
        if let Err(problem) = self.tallies.carry_over(&TallyFile::of(loaded), clock()) {
            log::line_once_a_minute(Level::Warning, &problem.to_string());
        }
    }

    /// Changes with what is in force.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What is in force, and its version.
    pub(super) fn in_force(&self) -> (u64, SharedState) {
        let in_force = lock(&self.in_force);
        (self.version(), in_force.clone())
    }

    /// Whether a state has the policy that is in force.
    pub(super) fn has_policy_of(&self, state: &State) -> bool {
        lock(&self.in_force).is_as_new_as(state)
    }

    /// The second of the last look at the files.
    pub(super) fn looked_at(&self) -> Timestamp {
        Timestamp(self.looked_at.load(Ordering::Relaxed))
    }

    /// Says that the files are being looked at.
    pub(super) fn claim_look(&self, now: Timestamp) {
        self.looked_at.store(now.0, Ordering::Relaxed);
    }

    /// The right to look at the files, once nobody else does.
    pub(super) fn watched(&self) -> MutexGuard<'_, Watched> {
        lock(&self.watched)
    }

    /// The same; `None` while somebody else looks.
    pub(super) fn watched_if_free(&self) -> Option<MutexGuard<'_, Watched>> {
        match self.watched.try_lock() {
            Ok(watched) => Some(watched),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Looks at the files, and puts in force what is new of them. `state` must be what is in force, but for a
    /// policy that may be newer.
    pub(super) fn look(&self, watched: &mut Watched, state: &mut State) {
        let now = clock();
        self.claim_look(now);
        let retry = matches!(state, State::Broken(_)) && now.0.abs_diff(watched.read_at.0) >= RETRY;
        if retry || watched.have_changed() {
            return self.read_again(watched, state);
        }
        if let State::Ready(ready) = state {
            ready.tracker.notice_new_policy();
        }
        if !self.has_policy_of(state) {
            state.verify_policy();
            self.put_in_force(state);
        }
    }

    /// Reads the configuration and the policy again, and puts them in force.
    pub(super) fn read_again(&self, watched: &mut Watched, state: &mut State) {
        // Marked before they are read, so that no change is lost between.
        *watched = Watched::now(&self.surroundings);
        let before = std::mem::replace(state, State::load(&self.surroundings, Some(&self.events)));
        state.log_trouble(Some(&before));
        state.verify_policy();
        self.put_in_force(state);
    }

    fn put_in_force(&self, state: &State) {
        let mut in_force = lock(&self.in_force);
        *in_force = SharedState::of(state);
        self.version.fetch_add(1, Ordering::Release);
    }
}

impl Watched {
    fn now(surroundings: &Surroundings) -> Self {
        let marked = |path: PathBuf| {
            let mark = FileMark::of(&path);
            (path, mark)
        };
        let sources = LoadedConfig::sources(surroundings).into_iter().map(marked).collect();
        Self { sources, read_at: clock() }
    }

    fn have_changed(&self) -> bool {
        self.sources.iter().any(|(path, mark)| FileMark::of(path) != *mark)
    }
}

/// What a panic leaves behind these locks is whole: the last thing that was put there.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
