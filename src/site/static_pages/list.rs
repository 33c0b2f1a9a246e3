//! The lists: the index with all torrents by category, and a list of each category and of each group.

use askama::Template;

use super::find::{Find, Heads, form_origin, list_address};
use super::frame::{Feeds, Frame};
use super::history::Spans;
use super::list_query::ListQuery;
use super::listing::Listing;
use super::pager::{Pager, Part};
use super::places::{INDEX, Places, Way};
use super::row::RowView;
use crate::catalog::{Series, Span};
use crate::config::LoadedConfig;
use crate::site::charts::{Subject, sparkline};
use crate::site::fragments::Foot;
use crate::site::language::Texts;
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
    /// The seeders of the last week as a small line.
    pub(super) last_week: Option<String>,
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
    /// The history of all torrents together, where it is known.
    pub(super) history: Option<&'a Spans>,
}

impl Lists<'_> {
    /// The pages of the index.
    pub(super) fn index(&self) -> impl Iterator<Item = Placed> {
        Part::of(self.report.rows.len(), self.rows()).map(|part| {
            let way = Way::Static(usize::from(part.number > 1));
            let root = way.root(self.places.loaded);
            let address = |number| format!("{root}{}", self.places.file(&index_path(number)));
            let mut page = self.page(way, part, address, self.usual_query());
            page.sections = self.sections(part, way);
            page.has_magnets = has_magnets(&page.sections);
            if part.number == 1 {
                page.frame.is_home = true;
                page.frame.foot = Some(Foot::new(self.report, self.texts()));
                page.totals = Some(self.totals());
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
            ..self.usual_query()
        })
    }

    /// The pages of the groups.
    pub(super) fn of_groups(&self) -> impl Iterator<Item = Placed> {
        self.of("g", self.groups, |name| ListQuery { group: Some(name), ..self.usual_query() })
    }

    fn texts(&self) -> &'static Texts {
        self.places.texts
    }

    /// How the script lists all torrents in the language of these pages.
    pub(super) fn usual_query(&self) -> ListQuery {
        ListQuery::in_language(self.places.named_language())
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
                let address = |number| self.places.file(&listing_path(number));
                let mut page = self.page(way, part, address, query(name.clone()));
                // In the same folder.
                let beside = String::new();
                page.frame.feeds = Some(Feeds { name: Some(name.clone()), folder: beside });
                if part.number == 1 {
                    let figures = sums(&listing.rows);
                    let torrents = listing.rows.len();
                    page.totals = Some(TotalsView::new(&figures, torrents, self.texts()));
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
        let texts = self.texts();
        let period = texts.minutes(self.report.next_in);
        let heads = self.heads(&query);
        let find = self.find(&query);
        let is_group = query.group.is_some();
        let place = query.category.or(query.group);
        let site = self.places.title();
        let mut frame = Frame::new(self.places, way, place.as_deref().unwrap_or(site));
        if part.number > 1 {
            frame.title = texts.list.page_of.with(&frame.title, part.number);
        }
        frame.period = Some(period.clone());
        if let Some(origin) = form_origin(self.places) {
            frame.allow_forms_to(origin);
        }
        let caption = match (&place, is_group) {
            (None, _) => texts.list.by_category,
            (Some(_), false) => texts.list.of_a_category,
            (Some(_), true) => texts.list.of_a_group,
        };
        let [from, to, all] = part.range().map(|row| texts.number(row));
        ListPage {
            frame,
            caption: caption.with(from, to, all),
            place,
            totals: None,
            chips: Vec::new(),
            more_categories: None,
            groups: Vec::new(),
            more_groups: None,
            find,
            heads,
            sections: Vec::new(),
            pager: Pager::new(part, texts, address),
            more: part
                .more_behind_the_last()
                .map(|more| texts.counted(more, texts.counts.torrents)),
            has_magnets: false,
            foot_period: period,
        }
    }

    /// What is true of all torrents together.
    pub(super) fn totals(&self) -> TotalsView {
        let totals = &self.report.totals;
        let mut view = TotalsView::new(totals, self.report.rows.len(), self.texts());
        let week = self.history.and_then(|spans| spans.iter().find(|it| it.span == Span::Week));
        let is_known = |week: &&Series| week.points.iter().any(|point| point.figures.is_some());
        let line = week.filter(is_known).map(|week| {
            // Memory takes all that is written to it.
            sparkline(Subject::All, week, false, self.texts().language).unwrap_or_default()
        });
        view.last_week = line;
        view
    }

    /// The form for searches, where the script's address is known.
    pub(super) fn find(&self, query: &ListQuery) -> Option<Find> {
        // A form brings its language as a field.
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
        let texts = self.texts();
        let torrents = texts.counted(category.rows.len(), texts.counts.torrents);
        let about = [Some(torrents), Some(texts.bytes(size, 2))].into_iter();
        let about = about.chain([is_continued.then(|| texts.list.continued.to_owned())]);
        Head {
            name: category.name.clone().unwrap_or_else(|| texts.list.no_category.into()),
            page: self.category_page(category, way),
            about: about.flatten().collect::<Vec<_>>().join(", "),
        }
    }

    fn category_page(&self, category: &Listing<'_>, way: Way) -> Option<String> {
        let slug = category.slug.as_ref()?;
        let page = self.places.file(&format!("c/{slug}/{INDEX}"));
        Some(format!("{}{page}", way.root(self.places.loaded)))
    }

    /// Ways from the index to lists in a folder, and how many more there are.
    fn chips(&self, folder: &str, listings: &[Listing<'_>]) -> (Vec<Chip>, Option<String>) {
        let root = Way::Static(0).root(self.places.loaded);
        let chips = listings.iter().filter_map(|listing| {
            let page = format!("{folder}/{}/{INDEX}", listing.slug.as_ref()?);
            Some(Chip {
                name: listing.name.clone()?,
                page: format!("{root}{}", self.places.file(&page)),
                torrents: self.texts().number(listing.rows.len()),
            })
        });
        let chips: Vec<Chip> = chips.take(MOST_CHIPS).collect();
        let named = listings.iter().filter(|listing| listing.name.is_some()).count();
        let more = named.saturating_sub(chips.len());
        (chips, (more > 0).then(|| self.texts().number(more)))
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
    pub(super) fn new(figures: &Figures, torrents: usize, texts: &Texts) -> Self {
        let partial_seeds = Some(figures.partial_seeds).filter(|&count| count > 0);
        Self {
            torrents: texts.number(torrents),
            size: texts.bytes(figures.size, 2),
            seeders: texts.number(figures.seeders),
            leechers: texts.number(figures.leechers),
            partial_seeds: partial_seeds.map(|count| texts.number(count)),
            completed: texts.number(figures.completed),
            last_week: None,
        }
    }
}

fn index_path(number: usize) -> String {
    if number == 1 { INDEX.into() } else { format!("page/{number}.html") }
}

fn listing_path(number: usize) -> String {
    if number == 1 { INDEX.into() } else { format!("{number}.html") }
}

fn has_magnets(sections: &[Section]) -> bool {
    sections.iter().flat_map(|section| &section.rows).any(|row| row.magnet.is_some())
}

fn sums(rows: &[&Row]) -> Figures {
    crate::tracker::add_up(rows.iter().map(|row| &row.figures))
}
