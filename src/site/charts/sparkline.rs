//! A sparkline: the seeders as one small line, in few bytes, as an index has one in each row.

use std::fmt::Write as _;

use askama::Template;

use super::chart::Subject;
use super::labels::latest;
use super::panel::share;
use crate::catalog::Series;
use crate::config::Language;
use crate::site::language::texts;

/// Points of the line at most.
const POINTS: usize = 40;

const WIDTH: u64 = 120;
const HEIGHT: u64 = 24;

/// The seeders over time as a small line: a file of its own, or a part of a page that has our style sheet.
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn sparkline(
    subject: Subject<'_>,
    series: &Series,
    is_alone: bool,
    language: Language,
) -> askama::Result<String> {
    let texts = texts(language);
    let (subject, span) = (subject.name(texts), texts.span(series.span).name);
    let title = match latest(series) {
        Some(it) => {
            let now = texts.counted(it.last.seeders, texts.counts.seeders);
            texts.charts.sparkline.with(subject, span, now)
        }
        None => texts.charts.sparkline_unknown.with(subject, span),
    };
    Sparkline { is_alone, title, line: line(series) }.render()
}

#[derive(Template)]
#[template(path = "charts/sparkline.svg")]
struct Sparkline {
    is_alone: bool,
    title: String,
    line: String,
}

/// A point for some of the series each: the most seeders of those, so that no peak is lost. Whole pixels will do.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within the picture.
#[allow(clippy::cast_precision_loss)] // Heights of 24.
fn line(series: &Series) -> String {
    let some = series.points.len().div_ceil(POINTS).max(1);
    let of_some = |points: &[crate::catalog::Point]| {
        points.iter().filter_map(|point| point.figures.map(|it| it.most_seeders)).max()
    };
    let values: Vec<_> = series.points.chunks(some).map(of_some).collect();
    let most = values.iter().flatten().copied().max().unwrap_or_default();
    let mut path = String::new();
    let mut is_drawing = false;
    for (number, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let x = number as u64 * WIDTH / (values.len() as u64 - 1).max(1);
            let height = (HEIGHT - 2) as f64;
            let y = HEIGHT - 1 - (share(*value, most) * height).round() as u64;
            // Writing to a string does not fail.
            let _ = write!(path, "{}{x} {y}", if is_drawing { 'L' } else { 'M' });
            if !is_drawing && values.get(number + 1).is_none_or(Option::is_none) {
                path.push_str("h0");
            }
        }
        is_drawing = value.is_some();
    }
    path
}
