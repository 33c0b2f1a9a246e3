//! `[access]` and `[clients]`: which torrents are tracked beside the folder's, and which clients are answered.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::empty_is_none;

/// Torrents beside those of the folder.
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
}

/// Clients that are answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientsConfig {
    /// Whether clients are refused that ask for dictionaries (compact=0).
    pub require_compact: bool,
    /// Whether clients are refused whose peer id names no known program.
    pub identify: bool,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            allow_list: None,
            deny_list: None,
            retired_reason: "this torrent has been retired".into(),
        }
    }
}
