//! Tokens: what programs show in the place of a password. The catalogue has only their digests.

use rusqlite::{OptionalExtension as _, Row, Transaction};

use super::count::Count;
use super::user_id::UserId;
use super::user_proofs::Digest;
use super::users::{UserError, find, note};
use super::{Author, Catalog, CatalogError, User};
use crate::protocol::Timestamp;

/// How seldom it is written down that a token was used, in seconds.
const USE_IS_NOTED_EVERY: u64 = 60;

/// A token of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in the user's words.
    pub label: String,
    /// What it may, by names.
    pub scope: String,
    /// When it was made.
    pub created: Timestamp,
    /// From then on it is nothing any more; `None`: never.
    pub until: Option<Timestamp>,
    /// When it was used last, to a minute.
    pub last_used: Option<Timestamp>,
}

/// A token that is made.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Its digest.
    pub digest: &'a Digest,
    /// What it is for.
    pub label: &'a str,
    /// What it may, by names.
    pub scope: &'a str,
    /// From then on it is nothing any more; `None`: never.
    pub until: Option<Timestamp>,
}

impl Catalog {
    /// The tokens of a user, the oldest first; of all users without one.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn tokens(&self, user: Option<UserId>) -> Result<Vec<Token>, CatalogError> {
        let read = || {
            let all = format!("{SELECT} WHERE user = ?1 OR ?1 IS NULL ORDER BY id");
            let mut query = self.connection.prepare(&all)?;
            let user = user.map(|UserId(user)| user);
            query.query_map([user], token_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the tokens from"))
    }

    /// The token with a digest, as long as it counts.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn token(&self, digest: &Digest, now: Timestamp) -> Result<Option<Token>, CatalogError> {
        let find = format!("{SELECT} WHERE digest = ?1 AND (until IS NULL OR until > ?2)");
        self.connection
            .query_row(&find, (digest, Count(now.0)), token_of)
            .optional()
            .map_err(self.failed("read a token from"))
    }

    /// Makes a token for a user, and returns its number.
    ///
    /// # Errors
    /// When there is no such user, or the catalogue cannot be written; then nothing was changed.
    pub fn add_token(
        &mut self,
        user: UserId,
        token: &NewToken<'_>,
        author: &Author<'_>,
    ) -> Result<i64, UserError> {
        self.change_users("write a token into", |transaction| {
            let Some(owner) = find(transaction, user)? else { return Ok(Err(UserError::Unknown)) };
            let until = token.until.map(|until| Count(until.0));
            transaction.execute(
                "INSERT INTO tokens (user, digest, label, scope, created, until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (user.0, token.digest, token.label, token.scope, Count(author.at.0), until),
            )?;
            let id = transaction.last_insert_rowid();
            let after = format!("{}: {}", token.label, token.scope);
            note(transaction, author, "make token", &owner.name, (None, Some(&after)))?;
            Ok(Ok(id))
        })
    }

    /// Ends a token; whether it was there. With a user, only if it is theirs.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn remove_token(
        &mut self,
        id: i64,
        user: Option<UserId>,
        author: &Author<'_>,
    ) -> Result<bool, UserError> {
        self.change_users("remove a token from", |transaction| {
            let find_token = format!("{SELECT} WHERE id = ?1");
            let token = transaction.query_row(&find_token, [id], token_of).optional()?;
            let Some(token) = token.filter(|it| user.is_none_or(|user| user == it.user)) else {
                return Ok(Ok(false));
            };
            transaction.execute("DELETE FROM tokens WHERE id = ?1", [id])?;
            if let Some(owner) = find(transaction, token.user)? {
                let before = format!("{}: {}", token.label, token.scope);
                note(transaction, author, "remove token", &owner.name, (Some(&before), None))?;
            }
            Ok(Ok(true))
        })
    }

    /// Ends all tokens of a user; how many there were.
    ///
    /// # Errors
    /// When there is no such user, or the catalogue cannot be written; then nothing was changed.
    pub fn remove_tokens(&mut self, user: UserId, author: &Author<'_>) -> Result<usize, UserError> {
        self.change_users("remove tokens from", |transaction| {
            let Some(owner) = find(transaction, user)? else { return Ok(Err(UserError::Unknown)) };
            remove_tokens(transaction, &owner, author).map(Ok)
        })
    }

    /// Notes that a token was used, at most once a minute.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn note_use_of(&mut self, token: &Token, now: Timestamp) -> Result<(), CatalogError> {
        let is_noted = |last: Timestamp| now.0 < last.0.saturating_add(USE_IS_NOTED_EVERY);
        if token.last_used.is_some_and(is_noted) {
            return Ok(());
        }
        self.write("note in", |transaction| {
            transaction
                .execute("UPDATE tokens SET last_used = ?2 WHERE id = ?1", (token.id, Count(now.0)))
                .map(|_| ())
        })
    }
}

/// The same in a transaction.
pub(super) fn remove_tokens(
    transaction: &Transaction<'_>,
    owner: &User,
    author: &Author<'_>,
) -> rusqlite::Result<usize> {
    let removed = transaction.execute("DELETE FROM tokens WHERE user = ?1", [owner.id.0])?;
    if removed > 0 {
        let before = format!("tokens: {removed}");
        note(transaction, author, "remove tokens", &owner.name, (Some(&before), None))?;
    }
    Ok(removed)
}

fn token_of(row: &Row<'_>) -> rusqlite::Result<Token> {
    let time = |at: Option<Count>| at.map(|Count(at)| Timestamp(at));
    Ok(Token {
        id: row.get(0)?,
        user: UserId(row.get(1)?),
        label: row.get(2)?,
        scope: row.get(3)?,
        created: row.get(4).map(|Count(at)| Timestamp(at))?,
        until: time(row.get(5)?),
        last_used: time(row.get(6)?),
    })
}

const SELECT: &str = "SELECT id, user, label, scope, created, until, last_used FROM tokens";
