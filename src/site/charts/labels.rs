//! The words around charts: dates, numbers on axes, sentences.

use crate::catalog::{Point, PointFigures, Series, Span};
use crate::platform::date;
use crate::protocol::Timestamp;
use crate::site::format::{counted_grouped, grouped};

/// The span in words, with its article.
pub(super) fn span_in_words(span: Span) -> &'static str {
    match span {
        Span::Day => "the last day",
        Span::Week => "the last week",
        Span::Year => "the last year",
    }
}

/// What a point stands for, and several.
pub(super) fn steps_in_words(span: Span) -> [&'static str; 2] {
    match span {
        Span::Day => ["quarter of an hour", "quarters of an hour"],
        Span::Week => ["hour", "hours"],
        Span::Year => ["day", "days"],
    }
}

/// What stands below a point on the axis of time, if anything: every sixth hour, every day, every month.
pub(super) fn below(span: Span, at: Timestamp) -> Option<String> {
    // A date takes long to write, and hardly any is shown.
    let is_shown = match span {
        Span::Day => at.0.is_multiple_of(6 * 3_600),
        Span::Week => at.0.is_multiple_of(24 * 3_600),
        Span::Year => date::day_of_month(at.0) == 1,
    };
    if !is_shown {
        return None;
    }
    let written = date::for_people(at.0);
    let (day, time) = written.split_once(", ")?;
    let mut words = day.split(' ');
    let (number, month) = (words.next()?, words.next()?);
    Some(match span {
        Span::Day => time.replace(" UTC", ""),
        Span::Week => format!("{number} {month}"),
        Span::Year => month.to_owned(),
    })
}

/// When a point is, as a table says it.
pub(super) fn moment(span: Span, at: Timestamp) -> String {
    let written = date::for_people(at.0);
    match (span, written.split_once(',')) {
        (Span::Year, Some((day, _))) => day.to_owned(),
        _ => written,
    }
}

/// The last figures that are known.
pub(super) fn latest(series: &Series) -> Option<PointFigures> {
    series.points.iter().rev().find_map(|point| point.figures)
}

/// What a chart shows, in sentences, for those who do not see it.
pub(super) fn description(series: &Series) -> String {
    let Some(latest) = latest(series) else {
        return format!("Nothing is known of {}.", span_in_words(series.span));
    };
    let known: Vec<_> = series.points.iter().filter_map(|point| point.figures).collect();
    let between = |now: u64, least: u64, most: u64, thing: &str| {
        let (now, least, most) = (counted_grouped(now, thing), grouped(least), grouped(most));
        format!("{now} at last, between {least} and {most} before. ")
    };
    let least = |of: fn(&PointFigures) -> u64| known.iter().map(of).min().unwrap_or_default();
    let most = |of: fn(&PointFigures) -> u64| known.iter().map(of).max().unwrap_or_default();
    let seeders = between(
        latest.last.seeders,
        least(|it| it.least_seeders),
        most(|it| it.most_seeders),
        "seeder",
    );
    let leechers = between(
        latest.last.leechers,
        least(|it| it.last.leechers),
        most(|it| it.most_leechers),
        "leecher",
    );
    let gaps = series.points.iter().skip_while(|point| point.figures.is_none());
    let gaps = gaps.filter(|point: &&Point| point.figures.is_none()).count();
    let [one, several] = steps_in_words(series.span);
    let gaps = match gaps {
        0 => String::new(),
        1 => format!(" Nothing is known of 1 {one}."),
        gaps => format!(" Nothing is known of {gaps} {several}."),
    };
    let completed = counted_grouped(latest.last.completed, "time");
    format!("{seeders}{leechers}Completed {completed}.{gaps}")
}
