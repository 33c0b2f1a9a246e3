//! One-time codes that somebody is about to turn on: the form carries their secret until its first code was right.

use std::io;

use super::signer::{Purpose, Signer};
use super::totp::TotpSecret;
use crate::catalog::{User, UserId};
use crate::protocol::{Seconds, Timestamp};

/// How long there is to type in the first code: an hour; so far may a clock have been ahead, too.
const LASTS: Seconds = Seconds(60 * 60);

/// User, epoch, a time and a secret.
const BYTES: usize = 8 + 4 + 8 + 20;

/// A secret that is somebody's when they have shown that they have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedCodes {
    /// Whose it may become.
    user: UserId,
    epoch: u32,
    issued: Timestamp,
    /// What makes the codes.
    pub secret: TotpSecret,
}

impl OfferedCodes {
    /// A new secret for a user.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate(user: &User, now: Timestamp) -> io::Result<Self> {
        let secret = TotpSecret::generate()?;
        Ok(Self { user: user.id, epoch: user.epoch, issued: now, secret })
    }

    /// The text of a form's field. Whoever sees the form sees the secret on it anyway.
    #[must_use]
    pub fn encode(&self, signer: &Signer) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.user.0.to_be_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.issued.0.to_be_bytes());
        bytes.extend(self.secret.as_bytes());
        signer.seal(Purpose::OfferedCodes, &bytes)
    }

    /// What was offered to a user; `None` when it was to somebody else, or too long ago, or another password has been
    /// chosen since.
    #[must_use]
    pub fn decode(text: &str, user: &User, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes: [u8; BYTES] = signer.open(Purpose::OfferedCodes, text)?;
        let (id, rest) = bytes.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (issued, secret) = rest.split_first_chunk()?;
        let offered = Self {
            user: UserId(i64::from_be_bytes(*id)),
            epoch: u32::from_be_bytes(*epoch),
            issued: Timestamp(u64::from_be_bytes(*issued)),
            secret: TotpSecret::from_bytes(secret.try_into().ok()?),
        };
        let is_theirs = (offered.user, offered.epoch) == (user.id, user.epoch);
        let is_valid = offered.issued <= now + LASTS && now.since(offered.issued) <= LASTS;
        (is_theirs && is_valid).then_some(offered)
    }
}

#[cfg(test)]
mod tests {
    use super::super::signer::tests::{signer, with_a_bit_flipped};
    use super::*;
    use crate::catalog::{Role, UserName};

    const NOON: Timestamp = Timestamp(1_700_000_000);

    fn user(id: i64, epoch: u32) -> User {
        User {
            id: UserId(id),
            name: UserName::parse("Ingrid").unwrap(),
            role: Role::Member,
            password: None,
            epoch,
            is_disabled: false,
            language: None,
            totp_secret: None,
            totp_last_step: None,
            created: NOON,
            last_login: None,
            groups: Vec::new(),
            version: 0,
        }
    }

    #[test]
    fn what_is_offered_is_one_users_for_an_hour() {
        let (ingrid, signer) = (user(7, 3), signer(1));
        let offered = OfferedCodes::generate(&ingrid, NOON).unwrap();
        let text = offered.encode(&signer);
        let decode = |user: &User, at| OfferedCodes::decode(&text, user, &signer, at);
        assert_eq!(decode(&ingrid, NOON), Some(offered.clone()));
        assert_eq!(decode(&ingrid, NOON + Seconds(3600)), Some(offered));
        assert_eq!(decode(&ingrid, NOON + Seconds(3601)), None);
        assert_eq!(decode(&ingrid, Timestamp(NOON.0 - 3601)), None);
        assert_eq!(decode(&user(8, 3), NOON), None);
        assert_eq!(decode(&user(7, 4), NOON), None);
    }

    #[test]
    fn nobody_can_have_another_secret_taken() {
        let (ingrid, signer) = (user(7, 3), signer(1));
        let text = OfferedCodes::generate(&ingrid, NOON).unwrap().encode(&signer);
        for flipped in with_a_bit_flipped(&text) {
            assert_eq!(OfferedCodes::decode(&flipped, &ingrid, &signer, NOON), None);
        }
    }
}
