//! That the torrents folder is as the policy has it, remembered for a second by the whole process: to
//! look at each of its folders is too much work for each announce of a torrent that is not listed.

use std::sync::{Mutex, PoisonError};

use crate::catalog::FileMark;
use crate::protocol::Timestamp;

/// The policy's file, and the second in which the folder was looked at.
static KNOWN: Mutex<Option<(FileMark, Timestamp)>> = Mutex::new(None);

/// Whether somebody has looked within this second and found no change since this policy was published.
pub(super) fn is_known(policy: Option<FileMark>, now: Timestamp) -> bool {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    policy.is_some_and(|policy| *known == Some((policy, now)))
}

/// Remembers that nothing has changed.
pub(super) fn remember(policy: Option<FileMark>, now: Timestamp) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known = policy.map(|policy| (policy, now));
}
