//! Refresh: expire peers, scan the folder, carry totals over, publish the policy, compute figures.
//!
//! One at a time: a file lock beside the catalogue. Killed at any point, it leaves what was there,
//! and the next one does the work again without counting anything twice.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::owner_lists::{OwnerLists, Refusals};
use super::recount::recount_some;
use super::report::{self, Computed, Report};
use super::take_in::{TakeIn, publication};
use super::unreachable::Unreachable;
use super::{Load, PeerShares, Totals, event_log, history, switches};
use crate::catalog::{
    Catalog, CatalogError, Detail, External, FolderView, FoundFigures, PolicyDraft, PolicyError,
    PolicySnapshot, Publication, RefreshRecord, Torrent, TorrentList, UnlistedCounts, carry,
};
use crate::config::{Config, LoadedConfig, Torrents};
use crate::platform::lock::{self, LockError};
use crate::platform::threads::side_by_side;
use crate::protocol::{Generation, InfoHash, ScrapeFigures, Seconds, Timestamp};
use crate::store::{Cursor, PeerStore, Recount, StoreError, StoreMaintenance, SwarmSummary};

/// Swarms or peers looked at in one go, so that announces are never held up for long.
pub(super) const BATCH: usize = 500;

/// How long to wait for another refresh: longer than one takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long an open tracker remembers a swarm without peers.
const DAY: Seconds = Seconds(24 * 60 * 60);

/// Hears how far a refresh or a migration is.
pub trait Progress {
    /// So many files of the torrents folder were looked at.
    fn files(&mut self, count: usize);
    /// So many swarms were counted.
    fn swarms(&mut self, count: usize);
    /// So many peers were taken to another store.
    fn peers(&mut self, count: usize);
}

/// Nobody listens.
pub struct Quiet;

impl Progress for Quiet {
    fn files(&mut self, _count: usize) {}
    fn swarms(&mut self, _count: usize) {}
    fn peers(&mut self, _count: usize) {}
}

/// When a refresh is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// When the last one is old enough and nobody else is at it.
    WhenDue,
    /// Now, and if another one is under way, after it.
    Now,
    /// Now, but not if another one is under way.
    NowUnlessBusy,
    /// The same for a first request, whose announce is still to come: the next one is due at once.
    First,
}

/// When the next refresh is due after one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// After half an interval.
    InTime,
    /// At once.
    Now,
    /// In a minute: what pages include could not be written.
    InAMinute,
}

/// The right to write what a refresh writes: one process at a time has it, until it drops it or dies.
#[derive(Debug)]
pub struct Turn(File);

impl Turn {
    /// Takes the turn, after the one who has it where the urgency says so.
    ///
    /// # Errors
    /// When nobody can be kept from refreshing at the same time, or another has kept the turn for longer
    /// than any refresh takes. On a replica: nobody there writes what a refresh writes.
    pub fn take(loaded: &LoadedConfig, urgency: Urgency) -> Result<Option<Self>, RefreshError> {
        match urgency {
            Urgency::Now => Self::wait_for(loaded).map(Some),
            Urgency::WhenDue | Urgency::NowUnlessBusy | Urgency::First => Self::take_free(loaded),
        }
    }

    /// Takes the turn, after the one who has it.
    ///
    /// # Errors
    /// As for `take`.
    pub fn wait_for(loaded: &LoadedConfig) -> Result<Self, RefreshError> {
        if let Some(turn) = Self::take_free(loaded)? {
            return Ok(turn);
        }
        crate::info!("another refresh is under way; waiting for its end");
        let path = lock_path(&loaded.config);
        match lock::within(&path, PATIENCE)? {
            Some(lock) => Ok(Self(lock)),
            None => Err(RefreshError::Stuck { lock: path }),
        }
    }

    fn take_free(loaded: &LoadedConfig) -> Result<Option<Self>, RefreshError> {
        if loaded.config.is_replica() {
            return Err(RefreshError::Replica { owner: loaded.owner_in_words() });
        }
        Ok(lock::within(&lock_path(&loaded.config), Duration::ZERO)?.map(Self))
    }
}

/// Why a refresh did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The last one is young; the next is due in so many seconds.
    TooEarly(Seconds),
    /// Another process is at it.
    Busy,
}

/// What can stop a refresh.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Nobody can be kept from refreshing at the same time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another refresh does not end.
    #[error(
        "another refresh has been under way for {} minutes; end the process that has {} open, and try \
         again", PATIENCE.as_secs() / 60, lock.display()
    )]
    Stuck {
        /// The lock file.
        lock: PathBuf,
    },
    /// This host has no torrents and no catalogue.
    #[error("this host is a replica, which has no torrents and no catalogue; do it on {owner}")]
    Replica {
        /// Which host is the owner, in words.
        owner: String,
    },
    /// The policy snapshot that was copied to this replica is not taken.
    #[error("{source} (this host is a replica: policy snapshots come from {owner})")]
    Delivery {
        /// Why not.
        source: PolicyError,
        /// Which host is the owner, in words.
        owner: String,
    },
    /// The catalogue refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The policy snapshot cannot be written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The peer store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether statistics of `last` are older than half an interval. A `last` in the future comes from a
