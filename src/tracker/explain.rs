//! What an announce or a scrape would get now, and by which rules: the rules are asked as for a real one, and nothing is
//! changed. What a real one would look for first is tried out on copies.

mod details;
mod heard;
mod peers;
mod trial;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use super::access::{Admitted, Caller, admit};
use super::announce::{believes_stated, describe, role, wanted};
use super::peer_rules::Addresses as Endpoints;
use super::stores::{open_store, read_store};
use super::{Refusal, Tracker};
use crate::catalog::PolicySnapshot;
use crate::config::{Limit, LoadedConfig, StoreKind, Torrents};
use crate::platform::FileMark;
use crate::platform::scratch::ScratchFolder;
use crate::protocol::{
    AnnounceReply, AnnounceRequest, InfoHash, PeerList, ScrapeEntry, ScrapeRequest, Seconds,
    Timestamp,
};
use crate::store::{StoreError, Want};
use heard::Heard;
pub use heard::{AskedRule, RuleVerdict};
pub use peers::{Addresses, PeersAtHand};

/// Explains requests without a trace of them.
pub struct Explainer {
    tracker: Tracker,
    /// Why the peer store cannot be asked, as clients are told.
    no_store: Option<Refusal>,
    /// What holds for all requests, in words.
    notes: Vec<String>,
    /// Where an empty store lies in the place of one that is not there yet.
    _scratch: Option<ScratchFolder>,
}

/// What would become of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It would be answered.
    Answered(T),
    /// It would be refused.
    Refused(Refusal),
    /// No rule that was asked refuses it; the others need the client's address.
    DependsOnAddress,
    /// Nothing was published yet: a real request has that done first.
    NothingPublished,
}

/// What was found out about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained<T> {
    /// The rules that were asked, in their order; the last one has decided where it refuses.
    pub rules: Vec<AskedRule>,
    /// What would become of it.
    pub outcome: Outcome<T>,
    /// What else there is to know, in words.
    pub notes: Vec<String>,
}

/// The answer to an announce: all of it but the peers, which are drawn by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnounceAnswer {
    /// The info-hash that names the swarm.
    pub swarm: InfoHash,
    /// The reply, without peers; seeders and leechers are those before the announce.
    pub reply: AnnounceReply<'static>,
    /// Whether peers are told in dictionaries, and not in the compact form.
    pub in_dictionaries: bool,
    /// What of the swarm the client is told at most.
    pub want: Want,
    /// Whether load is high.
    pub load_is_high: bool,
    /// Of which peers those are drawn.
    pub peers: PeersAtHand,
}

/// The figures of one torrent in the answer to a scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapedFigures {
    /// The figures.
    pub entry: ScrapeEntry<'static>,
    /// The torrent's name, where scrapes tell names.
    pub name: Option<String>,
}

/// The answer to a scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeAnswer {
    /// What is told.
    pub torrents: Vec<ScrapedFigures>,
    /// What was asked for and is left out, and why.
    pub left_out: Vec<(InfoHash, Refusal)>,
}

impl Explainer {
    /// Opens what announces look up, for reading only.
    #[must_use]
    pub fn new(loaded: Arc<LoadedConfig>) -> Self {
        let mut tracker = Tracker::without_policy(Arc::clone(&loaded));
        let mut notes = Vec::new();
        match PolicySnapshot::open(&loaded.policy_in_force()) {
            Ok(policy) => tracker.put_in_force(Some(Arc::new(policy))),
            Err(crate::catalog::PolicyError::Missing { .. }) => {}
            Err(problem) => notes.push(problem.to_string()),
        }
        tracker.policy_file = FileMark::of(&loaded.policy_in_force());
        let mut explainer = Self { tracker, no_store: None, notes, _scratch: None };
        explainer.open_store(&loaded);
        explainer.note_limits(&loaded);
        explainer
    }

    /// Whoever looks at a limit uses it up, so that none is looked at.
    fn note_limits(&mut self, loaded: &LoadedConfig) {
        let limits = &loaded.config.limits;
        if limits.announces != Limit::NONE {
            self.notes.push(
                "`announces` in [limits] is not looked at: a real announce that comes too early gets the same answer, \
                 and nothing of it is counted"
                    .into(),
            );
        }
        if limits.full_scrape_pause > Seconds(0) {
            self.notes.push(
                "full_scrape_pause in [limits] is not looked at: a real scrape of all torrents that comes too early is \
                 refused"
                    .into(),
            );
        }
    }

