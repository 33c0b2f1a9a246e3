//! The policy as one thread has opened and verified it, for the trackers of all threads of a process.

use std::sync::Arc;

use super::Tracker;
use crate::catalog::{PolicySnapshot, Torrent};
use crate::config::LoadedConfig;
use crate::platform::FileMark;
use crate::protocol::InfoHash;

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

    /// Whether the owner's list denies a torrent, as far as the policy in force knows.
    fn denies(&self, info_hash: InfoHash) -> bool {
        let policy = self.policy.as_deref();
        policy.is_some_and(|policy| policy.refusal_of(info_hash) == Some(""))
    }

    /// Whether the owner's list denies a torrent by any of its info-hashes.
    #[must_use]
    pub fn denies_torrent(&self, torrent: &Torrent) -> bool {
        self.denies(torrent.canonical) || torrent.aliases().any(|hash| self.denies(hash))
    }

    /// Follows a policy that another tracker has opened.
    pub fn follow(&mut self, policy: SharedPolicy) {
        self.policy = policy.snapshot;
        self.policy_file = policy.file;
    }

    /// The configuration that these rules follow, for other trackers.
    #[must_use]
    pub fn shared_config(&self) -> Arc<LoadedConfig> {
        Arc::clone(&self.loaded)
    }
}
