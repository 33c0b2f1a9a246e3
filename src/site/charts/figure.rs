//! A chart as a part of a page, with its figures in a table behind it.

use askama::Template;

use super::chart::{Chart, Subject};
use super::labels::moment;
use crate::catalog::{Series, Span};
use crate::config::Language;
use crate::site::language::{SpanTexts, Texts, texts};

/// A chart with its figures as a table, for a page that has our style sheet.
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn figure(subject: Subject<'_>, series: &Series, language: Language) -> askama::Result<String> {
    let texts = texts(language);
    // So many points a row: some thirty to fifty rows can be read.
    let points = match series.span {
        Span::Day => 4,
        Span::Week => 6,
        Span::Year => 7,
    };
    let rows = series.points.iter().rev().step_by(points);
    let rows = rows.map(|point| Row {
        at: moment(series.span, point.at, texts),
        cells: point.figures.map(|it| Cells {
            seeders: texts.number(it.last.seeders),
            leechers: texts.number(it.last.leechers),
            completed: texts.number(it.last.completed),
            downloaded: texts.bytes(it.last.downloaded, 2),
            speed: texts.speed(it.speed, 1),
        }),
    });
    let figure = Figure {
        texts,
        subject: subject.name(texts),
        span: texts.span(series.span),
        chart: Chart::of(subject, series, false, texts),
        rows: rows.collect(),
    };
    figure.render()
}

#[derive(Template)]
#[template(path = "charts/figure.html")]
struct Figure<'a> {
    texts: &'static Texts,
    subject: &'a str,
    span: &'static SpanTexts,
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