    fn open_store(&mut self, loaded: &LoadedConfig) {
        match read_store(loaded) {
            Ok(mut store) => {
                if store.info().is_ok_and(|info| info.room == Some(0)) {
                    self.notes.push(
                        "the peer store is full: a client that it does not know is refused (full)"
                            .into(),
                    );
                }
                self.tracker.store = Some(store);
            }
            Err(StoreError::Missing { .. }) => self.stand_in(loaded),
            Err(problem @ StoreError::Corrupt { .. }) => {
                self.notes
                    .push(format!("{problem}; a real announce replaces it with an empty one"));
                self.stand_in(loaded);
            }
            Err(problem) => self.no_store = Some(Refusal::from_store(&problem)),
        }
    }

    /// Puts an empty store in the place of one that a real announce would make.
    fn stand_in(&mut self, loaded: &LoadedConfig) {
        let made = ScratchFolder::new().ok().and_then(|scratch| {
            let mut other = loaded.clone();
            other.config.store.kind = StoreKind::Sqlite;
            other.config.store.path = scratch.path().join("peers.db");
            other.config.paths.catalog = scratch.path().join("catalog.db");
            Some((open_store(&other).ok()?, scratch))
        });
        match made {
            Some((store, scratch)) => {
                self.tracker.store = Some(store);
                self._scratch = Some(scratch);
            }
            None => self.no_store = Some(Refusal::Trouble),
        }
    }

    /// The configuration that is followed.
    #[must_use]
    pub fn config(&self) -> &LoadedConfig {
        self.tracker.config()
    }

    /// Whether the addresses count that a client states who is seen at an address.
    #[must_use]
    pub fn believes_stated(&self, from: Option<IpAddr>) -> bool {
        believes_stated(&self.config().config, from)
    }

    /// The switches that close the tracker for all.
    #[must_use]
    pub fn closed(&self) -> (Vec<AskedRule>, Option<Refusal>) {
        let closed = self.tracker.closed();
        (heard::switches(closed.as_ref()), closed)
    }

    /// What an announce would get.
    pub fn announce(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
    ) -> Explained<AnnounceAnswer> {
        let has_no_policy = self.tracker.has_no_policy();
        if has_no_policy && !self.config().config.is_replica() {
            return self.nothing_published();
        }
        let first = self.attempt(caller, request, now, &self.config().config.paths.catalog.clone());
        let is_unknown =
            matches!(first.outcome, Outcome::Refused(Refusal::Unlisted | Refusal::Denied));
        let is_listed = self.config().config.tracker.torrents == Torrents::Listed;
        if !(has_no_policy || is_unknown && is_listed) {
            return first;
        }
        self.after_a_look(caller, request, now, first)
    }

    /// The same once the torrents folder was looked at, where a real announce does that.
    fn after_a_look(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
        mut first: Explained<AnnounceAnswer>,
    ) -> Explained<AnnounceAnswer> {
        let loaded = Arc::clone(&self.tracker.loaded);
        let found = match trial::look(&loaded, self.tracker.policy.as_deref(), now) {
            Ok(None) => return first,
            Ok(Some(found)) => found,
            Err(problem) => {
                first.notes.push(format!("a real announce looks for the torrent first; {problem}"));
                return first;
            }
        };
        let before = self.tracker.policy.clone();
        self.tracker.put_in_force(Some(Arc::new(found.policy)));
        let mut second = self.attempt(caller, request, now, &found.catalog);
        self.tracker.put_in_force(before);
        second.notes.push(
            match loaded.config.is_replica() {
                true => "a newer policy snapshot was copied here: a real announce takes it in first, and this is what it \
                         gets then",
                false => "the torrents folder or a list has changed since it was read last: a real announce has it read \
                          first, and this is what it gets then",
            }
            .into(),
        );
        second
    }

    /// Asks the rules that there are now; what the owner has said about them is in a catalogue.
    fn attempt(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
        catalog: &Path,
    ) -> Explained<AnnounceAnswer> {
        let mut heard = Heard::new(&self.config().config.network);
        let weighed = match caller.address {
            // Who has no address is refused, but here it is only not known.
            None => admit(&self.tracker.decided(now), caller, request, &mut heard).map(|_| None),
            Some(_) => {
                let weighed = self.tracker.weigh(caller, request, now, &mut heard);
                weighed.map(Some)
            }
        };
        let mut notes = self.notes.clone();
        if let Ok(Some((Admitted { is_hidden: true, .. }, _))) = weighed {
            notes.push(
                "the client is hidden: it is told of others, and they are not told of it".into(),
            );
        }
        let outcome = match weighed {
            Ok(None) => Outcome::DependsOnAddress,
            Ok(Some(weighed)) => match self.answer(caller, request, weighed, now) {
                Ok(answer) => Outcome::Answered(answer),
                Err(refusal) => Outcome::Refused(refusal),
            },
            Err(refusal) => Outcome::Refused(refusal),
        };
        let mut rules = heard.into_rules();
        if let Outcome::Refused(refusal) = &outcome {
            heard::refuse(&mut rules, refusal);
        }
        details::add(&self.tracker, catalog, (caller, request, now), &mut rules);
        Explained { rules, outcome, notes }
    }

