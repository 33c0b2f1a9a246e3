//! The static pages of torrents. Those are made whose torrent has changed since, and all once a day, as charts go on.

use sha2::{Digest as _, Sha512_256};

use super::history::{self, Charts, Spans};
use super::listing::Listing;
use super::places::{INDEX, Places, Way};
use super::slug;
use super::torrent::{PlaceLink, Subject, TorrentPage};
use super::{PagesError, fragments, render, rendered};
use crate::catalog::HistoryError;
use crate::config::LoadedConfig;
use crate::platform::threads::side_by_side;
use crate::protocol::InfoHash;
use crate::site::charts::{self, Badge, badge, retired_badge};
use crate::site::language::Texts;
use crate::site::page_folder::PageFolder;
use crate::tracker::{Figures, Report, Row};

/// Pages whose history is read in one go, and which are in memory at once with it: 150 KB each.
const BATCH: usize = 250;

/// Seconds after which charts are drawn anew, whatever has changed.
const DAY: u64 = 86_400;

/// Writes the pages of torrents into the folder.
pub(super) struct TorrentPages<'a> {
    pub(super) loaded: &'a LoadedConfig,
    /// The places in each language.
    pub(super) in_languages: &'a [Places<'a>],
    pub(super) report: &'a Report,
    pub(super) folder: &'a mut PageFolder,
    /// Why there are no charts, where there are none.
    pub(super) problem: Option<HistoryError>,
    waiting: Vec<Waiting>,
}

/// A page that is to be made.
struct Waiting {
    page: TorrentPage,
    info_hash: InfoHash,
    title: String,
    path: String,
    made_of: String,
    texts: &'static Texts,
}

impl<'a> TorrentPages<'a> {
    pub(super) fn new(
        loaded: &'a LoadedConfig,
        in_languages: &'a [Places<'a>],
        report: &'a Report,
        folder: &'a mut PageFolder,
    ) -> Self {
        Self { loaded, in_languages, report, folder, problem: None, waiting: Vec::new() }
    }

    /// Those of all torrents that have one. Returns what the owner should know.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn write(
        mut self,
        categories: &[Listing<'_>],
    ) -> Result<Option<String>, PagesError> {
        for category in categories {
            for row in &category.rows {
                // In all languages after each other: what is known of its history is read once for them.
                for places in self.in_languages {
                    if let Some(slug) = places.slug(row.torrent.canonical) {
                        self.write_one(row, category, slug, places)?;
                    }
                }
                if self.waiting.len() >= BATCH {
                    self.write_waiting()?;
                }
            }
        }
        self.write_waiting()?;
        self.in_languages.iter().try_for_each(|places| self.write_retired(places))?;
        Ok(self.problem.map(|problem| format!("charts are left out of the pages: {problem}")))
    }

    fn write_one(
        &mut self,
        row: &Row,
        category: &Listing<'_>,
        slug: &str,
        places: &Places<'_>,
    ) -> Result<(), PagesError> {
        if places.is_usual() {
            let picture = format!("t/{slug}/badge.svg");
            let language = places.texts.language;
            let drawn = badge(Badge::Seeders, Some(row.figures.sample()), language);
            self.folder.put(picture.clone(), rendered(&picture, drawn)?.into_bytes())?;
        }
        fragments::write_torrent(self.folder, slug, row, places, self.report)?;
        let path = places.file(&format!("t/{slug}/{INDEX}"));
        let page = self.page(row, category, slug, places);
        let made_of = self.made_of(row, &render(&path, &page)?);
        if self.folder.keep(&path, &made_of) {
            return Ok(());
        }
        let title = row.torrent.title().into_owned();
        let info_hash = row.torrent.canonical;
        let texts = places.texts;
        self.waiting.push(Waiting { page, info_hash, title, path, made_of, texts });
        Ok(())
    }

    /// What stands at the addresses of torrents that were retired, as long as their owner shows them.
    fn write_retired(&mut self, places: &Places<'_>) -> Result<(), PagesError> {
        let most = places.loaded.config.pages.static_torrents;
        for torrent in self.report.retired.iter().take(usize::try_from(most).unwrap_or(usize::MAX))
        {
            let slug = slug::of(torrent);
            if places.is_usual() {
                let picture = format!("t/{slug}/badge.svg");
                let drawn = rendered(&picture, retired_badge(places.texts.language))?;
                self.folder.put(picture, drawn.into_bytes())?;
            }
            let totals = torrent.totals;
            let figures = &Figures {
                completed: totals.completed,
                downloaded: totals.downloaded,
                size: torrent.size,
                ..Figures::default()
            };
            let category =
                torrent.category().map(|name| PlaceLink { name: name.into_owned(), page: None });
            let (period, now) = (Some(places.texts.minutes(self.report.next_in)), self.report.at);
            let subject = Subject { torrent, figures, category, period, now };
            let mut page = TorrentPage::new(subject, places, Way::Static(2));
            let path = format!("t/{slug}/{INDEX}");
            page.is_at(&path, places.loaded);
            let path = places.file(&path);
            let text = render(&path, &page)?;
            self.folder.put(path, text.into_bytes())?;
        }
        Ok(())
    }

    fn page(
        &self,
        row: &Row,
        category: &Listing<'_>,
        slug: &str,
        places: &Places<'_>,
    ) -> TorrentPage {
        let way = Way::Static(2);
        let root = way.root(places.loaded);
        let category = category.name.clone().map(|name| PlaceLink {
            name,
            page: category
                .slug
                .as_ref()
                .map(|slug| format!("{root}{}", places.file(&format!("c/{slug}/{INDEX}")))),
        });
        let period = Some(places.texts.minutes(self.report.next_in));
        let (torrent, figures) = (&row.torrent, &row.figures);
        let subject = Subject { torrent, figures, category, period, now: self.report.at };
        let mut page = TorrentPage::new(subject, places, way);
        page.is_at(&format!("t/{slug}/{INDEX}"), places.loaded);
        page
    }

    /// What tells whether a page is still right: all of it but its charts, the figures that they end with, the day, and
    /// how charts are drawn.
    fn made_of(&self, row: &Row, without_charts: &str) -> String {
        let figures = &row.figures;
        let numbers = [
            figures.seeders,
            figures.leechers,
            figures.completed,
            figures.downloaded,
            self.report.at.0 / DAY,
            u64::from(self.report.load.is_high),
        ];
        let mut digest = Sha512_256::new();
        digest.update(without_charts);
        numbers.iter().for_each(|number| digest.update(number.to_le_bytes()));
        digest.update(env!("CARGO_PKG_VERSION"));
        digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn write_waiting(&mut self) -> Result<(), PagesError> {
        let mut first = std::mem::take(&mut self.waiting);
        let mut rest = first.split_off(first.len() / 2);
        let (loaded, report) = (self.loaded, self.report);
        let draw = |waiting| drawn(waiting, loaded, report);
        let (rest, first) = side_by_side(|| draw(std::mem::take(&mut rest)), || draw(first));
        for (pages, problem) in [first, rest] {
            for page in pages {
                let Drawn { path, text, made_of } = page?;
                match &problem {
                    None => self.folder.put_made_of(path, text, made_of)?,
                    // The next refresh may be able to draw them.
                    Some(_) => self.folder.put(path, text)?,
                }
            }
            self.problem = self.problem.take().or(problem);
        }
        Ok(())
    }
}

