//! The list that the script makes: searched, sorted, page by page.

use askama::Template;

use super::answer::{put_page, spoken};
use super::find::{Find, Heads};
use super::frame::Frame;
use super::list_query::{ListQuery, Slips};
use super::message;
use super::pager::{MOST, Pager, Part};
use super::places::{Places, Spoken, Way};
use super::row::RowView;
use crate::catalog::{Catalog, External, Initial, ListIndex, ListSearch};
use crate::gateway::Response;
use crate::protocol::Timestamp;
use crate::site::appearance::Appearance;
use crate::site::fragments::Foot;
use crate::tracker::list_index::{self, FoundTorrent};
use crate::tracker::{Figures, Row, Tracker};

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
    all: Option<All>,
}

/// The list of all torrents.
struct All {
    address: String,
    torrents: String,
}

/// Torrents of which one must be shown now, where a word is told that was probably meant.
const LOOKED_UP: usize = 100;

/// What a visitor asks for.
#[derive(Clone)]
struct Asked {
    query: ListQuery,
    slips: Slips,
    spoken: Spoken,
}

/// What was probably meant.
struct Meant {
    text: String,
    address: String,
}

/// What a search has found.
struct Found {
    /// How many fit, without those of this page that have been hidden since.
    matching: usize,
    part: Part,
    rows: Vec<Row>,
    external: Vec<External>,
    meant: Option<String>,
}

/// The list that this query asks for. Nothing in it is hidden, denied or retired, or has become so since the last
/// refresh.
pub(in crate::site) fn show_list(
    tracker: &Tracker,
    query: &[u8],
    accepted: &str,
    now: Timestamp,
    response: &mut Response,
) {
    let (mut query, slips) = ListQuery::read(query);
    let spoken = spoken(query.language, accepted, tracker.config());
    query.language = spoken.is_named.then_some(spoken.language);
    let asked = Asked { query, slips, spoken };
    let made = list_index::ask(tracker, now, |index| make(tracker, index, asked.clone(), now));
    let rendered = made.and_then(|page| Ok(page.render()?));
    match rendered {
        Ok(text) => {
            // So many lists of the same torrents are nothing for search engines.
            response.headers.push(("X-Robots-Tag", "noindex".into()));
            put_page(response, &text, tracker.config(), spoken);
        }
        Err(problem) => {
            crate::error!("cannot show the list: {problem}");
            message::fail(tracker.config(), Way::Search, spoken, response);
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
    index: &ListIndex,
    asked: Asked,
    now: Timestamp,
) -> Result<SearchPage, ListError> {
    let Asked { query, slips, spoken } = asked;
    let found = find(tracker, index, &query, now)?;
    let categories = index.categories()?.into_iter().map(|it| (it.name, it.torrents));
    let categories: Vec<_> = categories.collect();
    let places = Places::of_one(tracker.config(), &found.external, spoken);
    let texts = places.texts;
    let beyond = (query.page != found.part.number).then_some(query.page);
    let query = ListQuery { page: found.part.number, ..query };
    let rows: Vec<RowView> =
        found.rows.iter().map(|row| RowView::new(row, &places, Way::Search, now)).collect();
    let mut frame = Frame::new(&places, Way::Search, &subject(&query, tracker));
    frame.canonical = Some(query.address());
    frame.foot = Some(Foot::of_index(index.facts(), now, texts));
    let in_language = |language| ListQuery { language: Some(language), ..query.clone() }.address();
    frame.speaks(tracker.config(), in_language, |_| None);
    let sorted = Some((query.order, query.reverse));
    let of = |text: String| ListQuery { text, ..query.clone() }.address();
    Ok(SearchPage {
        frame,
        everywhere: everywhere(&query),
        slips,
        beyond,
        found: texts.counted(found.matching, texts.counts.torrents),
        find: Find::new(ListQuery::default().address(), &query, &categories),
        heads: Heads::new(|order| query.sorted_by(order).address(), sorted),
        pager: Pager::new(found.part, texts, |page| ListQuery { page, ..query.clone() }.address()),
        more: found
            .part
            .more_behind_the_last()
            .map(|more| texts.counted(more, texts.counts.torrents)),
        has_magnets: rows.iter().any(|row| row.magnet.is_some()),
        rows,
        meant: found.meant.map(|text| Meant { address: of(text.clone()), text }),
        all: (index.torrents() > 0).then(|| All {
            address: ListQuery::in_language(query.language).address(),
            torrents: texts.number(index.torrents()),
        }),
        initial: query.initial.map(Initial::name),
        text: query.text,
        category: query.category,
        group: query.group,
    })
}

/// What the page is called: by what is looked for and where; the site, where it is all.
fn subject(query: &ListQuery, tracker: &Tracker) -> String {
    let text = Some(query.text.clone()).filter(|text| !text.is_empty());
    let initial = query.initial.map(Initial::name);
    let parts = [text, query.category.clone(), query.group.clone(), initial];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return Appearance::of(tracker.config()).title(tracker.config()).to_owned();
    }
    parts.join(", ")
}

/// The address of the same search in all there is, where this one is in a part of it.
fn everywhere(query: &ListQuery) -> Option<String> {
    let is_narrow = query.category.is_some() || query.group.is_some() || query.initial.is_some();
    let everywhere =
        ListQuery { text: query.text.clone(), ..ListQuery::in_language(query.language) };
    is_narrow.then(|| everywhere.address())
}

fn find(
    tracker: &Tracker,
    index: &ListIndex,
    query: &ListQuery,
    now: Timestamp,
) -> Result<Found, ListError> {
    let config = &tracker.config().config;
    let rows = usize::try_from(config.pages.rows).unwrap_or(usize::MAX);
    let search = query.search();
    let catalog = Catalog::read(&config.paths.catalog)?;
    let both = (index, &catalog);
    let page = |number: usize| {
        let start = (number - 1).saturating_mul(rows);
        list_index::find(tracker, both, &search, start..start.saturating_add(rows), now)
    };
    let mut found = page(query.page.min(MOST))?;
    let part = Part::at(query.page, found.matching, rows);
    if part.number != query.page.min(MOST) {
        found = page(part.number)?;
    }
    let is_nothing = found.matching == 0 && !search.words.is_empty();
    let meant = if is_nothing { index.nearest(&search)? } else { None };
    let meant = match meant {
        Some(words) => {
            let meant = ListSearch { words, ..search };
            let nearest = list_index::find(tracker, both, &meant, 0..LOOKED_UP, now)?;
            (!nearest.torrents.is_empty()).then_some(meant.words)
        }
        None => None,
    };
    Ok(Found {
        matching: found.total,
        part,
        rows: found.torrents.into_iter().map(|found| row(found, now)).collect(),
        external: catalog.external()?,
        meant: meant.map(|words| words.join(" ")),
    })
}

fn row(FoundTorrent { torrent, hit }: FoundTorrent, now: Timestamp) -> Row {
    let figures = Figures {
        seeders: hit.seeders,
        leechers: hit.leechers,
        completed: hit.completed,
        size: torrent.size,
        ..Figures::default()
    };
    Row { age: now.since(torrent.first_seen), figures, torrent }
}
