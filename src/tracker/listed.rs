//! What everybody may know of the listed torrents: a list of them with the figures of the last refresh, all of them
//! together, and who is in the swarm of one just now.

use std::collections::HashSet;

use super::overview::completed_before;
use super::torrent_list::{TorrentPage, TorrentQuery, TorrentState, TorrentWithPeers};
use super::{Refusal, Tracker};
use crate::catalog::{Catalog, CatalogError, History, HistoryError, LastFigures, Sample, Torrent};
use crate::platform::log::{self, Level};
use crate::protocol::Timestamp;
use crate::store::SwarmCounts;

/// All listed torrents together, as the last refresh found them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListedTotals {
    /// How many there are.
    pub torrents: u64,
    /// Their figures; `None` where nothing was recorded yet, or the history cannot be read.
    pub figures: Option<Sample>,
    /// When the last refresh was; `None` before the first.
    pub refreshed_at: Option<Timestamp>,
}

impl TorrentQuery {
    /// Looks for torrents that are listed now and not denied. Their peers are those that the last refresh found, without
    /// partial seeds; `None` where nothing was recorded yet, or the history cannot be read. A page after the last one is
    /// empty.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn find_listed(
        &self,
        tracker: &Tracker,
        now: Timestamp,
    ) -> Result<TorrentPage, CatalogError> {
        let catalog = Catalog::read(&tracker.loaded.config.paths.catalog)?;
        let mut torrents = catalog.torrents_by_hash()?;
        torrents.retain(|torrent| !tracker.denies(torrent));
        let listed = Self { states: vec![TorrentState::Listed], ..self.clone() };
        let figures = tracker.last_figures();
        let chosen = listed.chosen(torrents, &HashSet::new(), now);
        let peers = |torrent: &Torrent| figures.of(torrent.canonical).map(counts);
        let key = |torrent: &Torrent| self.order.key(torrent, peers(torrent));
        let make = |torrent: Torrent| TorrentWithPeers { peers: peers(&torrent), torrent };
        Ok(self.cut(chosen, key, make))
    }
}

fn counts(sample: Sample) -> SwarmCounts {
    let count = |peers| u32::try_from(peers).unwrap_or(u32::MAX);
    SwarmCounts {
        seeders: count(sample.seeders),
        leechers: count(sample.leechers),
        partial_seeds: 0,
        completed: sample.completed,
    }
}

impl Tracker {
    /// All listed torrents together, as the last refresh found them.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn listed_totals(&self) -> Result<ListedTotals, CatalogError> {
        let listed = self.policy.iter().flat_map(|policy| policy.torrents());
        let torrents = listed.filter(|torrent| !torrent.hidden).count();
        Ok(ListedTotals {
            torrents: u64::try_from(torrents).unwrap_or(u64::MAX),
            figures: self.last_figures().all,
            refreshed_at: self.refreshed_at()?,
        })
    }

    /// When the last refresh was; `None` before the first.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn refreshed_at(&self) -> Result<Option<Timestamp>, CatalogError> {
        Catalog::read(&self.loaded.config.paths.catalog)?.last_refresh()
    }

    /// None where they cannot be read: the torrents themselves are known all the same.
    fn last_figures(&self) -> LastFigures {
        let read = || match History::read(&self.loaded.history())? {
            Some(history) => history.last_figures(),
            None => Ok(LastFigures::default()),
        };
        read().unwrap_or_else(|problem: HistoryError| {
            log::line_once_a_minute(Level::Error, &problem.to_string());
            LastFigures::default()
        })
    }

    /// Who is in a torrent's swarm just now, and how often it was completed ever.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn swarm_of(&mut self, torrent: &Torrent, now: Timestamp) -> Result<SwarmCounts, Refusal> {
        let counted = self.store().and_then(|store| {
            let counts = store.counts(&[torrent.canonical], now)?;
            Ok((counts.first().copied().unwrap_or_default(), store.generation()?))
        });
        let (counts, generation) = counted.map_err(|problem| self.refusal(&problem))?;
        let completed = completed_before(torrent, generation).saturating_add(counts.completed);
        Ok(SwarmCounts { completed, ..counts })
    }
}
