//! The list of torrents for our own pages: totals on top, the newest torrent first, its name before its
//! figures. The stats table of `fragments` keeps TrackerCGI's order for the pages of others.

use std::cmp::Reverse;

use askama::Template;

use super::format::{bytes, grouped, in_words, progress, rate};
use super::fragments::Foot;
use super::language::texts;
use super::links::Links;
use super::rows::{first_rows, grouped_length, more_than};
use crate::catalog::natural;
use crate::config::{Language, LoadedConfig};
use crate::platform::date;
use crate::protocol::Timestamp;
use crate::tracker::{Figures, Report, Row};

/// Totals, a row for each torrent, how to download, and when all this was counted.
#[derive(Template)]
#[template(path = "list_fragment.html")]
pub(super) struct ListFragment {
    rows: Vec<ListRow>,
    totals: Cells,
    torrents: String,
    /// Whether any torrent has them; most clients never say that they are one.
    has_partial_seeds: bool,
    /// Whether there are leechers that others cannot connect to.
    has_unreachable: bool,
    has_magnets: bool,
    shown: String,
    /// How many more torrents there are than rows, if there are more.
    more: Option<String>,
    foot: Foot,
}

struct ListRow {
    name: String,
    links: Links,
    cells: Cells,
    is_unseeded: bool,
    /// Whether nobody but a web seed has everything.
    is_web_seeded: bool,
    added: Added,
}

/// When a torrent came.
struct Added {
    age: String,
    date: String,
    machine_date: String,
}

/// Figures ready to be read; empty where there is nothing to tell.
struct Cells {
    size: String,
    seeders: String,
    leechers: String,
    unreachable: String,
    partial_seeds: String,
    completed: String,
    progress: String,
    downloaded: String,
    rate: String,
}

impl ListFragment {
    pub(super) fn new(report: &Report, loaded: &LoadedConfig) -> Self {
        let rows = first_rows(&report.rows, loaded, |a, b| {
            let (a, b) = (&a.torrent, &b.torrent);
            let newest_first = Reverse(a.first_seen).cmp(&Reverse(b.first_seen));
            newest_first.then_with(|| natural::compare(a.title().as_ref(), b.title().as_ref()))
        });
        let rows: Vec<_> =
            rows.into_iter().map(|row| ListRow::new(row, report.at, loaded)).collect();
        Self {
            has_magnets: rows.iter().any(|row| row.links.magnet.is_some()),
            shown: grouped_length(rows.len()),
            more: more_than(rows.len(), report),
            rows,
            totals: Cells::new(&report.totals),
            torrents: grouped_length(report.rows.len()),
            has_partial_seeds: report.totals.partial_seeds > 0,
            has_unreachable: report.totals.unreachable.is_some_and(|count| count > 0),
            foot: Foot::new(report, texts(Language::English)),
        }
    }
}

impl ListRow {
    fn new(row: &Row, now: Timestamp, loaded: &LoadedConfig) -> Self {
        let added = row.torrent.first_seen.no_later_than(now);
        Self {
            name: row.torrent.title().into_owned(),
            links: Links::of(&row.torrent, loaded, now),
            cells: Cells::new(&row.figures),
            is_unseeded: row.is_unseeded(),
            is_web_seeded: row.figures.seeders == 0 && row.torrent.has_web_seed,
            added: Added {
                age: in_words(row.age),
                date: date::for_people(added.0),
                machine_date: date::rfc_3339(added.0),
            },
        }
    }
}

impl Cells {
    fn new(figures: &Figures) -> Self {
        Self {
            size: bytes(figures.size, 2),
            seeders: grouped(figures.seeders),
            leechers: grouped(figures.leechers),
            unreachable: grouped(figures.unreachable.unwrap_or(0)),
            partial_seeds: grouped(figures.partial_seeds),
            completed: grouped(figures.completed),
            progress: progress(figures),
            downloaded: bytes(figures.downloaded, 2),
            rate: if figures.rate > 0.0 { rate(figures.rate) } else { String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Torrent, UnlistedCounts};
    use crate::protocol::{InfoHash, Seconds};
    use crate::tracker::{Load, Totals};

    const NOW: Timestamp = Timestamp(1_700_000_000);

    /// A torrent that is so many seconds old.
    fn row(age: u32) -> Row {
        let hash = InfoHash([7; 20]);
        let torrent = Torrent {
            file: format!("{age}.torrent").into(),
            name: format!("aged {age}"),
            size: 1,
            file_size: 100,
            ..Torrent::by_hash(hash, NOW.before(Seconds(age)))
        };
        Row { torrent, figures: Figures::default(), age: Seconds(age) }
    }

    fn list(torrents: u32) -> String {
        let loaded = LoadedConfig::built_in(std::path::Path::new("/srv/tracker/bin"));
        let report = Report {
            at: NOW,
            since_last: None,
            next_in: Seconds(900),
            rows: (0..torrents).rev().map(row).collect(),
            unlisted: UnlistedCounts::default(),
            retired: Vec::new(),
            totals: Figures::default(),
            load: Load::of(&loaded.config.tracker, 0),
            others: Totals::default(),
            shares: None,
            messages: Vec::new(),
        };
        ListFragment::new(&report, &loaded).render().unwrap()
    }

    #[test]
    fn of_very_many_the_newest_are_shown_and_all_are_counted() {
        let text = list(2_500);
        assert_eq!(text.matches("<tr class=\"torrent").count(), 1_000);
        assert!(text.contains(">aged 999<") && !text.contains(">aged 1000<"));
        assert!(text.contains("<dt>Torrents</dt><dd>2,500</dd>"));
        assert!(text.contains("<caption>The newest 1,000 torrents</caption>"));
        assert!(text.contains("1,500 older torrents are not shown"), "{text}");
        let all = list(1_000);
        assert!(all.contains("<caption>Torrents, newest first</caption>"));
        assert!(!all.contains("not shown"));
    }
}
