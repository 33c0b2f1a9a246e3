//! Pages that the script makes when somebody looks at them, the stylesheet for them, and pictures and `.torrent` files
//! by hash.

use askama::Template as _;

use super::answer::{put_page, spoken};
use super::history::{self, Charts};
use super::list_query::LANGUAGE;
use super::message;
use super::peers::{self, PeerTable};
use super::places::{Places, Spoken, Way};
use super::slug;
use super::style;
use super::torrent::{PlaceLink, Subject, TorrentPage};
use crate::catalog::{Catalog, CatalogError, External, FilePlace, Series, Span, Torrent};
use crate::config::{Language, LoadedConfig};
use crate::gateway::{Response, Status};
use crate::protocol::{InfoHash, Parameters, Timestamp};
use crate::site::appearance::Appearance;
use crate::site::charts::{self, Badge};
use crate::site::entity_tag::EntityTag;
use crate::site::language::{Texts, texts};
use crate::site::shown::Shown;
use crate::tracker::{
    Figures, TorrentWithPeers, Tracker, anonymous_peers, is_file_of, torrent_file,
};

/// What a picture may do that somebody opens as a page: show its own colours, and nothing else.
const PICTURE_POLICY: &str = "script-src 'none'; object-src 'none'; img-src 'none'; font-src 'none'; connect-src 'none'; frame-src 'none'; form-action 'none'; base-uri 'none'";

/// What there is of a torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) enum TorrentPart {
    /// The page about it.
    Page,
    /// One figure as a small picture.
    Badge,
    /// Its history as a picture.
    Chart,
    /// Its `.torrent` file.
    File,
}

/// What is asked for of a torrent.
pub(in crate::site) struct Wanted<'a> {
    /// Of which one.
    pub(in crate::site) info_hash: InfoHash,
    /// What of it.
    pub(in crate::site) part: TorrentPart,
    /// The query of the request.
    pub(in crate::site) query: &'a [u8],
    /// The tags of what the client has already, as `If-None-Match` names them.
    pub(in crate::site) known: &'a [u8],
    /// The languages that the browser asks for.
    pub(in crate::site) languages: &'a str,
    /// The time of the request.
    pub(in crate::site) now: Timestamp,
}

/// The page of a torrent, or something of it. Nothing is said of one that is hidden or denied.
pub(in crate::site) fn show_torrent(
    tracker: &mut Tracker,
    wanted: &Wanted<'_>,
    response: &mut Response,
) {
    // What costs the most is left out under high load.
    let is_busy = tracker.load(wanted.now).is_ok_and(|load| load.is_high);
    let named = Parameters::of(wanted.query).find(|(name, _)| *name == LANGUAGE.as_bytes());
    let named = named.and_then(|(_, tag)| Language::of_tag(std::str::from_utf8(tag).ok()?));
    let spoken = spoken(named, wanted.languages, tracker.config());
    let shown_as = |torrent: Box<Torrent>, external| View {
        loaded: tracker.config(),
        torrent: *torrent,
        external,
        is_busy,
        spoken,
    };
    let shown = match read(tracker, wanted.info_hash, wanted.now) {
        Ok((Shown::Nothing, _)) if wanted.part == TorrentPart::Page => {
            return message::no_torrent(tracker.config(), spoken, response);
        }
        Ok((Shown::Nothing, _)) => return not_found(response),
        Ok((Shown::Retired(torrent), external)) => {
            response.status = Status::Gone;
            shown_as(torrent, external)
        }
        Ok((Shown::Listed(torrent), external)) => shown_as(torrent, external),
        Err(problem) => {
            crate::error!("{problem}");
            return message::fail(tracker.config(), Way::Dynamic, spoken, response);
        }
    };
    let is_retired = response.status == Status::Gone;
    let rendered = match wanted.part {
        TorrentPart::File => return shown.file(wanted, response),
        TorrentPart::Page => shown.page(wanted.now),
        TorrentPart::Badge if is_retired => charts::retired_badge(shown.usual_language()),
        TorrentPart::Badge => shown.badge(wanted),
        TorrentPart::Chart => shown.chart(wanted.now),
    };
    match rendered {
        Ok(text) if wanted.part == TorrentPart::Page => {
            put_page(response, &text, tracker.config(), spoken);
        }
        Ok(text) => put_picture(response, &text),
        Err(problem) => {
            crate::error!("cannot render the page of {}: {problem}", wanted.info_hash);
            message::fail(tracker.config(), Way::Dynamic, spoken, response);
        }
    }
}

