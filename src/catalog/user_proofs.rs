//! What else tells that somebody is a user: one-time codes and recovery codes. Of all that is typed in, the catalogue has
//! only digests.

use rusqlite::Transaction;

use super::count::Count;
use super::user_id::UserId;
use super::users::{UserError, end_sessions, find, note};
use super::{Author, Catalog, CatalogError};

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
