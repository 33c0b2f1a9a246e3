//! The pages that visitors see: a refresh writes them as files, and the script makes those of torrents that have
//! none. Nothing but a stylesheet is loaded by them, and nothing runs in them.

mod answer;
mod directory;
mod feeds;
mod find;
mod for_robots;
mod fragments;
mod frame;
mod history;
mod how_to;
mod list;
mod list_query;
mod listing;
mod markdown;
mod message;
mod pager;
mod peers;
mod places;
mod row;
mod scope;
mod search;
mod slug;
mod statistics;
mod swarm;
mod torrent;
mod torrent_pages;
mod tree;

pub(super) mod dynamic;

pub(super) use self::search::show_list;

use std::collections::HashSet;
use std::path::PathBuf;

use askama::Template;

use self::directory::Directory;
use self::frame::{HOW_TO, STATISTICS};
use self::history::Charts;
use self::how_to::HowToPage;
use self::list::{Lists, Placed};
pub(super) use self::places::STYLE_FILE;
pub(super) use self::torrent::contents;

use self::places::{INDEX, Places};
use self::statistics::StatisticsPage;
use self::torrent_pages::TorrentPages;
use super::charts::Subject;
use super::history::{history_csv, history_json};
use super::page_folder::{self, PageFolder, PageFolderError, Pages};
use crate::catalog::External;
use crate::config::LoadedConfig;
use crate::site::appearance::Appearance;
use crate::tracker::Report;

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
    let (categories, groups) = (listing::categories(&report.rows), listing::groups(&report.rows));
    let with_pages = groups.iter().filter_map(|it| it.name.clone().zip(it.slug.clone()));
    let places = Places::new(loaded, &report.rows, external).with_groups(with_pages.collect());
    let retired: HashSet<String> = report.retired.iter().map(slug::of).collect();
    folder.remove_folders_but("t", |slug| places.has_page(slug) || retired.contains(slug))?;
    folder.put(STYLE_FILE.into(), style(&places.appearance).into())?;
    let scopes = scope::scopes(&report.rows, &categories, &groups);
    for scope in &scopes {
        feeds::write(&mut folder, scope, &places, report)?;
    }
    // That it cannot be read is told with the pages of torrents.
    let history = history::read(loaded, &[None], report.at).ok();
    let history = history.as_ref().and_then(|spans| spans.first());
    let languages = loaded.config.pages.languages.all().iter();
    let in_languages: Vec<Places<'_>> = languages.map(|it| places.speaking(*it)).collect();
    let mut pages = Vec::new();
    for places in &in_languages {
        let (categories, groups) = (&categories, &groups);
        let lists = Lists { places, report, categories, groups, history };
        pages.extend(write_in_one_language(&mut folder, &lists)?);
        pages.extend(public_pages(categories, places));
        fragments::write(&mut folder, &scopes, places, report)?;
    }
    let torrents = TorrentPages::new(loaded, &in_languages, report, &mut folder);
    let without_charts = torrents.write(&categories)?;
    for_robots::write(&mut folder, loaded, &pages)?;
    let clashes = said(loaded, &folder.finish()?);
    Ok(clashes.into_iter().chain(without_charts).collect())
}

/// The stylesheet, with the colours that the owner has chosen.
fn style(appearance: &Appearance) -> String {
    format!("{STYLE}{}", appearance.style())
}

/// Whether pages can lead to the script.
pub(super) fn script_is_known(loaded: &LoadedConfig) -> bool {
    loaded.script_url().is_some()
}

/// Writes the pages that are of no single torrent. Returns their paths.
fn write_in_one_language(
    folder: &mut PageFolder,
    lists: &Lists<'_>,
) -> Result<Vec<String>, PagesError> {
    let Lists { places, report, .. } = *lists;
    let loaded = places.loaded;
    let mut pages = [STATISTICS, HOW_TO].map(|path| places.file(path)).to_vec();
    let has_directory = is_directory(loaded, report);
    if has_directory {
        let mut page = Directory::new(lists);
        page.is_at(INDEX, loaded);
        let path = places.file(INDEX);
        pages.push(path.clone());
        put(folder, path, &page)?;
    }
    let index = lists.index().filter(|_| !has_directory);
    for Placed { path, mut page } in index.chain(lists.of_categories()).chain(lists.of_groups()) {
        page.is_at(&path, loaded);
        let path = places.file(&path);
        pages.push(path.clone());
        put(folder, path, &page)?;
    }
    let period = places.texts.minutes(report.next_in);
    put(folder, places.file(HOW_TO), &HowToPage::new(places, period))?;
    write_statistics(folder, lists)?;
    Ok(pages)
}

