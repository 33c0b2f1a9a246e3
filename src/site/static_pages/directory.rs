//! The front page where there are very many torrents: ways to them instead of a list.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use askama::Template;

use super::find::{Find, form_origin, list_address};
use super::frame::Frame;
use super::list::{Lists, TotalsView};
use super::list_query::ListQuery;
use super::listing::Listing;
use super::places::{INDEX, Way};
use super::row::RowView;
use crate::catalog::{Initial, ListOrder, natural};
use crate::config::LoadedConfig;
use crate::platform::order::Order as _;
use crate::site::fragments::Foot;
use crate::site::rows::{first, lacking_seeders, newest_first};

/// Torrents in a short list.
const SHORT: usize = 10;

/// Categories, and groups, at most.
const MOST_CATEGORIES: usize = 200;

/// Categories below one that are named, the largest ones.
const MOST_BELOW: usize = 8;

/// The page.
#[derive(Template)]
#[template(path = "pages/directory.html")]
pub(super) struct Directory {
    frame: Frame,
    totals: TotalsView,
    find: Option<Find>,
    letters: Vec<Letter>,
    categories: Vec<Heading>,
    more_categories: Option<String>,
    /// How many torrents have no category, in words.
    without_category: Option<String>,
    groups: Vec<Entry>,
    newest: Vec<RowView>,
    /// Those that lack seeders.
    wanted: Vec<RowView>,
}

/// With what titles begin, and the list of them.
struct Letter {
    name: String,
    href: String,
}

/// A category with those below it.
struct Heading {
    name: String,
    page: Option<String>,
    torrents: String,
    below: Vec<Entry>,
    /// How many more are below it.
    more: Option<String>,
}

/// A category or a group, and how many torrents are in it.
struct Entry {
    name: String,
    page: Option<String>,
    torrents: String,
}

/// The categories that begin with the same name.
#[derive(Default)]
struct Branch<'a> {
    torrents: usize,
    /// The page of the category itself.
    slug: Option<&'a str>,
    below: HashMap<&'a str, Self>,
}

impl Directory {
    pub(super) fn new(lists: &Lists<'_>) -> Self {
        let (report, places) = (lists.report, lists.places);
        let site = places.title();
        let mut frame = Frame::new(places, Way::Static(0), site);
        let texts = places.texts;
        (frame.is_home, frame.foot) = (true, Some(Foot::new(report, texts)));
        if let Some(origin) = form_origin(places) {
            frame.allow_forms_to(origin);
        }
        let (categories, more) = categories(lists);
        let without = lists.categories.iter().find(|it| it.name.is_none());
        Self {
            frame,
            totals: lists.totals(),
            find: lists.find(&lists.usual_query()),
            letters: letters(lists),
            categories,
            more_categories: (more > 0).then(|| texts.number(more)),
            without_category: without.map(|it| texts.counted(it.rows.len(), texts.counts.torrents)),
            groups: groups(lists),
            newest: lists.views(&first(&report.rows, SHORT, newest_first), Way::Static(0)),
            wanted: lists.views(&lacking_seeders(&report.rows, SHORT), Way::Static(0)),
        }
    }

    /// Says at which path in the folder of the pages it is.
    pub(super) fn is_at(&mut self, path: &str, loaded: &LoadedConfig) {
        self.frame.is_at(path, loaded);
    }
}

fn letters(lists: &Lists<'_>) -> Vec<Letter> {
    let titles = lists.report.rows.iter().map(|row| row.torrent.title());
    let initials: BTreeSet<Initial> = titles.map(|title| Initial::of(&title)).collect();
    let letter = |initial: Initial| {
        let order = ListOrder::Name;
        let query = ListQuery { initial: Some(initial), order, ..lists.usual_query() };
        Some(Letter { name: initial.name(), href: list_address(lists.places, &query)? })
    };
    initials.into_iter().filter_map(letter).collect()
}

/// The categories by the first part of their names, and how many are not shown.
fn categories(lists: &Lists<'_>) -> (Vec<Heading>, usize) {
    let mut tops: HashMap<&str, Branch<'_>> = HashMap::new();
    for category in lists.categories {
        if let Some(name) = &category.name {
            let (top, rest) = name.split_once('/').unwrap_or((name, ""));
            tops.entry(top).or_default().add(rest, category);
        }
    }
    let mut tops: Vec<_> = tops.into_iter().collect();
    let more = tops.len().saturating_sub(MOST_CATEGORIES);
    tops.order_by_key(|(_, branch)| Reverse(branch.torrents));
    tops.truncate(MOST_CATEGORIES);
    tops.order_by(|(a, _), (b, _)| natural::compare(a, b));
    (tops.into_iter().map(|(name, branch)| heading(lists, name, branch)).collect(), more)
}

impl<'a> Branch<'a> {
    /// Adds a category that has this name below this.
    fn add(&mut self, name: &'a str, category: &'a Listing<'_>) {
        self.torrents += category.rows.len();
        match name.split_once('/').unwrap_or((name, "")) {
            ("", _) => self.slug = category.slug.as_deref(),
            (part, rest) => self.below.entry(part).or_default().add(rest, category),
        }
    }

    /// The page with all that is in this: where others are below it, only the script makes one.
    fn page(&self, lists: &Lists<'_>, name: &str) -> Option<String> {
        let query = ListQuery { category: Some(name.to_owned()), ..lists.usual_query() };
        let list = || list_address(lists.places, &query);
        let root = Way::Static(0).root(lists.places.loaded);
        let page = |slug| format!("{root}{}", lists.places.file(&format!("c/{slug}/{INDEX}")));
        let page = self.slug.map(page);
        if self.below.is_empty() { page.or_else(list) } else { list().or(page) }
    }
}

fn heading(lists: &Lists<'_>, name: &str, mut branch: Branch<'_>) -> Heading {
    let page = branch.page(lists, name);
    let mut below: Vec<_> = std::mem::take(&mut branch.below).into_iter().collect();
    let more = below.len().saturating_sub(MOST_BELOW);
    below.order_by(|(a_name, a), (b_name, b)| {
        b.torrents.cmp(&a.torrents).then_with(|| natural::compare(a_name, b_name))
    });
    let below = below.iter().take(MOST_BELOW).map(|(part, branch)| Entry {
        name: (*part).to_owned(),
        page: branch.page(lists, &format!("{name}/{part}")),
        torrents: lists.places.texts.number(branch.torrents),
    });
    Heading {
        name: name.to_owned(),
        page,
        torrents: lists.places.texts.number(branch.torrents),
        below: below.collect(),
        more: (more > 0).then(|| lists.places.texts.number(more)),
    }
}

fn groups(lists: &Lists<'_>) -> Vec<Entry> {
    let groups = first(lists.groups, MOST_CATEGORIES, |a, b| {
        b.rows.len().cmp(&a.rows.len()).then_with(|| a.name.cmp(&b.name))
    });
    let entry = |group: &Listing<'_>| {
        let name = group.name.clone()?;
        let page = lists.places.group_page(&name, Way::Static(0));
        Some(Entry { name, page, torrents: lists.places.texts.number(group.rows.len()) })
    };
    groups.into_iter().filter_map(entry).collect()
}
