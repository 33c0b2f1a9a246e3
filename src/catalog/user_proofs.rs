//! What else tells that somebody is a user: one-time codes, recovery codes, and codes to choose a password with. Of all that
//! is typed in, the catalogue has only digests.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::count::Count;
use super::user_id::UserId;
use super::users::{MAILED, UserError, end_sessions, find, note, set_password};
use super::{Author, Catalog, CatalogError, User};
use crate::protocol::Timestamp;

/// The SHA-256 of something that is known to one user only.
pub type Digest = [u8; 32];

impl Catalog {
    /// Has somebody need one-time codes from now on, by this secret; they have just typed in the code of a
    /// step of time. These recovery codes stand in for one each.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn require_codes(
        &mut self,
        id: UserId,
        (secret, step): ([u8; 20], u64),
        recovery: &[Digest],
        author: &Author<'_>,
    ) -> Result<(), UserError> {
        self.change_users("write one-time codes into", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            transaction.execute(
                "UPDATE users SET totp_secret = ?2, totp_last_step = ?3, version = version + 1 WHERE id = ?1",
                (id.0, secret, Count(step)),
            )?;
            put_recovery_codes(transaction, id, recovery)?;
            note(transaction, author, "turn on one-time codes", &user.name, (None, None))?;
            Ok(Ok(()))
        })
    }

    /// Has these recovery codes take the place of all that somebody had. Whether they need one-time codes at all.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn replace_recovery_codes(
        &mut self,
        id: UserId,
        recovery: &[Digest],
        author: &Author<'_>,
    ) -> Result<bool, UserError> {
        self.change_users("write recovery codes into", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            if user.totp_secret.is_none() {
                return Ok(Ok(false));
            }
            put_recovery_codes(transaction, id, recovery)?;
            note(transaction, author, "make recovery codes", &user.name, (None, None))?;
            Ok(Ok(true))
        })
    }

    /// Ends all sessions of a user in the name of somebody else.
    ///
    /// # Errors
    /// When there is no such user, or the catalogue cannot be written; then nothing was changed.
    pub fn sign_user_out(&mut self, id: UserId, author: &Author<'_>) -> Result<(), UserError> {
        self.change_users("end sessions in", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            end_sessions(transaction, id)?;
            note(transaction, author, "end sessions", &user.name, (None, None))?;
            Ok(Ok(()))
        })
    }

    /// Has somebody need one-time codes no longer; whether they did.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn require_no_codes(&mut self, id: UserId, author: &Author<'_>) -> Result<bool, UserError> {
        self.change_users("remove one-time codes from", |transaction| {
            let Some(user) = find(transaction, id)? else { return Ok(Err(UserError::Unknown)) };
            transaction.execute(
                "UPDATE users SET totp_secret = NULL, totp_last_step = NULL, version = version + 1 WHERE id = ?1",
                [id.0],
            )?;
            transaction.execute("DELETE FROM recovery_codes WHERE user = ?1", [id.0])?;
            if user.totp_secret.is_some() {
                note(transaction, author, "turn off one-time codes", &user.name, (None, None))?;
            }
            Ok(Ok(user.totp_secret.is_some()))
        })
    }

    /// Uses the code of a step of time up. Whether nobody has used it, or a later one, before.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn use_code(&mut self, id: UserId, step: u64) -> Result<bool, CatalogError> {
        self.write("use a one-time code up in", |transaction| {
            let used = transaction.execute(
                "UPDATE users SET totp_last_step = ?2
                 WHERE id = ?1 AND (totp_last_step IS NULL OR totp_last_step < ?2)",
                (id.0, Count(step)),
            )?;
            Ok(used > 0)
        })
    }

    /// Uses a recovery code up. Whether it was there.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn use_recovery_code(&mut self, id: UserId, code: &Digest) -> Result<bool, CatalogError> {
        self.write("use a recovery code up in", |transaction| {
            let remove = "DELETE FROM recovery_codes WHERE user = ?1 AND digest = ?2";
            Ok(transaction.execute(remove, (id.0, code))? > 0)
        })
    }

    /// How many recovery codes somebody has left.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn recovery_codes_left(&self, id: UserId) -> Result<u64, CatalogError> {
        let count = "SELECT count(*) FROM recovery_codes WHERE user = ?1";
        self.connection
            .query_row(count, [id.0], |row| row.get(0).map(|Count(count)| count))
            .map_err(self.failed("read a user from"))
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

    /// Sets a password, by its hash, with a code, which counts no more then. Whether the code counted.
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

/// Has somebody have these recovery codes and no other.
fn put_recovery_codes(
    transaction: &Transaction<'_>,
    id: UserId,
    recovery: &[Digest],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM recovery_codes WHERE user = ?1", [id.0])?;
    let mut add =
        transaction.prepare("INSERT INTO recovery_codes (digest, user) VALUES (?1, ?2)")?;
    recovery.iter().try_for_each(|digest| add.execute((digest, id.0)).map(|_| ()))
}
