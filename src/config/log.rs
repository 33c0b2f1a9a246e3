//! `[log]`: what is written down about announces, and for how long.

use serde::{Deserialize, Serialize};

use super::Period;
use crate::protocol::Seconds;

/// The log of announces, a file a day beside the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Whether each event has a line: "off"; "hashed", with addresses that cannot be told from each other after
    /// the day; "full", with addresses as they are.
    pub announces: AnnounceLog,
    /// How long days are kept: "14d", from a day to ten years.
    pub keep: Period,
}

/// What stands in the log of announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnounceLog {
    /// There is none.
    Off,
    /// Each event, with addresses hashed with a salt of the day.
    Hashed,
    /// Each event, with whole addresses.
    Full,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { announces: AnnounceLog::Off, keep: Period(Seconds(14 * 24 * 60 * 60)) }
    }
}
