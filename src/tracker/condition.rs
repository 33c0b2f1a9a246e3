//! Whether the tracker can do its work: what can be told in moments, for those who watch it.

use std::time::SystemTime;

use super::{StoreSize, Tracker, refresh};
use crate::config::StoreKind;
use crate::platform::file_system::FileSystem;
use crate::protocol::{Seconds, Timestamp};
use crate::store::StoreError;

/// What a peer store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSpace {
    /// Bytes of its disk or of the memory.
    pub bytes: u64,
    /// What there is left for it.
    pub left: SpaceLeft,
}

/// What there is left for a peer store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceLeft {
    /// It has so many peers, and about so many fit in.
    Peers {
        /// Peers in it, also silent ones that no sweep has met yet.
        here: u64,
        /// About how many fit in.
        room: u64,
    },
    /// So many bytes are free on its disk.
    Free(u64),
    /// The kernel does not tell.
    Unknown,
}

impl Tracker {
    /// What the peer store takes, without a look at what is in it; `None` where there is none yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn store_space(&self) -> Result<Option<StoreSpace>, StoreError> {
        let store = &self.loaded.config.store;
        if store.kind == StoreKind::Sqlite {
            let Ok(file) = std::fs::metadata(&store.path) else { return Ok(None) };
            let disk = FileSystem::of(&store.path);
            let left = disk.map_or(SpaceLeft::Unknown, |disk| SpaceLeft::Free(disk.free));
            return Ok(Some(StoreSpace { bytes: file.len(), left }));
        }
        let size = StoreSize::of(&self.loaded)?;
        Ok(size.map(|StoreSize { bytes, peers: here, room }| StoreSpace {
            bytes,
            left: room.map_or(SpaceLeft::Unknown, |room| SpaceLeft::Peers { here, room }),
        }))
    }

    /// How old what announces look up is; `None` where nothing usable is published.
    #[must_use]
    pub fn policy_age(&self, now: Timestamp) -> Option<Seconds> {
        self.policy.as_ref().map(|policy| now.since(policy.published_at()))
    }

    /// Whether nothing usable is published although there was a refresh.
    #[must_use]
    pub fn has_lost_its_policy(&self) -> bool {
        self.has_no_policy() && self.refreshed_at().is_ok_and(|at| at.is_some())
    }

    /// Whether the last refresh has not written all that pages need, or is being done just now.
    #[must_use]
    pub fn lacks_pages(&self) -> bool {
        let begun = std::fs::metadata(refresh::lock_path(&self.loaded.config))
            .and_then(|lock| lock.modified());
        self.pages_may_be_old() && begun.is_ok_and(|at| at != SystemTime::UNIX_EPOCH)
    }
}
