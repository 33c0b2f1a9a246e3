//! `[clients]`: which clients are answered.

use serde::{Deserialize, Serialize};

/// Clients that are answered, beside those that rules of the catalogue are about.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientsConfig {
    /// Whether clients are refused that ask for dictionaries (compact=0).
    pub require_compact: bool,
    /// Whether clients are refused whose peer id names no known program.
    pub identify: bool,
}
