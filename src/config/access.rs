//! `[access]`: which torrents are tracked beside the folder's, and switches that close the tracker, or parts of it,
//! while it runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Notice, Period, empty_is_none};
use crate::platform::network::Network;
use crate::protocol::Seconds;

/// Who is answered at all. Each key is in force within a second of a change, in a responder too.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// A file of info-hashes that are tracked, one a line; none: there is no such list.
    #[serde(with = "empty_is_none")]
    pub allow_list: Option<PathBuf>,
    /// A file of info-hashes that are not tracked, whatever else is said; none: there is no such list.
    #[serde(with = "empty_is_none")]
    pub deny_list: Option<PathBuf>,
    /// What is said of retired torrents where their owner gives no other reason.
    pub retired_reason: String,
    /// While this is not empty, announces and scrapes are answered with it and nothing else.
    pub offline_message: Notice,
    /// When clients that were told so are to ask again: "30m", from a minute to a week.
    pub offline_retry: Period,
    /// Whether this host has ceased to be a tracker: "no"; "200", "410": clients are told never to ask again, with
    /// this status of HTTP.
    pub gone: Gone,
    /// Addresses and ranges that may see /stats and /api; none: all may. Pages for visitors are open to all, and so is what
    /// the script adds to them.
    pub stats_from: Network,
    /// Addresses and ranges that may read /metrics; none: all may.
    pub metrics_from: Network,
    /// How many torrents have figures of their own in /metrics, those with the most peers; 0 to 1,000.
    pub metrics_torrents: u32,
}

/// Whether a host has ceased to be a tracker, and by which status of HTTP its clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Gone {
    /// It is one.
    #[serde(rename = "no")]
    No,
    /// 200, with which all clients read what is said.
    #[serde(rename = "200")]
    Ok,
    /// 410, at which some clients look no further.
    #[serde(rename = "410")]
    Gone,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            allow_list: None,
            deny_list: None,
            retired_reason: "this torrent has been retired".into(),
            offline_message: Notice::default(),
            offline_retry: Period(Seconds(30 * 60)),
            gone: Gone::No,
            stats_from: Network::default(),
            metrics_from: Network::default(),
            metrics_torrents: 0,
        }
    }
}
