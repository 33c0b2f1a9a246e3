//! The owner's lists of info-hashes, which a refresh reads: torrents that are tracked, and those that are not.

use std::collections::HashSet;
use std::path::Path;

use crate::catalog::{HashList, PolicySnapshot, Refused, TorrentList, Watched};
use crate::config::LoadedConfig;
use crate::protocol::InfoHash;

/// The lists as they are now.
pub(super) struct OwnerLists {
    /// Torrents that are tracked without a file; `None` when the list cannot be read.
    pub(super) allowed: Option<HashSet<InfoHash>>,
    /// Torrents that are not tracked.
    pub(super) denied: HashSet<InfoHash>,
    /// The files, so that a change of theirs shows.
    pub(super) watched: Vec<Watched>,
    /// What their owner should know.
    pub(super) messages: Vec<String>,
}

/// Torrents that are refused, to be published.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    retired: Vec<(InfoHash, String)>,
    denied: Vec<InfoHash>,
}

impl OwnerLists {
    /// Reads them. A list that cannot be read stays as it was.
    pub(super) fn read(loaded: &LoadedConfig) -> Self {
        let access = &loaded.config.access;
        let (mut watched, mut messages) = (Vec::new(), Vec::new());
        let mut list = |path: Option<&Path>, key| match path {
            Some(path) => {
                watched.push(Watched::now(path));
                read(path, key, &mut messages)
            }
            None => Some(HashSet::new()),
        };
        let allowed = list(access.allow_list.as_deref(), "allow_list");
        let denied = list(access.deny_list.as_deref(), "deny_list").unwrap_or_else(|| {
            match PolicySnapshot::open(&loaded.config.paths.policy) {
                Ok(before) => before.denied().collect(),
                Err(problem) => {
                    messages
                        .push(format!("{problem}; until the list can be read, it denies nothing"));
                    HashSet::new()
                }
            }
        });
        Self { allowed, denied, watched, messages }
    }
}

fn read(path: &Path, key: &str, messages: &mut Vec<String>) -> Option<HashSet<InfoHash>> {
    let list = match HashList::read(path) {
        Ok(list) => list,
        Err(problem) => {
            messages.push(format!(
                "cannot read {}, which {key} in [access] names ({problem}); it counts as it was read last",
                path.display()
            ));
            return None;
        }
    };
    messages.extend(list.problem().map(|problem| format!("{}: {problem}", path.display())));
    Some(list.hashes.into_iter().collect())
}

impl Refusals {
    /// The retired torrents of a list, and those that the owner's list denies.
    pub(super) fn of(
        list: &TorrentList,
        denied: &HashSet<InfoHash>,
        loaded: &LoadedConfig,
    ) -> Self {
        let usual = match loaded.config.access.retired_reason.trim() {
            "" => "this torrent has been retired",
            usual => usual,
        };
        let retired = list.retired().flat_map(|torrent| {
            let reason = torrent.details().retired().filter(|reason| !reason.is_empty());
            let reason = reason.unwrap_or(usual).to_owned();
            let hashes = std::iter::once(torrent.canonical).chain(torrent.aliases());
            hashes.map(move |hash| (hash, reason.clone()))
        });
        let denied = denied.iter().copied().chain(list.denied_hashes());
        Self { retired: retired.collect(), denied: denied.collect() }
    }

    /// The same, as a policy snapshot takes them.
    pub(super) fn refused(&self) -> Refused<'_> {
        let retired = self.retired.iter().map(|(hash, reason)| (*hash, reason.as_str()));
        Refused { retired: retired.collect(), denied: &self.denied }
    }
}
