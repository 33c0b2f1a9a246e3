//! The rules: who may announce, what an announce and a scrape get back, what a refresh does.
//! Renders nothing and never looks at the environment.

pub mod access;
mod announce;
mod checksums;
mod condition;
mod content;
pub mod decisions;
mod demand;
pub mod event_log;
pub mod explain;
pub mod external;
mod history;
mod limits;
pub mod list_index;
mod listed;
mod load;
mod looked;
mod migrate;
mod overview;
mod owner_lists;
mod peer_addresses;
mod peer_rows;
mod peer_rules;
mod peer_shares;
pub mod reachability;
pub mod rebuild;
mod recount;
mod refresh;
mod refresh_figures;
mod refusal;
mod replica;
mod report;
mod rescan;
mod reset;
#[cfg(test)]
mod samples;
mod scrape;
mod shared;
mod stores;
pub mod switches;
mod take_in;
pub mod tally;
mod torrent_file;
mod torrent_list;
mod torrent_peers;
mod unidentified;
mod unreachable;
pub mod upload;
mod witness;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crate::platform::lock::LockError;
pub use checksums::checksums_of;
pub use condition::{SpaceLeft, StoreSpace};
pub use content::{Content, ContentError, Selection, check_name};
pub use demand::Demand;
pub use history::{history, history_of_spans};
pub use listed::ListedTotals;
pub use load::Load;
pub use migrate::{MigrateError, Migrated, migrate};
pub use overview::{
    LastRefresh, Overview, OverviewError, StoreSize, StoreState, Swarm, Totals, Traffic,
    stores_set_aside,
};
pub use peer_addresses::PeerAddresses;
pub use peer_rows::{PeerRow, PeerRowsError, Tried, addresses, peer_rows, peers_of};
pub use peer_rules::NotAPeer;
pub use peer_shares::{FamilyShares, PeerShares, PortShares};
pub use recount::recount_all;
pub use refresh::{Next, Progress, Quiet, Refresh, RefreshError, Skipped, Turn, Urgency};
pub use refresh_figures::{BusyTorrent, Families, RefreshFigures};
pub use refusal::Refusal;
pub use replica::{ReplicaRefresh, refresh_replica};
pub use report::{Figures, Report, Row, add_up};
pub use rescan::rescan;
pub use reset::reset_totals;
pub use shared::SharedPolicy;
pub use stores::{open_store, read_store};
pub use take_in::scan_rules;
pub use torrent_file::{TorrentFileError, is_file_of, torrent_file};
pub use torrent_list::{TorrentOrder, TorrentPage, TorrentQuery, TorrentState, TorrentWithPeers};
pub use torrent_peers::{AnonymousPeer, KnownPeer, PeerPage, anonymous_peers, known_peers};
pub use unidentified::ban_unidentified;

use access::Policy;
use peer_rules::PeerRules;

use crate::catalog::{PolicyError, PolicySnapshot, SeenClients};
use crate::config::{Gone, LoadedConfig, ReachabilityCheck, Torrents};
use crate::platform::FileMark;
use crate::protocol::{InfoHash, Seconds, Timestamp};
use crate::store::{LOOP_PATIENCE, PATIENCE, Patience, PeerSample, PeerStore, StoreError};

/// The rules at work for one thread: configuration, policy and a store of its own.
pub struct Tracker {
    loaded: Arc<LoadedConfig>,
    /// The same with what the policy sets over it.
    effective: Arc<LoadedConfig>,
    policy: Option<Arc<PolicySnapshot>>,
    policy_file: Option<FileMark>,
    seen_clients: RefCell<SeenClients>,
    store: Option<Box<dyn PeerStore>>,
    /// How long an announce waits for others that hold the store.
    patience: Patience,
    sample: PeerSample,
    /// Whether there are rules about the addresses and ports of peers: looked at once, not at each announce.
    has_peer_rules: bool,
    /// Whether anything depends on which peers can be reached; as above.
    reachability: ReachabilityCheck,
    /// As it was at that time.
    load: Option<(Timestamp, Load)>,
    /// When a replica was last asked for what is due, which costs looks at files.
    asked_for_due: Option<Timestamp>,
}

impl Tracker {
    /// Opens what announces look up. The store is opened at the first need of it.
    #[must_use]
    pub fn new(loaded: Arc<LoadedConfig>) -> Self {
        let mut tracker = Self::without_policy(loaded);
        tracker.open_policy();
        tracker
    }