/// Answers with a picture.
fn put_picture(response: &mut Response, text: &str) {
    response.content_type = "image/svg+xml";
    // Pictures stand on pages of others, whose readers come again and again.
    response.headers.push(("Cache-Control", "max-age=300".into()));
    response.headers.push(("Content-Security-Policy", PICTURE_POLICY.into()));
    response.body.extend_from_slice(text.as_bytes());
}

fn not_found(response: &mut Response) {
    response.status = Status::NotFound;
    response.body.extend_from_slice(b"There is no such torrent here.\n");
}

/// The stylesheet.
pub(in crate::site) fn show_style(loaded: &LoadedConfig, response: &mut Response) {
    response.content_type = "text/css; charset=utf-8";
    response.headers.push(("Cache-Control", "max-age=86400".into()));
    response.body = style(&Appearance::of(loaded)).into_bytes();
}

fn read(
    tracker: &Tracker,
    info_hash: InfoHash,
    now: Timestamp,
) -> Result<(Shown, Vec<External>), CatalogError> {
    let catalog = Catalog::read(&tracker.config().config.paths.catalog)?;
    let shown = Shown::find(tracker, &catalog, info_hash, now)?;
    let external = match &shown {
        Shown::Listed(torrent) | Shown::Retired(torrent) => {
            let mut external = catalog.external()?;
            external.retain(|external| external.info_hash == torrent.canonical);
            external
        }
        Shown::Nothing => Vec::new(),
    };
    Ok((shown, external))
}

/// A torrent that may be shown.
struct View<'a> {
    loaded: &'a LoadedConfig,
    torrent: Torrent,
    external: Vec<External>,
    is_busy: bool,
    spoken: Spoken,
}

