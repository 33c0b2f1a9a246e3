//! A torrent as the catalogue knows it.

use std::path::PathBuf;

use super::totals::{Carried, Period, Totals};
use crate::protocol::{InfoHash, InfoHashV2, Timestamp};

/// A torrent of the catalogue, whether or not its file is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torrent {
    /// The `.torrent` file, relative to the torrents folder.
    pub file: PathBuf,
    /// The info-hash that names its swarm.
    pub canonical: InfoHash,
    /// The info-hash of its v1 part.
    pub v1: Option<InfoHash>,
    /// The info-hash of its v2 part.
    pub v2: Option<InfoHashV2>,
    /// The name in the metainfo.
    pub name: String,
    /// Bytes of content.
    pub size: u64,
    /// Bytes of the `.torrent` file.
    pub file_size: u64,
    /// Left out of listings.
    pub hidden: bool,
    /// Clients may ask only this tracker for peers (BEP 27).
    pub private: bool,
    /// A page about it, relative to the torrents folder.
    pub info_page: Option<PathBuf>,
    /// When a scan first found it; for those of the very first scan, when their files were written.
    pub first_seen: Timestamp,
    /// When a scan first missed it; `None` while its file is there.
    pub missing_since: Option<Timestamp>,
    /// Its figures over all generations of the peer store.
    pub totals: Totals,
    /// What of the store is in the totals already.
    pub carried: Carried,
    /// Its figures at the last refresh.
    pub period: Period,
}

impl Torrent {
    /// The other info-hashes that clients announce it with: a hybrid has two (BEP 52).
    pub fn aliases(&self) -> impl Iterator<Item = InfoHash> {
        let spellings = [self.v1, self.v2.map(InfoHashV2::truncated)];
        spellings.into_iter().flatten().filter(|&spelling| spelling != self.canonical)
    }
}
