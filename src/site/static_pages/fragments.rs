//! Fragments for the owner's own pages, which include them: of all torrents, of a category, of a group, of one torrent.
//! A table that needs no stylesheet, the same with one, and its rows alone; and the figures of all rows together.
//!
//! But for one file none says when it was counted, so that each changes with its figures only.

use askama::Template;

use super::places::{Places, Way};
use super::row::RowView;
use super::scope::{Kind, Scope};
use super::{PagesError, put};
use crate::config::{FragmentsOf, PagesConfig};
use crate::site::fragments::Foot;
use crate::site::language::Texts;
use crate::site::page_folder::PageFolder;
use crate::site::rows::{first, newest_first};
use crate::tracker::{Report, Row, add_up};

/// The folder of the fragments in that of the pages.
const FOLDER: &str = "fragments/";

/// A look for the table.
const STYLE: &str = include_str!("../templates/fragments/table.css");

/// The rows of a table, the newest torrent first.
#[derive(Template)]
#[template(path = "fragments/rows.html")]
struct Rows<'a> {
    texts: &'static Texts,
    rows: &'a [RowView],
}

#[derive(Template)]
#[template(path = "fragments/table.html")]
struct Table<'a> {
    texts: &'static Texts,
    /// The category or group.
    name: Option<&'a str>,
    rows: &'a [RowView],
    /// How many more torrents there are, if there are more.
    more: Option<String>,
    /// The stylesheet that it brings.
    style: Option<String>,
}

#[derive(Template)]
#[template(path = "fragments/totals.html")]
struct Totals {
    texts: &'static Texts,
    torrents: String,
    size: String,
    seeders: String,
    leechers: String,
    completed: String,
}

#[derive(Template)]
#[template(path = "fragments/swarm.html")]
struct OneTorrent {
    texts: &'static Texts,
    row: RowView,
}

/// Writes the fragments that the owner wants, but for those of single torrents.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write(
    folder: &mut PageFolder,
    scopes: &[Scope<'_>],
    places: &Places<'_>,
    report: &Report,
) -> Result<(), PagesError> {
    let config = &places.loaded.config.pages;
    let wanted = |scope: &&Scope<'_>| config.fragments.contains(&written_for(scope.kind));
    for scope in scopes.iter().filter(wanted) {
        write_scope(folder, scope, places, report)?;
        folder.put(format!("{FOLDER}table.css"), STYLE.into())?;
    }
    if config.fragments.contains(&FragmentsOf::All) {
        let path = places.file(&format!("{FOLDER}counted.inc"));
        put(folder, path, &Foot::new(report, places.texts))?;
    }
    Ok(())
}

/// Writes the fragment of a torrent that has a page of this name, where the owner wants such.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_torrent(
    folder: &mut PageFolder,
    slug: &str,
    row: &Row,
    places: &Places<'_>,
    report: &Report,
) -> Result<(), PagesError> {
    if !of_torrents(&places.loaded.config.pages) {
        return Ok(());
    }
    let row = RowView::new(row, places, Way::Included(0), report.at);
    let path = places.file(&format!("t/{slug}/swarm.inc"));
    put(folder, path, &OneTorrent { texts: places.texts, row })
}

fn of_torrents(config: &PagesConfig) -> bool {
    config.fragments.contains(&FragmentsOf::Torrents)
}

fn written_for(kind: Kind) -> FragmentsOf {
    match kind {
        Kind::All => FragmentsOf::All,
        Kind::Category => FragmentsOf::Categories,
        Kind::Group => FragmentsOf::Groups,
    }
}

fn write_scope(
    folder: &mut PageFolder,
    scope: &Scope<'_>,
    places: &Places<'_>,
    report: &Report,
) -> Result<(), PagesError> {
    let way = Way::Included(0);
    let most = usize::try_from(places.loaded.config.pages.rows).unwrap_or(usize::MAX);
    let newest = first(&scope.rows, most, |a, b| newest_first(a, b));
    let rows: Vec<RowView> =
        newest.into_iter().map(|row| RowView::new(row, places, way, report.at)).collect();
    let left = scope.rows.len().saturating_sub(rows.len());
    let texts = places.texts;
    let mut table = Table {
        texts,
        name: scope.name.as_deref(),
        rows: &rows,
        more: (left > 0).then(|| texts.number(left)),
        style: None,
    };
    let path = |name: &str| places.file(&format!("{FOLDER}{}{name}", scope.folder));
    put(folder, path("table.inc"), &table)?;
    table.style = Some(format!("{}{FOLDER}table.css", way.root(places.loaded)));
    put(folder, path("styled.inc"), &table)?;
    put(folder, path("rows.inc"), &Rows { texts, rows: &rows })?;
    put(folder, path("totals.inc"), &Totals::new(scope, texts))
}

impl Totals {
    fn new(scope: &Scope<'_>, texts: &'static Texts) -> Self {
        let figures = add_up(scope.rows.iter().map(|row| &row.figures));
        Self {
            texts,
            torrents: texts.number(scope.rows.len()),
            size: texts.bytes(figures.size, 2),
            seeders: texts.number(figures.seeders),
            leechers: texts.number(figures.leechers),
            completed: texts.number(figures.completed),
        }
    }
}
