//! The tracker's own files: the catalogue, the peer store, the policy.

use std::fs::File;
use std::io;

use super::accounts;
use super::examination::Examination;
use super::outcome::Outcome;
use crate::catalog::{Catalog, ListIndex, ListIndexError, PolicyError, PolicySnapshot};
use crate::config::{StoreKind, Torrents};
use crate::platform::files;
use crate::site::{bytes, counted};
use crate::tracker::{StoreState, stores_set_aside};

/// Whether the catalogue can be read.
pub(super) fn catalogue(examination: &Examination<'_>) -> Option<Outcome> {
    let path = &examination.loaded.config.paths.catalog;
    match files::open_linked(path, File::options().read(true)).map_err(io::Error::from) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Some(Outcome::told("not there yet; the first refresh makes it"));
        }
        Err(problem) => return Some(examination.stopped(path, &problem)),
        Ok(_) => {}
    }
    if let Some(wrong) = path.parent().and_then(|data| accounts::kept_by_stranger(path, data)) {
        return Some(wrong);
    }
    Some(match Catalog::read(path).and_then(|catalog| catalog.torrents()) {
        Ok(torrents) => Outcome::fine(counted(torrents.len(), "torrent")),
        Err(problem) => Outcome::of_error(problem),
    })
}

/// Whether the peer store is of the configured kind, and sound.
pub(super) fn peer_store(examination: &Examination<'_>) -> Option<Outcome> {
    let path = &examination.loaded.config.store.path;
    if let Err(problem) = files::open(path, File::options().read(true))
        && io::Error::from(problem).kind() == io::ErrorKind::PermissionDenied
    {
        return Some(examination.stopped(path, &io::ErrorKind::PermissionDenied.into()));
    }
    let config = &examination.loaded.config;
    // Shared memory has a check of its own for that.
    let data = config.paths.catalog.parent().filter(|_| config.store.kind == StoreKind::Sqlite);
    if let Some(wrong) = data.and_then(|data| accounts::kept_by_stranger(path, data)) {
        return Some(wrong);
    }
    Some(match StoreState::of(examination.loaded) {
        StoreState::Sound => Outcome::fine(path.display().to_string()),
        StoreState::Faulty { faults, first } => Outcome::wrong(
            format!("{}, the first: {first}", counted(faults, "fault")),
            "`tracker store rebuild` recreates it, and clients announce again within an interval",
        ),
        StoreState::Missing => Outcome::told("not there yet; the first announce makes it"),
        // After a reboot, or an upgrade: the tracker helps itself.
        StoreState::Unusable(problem) => Outcome::told(problem.to_string()),
        StoreState::Unreadable(problem) => Outcome::of_error(problem),
    })
}

/// What was set aside, and takes room.
pub(super) fn copies(examination: &Examination<'_>) -> Option<Outcome> {
    let copies = stores_set_aside(examination.loaded);
    let newest = copies.first()?;
    let are = match copies.len() {
        1 => "1 peer store was".into(),
        several => format!("{several} peer stores were"),
    };
    Some(Outcome::told(format!(
        "{are} set aside, as broken or by `tracker store rebuild`, {}, the newest is {}; the error log says why; remove what you do not need",
        bytes(copies.iter().map(|copy| copy.bytes).sum(), 1),
        newest.path.display()
    )))
}

/// Whether the policy is whole.
pub(super) fn policy(examination: &Examination<'_>) -> Option<Outcome> {
    let path = &examination.loaded.config.paths.policy;
    let whole = PolicySnapshot::open(path).and_then(|policy| policy.verify().map(|()| policy));
    Some(match whole {
        Ok(policy) => Outcome::fine(match examination.loaded.config.tracker.torrents {
            Torrents::Listed => {
                format!("{}, and no others", counted(policy.torrents().count(), "torrent"))
            }
            Torrents::Open => "any torrent".into(),
        }),
        Err(PolicyError::Missing { .. }) => Outcome::told(
            "not there yet; the next request makes it, and so does `tracker refresh --force`",
        ),
        Err(PolicyError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            examination.stopped(path, &source)
        }
        Err(problem) => Outcome::of_error(problem),
    })
}

/// Whether what searches go by is whole. `None` where refreshes write none.
pub(super) fn list_index(examination: &Examination<'_>) -> Option<Outcome> {
    if !examination.loaded.config.has_pages() || !examination.is_the_tracker() {
        return None;
    }
    let path = examination.loaded.list_index();
    let whole = ListIndex::open(&path).and_then(|index| index.verify().map(|()| index));
    Some(match whole {
        Ok(index) => Outcome::fine(counted(index.torrents(), "torrent")),
        Err(ListIndexError::Missing { .. }) => Outcome::told(
            "not there yet; the next search makes it, and so does `tracker refresh --force`",
        ),
        Err(ListIndexError::Io { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            examination.stopped(&path, &source)
        }
        Err(problem) => Outcome::of_error(problem),
    })
}