    fn without_policy(loaded: Arc<LoadedConfig>) -> Self {
        Self {
            has_peer_rules: PeerRules::are_in(&loaded.config.network),
            reachability: loaded.config.reachability.check,
            effective: Arc::clone(&loaded),
            loaded,
            policy: None,
            policy_file: None,
            seen_clients: RefCell::default(),
            store: None,
            patience: Patience::new(PATIENCE),
            sample: PeerSample::default(),
            load: None,
            asked_for_due: None,
        }
    }

    /// The configuration that these rules follow, without what is set over it.
    #[must_use]
    pub fn config(&self) -> &LoadedConfig {
        &self.loaded
    }

    /// The rules about the addresses and ports of peers, where there are any.
    fn peer_rules(&self) -> Option<PeerRules<'_>> {
        self.has_peer_rules.then(|| PeerRules::of(&self.loaded.config.network))
    }

    /// Why nobody is served at all, where the owner has switched the tracker off.
    #[must_use]
    pub fn closed(&self) -> Option<Refusal> {
        let access = &self.effective.config.access;
        let is_open = access.gone == Gone::No && access.offline_message.is_empty();
        (!is_open).then(|| Refusal::closed(access))
    }

    /// Opens the policy again when another process has published one since; whether one has.
    pub fn notice_new_policy(&mut self) -> bool {
        let is_new = self.policy_file != FileMark::of(&self.loaded.policy_in_force());
        if is_new {
            self.open_policy();
        }
        is_new
    }

    /// Checks all of the policy, not only its header; for processes that live long enough to pay, where one
    /// thread does it for all.
    pub fn verify_policy(&mut self) {
        if let Some(Err(problem)) = self.policy.as_ref().map(|policy| policy.verify()) {
            self.reject_policy(&problem);
        }
    }

    fn open_policy(&mut self) {
        let loaded = Arc::clone(&self.loaded);
        let path = &*loaded.policy_in_force();
        let mut opened = PolicySnapshot::open(path);
        self.policy_file = opened.as_ref().ok().map(PolicySnapshot::mark);
        if opened.is_err() {
            // Marked before it is opened once more: what is published in between has another mark.
            self.policy_file = FileMark::of(path);
            opened = PolicySnapshot::open(path);
        }
        match opened {
            Ok(policy) => self.put_in_force(Some(Arc::new(policy))),
            Err(PolicyError::Missing { .. }) => self.put_in_force(None),
            Err(problem) => self.reject_policy(&problem),
        }
    }

    /// Follows a policy from now on. What it sets over the configuration is looked at here, and at no announce.
    fn put_in_force(&mut self, policy: Option<Arc<PolicySnapshot>>) {
        let switches = policy.as_ref().map(|policy| policy.switches()).unwrap_or_default();
        self.effective = switches::applied(&self.loaded, &switches);
        // It may be high by them, or no longer.
        self.load = None;
        self.policy = policy;
    }

    fn reject_policy(&mut self, problem: &PolicyError) {
        self.put_in_force(None);
        if !self.loaded.config.is_replica() {
            crate::warning!("{problem}; it will be recreated from the catalogue");
            return;
        }
        crate::warning!("{problem}; it will be recreated from the one that was copied here");
        // Else the copied one would be taken for known.
        let _ = std::fs::remove_file(self.loaded.policy_in_force());
    }

    /// Whether nothing was published yet: then nothing is known, not even what is unknown.
    #[must_use]
    pub fn has_no_policy(&self) -> bool {
        self.policy.is_none()
    }

    /// Whether pages may lack what a refresh has found: none has come to its end since something was new.
    #[must_use]
    pub fn pages_may_be_old(&self) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy.refreshed_at() == Timestamp::default())
    }

    /// Whether nothing was published yet, and nobody in this process has tried to within this second.
    #[must_use]
    pub fn may_publish_first(&self, now: Timestamp) -> bool {
        self.has_no_policy() && !self.was_looked(now)
    }

    /// Whether a torrent that the policy does not know may have been dropped in meanwhile: nobody in this
    /// process has looked within this second. Costs a look at the folder itself at most.
    #[must_use]
    pub fn folder_may_hold_more(&self, now: Timestamp) -> bool {
        self.loaded.config.tracker.torrents == Torrents::Listed && !self.was_looked(now)
    }

    /// Looks at the folder, and has what is new taken in and published. Whoever comes meanwhile waits, and
    /// does not look once more.
    pub fn look(&mut self, now: Timestamp, take_in: impl FnOnce(&Self)) {
        let _turn = looked::turn();
        self.notice_new_policy();
        if self.was_looked(now) {
            return;
        }
        let begun = Instant::now();
        let folder = FileMark::of(&self.loaded.config.paths.torrents);
        if self.loaded.config.is_replica() {
            self.take_in_policy();
        } else if self.policy.as_ref().is_none_or(|policy| rescan::is_outdated(policy, now)) {
            take_in(self);
            self.notice_new_policy();
        }
        // Whoever came while it took long does not wait as long once more.
        let seconds = match begun.elapsed() {
            quick if quick < Duration::from_secs(1) => 0,
            long => u32::try_from(long.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
        };
        let during = now..=now + Seconds(seconds);
        looked::remember(&self.loaded.config.paths.policy, self.policy_file, folder, during);
    }

    /// On a replica a torrent is new when a newer policy snapshot was copied to it.
    fn take_in_policy(&mut self) {
        if self.has_no_policy() || replica::policy_has_arrived(&self.loaded) {
            if let Err(problem) = replica::take_in_policy(&self.loaded, replica::PATIENCE, false) {
                crate::error!("{problem}");
            }
            self.notice_new_policy();
        }
    }

    fn was_looked(&self, now: Timestamp) -> bool {
        let paths = &self.loaded.config.paths;
        looked::within(&paths.policy, self.policy_file, &paths.torrents, now)
    }

    /// Whether the statistics are older than half an interval, and nobody tried to renew them within
    /// the last minute.
    #[must_use]
    pub fn refresh_is_due(&mut self, now: Timestamp) -> bool {
        if self.loaded.config.is_replica() {
            return self.asked_for_due.replace(now) != Some(now) && replica::is_due(&self.loaded);
        }
        let config = &self.loaded.config;
        let due = match &self.policy {
            None => true,
            Some(policy) => {
                refresh::is_due(config, policy.refreshed_at(), now)
                    || refresh::lists_are_old(policy, now)
            }
        };
        due && !refresh::tried_lately(config)
    }

    /// Whether a torrent has come into the lists or left them by its dates since the last refresh, which wrote them.
    #[must_use]
    pub fn lists_are_old(&self, now: Timestamp) -> bool {
        let policy = self.policy.as_ref().filter(|_| !self.loaded.config.is_replica());
        policy.is_some_and(|policy| refresh::lists_are_old(policy, now))
    }

    /// Says that somebody is about to renew the statistics: for a minute nobody else tries to, also not
    /// while they wait for another who is at it. What a replica does is quick, and is not claimed.
    pub fn claim_refresh(&self) {
        if !self.loaded.config.is_replica() {
            refresh::claim(&self.loaded.config);
        }
    }

    /// Whether this thread may wait for processes that hold the store. An event loop may not: what would take
    /// longer than moments is refused with `Refusal::WouldWait`, and is for another thread.
    pub fn may_wait(&mut self, may: bool) {
        let patience = if may { PATIENCE } else { LOOP_PATIENCE };
        if self.patience.most() != patience {
            self.patience.set(patience);
            self.store.iter_mut().for_each(|store| store.set_patience(patience));
        }
    }

    fn store(&mut self) -> Result<&mut dyn PeerStore, StoreError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => self.open_store()?,
        };
        Ok(self.store.insert(store).as_mut())
    }

    /// Has the processor fetch, while an announce is read, what it will look up of the torrent: where that stands when it is
    /// told the torrent first, and that itself when it is told once more. See [`AnnounceRequest::parse_ahead`].
    ///
    /// [`AnnounceRequest::parse_ahead`]: crate::protocol::AnnounceRequest::parse_ahead
    pub fn expect(&self) -> impl FnMut(InfoHash) {
        let mut is_near = false;
        move |info_hash| {
            if let Some(policy) = &self.policy {
                match is_near {
                    false => policy.prefetch_index(info_hash),
                    true => policy.prefetch(info_hash),
                }
            }
            is_near = true;
        }
    }

    /// What the owner has decided, as it is in force now.
    fn decided(&self, now: Timestamp) -> Policy<'_> {
        let config = &self.effective.config;
        Policy {
            torrents: config.tracker.torrents,
            snapshot: self.policy.as_deref(),
            clients: &config.clients,
            seen_clients: &self.seen_clients,
            now,
        }
    }

    fn open_store(&mut self) -> Result<Box<dyn PeerStore>, StoreError> {
        let opened = stores::open_patiently(&self.loaded, self.patience.left());
        if let Err(StoreError::WouldWait { .. }) = opened {
            self.patience.spend();
        }
        let mut store = opened?;
        store.set_patience(self.patience.most());
        Ok(store)
    }

    /// What a client is told when the store has trouble.
    fn refusal(&self, problem: &StoreError) -> Refusal {
        match problem {
            StoreError::WouldWait { .. } if self.patience.most() < PATIENCE => Refusal::WouldWait,
            _ => Refusal::from_store(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Details, Publication, Refused, Rules, Torrent, Watched};
    use crate::protocol::{Generation, Seconds};

    const NOW: Timestamp = Timestamp(1_700_000_000);

    /// A tracker whose policy was published at a time, by a scan that ended when its folder changed.
    fn published(at: Timestamp) -> (tempfile::TempDir, Tracker) {
        let home = tempfile::tempdir().unwrap();
        let loaded = LoadedConfig::parse("", &home.path().join("conf/tracker.toml")).unwrap();
        crate::config::lay_out_missing(&loaded).unwrap();
        let paths = &loaded.config.paths;
        let watched = [Watched::now(&paths.torrents)];
        let publication = Publication {
            watched: watched.iter().collect(),
            scanned: Some(watched[0].modified),
            refreshed_at: at,
            generation: Generation(1),
            published_at: at,
            rules: &Rules::default(),
            refused: Refused::default(),
            figures: &[],
        };
        let catalog = Catalog::open(&paths.catalog).unwrap();
        let torrents = catalog.torrents().unwrap();
        crate::catalog::publish(&paths.policy, &torrents, &publication).unwrap();
        (home, Tracker::new(Arc::new(loaded)))
    }

    #[test]
    fn a_change_that_may_have_gone_unseen_is_looked_for_in_another_second() {
        let (_home, tracker) = published(NOW);
        let is_outdated = |now| rescan::is_outdated(tracker.policy.as_ref().unwrap(), now);
        assert!(!is_outdated(NOW));
        assert!(is_outdated(Timestamp(NOW.0 + 1)));
    }

    #[test]
    fn a_last_refresh_in_the_future_is_none_and_one_is_due() {
        for (ahead, due) in [(0, false), (30, false), (120, true), (10_000_000, true)] {
            let (_home, mut tracker) = published(Timestamp(NOW.0 + ahead));
            assert_eq!(tracker.refresh_is_due(NOW), due, "{ahead}");
        }
    }

    #[test]
    fn when_a_listing_begins_or_ends_a_refresh_is_due_and_scrapes_go_by_it_at_once() {
        let (_home, mut tracker) = published(NOW);
        let later = |seconds| NOW + Seconds(seconds);
        let dated = |number: u8, from, until| {
            let details = Details { list_from: from, list_until: until, ..Details::default() };
            Torrent::by_hash(InfoHash([number; 20]), NOW).with_decision(details)
        };
        let torrents = [
            dated(1, None, None),
            dated(2, None, Some(later(10))),
            dated(3, Some(later(10)), Some(later(20))),
        ];
        let loaded = Arc::clone(&tracker.loaded);
        let publication = Publication {
            watched: Vec::new(),
            scanned: None,
            refreshed_at: NOW,
            generation: Generation(1),
            published_at: NOW,
            rules: &Rules::default(),
            refused: Refused::default(),
            figures: &[],
        };
        crate::catalog::publish(&loaded.config.paths.policy, &torrents, &publication).unwrap();
        tracker = Tracker::new(loaded);
        for (seconds, shown, is_due) in
            [(9, &[1, 2][..], false), (10, &[1, 3], true), (19, &[1, 3], true), (20, &[1], true)]
        {
            let scraped = tracker.full_scrape(None, later(seconds)).unwrap();
            let numbers: Vec<u8> = scraped.iter().map(|entry| entry.info_hash.0[0]).collect();
            assert_eq!(numbers, shown, "{seconds}");
            assert_eq!(tracker.lists_are_old(later(seconds)), is_due, "{seconds}");
            assert_eq!(tracker.refresh_is_due(later(seconds)), is_due, "{seconds}");
        }
    }

    #[test]
    fn a_policy_from_the_future_does_not_keep_torrents_out_until_then() {
        let (_home, tracker) = published(Timestamp(NOW.0 + 10_000));
        assert!(rescan::is_outdated(tracker.policy.as_ref().unwrap(), NOW));
    }

    #[test]
    fn in_a_second_one_looks_for_all_whatever_it_finds() {
        let (_home, mut tracker) = published(Timestamp(NOW.0 - 10));
        let mut another = Tracker::new(Arc::clone(&tracker.loaded));
        for now in [NOW, NOW + Seconds(1)] {
            assert!(tracker.folder_may_hold_more(now));
            let mut looks = 0;
            // Nothing is published, as when the catalogue is broken.
            tracker.look(now, |_| looks += 1);
            another.look(now, |_| looks += 1);
            assert_eq!(looks, 1);
            assert!(!another.folder_may_hold_more(now));
        }
        // A torrent that is dropped in need not wait for the next second.
        std::fs::write(tracker.loaded.config.paths.torrents.join("a.torrent"), "").unwrap();
        assert!(another.folder_may_hold_more(NOW + Seconds(1)));
    }
}
