//! How a command changes the catalogue.

use super::{CommandError, World};
use crate::catalog::{Author, Catalog};
use crate::platform::process;
use crate::site::{self, PublishError, clock};
use crate::tracker::Turn;

/// Changes the catalogue in the name of who runs the command.
pub(super) fn change<T>(
    world: &World<'_>,
    change: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    site::change(&world.load_owner_config()?, &process::person(), change)
}

/// Tries a change that the catalogue does not keep; `None` where there is no catalogue yet.
pub(super) fn consider<T>(
    world: &World<'_>,
    change: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, CommandError>,
) -> Result<Option<T>, CommandError> {
    let loaded = world.load_owner_config()?;
    if !loaded.config.paths.catalog.exists() {
        return Ok(None);
    }
    let _turn = Turn::wait_for(&loaded).map_err(PublishError::from)?;
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let name = process::person();
    change(&mut catalog, &Author { name: &name, at: clock() }).map(Some)
}
