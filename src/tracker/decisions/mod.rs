//! What is decided about torrents by whoever looks after them: the rules that commands, pages and programs share. Who calls
//! these has the turn, and publishes what comes of it.

mod edits;
mod removal;

pub use edits::{EditError, Edits, NeverListed};
pub use removal::{Kept, RemoveError, remove, why_kept};

use crate::catalog::{Author, Catalog, CatalogError, Details, Retirement, Torrent};

/// Leaves torrents out of listings. Returns how many were not decided to be before.
///
/// # Errors
/// When the catalogue cannot be written; then nothing was changed.
pub fn hide(
    catalog: &mut Catalog,
    torrents: &[Torrent],
    author: &Author<'_>,
) -> Result<usize, CatalogError> {
    let hide = |details: &mut Details| details.hidden = Some(true);
    catalog.decide_all("hide", torrents.iter().map(|it| (it.canonical, hide)), author)
}

/// Takes back that torrents are left out of listings, whoever says so.
///
/// # Errors
/// When the catalogue cannot be written; then nothing was changed.
pub fn unhide(
    catalog: &mut Catalog,
    torrents: &[Torrent],
    author: &Author<'_>,
) -> Result<usize, CatalogError> {
    let decisions = torrents.iter().map(|torrent| {
        // Not to hide what nothing hides needs no decision, which would win over a sidecar to come.
        let hidden = torrent.is_hidden_without_decision().then_some(false);
        (torrent.canonical, move |details: &mut Details| details.hidden = hidden)
    });
    catalog.decide_all("unhide", decisions, author)
}

/// Has torrents be tracked no longer, and their clients be told why: the configured reason where this one is empty.
///
/// # Errors
/// When the catalogue cannot be written; then nothing was changed.
pub fn retire(
    catalog: &mut Catalog,
    torrents: &[Torrent],
    reason: &str,
    author: &Author<'_>,
) -> Result<usize, CatalogError> {
    let retire = |details: &mut Details| {
        details.retirement = Some(Retirement::Retired(reason.to_owned()));
    };
    catalog.decide_all("retire", torrents.iter().map(|it| (it.canonical, retire)), author)
}

/// Has retired torrents be tracked again; leaves those that are not retired as they are.
///
/// # Errors
/// When the catalogue cannot be written; then nothing was changed.
pub fn restore(
    catalog: &mut Catalog,
    torrents: &[Torrent],
    author: &Author<'_>,
) -> Result<usize, CatalogError> {
    let retired = torrents.iter().filter(|torrent| torrent.details().retired().is_some());
    let decisions = retired.map(|torrent| {
        // Where nothing else retires it, no decision is needed, which would win over a sidecar to come.
        let by_sidecar = torrent.sidecar().is_some_and(|it| it.details.retired().is_some());
        let restored = by_sidecar.then_some(Retirement::Restored);
        (torrent.canonical, move |details: &mut Details| details.retirement = restored)
    });
    catalog.decide_all("restore", decisions, author)
}

/// Says this of torrents instead of what is decided.
///
/// # Errors
/// [`EditError::NeverListed`], or when the catalogue cannot be written; then nothing was changed.
pub fn edit(
    catalog: &mut Catalog,
    torrents: &[Torrent],
    edits: &Edits,
    author: &Author<'_>,
) -> Result<usize, EditError> {
    torrents.iter().try_for_each(|torrent| edits.check(torrent))?;
    let apply = |details: &mut Details| edits.apply(details);
    Ok(catalog.decide_all("edit", torrents.iter().map(|it| (it.canonical, apply)), author)?)
}
