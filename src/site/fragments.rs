//! The pieces of HTML and XML that pages include: the stats table and the RSS items.

use std::cmp::Ordering;
use std::os::unix::ffi::OsStrExt;

use askama::Template;

use super::format::{age, bytes, percent, rate};
use super::language::{Texts, texts};
use super::links::{Links, torrent_url};
use super::rows::{first, first_rows, grouped_length, more_than};
use crate::catalog::{ListFacts, natural};
use crate::config::{Language, LoadedConfig};
use crate::platform::date;
use crate::platform::order::Order as _;
use crate::protocol::Timestamp;
use crate::tracker::{Figures, Report, Row};

/// So many times the usual time after they were counted, figures count as old.
const LATE: u32 = 4;

/// The stats table.
#[derive(Template)]
#[template(path = "stats_fragment.html")]
pub(super) struct StatsFragment {
    rows: Vec<StatsRow>,
    torrents: usize,
    shown: String,
    /// How many more torrents there are than rows, if there are more.
    more: Option<String>,
    totals: Cells,
    /// Whether the fifth column has leechers that others cannot connect to, as TrackerCGI's has; else partial seeds.
    tells_unreachable: bool,
    foot: Foot,
}

/// What stands below all torrents.
#[derive(Template)]
#[template(path = "foot.html")]
pub(super) struct Foot {
    texts: &'static Texts,
    counted: String,
    counted_machine: String,
    /// How often all is counted: `15 minutes`.
    pub(super) period: String,
    /// How long ago that was, where it should have been done again since.
    late: Option<String>,
    /// What visitors should know of the load, if it is high.
    high_load: Option<HighLoad>,
}

struct HighLoad {
    announces_a_second: String,
    interval: String,
}

struct StatsRow {
    cells: Cells,
    /// Whether nobody has everything.
    is_unseeded: bool,
    age: String,
    links: Links,
    name: String,
}

/// The figures of a row, ready to be read.
struct Cells {
    rate: String,
    progress: String,
    seeders: u64,
    leechers: u64,
    unreachable: u64,
    partial_seeds: u64,
    transferred: String,
    downloaded: String,
    completed: u64,
    size: String,
}

impl StatsFragment {
    pub(super) fn new(report: &Report, loaded: &LoadedConfig) -> Self {
        // Of too many those show what goes on here; they stand in the order of their paths like all.
        let mut shown = first_rows(&report.rows, loaded, |a, b| {
            b.figures.peers().cmp(&a.figures.peers()).then_with(|| newest_first(a, b))
        });
        shown.order_by(|a, b| by_path(a, b));
        Self {
            torrents: report.rows.len(),
            shown: grouped_length(shown.len()),
            more: more_than(shown.len(), report),
            rows: shown.into_iter().map(|row| StatsRow::new(row, loaded, report.at)).collect(),
            totals: Cells::new(&report.totals),
            tells_unreachable: report.totals.unreachable.is_some(),
            foot: Foot::new(report, texts(Language::English)),
        }
    }
}

impl Foot {
    pub(super) fn new(report: &Report, texts: &'static Texts) -> Self {
        Self {
            texts,
            counted: texts.moment(report.at),
            counted_machine: date::rfc_3339(report.at.0),
            period: texts.minutes(report.next_in),
            late: None,
            high_load: report.load.is_high.then(|| HighLoad {
                announces_a_second: texts.number(report.load.announces / 60),
                interval: texts.minutes(report.load.interval),
            }),
        }
    }
}

impl Foot {
    /// For a page that is made at a later time.
    pub(super) fn of_index(facts: &ListFacts, now: Timestamp, texts: &'static Texts) -> Self {
        let ListFacts { counted_at, next_in, high_load } = *facts;
        let age = now.since(counted_at);
        Self {
            texts,
            counted: texts.moment(counted_at),
            counted_machine: date::rfc_3339(counted_at.0),
            period: texts.minutes(next_in),
            // Where requests bring it about, it is a little late at quiet times.
            late: (age.0 / LATE > next_in.0).then(|| texts.words.ago.with(texts.duration(age))),
            high_load: high_load.map(|load| HighLoad {
                announces_a_second: texts.number(load.announces),
                interval: texts.minutes(load.interval),
            }),
        }
    }
}

