//! A chart as a part of a page, with its figures in a table behind it.

use askama::Template;

use super::chart::{Chart, Subject};
use super::labels::{moment, span_in_words, steps_in_words};
use crate::catalog::{Series, Span};
use crate::site::format::{bytes, grouped};

/// A chart with its figures as a table, for a page that has our style sheet.
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn figure(subject: Subject<'_>, series: &Series) -> askama::Result<String> {
    // So many points a row: some thirty to fifty rows can be read.
    let (points, every) = match series.span {
        Span::Day => (4, "the end of each hour"),
        Span::Week => (6, "every sixth hour"),
        Span::Year => (7, "each week"),
    };
    let rows = series.points.iter().rev().step_by(points);
    let rows = rows.map(|point| Row {
        at: moment(series.span, point.at),
        cells: point.figures.map(|it| Cells {
            seeders: grouped(it.last.seeders),
            leechers: grouped(it.last.leechers),
            completed: grouped(it.last.completed),
            downloaded: bytes(it.last.downloaded, 2),
            speed: format!("{}/s", bytes(it.speed, 1)),
        }),
    });
    let figure = Figure {
        subject: subject.name(),
        span: span_in_words(series.span),
        step: steps_in_words(series.span)[0],
        every,
        chart: Chart::of(subject, series, false),
        rows: rows.collect(),
    };
    figure.render()
}

#[derive(Template)]
#[template(path = "charts/figure.html")]
struct Figure<'a> {
    subject: &'a str,
    span: &'static str,
    step: &'static str,
    every: &'static str,
    chart: Chart<'a>,
    rows: Vec<Row>,
}

/// A row of the table, the newest first.
struct Row {
    at: String,
    cells: Option<Cells>,
}

/// What is known then.
struct Cells {
    seeders: String,
    leechers: String,
    completed: String,
    downloaded: String,
    speed: String,
}
