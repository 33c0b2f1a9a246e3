//! That the torrents folder is as the policy has it, remembered for a second by the whole process: to
//! look at each of its folders is too much work for each announce of a torrent that is not listed.

use std::sync::{Mutex, PoisonError};

use crate::catalog::FileMark;
use crate::protocol::Timestamp;

/// The policy's file, and the second in which the folder was looked at.
static KNOWN: Mutex<Option<(FileMark, Timestamp)>> = Mutex::new(None);

/// Whether somebody has looked within this second, and there is nothing to take in that this policy lacks.
pub(super) fn is_known(policy: Option<FileMark>, now: Timestamp) -> bool {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    policy.is_some_and(|policy| *known == Some((policy, now)))
}

/// Remembers that there is nothing to take in.
pub(super) fn remember(policy: Option<FileMark>, now: Timestamp) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known = policy.map(|policy| (policy, now));
}
