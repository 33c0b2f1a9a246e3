//! The lists: the index with all torrents by category, and a list of each category.

use askama::Template;

use super::frame::{Feeds, Frame};
use super::listing::{Category, NO_CATEGORY};
use super::pager::{Pager, Part};
use super::places::{Places, Way};
use super::row::RowView;
use crate::site::format::{bytes, counted, counted_grouped, grouped};
use crate::site::fragments::Foot;
use crate::site::rows::grouped_length;
use crate::tracker::{Figures, Report, Row};

/// Categories above the list at most.
const MOST_CHIPS: usize = 100;

/// A page of a list.
#[derive(Template)]
#[template(path = "pages/list.html")]
pub(super) struct ListPage {
    frame: Frame,
    /// The category that it is a list of.
    category: Option<String>,
    totals: Option<TotalsView>,
    chips: Vec<Chip>,
    more_categories: Option<String>,
    sections: Vec<Section>,
    pager: Option<Pager>,
    /// How many torrents are on no page.
    more: Option<String>,
    caption: String,
    has_magnets: bool,
    foot_period: String,
}

struct TotalsView {
    torrents: String,
    size: String,
    seeders: String,
    leechers: String,
    partial_seeds: Option<String>,
    completed: String,
}

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
    pub(super) categories: &'a [Category<'a>],
}

impl Lists<'_> {
    /// The pages of the index.
    pub(super) fn index(&self) -> impl Iterator<Item = Placed> {
        Part::of(self.report.rows.len(), self.rows()).map(|part| {
            let way = Way::Static(usize::from(part.number > 1));
            let root = way.root(self.places.loaded);
            let address = |number| format!("{root}{}", index_path(number));
            let mut page = self.page(way, part, address, None);
            page.sections = self.sections(part, way);
            page.has_magnets = has_magnets(&page.sections);
            if part.number == 1 {
                page.frame.is_home = true;
                page.frame.foot = Some(Foot::new(self.report));
                page.totals = Some(TotalsView::new(&self.report.totals, self.report.rows.len()));
                (page.chips, page.more_categories) = self.chips();
            }
            Placed { path: index_path(part.number), page }
        })
    }

    /// The pages of the categories.
    pub(super) fn of_categories(&self) -> impl Iterator<Item = Placed> {
        self.categories
            .iter()
            .filter_map(|category| category.slug.as_deref().zip(Some(category)))
            .flat_map(move |(slug, category)| {
                let name = category.name.clone().unwrap_or_default();
                Part::of(category.rows.len(), self.rows()).map(move |part| {
                    let way = Way::Static(2);
                    let mut page = self.page(way, part, category_path, Some(name.clone()));
                    // In the same folder.
                    let folder = String::new();
                    page.frame.feeds = Some(Feeds { name: Some(name.clone()), folder });
                    if part.number == 1 {
                        let figures = sums(&category.rows);
                        page.totals = Some(TotalsView::new(&figures, category.rows.len()));
                    }
                    let rows = category.rows.get(part.start()..part.end()).unwrap_or_default();
                    page.sections = vec![Section { head: None, rows: self.views(rows, way) }];
                    page.has_magnets = has_magnets(&page.sections);
                    Placed { path: format!("c/{slug}/{}", category_path(part.number)), page }
                })
            })
    }

    fn rows(&self) -> usize {
        usize::try_from(self.places.loaded.config.pages.rows).unwrap_or(usize::MAX)
    }

    /// A page of a list without its rows.
    fn page(
        &self,
        way: Way,
        part: Part,
        address: impl Fn(usize) -> String,
        category: Option<String>,
    ) -> ListPage {
        let period = counted(self.report.next_in.in_minutes_rounded_up(), "minute");
        let site = &self.places.loaded.config.pages.title;
        let mut frame = Frame::new(self.places, way, category.as_ref().unwrap_or(site));
        if part.number > 1 {
            frame.title = format!("{}, page {}", frame.title, part.number);
        }
        frame.period = Some(period.clone());
        let what = category.as_ref().map_or("by category", |_| "of a category");
        let range = format!("{} to {}", part.start() + 1, part.end());
        ListPage {
            frame,
            caption: format!("Torrents {what}, {range} of {}", part.all),
            category,
            totals: None,
            chips: Vec::new(),
            more_categories: None,
            sections: Vec::new(),
            pager: Pager::new(part, address),
            more: Some(part.left_out())
                .filter(|&left| left > 0 && part.number == part.pages)
                .map(grouped_length),
            has_magnets: false,
            foot_period: period,
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

    fn head(&self, category: &Category<'_>, is_continued: bool, way: Way) -> Head {
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

    fn category_page(&self, category: &Category<'_>, way: Way) -> Option<String> {
        let slug = category.slug.as_ref()?;
        Some(format!("{}c/{slug}/index.html", way.root(self.places.loaded)))
    }

    fn chips(&self) -> (Vec<Chip>, Option<String>) {
        if self.categories.len() < 2 {
            return (Vec::new(), None);
        }
        let chips = self.categories.iter().filter_map(|category| {
            Some(Chip {
                name: category.name.clone()?,
                page: self.category_page(category, Way::Static(0))?,
                torrents: grouped_length(category.rows.len()),
            })
        });
        let chips: Vec<Chip> = chips.take(MOST_CHIPS).collect();
        let named = self.categories.iter().filter(|category| category.name.is_some()).count();
        let more = named.saturating_sub(chips.len());
        (chips, (more > 0).then(|| grouped_length(more)))
    }

    fn views(&self, rows: &[&Row], way: Way) -> Vec<RowView> {
        rows.iter().map(|row| RowView::new(row, self.places, way, self.report.at)).collect()
    }
}

impl TotalsView {
    fn new(figures: &Figures, torrents: usize) -> Self {
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

fn category_path(number: usize) -> String {
    if number == 1 { "index.html".into() } else { format!("{number}.html") }
}

fn has_magnets(sections: &[Section]) -> bool {
    sections.iter().flat_map(|section| &section.rows).any(|row| row.magnet.is_some())
}

fn sums(rows: &[&Row]) -> Figures {
    crate::tracker::add_up(rows.iter().map(|row| &row.figures))
}
