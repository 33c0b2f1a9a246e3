//! The words around charts: dates, numbers on axes, sentences.

use crate::catalog::{Point, PointFigures, Series, Span};
use crate::platform::date;
use crate::protocol::Timestamp;
use crate::site::language::{Plural, Texts};

/// What stands below a point on the axis of time, if anything: every sixth hour, every day, every month.
pub(super) fn below(span: Span, at: Timestamp, texts: &Texts) -> Option<String> {
    const DAY: u64 = 24 * 3_600;
    // A date takes long to write, and hardly any is shown.
    let is_shown = match span {
        Span::Day => at.0.is_multiple_of(DAY / 4),
        Span::Week => at.0.is_multiple_of(DAY),
        Span::Year => date::parts(at.0).day == 1,
    };
    is_shown.then(|| match span {
        Span::Day => texts.time_of_day(at),
        Span::Week => texts.short_day(at),
        Span::Year => texts.short_month(at).to_owned(),
    })
}

/// When a point is, as a table says it.
pub(super) fn moment(span: Span, at: Timestamp, texts: &Texts) -> String {
    if span == Span::Year { texts.day(at) } else { texts.moment(at) }
}

/// The last figures that are known.
pub(super) fn latest(series: &Series) -> Option<PointFigures> {
    series.points.iter().rev().find_map(|point| point.figures)
}

/// What a chart shows, in sentences, for those who do not see it.
pub(super) fn description(series: &Series, texts: &Texts) -> String {
    let span = texts.span(series.span);
    let Some(latest) = latest(series) else { return span.nothing.to_owned() };
    let known: Vec<_> = series.points.iter().filter_map(|point| point.figures).collect();
    let between = |now: u64, least: u64, most: u64, thing: Plural| {
        let [least, most] = [least, most].map(|count| texts.number(count));
        texts.charts.between.with(texts.counted(now, thing), least, most)
    };
    let least = |of: fn(&PointFigures) -> u64| known.iter().map(of).min().unwrap_or_default();
    let most = |of: fn(&PointFigures) -> u64| known.iter().map(of).max().unwrap_or_default();
    let (last, counts) = (latest.last, &texts.counts);
    let (fewest, peak) = (least(|it| it.least_seeders), most(|it| it.most_seeders));
    let seeders = between(last.seeders, fewest, peak, counts.seeders);
    let (fewest, peak) = (least(|it| it.last.leechers), most(|it| it.most_leechers));
    let leechers = between(last.leechers, fewest, peak, counts.leechers);
    let completed = texts.charts.completed.with(texts.counted(last.completed, counts.times));
    let gaps = series.points.iter().skip_while(|point| point.figures.is_none());
    let gaps = gaps.filter(|point: &&Point| point.figures.is_none()).count();
    let gaps = (gaps > 0).then(|| texts.charts.gaps.with(texts.counted(gaps, span.points)));
    let sentences = [seeders, leechers, completed].into_iter().chain(gaps);
    sentences.collect::<Vec<_>>().join(" ")
}
