//! Transactions that undo themselves unless they are committed.

use rusqlite::Connection;

/// A transaction that holds the write lock from its start, so that it cannot fail half-way because
/// another process writes.
pub(super) struct Immediate<'a>(&'a Connection);

impl<'a> Immediate<'a> {
    /// Waits for the write lock.
    pub(super) fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self(connection))
    }

    /// Makes all changes visible; when that fails, none is.
    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Immediate<'_> {
    fn drop(&mut self) {
        roll_back(self.0);
    }
}

/// A transaction that only reads: all its statements see one state.
pub(super) struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    /// Starts with the first statement after it.
    pub(super) fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        roll_back(self.0);
    }
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // It fails only when SQLite has rolled back by itself already.
        let _ = connection.prepare_cached("ROLLBACK").and_then(|mut rollback| rollback.execute([]));
    }
}
