//! One open file: how it is opened cheaply, known for ours, and noticed when it has gone.

use std::cell::Cell;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, FileControl, MAIN_DB, OpenFlags, Statement};

use super::error::{self, Kind};
use super::schema::{APPLICATION_ID, BUCKETS, VERSION, number_in, stored};
use crate::platform::memory;
use crate::protocol::Timestamp;
use crate::store::files;
use crate::store::rate::AnnounceRate;
use crate::store::{Access, Caps, FileOptions, Generation, StoreError, expect_kind};

/// The kind of these stores, as the configuration names it.
pub(super) const KIND: &str = "sqlite";

/// The longest pause between two tries for a lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(2);

/// Room for all statements of this module.
const STATEMENTS: usize = 32;

/// An open file and its statements.
pub(super) struct Database {
    connection: Connection,
    keeps_statements: Cell<bool>,
    /// Which store it is: the same as long as the file is.
    pub(super) generation: Generation,
    /// How long it waits for others.
    patience: Duration,
    /// How many there may be.
    pub(super) caps: Caps,
    /// Whether there is surely a table for token buckets.
    has_buckets: Cell<bool>,
    /// How many announces came when it was opened, for the process that asks but once.
    rate_then: Cell<Option<AnnounceRate>>,
    /// How many came at a time, for announces of the same second.
    rate_at: Cell<Option<(AnnounceRate, Timestamp)>>,
}

/// A statement that runs as often as it is needed.
pub(super) enum Prepared<'a> {
    /// It ends with its user.
    Once(Statement<'a>),
    /// It goes back to the others.
    Kept(CachedStatement<'a>),
}

impl Database {
    fn new(connection: Connection, head: Head, patience: Duration) -> Self {
        Self {
            connection,
            keeps_statements: Cell::new(false),
            generation: head.generation,
            patience,
            caps: Caps::default(),
            has_buckets: Cell::new(false),
            rate_then: Cell::new(Some(head.rate)),
            rate_at: Cell::new(None),
        }
    }

    /// Waits for others no longer than this from now on.
    pub(super) fn set_patience(&mut self, patience: Duration) -> rusqlite::Result<()> {
        if self.patience != patience {
            wait_for_locks(&mut self.connection, patience)?;
            self.patience = patience;
        }
        Ok(())
    }

    /// Prepares a statement. A process that announces once throws it away, which is cheaper for
    /// SQLite than to prepare one that lasts.
    pub(super) fn statement(&self, text: &'static str) -> rusqlite::Result<Prepared<'_>> {
        if self.keeps_statements.get() {
            self.connection.prepare_cached(text).map(Prepared::Kept)
        } else {
            self.connection.prepare(text).map(Prepared::Once)
        }
    }

    /// Keeps statements from now on.
    pub(super) fn keep_statements(&self) {
        self.keeps_statements.set(true);
    }

    /// How many announces come. Before the first of this connection, that is how many came when the
    /// file was opened.
    pub(super) fn announce_rate(&self) -> rusqlite::Result<AnnounceRate> {
        let rate = self.rate_then.take().filter(|_| !self.keeps_statements.get());
        rate.map_or_else(|| self.read_announce_rate(), Ok)
    }

    /// The same, read once a second.
    pub(super) fn announce_rate_at(&self, now: Timestamp) -> rusqlite::Result<AnnounceRate> {
        if let Some((rate, _)) = self.rate_at.get().filter(|(_, at)| *at == now) {
            return Ok(rate);
        }
        let rate = self.announce_rate()?;
        self.rate_at.set(Some((rate, now)));
        Ok(rate)
    }

    /// After a transaction that was perhaps undone, what it made may not be there.
    pub(super) fn doubt(&self) {
        self.has_buckets.set(false);
    }

    /// Makes room for token buckets where there is none yet, in a transaction that writes.
    pub(super) fn need_buckets(&self) -> rusqlite::Result<()> {
        if !self.has_buckets.replace(true) {
            self.statement(BUCKETS)?.execute([])?;
        }
        Ok(())
    }

    /// Counts an announce that said more than can be.
    pub(super) fn count_anomaly(&self) -> rusqlite::Result<()> {
        self.statement("UPDATE store SET anomalies = anomalies + 1")?.execute([])?;
        Ok(())
    }

    fn read_announce_rate(&self) -> rusqlite::Result<AnnounceRate> {
        let mut statement = self.statement("SELECT announce_rate FROM store")?;
        statement.query_row([], |row| number_in(row, 0)).map(AnnounceRate)
    }

    /// Counts an announce, in its transaction.
    pub(super) fn count_announce(&self, now: Timestamp) -> rusqlite::Result<()> {
        let rate = self.read_announce_rate()?.with_one_more(now);
        self.statement("UPDATE store SET announce_rate = ?1")?.execute([stored(rate.0)])?;
        Ok(())
    }

    /// Whether the file was deleted, or another stands at its path.
    pub(super) fn has_moved(&self) -> bool {
        let mut moved = 0;
        let asked = self.connection.file_control(Some(MAIN_DB), FileControl::HasMoved(&mut moved));
        asked.is_ok() && moved != 0
    }
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl<'a> Deref for Prepared<'a> {
    type Target = Statement<'a>;

    fn deref(&self) -> &Statement<'a> {
        match self {
            Self::Once(statement) => statement,
            Self::Kept(statement) => statement,
        }
    }
}

impl DerefMut for Prepared<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Once(statement) => statement,
            Self::Kept(statement) => statement,
        }
    }
}

