//! `GET /api/v1/torrents`: the listed torrents, chosen, sorted, a page at a time.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::given::Given;
use super::{Failed, Found, Problem, given};
use crate::catalog::{Catalog, ListOrder, ListSearch, Torrent, words_of};
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;
use crate::site::links::Links;
use crate::site::{Call, Ready};
use crate::tracker::list_index::{self, FoundPart, FoundTorrent};

const NAMES: &[&str] = &["query", "category", "group", "sort", "page", "rows"];

/// Torrents of a page, where nobody says how many, and at most.
const ROWS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99);
const MOST_ROWS: usize = 1000;

/// Pages at most: beyond all that there can be.
const MOST_PAGES: usize = 1_000_000_000;

/// By what torrents are sorted, and whether the other way round.
const ORDERS: [(&str, (ListOrder, bool)); 12] = [
    ("name", (ListOrder::Name, false)),
    ("-name", (ListOrder::Name, true)),
    ("size", (ListOrder::Size, false)),
    ("-size", (ListOrder::Size, true)),
    ("seeders", (ListOrder::Seeders, false)),
    ("-seeders", (ListOrder::Seeders, true)),
    ("leechers", (ListOrder::Leechers, false)),
    ("-leechers", (ListOrder::Leechers, true)),
    ("completed", (ListOrder::Completed, false)),
    ("-completed", (ListOrder::Completed, true)),
    ("added", (ListOrder::Added, false)),
    ("-added", (ListOrder::Added, true)),
];

/// A page of torrents.
#[derive(Serialize)]
pub(super) struct Page {
    total: usize,
    page: usize,
    pages: usize,
    rows: usize,
    refreshed_at: Option<u64>,
    links: PageLinks,
    torrents: Vec<Row>,
}

/// Where the other pages are, to be resolved against the address of this one.
#[derive(Serialize)]
struct PageLinks {
    first: String,
    previous: Option<String>,
    next: Option<String>,
    last: String,
}

/// What is said of each torrent, in a list and alone.
#[derive(Serialize)]
pub(super) struct About {
    info_hash: String,
    info_hash_v1: Option<String>,
    info_hash_v2: Option<String>,
    title: String,
    name: String,
    category: Option<String>,
    group: Option<String>,
    size: Option<u64>,
    private: bool,
    web_seed: bool,
    first_seen: u64,
    links: TorrentLinks,
}

/// Where a torrent and more about it is.
#[derive(Serialize)]
struct TorrentLinks {
    torrent: Option<String>,
    magnet: Option<String>,
    mirror: Option<String>,
    info: Option<String>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    about: About,
    seeders: u64,
    leechers: u64,
    completed: u64,
}

impl About {
    pub(super) fn new(torrent: &Torrent, loaded: &LoadedConfig, now: Timestamp) -> Self {
        let links = Links::for_readers(torrent, loaded, now);
        let details = torrent.details();
        Self {
            info_hash: torrent.canonical.to_string(),
            info_hash_v1: torrent.hashes().v1().map(|hash| hash.to_string()),
            info_hash_v2: torrent.v2.map(|hash| hash.to_string()),
            title: torrent.title().into_owned(),
            name: torrent.name.clone(),
            category: torrent.category().map(std::borrow::Cow::into_owned),
            group: details.group.clone(),
            size: torrent.known_size(),
            private: torrent.private,
            web_seed: torrent.has_web_seed,
            first_seen: torrent.first_seen.no_later_than(now).0,
            links: TorrentLinks {
                torrent: links.torrent,
                magnet: links.magnet,
                mirror: details.mirror.clone().filter(|_| torrent.may_be_linked(now)),
                info: links.info,
            },
        }
    }
}

