//! A chart: panels for seeders, leechers and speed below each other, over one axis of time.

use askama::Template;

use super::labels::{below, description};
use super::panel::{KINDS, LEFT, Panel, RIGHT, runs, x};
use crate::catalog::Series;
use crate::config::Language;
use crate::site::language::{SpanTexts, Texts, texts};

/// Whose figures a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// All torrents together.
    All,
    /// The torrent of this title.
    Torrent(&'a str),
}

impl<'a> Subject<'a> {
    pub(super) fn name(self, texts: &Texts) -> &'a str {
        match self {
            Self::All => texts.charts.all_torrents,
            Self::Torrent(title) => title,
        }
    }
}

/// A chart as a file of its own, with its colours in it; a page takes that of [`super::figure()`].
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn chart(subject: Subject<'_>, series: &Series, language: Language) -> askama::Result<String> {
    Chart::of(subject, series, true, texts(language)).render()
}

#[derive(Template)]
#[template(path = "charts/chart.svg")]
pub(super) struct Chart<'a> {
    /// Whether it is no part of a page, which has the style sheet.
    is_alone: bool,
    subject: &'a str,
    span: &'a SpanTexts,
    description: String,
    left: f64,
    right: f64,
    panels: Vec<Panel>,
    times: Vec<Time>,
    is_empty: bool,
}

/// A word on the axis of time.
struct Time {
    at: f64,
    label: String,
}

impl<'a> Chart<'a> {
    pub(super) fn of(
        subject: Subject<'a>,
        series: &Series,
        is_alone: bool,
        texts: &'static Texts,
    ) -> Self {
        let runs = runs(series);
        let points = series.points.iter().enumerate();
        let times = points.filter_map(|(number, point)| {
            let at = x(number, series.points.len());
            below(series.span, point.at, texts).map(|label| Time { at, label })
        });
        Self {
            is_alone,
            subject: subject.name(texts),
            span: texts.span(series.span),
            description: description(series, texts),
            left: LEFT,
            right: RIGHT,
            panels: KINDS.iter().map(|kind| Panel::of(&runs, kind, texts)).collect(),
            // At the very edge a word would be cut.
            times: times.filter(|it| (LEFT + 8.0..RIGHT - 8.0).contains(&it.at)).collect(),
            is_empty: runs.is_empty(),
        }
    }
}
