//! Who has signed in, from where, and who could not: kept as long as the log of announces is.

use rusqlite::Row;

use super::count::Count;
use super::{Catalog, CatalogError, UserId};
use crate::protocol::{Seconds, Timestamp};

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Somebody is in.
    SignedIn,
    /// The name or the password was wrong.
    Refused,
    /// The code was wrong.
    WrongCode,
}

impl LoginOutcome {
    const ALL: [Self; 3] = [Self::SignedIn, Self::Refused, Self::WrongCode];

    /// Its name in the catalogue, and for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed in",
            Self::Refused => "refused",
            Self::WrongCode => "wrong code",
        }
    }
}

/// A sign-in, or that somebody tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// When.
    pub at: Timestamp,
    /// The name of the user; of one that is not known, nothing: it may be a password in the wrong field.
    pub name: String,
    /// From where.
    pub address: String,
    /// How it ended.
    pub outcome: LoginOutcome,
}

/// Rows that are kept at most, whatever strangers try.
const MOST: i64 = 10_000;

impl Catalog {
    /// Notes a sign-in, and forgets those that are older than is kept. The user who is in has been here now.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn note_login(
        &mut self,
        login: &Login,
        user: Option<UserId>,
        keep: Seconds,
    ) -> Result<(), CatalogError> {
        self.write("note a sign-in in", |transaction| {
            let oldest = login.at.0.saturating_sub(u64::from(keep.0));
            transaction.execute("DELETE FROM logins WHERE at < ?1", [Count(oldest)])?;
            transaction.execute(
                "INSERT INTO logins (at, name, address, outcome) VALUES (?1, ?2, ?3, ?4)",
                (Count(login.at.0), &login.name, &login.address, login.outcome.name()),
            )?;
            transaction.execute(
                "DELETE FROM logins WHERE number <= (SELECT max(number) FROM logins) - ?1",
                [MOST],
            )?;
            if let Some(user) = user.filter(|_| login.outcome == LoginOutcome::SignedIn) {
                let note = "UPDATE users SET last_login = ?2 WHERE id = ?1";
                transaction.execute(note, (user.0, Count(login.at.0)))?;
            }
            Ok(())
        })
    }

    /// The last sign-ins, the newest first: of one name, or of all.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn logins(&self, name: Option<&str>, most: u32) -> Result<Vec<Login>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(
                "SELECT at, name, address, outcome FROM logins
                 WHERE name = ?1 OR ?1 IS NULL ORDER BY number DESC LIMIT ?2",
            )?;
            query.query_map((name, most), login_of)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read the sign-ins from"))
    }
}

fn login_of(row: &Row<'_>) -> rusqlite::Result<Login> {
    let outcome: String = row.get(3)?;
    let named = LoginOutcome::ALL.into_iter().find(|it| it.name() == outcome);
    Ok(Login {
        at: row.get(0).map(|Count(at)| Timestamp(at))?,
        name: row.get(1)?,
        address: row.get(2)?,
        outcome: named.ok_or(rusqlite::Error::IntegralValueOutOfRange(3, 0))?,
    })
}
