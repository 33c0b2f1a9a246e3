//! Publishing: asks the tracker for a refresh and writes what pages include.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use askama::Template;

use super::appearance::Appearance;
use super::fragments::{RssFragment, StatsFragment};
use super::list::ListFragment;
use super::own_file::OwnFileError;
use super::static_pages::{self, PagesError};
use super::{clock, feed, first_user, full_scrape, metrics};
use crate::catalog::{Catalog, ListIndexError};
use crate::config::LoadedConfig;
use crate::platform::log::{self, Level};
use crate::platform::privilege::{self, PrivilegeError};
use crate::platform::publication;
use crate::platform::threads::side_by_side;
use crate::protocol::Timestamp;
use crate::tracker::{
    Next, Progress, Quiet, Refresh, RefreshError, RefreshFigures, ReplicaRefresh, Report, Skipped,
    Turn, Urgency, list_index, refresh_replica, rescan,
};

/// How publishing ended.
pub enum Published {
    /// All was recreated.
    Done(Box<Report>),
    /// There was nothing to do.
    Skipped(Skipped),
    /// This host is a replica, and did what one does.
    Replica(ReplicaRefresh),
}

/// What can stop it.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The refresh failed.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// A folder that must be there cannot be made.
    #[error(transparent)]
    Layout(#[from] crate::config::LayoutError),
    /// A fragment cannot be rendered.
    #[error("cannot render {}: {source}", path.display())]
    Render {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: askama::Error,
    },
    /// Others than root decide where a fragment is.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    /// Pages for visitors cannot be written.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// What searches go by cannot be written.
    #[error(transparent)]
    ListIndex(#[from] ListIndexError),
    /// The scrape of all torrents, or the figures for node_exporter, cannot be written.
    #[error(transparent)]
    OwnFile(#[from] OwnFileError),
    /// The page of the feed cannot be read.
    #[error("cannot read {}: {source}; let the tracker's user read it, or set feed_page in [paths] to \"\"", path.display())]
    FeedPage {
        /// The page.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A fragment cannot be written; the one before it stays.
    #[error("cannot write {}: {source}; the one before it stays until there is room and permission for the tracker's user", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Refreshes as urgently as said, and rewrites all fragments. A fragment that cannot be written keeps
/// neither the others nor the policy from being published.
///
/// # Errors
/// The first of all that went wrong.
pub fn publish(
    loaded: &LoadedConfig,
    urgency: Urgency,
    progress: &mut dyn Progress,
) -> Result<Published, PublishError> {
    if loaded.config.is_replica() {
        return Ok(Published::Replica(refresh_replica(loaded, urgency, clock())?));
    }
    // Only at the very first time: a torrents folder that vanished later must be missed, not made.
    if !loaded.config.paths.catalog.exists() {
        crate::config::lay_out_missing(loaded)?;
    }
    let Some(turn) = Turn::take(loaded, urgency)? else {
        return Ok(Published::Skipped(Skipped::Busy));
    };
    let begun = Instant::now();
    // Read now, because taking the turn may have taken minutes.
    let now = clock();
    let force = urgency != Urgency::WhenDue;
    let mut refresh = match Refresh::begin(loaded, turn, now, force, progress)? {
        Ok(refresh) => refresh,
        Err(skipped) => return Ok(Published::Skipped(skipped)),
    };
    refresh.record_history();
    let set_up = write_what_is_set(loaded, now);
    let report = refresh.report();
    let (list, (stats, rss)) = side_by_side(
        || write_list(loaded, report),
        || (write_stats(loaded, report), write_items(loaded, report)),
    );
    let (index, written_pages) =
        side_by_side(|| write_list_index(loaded, report), || write_pages(loaded, &refresh));
    let (pages, said) = match written_pages {
        Ok(said) => (Ok(()), said),
        Err(problem) => (Err(problem), Vec::new()),
    };
    let written = stats.and(list).and(rss).and(pages).and(index);
    let next = match urgency {
        _ if written.is_err() => Next::InAMinute,
        Urgency::First => Next::Now,
        _ => Next::InTime,
    };
    let (mut report, turn) = refresh.commit(next)?;
    report.messages.extend(said);
    let figures = RefreshFigures::of(&report, loaded, begun.elapsed());
    let written = written.and(write_refresh_figures(loaded, &turn, &figures));
    let files = [
        write_full_scrape(loaded, &turn, report.at),
        // With the figures of this refresh, which have just been written.
        write_metrics(loaded, &turn, report.at),
    ];
    let written = files.into_iter().fold(written, |written, outcome| match outcome {
        // It stays, as a file does that is in the place of a page.
        Err(PublishError::OwnFile(problem @ OwnFileError::Foreign { .. })) => {
            report.messages.push(problem.to_string());
            written
        }
        outcome => written.and(outcome),
    });
    report.messages.extend(set_up);
    if let Err(problem) = written {
        // Nobody else will hear them.
        log::list(Level::Warning, &report.messages);
        return Err(problem);
    }
    Ok(Published::Done(Box::new(report)))
}

/// Writes what the administration says of pages, and the token for the first user of a new site. Returns what the owner should
/// know of that.
fn write_what_is_set(loaded: &LoadedConfig, now: Timestamp) -> Vec<String> {
    // What is wrong with the catalogue is told where it is used.
    let Ok(catalog) = Catalog::read(&loaded.config.paths.catalog) else { return Vec::new() };
    let look = Appearance::publish(loaded, &catalog)
        .map_err(|problem| format!("cannot write {}: {problem}", loaded.appearance().display()));
    let token = first_user::offer(loaded, &catalog, now).map_err(|problem| problem.to_string());
    [look, token].into_iter().filter_map(Result::err).collect()
}

/// Publishes where nothing is published yet. Several first requests may come at once: all but one
/// wait for what that one publishes.
pub(super) fn publish_first(loaded: &LoadedConfig, now: Timestamp) -> Result<(), PublishError> {
    match publish(loaded, Urgency::First, &mut Quiet)? {
        Published::Done(report) => {
            log::list_once_a_minute(Level::Warning, &report.messages);
            Ok(())
        }
        Published::Skipped(Skipped::TooEarly(_)) | Published::Replica(_) => Ok(()),
        Published::Skipped(Skipped::Busy) => Ok(rescan(loaded, now)?),
    }
}

/// Refreshes when it is time. A scan for a torrent that was dropped in holds the same lock, and is soon over.
pub(super) fn publish_when_free(loaded: &LoadedConfig) -> Result<Published, PublishError> {
    let give_up = Instant::now() + Duration::from_secs(3);
    loop {
        match publish(loaded, Urgency::WhenDue, &mut Quiet) {
            Ok(Published::Skipped(Skipped::Busy)) if Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(50));
            }
            outcome => return outcome,
        }
    }
}

fn render(path: &Path, template: &impl Template) -> Result<String, PublishError> {
    template.render().map_err(|source| PublishError::Render { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), PublishError> {
    is_no_trap(path)?;
    publication::replace_readable(path, text.as_bytes())
        .map_err(|source| PublishError::Write { path: path.to_owned(), source })
}

/// Root writes to and removes from no folder that others decide about: they could have put a link in its
/// place.
fn is_no_trap(path: &Path) -> Result<(), PublishError> {
    if privilege::is_root() {
        privilege::only_root_decides(path.parent().unwrap_or(path))?;
    }
    Ok(())
}

fn write_stats(loaded: &LoadedConfig, report: &Report) -> Result<(), PublishError> {
    let path = &loaded.config.paths.stats_fragment;
    write(path, &render(path, &StatsFragment::new(report, loaded))?)
}

/// Writes the items of the feed, and the feed as a whole.
fn write_items(loaded: &LoadedConfig, report: &Report) -> Result<(), PublishError> {
    let path = &loaded.config.paths.rss_fragment;
    let items = render(path, &RssFragment::new(report, loaded))?;
    write(path, &items).and(write_feed(loaded, &items))
}

/// Writes the pages for visitors. Returns what the owner should know of them.
fn write_pages(loaded: &LoadedConfig, refresh: &Refresh<'_>) -> Result<Vec<String>, PublishError> {
    let external = refresh.external()?;
    Ok(static_pages::write(loaded, refresh.report(), &external)?)
}

/// Writes what searches go by, where there are pages. Elsewhere few search, and the first one leaves it for the others.
fn write_list_index(loaded: &LoadedConfig, report: &Report) -> Result<(), PublishError> {
    if !loaded.config.has_pages() {
        // That of before is old now; one that cannot be removed is only that.
        let _ = fs::remove_file(loaded.list_index());
        return Ok(());
    }
    Ok(list_index::write(loaded, report)?)
}

/// Writes what this refresh has found, for programs.
fn write_refresh_figures(
    loaded: &LoadedConfig,
    turn: &Turn,
    figures: &RefreshFigures,
) -> Result<(), PublishError> {
    let path = loaded.refresh_figures();
    figures.write(loaded, turn).map_err(|source| PublishError::Write { path, source })
}

/// Writes the scrape of all torrents, by the policy that is in force now.
fn write_full_scrape(
    loaded: &LoadedConfig,
    turn: &Turn,
    now: Timestamp,
) -> Result<(), PublishError> {
    let Some(path) = &loaded.config.paths.full_scrape else { return Ok(()) };
    is_no_trap(path)?;
    Ok(full_scrape::write(loaded, path, turn, now)?)
}

/// Writes the figures for node_exporter, those of this refresh among them.
fn write_metrics(loaded: &LoadedConfig, turn: &Turn, now: Timestamp) -> Result<(), PublishError> {
    let Some(path) = &loaded.config.paths.metrics_file else { return Ok(()) };
    is_no_trap(path)?;
    Ok(metrics::file::write(loaded, path, turn, now)?)
}

/// Writes the list of torrents for our own pages.
fn write_list(loaded: &LoadedConfig, report: &Report) -> Result<(), PublishError> {
    let Some(path) = loaded.list_fragment() else { return Ok(()) };
    let list = render(&path, &ListFragment::new(report, loaded))?;
    write(&path, &list)
}

/// Writes the feed as a whole. Where it cannot be made, an old one must not stand in for it.
fn write_feed(loaded: &LoadedConfig, items: &str) -> Result<(), PublishError> {
    let Some(path) = loaded.whole_feed() else { return Ok(()) };
    let page = loaded.config.paths.feed_page.clone().unwrap_or_default();
    let read = |source| PublishError::FeedPage { path: page, source };
    match feed::whole(loaded, items) {
        Ok(Some(feed)) => write(&path, &feed),
        outcome => match is_no_trap(&path).map(|()| fs::remove_file(&path))? {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(PublishError::Write { path, source })
            }
            _ => outcome.map(|_| ()).map_err(read),
        },
    }
}
