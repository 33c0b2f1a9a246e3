//! The history of the figures: what a refresh puts into it, and what charts are drawn from.

use super::report::{Figures, Report};
use crate::catalog::{
    FoundFigures, History, HistoryError, RefreshFigures, Sample, Series, Span, Torrent,
    record_history,
};
use crate::config::LoadedConfig;
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// How long figures stand at least: refreshes that requests bring about are late at quiet times. They are due twice an
/// interval, and so figures stand for an interval where that is longer.
const QUIET: Seconds = Seconds(3_600);

/// What a refresh found of a torrent, for the history.
pub(super) fn found(torrent: &Torrent, figures: &Figures, now: Timestamp) -> FoundFigures {
    let is_listed = torrent.is_listed(now);
    FoundFigures { info_hash: torrent.canonical, sample: figures.sample(), is_listed }
}

impl Figures {
    /// What of them the history has.
    #[must_use]
    pub fn sample(&self) -> Sample {
        let Self { seeders, leechers, completed, downloaded, .. } = *self;
        Sample { seeders, leechers, completed, downloaded }
    }
}

/// Records what a refresh found. What goes wrong becomes a message: charts may have gaps, the refresh goes on.
pub(super) fn record(
    loaded: &LoadedConfig,
    report: &mut Report,
    torrents: &[FoundFigures],
    forgotten: &[InfoHash],
) {
    let (at, all) = (report.at, report.totals.sample());
    let found = RefreshFigures { at, all, torrents, forgotten };
    report.messages.extend(record_history(&loaded.history(), &found));
}

/// The series of each of these torrents (by canonical info-hash; `None` is all together), evenly spaced up to now. Where
/// nothing was recorded yet, with gaps only. On a replica that is so for all.
///
/// # Errors
/// When the history cannot be read.
pub fn history(
    loaded: &LoadedConfig,
    torrents: &[Option<InfoHash>],
    span: Span,
    now: Timestamp,
) -> Result<Vec<Series>, HistoryError> {
    let series = history_of_spans(loaded, torrents, [span], now)?;
    Ok(series.into_iter().map(|[series]| series).collect())
}

/// The same of several spans, which takes little longer than of the longest.
///
/// # Errors
/// When the history cannot be read.
pub fn history_of_spans<const N: usize>(
    loaded: &LoadedConfig,
    torrents: &[Option<InfoHash>],
    spans: [Span; N],
    now: Timestamp,
) -> Result<Vec<[Series; N]>, HistoryError> {
    let stands = loaded.config.tracker.interval.max(QUIET);
    match History::read(&loaded.history())? {
        Some(history) => history.series(torrents, (spans, now), stands),
        None => {
            let unknown = |_: &_| spans.map(|span| Series::unknown(span, now));
            Ok(torrents.iter().map(unknown).collect())
        }
    }
}
