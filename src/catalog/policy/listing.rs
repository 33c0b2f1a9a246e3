//! At which times after the last refresh torrents come into the lists and leave them, in a policy snapshot: then a refresh is
//! due, and until it has been, whoever makes a list goes by it.

use super::format::{Fields, HASH_LEN, LISTING_CHANGE_LEN, LISTING_CHANGES, NewSection};
use crate::catalog::Torrent;
use crate::protocol::{InfoHash, Timestamp};

/// That a torrent comes into the lists, or leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingChange {
    /// When.
    pub at: Timestamp,
    /// The torrent, by its canonical info-hash.
    pub canonical: InfoHash,
    /// Whether it is listed from then on.
    pub is_listed: bool,
}

/// All changes that the dates of these torrents bring about.
pub(super) fn changes_of(torrents: &[&Torrent]) -> Vec<ListingChange> {
    let mut changes = Vec::new();
    for torrent in torrents.iter().filter(|torrent| !torrent.hidden) {
        let details = torrent.details();
        changes.extend([details.list_from, details.list_until].into_iter().flatten().map(|at| {
            let (canonical, is_listed) = (torrent.canonical, torrent.is_listed(at));
            ListingChange { at, canonical, is_listed }
        }));
    }
    changes.sort_unstable();
    changes
}

/// The section of those after the last refresh.
pub(super) fn section_of(changes: &[ListingChange], refreshed_at: Timestamp) -> NewSection {
    let mut bytes = Vec::new();
    for change in changes.iter().filter(|change| change.at > refreshed_at) {
        bytes.extend(change.at.0.to_le_bytes());
        bytes.extend(change.canonical.0);
        bytes.extend(u32::from(change.is_listed).to_le_bytes());
    }
    NewSection::of(LISTING_CHANGES, LISTING_CHANGE_LEN, bytes)
}

/// Takes a record apart.
pub(super) fn read(record: &[u8]) -> Option<ListingChange> {
    let mut fields = Fields(record);
    Some(ListingChange {
        at: Timestamp(fields.u64()?),
        canonical: InfoHash(fields.array::<HASH_LEN>()?),
        is_listed: fields.u32()? != 0,
    })
}
