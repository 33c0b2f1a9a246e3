//! The lists: the index with all torrents by category, and a list of each category and of each group.

use askama::Template;

use super::find::{Find, Heads, form_origin, list_address};
use super::frame::{Feeds, Frame};
use super::list_query::ListQuery;
use super::listing::{Listing, NO_CATEGORY};
use super::pager::{Pager, Part};
use super::places::{Places, Way};
use super::row::RowView;
use crate::config::LoadedConfig;
use crate::site::format::{bytes, counted, counted_grouped, grouped};
use crate::site::fragments::Foot;
use crate::site::rows::grouped_length;
use crate::tracker::{Figures, Report, Row};

/// Categories above the list at most, and groups.
const MOST_CHIPS: usize = 100;

/// A page of a list.
#[derive(Template)]
#[template(path = "pages/list.html")]
pub(super) struct ListPage {
    frame: Frame,
    /// The category or group that it is a list of.
    place: Option<String>,
    totals: Option<TotalsView>,
    chips: Vec<Chip>,
    more_categories: Option<String>,
    groups: Vec<Chip>,
    more_groups: Option<String>,
    /// The form for searches, where the script's address is known.
    find: Option<Find>,
    heads: Heads,
    sections: Vec<Section>,
    pager: Option<Pager>,
    /// How many torrents are on no page.
    more: Option<String>,
    caption: String,
    has_magnets: bool,
    foot_period: String,
}

/// What is true of all torrents of a list together.
pub(super) struct TotalsView {
    pub(super) torrents: String,
    pub(super) size: String,
    pub(super) seeders: String,
    pub(super) leechers: String,
    pub(super) partial_seeds: Option<String>,
    pub(super) completed: String,
}

/// A way to the list of a category or of a group.
struct Chip {
    name: String,
    page: String,
    torrents: String,
}

struct Section {
    head: Option<Head>,
    rows: Vec<RowView>,
}

struct Head {
    name: String,
    page: Option<String>,
    about: String,
}

/// A page and its path in the folder.
pub(super) struct Placed {
    pub(super) path: String,
    pub(super) page: ListPage,
}

/// Makes the lists of a refresh.
pub(super) struct Lists<'a> {
    pub(super) places: &'a Places<'a>,
    pub(super) report: &'a Report,
    pub(super) categories: &'a [Listing<'a>],
    pub(super) groups: &'a [Listing<'a>],
}

