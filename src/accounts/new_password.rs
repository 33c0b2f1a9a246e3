//! Passwords that somebody gets without the one until now: from an administrator, or by a link that is good once.

use std::{fmt, io};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

use super::authentication::AuthenticationError;
use super::hashing_turn::HashingTurn;
use super::password::{Password, PasswordError};
use super::password_hash::PasswordHash;
use crate::catalog::{Author, Catalog, Digest, User, UserId};
use crate::platform::random;
use crate::protocol::{Seconds, Timestamp};

/// The secret part of a link by which somebody chooses a password, of 43 characters. The catalogue has its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordLink([u8; 32]);

/// What becomes of a password that was chosen by a link.
#[derive(Debug)]
pub enum LinkedPassword {
    /// It is set, and the link is good no more; all sessions of that user have ended.
    Done(Box<User>),
    /// There is no such link, or not any more.
    NoLink,
    /// It cannot be a password.
    Unfit(PasswordError),
}

/// Has somebody have a password, and ends all of their sessions and links. Waits for its turn: never on an event loop.
///
/// # Errors
/// When too many sign in at this moment, or the catalogue cannot be written.
pub fn set_password(
    catalog: &mut Catalog,
    user: UserId,
    password: &Password,
    author: &Author<'_>,
) -> Result<(), AuthenticationError> {
    let _turn = HashingTurn::wait_for(catalog.path())?;
    let hash = PasswordHash::of(password)?;
    Ok(catalog.set_password(user, hash.as_str(), author)?)
}

impl PasswordLink {
    /// How long a link is good: a day.
    pub const LASTS: Seconds = Seconds(24 * 60 * 60);

    /// Makes a link for a user, in place of earlier ones.
    ///
    /// # Errors
    /// When the system gives no randomness, or the catalogue cannot be written.
    pub fn make(
        catalog: &mut Catalog,
        user: UserId,
        author: &Author<'_>,
    ) -> Result<Self, AuthenticationError> {
        let link = Self::generate()?;
        catalog.add_password_link(user, &link.digest(), author.at + Self::LASTS, author)?;
        Ok(link)
    }

    fn generate() -> io::Result<Self> {
        random::unguessable().map(Self)
    }

    /// Reads one; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = Some(text).filter(|text| text.len() == 43)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// What the catalogue has of it. As nobody can guess the link, SHA-256 is enough.
    fn digest(&self) -> Digest {
        Sha256::digest(self.0).into()
    }

    /// Whose password it sets, if it is good now.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn user(
        &self,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Option<User>, AuthenticationError> {
        let user = catalog.user_of_password_link(&self.digest(), now)?;
        Ok(user.filter(|user| !user.is_disabled))
    }

    /// Sets a password with it. Waits for its turn: never on an event loop.
    ///
    /// # Errors
    /// When too many sign in at this moment, or the catalogue cannot be used.
    pub fn set_password(
        &self,
        catalog: &mut Catalog,
        password: &str,
        now: Timestamp,
    ) -> Result<LinkedPassword, AuthenticationError> {
        if self.user(catalog, now)?.is_none() {
            return Ok(LinkedPassword::NoLink);
        }
        let _turn = HashingTurn::wait_for(catalog.path())?;
        // Once more: of two at once, one has used it by now.
        let Some(user) = self.user(catalog, now)? else { return Ok(LinkedPassword::NoLink) };
        let password = match Password::new(password, user.name.as_str()) {
            Ok(password) => password,
            Err(problem) => return Ok(LinkedPassword::Unfit(problem)),
        };
        let author = Author { name: user.name.as_str(), at: now };
        catalog.set_password(user.id, PasswordHash::of(&password)?.as_str(), &author)?;
        Ok(LinkedPassword::Done(Box::new(user)))
    }
}

/// As it stands in the link: base64url.
impl fmt::Display for PasswordLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// A secret does not get into a log.
impl fmt::Debug for PasswordLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordLink(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Role, UserDetails, UserName};

    const NOON: Timestamp = Timestamp(1_700_000_000);
    const OLIVE: Author<'_> = Author { name: "olive", at: NOON };

    fn site() -> (tempfile::TempDir, Catalog, UserId) {
        let folder = tempfile::tempdir().unwrap();
        let mut catalog = Catalog::open(&folder.path().join("catalog.db")).unwrap();
        let name = UserName::parse("Ælfred").unwrap();
        let details = UserDetails::new(Role::Editor);
        let user = catalog.add_user(&name, &details, None, &OLIVE).unwrap();
        (folder, catalog, user)
    }

    fn has(catalog: &Catalog, user: UserId, password: &str) -> bool {
        let kept = catalog.user(user).unwrap().unwrap().password.unwrap();
        let hash = PasswordHash::parse(&kept).unwrap();
        hash.is_of(&Password::typed(password).unwrap()).unwrap()
    }

    #[test]
    fn a_link_sets_one_password() {
        let (_folder, mut catalog, user) = site();
        let link = PasswordLink::make(&mut catalog, user, &OLIVE).unwrap();
        let typed = PasswordLink::parse(&link.to_string()).unwrap();
        assert_eq!(typed, link);
        let mut set = |password: &str| typed.set_password(&mut catalog, password, NOON).unwrap();
        let unfit = set("ælfredÆLFRED");
        assert!(matches!(unfit, LinkedPassword::Unfit(PasswordError::UserName)), "{unfit:?}");
        let LinkedPassword::Done(whose) = set("correct horse") else { panic!("not set") };
        assert_eq!(whose.id, user);
        assert!(matches!(set("another horse"), LinkedPassword::NoLink));
        assert!(has(&catalog, user, "correct horse"));
        assert_eq!(catalog.user(user).unwrap().unwrap().epoch, whose.epoch + 1);
    }

    #[test]
    fn a_link_is_good_for_a_day_and_until_there_is_another() {
        let (_folder, mut catalog, user) = site();
        let first = PasswordLink::make(&mut catalog, user, &OLIVE).unwrap();
        let second = PasswordLink::make(&mut catalog, user, &OLIVE).unwrap();
        let day = NOON + PasswordLink::LASTS;
        assert!(first.user(&catalog, NOON).unwrap().is_none());
        assert!(second.user(&catalog, day.before(Seconds(1))).unwrap().is_some());
        assert!(second.user(&catalog, day).unwrap().is_none());
        let disabled = UserDetails { is_disabled: true, ..UserDetails::new(Role::Editor) };
        catalog.change_user(user, None, &disabled, &OLIVE).unwrap();
        assert!(second.user(&catalog, NOON).unwrap().is_none());
        for text in ["", "link", &"A".repeat(44), &"/".repeat(43)] {
            assert_eq!(PasswordLink::parse(text), None);
        }
        assert_eq!(format!("{first:?}"), "PasswordLink(..)");
    }

    #[test]
    fn a_password_that_was_set_ends_links_and_sessions() {
        let (_folder, mut catalog, user) = site();
        let link = PasswordLink::make(&mut catalog, user, &OLIVE).unwrap();
        let password = Password::new("correct horse", "Ælfred").unwrap();
        set_password(&mut catalog, user, &password, &OLIVE).unwrap();
        assert!(has(&catalog, user, "correct horse"));
        assert!(link.user(&catalog, NOON).unwrap().is_none());
    }
}
