//! Figures of torrents that are tracked elsewhere, fetched after a refresh.

use super::ask::{Asking, ask_external};
use crate::catalog::{Catalog, CatalogError, External};
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;

/// Asks the trackers that the owner has approved and whose time has come, and writes down what they say. It takes 20
/// seconds at most, in which nobody is kept from the catalogue.
///
/// # Errors
/// When the catalogue cannot be read or written. What trackers do wrong is noted beside their torrents.
pub fn refresh_external(loaded: &LoadedConfig, now: Timestamp) -> Result<(), CatalogError> {
    let entries = {
        let catalog = Catalog::open(&loaded.config.paths.catalog)?;
        if !catalog.has_approved_external()? {
            return Ok(());
        }
        catalog.external()?
    };
    let approved: Vec<External> = entries.into_iter().filter(|it| it.approved).collect();
    let asking = Asking::of_a_refresh(loaded.config.tracker.interval);
    let asked = ask_external(&approved, &asking, now);
    Catalog::open(&loaded.config.paths.catalog)?.record_external(&asked)
}
