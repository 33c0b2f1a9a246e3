//! Making a store, and recreating it when its file is broken: by one process, the others wait.
//!
//! A new file is built whole under another name and renamed into place, so that nobody meets half a
//! store. What stands there is moved aside with its journal, which must never meet the new file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, params};

use super::connection::{self, Database, Inspected, KIND};
use super::error;
use super::schema::{APPLICATION_ID, TABLES, VERSION};
use crate::platform::random::Random;
use crate::store::aside::{COMPANIONS, move_aside};
use crate::store::files;
use crate::store::{Access, FileOptions, StoreError, expect_kind};

/// Opens the store and makes it where there is none, or something else.
pub(super) fn open_or_make(place: &FileOptions) -> Result<Database, StoreError> {
    match connection::inspect(place)? {
        Inspected::Ours(database) => Ok(database),
        Inspected::Missing if place.access == Access::Read => Err(place.missing()),
        Inspected::Foreign(reason) if place.access == Access::Read => Err(place.corrupt(reason)),
        Inspected::Missing | Inspected::Foreign(_) => make(place, None),
    }
}

/// Puts a new store in place of a broken one, unless another process has done it already.
pub(super) fn replace(
    place: &FileOptions,
    broken: Database,
    reason: &str,
) -> Result<Database, StoreError> {
    match place.access {
        Access::Full => make(place, Some((broken, reason))),
        Access::Read => Err(place.corrupt(reason)),
    }
}

/// Puts a new store in place of whatever is there.
pub(super) fn rebuild(place: &FileOptions) -> Result<Database, StoreError> {
    let _lock = place.lock()?;
    let is_there = !matches!(connection::inspect(place)?, Inspected::Missing);
    if is_there {
        move_aside(&place.path, "as its owner wishes")?;
    }
    build(place)
}

fn make(place: &FileOptions, broken: Option<(Database, &str)>) -> Result<Database, StoreError> {
    let _lock = place.lock()?;
    let path = &place.path;
    if let Some((database, reason)) = broken
        && !database.has_moved()
    {
        drop(database);
        expect_kind(path, KIND)?;
        move_aside(path, reason)?;
        return build(place);
    }
    match connection::inspect(place)? {
        Inspected::Ours(database) => return Ok(database),
        Inspected::Missing => {}
        Inspected::Foreign(reason) => move_aside(path, &reason)?,
    }
    build(place)
}

/// Makes a store where there is none. The lock is held.
fn build(place: &FileOptions) -> Result<Database, StoreError> {
    let path = &place.path;
    let unfinished = files::with_ending(path, ".new");
    // Left behind by a process that was killed here, or by one whose store was deleted in use.
    for leftover in [&unfinished, path] {
        for ending in COMPANIONS {
            files::remove(&files::with_ending(leftover, ending))?;
        }
    }
    files::remove(&unfinished)?;
    make_private(&unfinished).map_err(|source| files::failure("make", path, source))?;
    fill(&unfinished).map_err(|source| error::sqlite("make", path, source))?;
    std::fs::rename(&unfinished, path).map_err(|source| files::failure("make", path, source))?;
    match connection::inspect(place)? {
        Inspected::Ours(database) => Ok(database),
        Inspected::Missing | Inspected::Foreign(_) => {
            Err(files::failure("keep", path, io::ErrorKind::NotFound.into()))
        }
    }
}

/// Makes the file before SQLite does, which would let everybody read it.
fn make_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(files::MODE).open(path)
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO store(id, announce_rate, anomalies) VALUES (?1, 0, 0)",
        params![Random::new().positive()],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    connection.close().map_err(|(_, source)| source)
}
