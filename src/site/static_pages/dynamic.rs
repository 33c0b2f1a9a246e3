//! Pages that the script makes when somebody looks at them, and the stylesheet for them.

use askama::Template as _;

use super::STYLE;
use super::frame::POLICY;
use super::places::{Places, Way};
use super::torrent::{CategoryLink, Subject, TorrentPage};
use crate::catalog::{Catalog, CatalogError, External, Torrent};
use crate::config::LoadedConfig;
use crate::gateway::{Response, Status};
use crate::protocol::{InfoHash, Timestamp};
use crate::site::shown::Shown;
use crate::tracker::{Figures, TorrentWithPeers, Tracker};

/// The page of a torrent. Nothing is said of one that is hidden or denied.
pub(in crate::site) fn show_torrent(
    tracker: &Tracker,
    info_hash: InfoHash,
    now: Timestamp,
    response: &mut Response,
) {
    let loaded = tracker.config();
    let read = read(tracker, info_hash, now);
    let rendered = match read {
        Ok((Shown::Nothing, _)) => {
            response.status = Status::NotFound;
            response.body.extend_from_slice(b"There is no such torrent here.\n");
            return;
        }
        Ok((Shown::Retired(torrent), external)) => {
            response.status = Status::Gone;
            page(loaded, *torrent, &external, now).render()
        }
        Ok((Shown::Listed(torrent), external)) => page(loaded, *torrent, &external, now).render(),
        Err(problem) => {
            crate::error!("{problem}");
            return fail(response);
        }
    };
    match rendered {
        Ok(text) => {
            response.content_type = "text/html; charset=utf-8";
            response.headers.push(("Cache-Control", "max-age=60".into()));
            response.headers.push(("Content-Security-Policy", policy().into()));
            response.headers.push(("X-Content-Type-Options", "nosniff".into()));
            response.body.extend_from_slice(text.as_bytes());
        }
        Err(problem) => {
            crate::error!("cannot render the page of {info_hash}: {problem}");
            fail(response);
        }
    }
}

/// The stylesheet.
pub(in crate::site) fn show_style(response: &mut Response) {
    response.content_type = "text/css; charset=utf-8";
    response.headers.push(("Cache-Control", "max-age=86400".into()));
    response.body.extend_from_slice(STYLE.as_bytes());
}

/// A header can also say that no other page may frame this one.
fn policy() -> String {
    format!("{POLICY}; frame-ancestors 'none'")
}

fn fail(response: &mut Response) {
    response.status = Status::InternalServerError;
    response.body.extend_from_slice(b"This page cannot be shown now.\n");
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

fn page(
    loaded: &LoadedConfig,
    torrent: Torrent,
    external: &[External],
    now: Timestamp,
) -> TorrentPage {
    let TorrentWithPeers { torrent, peers } = TorrentWithPeers::now(loaded, torrent, now);
    let peers = peers.unwrap_or_default();
    let figures = Figures {
        seeders: peers.seeders.into(),
        leechers: peers.leechers.into(),
        partial_seeds: peers.partial_seeds.into(),
        completed: torrent.totals.completed,
        downloaded: torrent.totals.downloaded,
        size: torrent.size,
        ..Figures::default()
    };
    let category = torrent.category().map(std::borrow::Cow::into_owned);
    let category = category.map(|name| CategoryLink { name, page: None });
    let places = Places::of_one(loaded, external);
    let subject = Subject { torrent: &torrent, figures: &figures, category, period: None, now };
    TorrentPage::new(subject, &places, Way::Dynamic)
}
