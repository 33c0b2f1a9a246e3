//! What the cookie of a session holds: nothing is kept of it elsewhere.

use std::io;

use super::signer::{Nonce, Purpose, Signer};
use crate::catalog::{User, UserId};
use crate::platform::random;
use crate::protocol::{Seconds, Timestamp};

/// How long a session lasts without being renewed, and after how long it is.
const LASTS: Seconds = Seconds(12 * 60 * 60);
const RENEWED: Seconds = Seconds(60 * 60);

/// After how long somebody must sign in again: a week.
const LONGEST: Seconds = Seconds(7 * 24 * 60 * 60);

/// How far a clock may have been ahead, or another host's is.
const AHEAD: Seconds = Seconds(5 * 60);

/// The version of what follows; user, epoch, two times and a nonce, in big-endian order.
const VERSION: u8 = 1;
const BYTES: usize = 1 + 8 + 4 + 8 + 8 + 16;

/// Somebody who has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: UserId,
    /// The user's epoch at that time. When theirs is another one, the session has ended.
    pub epoch: u32,
    /// When they signed in.
    pub signed_in: Timestamp,
    /// When the cookie was made.
    pub issued: Timestamp,
    /// What tells this session from others.
    pub nonce: Nonce,
}

impl Session {
    /// The seconds for which a browser may keep the cookie.
    pub const MAX_AGE: Seconds = LASTS;

    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin(user: UserId, epoch: u32, now: Timestamp) -> io::Result<Self> {
        let nonce = random::unguessable()?;
        Ok(Self { user, epoch, signed_in: now, issued: now, nonce })
    }

    /// The text of the cookie: base64url without padding.
    #[must_use]
    pub fn encode(&self, signer: &Signer) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.user.0.to_be_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.signed_in.0.to_be_bytes());
        bytes.extend(self.issued.0.to_be_bytes());
        bytes.extend(self.nonce);
        signer.seal(Purpose::Session, &bytes)
    }

    /// The session of a cookie; `None` when it is over, comes from a time that is yet to be, or was not made by this
    /// tracker. What has become of the user since, [`Self::is_of`] tells.
    #[must_use]
    pub fn decode(text: &str, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes: [u8; BYTES] = signer.open(Purpose::Session, text)?;
        let session = Self::read(&bytes)?;
        let is_over = |since: Timestamp, lasts| since > now + AHEAD || now.since(since) > lasts;
        let is_valid = !is_over(session.issued, LASTS) && !is_over(session.signed_in, LONGEST);
        is_valid.then_some(session)
    }

    fn read(bytes: &[u8; BYTES]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (user, rest) = rest.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (signed_in, rest) = rest.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let session = Self {
            user: UserId(i64::from_be_bytes(*user)),
            epoch: u32::from_be_bytes(*epoch),
            signed_in: Timestamp(u64::from_be_bytes(*signed_in)),
            issued: Timestamp(u64::from_be_bytes(*issued)),
            nonce: rest.try_into().ok()?,
        };
        (version == VERSION).then_some(session)
    }

    /// Whether it is that of a user as they are now: not of one who was disabled, or who has ended their sessions.
    #[must_use]
    pub fn is_of(&self, user: &User) -> bool {
        (self.user, self.epoch) == (user.id, user.epoch) && !user.is_disabled
    }

    /// Whether the browser should get a new cookie.
    #[must_use]
    pub fn needs_renewal(&self, now: Timestamp) -> bool {
        now.since(self.issued) >= RENEWED
    }

    /// The same session for 12 hours more, but not beyond a week after the sign-in. Forms that are open stay good.
    #[must_use]
    pub fn renewed(self, now: Timestamp) -> Self {
        Self { issued: now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::signer::tests::{signer, with_a_bit_flipped};
    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    fn session() -> Session {
        Session::begin(UserId(7), 3, NOON).unwrap()
    }

    fn decoded(session: Session, now: Timestamp) -> Option<Session> {
        Session::decode(&session.encode(&signer(1)), &signer(1), now)
    }

    #[test]
    fn a_session_lasts_twelve_hours_and_a_week_when_it_is_renewed() {
        let session = session();
        let hours = |hours: u32| NOON + Seconds(hours * 3600);
        assert_eq!(decoded(session, hours(12)), Some(session));
        assert_eq!(decoded(session, hours(12) + Seconds(1)), None);
        let renewed = session.renewed(hours(12));
        assert_eq!(renewed.nonce, session.nonce);
        assert_eq!(decoded(renewed, hours(24)), Some(renewed));
        let late = session.renewed(hours(7 * 24));
        assert_eq!(decoded(late, hours(7 * 24)), Some(late));
        assert_eq!(decoded(late, hours(7 * 24) + Seconds(1)), None);
        assert!(!session.needs_renewal(hours(1).before(Seconds(1))));
        assert!(session.needs_renewal(hours(1)));
    }

    #[test]
    fn a_clock_may_be_five_minutes_ahead() {
        let session = session();
        assert_eq!(decoded(session, NOON.before(Seconds(300))), Some(session));
        assert_eq!(decoded(session, NOON.before(Seconds(301))), None);
        assert!(!session.needs_renewal(NOON.before(Seconds(300))));
        let signed_in_later = Session { signed_in: NOON + Seconds(301), ..session };
        assert_eq!(decoded(signed_in_later, NOON), None);
        for at in [0, u64::MAX] {
            let _ = decoded(Session { issued: Timestamp(at), ..session }, Timestamp(u64::MAX - at));
        }
    }

    #[test]
    fn another_key_or_purpose_is_another_session() {
        let text = session().encode(&signer(1));
        assert!(Session::decode(&text, &signer(2), NOON).is_none());
        let bytes: [u8; BYTES] = signer(1).open(Purpose::Session, &text).unwrap();
        let device = signer(1).seal(Purpose::Device, &bytes);
        assert!(Session::decode(&device, &signer(1), NOON).is_none());
        let mut other_version = bytes;
        other_version[0] = 2;
        let text = signer(1).seal(Purpose::Session, &other_version);
        assert!(Session::decode(&text, &signer(1), NOON).is_none());
        assert!(text.len() < 128, "a cookie stays small");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_and_nothing_else(
            user: i64, epoch: u32, nonce: Nonce, text in "\\PC{0,120}",
        ) {
            let session = Session { user: UserId(user), epoch, nonce, ..session() };
            prop_assert_eq!(decoded(session, NOON), Some(session));
            for flipped in with_a_bit_flipped(&session.encode(&signer(1))) {
                prop_assert_eq!(Session::decode(&flipped, &signer(1), NOON), None);
            }
            prop_assert_eq!(Session::decode(&text, &signer(1), NOON), None);
        }
    }
}
