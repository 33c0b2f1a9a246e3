//! Which torrents the tables show: so many come first, and a line says how many more there are.

use std::cmp::Ordering;

use super::format::grouped;
use crate::config::LoadedConfig;
use crate::tracker::{Report, Row};

/// As many rows as a table may have (`rows` in `[pages]`), those that come first in this order, sorted.
pub(super) fn first_rows<'a>(
    rows: &'a [Row],
    loaded: &LoadedConfig,
    order: impl Fn(&Row, &Row) -> Ordering,
) -> Vec<&'a Row> {
    let most = usize::try_from(loaded.config.pages.rows).unwrap_or(usize::MAX);
    first(rows, most, order)
}

/// The newest torrent first; of those that came at once, in the order of their info-hashes.
pub(super) fn newest_first(a: &Row, b: &Row) -> Ordering {
    let (a, b) = (&a.torrent, &b.torrent);
    b.first_seen.cmp(&a.first_seen).then_with(|| a.canonical.cmp(&b.canonical))
}

/// So many torrents at most that need seeders: more peers lack something than have everything. Those first where these are
/// the most.
pub(super) fn lacking_seeders(rows: &[Row], most: usize) -> Vec<&Row> {
    let lacking = |row: &Row| row.figures.leechers.saturating_sub(row.figures.seeders);
    let mut rows = first(rows, most, |a, b| {
        let by_hash = || a.torrent.canonical.cmp(&b.torrent.canonical);
        lacking(b).cmp(&lacking(a)).then_with(by_hash)
    });
    rows.retain(|row| lacking(row) > 0);
    rows
}

/// The first `most` rows in this order, sorted. Of many rows, most are compared once.
pub(super) fn first<T>(rows: &[T], most: usize, order: impl Fn(&T, &T) -> Ordering) -> Vec<&T> {
    let mut first: Vec<&T> = Vec::new();
    let mut last: Option<&T> = None;
    for row in rows {
        if last.is_some_and(|last| order(row, last).is_gt()) {
            continue;
        }
        first.push(row);
        if first.len() > most.saturating_mul(2) {
            first.select_nth_unstable_by(most, |a, b| order(a, b));
            first.truncate(most);
            last = first.iter().copied().max_by(|a, b| order(a, b));
        }
    }
    first.sort_by(|a, b| order(a, b));
    first.truncate(most);
    first
}

/// How many more torrents there are than are shown, if there are more.
pub(super) fn more_than(shown: usize, report: &Report) -> Option<String> {
    let more = report.rows.len().saturating_sub(shown);
    (more > 0).then(|| grouped_length(more))
}

/// A length with its thousands apart.
pub(super) fn grouped_length(length: usize) -> String {
    grouped(u64::try_from(length).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_many_are_those_that_come_first_when_all_are_sorted(
            rows in proptest::collection::vec(0..50_u8, 0..200), most in 0..30_usize,
        ) {
            let mut sorted: Vec<&u8> = rows.iter().collect();
            sorted.sort();
            sorted.truncate(most);
            prop_assert_eq!(first(&rows, most, u8::cmp), sorted);
        }
    }
}