/// Finds the page that is asked for.
pub(super) fn find(ready: &Ready, call: &Call<'_>) -> Result<Found<Page>, Failed> {
    let given = given(call, NAMES)?;
    let (order, reverse) = given.one_of("sort", &ORDERS)?.unwrap_or((ListOrder::Name, false));
    let page = given.number("page", MOST_PAGES)?.unwrap_or(NonZeroUsize::MIN).get();
    let rows = given.number("rows", MOST_ROWS)?.unwrap_or(ROWS).get();
    let search = ListSearch {
        words: words_of(given.text("query").unwrap_or_default()),
        category: given.text("category").map(str::to_owned),
        group: given.text("group").map(str::to_owned),
        initial: None,
        order,
        reverse,
    };
    let tracker = &ready.tracker;
    let start = (page - 1).saturating_mul(rows);
    let places = start..start.saturating_add(rows);
    let catalog = Catalog::read(&tracker.config().config.paths.catalog).map_err(Problem::log)?;
    let found = list_index::ask(tracker, call.now, |index| {
        list_index::find(tracker, (index, &catalog), &search, places.clone(), call.now)
    });
    let FoundPart { matching, total, torrents } = found.map_err(Problem::log)?;
    let pages = matching.div_ceil(rows).max(1);
    let refreshed_at = catalog.last_refresh().map_err(Problem::log)?;
    let row = |FoundTorrent { torrent, hit }: &FoundTorrent| Row {
        about: About::new(torrent, tracker.config(), call.now),
        seeders: hit.seeders,
        leechers: hit.leechers,
        completed: hit.completed,
    };
    let content = Page {
        total,
        page,
        pages,
        rows,
        refreshed_at: refreshed_at.map(|at| at.0),
        links: links(&given, page, pages),
        torrents: torrents.iter().map(row).collect(),
    };
    Ok(Found { content, keep: "max-age=60" })
}

fn links(given: &Given, page: usize, pages: usize) -> PageLinks {
    let mut question = String::from("?");
    for name in NAMES.iter().filter(|name| **name != "page") {
        if let Some(value) = given.text(name) {
            // Writing to a string does not fail.
            let _ = write!(question, "{name}={}&", utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
    }
    let to = |page: usize| format!("{question}page={page}");
    PageLinks {
        first: to(1),
        previous: (page > 1).then(|| to((page - 1).min(pages))),
        next: (page < pages).then(|| to(page + 1)),
        last: to(pages),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_asks_the_same_question(
            query in any::<String>(), group in any::<String>(), page in 1..9_usize,
        ) {
            let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let question = format!("query={}&group={}", escaped(&query), escaped(&group));
            let given = Given::of(question.as_bytes(), NAMES).unwrap();
            let last = links(&given, page, 9).last;
            let again = Given::of(last.trim_start_matches('?').as_bytes(), NAMES).unwrap();
            prop_assert_eq!(again.text("query").unwrap_or_default(), query);
            prop_assert_eq!(again.text("group").unwrap_or_default(), group);
            prop_assert_eq!(again.text("page"), Some("9"));
        }

        #[test]
        fn whatever_is_asked_is_answered_or_refused(question in any::<Vec<u8>>()) {
            if let Ok(given) = Given::of(&question, NAMES) {
                links(&given, 1, 1);
            }
        }
    }

    #[test]
    fn links_keep_the_question_and_lead_to_pages_that_are_there() {
        let given = Given::of(b"query=a%26b+c&page=2&rows=10", NAMES).unwrap();
        let at = |page| {
            let PageLinks { first, previous, next, last } = links(&given, page, 3);
            assert_eq!(first, "?query=a%26b%20c&rows=10&page=1");
            assert_eq!(last, "?query=a%26b%20c&rows=10&page=3");
            let number = |link: String| link.rsplit('=').next().map(str::to_owned);
            (previous.and_then(number), next.and_then(number))
        };
        let pages = |previous: &str, next: &str| {
            let some = |it: &str| Some(it.to_owned()).filter(|it| !it.is_empty());
            (some(previous), some(next))
        };
        assert_eq!(at(1), pages("", "2"));
        assert_eq!(at(2), pages("1", "3"));
        assert_eq!(at(3), pages("2", ""));
        assert_eq!(at(77), pages("3", ""), "from beyond the end one comes back");
    }
}