/// clock that was wrong then; but for what one process may be ahead of another.
pub(super) fn is_due(config: &Config, last: Timestamp, now: Timestamp) -> bool {
    now.since(last) >= period(config) || last.is_ahead_of(now)
}

/// Whether a torrent has come into the lists or left them by its dates since.
pub(super) fn lists_are_old(policy: &PolicySnapshot, now: Timestamp) -> bool {
    policy.listing_changes(now).next().is_some()
}

pub(super) fn period(config: &Config) -> Seconds {
    Seconds((config.tracker.interval.0 / 2).max(1))
}

/// A refresh under way. It holds the lock; dropped without `commit`, it changed nothing that the
/// next one would not do again.
pub struct Refresh<'a> {
    loaded: &'a LoadedConfig,
    catalog: Catalog,
    view: FolderView,
    refusals: Refusals,
    /// Torrents that have been missing for too long.
    forgotten: Vec<InfoHash>,
    report: Report,
    /// The torrents that are not in the report.
    hidden: Vec<Torrent>,
    /// Of the torrents whose figures have changed.
    records: Vec<RefreshRecord>,
    /// What scrapes tell of each torrent; empty where they do not.
    scrape_figures: Vec<(InfoHash, ScrapeFigures)>,
    /// Leechers that others cannot connect to, where peers are tried.
    unreachable: Option<HashMap<InfoHash, u32>>,
    /// Of all torrents, for the history.
    found: Vec<FoundFigures>,
    generation: Generation,
    lock: File,
}

impl<'a> Refresh<'a> {
    /// Does all but the last step, at the time `now`, which must be read with the turn in hand. `Err`
    /// inside means that there was nothing to do.
    ///
    /// # Errors
    /// When the catalogue or the store cannot be used. A torrents folder that cannot be read is no
    /// error: its torrents stay as they are, and the report says so.
    pub fn begin(
        loaded: &'a LoadedConfig,
        Turn(lock): Turn,
        now: Timestamp,
        force: bool,
        progress: &mut dyn Progress,
    ) -> Result<Result<Self, Skipped>, RefreshError> {
        mark_attempt(&lock, SystemTime::now());
        let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
        let last = catalog.last_refresh()?;
        if let Some(last) = last.filter(|&last| !force && is_current(loaded, last, now)) {
            let next = (last + period(&loaded.config)).since(now);
            mark_attempt(&lock, SystemTime::UNIX_EPOCH);
            return Ok(Err(Skipped::TooEarly(next)));
        }
        let mut messages = Vec::new();
        let on_file = &mut |count| progress.files(count);
        let lists = OwnerLists::read(loaded);
        let folder = TakeIn { loaded, lists: &lists, detail: Detail::States, now, on_file }
            .run(&mut catalog, &mut messages)?;
        let mut store = super::open_store(loaded)?;
        while store.expire(now, BATCH)? == BATCH {}
        let swarms = all_swarms(store.as_mut(), now, progress)?;
        forget_dead_swarms(store.as_mut(), &folder.list, &swarms, now)?;
        let corrected = recount_some(store.as_mut(), &swarms)?;
        messages.extend(corrected.iter().map(|recount| {
            let Recount { info_hash, said, found } = recount;
            format!(
                "the peer store said {said} of the swarm {info_hash} and had {found}; corrected"
            )
        }));
        let unreachable = Unreachable::of(loaded, &catalog)?
            .map(|unreachable| unreachable.leechers(store.as_mut(), swarms.values(), now))
            .transpose()?;
        let generation = store.generation()?;
        let decided = switches::applied_by(&catalog, &loaded.config)?;
        let load = Load::measured(&decided.tracker, store.as_mut(), now)?;
        // From a `last` in the future no time is known that a rate could be taken over.
        let since_last = last.filter(|last| !last.is_ahead_of(now)).map(|last| now.since(last));
        // A refresh before its time, because a torrent came, must not take what was reported just
        // now for what was transferred just now. Who forces one knows.
        let since_last =
            since_last.map(|since| if force { since } else { since.max(period(&loaded.config)) });
        let kept = loaded.config.catalog.keep_missing.seconds();
        let forgotten = folder.list.missing_since(now.before(kept));
        let mut refresh = Self {
            loaded,
            report: Report {
                at: now,
                since_last,
                next_in: period(&loaded.config),
                rows: Vec::new(),
                retired: Vec::new(),
                unlisted: UnlistedCounts::default(),
                totals: report::Figures::default(),
                others: Totals::default(),
                load,
                shares: None,
                messages,
            },
            hidden: Vec::new(),
            records: Vec::new(),
            scrape_figures: Vec::new(),
            unreachable,
            found: Vec::with_capacity(folder.list.count()),
            generation,
            catalog,
            view: folder.view,
            refusals: folder.refusals,
            forgotten,
            lock,
        };
        if loaded.config.has_pages() {
            refresh.report.retired = folder.list.shown_retired(now).cloned().collect();
        }
        if loaded.config.tracker.torrents == Torrents::Open {
            let mut known = folder.list.info_hashes();
            known.extend(refresh.refusals.refused().denied);
            refresh.report.others = report::other_swarms(swarms.values(), &known);
        }
        refresh.compute(folder.list, &swarms);
        if loaded.config.has_pages() && !load.is_high {
            let rows = refresh.report.rows.iter();
            let listed = rows.filter_map(|row| swarms.get(&row.torrent.canonical));
            refresh.report.shares = Some(PeerShares::count(store.as_mut(), listed, now)?);
        }
        Ok(Ok(refresh))
    }