impl StatsRow {
    fn new(row: &Row, loaded: &LoadedConfig, now: Timestamp) -> Self {
        Self {
            cells: Cells::new(&row.figures),
            is_unseeded: row.is_unseeded(),
            age: age(row.age),
            links: Links::of(&row.torrent, loaded, now),
            name: row.torrent.title().into_owned(),
        }
    }
}

impl Cells {
    fn new(figures: &Figures) -> Self {
        Self {
            rate: rate(figures.rate),
            progress: percent(figures.progress),
            seeders: figures.seeders,
            leechers: figures.leechers,
            unreachable: figures.unreachable.unwrap_or(0),
            partial_seeds: figures.partial_seeds,
            transferred: bytes(figures.transferred, 3),
            downloaded: bytes(figures.downloaded, 3),
            completed: figures.completed,
            size: bytes(figures.size, 2),
        }
    }
}

/// The RSS items, newest first (RSS 2.0, BEP 36).
#[derive(Template)]
#[template(path = "rss_fragment.xml")]
pub(super) struct RssFragment {
    items: Vec<RssItem>,
    last_build: String,
    ttl_minutes: u32,
    version: &'static str,
}

struct RssItem {
    title: String,
    link: Option<String>,
    /// Never changes for one torrent, wherever its file moves.
    guid: String,
    published: String,
    category: Option<String>,
    /// HTML, which readers take it for.
    description: String,
    /// Bytes of the .torrent file, which is what is enclosed.
    length: u64,
}

impl RssFragment {
    pub(super) fn new(report: &Report, loaded: &LoadedConfig) -> Self {
        let most = usize::try_from(loaded.config.pages.feed_items).unwrap_or(usize::MAX);
        let rows = first(&report.rows, most, newest_first);
        let newest = rows.first().map_or(report.at, |row| row.torrent.first_seen);
        Self {
            items: rows.into_iter().map(|row| RssItem::new(row, loaded, report.at)).collect(),
            last_build: date::http(newest.0),
            ttl_minutes: report.next_in.in_minutes_rounded_up(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// Numbers in paths count as numbers.
fn by_path(a: &Row, b: &Row) -> Ordering {
    let (a, b) = (&a.torrent, &b.torrent);
    natural::compare(a.file.as_os_str().as_bytes(), b.file.as_os_str().as_bytes())
        .then_with(|| a.canonical.cmp(&b.canonical))
}

/// Those of one moment by their paths.
fn newest_first(a: &Row, b: &Row) -> Ordering {
    b.torrent.first_seen.cmp(&a.torrent.first_seen).then_with(|| by_path(a, b))
}

impl RssItem {
    fn new(row: &Row, loaded: &LoadedConfig, now: Timestamp) -> Self {
        let torrent = &row.torrent;
        let title = torrent.title();
        let described = torrent.details().description.clone();
        let described = described.unwrap_or_else(|| match torrent.known_size() {
            Some(size) => format!("{title} ({})", bytes(size, 2)),
            None => title.to_string(),
        });
        Self {
            title: xml_text(&title),
            link: torrent_url(torrent, loaded, now),
            guid: format!("urn:btih:{}", torrent.canonical),
            published: date::http(torrent.first_seen.0),
            category: torrent.category().map(|category| xml_text(&category)),
            description: html(&xml_text(&described)),
            length: torrent.file_size,
        }
    }
}

/// Text without the characters that XML 1.0 (2.2) does not allow, escaped or not.
pub(super) fn xml_text(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' => ' ',
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// Text as HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_xml() {
        assert_eq!(xml_text("a\u{1}b\nc"), "a\u{fffd}b c");
    }
}
