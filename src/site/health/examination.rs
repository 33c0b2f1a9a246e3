//! What all checks of one run share: the configuration, what was found so far, and what is looked at
//! once.

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::accounts;
use super::announced::{self, AWKWARD, Announced, PEER_ID};
use super::http::{self, Failed, Reply};
use super::outcome::Outcome;
use crate::catalog::{FolderError, FolderScan, scan_folder};
use crate::config::{LoadedConfig, Surroundings};
use crate::platform::privilege;
use crate::protocol::{HttpUrl, InfoHash, Timestamp, origin};
use crate::tracker::{scan_rules, switches};

/// How long a web server may take to start.
const STARTING: Duration = Duration::from_secs(2);

/// What checks may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The web server too, by its public address.
    Network,
    /// Nothing over the network.
    ThisMachine,
}

/// One run of all checks.
pub struct Examination<'a> {
    pub(super) loaded: &'a LoadedConfig,
    pub(super) surroundings: &'a Surroundings,
    pub(super) now: Timestamp,
    reach: Reach,
    /// Whether something is wrong that may be the reason of what comes next.
    found_wrong: Cell<bool>,
    /// Whether something of that has to do with pages.
    found_wrong_pages: Cell<bool>,
    effective: OnceCell<LoadedConfig>,
    folder: OnceCell<Result<FolderScan, FolderError>>,
    announced: OnceCell<Option<Result<Announced, Failed>>>,
    /// Hosts that gave no answer, and why: they are not waited for again.
    silent: RefCell<Vec<(String, Failed)>>,
}

impl<'a> Examination<'a> {
    /// Examines the installation that a configuration describes.
    #[must_use]
    pub fn new(
        loaded: &'a LoadedConfig,
        surroundings: &'a Surroundings,
        now: Timestamp,
        reach: Reach,
    ) -> Self {
        Self {
            loaded,
            surroundings,
            now,
            reach,
            found_wrong: Cell::new(false),
            found_wrong_pages: Cell::new(false),
            effective: OnceCell::new(),
            folder: OnceCell::new(),
            announced: OnceCell::new(),
            silent: RefCell::default(),
        }
    }

    /// The configuration with what is set over it, by which announces go.
    pub(super) fn effective(&self) -> &LoadedConfig {
        self.effective.get_or_init(|| switches::effective(self.loaded))
    }

    /// Takes in how a check ended; what it is about may keep pages from readers or not.
    pub(super) fn note(&self, outcome: &Outcome, concerns_pages: bool) {
        self.found_wrong.set(self.found_wrong.get() || outcome.is_wrong());
        let is_of_pages = concerns_pages && outcome.is_wrong();
        self.found_wrong_pages.set(self.found_wrong_pages.get() || is_of_pages);
    }

    /// Whether something is wrong so far.
    pub(super) fn found_wrong(&self) -> bool {
        self.found_wrong.get()
    }

    /// What is wrong, unless what was found before may be the reason: then it is named once.
    pub(super) fn wrong_by_itself(&self, what: String, remedy: impl Into<String>) -> Outcome {
        match self.found_wrong() {
            true => Outcome::not_checked(format!("{what}; first repair what is WRONG above")),
            false => Outcome::wrong(what, remedy),
        }
    }

    /// The same for pages and files that readers fetch.
    pub(super) fn wrong_page(&self, what: String, remedy: impl Into<String>) -> Outcome {
        match self.found_wrong_pages.get() {
            true => self.wrong_by_itself(what, remedy),
            false => Outcome::wrong(what, remedy),
        }
    }

    /// Whether this user may see what the tracker sees.
    pub(super) fn is_the_tracker(&self) -> bool {
        let user = privilege::user();
        user == 0 || self.owner().is_none_or(|owner| owner == user)
    }

    /// Whose the data folder is, as whom the tracker runs.
    pub(super) fn owner(&self) -> Option<u32> {
        accounts::owner(self.loaded.config.paths.catalog.parent()?)
    }

