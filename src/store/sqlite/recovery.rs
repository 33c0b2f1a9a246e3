//! Making a store, and making it anew when its file is broken: by one process, the others wait.
//!
//! A new file is built whole under another name and renamed into place, so that nobody meets half a
//! store. What stands there is moved aside with its journal, which must never meet the new file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, params};

use super::connection::{self, Database, Inspected};
use super::error;
use super::schema::{APPLICATION_ID, TABLES, VERSION};
use crate::store::StoreError;
use crate::store::random::Random;

/// How long a process waits for the one that makes the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// Addresses of peers are for the owner and, as the umask allows, for the group.
const MODE: u32 = 0o660;

/// What SQLite keeps beside a file while it is in use.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Opens the store and makes it where there is none, or something else.
pub(super) fn open_or_make(path: &Path) -> Result<Database, StoreError> {
    match connection::inspect(path)? {
        Inspected::Ours(database) => Ok(database),
        Inspected::Missing => {
            connection::make_folder(path)?;
            make(path, None)
        }
        Inspected::Foreign(_) => make(path, None),
    }
}

/// Puts a new store in place of a broken one, unless another process has done it already.
pub(super) fn replace(path: &Path, broken: Database, reason: &str) -> Result<Database, StoreError> {
    make(path, Some((broken, reason)))
}

/// Puts a new store in place of whatever is there.
pub(super) fn rebuild(path: &Path) -> Result<Database, StoreError> {
    connection::make_folder(path)?;
    let _lock = lock(path)?;
    let is_there = !matches!(connection::inspect(path)?, Inspected::Missing);
    if is_there {
        move_aside(path, "as its owner wishes")?;
    }
    build(path)
}

fn make(path: &Path, broken: Option<(Database, &str)>) -> Result<Database, StoreError> {
    let _lock = lock(path)?;
    if let Some((database, reason)) = broken
        && !database.has_moved()
    {
        drop(database);
        move_aside(path, reason)?;
        return build(path);
    }
    match connection::inspect(path)? {
        Inspected::Ours(database) => return Ok(database),
        Inspected::Missing => {}
        Inspected::Foreign(reason) => move_aside(path, &reason)?,
    }
    build(path)
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let path = with_ending(path, ".lock");
    let failed = |source| error::io("lock", &path, source);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(MODE).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(&path).map_err(failed)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) if source.kind() != io::ErrorKind::Interrupted => {
                return Err(failed(source));
            }
            Err(_) if started.elapsed() > PATIENCE => return Err(StoreError::Busy { path }),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn move_aside(path: &Path, reason: &str) -> Result<(), StoreError> {
    let failed = |source| error::io("move aside", path, source);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let aside = with_ending(path, &format!(".broken-{}", now.as_secs()));
    // The file first: from then on nobody opens it together with a companion that is still there.
    std::fs::rename(path, &aside).map_err(failed)?;
    for ending in COMPANIONS {
        match std::fs::rename(with_ending(path, ending), with_ending(&aside, ending)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(source)),
            _ => {}
        }
    }
    crate::warning!(
        "the peer store {} was moved to {} and is made anew: {reason}",
        path.display(),
        aside.display()
    );
    Ok(())
}

/// Makes a store where there is none. The lock is held.
fn build(path: &Path) -> Result<Database, StoreError> {
    let unfinished = with_ending(path, ".new");
    // Left behind by a process that was killed here, or by one whose store was deleted in use.
    for leftover in [&unfinished, path].map(Path::to_owned) {
        for ending in COMPANIONS {
            remove(&with_ending(&leftover, ending))?;
        }
    }
    remove(&unfinished)?;
    make_private(&unfinished).map_err(|source| error::io("make", path, source))?;
    fill(&unfinished).map_err(|source| error::sqlite("make", path, source))?;
    std::fs::rename(&unfinished, path).map_err(|source| error::io("make", path, source))?;
    match connection::inspect(path)? {
        Inspected::Ours(database) => Ok(database),
        Inspected::Missing | Inspected::Foreign(_) => {
            Err(error::io("keep", path, io::ErrorKind::NotFound.into()))
        }
    }
}

/// Makes the file before SQLite does, which would let everybody read it.
fn make_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO store(id) VALUES (?1)", params![Random::new().positive()])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    connection.close().map_err(|(_, source)| source)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(error::io("clear the place of", path, source))
        }
        _ => Ok(()),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