    /// What was found.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What other trackers said of torrents that they track too.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn external(&self) -> Result<Vec<External>, RefreshError> {
        Ok(self.catalog.external()?)
    }

    /// Records what was found in the history, from which charts are drawn: those of now have it then. What goes wrong
    /// is in the report. A refresh that ends here and is done again records the same once more, which changes nothing.
    pub fn record_history(&mut self) {
        history::record(self.loaded, &mut self.report, &self.found, &self.forgotten);
    }

    /// Makes it last: totals into the catalogue, the policy published. To be called when all is written that
    /// goes into the torrents folder. The turn is given back, for what is to be written by what is in force then.
    ///
    /// # Errors
    /// When either cannot be written.
    pub fn commit(mut self, next: Next) -> Result<(Report, Turn), RefreshError> {
        let after_writing = self.view.after_writing();
        let now = self.report.at;
        self.catalog.record_refresh(now, self.generation, &self.records)?;
        self.catalog.forget_old_bans(now)?;
        self.catalog.forget_missing(&self.forgotten)?;
        let rules = self.catalog.rules()?;
        event_log::forget_old_days(self.loaded, now);
        let listed = self.report.rows.iter().map(|row| &row.torrent);
        let path = &self.loaded.config.paths.policy;
        let torrents: Vec<_> = listed.chain(&self.hidden).collect();
        let draft = || PolicyDraft::of(torrents.iter().copied(), self.generation, now);
        let (draft, ()) = side_by_side(draft, || self.view.settle(after_writing));
        // A refresh of no time is always due.
        let refreshed_at = if next == Next::InTime { now } else { Timestamp::default() };
        let publication = Publication {
            figures: &self.scrape_figures,
            ..publication(&self.view, (&rules, &self.refusals), refreshed_at, self.generation, now)
        };
        draft.publish(path, &publication)?;
        if next != Next::InAMinute {
            mark_attempt(&self.lock, SystemTime::UNIX_EPOCH);
        }
        Ok((self.report, Turn(self.lock)))
    }

    fn compute(&mut self, list: TorrentList, swarms: &HashMap<InfoHash, SwarmSummary>) {
        self.report.rows.reserve_exact(list.count());
        for mut torrent in list.into_tracked() {
            let swarm = swarms.get(&torrent.canonical);
            let Computed { mut figures, period } =
                report::compute(&torrent, swarm, self.generation, self.report.since_last);
            let unreachable = |all: &HashMap<_, u32>| all.get(&torrent.canonical).copied();
            figures.unreachable =
                self.unreachable.as_ref().map(|all| unreachable(all).unwrap_or(0).into());
            let counters = swarm.map(report::counters).unwrap_or_default();
            let (totals, carried) =
                carry(torrent.totals, torrent.carried, self.generation, counters);
            if (totals, carried, period) != (torrent.totals, torrent.carried, torrent.period) {
                let info_hash = torrent.canonical;
                self.records.push(RefreshRecord { info_hash, counters, period });
                (torrent.totals, torrent.carried, torrent.period) = (totals, carried, period);
            }
            if self.loaded.config.tracker.scrape_figures {
                self.scrape_figures.push((torrent.canonical, report::scrape_figures(&figures)));
            }
            self.found.push(history::found(&torrent, &figures, self.report.at));
            if !torrent.is_listed(self.report.at) {
                self.hidden.push(torrent);
            } else {
                self.report.rows.push(report::row(torrent, figures, self.report.at));
            }
        }
        self.report.unlisted = UnlistedCounts::of(&self.hidden, self.report.at);
        self.report.totals = report::add_up(self.report.rows.iter().map(|row| &row.figures));
    }
}

