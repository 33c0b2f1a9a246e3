//! The policy as one thread has opened and verified it, for the trackers of all threads of a process.

use std::sync::Arc;

use super::Tracker;
use crate::catalog::{PolicySnapshot, Torrent};
use crate::config::LoadedConfig;
use crate::platform::FileMark;

/// A policy, and which file it is; none where none is published.
#[derive(Clone, Debug, Default)]
pub struct SharedPolicy {
    snapshot: Option<Arc<PolicySnapshot>>,
    file: Option<FileMark>,
}

impl SharedPolicy {
    /// Whether both come from the same file.
    #[must_use]
    pub fn is_as_new_as(&self, other: &Self) -> bool {
        self.file == other.file && self.snapshot.is_some() == other.snapshot.is_some()
    }
}

impl Tracker {
    /// Rules that follow a policy that another tracker has opened. Opens nothing.
    #[must_use]
    pub fn with_policy(loaded: Arc<LoadedConfig>, policy: SharedPolicy) -> Self {
        let mut tracker = Self::without_policy(loaded);
        tracker.follow(policy);
        tracker
    }

    /// The policy in force, for other trackers.
    #[must_use]
    pub fn policy(&self) -> SharedPolicy {
        SharedPolicy { snapshot: self.policy.clone(), file: self.policy_file }
    }

    /// Whether the owner's list denies a torrent by any of its info-hashes, as far as the policy in force knows. Without one
    /// nobody can say, and all count as denied.
    #[must_use]
    pub fn denies(&self, torrent: &Torrent) -> bool {
        let Some(policy) = self.policy.as_deref() else { return true };
        let mut hashes = std::iter::once(torrent.canonical).chain(torrent.aliases());
        hashes.any(|info_hash| policy.refusal_of(info_hash) == Some(""))
    }

    /// Follows a policy that another tracker has opened.
    pub fn follow(&mut self, policy: SharedPolicy) {
        self.put_in_force(policy.snapshot);
        self.policy_file = policy.file;
    }

    /// The configuration that these rules follow, for other trackers.
    #[must_use]
    pub fn shared_config(&self) -> Arc<LoadedConfig> {
        Arc::clone(&self.loaded)
    }
}