impl View<'_> {
    /// The language of pictures, which stand on pages of others.
    fn usual_language(&self) -> Language {
        self.loaded.config.pages.languages.first()
    }

    fn texts(&self) -> &'static Texts {
        texts(self.spoken.language)
    }

    fn figures(&self, now: Timestamp) -> Figures {
        let TorrentWithPeers { torrent, peers } =
            TorrentWithPeers::now(self.loaded, self.torrent.clone(), now);
        let peers = peers.unwrap_or_default();
        Figures {
            seeders: peers.seeders.into(),
            leechers: peers.leechers.into(),
            partial_seeds: peers.partial_seeds.into(),
            completed: torrent.totals.completed,
            downloaded: torrent.totals.downloaded,
            size: torrent.size,
            ..Figures::default()
        }
    }

    fn page(&self, now: Timestamp) -> askama::Result<String> {
        let figures = &self.figures(now);
        let category = self.torrent.category().map(std::borrow::Cow::into_owned);
        let category = category.map(|name| PlaceLink { name, page: None });
        let places = Places::of_one(self.loaded, &self.external, self.spoken);
        let subject = Subject { torrent: &self.torrent, figures, category, period: None, now };
        let page = TorrentPage::new(subject, &places, Way::Dynamic);
        page.with_charts(self.charts(now)?).with_peers(self.peers(now)).render()
    }

    fn charts(&self, now: Timestamp) -> askama::Result<Charts> {
        if self.is_busy {
            return Ok(Charts::default());
        }
        match history::read(self.loaded, &[Some(self.torrent.canonical)], now) {
            Ok(spans) => match spans.first() {
                Some(spans) => {
                    let title = self.torrent.title();
                    Charts::of(charts::Subject::Torrent(&title), spans, self.texts())
                }
                None => Ok(Charts::default()),
            },
            Err(problem) => {
                crate::error!("{problem}");
                Ok(Charts::default())
            }
        }
    }

    /// Its peers, where the owner shows them.
    fn peers(&self, now: Timestamp) -> Option<PeerTable> {
        let is_retired = self.torrent.details().retired().is_some();
        if !self.loaded.config.pages.peers || self.is_busy || is_retired {
            return None;
        }
        match anonymous_peers(self.loaded, self.torrent.canonical, peers::MOST, now) {
            Ok(peers) => Some(PeerTable::new(&peers, &self.torrent, now, self.texts())),
            Err(problem) => {
                crate::error!("{problem}");
                None
            }
        }
    }

    fn badge(&self, wanted: &Wanted<'_>) -> askama::Result<String> {
        let shows = Parameters::of(wanted.query).find(|(name, _)| name == b"show");
        let kind = match shows.map(|(_, value)| value) {
            Some(b"leechers") => Badge::Leechers,
            Some(b"completed") => Badge::Completed,
            Some(b"health") => Badge::Health,
            _ => Badge::Seeders,
        };
        charts::badge(kind, Some(self.figures(wanted.now).sample()), self.usual_language())
    }

    /// The last week as a picture: the part that a forum or a page elsewhere can show.
    fn chart(&self, now: Timestamp) -> askama::Result<String> {
        let torrents = [Some(self.torrent.canonical)];
        let read = crate::tracker::history(self.loaded, &torrents, Span::Week, now);
        let series = read.unwrap_or_else(|problem| {
            crate::error!("{problem}");
            Vec::new()
        });
        let series = series.into_iter().next().unwrap_or_else(|| Series::unknown(Span::Week, now));
        let title = self.torrent.title();
        charts::chart(charts::Subject::Torrent(&title), &series, self.usual_language())
    }

    /// The `.torrent` file, where listings lead to it.
    fn file(&self, wanted: &Wanted<'_>, response: &mut Response) {
        let Self { loaded, torrent, .. } = self;
        if response.status == Status::Gone {
            response.body.extend_from_slice(b"This torrent is not tracked here any more.\n");
            return;
        }
        // Without pages, the script gives out nothing that the web server has.
        let is_given = loaded.config.has_pages() || torrent.file_place() == FilePlace::Catalog;
        if !is_given || !torrent.is_linked(wanted.now) {
            return not_found(response);
        }
        match torrent_file(torrent, loaded) {
            // Others may be able to put something else there, or a link to what is not theirs to read.
            Ok(Some(bytes)) if !is_file_of(&bytes, torrent) => {
                let place = torrent.file.display();
                crate::warning!("{place} is not the torrent any more that was listed");
                not_found(response);
            }
            Ok(Some(bytes)) => put_file(torrent, bytes, wanted.known, response),
            Ok(None) => not_found(response),
            Err(problem) => {
                crate::error!("{problem}");
                not_found(response);
            }
        }
    }
}

/// Answers with a `.torrent` file; to a client that has the same already, that it is the same.
fn put_file(torrent: &Torrent, bytes: Vec<u8>, known: &[u8], response: &mut Response) {
    let tag = EntityTag::of(&bytes);
    response.headers.push(("Cache-Control", "max-age=60".into()));
    response.headers.push(("ETag", tag.header().into()));
    if tag.is_named(known) {
        response.status = Status::NotModified;
        return;
    }
    let disposition = format!("attachment; filename=\"{}\"", slug::file_name(torrent));
    response.headers.push(("Content-Disposition", disposition.into()));
    response.content_type = "application/x-bittorrent";
    response.body = bytes;
}
