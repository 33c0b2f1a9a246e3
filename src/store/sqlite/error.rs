//! What SQLite's errors mean to a store, and what a person can do about them.

use std::path::Path;

use rusqlite::ffi::SQLITE_READONLY_DBMOVED;
use rusqlite::{Error, ErrorCode};

use crate::store::{StoreError, files};

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The file does not hold what it should: recreate it.
    Broken,
    /// The file is not at its path any more: open what is there.
    Moved,
    /// Others held it for too long.
    Busy,
    /// It may not be opened.
    Closed,
    /// Anything else, for a person.
    Other,
}

/// Sorts an error.
pub(super) fn kind(error: &Error) -> Kind {
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Kind::Broken,
            _ if failure.extended_code == SQLITE_READONLY_DBMOVED => Kind::Moved,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Kind::Busy,
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Kind::Closed,
            // Our statements never change: one that SQLite cannot prepare or run lacks its tables, or the file is of a
            // format that it does not know.
            ErrorCode::Unknown => Kind::Broken,
            _ => Kind::Other,
        },
        Error::SqlInputError { .. }
        // Who may find nothing says so (`optional`).
        | Error::QueryReturnedNoRows
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..) => Kind::Broken,
        _ => Kind::Other,
    }
}

/// An error of SQLite as one of the store.
pub(super) fn sqlite(doing: &'static str, path: &Path, source: Error) -> StoreError {
    if kind(&source) == Kind::Busy {
        return files::would_wait(path);
    }
    let remedy = match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            let remedy = "free some space on its disk";
            return StoreError::Full { store: files::name(path), remedy };
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "make the file and its folder writable for the user that the web server runs as"
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            "look for trouble with its disk in the system's log, or keep the store on a local disk"
        }
        _ => "look at it with `tracker store check`, or recreate it with `tracker store rebuild`",
    };
    files::unavailable(doing, path, remedy, source)
}
