//! What is shown of a torrent to everybody: nothing of one that is hidden, denied, gone, or not listed at this time.

use crate::catalog::{Catalog, CatalogError, Torrent};
use crate::protocol::{InfoHash, Timestamp};
use crate::tracker::Tracker;

/// What a torrent is for visitors.
pub(super) enum Shown {
    /// It is listed.
    Listed(Box<Torrent>),
    /// Its owner has retired it, and shows it.
    Retired(Box<Torrent>),
    /// Nothing is shown of it.
    Nothing,
}

impl Shown {
    /// Looks a torrent up, by any of its info-hashes.
    pub(super) fn find(
        tracker: &Tracker,
        catalog: &Catalog,
        info_hash: InfoHash,
        now: Timestamp,
    ) -> Result<Self, CatalogError> {
        let Some(torrent) = catalog.torrent(info_hash)? else { return Ok(Self::Nothing) };
        let is_retired = torrent.details().retired().is_some();
        let is_gone = !is_retired && torrent.missing_since.is_some();
        if tracker.denies(&torrent) || is_gone || !torrent.is_listed(now) {
            return Ok(Self::Nothing);
        }
        let torrent = Box::new(torrent);
        Ok(if is_retired { Self::Retired(torrent) } else { Self::Listed(torrent) })
    }
}

/// Why a retired torrent is, for people.
pub(super) fn retirement<'a>(torrent: &'a Torrent, usual: &'a str) -> &'a str {
    torrent.details().retired().filter(|reason| !reason.is_empty()).unwrap_or(usual)
}
