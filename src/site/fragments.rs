//! The pieces of HTML and XML that pages include: the stats table and the RSS items.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::format::{age, bytes, percent, rate};
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;
use crate::tracker::{Figures, Report, Row};

/// What stays as it is in a URL: unreserved characters (RFC 3986, 2.3) and the slashes of a path.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
const COMPONENT: &AsciiSet = &PATH.add(b'/');

/// The stats table.
#[derive(Template)]
#[template(path = "stats_fragment.html")]
pub(super) struct StatsFragment {
    rows: Vec<StatsRow>,
    totals: Cells,
    updated: String,
    updated_machine: String,
    period_minutes: u32,
    /// What visitors should know of the load, if it is high.
    high_load: Option<HighLoad>,
}

struct HighLoad {
    announces_a_second: u64,
    interval_minutes: u32,
}

struct StatsRow {
    cells: Cells,
    age: String,
    info_url: Option<String>,
    torrent_url: String,
    magnet: Option<String>,
    name: String,
}

/// The figures of a row, ready to be read.
struct Cells {
    rate: String,
    progress: String,
    seeders: u64,
    leechers: u64,
    partial_seeds: u64,
    transferred: String,
    downloaded: String,
    completed: u64,
    size: String,
}

impl StatsFragment {
    pub(super) fn new(report: &Report, loaded: &LoadedConfig) -> Self {
        let time = system_time(report.at);
        Self {
            rows: report.rows.iter().map(|row| StatsRow::new(row, loaded)).collect(),
            totals: Cells::new(&report.totals),
            updated: httpdate::fmt_http_date(time),
            updated_machine: machine_time(report.at),
            period_minutes: report.next_in.in_minutes_rounded_up(),
            high_load: report.load.is_high.then(|| HighLoad {
                announces_a_second: report.load.announces / 60,
                interval_minutes: report.load.interval.in_minutes_rounded_up(),
            }),
        }
    }
}

impl StatsRow {
    fn new(row: &Row, loaded: &LoadedConfig) -> Self {
        let base = torrents_base(loaded);
        let torrent = &row.torrent;
        Self {
            cells: Cells::new(&row.figures),
            age: age(row.age),
            info_url: torrent.info_page.as_deref().map(|page| url_below(base, page)),
            torrent_url: url_below(base, &torrent.file),
            magnet: magnet(row, loaded),
            name: torrent.name.clone(),
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
    link: String,
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
        let mut rows: Vec<&Row> = report.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.torrent.first_seen));
        let newest = rows.first().map_or(report.at, |row| row.torrent.first_seen);
        rows.truncate(usize::try_from(loaded.config.pages.feed_items).unwrap_or(usize::MAX));
        Self {
            items: rows.into_iter().map(|row| RssItem::new(row, loaded)).collect(),
            last_build: httpdate::fmt_http_date(system_time(newest)),
            ttl_minutes: report.next_in.in_minutes_rounded_up(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl RssItem {
    fn new(row: &Row, loaded: &LoadedConfig) -> Self {
        let torrent = &row.torrent;
        let category = torrent.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self {
            title: xml_text(&torrent.name),
            link: url_below(&loaded.torrents_url_for_readers(), &torrent.file),
            guid: format!("urn:btih:{}", torrent.canonical),
            published: httpdate::fmt_http_date(system_time(torrent.first_seen)),
            category: category.map(|folder| xml_text(&folder.to_string_lossy())),
            description: html(&xml_text(&format!("{} ({})", torrent.name, bytes(torrent.size, 2)))),
            length: torrent.file_size,
        }
    }
}

/// Text without the characters that XML 1.0 (2.2) does not allow, escaped or not.
fn xml_text(text: &str) -> String {
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

/// Where the torrents are: absolute when the owner says where, else beside the page.
fn torrents_base(loaded: &LoadedConfig) -> &str {
    if loaded.torrents_url_is_set { &loaded.config.paths.torrents_url } else { "torrents" }
}

/// The address of a file below a base address.
fn url_below(base: &str, file: &Path) -> String {
    let path = percent_encode(file.as_os_str().as_bytes(), PATH);
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// A magnet link: both hashes of a hybrid, name, size, and the tracker if it knows its own address
/// (BEP 9, BEP 52). A private torrent has none: who begins with a magnet link asks everybody for peers
/// before it can know that it should not (BEP 27).
fn magnet(row: &Row, loaded: &LoadedConfig) -> Option<String> {
    let torrent = &row.torrent;
    if torrent.private {
        return None;
    }
    let mut topics = Vec::new();
    topics.extend(torrent.v1.map(|hash| format!("xt=urn:btih:{hash}")));
    topics.extend(torrent.v2.map(|hash| format!("xt=urn:btmh:1220{hash}")));
    let name = percent_encode(torrent.name.as_bytes(), COMPONENT);
    let mut link = format!("magnet:?{}&dn={name}&xl={}", topics.join("&"), torrent.size);
    if loaded.announce_url_is_set {
        let tracker = percent_encode(loaded.config.tracker.announce_url.as_bytes(), COMPONENT);
        link += &format!("&tr={tracker}");
    }
    Some(link)
}

fn system_time(at: Timestamp) -> SystemTime {
    // Later than the year 9999 is no date that HTTP can write.
    SystemTime::UNIX_EPOCH + Duration::from_secs(at.0.min(253_402_300_799))
}

/// RFC 3339 in UTC, for machines, from the IMF-fixdate `Sun, 06 Nov 1994 08:49:37 GMT`.
fn machine_time(at: Timestamp) -> String {
    let text = httpdate::fmt_http_date(system_time(at));
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split(' ').skip(1);
    let mut part = || parts.next().unwrap_or_default();
    let (day, month, year, time) = (part(), part(), part(), part());
    let month = months.iter().position(|&name| name == month).map_or(0, |index| index + 1);
    format!("{year}-{month:02}-{day}T{time}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_time_is_rfc_3339() {
        assert_eq!(machine_time(Timestamp(784_111_777)), "1994-11-06T08:49:37Z");
    }

    #[test]
    fn an_address_escapes_every_byte_that_is_not_plain() {
        use std::ffi::OsStr;
        let file = Path::new(OsStr::from_bytes(b"a b/\xff&\"#.torrent"));
        assert_eq!(url_below("http://x/t/", file), "http://x/t/a%20b/%FF%26%22%23.torrent");
    }

    #[test]
    fn control_characters_never_reach_xml() {
        assert_eq!(xml_text("a\u{1}b\nc"), "a\u{fffd}b c");
    }
}
