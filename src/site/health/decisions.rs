//! Decisions by command that hide what stands in the torrents folder.

use super::examination::Examination;
use super::outcome::{Outcome, some_of};
use crate::catalog::{Catalog, Layer, Torrent};
use crate::site::counted;

/// Of which torrents a command says another thing than their sidecars: who edits those wonders why nothing changes.
pub(super) fn hide_sidecars(examination: &Examination<'_>) -> Option<Outcome> {
    // That it cannot be read is said elsewhere.
    let catalog = Catalog::read(&examination.loaded.config.paths.catalog).ok()?;
    let torrents = catalog.torrents().ok()?;
    let hidden: Vec<String> = torrents.iter().filter_map(what_is_hidden).collect();
    if hidden.is_empty() {
        return None;
    }
    Some(Outcome::told(format!(
        "of {} commands have decided otherwise than the sidecar says, and win: {}; `tracker torrent edit TORRENT \
         --take-back all` lets the sidecar speak again",
        counted(hidden.len(), "torrent"),
        some_of(&hidden)
    )))
}

/// The keys of a torrent's sidecar that do not count because of commands.
fn what_is_hidden(torrent: &Torrent) -> Option<String> {
    torrent.sidecar()?;
    let is_hidden = |hides: &Option<(Layer, String)>| {
        hides.as_ref().is_some_and(|(layer, _)| *layer == Layer::Sidecar)
    };
    let said = torrent.explained().into_iter();
    let hidden = said.filter(|it| it.layer == Layer::Command && is_hidden(&it.hides));
    let names: Vec<&str> = hidden.map(|it| it.name).collect();
    let file = torrent.file.display();
    (!names.is_empty()).then(|| format!("{file} ({})", names.join(", ")))
}