impl Lists<'_> {
    /// The pages of the index.
    pub(super) fn index(&self) -> impl Iterator<Item = Placed> {
        Part::of(self.report.rows.len(), self.rows()).map(|part| {
            let way = Way::Static(usize::from(part.number > 1));
            let root = way.root(self.places.loaded);
            let address = |number| format!("{root}{}", index_path(number));
            let mut page = self.page(way, part, address, ListQuery::default());
            page.sections = self.sections(part, way);
            page.has_magnets = has_magnets(&page.sections);
            if part.number == 1 {
                page.frame.is_home = true;
                page.frame.foot = Some(Foot::new(self.report));
                page.totals = Some(TotalsView::new(&self.report.totals, self.report.rows.len()));
                // One category alone is all there is.
                let categories = self.categories.get(1).map_or(&[][..], |_| self.categories);
                (page.chips, page.more_categories) = self.chips("c", categories);
                (page.groups, page.more_groups) = self.chips("g", self.groups);
            }
            Placed { path: index_path(part.number), page }
        })
    }

    /// The pages of the categories.
    pub(super) fn of_categories(&self) -> impl Iterator<Item = Placed> {
        self.of("c", self.categories, |name| ListQuery {
            category: Some(name),
            ..ListQuery::default()
        })
    }

    /// The pages of the groups.
    pub(super) fn of_groups(&self) -> impl Iterator<Item = Placed> {
        self.of("g", self.groups, |name| ListQuery { group: Some(name), ..ListQuery::default() })
    }

    /// The pages of these, in a folder; `query` says how the script lists one of that name.
    fn of(
        &self,
        folder: &'static str,
        listings: &[Listing<'_>],
        query: impl Fn(String) -> ListQuery + Copy,
    ) -> impl Iterator<Item = Placed> {
        let with_pages = listings.iter().filter_map(|it| Some((it, it.slug.as_deref()?)));
        with_pages.flat_map(move |(listing, slug)| {
            let name = listing.name.clone().unwrap_or_default();
            Part::of(listing.rows.len(), self.rows()).map(move |part| {
                let way = Way::Static(2);
                let mut page = self.page(way, part, listing_path, query(name.clone()));
                // In the same folder.
                let beside = String::new();
                page.frame.feeds = Some(Feeds { name: Some(name.clone()), folder: beside });
                if part.number == 1 {
                    let figures = sums(&listing.rows);
                    page.totals = Some(TotalsView::new(&figures, listing.rows.len()));
                }
                let rows = listing.rows.get(part.start()..part.end()).unwrap_or_default();
                page.sections = vec![Section { head: None, rows: self.views(rows, way) }];
                page.has_magnets = has_magnets(&page.sections);
                Placed { path: format!("{folder}/{slug}/{}", listing_path(part.number)), page }
            })
        })
    }

    fn rows(&self) -> usize {
        usize::try_from(self.places.loaded.config.pages.rows).unwrap_or(usize::MAX)
    }

    /// A page of a list without its rows; `query` is how the script lists the same.
    fn page(
        &self,
        way: Way,
        part: Part,
        address: impl Fn(usize) -> String,
        query: ListQuery,
    ) -> ListPage {
        let period = counted(self.report.next_in.in_minutes_rounded_up(), "minute");
        let heads = self.heads(&query);
        let find = self.find(&query);
        let is_group = query.group.is_some();
        let place = query.category.or(query.group);
        let site = &self.places.loaded.config.pages.title;
        let mut frame = Frame::new(self.places, way, place.as_ref().unwrap_or(site));
        if part.number > 1 {
            frame.title = format!("{}, page {}", frame.title, part.number);
        }
        frame.period = Some(period.clone());
        if let Some(origin) = form_origin(self.places) {
            frame.allow_forms_to(origin);
        }
        let what = match (&place, is_group) {
            (None, _) => "by category",
            (Some(_), false) => "of a category",
            (Some(_), true) => "of a group",
        };
        let range = format!("{} to {}", part.start() + 1, part.end());
        ListPage {
            frame,
            caption: format!("Torrents {what}, {range} of {}", part.all),
            place,
            totals: None,
            chips: Vec::new(),
            more_categories: None,
            groups: Vec::new(),
            more_groups: None,
            find,
            heads,
            sections: Vec::new(),
            pager: Pager::new(part, address),
            more: part.more_behind_the_last().map(grouped_length),
            has_magnets: false,
            foot_period: period,
        }
    }

    /// The form for searches, where the script's address is known.
    pub(super) fn find(&self, query: &ListQuery) -> Option<Find> {
        let action = list_address(self.places, &ListQuery::default())?;
        let categories = self.categories.iter();
        let categories = categories.filter_map(|it| Some((it.name.clone()?, it.rows.len())));
        Some(Find::new(action, query, &categories.collect::<Vec<_>>()))
    }

    /// The heads of the columns. They lead to lists that the script makes: lists by figures change with each refresh, and
    /// as files they would be written each time, for whoever sorts.
    fn heads(&self, query: &ListQuery) -> Heads {
        let list = |order| {
            let list = ListQuery { order, ..query.clone() };
            list_address(self.places, &list).unwrap_or_default()
        };
        match list_address(self.places, query) {
            Some(_) => Heads::new(list, None),
            None => Heads::default(),
        }
    }

    /// The torrents of a part of the index, below the names of their categories.
    fn sections(&self, part: Part, way: Way) -> Vec<Section> {
        let mut sections = Vec::new();
        let mut before = 0;
        for category in self.categories {
            let rows = category.rows.len();
            let from = part.start().saturating_sub(before).min(rows);
            let to = part.end().saturating_sub(before).min(rows);
            before += rows;
            if let Some(shown) = category.rows.get(from..to).filter(|shown| !shown.is_empty()) {
                let head = (self.categories.len() > 1).then(|| self.head(category, from > 0, way));
                sections.push(Section { head, rows: self.views(shown, way) });
            }
        }
        sections
    }

    fn head(&self, category: &Listing<'_>, is_continued: bool, way: Way) -> Head {
        let size = sums(&category.rows).size;
        let torrents = category.rows.len();
        let continued = if is_continued { ", continued" } else { "" };
        Head {
            name: category.name.clone().unwrap_or_else(|| NO_CATEGORY.into()),
            page: self.category_page(category, way),
            about: format!(
                "{}, {}{continued}",
                counted_grouped(torrents, "torrent"),
                bytes(size, 2)
            ),
        }
    }

    fn category_page(&self, category: &Listing<'_>, way: Way) -> Option<String> {
        let slug = category.slug.as_ref()?;
        Some(format!("{}c/{slug}/index.html", way.root(self.places.loaded)))
    }

    /// Ways from the index to lists in a folder, and how many more there are.
    fn chips(&self, folder: &str, listings: &[Listing<'_>]) -> (Vec<Chip>, Option<String>) {
        let root = Way::Static(0).root(self.places.loaded);
        let chips = listings.iter().filter_map(|listing| {
            Some(Chip {
                name: listing.name.clone()?,
                page: format!("{root}{folder}/{}/index.html", listing.slug.as_ref()?),
                torrents: grouped_length(listing.rows.len()),
            })
        });
        let chips: Vec<Chip> = chips.take(MOST_CHIPS).collect();
        let named = listings.iter().filter(|listing| listing.name.is_some()).count();
        let more = named.saturating_sub(chips.len());
        (chips, (more > 0).then(|| grouped_length(more)))
    }

    pub(super) fn views(&self, rows: &[&Row], way: Way) -> Vec<RowView> {
        rows.iter().map(|row| RowView::new(row, self.places, way, self.report.at)).collect()
    }
}

impl ListPage {
    /// Says at which path in the folder of the pages it is.
    pub(super) fn is_at(&mut self, path: &str, loaded: &LoadedConfig) {
        self.frame.is_at(path, loaded);
    }
}

impl TotalsView {
    pub(super) fn new(figures: &Figures, torrents: usize) -> Self {
        Self {
            torrents: grouped_length(torrents),
            size: bytes(figures.size, 2),
            seeders: grouped(figures.seeders),
            leechers: grouped(figures.leechers),
            partial_seeds: (figures.partial_seeds > 0).then(|| grouped(figures.partial_seeds)),
            completed: grouped(figures.completed),
        }
    }
}

fn index_path(number: usize) -> String {
    if number == 1 { "index.html".into() } else { format!("page/{number}.html") }
}

fn listing_path(number: usize) -> String {
    if number == 1 { "index.html".into() } else { format!("{number}.html") }
}

fn has_magnets(sections: &[Section]) -> bool {
    sections.iter().flat_map(|section| &section.rows).any(|row| row.magnet.is_some())
}

fn sums(rows: &[&Row]) -> Figures {
    crate::tracker::add_up(rows.iter().map(|row| &row.figures))
}