    /// The outcome of a check that an error stopped: not done where this user only lacks the right.
    pub(super) fn stopped(&self, path: &Path, source: &io::Error) -> Outcome {
        match source.kind() {
            io::ErrorKind::PermissionDenied if !self.is_the_tracker() => {
                accounts::unseen(path, self.owner())
            }
            io::ErrorKind::PermissionDenied => Outcome::wrong(
                format!("{}: {source}", path.display()),
                format!("as root, chown it to {}", accounts::name(privilege::user())),
            ),
            _ => Outcome::wrong(
                format!("{}: {source}", path.display()),
                "correct [paths] in the configuration, or put it there",
            ),
        }
    }

    /// What is in the torrents folder.
    pub(super) fn folder(&self) -> &Result<FolderScan, FolderError> {
        self.folder.get_or_init(|| {
            let torrents = &self.loaded.config.paths.torrents;
            scan_folder(torrents, &scan_rules(self.loaded), &mut |_| {})
        })
    }

    /// Where clients announce to, where the configuration says it.
    pub(super) fn announce_url(&self) -> Option<&'a HttpUrl> {
        self.loaded.config.tracker.announce_url.as_ref()
    }

    /// An announce to `announce_url`, and what came of it. `None` where that is not set.
    pub(super) fn announced(&self) -> Option<&Result<Announced, Failed>> {
        let announce = || {
            let url = self.announce_to(self.announce_url()?.as_str(), PEER_ID, "stopped");
            Some(self.get_when_ready(&url).map(|reply| Announced { url, reply }))
        };
        self.announced.get_or_init(announce).as_ref()
    }

    /// A torrent that is tracked, for an announce.
    pub(super) fn one_tracked(&self) -> Option<InfoHash> {
        let scan = self.folder().as_ref().ok()?;
        scan.torrents.first().map(|found| found.metainfo.canonical())
    }

    /// The address of an announce for a torrent that is tracked, if there is one.
    pub(super) fn announce_to(&self, url: &str, peer_id: &[u8; 20], event: &str) -> String {
        announced::announce_to(url, self.one_tracked().unwrap_or(AWKWARD), peer_id, event)
    }

    /// Fetches what is at an address, unless its host gave no answer before.
    pub(super) fn get(&self, url: &str) -> Result<Reply, Failed> {
        let known = self.silent.borrow().iter().find(|(host, _)| host == origin(url)).cloned();
        match known {
            Some((_, problem)) => Err(problem),
            None => self.noted(url, http::get(url, &[])),
        }
    }

    /// The same of a web server that may have been told a moment ago to start or reload: it does not listen yet, or
    /// answers by its old configuration, and is asked again for a while.
    fn get_when_ready(&self, url: &str) -> Result<Reply, Failed> {
        let start = Instant::now();
        loop {
            let outcome = http::get(url, &[]);
            if !may_be_starting(&outcome) || start.elapsed() > STARTING {
                return self.noted(url, outcome);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// An outcome, once it is noted where it was silence.
    fn noted(&self, url: &str, outcome: Result<Reply, Failed>) -> Result<Reply, Failed> {
        if let Err(problem) = &outcome {
            self.silent.borrow_mut().push((origin(url).to_owned(), problem.clone()));
        }
        outcome
    }

    /// Why the web server is not asked, where it is not.
    pub(super) fn silence(&self) -> Option<Outcome> {
        if self.reach == Reach::ThisMachine {
            return Some(Outcome::not_checked("--offline"));
        }
        self.announce_url().is_none().then(|| {
            Outcome::not_checked("the configuration does not set announce_url in [tracker]; set it")
        })
    }
}

/// Whether a web server answers so before its new configuration is in force.
fn may_be_starting(answer: &Result<Reply, Failed>) -> bool {
    match answer {
        Ok(reply) => matches!(reply.status, 404 | 502 | 503),
        Err(problem) => matches!(problem, Failed::Unreachable { .. }),
    }
}
