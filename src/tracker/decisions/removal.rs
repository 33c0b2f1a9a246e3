//! Removing torrents: forgetting them with their figures and all that was said of them.

use crate::catalog::{Author, Catalog, CatalogError, ScanChanges, Torrent};
use crate::config::LoadedConfig;
use crate::store::StoreError;
use crate::tracker::event_log::note_torrents;
use crate::tracker::open_store;

/// What would bring a torrent back that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its file is in the torrents folder.
    ByFile,
    /// It stands in the list that `allow_list` names.
    ByList,
}

/// Why torrents are not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// One of them would come back.
    #[error("{} would come back: {}", .0.canonical, match .1 {
        Kept::ByFile => "its file is in the torrents folder",
        Kept::ByList => "it stands in the list that `allow_list` in [access] names",
    })]
    Kept(Box<Torrent>, Kept),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalogue cannot be written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What would bring a torrent back, so that it is not removed.
#[must_use]
pub fn why_kept(torrent: &Torrent) -> Option<Kept> {
    match torrent.missing_since {
        Some(_) => None,
        None if torrent.has_file() => Some(Kept::ByFile),
        None if torrent.added => None,
        None => Some(Kept::ByList),
    }
}

/// Forgets torrents with their figures and all that was said of them. Where one would come back, none is removed.
///
/// # Errors
/// When one would come back, or store or catalogue cannot be used; then those before it are removed already.
pub fn remove(
    loaded: &LoadedConfig,
    catalog: &mut Catalog,
    torrents: &[Torrent],
    author: &Author<'_>,
) -> Result<(), RemoveError> {
    for torrent in torrents {
        if let Some(kept) = why_kept(torrent) {
            return Err(RemoveError::Kept(Box::new(torrent.clone()), kept));
        }
    }
    let mut store = open_store(loaded)?;
    for torrent in torrents {
        // What the store has counted would come back with the torrent.
        store.remove_swarm(torrent.canonical)?;
        catalog.remove(torrent, author)?;
    }
    let vanished = torrents.iter().map(|torrent| torrent.canonical).collect();
    note_torrents(loaded, &ScanChanges { vanished, ..ScanChanges::default() }, author.at);
    Ok(())
}
