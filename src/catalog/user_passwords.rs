//! Passwords of users, and codes to choose one with. The catalogue has hashes and digests only.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::count::Count;
use super::tokens::remove_tokens;
use super::user_id::UserId;
use super::user_proofs::Digest;
use super::users::{MAILED, UserError, end_sessions, find, note, somebody_can_administer};
use super::{Author, Catalog, CatalogError, User};
use crate::protocol::Timestamp;

impl Catalog {
    /// Has somebody have another password, by its hash, as they want it themselves. Their sessions and codes end; their tokens,
    /// which nobody learns by a password, go on.
    ///
    /// # Errors
    /// When there is no such user, or the catalogue cannot be written; then nothing was changed.
    pub fn change_password(
        &mut self,
        id: UserId,
        hash: &str,
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("write a password into", |transaction| {
            Ok(put_password(transaction, id, Some(hash), author)?.map(|_| ()))
        })
    }

    /// Has somebody have a password, by its hash, or none, in the name of somebody else. All of their sessions, codes and
    /// tokens end: another may have had them.
    ///
    /// # Errors
    /// When nobody would be left who can administer, or the catalogue cannot be written; then nothing was changed.
    pub fn set_password(
        &mut self,
        id: UserId,
        hash: Option<&str>,
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("write a password into", |transaction| {
            set_password(transaction, id, hash, author)
        })
    }

    /// Has the same password be known by another hash, as when hashes have become stronger; unless there is another
    /// password by now.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn renew_password_hash(
        &mut self,
        id: UserId,
        (before, hash): (&str, &str),
    ) -> Result<(), CatalogError> {
        self.write("write a password into", |transaction| {
            let renew = "UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2";
            transaction.execute(renew, (id.0, before, hash)).map(|_| ())
        })
    }

    /// Has somebody be able to choose a password by a code until then, in place of earlier codes.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn add_password_code(
        &mut self,
        id: UserId,
        code: &Digest,
        until: Timestamp,
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("write a password code into", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            transaction.execute("DELETE FROM password_codes WHERE user = ?1", [id.0])?;
            transaction.execute(
                "INSERT INTO password_codes (digest, user, until) VALUES (?1, ?2, ?3)",
                (code, id.0, Count(until.0)),
            )?;
            note(transaction, author, "make password code", &user.name, (None, None))?;
            Ok(Ok(()))
        })
    }

    /// Notes that a password code was mailed, and where to. The code itself is nobody's to read.
    ///
    /// # Errors
    /// When there is no such user, or the catalogue cannot be written.
    pub fn note_mailed_password_code(
        &mut self,
        id: UserId,
        to: &str,
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("note a mail in", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            note(transaction, author, MAILED, &user.name, (None, Some(to)))?;
            Ok(Ok(()))
        })
    }

    /// Whose password a code may set now; not that of somebody who may not sign in.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn user_of_password_code(
        &self,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Option<User>, CatalogError> {
        user_of_code(&self.connection, code, now).map_err(self.failed("read a password code from"))
    }

    /// Sets a password, by its hash, with a code, which counts no more then; sessions and tokens end. Whether the code
    /// counted.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn set_password_with_code(
        &mut self,
        code: &Digest,
        hash: &str,
        now: Timestamp,
    ) -> Result<bool, UserError> {
        self.change_users("write a password into", |transaction| {
            let Some(user) = user_of_code(transaction, code, now)? else { return Ok(Ok(false)) };
            let author = Author { name: user.name.as_str(), at: now };
            Ok(set_password(transaction, user.id, Some(hash), &author)?.map(|()| true))
        })
    }
}

/// The same in a transaction.
fn set_password(
    transaction: &Transaction<'_>,
    id: UserId,
    hash: Option<&str>,
    author: &Author<'_>,
) -> rusqlite::Result<Result<(), UserError>> {
    match put_password(transaction, id, hash, author)? {
        Ok(user) => remove_tokens(transaction, &user, author).map(|_| Ok(())),
        Err(problem) => Ok(Err(problem)),
    }
}

/// Writes a password, and ends sessions and codes. Returns the user as they were.
fn put_password(
    transaction: &Transaction<'_>,
    id: UserId,
    hash: Option<&str>,
    author: &Author<'_>,
) -> rusqlite::Result<Result<User, UserError>> {
    let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
    transaction.execute("UPDATE users SET password = ?2 WHERE id = ?1", (id.0, hash))?;
    transaction.execute("DELETE FROM password_codes WHERE user = ?1", [id.0])?;
    if user.can_administer() && !somebody_can_administer(transaction)? {
        return Ok(Err(UserError::LastAdministrator));
    }
    end_sessions(transaction, id)?;
    let what = if hash.is_some() { "set password" } else { "take password" };
    note(transaction, author, what, &user.name, (None, None))?;
    Ok(Ok(user))
}

fn user_of_code(
    connection: &Connection,
    code: &Digest,
    now: Timestamp,
) -> rusqlite::Result<Option<User>> {
    let found = "SELECT user FROM password_codes WHERE digest = ?1 AND until > ?2";
    let id = connection
        .query_row(found, (code, Count(now.0)), |row| row.get(0).map(UserId))
        .optional()?;
    let user = id.map_or(Ok(None), |id| find(connection, id))?;
    Ok(user.filter(|user| !user.is_disabled))
}
