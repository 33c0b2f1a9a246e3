//! The list that the script makes: searched, sorted, page by page.

use askama::Template;

use super::dynamic::{fail, put_page};
use super::find::{Find, Heads};
use super::frame::Frame;
use super::list_query::{ListQuery, Slips};
use super::pager::{Pager, Part};
use super::places::{Places, Way};
use super::row::RowView;
use crate::catalog::{Catalog, External, Initial, ListHit, ListHits, ListIndex, Torrent};
use crate::gateway::Response;
use crate::protocol::Timestamp;
use crate::site::format::counted_grouped;
use crate::site::fragments::Foot;
use crate::site::rows::grouped_length;
use crate::tracker::{Figures, Row, Tracker, list_index};

/// A page of what was found.
#[derive(Template)]
#[template(path = "pages/search.html")]
struct SearchPage {
    frame: Frame,
    /// What was looked for; empty where it is all.
    text: String,
    category: Option<String>,
    group: Option<String>,
    initial: Option<String>,
    /// The same in all categories and groups.
    everywhere: Option<String>,
    slips: Slips,
    /// What page was asked for behind the last one.
    beyond: Option<usize>,
    found: String,
    find: Find,
    heads: Heads,
    rows: Vec<RowView>,
    pager: Option<Pager>,
    more: Option<String>,
    has_magnets: bool,
    meant: Option<Meant>,
    /// How many torrents there are in all.
    all: Option<String>,
}

/// What was probably meant.
struct Meant {
    text: String,
    address: String,
}

/// What goes onto a page.
struct Found {
    hits: ListHits,
    part: Part,
    torrents: Vec<Torrent>,
    external: Vec<External>,
    meant: Option<String>,
}

/// The list that this query asks for. Nothing in it is hidden, denied or retired, or has become so since the last
/// refresh.
pub(in crate::site) fn show_list(
    tracker: &Tracker,
    query: &[u8],
    now: Timestamp,
    response: &mut Response,
) {
    let (query, slips) = ListQuery::read(query);
    let made = make(tracker, query, slips, now);
    let rendered = made.and_then(|page| Ok(page.render()?));
    match rendered {
        Ok(text) => {
            // So many lists of the same torrents are nothing for search engines.
            response.headers.push(("X-Robots-Tag", "noindex".into()));
            put_page(response, &text);
        }
        Err(problem) => {
            crate::error!("cannot show the list: {problem}");
            fail(response);
        }
    }
}

/// What can keep a list from being shown.
#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error(transparent)]
    Index(#[from] crate::catalog::ListIndexError),
    #[error(transparent)]
    Open(#[from] list_index::OpenError),
    #[error(transparent)]
    Catalog(#[from] crate::catalog::CatalogError),
    #[error(transparent)]
    Render(#[from] askama::Error),
}

fn make(
    tracker: &Tracker,
    mut query: ListQuery,
    slips: Slips,
    now: Timestamp,
) -> Result<SearchPage, ListError> {
    let index = list_index::open(tracker, now)?;
    let asked = query.page;
    let found = find(tracker, &index, &query)?;
    query.page = found.part.number;
    let categories = index.categories()?.into_iter().map(|it| (it.name, it.torrents));
    let find = Find::new("list".into(), &query, &categories.collect::<Vec<_>>());
    let places = Places::of_one(tracker.config(), &found.external);
    let shown = |torrent: &Torrent| torrent.unlisted(now).is_none() && !is_denied(tracker, torrent);
    let rows: Vec<RowView> = rows(&found, now)
        .filter(|row| shown(&row.torrent))
        .map(|row| RowView::new(&row, &places, Way::Search, now))
        .collect();
    let Found { hits, part, meant, .. } = found;
    let mut frame = Frame::new(&places, Way::Search, &query.text);
    frame.canonical = Some(query.address());
    frame.foot = Some(Foot::of_index(index.facts(), now));
    let is_narrow = query.category.is_some() || query.group.is_some() || query.initial.is_some();
    let everywhere = ListQuery { text: query.text.clone(), ..ListQuery::default() };
    let address = |number| ListQuery { page: number, ..query.clone() }.address();
    Ok(SearchPage {
        beyond: (asked != query.page).then_some(asked),
        found: counted_grouped(hits.matching, "torrent"),
        heads: Heads::new(
            |order| query.sorted_by(order).address(),
            Some((query.order, query.reverse)),
        ),
        everywhere: is_narrow.then(|| everywhere.address()),
        pager: Pager::new(part, address),
        more: Some(part.left_out())
            .filter(|&left| left > 0 && part.number == part.pages)
            .map(grouped_length),
        has_magnets: rows.iter().any(|row| row.magnet.is_some()),
        meant: meant.map(|text| Meant {
            address: ListQuery { text: text.clone(), page: 1, ..query.clone() }.address(),
            text,
        }),
        all: (index.torrents() > 0).then(|| counted_grouped(index.torrents(), "torrent")),
        initial: query.initial.map(Initial::name),
        text: query.text,
        category: query.category,
        group: query.group,
        frame,
        slips,
        find,
        rows,
    })
}

fn find(tracker: &Tracker, index: &ListIndex, query: &ListQuery) -> Result<Found, ListError> {
    let config = &tracker.config().config;
    let rows = usize::try_from(config.pages.rows).unwrap_or(usize::MAX);
    let search = query.search();
    let page_of = |part: Part| part.start()..part.start().saturating_add(rows);
    let asked = Part { number: query.page, pages: query.page, rows, all: usize::MAX };
    let mut hits = index.search(&search, page_of(asked))?;
    let part = Part::at(query.page, hits.matching, rows);
    if part.number != query.page {
        hits = index.search(&search, page_of(part))?;
    }
    let is_nothing = hits.matching == 0 && !search.words.is_empty();
    let meant = if is_nothing { index.nearest(&search)? } else { None };
    let catalog = Catalog::read(&config.paths.catalog)?;
    let hashes: Vec<_> = hits.hits.iter().map(|hit| hit.info_hash).collect();
    Ok(Found {
        torrents: catalog.torrents_named(&hashes)?,
        external: catalog.external()?,
        meant: meant.map(|words| words.join(" ")),
        hits,
        part,
    })
}

/// The torrents that were found, with the figures that they were sorted by.
fn rows(found: &Found, now: Timestamp) -> impl Iterator<Item = Row> {
    let mut hits = found.hits.hits.iter();
    found.torrents.iter().filter_map(move |torrent| {
        // Both are in the same order; of the torrents some may be missing.
        let hit = hits.find(|hit| hit.info_hash == torrent.canonical)?;
        let age = now.since(torrent.first_seen);
        Some(Row { torrent: torrent.clone(), figures: figures(hit, torrent), age })
    })
}

fn figures(hit: &ListHit, torrent: &Torrent) -> Figures {
    Figures {
        seeders: hit.seeders,
        leechers: hit.leechers,
        completed: hit.completed,
        size: torrent.size,
        ..Figures::default()
    }
}

fn is_denied(tracker: &Tracker, torrent: &Torrent) -> bool {
    tracker.denies(torrent.canonical) || torrent.aliases().any(|alias| tracker.denies(alias))
}
