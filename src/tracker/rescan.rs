//! A look at the torrents folder between two refreshes, when an announce misses a torrent.

use std::time::Duration;

use super::owner_lists::OwnerLists;
use super::refresh::{RefreshError, Turn, lock_path};
use super::take_in::{TakeIn, publication};
use crate::catalog::{self, Catalog, Detail, FolderChange, PolicySnapshot, Publication};
use crate::config::LoadedConfig;
use crate::platform::lock;
use crate::platform::log::{self, Level};
use crate::protocol::Timestamp;

/// Whether the torrents folder is not, or may not be, as it was when a policy was made from it.
pub(super) fn is_outdated(policy: &PolicySnapshot, now: Timestamp) -> bool {
    match policy.folder_change() {
        FolderChange::None => false,
        // A change in the very moment of the scan; one more look in another second settles it. A policy
        // from the future comes from a clock that was wrong then.
        FolderChange::Perhaps => now != policy.published_at(),
        FolderChange::Certain => true,
    }
}

/// Takes torrents in that were dropped into the folder since the policy was published. Waits a
/// little for another process that is at it, so that its work counts for this request too.
///
/// # Errors
/// When the catalogue cannot be used or the policy not be published.
pub fn rescan(loaded: &LoadedConfig, now: Timestamp) -> Result<(), RefreshError> {
    if loaded.config.is_replica() {
        return Err(RefreshError::Replica { owner: loaded.owner_in_words() });
    }
    let Some(_lock) = lock::within(&lock_path(&loaded.config), Duration::from_secs(3))? else {
        return Ok(());
    };
    let Ok(current) = PolicySnapshot::open(&loaded.config.paths.policy) else { return Ok(()) };
    if !is_outdated(&current, now) {
        // Another process was at it while this one waited for the lock.
        return Ok(());
    }
    take_in_and_publish(loaded, &current, now)
}

/// Publishes what the catalogue has now, after who else is at it. Where nothing was published yet, a refresh will.
///
/// # Errors
/// When the catalogue cannot be used or the policy not be published.
pub fn republish(loaded: &LoadedConfig, now: Timestamp) -> Result<(), RefreshError> {
    let _turn = Turn::wait_for(loaded)?;
    let Ok(current) = PolicySnapshot::open(&loaded.config.paths.policy) else { return Ok(()) };
    take_in_and_publish(loaded, &current, now)
}

/// To be called with the lock in hand.
pub(super) fn take_in_and_publish(
    loaded: &LoadedConfig,
    current: &PolicySnapshot,
    now: Timestamp,
) -> Result<(), RefreshError> {
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let mut messages = Vec::new();
    let lists = OwnerLists::read(loaded);
    let mut take_in = |detail, messages: &mut Vec<String>| {
        messages.clear();
        TakeIn { loaded, lists: &lists, detail, now, on_file: &mut |_| {} }
            .run(&mut catalog, messages)
    };
    // Whatever was dropped in shows by its name, which takes half as long to see. When nothing else is new, what
    // changed may show by its state only.
    let mut folder = take_in(Detail::Names, &mut messages)?;
    if !folder.changed {
        folder = take_in(Detail::States, &mut messages)?;
    }
    // Whoever announces can have the folder scanned again when something is dropped in.
    log::list_once_a_minute(Level::Warning, &messages);
    // What the pages show is no longer true then, and a refresh is due; still, where an earlier scan says so.
    let is_due = folder.changed || current.refreshed_at() == Timestamp::default();
    let last = if is_due { None } else { catalog.last_refresh()? };
    let last = last.unwrap_or_default();
    let rules = catalog.rules()?;
    let decided = (&rules, &folder.refusals);
    // Those of the last refresh stay until the next one.
    let is_told = loaded.config.tracker.scrape_figures;
    let figures: Vec<_> = current.figures().filter(|_| is_told).collect();
    let publication = Publication {
        figures: &figures,
        ..publication(&folder.view, decided, last, current.generation(), now)
    };
    Ok(catalog::publish(&loaded.config.paths.policy, folder.list.tracked(), &publication)?)
}
