//! The connection to the catalogue's file, and what can go wrong with it.
//!
//! A rollback journal and `synchronous=EXTRA`: one file to back up, works on network file systems,
//! and what was committed survives a power cut.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::schema::{APPLICATION_ID, VERSION};
use crate::platform::memory;

/// How long to wait for another process that writes: one that has it for five seconds is waited for, and a web server that
/// gives a CGI ten seconds still gets an answer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(8);

/// The catalogue: torrents and their totals.
#[derive(Debug)]
pub struct Catalog {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

/// What can go wrong with the catalogue. None of it is mended by the tracker itself.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file or its folder cannot be made or looked at.
    #[error("cannot {doing} the catalogue {}: {source}; its folder must exist and be writable for the user that the tracker runs as, with space left", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} the catalogue {}: {source}; the file and its folder must be writable for the user that the tracker runs as, with space left", path.display())]
    Sqlite {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// Another process held the catalogue for too long.
    #[error("cannot {doing} the catalogue {}: another process has held it for too long; try again, and if this repeats, look for a stopped process that has it open, or keep it on a local disk: NFS without its lock service has no locks", path.display())]
    Busy {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("cannot {doing} the catalogue {}: it is damaged ({source}); put a backup in its place, or save what `sqlite3 FILE .recover` can read of it", path.display())]
    Broken {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is something else: empty, or another program's database.
    #[error("{} is not a catalogue of this tracker; name another file as `catalog` in [paths], put a backup in its place, or move it away to start with an empty catalogue", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer tracker has migrated the file.
    #[error("the catalogue {} has version {found}, and this tracker knows versions up to {known}; install the newer tracker again, or put a backup from before in its place", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this tracker can use.
        known: usize,
    },
    /// An older tracker has made the file, and the caller must not change it.
    #[error("the catalogue {} has version {found}, which this tracker does not read; `tracker refresh --force` brings it up to date", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: usize,
    },
}

impl CatalogError {
    pub(super) fn sqlite(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => Self::Broken { doing, path, source },
            _ => match source.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    Self::Busy { doing, path }
                }
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Self::Broken { doing, path, source }
                }
                _ => Self::Sqlite { doing, path, source },
            },
        }
    }
}

impl Catalog {
    /// Where it is; other files of the site's state lie beside it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does `work` in one transaction: all of it, or nothing.
    pub(super) fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, CatalogError> {
        let written = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let result = work(&transaction)?;
                transaction.commit()?;
                Ok(result)
            });
        written.map_err(self.failed(doing))
    }

    /// Names what was being done when SQLite refused.
    pub(super) fn failed(
        &self,
        doing: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> CatalogError {
        move |source| CatalogError::sqlite(doing, &self.path, source)
    }

    pub(super) fn connect(path: &Path) -> Result<Self, CatalogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        memory::share_with_sqlite();
        let connect = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "synchronous", "EXTRA")?;
            Ok(connection)
        };
        let connection = connect().map_err(|source| CatalogError::sqlite("open", path, source))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The version of a file that is a catalogue.
    pub(super) fn version(&self) -> Result<usize, CatalogError> {
        let pragma = |name| {
            self.connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .map_err(self.failed("open"))
        };
        let path = || self.path.clone();
        if pragma("application_id")? != i64::from(APPLICATION_ID) {
            return Err(CatalogError::Foreign { path: path() });
        }
        let found = pragma("user_version")?;
        match usize::try_from(found) {
            Ok(version) if version <= VERSION => Ok(version),
            Ok(_) => Err(CatalogError::Newer { path: path(), found, known: VERSION }),
            Err(_) => Err(CatalogError::Foreign { path: path() }),
        }
    }
}
