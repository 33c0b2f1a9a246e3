//! The figures that the last refresh found, of all torrents at once.

use std::collections::HashMap;

use super::file::{History, HistoryError};
use super::record::known_of_all;
use super::sample::Sample;
use crate::protocol::InfoHash;

/// What the last refresh found.
#[derive(Clone, Debug, Default)]
pub struct LastFigures {
    /// All that are listed together; `None` where nothing was recorded yet.
    pub all: Option<Sample>,
    /// Each torrent that ever had other figures than none, by its canonical info-hash.
    torrents: HashMap<InfoHash, Sample>,
}

impl LastFigures {
    /// Those of a torrent; `None` where nothing was recorded yet of any.
    #[must_use]
    pub fn of(&self, canonical: InfoHash) -> Option<Sample> {
        let known = self.torrents.get(&canonical).copied();
        known.or_else(|| self.all.map(|_| Sample::default()))
    }
}

impl History {
    /// The figures that the last refresh found.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn last_figures(&self) -> Result<LastFigures, HistoryError> {
        let (all, torrents) = known_of_all(&self.connection, 0).map_err(self.failed("read"))?;
        let torrents = torrents.into_iter().map(|(hash, known)| (hash, known.last)).collect();
        Ok(LastFigures { all: all.map(|known| known.last), torrents })
    }
}
