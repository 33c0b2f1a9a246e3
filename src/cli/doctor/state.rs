//! The tracker's own files: the catalogue, the peer store, the policy.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::examination::Examination;
use super::outcome::Outcome;
use crate::catalog::{Catalog, PolicyError, PolicySnapshot};
use crate::config::{StoreKind, Torrents};
use crate::platform::files;
use crate::site::{bytes, counted};
use crate::tracker::open_store;

/// How each SQLite file begins.
pub(super) const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// Whether the catalogue can be read.
pub(super) fn catalogue(examination: &Examination<'_>) -> Option<Outcome> {
    let path = &examination.loaded.config.paths.catalog;
    match File::open(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Some(Outcome::told("not there yet; the first refresh makes it"));
        }
        Err(problem) => return Some(examination.stopped(path, &problem)),
        Ok(_) => {}
    }
    Some(match Catalog::open_to_read(path).and_then(|catalog| catalog.torrents()) {
        Ok(torrents) => Outcome::fine(counted(torrents.len(), "torrent")),
        Err(problem) => Outcome::of_error(problem),
    })
}

/// Whether the peer store is of the configured kind, and sound.
pub(super) fn peer_store(examination: &Examination<'_>) -> Option<Outcome> {
    if let Some(outcome) = no_store(examination) {
        return Some(outcome);
    }
    Some(match open_store(examination.loaded).and_then(|mut store| store.check()) {
        Ok(violations) if violations.is_empty() => {
            Outcome::fine(examination.loaded.config.store.path.display().to_string())
        }
        Ok(violations) => Outcome::wrong(
            format!("{}, the first: {}", counted(violations.len(), "fault"), violations[0]),
            "`tracker store rebuild` starts anew, and clients announce again within an interval",
        ),
        Err(problem) => Outcome::of_error(problem),
    })
}

/// What there is to say where the peer store cannot be opened without changing anything.
pub(super) fn no_store(examination: &Examination<'_>) -> Option<Outcome> {
    let store = &examination.loaded.config.store;
    let beginning = match beginning(&store.path) {
        Ok(beginning) => beginning,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Some(Outcome::told("not there yet; the first announce makes it"));
        }
        Err(problem) => return Some(examination.stopped(&store.path, &problem)),
    };
    let is_sqlite = beginning.starts_with(SQLITE);
    let other = StoreKind::ALL.into_iter().find(|kind| *kind != store.kind)?;
    (is_sqlite != (store.kind == StoreKind::Sqlite)).then(|| {
        let shown = store.path.display();
        let holds = match is_sqlite || beginning.starts_with(b"\x89TRKSHM\n") {
            true => format!("a store of kind \"{}\"", other.name()),
            false => "no peer store".into(),
        };
        Outcome::wrong(
            format!("`kind` in [store] is \"{}\", and {shown} holds {holds}", store.kind.name()),
            format!(
                "correct `kind`, or leave `path` out, which is then {:?}",
                store.kind.usual_path().display().to_string()
            ),
        )
    })
}

/// How a file begins.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    files::open(path, File::options().read(true))?.0.take(16).read_to_end(&mut beginning)?;
    Ok(beginning)
}

/// What was set aside as broken, and takes room.
pub(super) fn set_aside(examination: &Examination<'_>) -> Option<Outcome> {
    let path = &examination.loaded.config.store.path;
    let name = format!("{}.broken-", path.file_name().map(OsStr::to_string_lossy)?);
    let folder = fs::read_dir(path.parent()?).ok()?;
    let (mut copies, mut size) = (0_usize, 0);
    for entry in folder.flatten() {
        let found = entry.file_name();
        let Some(rest) = found.to_string_lossy().strip_prefix(&name).map(str::to_owned) else {
            continue;
        };
        size += entry.metadata().map_or(0, |found| found.len());
        // A journal goes with its file.
        let is_companion = ["-journal", "-wal", "-shm"].iter().any(|end| rest.ends_with(end));
        copies += usize::from(!is_companion);
    }
    (copies > 0).then(|| {
        let copies = match copies {
            1 => "1 peer store was".into(),
            several => format!("{several} peer stores were"),
        };
        Outcome::told(format!(
            "{copies} set aside as broken, {}: {}*; the error log says why; remove what you do not need",
            bytes(size, 1),
            path.with_file_name(name.as_str()).display()
        ))
    })
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
