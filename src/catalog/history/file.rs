//! The file of the history: opening and making it, setting a damaged one aside, and what can go wrong.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::platform::memory;
use crate::platform::publication::TemporaryFile;

/// SQLite's header names the application that a file belongs to: "trch".
const APPLICATION_ID: i32 = 0x7472_6368;

/// The version of the tables.
const VERSION: i64 = 1;

/// How long to wait for another process that has the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The number of all torrents together.
pub(super) const ALL: u64 = 0;

/// Torrents have numbers here, which are never used again. `at` and `last` are when the
/// figures of a torrent changed last, and those figures. Chunks are numbered since 1970.
const TABLES: &str = "
    CREATE TABLE series (
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        info_hash BLOB    NOT NULL UNIQUE,
        at        INTEGER NOT NULL,
        last      BLOB    NOT NULL
    ) STRICT;
    CREATE TABLE fine (
        at      INTEGER PRIMARY KEY,
        changes BLOB    NOT NULL
    ) STRICT;
    CREATE TABLE hourly (
        chunk  INTEGER NOT NULL,
        series INTEGER NOT NULL,
        slots  BLOB    NOT NULL,
        PRIMARY KEY (chunk, series)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE daily (
        chunk  INTEGER NOT NULL,
        series INTEGER NOT NULL,
        slots  BLOB    NOT NULL,
        PRIMARY KEY (chunk, series)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE thinned (
        id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        day  INTEGER NOT NULL,
        next INTEGER NOT NULL
    ) STRICT;";

/// The history of the figures.
#[derive(Debug)]
pub struct History {
    pub(super) connection: Connection,
    path: PathBuf,
}

/// What can go wrong with the history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file or its folder cannot be made or looked at.
    #[error("cannot {doing} the history {}: {source}; its folder must exist and be writable for the user that the tracker runs as, with space left", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} the history {}: {source}; the file and its folder must be writable for the user that the tracker runs as, with space left", path.display())]
    Sqlite {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file is damaged.
    #[error("cannot {doing} the history {}: it is damaged ({source}); a refresh that finds that sets it aside and begins a new one", path.display())]
    Broken {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is another program's database, or a newer tracker's history.
    #[error("{} is no history that this tracker can use; install the newer tracker again if there was one, or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// What is read cannot be what was written.
pub(super) fn damaged(what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(code, Some(format!("{what} that make no sense")))
}

impl History {
    /// Opens the history at `path` for reading only; `None` when there is none yet.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is another program's or a newer tracker's.
    pub fn read(path: &Path) -> Result<Option<Self>, HistoryError> {
        let io = |source| HistoryError::Io { doing: "look for", path: path.to_owned(), source };
        if !path.try_exists().map_err(io)? {
            return Ok(None);
        }
        let history = Self::connect(path)?;
        let set = history.connection.pragma_update(None, "query_only", true);
        set.map_err(history.failed("open"))?;
        Ok(Some(history))
    }

    /// Opens the history at `path` for writing; makes it when there is none.
    pub(super) fn open(path: &Path) -> Result<Self, HistoryError> {
        let io = |source| HistoryError::Io { doing: "look for", path: path.to_owned(), source };
        if !path.try_exists().map_err(io)? {
            create(path)?;
        }
        Self::connect(path)
    }

    fn connect(path: &Path) -> Result<Self, HistoryError> {
        let history = Self::connect_to_any(path)?;
        let pragma = |name| {
            let value =
                history.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            value.map_err(history.failed("open"))
        };
        let is_ours = pragma("application_id")? == i64::from(APPLICATION_ID);
        let is_empty = history
            .connection
            .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
            .map_err(history.failed("open"))?;
        match pragma("user_version")? {
            // No file is empty that was made whole.
            _ if is_empty => Err(history.failed("open")(damaged("no tables"))),
            VERSION if is_ours => Ok(history),
            _ => Err(HistoryError::Foreign { path: path.to_owned() }),
        }
    }

    fn connect_to_any(path: &Path) -> Result<Self, HistoryError> {
        memory::share_with_sqlite();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connect = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            Ok(connection)
        };
        let connection = connect().map_err(|source| error("open", path, source))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Names what was being done when SQLite refused.
    pub(super) fn failed(
        &self,
        doing: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> HistoryError {
        move |source| error(doing, &self.path, source)
    }
}

fn error(doing: &'static str, path: &Path, source: rusqlite::Error) -> HistoryError {
    let path = path.to_owned();
    let is_broken = match source.sqlite_error_code() {
        Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
        // Values of another kind than what was written.
        None => true,
    };
    match is_broken {
        true => HistoryError::Broken { doing, path, source },
        false => HistoryError::Sqlite { doing, path, source },
    }
}

/// Makes a history as a whole and puts it at `path`, so that one that is found cut short was damaged.
fn create(path: &Path) -> Result<(), HistoryError> {
    let io = |source| HistoryError::Io { doing: "make", path: path.to_owned(), source };
    let temporary = TemporaryFile::beside(path).map_err(io)?.close();
    let history = History::connect_to_any(temporary.path())?;
    let made = history.connection.execute_batch(&format!(
        "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT"
    ));
    made.map_err(history.failed("make"))?;
    drop(history);
    temporary.place_if_absent(path).map_err(io).map(|_| ())
}

/// Sets a damaged history aside, and says where it is then. An older one that was set aside gives way: they are only
/// figures.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let named = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let aside = named(".broken");
    fs::rename(path, &aside)?;
    // It is not the new one's.
    match fs::remove_file(named("-journal")) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
        _ => Ok(aside),
    }
}
