//! What everybody may know of the listed torrents: all of them together as the last refresh found them, and who is in the
//! swarm of one just now.

use super::overview::completed_before;
use super::{RefreshFigures, Refusal, Tracker};
use crate::catalog::{Catalog, CatalogError, History, HistoryError, Sample, Torrent};
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

impl Tracker {
    /// All listed torrents together, as the last refresh found them.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn listed_totals(&self) -> Result<ListedTotals, CatalogError> {
        let found = RefreshFigures::read(&self.loaded);
        Ok(ListedTotals {
            torrents: found.map_or(0, |found| found.torrents),
            figures: self.last_of_all(),
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
    fn last_of_all(&self) -> Option<Sample> {
        let read = || match History::read(&self.loaded.history())? {
            Some(history) => history.last_of_all(),
            None => Ok(None),
        };
        read().unwrap_or_else(|problem: HistoryError| {
            log::line_once_a_minute(Level::Error, &problem.to_string());
            None
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
