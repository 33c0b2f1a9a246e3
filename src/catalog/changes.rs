//! What the owner has changed: who did what to which, when, and how it was before.

use rusqlite::Transaction;

use super::count::Count;
use super::{Catalog, CatalogError};
use crate::protocol::Timestamp;

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The name of a person, or of an account of the machine.
    pub name: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who made it.
    pub who: String,
    /// What was done, a verb.
    pub what: String,
    /// To which.
    pub subject: String,
    /// How it was before; `None` where it was not there.
    pub before: Option<String>,
    /// How it was left; `None` where it is gone, or where older trackers made the change.
    pub after: Option<String>,
}

/// A change that is noted: what was done, to which, and how that was before and is now. Never holds a secret.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted<'a> {
    pub what: &'a str,
    pub subject: &'a str,
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
}

impl Catalog {
    /// All changes, in the order in which they were made.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn changes(&self) -> Result<Vec<Change>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(
                "SELECT at, who, what, subject, before, after FROM changes ORDER BY number",
            )?;
            let changes = query.query_map([], |row| {
                Ok(Change {
                    at: row.get(0).map(|Count(at)| Timestamp(at))?,
                    who: row.get(1)?,
                    what: row.get(2)?,
                    subject: row.get(3)?,
                    before: row.get(4)?,
                    after: row.get(5)?,
                })
            })?;
            changes.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the changes from"))
    }
}

/// Notes a change, in the transaction that makes it.
pub(super) fn note(
    transaction: &Transaction<'_>,
    author: &Author<'_>,
    noted: &Noted<'_>,
) -> rusqlite::Result<()> {
    let Noted { what, subject, before, after } = *noted;
    let change = (Count(author.at.0), author.name, what, subject, before, after);
    transaction.execute(NOTE, change).map(|_| ())
}

const NOTE: &str =
    "INSERT INTO changes (at, who, what, subject, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