/// A page that is ready to be written.
struct Drawn {
    path: String,
    text: Vec<u8>,
    made_of: String,
}

/// Pages with their charts, as far as there are any, and why there are none.
fn drawn(
    waiting: Vec<Waiting>,
    loaded: &LoadedConfig,
    report: &Report,
) -> (Vec<Result<Drawn, PagesError>>, Option<HistoryError>) {
    let of_torrents = || waiting.chunk_by(|one, other| one.info_hash == other.info_hash);
    let hashes: Vec<_> = of_torrents().map(|pages| pages.first().map(|it| it.info_hash)).collect();
    // What is left out under high load costs the most.
    let (spans, problem) = match report.load.is_high || waiting.is_empty() {
        true => (Vec::new(), None),
        false => match history::read(loaded, &hashes, report.at) {
            Ok(spans) => (spans, None),
            Err(problem) => (Vec::new(), Some(problem)),
        },
    };
    let spans = spans.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
    let spans: Vec<_> = of_torrents().map(<[Waiting]>::len).zip(spans).collect();
    let mut waiting = waiting.into_iter();
    let mut pages = Vec::new();
    for (count, spans) in &spans {
        pages.extend(waiting.by_ref().take(*count).map(|it| it.drawn(spans.as_ref())));
    }
    (pages, problem)
}

impl Waiting {
    fn drawn(self, spans: Option<&Spans>) -> Result<Drawn, PagesError> {
        let Self { page, title, path, made_of, texts, .. } = self;
        let charts = match spans {
            Some(spans) => Charts::of(charts::Subject::Torrent(&title), spans, texts),
            None => Ok(Charts::default()),
        };
        let page = page.with_charts(rendered(&path, charts)?);
        Ok(Drawn { text: render(&path, &page)?.into_bytes(), path, made_of })
    }
}
