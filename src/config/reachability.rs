//! `[reachability]`: whether peers are tried, whether others can connect to them.

use serde::{Deserialize, Serialize};

/// Whether refreshes try to connect to peers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReachabilityConfig {
    /// "off"; "mark": peers that nobody can connect to are told and shown; "withhold": they are not handed out either.
    pub check: ReachabilityCheck,
}

/// What is done about peers that nobody can connect to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReachabilityCheck {
    /// Nobody is tried.
    #[default]
    Off,
    /// They are told, and shown to the owner.
    Mark,
    /// They are not handed out either.
    Withhold,
}
