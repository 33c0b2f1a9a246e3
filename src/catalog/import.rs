//! What other trackers leave: their lists, states, files of peers and SQL dumps, read into one form.

mod bitstorm;
mod bytes;
mod day;
mod entities;
mod found;
mod lines;
mod opentracker;
mod php;
mod phpbt;
mod sql;
mod tables;
#[cfg(test)]
mod tests;
mod trackercgi;
mod unpack;
mod xbt;

use std::io::Read;

pub use found::{
    Import, ImportError, ImportedBan, ImportedTorrent, MOST_TORRENTS, Skipped, SkippedEntry,
};

use crate::protocol::Timestamp;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// A white list of opentracker's.
    OpentrackerList,
    /// What opentracker's `statedump` prints.
    OpentrackerState,
    /// A dump of TrackerCGI's database.
    TrackerCgi,
    /// A dump of RivetTracker's, PHPBTTracker's or PHPBTTracker+'s database.
    RivetTracker,
    /// Bitstorm's file of peers, or a dump of its database.
    Bitstorm,
    /// A dump of XBT's database.
    Xbt,
}

impl Import {
    /// Reads another tracker's file, which may be packed by gzip; of a dump with several databases the one with this
    /// name. `now` decides which bans are over.
    ///
    /// Memory goes with the number of torrents and bans, not with the size of the file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or cut off, is of another kind, or has more than [`MOST_TORRENTS`], a
    /// million bans or 512 MiB of texts.
    pub fn read(
        kind: ImportKind,
        file: impl Read,
        database: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, ImportError> {
        let file = unpack::unpacked(file)?;
        match kind {
            ImportKind::OpentrackerList => opentracker::list(file),
            ImportKind::OpentrackerState => opentracker::state(file),
            ImportKind::TrackerCgi => tables::read(file, database, &mut trackercgi::TrackerCgi),
            ImportKind::RivetTracker => tables::read(file, database, &mut phpbt::PhpBt::new(now)),
            ImportKind::Bitstorm => bitstorm::read(file, database),
            ImportKind::Xbt => tables::read(file, database, &mut xbt::Xbt),
        }
    }
}
