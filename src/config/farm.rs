//! What this host is among several that run one tracker, and which policy snapshot is in force on it.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Config, LoadedConfig, empty_is_none};
use crate::protocol::HttpUrl;

/// Several hosts for one tracker.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FarmConfig {
    /// "owner": has the torrents and the catalogue; "replica": has a copy of the policy and peers of its own.
    pub role: FarmRole,
    /// The address of the owner's site, where a replica sends people; none: it is not told.
    #[serde(with = "empty_is_none")]
    pub owner_url: Option<HttpUrl>,
}

/// What a host does beside answering clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FarmRole {
    /// It scans the torrents folder, keeps the catalogue, and publishes policy and pages. The only host, too.
    #[default]
    Owner,
    /// It goes by the policy snapshot that is copied to it.
    Replica,
}

impl Config {
    /// Whether this host is a replica.
    #[must_use]
    pub fn is_replica(&self) -> bool {
        self.farm.role == FarmRole::Replica
    }

    /// Whether there are pages for visitors.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        self.paths.pages.is_some() && !self.is_replica()
    }
}

impl LoadedConfig {
    /// The snapshot that announces look things up in. On a replica it is the tracker's own copy of the last good
    /// one that arrived: what arrives may be written in place, and may be torn.
    #[must_use]
    pub fn policy_in_force(&self) -> Cow<'_, Path> {
        let policy = &self.config.paths.policy;
        match self.config.farm.role {
            FarmRole::Owner => policy.into(),
            FarmRole::Replica => {
                let mut path = policy.as_os_str().to_owned();
                path.push(".accepted");
                Cow::Owned(path.into())
            }
        }
    }

    /// Where the owner's site is, in words for people on a replica.
    #[must_use]
    pub fn owner_in_words(&self) -> String {
        match &self.config.farm.owner_url {
            None => "the owner's host (owner_url in [farm] does not say which)".into(),
            Some(url) => format!("the owner's host, {url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(settings: &str) -> LoadedConfig {
        LoadedConfig::parse(settings, Path::new("/srv/conf/tracker.toml")).unwrap()
    }

    #[test]
    fn a_host_is_the_owner_unless_it_is_said_to_be_a_replica() {
        let owner = loaded("");
        assert!(!owner.config.is_replica());
        assert_eq!(owner.policy_in_force(), Path::new("/srv/data/policy.snapshot"));
        let replica = loaded("[farm]\nrole = 'replica'\nowner_url = 'https://tracker.test/'");
        assert!(replica.config.is_replica());
        assert_eq!(replica.policy_in_force(), Path::new("/srv/data/policy.snapshot.accepted"));
        assert!(replica.owner_in_words().ends_with("https://tracker.test/"));
    }
}
