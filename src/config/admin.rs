//! `[admin]`: the administration in the browser.

use serde::{Deserialize, Serialize};

/// The administration in the browser.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Whether there are pages below /admin for the users that `tracker user add` or the setup page has made.
    pub enabled: bool,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}
