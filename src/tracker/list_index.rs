//! The list index as searches need it: the one that the last refresh has written, or one made of the catalogue.

use std::ops::Range;

use super::{OverviewError, Report, TorrentQuery, TorrentState, Tracker};
use crate::catalog::{
    Catalog, CatalogError, HighLoad, ListEntry, ListFacts, ListHit, ListHits, ListIndex,
    ListIndexDraft, ListIndexError, ListSearch, Torrent,
};
use crate::config::LoadedConfig;
use crate::platform::log::{self, Level};
use crate::protocol::{InfoHash, Timestamp};

/// What can keep one from being made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The torrents cannot be read.
    #[error(transparent)]
    Torrents(#[from] OverviewError),
    /// There are too many.
    #[error(transparent)]
    Index(#[from] ListIndexError),
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Matches of which each is looked up before it is said how many there are: who looks for one torrent must not learn of
/// its name by numbers when it may not be shown any more.
const COUNTED: usize = 100;

/// A part of what a search finds.
#[derive(Clone, Debug)]
pub struct FoundPart {
    /// How many torrents fit, in the index: by them pages are numbered.
    pub matching: usize,
    /// How many of those may be shown; of very many, those of other parts count without a look.
    pub total: usize,
    /// Those of this part that may be shown.
    pub torrents: Vec<FoundTorrent>,
}

/// Finds a part of what a search finds, in its order.
///
/// # Errors
/// When the index or the catalogue cannot be read.
pub fn find(
    tracker: &Tracker,
    (index, catalog): (&ListIndex, &Catalog),
    search: &ListSearch,
    part: Range<usize>,
    now: Timestamp,
) -> Result<FoundPart, OpenError> {
    let ListHits { matching, hits } = index.search(search, part)?;
    let torrents = look_up(tracker, catalog, &hits, now)?;
    let total = if matching <= COUNTED && hits.len() < matching {
        look_up(tracker, catalog, &index.search(search, 0..matching)?.hits, now)?.len()
    } else {
        matching.saturating_sub(hits.len() - torrents.len())
    };
    Ok(FoundPart { matching, total, torrents })
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

/// Answers a question by the index that searches go by. Where there is none that can be read, or what the question needs of it
/// is damaged, it is answered by one that is made of the catalogue and the peer store.
///
/// # Errors
/// When neither can be read, and those of the question.
pub fn ask<T, E: From<OpenError>>(
    tracker: &Tracker,
    now: Timestamp,
    question: impl Fn(&ListIndex) -> Result<T, E>,
) -> Result<T, E> {
    let index = open(tracker, now)?;
    let answer = question(&index);
    if !index.is_broken() {
        return answer;
    }
    let path = tracker.config().list_index();
    log::line_once_a_minute(
        Level::Warning,
        &format!("{} is damaged; `tracker refresh --force` makes it anew", path.display()),
    );
    question(&ListIndex::in_memory(make(tracker, now)?, &path).map_err(OpenError::from)?)
}

/// The index. Where none is at all, one is made and left there for others.
fn open(tracker: &Tracker, now: Timestamp) -> Result<ListIndex, OpenError> {
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

/// A torrent that a search has found, as it is now, with the figures that it was found and sorted by.
#[derive(Clone, Debug)]
pub struct FoundTorrent {
    /// The torrent.
    pub torrent: Torrent,
    /// Its figures at the last refresh.
    pub hit: ListHit,
}

/// The torrents that a search has found, in its order, without those that may not be shown any more since the last refresh.
///
/// # Errors
/// When the catalogue cannot be read.
fn look_up(
    tracker: &Tracker,
    catalog: &Catalog,
    hits: &[ListHit],
    now: Timestamp,
) -> Result<Vec<FoundTorrent>, CatalogError> {
    let hashes: Vec<InfoHash> = hits.iter().map(|hit| hit.info_hash).collect();
    let torrents = catalog.torrents_named(&hashes)?;
    // Both are in the same order; of the torrents some may be missing.
    let mut hits = hits.iter();
    let found = |torrent: Torrent| {
        let hit = *hits.find(|hit| hit.info_hash == torrent.canonical)?;
        let is_shown = torrent.unlisted(now).is_none() && !tracker.denies(&torrent);
        is_shown.then_some(FoundTorrent { torrent, hit })
    };
    Ok(torrents.into_iter().filter_map(found).collect())
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
