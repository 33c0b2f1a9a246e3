//! What the owner has changed: who did what to which, when, and how it was before.

use std::collections::HashMap;

use rusqlite::{Row, Transaction};

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
    /// Its number: later changes have higher ones.
    pub number: i64,
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

/// Which changes are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeSearch<'a> {
    /// Only those of this person.
    pub who: Option<&'a str>,
    /// Only those of this kind, a verb.
    pub what: Option<&'a str>,
    /// Only those to a subject that this is part of.
    pub subject: Option<&'a str>,
    /// Only those before this number.
    pub before: Option<i64>,
}

impl Catalog {
    /// All changes, in the order in which they were made.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn changes(&self) -> Result<Vec<Change>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(&format!("{SELECT} ORDER BY number"))?;
            query.query_map([], change_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the changes from"))
    }

    /// The last changes that are looked for, the newest first, at most so many.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn find_changes(
        &self,
        search: &ChangeSearch<'_>,
        most: u32,
    ) -> Result<Vec<Change>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(&format!(
                "{SELECT} WHERE (?1 IS NULL OR who = ?1) AND (?2 IS NULL OR what = ?2)
                 AND (?3 IS NULL OR instr(subject, ?3) > 0) AND (?4 IS NULL OR number < ?4)
                 ORDER BY number DESC LIMIT ?5"
            ))?;
            let ChangeSearch { who, what, subject, before } = *search;
            let found = query.query_map((who, what, subject, before, most), change_of)?;
            found.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the changes from"))
    }

    /// When a change of a kind, a verb, was made last to each subject, and who made it.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn last_changes(
        &self,
        what: &str,
    ) -> Result<HashMap<String, (Timestamp, String)>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(LAST)?;
            let last = query.query_map([what], |row| {
                let Count(at) = row.get(1)?;
                Ok((row.get(0)?, (Timestamp(at), row.get(2)?)))
            })?;
            last.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.failed("read the changes from"))
    }

    /// Who has made changes, and of which kinds they are; each once, in order.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn who_changed_what(&self) -> Result<(Vec<String>, Vec<String>), CatalogError> {
        let all = |column: &str| {
            let mut query = self
                .connection
                .prepare(&format!("SELECT DISTINCT {column} FROM changes ORDER BY {column}"))?;
            query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        let read = || Ok((all("who")?, all("what")?));
        read().map_err(self.failed("read the changes from"))
    }
}

fn change_of(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        number: row.get(0)?,
        at: row.get(1).map(|Count(at)| Timestamp(at))?,
        who: row.get(2)?,
        what: row.get(3)?,
        subject: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
    })
}

/// Of the columns that are not grouped SQLite takes those of the row with the largest number.
const LAST: &str =
    "SELECT subject, at, who, max(number) FROM changes WHERE what = ?1 GROUP BY subject";

const SELECT: &str = "SELECT number, at, who, what, subject, before, after FROM changes";

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
