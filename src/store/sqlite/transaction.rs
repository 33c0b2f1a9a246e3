//! Transactions that undo themselves unless they are committed.

use super::connection::Database;

/// A transaction that holds the write lock from its start, so that it cannot fail half-way because
/// another process writes.
pub(super) struct Immediate<'a>(&'a Database);

impl<'a> Immediate<'a> {
    /// Waits for the write lock.
    pub(super) fn begin(database: &'a Database) -> rusqlite::Result<Self> {
        database.statement("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(database))
    }

    /// Makes all changes visible; when that fails, none is.
    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.0.statement("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Immediate<'_> {
    fn drop(&mut self) {
        roll_back(self.0);
    }
}

/// A transaction that only reads: all its statements see one state.
pub(super) struct Snapshot<'a>(&'a Database);

impl<'a> Snapshot<'a> {
    /// Starts with the first statement after it.
    pub(super) fn begin(database: &'a Database) -> rusqlite::Result<Self> {
        database.statement("BEGIN")?.execute([])?;
        Ok(Self(database))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        roll_back(self.0);
    }
}

fn roll_back(database: &Database) {
    if !database.is_autocommit() {
        // It fails only when SQLite has rolled back by itself already.
        let _ = database.statement("ROLLBACK").and_then(|mut rollback| rollback.execute([]));
    }
}
