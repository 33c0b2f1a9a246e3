//! The charts of a page: the history of a torrent, or of all together, over a day, a week and a year.

use askama::Template;

use crate::catalog::{HistoryError, Series, Span};
use crate::config::{Language, LoadedConfig};
use crate::protocol::{InfoHash, Timestamp};
use crate::site::charts::{Subject, figure};
use crate::site::language::{Texts, texts};

/// The series of one torrent, or of all together, in the order of [`Span::ALL`].
pub(super) type Spans = [Series; Span::ALL.len()];

/// Charts behind tabs; nothing where nothing is known.
#[derive(Template)]
#[template(path = "pages/charts.html")]
pub(super) struct Charts {
    texts: &'static Texts,
    tabs: Vec<Tab>,
}

struct Tab {
    number: usize,
    name: &'static str,
    figure: String,
}

impl Charts {
    /// Those charts that show more than the ones before them.
    pub(super) fn of(
        subject: Subject<'_>,
        spans: &Spans,
        texts: &'static Texts,
    ) -> askama::Result<Self> {
        let mut tabs = Vec::new();
        let mut known_for = 0;
        for (number, series) in spans.iter().enumerate() {
            let from = series.points.iter().find(|point| point.figures.is_some());
            let last = series.points.last().map(|point| point.at);
            let known = from.zip(last).map(|(from, last)| last.since(from.at).0 + 1);
            if known.is_some_and(|known| known > known_for) {
                known_for = series.span.step().0 * series.span.points();
                let figure = figure(subject, series, texts.language)?;
                tabs.push(Tab { number, name: texts.span(series.span).tab, figure });
            }
        }
        Ok(Self { texts, tabs })
    }
}

impl Default for Charts {
    /// None at all, which is the same in each language.
    fn default() -> Self {
        Self { texts: texts(Language::English), tabs: Vec::new() }
    }
}

/// What is known of each of these torrents; `None` is all together.
///
/// # Errors
/// When the history cannot be read.
pub(super) fn read(
    loaded: &LoadedConfig,
    torrents: &[Option<InfoHash>],
    now: Timestamp,
) -> Result<Vec<Spans>, HistoryError> {
    crate::tracker::history_of_spans(loaded, torrents, Span::ALL, now)
}
