//! The pages that visitors see: a refresh writes them as files, and the script makes those of torrents that have
//! none. Nothing but a stylesheet is loaded by them, and nothing runs in them.

mod frame;
mod list;
mod listing;
mod pager;
mod places;
mod row;
mod slug;
mod swarm;
mod torrent;
mod tree;

pub(super) mod dynamic;

use std::path::PathBuf;

use askama::Template;

use self::list::{Lists, Placed};
use self::listing::Category;
pub(super) use self::places::STYLE_FILE;
pub(super) use self::torrent::contents;

use self::places::{Places, Way};
use self::torrent::{CategoryLink, Subject, TorrentPage};
use super::format::counted;
use super::page_folder::{self, PageFolder, PageFolderError, Pages};
use crate::catalog::External;
use crate::config::LoadedConfig;
use crate::tracker::{Report, Row};

/// The look of all pages.
const STYLE: &str = include_str!("../templates/pages/tracker.css");

/// Clashes named in a message at most.
const MOST_NAMED: usize = 3;

/// What can keep the pages from being written.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// Their folder does not take them.
    #[error(transparent)]
    Folder(#[from] PageFolderError),
    /// One cannot be rendered.
    #[error("cannot render {}: {source}", path.display())]
    Render {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: askama::Error,
    },
}

/// Writes all pages whose content has changed, and removes those that are of nothing any more. Returns what the owner
/// should know.
///
/// # Errors
/// When pages cannot be written; those from before stay.
pub(super) fn write(
    loaded: &LoadedConfig,
    report: &Report,
    external: &[External],
) -> Result<Vec<String>, PagesError> {
    let Some(folder) = &loaded.config.paths.pages else {
        page_folder::remove_all(loaded)?;
        return Ok(Vec::new());
    };
    let mut folder = PageFolder::open(folder, page_folder::manifest_path(loaded))?;
    let places = Places::new(loaded, &report.rows, external);
    let categories = listing::categories(&report.rows);
    let lists = Lists { places: &places, report, categories: &categories };
    folder.put(STYLE_FILE.into(), STYLE.into())?;
    for Placed { path, page } in lists.index().chain(lists.of_categories()) {
        put(&mut folder, path, &page)?;
    }
    for category in &categories {
        for row in &category.rows {
            if let Some(slug) = places.slug(row.torrent.canonical) {
                let page = torrent_page(row, category, &places, report);
                put(&mut folder, format!("t/{slug}/index.html"), &page)?;
            }
        }
    }
    Ok(said(loaded, &folder.finish()?))
}

fn put(folder: &mut PageFolder, path: String, page: &impl Template) -> Result<(), PagesError> {
    match page.render() {
        Ok(text) => Ok(folder.put(path, text.into_bytes())?),
        Err(source) => Err(PagesError::Render { path: path.into(), source }),
    }
}

fn torrent_page(
    row: &Row,
    category: &Category<'_>,
    places: &Places<'_>,
    report: &Report,
) -> TorrentPage {
    let way = Way::Static(2);
    let root = way.root(places.loaded);
    let category = category.name.clone().map(|name| CategoryLink {
        name,
        page: category.slug.as_ref().map(|slug| format!("{root}c/{slug}/index.html")),
    });
    let period = Some(counted(report.next_in.in_minutes_rounded_up(), "minute"));
    let (torrent, figures) = (&row.torrent, &row.figures);
    TorrentPage::new(Subject { torrent, figures, category, period, now: report.at }, places, way)
}

/// What the owner should know of the pages.
fn said(loaded: &LoadedConfig, pages: &Pages) -> Vec<String> {
    let Some(folder) = loaded.config.paths.pages.as_ref().filter(|_| !pages.clashes.is_empty())
    else {
        return Vec::new();
    };
    let named: Vec<&str> = pages.clashes.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = pages.clashes.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    vec![format!(
        "pages left out ({}), as files of yours are in their place: {}{more} in {}; move them away, or name \
         another folder by `pages` in [paths]",
        pages.clashes.len(),
        named.join(", "),
        folder.display()
    )]
}

#[cfg(test)]
mod tests;