    fn answer(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        (admitted, addresses): (Admitted, Endpoints),
        now: Timestamp,
    ) -> Result<AnnounceAnswer, Refusal> {
        if let Some(refusal) = &self.no_store {
            return Err(refusal.clone());
        }
        let found = self.tracker.look_at(&admitted, now)?;
        let load_is_high = found.1.is_high;
        let want = wanted(&self.config().config, request, role(request), load_is_high);
        let peers =
            peers::at_hand(&mut self.tracker, caller, request, (admitted.swarm, want), now)?;
        let warning = self.tracker.warning_for(&describe(request, &admitted, addresses));
        self.tracker.sample.clear();
        let reply = self.tracker.reply(request, caller, found);
        let in_dictionaries = matches!(reply.peers, PeerList::Dictionaries { .. });
        let reply = AnnounceReply { warning, ..without_borrows(&reply) };
        Ok(AnnounceAnswer {
            swarm: admitted.swarm,
            reply,
            in_dictionaries,
            want,
            load_is_high,
            peers,
        })
    }

    /// What a scrape would get.
    pub fn scrape(&mut self, request: &ScrapeRequest, now: Timestamp) -> Explained<ScrapeAnswer> {
        if self.tracker.has_no_policy() && !self.config().config.is_replica() {
            return self.nothing_published();
        }
        let mut heard = Heard::new(&self.config().config.network);
        let outcome = match self.scraped(request, now, &mut heard) {
            Ok(torrents) => {
                Outcome::Answered(ScrapeAnswer { torrents, left_out: self.left_out(request, now) })
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        let mut rules = heard.into_rules();
        if let Outcome::Refused(refusal) = &outcome {
            heard::refuse(&mut rules, refusal);
        }
        Explained { rules, outcome, notes: self.notes.clone() }
    }

    fn scraped(
        &mut self,
        request: &ScrapeRequest,
        now: Timestamp,
        heard: &mut Heard,
    ) -> Result<Vec<ScrapedFigures>, Refusal> {
        let no_store = self.no_store.clone();
        let entries = match (request.info_hashes.is_empty(), no_store) {
            (_, Some(refusal)) => return Err(refusal),
            (true, None) => self.tracker.full_scrape_before(now, heard)?,
            (false, None) => self.tracker.scrape_before(request, now, heard)?,
        };
        let owned = entries.into_iter().map(|entry| ScrapedFigures {
            name: entry.name.map(str::to_owned),
            entry: ScrapeEntry {
                info_hash: entry.info_hash,
                complete: entry.complete,
                downloaded: entry.downloaded,
                downloaders: entry.downloaders,
                incomplete: entry.incomplete,
                name: None,
                figures: entry.figures,
            },
        });
        Ok(owned.collect())
    }

    /// Torrents that a scrape names and its answer lacks.
    fn left_out(&self, request: &ScrapeRequest, now: Timestamp) -> Vec<(InfoHash, Refusal)> {
        let policy = self.tracker.decided(now);
        let is_unknown = |hash: &&InfoHash| matches!(policy.torrent(**hash), Ok(None));
        let unknown = request.info_hashes.iter().filter(is_unknown);
        unknown.map(|&hash| (hash, policy.why_not(hash))).collect()
    }

    fn nothing_published<T>(&self) -> Explained<T> {
        let notes = self.notes.clone();
        Explained { rules: Vec::new(), outcome: Outcome::NothingPublished, notes }
    }
}

/// A reply without peers and warning, which it would borrow.
fn without_borrows(reply: &AnnounceReply<'_>) -> AnnounceReply<'static> {
    AnnounceReply {
        complete: reply.complete,
        downloaded: reply.downloaded,
        external_ip: reply.external_ip,
        incomplete: reply.incomplete,
        interval: reply.interval,
        min_interval: reply.min_interval,
        peers: PeerList::Compact { v4: &[], v6: &[] },
        warning: None,
    }
}

#[cfg(test)]
mod tests;
