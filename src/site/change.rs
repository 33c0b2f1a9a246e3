//! How the catalogue is changed: by one at a time, and everything that is made of it follows.

use super::call::Pace;
use super::{PublishError, clock, publish};
use crate::catalog::{Author, Catalog, CatalogError};
use crate::config::{LayoutError, LoadedConfig, lay_out_missing};
use crate::tracker::{Quiet, Turn, Urgency};

/// Whether a change would have to wait for a refresh that is under way, where the thread may not.
pub(super) fn would_wait(loaded: &LoadedConfig, pace: Pace) -> bool {
    let is_busy = || Turn::take(loaded, Urgency::NowUnlessBusy).is_ok_and(|turn| turn.is_none());
    !pace.may_wait() && is_busy()
}

/// Changes the catalogue in somebody's name, and has policy, pages and feeds show it. A refresh that is under way is
/// waited for.
///
/// # Errors
/// Those of the change, after which nothing is published; or when the catalogue cannot be opened, or not be published.
pub fn change<T, E>(
    loaded: &LoadedConfig,
    author: &str,
    change: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<LayoutError> + From<CatalogError> + From<PublishError>,
{
    if !loaded.config.paths.catalog.exists() {
        lay_out_missing(loaded)?;
    }
    let changed = {
        let _turn = Turn::wait_for(loaded).map_err(PublishError::from)?;
        let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
        change(&mut catalog, &Author { name: author, at: clock() })?
    };
    publish(loaded, Urgency::Now, &mut Quiet)?;
    Ok(changed)
}
