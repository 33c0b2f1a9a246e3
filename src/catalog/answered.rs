//! Answers to programs that may ask twice for the same: kept for a day, so that what was asked for is not done again.

use rusqlite::OptionalExtension as _;

use super::count::Count;
use super::{Catalog, CatalogError, Digest, Token};
use crate::protocol::Timestamp;

/// For how many seconds an answer is kept: a day.
const KEPT_FOR: u64 = 24 * 60 * 60;

/// An answer that a program was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The digest of what it had asked for.
    pub asked: Digest,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: Vec<u8>,
}

impl Catalog {
    /// The answer that a program with a token was given within a day, when it asked with a key of its own.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn answered(
        &self,
        token: &Token,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Answered>, CatalogError> {
        let earliest = Count(now.0.saturating_sub(KEPT_FOR));
        self.connection
            .query_row(FIND, (token.id, key, earliest), |row| {
                Ok(Answered { asked: row.get(0)?, status: row.get(1)?, body: row.get(2)? })
            })
            .optional()
            .map_err(self.failed("read an answer from"))
    }

    /// Keeps an answer for a day, and forgets those that are older. Does nothing where the token is gone.
    ///
    /// # Errors
    /// When the catalogue cannot be written.
    pub fn keep_answer(
        &mut self,
        token: &Token,
        key: &str,
        answered: &Answered,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write("keep an answer in", |transaction| {
            let earliest = Count(now.0.saturating_sub(KEPT_FOR));
            transaction.execute("DELETE FROM answered WHERE at < ?1", [earliest])?;
            let Answered { asked, status, body } = answered;
            transaction.execute(KEEP, (token.id, key, asked, Count(now.0), status, body))?;
            Ok(())
        })
    }
}

const FIND: &str =
    "SELECT asked, status, body FROM answered WHERE token = ?1 AND key = ?2 AND at >= ?3";

const KEEP: &str = "
    INSERT OR REPLACE INTO answered (token, key, asked, at, status, body)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM tokens WHERE id = ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;
    use crate::catalog::{Author, NewToken, Role, UserDetails, UserName};

    const NOW: Timestamp = Timestamp(1_700_000_000);
    const OWNER: Author<'_> = Author { name: "olive", at: NOW };

    fn token(catalog: &mut Catalog, name: &str) -> Token {
        let name = UserName::parse(name).unwrap();
        let details = UserDetails::new(Role::Administrator);
        let user = catalog.add_user(&name, &details, None, &OWNER).unwrap();
        let digest = &[u8::try_from(user.0).unwrap(); 32];
        let new = NewToken { digest, label: "a script", scope: "bans", until: None };
        catalog.add_token(user, &new, &OWNER).unwrap();
        catalog.token(digest, NOW).unwrap().unwrap()
    }

    #[test]
    fn an_answer_is_kept_for_a_day_for_the_token_and_the_key() {
        let (_folder, mut catalog) = new_catalog();
        let (one, other) = (token(&mut catalog, "one"), token(&mut catalog, "other"));
        let given = Answered { asked: [1; 32], status: 201, body: b"{}".to_vec() };
        catalog.keep_answer(&one, "key", &given, NOW).unwrap();
        let at = |seconds| Timestamp(NOW.0 + seconds);
        assert_eq!(catalog.answered(&one, "key", at(86_400)).unwrap(), Some(given.clone()));
        assert_eq!(catalog.answered(&one, "key", at(86_401)).unwrap(), None);
        assert_eq!(catalog.answered(&one, "Key", NOW).unwrap(), None);
        assert_eq!(catalog.answered(&other, "key", NOW).unwrap(), None);
        catalog.keep_answer(&other, "key", &given, at(86_401)).unwrap();
        let count = "SELECT count(*) FROM answered";
        let kept: i64 = catalog.connection.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1, "what is old is forgotten");
    }

    #[test]
    fn of_a_token_that_is_gone_no_answer_is_kept() {
        let (_folder, mut catalog) = new_catalog();
        let token = token(&mut catalog, "one");
        let given = Answered { asked: [1; 32], status: 204, body: Vec::new() };
        catalog.keep_answer(&token, "key", &given, NOW).unwrap();
        catalog.remove_token(token.id, None, &OWNER).unwrap();
        assert_eq!(catalog.answered(&token, "key", NOW).unwrap(), None);
        catalog.keep_answer(&token, "key", &given, NOW).unwrap();
        assert_eq!(catalog.answered(&token, "key", NOW).unwrap(), None);
    }
}
