//! The `.torrent` file of a torrent, in the torrents folder or in the catalogue.

use std::io;
use std::path::PathBuf;

use crate::catalog::{Catalog, CatalogError, FilePlace, Torrent};
use crate::config::LoadedConfig;
use crate::platform::files;
use crate::protocol::Metainfo;

/// Why the file of a torrent is not read.
#[derive(Debug, thiserror::Error)]
pub enum TorrentFileError {
    /// The one in the torrents folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The bytes of a torrent's `.torrent` file; `None` where there is none. In the folder, others may have put something
/// else in its place: see [`is_file_of`].
///
/// # Errors
/// When it cannot be read, or is larger than `max_torrent_bytes` in `[catalog]`.
pub fn torrent_file(
    torrent: &Torrent,
    loaded: &LoadedConfig,
) -> Result<Option<Vec<u8>>, TorrentFileError> {
    let config = &loaded.config;
    match torrent.file_place() {
        FilePlace::Folder(_) if torrent.missing_since.is_some() => Ok(None),
        FilePlace::Folder(file) => {
            let path = config.paths.torrents.join(file);
            files::read_linked(&path, config.catalog.max_torrent_bytes.0)
                .map(Some)
                .map_err(|source| TorrentFileError::Unreadable { path, source })
        }
        FilePlace::Catalog => {
            Ok(Catalog::read(&config.paths.catalog)?.stored_file(torrent.canonical)?)
        }
        FilePlace::Nowhere => Ok(None),
    }
}

/// Whether these are the bytes of a `.torrent` file of this torrent.
#[must_use]
pub fn is_file_of(bytes: &[u8], torrent: &Torrent) -> bool {
    Metainfo::parse(bytes).is_ok_and(|it| {
        it.canonical() == torrent.canonical || it.alias() == Some(torrent.canonical)
    })
}