/// Writes the statistics of all torrents together, and what they are drawn from as files for programs.
fn write_statistics(folder: &mut PageFolder, lists: &Lists<'_>) -> Result<(), PagesError> {
    let Lists { places, report, history, .. } = *lists;
    let charts = match history.filter(|_| !report.load.is_high) {
        Some(spans) => rendered(STATISTICS, Charts::of(Subject::All, spans, places.texts))?,
        None => Charts::default(),
    };
    let mut page = StatisticsPage::new(report, places, charts);
    page.has_data = history.is_some();
    put(folder, places.file(STATISTICS), &page)?;
    if let Some(spans) = history.filter(|_| places.is_usual()) {
        let json: serde_json::Value = spans.iter().map(|it| history_json(None, it)).collect();
        folder.put("api/history.json".into(), json.to_string().into_bytes())?;
        let [.., year] = spans;
        folder.put("api/history.csv".into(), history_csv(year).into_bytes())?;
    }
    Ok(())
}

/// The pages of torrents that are for everybody.
fn public_pages(
    categories: &[listing::Listing<'_>],
    places: &Places<'_>,
) -> impl Iterator<Item = String> {
    let rows = categories.iter().flat_map(|category| &category.rows);
    let public =
        rows.filter(|row| !row.torrent.private && row.torrent.details().retired().is_none());
    let slugs = public.filter_map(|row| places.slug(row.torrent.canonical));
    slugs.map(|slug| places.file(&format!("t/{slug}/{INDEX}")))
}

/// Whether there are so many torrents that the front page is no list of them. Without the script, to which a directory
/// leads, some of them would be nowhere.
fn is_directory(loaded: &LoadedConfig, report: &Report) -> bool {
    let limit = usize::try_from(loaded.config.pages.browse_limit).unwrap_or(usize::MAX);
    report.rows.len() > limit && loaded.script_url().is_some()
}

fn put(folder: &mut PageFolder, path: String, page: &impl Template) -> Result<(), PagesError> {
    let text = render(&path, page)?;
    Ok(folder.put(path, text.into_bytes())?)
}

fn render(path: &str, page: &impl Template) -> Result<String, PagesError> {
    rendered(path, page.render())
}

fn rendered<T>(path: &str, rendered: askama::Result<T>) -> Result<T, PagesError> {
    rendered.map_err(|source| PagesError::Render { path: path.into(), source })
}

/// What the owner should know of the pages.
fn said(loaded: &LoadedConfig, pages: &Pages) -> Vec<String> {
    let Some(folder) = &loaded.config.paths.pages else { return Vec::new() };
    let folder = folder.display();
    let Pages { clashes, kept, is_by_backup, .. } = pages;
    let by_backup = || {
        format!(
            "{} was missing or damaged: which pages in {folder} are the tracker's is known by the backup among them",
            page_folder::manifest_path(loaded).display()
        )
    };
    let left_out = || {
        format!(
            "pages left out ({}), as files of yours are in their place: {} in {folder}; move them away, or name \
             another folder by `pages` in [paths]",
            clashes.len(),
            some_of(clashes)
        )
    };
    let left_there = || {
        format!(
            "pages that are not the tracker's any more ({}), as somebody has changed them: {} in {folder}; they stay \
             public, also where their torrents are hidden now; remove them if they should not",
            kept.len(),
            some_of(kept)
        )
    };
    let said = [
        is_by_backup.then(by_backup),
        (!clashes.is_empty()).then(left_out),
        (!kept.is_empty()).then(left_there),
    ];
    said.into_iter().flatten().collect()
}

/// The first of some paths, and how many more there are.
fn some_of(paths: &[String]) -> String {
    let named: Vec<&str> = paths.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = paths.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests;
