//! What the site's owner decided: torrents and their totals, for years. Durable SQLite, never opened
//! on the announce path; announces read the policy snapshot that is published from it.

mod backup;
mod count;
mod database;
mod dates;
mod decisions;
mod folder;
mod list;
mod migration;
pub mod natural;
mod policy;
#[cfg(test)]
mod samples;
mod scan;
mod torrents;
mod totals;

pub use backup::{BackupError, back_up, restore};
pub use database::{Catalog, CatalogError};
pub use folder::{
    AfterWriting, FileState, FolderError, FolderProblem, FolderScan, FolderView, FoundTorrent,
    Problem, ScanRules, Watched, has_changed, read_metainfo, scan_folder, scan_unknown,
};
pub use list::{KnownFiles, TorrentList, publish};

pub use policy::{
    Arrival, Delivery, FolderChange, PolicyError, PolicySnapshot, PolicyTorrent, Publication,
};
pub use scan::ScanChanges;
pub use torrents::Torrent;
pub use totals::{Carried, Period, RefreshRecord, StoreCounters, Totals, carry};
