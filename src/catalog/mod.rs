//! What the site's owner decided: torrents and their totals, for years. Durable SQLite, never opened
//! on the announce path; announces read the policy snapshot that is published from it.

mod count;
mod database;
mod policy;
#[cfg(test)]
mod samples;
mod scan;
mod temporary;
mod torrents;
mod totals;
mod watched;

pub use database::{Catalog, CatalogError};
pub use policy::{PolicyError, PolicySnapshot, PolicyTorrent, Publication};
pub use scan::{ScanChanges, ScannedTorrent};
pub use torrents::Torrent;
pub use totals::{Carried, Period, RefreshRecord, StoreCounters, Totals, carry};
pub use watched::{Watched, modified_nanos};