fn all_swarms(
    store: &mut dyn PeerStore,
    now: Timestamp,
    progress: &mut dyn Progress,
) -> Result<HashMap<InfoHash, SwarmSummary>, StoreError> {
    let mut swarms = HashMap::new();
    let mut next = Some(Cursor::default());
    while let Some(from) = next {
        let batch = store.visit_swarms(from, BATCH, now)?;
        swarms.extend(batch.items.into_iter().map(|swarm| (swarm.info_hash, swarm)));
        progress.swarms(swarms.len());
        next = batch.next;
    }
    Ok(swarms)
}

/// Forgets the swarms that nobody has announced to for a day and that no catalogue names, as an open
/// tracker gathers them.
fn forget_dead_swarms(
    store: &mut dyn StoreMaintenance,
    list: &TorrentList,
    swarms: &HashMap<InfoHash, SwarmSummary>,
    now: Timestamp,
) -> Result<(), RefreshError> {
    let is_dead =
        |swarm: &&SwarmSummary| swarm.counts.peers() == 0 && now.since(swarm.last_announce) > DAY;
    let dead: Vec<InfoHash> = swarms.values().filter(is_dead).map(|it| it.info_hash).collect();
    if dead.is_empty() {
        return Ok(());
    }
    let named = list.info_hashes();
    for info_hash in dead.into_iter().filter(|info_hash| !named.contains(info_hash)) {
        store.remove_swarm(info_hash)?;
    }
    Ok(())
}

/// Whether the last refresh is young and all that it made is there.
fn is_current(loaded: &LoadedConfig, last: Timestamp, now: Timestamp) -> bool {
    let config = &loaded.config;
    !is_due(config, last, now)
        && config.paths.stats_fragment.exists()
        && config.paths.rss_fragment.exists()
        && loaded.list_fragment().is_none_or(|list| list.exists())
        && switches::effective(loaded).config.answered_full_scrape().is_none_or(Path::exists)
        && PolicySnapshot::open(&config.paths.policy)
            .is_ok_and(|policy| policy.refreshed_at() == last && !lists_are_old(&policy, now))
}

/// The lock file that all who scan or refresh share.
pub(super) fn lock_path(config: &Config) -> PathBuf {
    config.paths.catalog.with_file_name("refresh.lock")
}

/// Notes in the lock file's time when a refresh began; 1970 once it has come to its end.
fn mark_attempt(lock: &File, at: SystemTime) {
    // Without it a refresh that fails is tried again sooner, no more.
    let _ = lock.set_modified(at);
}

/// Notes that a refresh is about to begin, before it has the lock.
pub(super) fn claim(config: &Config) {
    // Who cannot open it cannot refresh either, and will say so.
    if let Ok(lock) = lock::open(&lock_path(config)) {
        mark_attempt(&lock, SystemTime::now());
    }
}

/// Whether a refresh that began within the last minute has not come to its end: one that fails is
/// not tried again at each request.
pub(super) fn tried_lately(config: &Config) -> bool {
    let modified = std::fs::metadata(lock_path(config)).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|since| since < Duration::from_secs(60)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreKind;
    use crate::protocol::PeerId;
    use crate::store::{PeerAnnounce, PeerSample, Want};
    use crate::tracker::samples::open_site;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    /// Swarms that are left in an open tracker's store after a refresh.
    fn left_after(loaded: &LoadedConfig, now: Timestamp) -> u64 {
        let turn = Turn::take(loaded, Urgency::Now).unwrap().unwrap();
        let refresh = Refresh::begin(loaded, turn, now, true, &mut Quiet).unwrap().ok().unwrap();
        refresh.commit(Next::InTime).unwrap();
        super::super::open_store(loaded).unwrap().info().unwrap().swarms
    }

    #[test]
    fn an_open_tracker_forgets_a_swarm_a_day_after_its_last_peer() {
        for kind in StoreKind::ALL {
            let (_home, loaded) = open_site(kind);
            let announce = |number: u8, now| {
                let announce = PeerAnnounce::new(InfoHash([number; 20]), PeerId([number; 20]));
                let want = Want { peers: 0, seeders: true, peer_ids: false };
                let mut store = super::super::open_store(&loaded).unwrap();
                store.announce(&announce, now, want, &mut PeerSample::default()).unwrap();
            };
            announce(1, NOON);
            announce(2, NOON + DAY);
            assert_eq!(left_after(&loaded, NOON + DAY), 2, "a day is not over");
            assert_eq!(left_after(&loaded, NOON + Seconds(DAY.0 + 1)), 1);
            announce(2, NOON + DAY + DAY);
            assert_eq!(left_after(&loaded, NOON + DAY + DAY + DAY), 1, "it has had a peer since");
            assert_eq!(left_after(&loaded, NOON + DAY + DAY + DAY + Seconds(1)), 0);
        }
    }
}
