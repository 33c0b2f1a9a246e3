//! What the site's owner decided: torrents and their totals, for years. Durable SQLite, never opened
//! on the announce path; announces read the policy snapshot that is published from it.

mod count;
mod database;
mod dates;
mod folder;
pub mod natural;
mod policy;
#[cfg(test)]
mod samples;
mod scan;
mod torrents;
mod totals;

pub use database::{Catalog, CatalogError};
pub use folder::{
    FolderError, FolderProblem, FolderScan, FoundTorrent, Problem, ScanRules, Watched, has_changed,
    read_metainfo, scan_folder,
};

pub use policy::{FolderChange, PolicyError, PolicySnapshot, PolicyTorrent, Publication};
pub use scan::ScanChanges;
pub use torrents::Torrent;
pub use totals::{Carried, Period, RefreshRecord, StoreCounters, Totals, carry};
