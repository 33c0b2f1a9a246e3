//! `[limits]`: how often addresses may ask.

use serde::{Deserialize, Serialize};

use super::Limit;
use crate::platform::network::Network;
use crate::protocol::Seconds;

/// How often addresses may ask. An announce that comes too early is not refused.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Announces a minute that count of one IPv4 network of 24 bits or one IPv6 network of 56, up to 60,000; 0:
    /// all.
    pub announces: Limit,
    /// Announces of such a network that count at once, after a pause; 1 to 1,000,000.
    pub announces_at_once: u32,
    /// Seconds between two scrapes of all torrents from one IPv4 address or one IPv6 /64, up to a week; 0: no limit.
    pub full_scrape_pause: Seconds,
    /// Addresses and ranges (CIDR) without these limits.
    pub exempt: Network,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            announces: Limit::NONE,
            announces_at_once: 5000,
            full_scrape_pause: Seconds(0),
            exempt: Network::default(),
        }
    }
}
