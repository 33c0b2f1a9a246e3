//! Tokens by which a form is known to come from a page of ours: of a session, or of a visit before there is one.

use std::{fmt, io};

use data_encoding::BASE64URL_NOPAD;

use super::session::Session;
use super::signer::{Nonce, Purpose, Signer};
use crate::platform::random;
use crate::protocol::{Seconds, Timestamp};

/// How long a visit lasts: an hour.
const LASTS: Seconds = Seconds(60 * 60);

/// How far a clock may have been ahead, or another host's is.
const AHEAD: Seconds = Seconds(5 * 60);

/// The nonce and a time.
const BYTES: usize = 16 + 8;

/// The value of a form's hidden field.
#[derive(Clone, PartialEq, Eq)]
pub struct FormToken(String);

/// Somebody at a form before a session: to sign in, to set up a site, or with a link to set a password. Its cookie
/// holds all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    nonce: Nonce,
    issued: Timestamp,
}

impl FormToken {
    /// That of the forms of a session.
    #[must_use]
    pub fn of_session(session: &Session, signer: &Signer) -> Self {
        Self::signed(Purpose::SessionForm, &session_bytes(session), signer)
    }

    /// That of the forms of a visit.
    #[must_use]
    pub fn of_visit(visit: &Visit, signer: &Signer) -> Self {
        Self::signed(Purpose::VisitForm, &visit.nonce, signer)
    }

    fn signed(purpose: Purpose, bytes: &[u8], signer: &Signer) -> Self {
        Self(BASE64URL_NOPAD.encode(&signer.sign(purpose, bytes)))
    }

    /// Whether a field's value is the token of a session.
    #[must_use]
    pub fn is_of_session(field: &str, session: &Session, signer: &Signer) -> bool {
        is_signed(field, Purpose::SessionForm, &session_bytes(session), signer)
    }

    /// Whether a field's value is the token of a visit.
    #[must_use]
    pub fn is_of_visit(field: &str, visit: &Visit, signer: &Signer) -> bool {
        is_signed(field, Purpose::VisitForm, &visit.nonce, signer)
    }

    /// For the field.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A secret does not get into a log.
impl fmt::Debug for FormToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FormToken(..)")
    }
}

impl Visit {
    /// The seconds for which a browser may keep the cookie.
    pub const MAX_AGE: Seconds = LASTS;

    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin(now: Timestamp) -> io::Result<Self> {
        Ok(Self { nonce: random::unguessable()?, issued: now })
    }

    /// The text of the cookie.
    #[must_use]
    pub fn encode(&self, signer: &Signer) -> String {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(&self.nonce);
        bytes[16..].copy_from_slice(&self.issued.0.to_be_bytes());
        signer.seal(Purpose::Visit, &bytes)
    }

    /// The visit of a cookie; `None` when it is over, or was not made by this tracker.
    #[must_use]
    pub fn decode(text: &str, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes: [u8; BYTES] = signer.open(Purpose::Visit, text)?;
        let (nonce, issued) = bytes.split_first_chunk()?;
        let issued = Timestamp(u64::from_be_bytes(issued.try_into().ok()?));
        let is_valid = issued <= now + AHEAD && now.since(issued) <= LASTS;
        is_valid.then_some(Self { nonce: *nonce, issued })
    }
}

/// What the token of a session is bound to.
fn session_bytes(session: &Session) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&session.user.0.to_be_bytes());
    bytes[8..].copy_from_slice(&session.nonce);
    bytes
}

fn is_signed(field: &str, purpose: Purpose, bytes: &[u8], signer: &Signer) -> bool {
    // 43 characters are 32 bytes; a field may have any length.
    let decode = |field: &str| BASE64URL_NOPAD.decode(field.as_bytes()).ok()?.try_into().ok();
    let signature = Some(field).filter(|field| field.len() == 43).and_then(decode);
    signature.is_some_and(|signature| signer.verifies(purpose, bytes, &signature))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::signer::tests::{signer, with_a_bit_flipped};
    use super::*;
    use crate::catalog::UserId;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    #[test]
    fn a_token_is_good_for_its_session_only() {
        let session = Session::begin(UserId(7), 3, NOON).unwrap();
        let token = FormToken::of_session(&session, &signer(1));
        let is_of =
            |session: &Session| FormToken::is_of_session(token.as_str(), session, &signer(1));
        assert!(is_of(&session));
        assert!(is_of(&session.renewed(NOON + Seconds(3600))), "forms that are open stay good");
        assert!(!is_of(&Session { user: UserId(8), ..session }));
        assert!(!is_of(&Session::begin(UserId(7), 3, NOON).unwrap()));
        assert!(!FormToken::is_of_session(token.as_str(), &session, &signer(2)));
        for field in ["", "token", &format!("{}A", token.as_str()), &"A".repeat(1 << 20)] {
            assert!(!FormToken::is_of_session(field, &session, &signer(1)));
        }
        assert_eq!(format!("{token:?}"), "FormToken(..)");
    }

    #[test]
    fn a_visit_has_a_token_of_its_own_for_an_hour() {
        let visit = Visit::begin(NOON).unwrap();
        let token = FormToken::of_visit(&visit, &signer(1));
        let cookie = visit.encode(&signer(1));
        let decode = |now| Visit::decode(&cookie, &signer(1), now);
        assert_eq!(decode(NOON), Some(visit));
        assert!(FormToken::is_of_visit(token.as_str(), &decode(NOON).unwrap(), &signer(1)));
        let other = Visit::begin(NOON).unwrap();
        assert!(!FormToken::is_of_visit(token.as_str(), &other, &signer(1)));
        assert_eq!(decode(NOON + LASTS), Some(visit));
        assert_eq!(decode(NOON + Seconds(LASTS.0 + 1)), None);
        assert_eq!(decode(NOON.before(AHEAD)), Some(visit));
        assert_eq!(decode(NOON.before(Seconds(AHEAD.0 + 1))), None);
        assert_eq!(Visit::decode(&cookie, &signer(2), NOON), None);
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_token(nonce: Nonce, field in "[A-Za-z0-9_-]{43}") {
            let visit = Visit { nonce, issued: NOON };
            let token = FormToken::of_visit(&visit, &signer(1));
            prop_assert!(!FormToken::is_of_visit(&field, &visit, &signer(1)));
            for flipped in with_a_bit_flipped(token.as_str()) {
                prop_assert!(!FormToken::is_of_visit(&flipped, &visit, &signer(1)));
            }
            for flipped in with_a_bit_flipped(&visit.encode(&signer(1))) {
                prop_assert_eq!(Visit::decode(&flipped, &signer(1), NOON), None);
            }
        }
    }
}
