//! The token with which the first user of a new site is made in a browser: when it is laid into the data folder.

use crate::accounts::{SetupToken, SetupTokenError};
use crate::catalog::Catalog;
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;

/// Lays the token into the data folder of a new site whose administration is on, and where the owner wants a new one.
///
/// # Errors
/// When nothing can be read or written there.
pub(super) fn offer(
    loaded: &LoadedConfig,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<(), SetupTokenError> {
    let config = &loaded.config;
    let Some(data) = config.paths.catalog.parent() else { return Ok(()) };
    if !config.admin.enabled || config.is_replica() {
        return Ok(());
    }
    // What is wrong with the catalogue is told where it is used.
    let is_wanted = SetupToken::is_wanted(data) || catalog.is_new_site().unwrap_or(false);
    match catalog.has_users() {
        Ok(false) if is_wanted => SetupToken::offer(data, now),
        _ => Ok(()),
    }
}
