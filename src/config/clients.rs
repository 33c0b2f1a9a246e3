//! `[clients]`: which clients are answered.

use serde::{Deserialize, Serialize};

use super::{Limit, Period};
use crate::protocol::Seconds;

/// Clients that are answered, beside those that rules of the catalogue are about.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientsConfig {
    /// Whether clients are refused that ask for dictionaries (compact=0).
    pub require_compact: bool,
    /// Whether clients are refused whose peer id names no known program.
    pub identify: bool,
    /// So many announces of one address may be refused because of `identify`, up to 1000; with the next one it is
    /// banned. 0: none is banned.
    pub ban_after: Limit,
    /// So many within this time: "1h", from a minute to a week.
    pub ban_within: Period,
    /// How long an address is banned then: "1d", from a minute to ten years, "520w".
    pub ban_for: Period,
}

impl ClientsConfig {
    /// Why `ban_after` bans nobody, where it cannot.
    #[must_use]
    pub fn idle_bans(&self) -> Option<&'static str> {
        let is_idle = self.ban_after.get().is_some() && !self.identify;
        is_idle.then_some(
            "`ban_after` in [clients] bans nobody, as no client is refused without `identify`",
        )
    }
}

impl Default for ClientsConfig {
    fn default() -> Self {
        Self {
            require_compact: false,
            identify: false,
            ban_after: Limit::NONE,
            ban_within: Period(Seconds(60 * 60)),
            ban_for: Period(Seconds(24 * 60 * 60)),
        }
    }
}