/// What stands at the path of a store.
pub(super) enum Inspected {
    /// Nothing.
    Missing,
    /// A store of ours, open.
    Ours(Database),
    /// Something else; why it is not ours.
    Foreign(String),
}

/// Opens what is there; makes nothing and changes nothing.
pub(super) fn inspect(place: &FileOptions) -> Result<Inspected, StoreError> {
    memory::share_with_sqlite();
    if !place.is_the_sites() && place.trust()?.is_none() {
        return Ok(Inspected::Missing);
    }
    look(place, 2)
}

fn look(place: &FileOptions, more_tries: u32) -> Result<Inspected, StoreError> {
    let (path, patience) = (&place.path, place.patience);
    match open(path, patience) {
        Ok((Ok(head), connection)) => {
            if place.access == Access::Full {
                is_writable(path, &connection)?;
            }
            Ok(Inspected::Ours(Database::new(connection, head, patience)))
        }
        Ok((Err(reason), _)) => Ok(Inspected::Foreign(reason)),
        Err(broken) if error::kind(&broken) == Kind::Broken => {
            expect_kind(path, KIND)?;
            Ok(Inspected::Foreign(broken.to_string()))
        }
        Err(unopened) => match std::fs::metadata(path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(Inspected::Missing),
            Err(hidden) => Err(files::failure("open", path, hidden)),
            Ok(found) if found.is_dir() => {
                Err(files::failure("open", path, io::ErrorKind::IsADirectory.into()))
            }
            Ok(found) if !found.is_file() => Err(files::refused(
                path,
                "it is not a regular file; choose another `path` in [store]",
            )),
            // It may have come between the two looks.
            Ok(_) if error::kind(&unopened) == Kind::Closed && more_tries > 0 => {
                look(place, more_tries - 1)
            }
            Ok(_) if error::kind(&unopened) == Kind::Closed => {
                Err(files::failure("open", path, io::ErrorKind::PermissionDenied.into()))
            }
            Ok(_) => Err(error::sqlite("open", path, unopened)),
        },
    }
}

/// SQLite opens what it may not write for reading only, and would tell later.
fn is_writable(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    match connection.is_readonly(MAIN_DB) {
        Ok(false) => Ok(()),
        _ => Err(files::failure("write", path, io::ErrorKind::PermissionDenied.into())),
    }
}

/// What the file says of itself.
struct Head {
    generation: Generation,
    rate: AnnounceRate,
}

/// Opens a file with our settings, and reads its head; instead, why it is not ours, if it is not.
fn open(path: &Path, patience: Duration) -> rusqlite::Result<(Result<Head, String>, Connection)> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    wait_for_locks(&mut connection, patience)?;
    let head = read_head(&connection)?;
    configure(&connection)?;
    Ok((head, connection))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Else a changed limit makes SQLite plan the statement again, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A killed process breaks nothing with this; after a power cut the file may have to be
    // recreated, and the peers announce again.
    connection.execute_batch("PRAGMA synchronous = OFF")
}

/// SQLite's own pauses grow to a tenth of a second, in which a busy tracker answers a thousand others.
fn wait_for_locks(connection: &mut Connection, patience: Duration) -> rusqlite::Result<()> {
    let mut started = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            started = Instant::now();
        }
        let left = patience.saturating_sub(started.elapsed());
        if left.is_zero() {
            return false;
        }
        let pause = Duration::from_micros(50) * u32::try_from(tries).unwrap_or(0).saturating_add(1);
        std::thread::sleep(pause.min(LONGEST_PAUSE).min(left));
        true
    }))
}

/// Reads all in one transaction: SQLite locks the file and looks for others' journals once then.
fn read_head(connection: &Connection) -> rusqlite::Result<Result<Head, String>> {
    let transaction = connection.unchecked_transaction()?;
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    if application_id != APPLICATION_ID {
        return Ok(Err(format!("it is another program's file ({application_id:#x})")));
    }
    let version = number("PRAGMA user_version")?;
    if version != VERSION {
        return Ok(Err(format!("its format is {version}, not {VERSION}")));
    }
    let head = connection.query_row("SELECT id, announce_rate FROM store", [], |row| {
        let rate = AnnounceRate(number_in(row, 1)?);
        Ok(Head { generation: Generation(number_in(row, 0)?), rate })
    })?;
    transaction.commit()?;
    Ok(Ok(head))
}
