//! The list index as searches need it: the one that the last refresh has written, or one made of the catalogue.

use super::{OverviewError, Report, TorrentQuery, TorrentState, Tracker};
use crate::catalog::{HighLoad, ListEntry, ListFacts, ListIndex, ListIndexDraft, ListIndexError};
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;

/// What can keep one from being made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The torrents cannot be read.
    #[error(transparent)]
    Torrents(#[from] OverviewError),
    /// There are too many.
    #[error(transparent)]
    Index(#[from] ListIndexError),
}

/// Writes the index of what a refresh has found.
///
/// # Errors
/// When it cannot be written; the one before stays.
pub fn write(loaded: &LoadedConfig, report: &Report) -> Result<(), ListIndexError> {
    let load = &report.load;
    let facts = ListFacts {
        counted_at: report.at,
        next_in: report.next_in,
        high_load: load.is_high.then(|| HighLoad {
            announces: u32::try_from(load.announces / 60).unwrap_or(u32::MAX),
            interval: load.interval,
        }),
    };
    let entries = report.rows.iter().map(|row| ListEntry {
        torrent: &row.torrent,
        seeders: row.figures.seeders,
        leechers: row.figures.leechers,
    });
    ListIndexDraft::of(&facts, entries).publish(&loaded.list_index())
}

/// The index that searches go by. Where there is none that can be read, one is made of the catalogue and the peer store;
/// where none is at all, it is left there for others.
///
/// # Errors
/// When neither can be read.
pub fn open(tracker: &Tracker, now: Timestamp) -> Result<ListIndex, OpenError> {
    let path = tracker.config().list_index();
    let problem = match ListIndex::open(&path) {
        Ok(index) => return Ok(index),
        Err(problem) => problem,
    };
    let is_missing = matches!(problem, ListIndexError::Missing { .. });
    if !is_missing {
        crate::warning!("{problem}");
    }
    let draft = make(tracker, now)?;
    // Before the first refresh there is nothing to be left.
    if is_missing
        && tracker.config().config.paths.catalog.exists()
        && let Err(problem) = draft.put_where_none_is(&path)
    {
        crate::warning!("{problem}");
    }
    Ok(ListIndex::in_memory(draft, &path)?)
}

fn make(tracker: &Tracker, now: Timestamp) -> Result<ListIndexDraft, OpenError> {
    let loaded = tracker.config();
    let query = TorrentQuery { states: vec![TorrentState::Listed], ..TorrentQuery::default() };
    let mut page = query.find(loaded, now)?;
    if let Some(problem) = &page.fault {
        crate::warning!("{problem}");
    }
    page.torrents.retain(|it| !tracker.denies(&it.torrent));
    let facts = ListFacts {
        counted_at: now,
        next_in: super::refresh::period(&loaded.config),
        high_load: None,
    };
    let entries = page.torrents.iter().map(|it| {
        let peers = it.peers.unwrap_or_default();
        let (seeders, leechers) = (peers.seeders.into(), peers.leechers.into());
        ListEntry { torrent: &it.torrent, seeders, leechers }
    });
    Ok(ListIndexDraft::of(&facts, entries))
}
