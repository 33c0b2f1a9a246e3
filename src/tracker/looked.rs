//! That the torrents folder was looked at, remembered for a second by the whole process: to look at each of the
//! folders in it is too much work for each announce of a torrent that is not listed, and for the threads that answer
//! announces altogether. The folder itself is looked at each time: there most torrents are dropped in.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::platform::FileMark;
use crate::protocol::Timestamp;

/// The time of a look, how the folder was before it, and the policy that there was after it: whatever that look
/// could take in is in it.
struct Look {
    path: PathBuf,
    policy: Option<FileMark>,
    folder: Option<FileMark>,
    /// From its first second to its last one.
    during: RangeInclusive<Timestamp>,
}

static LAST: Mutex<Option<Look>> = Mutex::new(None);

/// Whoever looks; the others wait for what that one finds.
static TURN: Mutex<()> = Mutex::new(());

/// Whether somebody has looked within this second, or was still looking, since when the policy and the torrents
/// folder are the same.
pub(super) fn within(
    path: &Path,
    policy: Option<FileMark>,
    torrents: &Path,
    now: Timestamp,
) -> bool {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    last.as_ref().is_some_and(|look| {
        look.during.contains(&now)
            && look.policy == policy
            && look.path == path
            && look.folder == FileMark::of(torrents)
    })
}

/// Remembers a look, also one that failed, before which the torrents folder was like this.
pub(super) fn remember(
    path: &Path,
    policy: Option<FileMark>,
    folder: Option<FileMark>,
    during: RangeInclusive<Timestamp>,
) {
    let look = Look { path: path.to_owned(), policy, folder, during };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
}

/// Waits until nobody else looks.
pub(super) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
