//! The statistics of all torrents together: totals, charts, lists of the first ones, and what their peers have in
//! common. No peer is told by it.

use std::cmp::Ordering;

use askama::Template;

use super::frame::{Frame, STATISTICS};
use super::history::Charts;
use super::places::{Places, Way};
use crate::site::fragments::Foot;
use crate::site::language::Texts;
use crate::site::rows::{first, lacking_seeders};
use crate::tracker::{PeerShares, Report, Row};

/// Torrents of a list that are seen at once.
const SEEN: usize = 10;

/// Torrents of a list at most.
const MOST: usize = 100;

/// Programs that are named at most.
const MOST_CLIENTS: usize = 12;

/// The page.
#[derive(Template)]
#[template(path = "pages/statistics.html")]
pub(super) struct StatisticsPage {
    frame: Frame,
    torrents: String,
    totals: Totals,
    load: LoadView,
    charts: Charts,
    most_seeders: TopList,
    most_leechers: TopList,
    most_completed: TopList,
    needy: Vec<Needy>,
    shares: Option<SharesView>,
    /// Whether the figures are there as files too.
    pub(super) has_data: bool,
    period: String,
}

struct Totals {
    size: String,
    seeders: String,
    leechers: String,
    partial_seeds: Option<String>,
    completed: String,
    downloaded: String,
}

struct LoadView {
    announces: String,
    interval: String,
    is_high: bool,
}

/// The torrents with the most of something.
struct TopList {
    seen: Vec<Top>,
    more: Vec<Top>,
}

struct Top {
    title: String,
    page: Option<String>,
    figure: String,
}

/// A torrent that has fewer seeders than leechers.
struct Needy {
    title: String,
    page: Option<String>,
    size: String,
    seeders: String,
    leechers: String,
}

struct SharesView {
    /// How many peers were counted of how many, where not all were.
    sample: Option<(String, String)>,
    clients: Vec<Bar>,
    others: Option<Bar>,
    /// IPv4 only, IPv6 only, both.
    families: [Bar; 3],
    /// 6881 to 6889, 51413, below 1024, others, none.
    ports: [Bar; 5],
}

/// A share of all, as a bar and in percent.
struct Bar {
    name: String,
    width: String,
    percent: String,
}

impl StatisticsPage {
    pub(super) fn new(report: &Report, places: &Places<'_>, charts: Charts) -> Self {
        let mut frame = Frame::new(places, Way::Static(0), places.texts.frame.statistics);
        frame.is_statistics = true;
        frame.is_at(STATISTICS, places.loaded);
        let texts = places.texts;
        frame.foot = Some(Foot::new(report, texts));
        let list = |of: fn(&Row) -> u64| TopList::new(report, places, of);
        let totals = &report.totals;
        Self {
            frame,
            torrents: texts.number(report.rows.len()),
            totals: Totals {
                size: texts.bytes(totals.size, 2),
                seeders: texts.number(totals.seeders),
                leechers: texts.number(totals.leechers),
                partial_seeds: (totals.partial_seeds > 0)
                    .then(|| texts.number(totals.partial_seeds)),
                completed: texts.number(totals.completed),
                downloaded: texts.bytes(totals.downloaded, 2),
            },
            load: LoadView {
                announces: texts.number(report.load.announces),
                interval: texts.minutes(report.load.interval),
                is_high: report.load.is_high,
            },
            charts,
            most_seeders: list(|row| row.figures.seeders),
            most_leechers: list(|row| row.figures.leechers),
            most_completed: list(|row| row.figures.completed),
            needy: needy(report, places),
            shares: report
                .shares
                .as_ref()
                .filter(|it| it.counted > 0)
                .map(|shares| SharesView::new(shares, texts)),
            has_data: false,
            period: texts.minutes(report.next_in),
        }
    }
}

impl TopList {
    /// Those with none of it are not among them.
    fn new(report: &Report, places: &Places<'_>, of: fn(&Row) -> u64) -> Self {
        // What costs the most is left out under high load.
        let most = if report.load.is_high { SEEN } else { MOST };
        let rows = first(&report.rows, most, |a, b| of(b).cmp(&of(a)).then_with(|| by_hash(a, b)));
        let rows = rows.into_iter().filter(|row| of(row) > 0);
        let mut seen: Vec<Top> = rows
            .map(|row| Top {
                title: row.torrent.title().into_owned(),
                page: places.page_of(&row.torrent, Way::Static(0)),
                figure: places.texts.number(of(row)),
            })
            .collect();
        let more = seen.split_off(seen.len().min(SEEN));
        Self { seen, more }
    }
}

fn by_hash(a: &Row, b: &Row) -> Ordering {
    a.torrent.canonical.cmp(&b.torrent.canonical)
}

/// Those for which the most wait that few seed.
fn needy(report: &Report, places: &Places<'_>) -> Vec<Needy> {
    let rows = lacking_seeders(&report.rows, SEEN).into_iter();
    rows.map(|row| Needy {
        title: row.torrent.title().into_owned(),
        page: places.page_of(&row.torrent, Way::Static(0)),
        size: row.torrent.known_size().map(|size| places.texts.bytes(size, 2)).unwrap_or_default(),
        seeders: places.texts.number(row.figures.seeders),
        leechers: places.texts.number(row.figures.leechers),
    })
    .collect()
}

impl SharesView {
    fn new(shares: &PeerShares, texts: &Texts) -> Self {
        let all = shares.counted;
        let bar = |name: &str, count: u64| Bar::new(name.to_owned(), count, all, texts);
        let unnamed = |count: u64| bar("", count);
        let named = shares.clients.iter().take(MOST_CLIENTS);
        let others = all.saturating_sub(named.clone().map(|(_, count)| count).sum());
        let (families, ports) = (shares.families, shares.ports);
        Self {
            sample: (shares.counted < shares.all)
                .then(|| (texts.number(shares.counted), texts.number(shares.all))),
            clients: named.map(|(name, count)| bar(name, *count)).collect(),
            others: (others > 0).then(|| unnamed(others)),
            families: [families.v4, families.v6, families.both].map(unnamed),
            ports: [ports.first, ports.transmission, ports.low, ports.other, ports.none]
                .map(unnamed),
        }
    }
}

impl Bar {
    #[allow(clippy::cast_precision_loss)] // Shown with three digits.
    fn new(name: String, count: u64, all: u64, texts: &Texts) -> Self {
        let percent = count as f64 * 100.0 / all.max(1) as f64;
        Self { name, width: format!("{percent:.1}"), percent: texts.percent(percent) }
    }
}
