//! Groups: whose torrents an editor looks after. A torrent is in a group by what is said of it.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::changes::{self, Noted};
use super::count::Count;
use super::user_id::UserId;
use super::{Author, Catalog, CatalogError, UserName};
use crate::protocol::Timestamp;

/// A group that users may be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// As it is written.
    pub name: String,
    /// When it was added.
    pub created: Timestamp,
    /// How many users are in it.
    pub users: u64,
}

/// There is no group of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no group {0}; add it first")]
pub struct NoGroup(pub String);

/// Whether two names are those of one group: capital letters do not matter.
#[must_use]
pub fn is_same_group(one: &str, other: &str) -> bool {
    key(one) == key(other)
}

fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Catalog {
    /// All groups, by their names.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn groups(&self) -> Result<Vec<Group>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(ALL)?;
            let groups = query.query_map([], |row| {
                Ok(Group {
                    name: row.get(0)?,
                    created: row.get(1).map(|Count(at)| Timestamp(at))?,
                    users: row.get(2).map(|Count(users)| users)?,
                })
            })?;
            groups.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the groups from"))
    }

    /// Adds a group; whether it was not there.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn add_group(
        &mut self,
        name: &UserName,
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("add a group to", |transaction| {
            let add = "INSERT OR IGNORE INTO groups (name_key, name, created) VALUES (?1, ?2, ?3)";
            let values = (name.key(), name.as_str(), Count(author.at.0));
            let is_new = transaction.execute(add, values)? > 0;
            if is_new {
                let noted = Noted { what: "add group", subject: name.as_str(), ..Noted::default() };
                changes::note(transaction, author, &noted)?;
            }
            Ok(is_new)
        })
    }

    /// Removes a group; its users stay, and what is said of torrents. Returns whether it was there.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn remove_group(
        &mut self,
        name: &UserName,
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("remove a group from", |transaction| {
            let users: u64 = transaction
                .query_row(USERS, [name.key()], |row| row.get(0).map(|Count(users)| users))?;
            let remove = "DELETE FROM groups WHERE name_key = ?1";
            let was_there = transaction.execute(remove, [name.key()])? > 0;
            if was_there {
                let before = (users > 0).then(|| format!("users: {users}"));
                let before = before.as_deref();
                let noted =
                    Noted { what: "remove group", subject: name.as_str(), before, after: None };
                changes::note(transaction, author, &noted)?;
            }
            Ok(was_there)
        })
    }
}

/// The groups of a user, as they are written.
pub(super) fn of(connection: &Connection, user: UserId) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare_cached(OF_USER)?;
    query.query_map([user.0], |row| row.get(0))?.collect()
}

/// Has a user be in these groups and no other.
pub(super) fn put(
    transaction: &Transaction<'_>,
    user: UserId,
    groups: &[String],
) -> rusqlite::Result<Result<(), NoGroup>> {
    transaction.execute("DELETE FROM user_groups WHERE user = ?1", [user.0])?;
    for group in groups {
        let known: Option<String> = transaction
            .query_row("SELECT name_key FROM groups WHERE name_key = ?1", [key(group)], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(known) = known else { return Ok(Err(NoGroup(group.clone()))) };
        transaction.execute(
            "INSERT OR IGNORE INTO user_groups (user, name_key) VALUES (?1, ?2)",
            (user.0, known),
        )?;
    }
    Ok(Ok(()))
}

const ALL: &str = "
    SELECT name, created, (SELECT count(*) FROM user_groups WHERE user_groups.name_key = groups.name_key)
    FROM groups ORDER BY name_key";

const OF_USER: &str = "
    SELECT name FROM user_groups JOIN groups USING (name_key) WHERE user = ?1 ORDER BY name_key";

const USERS: &str = "SELECT count(*) FROM user_groups WHERE name_key = ?1";
