//! The history: what refreshes found, for years. An SQLite file of its own beside the catalogue, never opened by an announce.
//!
//! Each refresh adds one row to the table `fine`: the figures of all together, and those of each torrent that has others
//! than before. So a refresh in which a torrent does not appear has found it as it was. Whole days become a row for each
//! torrent with a summary of each hour once they are two days old (`hourly`), and eight days one with a summary of each day
//! once they are sixty days old (`daily`), which stay. All figures are absolute: to see one twice changes nothing.

mod file;
mod read;
mod record;
mod sample;
mod series;
mod thin;
mod tier;

pub use file::{History, HistoryError};
pub use record::{FoundFigures, RefreshFigures, record_history};
pub use sample::Sample;
pub use series::{Point, PointFigures, Series, Span};

#[cfg(test)]
mod tests;
