//! What the second step of a sign-in carries in place of the password: that it was right, a short while ago.

use super::signer::{Purpose, Signer};
use crate::catalog::{User, UserId};
use crate::protocol::{Seconds, Timestamp};

/// How long there is for the second step: five minutes; so far may a clock have been ahead, too.
const LASTS: Seconds = Seconds(5 * 60);

/// User, epoch and a time.
const BYTES: usize = 8 + 4 + 8;

/// Somebody whose password was right, and who needs a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecondStep {
    pub user: UserId,
    epoch: u32,
    issued: Timestamp,
}

impl SecondStep {
    pub(super) fn of(user: &User, now: Timestamp) -> Self {
        Self { user: user.id, epoch: user.epoch, issued: now }
    }

    /// Whether it is of a user as they are: not before their password was changed.
    pub(super) fn is_of(&self, user: &User) -> bool {
        (self.user, self.epoch) == (user.id, user.epoch)
    }

    /// The text of a form's field.
    pub(super) fn encode(&self, signer: &Signer) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.user.0.to_be_bytes());
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.issued.0.to_be_bytes());
        signer.seal(Purpose::SecondStep, &bytes)
    }

    /// That of a field's text; `None` when it is over, or was not made by this tracker.
    pub(super) fn decode(text: &str, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes: [u8; BYTES] = signer.open(Purpose::SecondStep, text)?;
        let (user, rest) = bytes.split_first_chunk()?;
        let (epoch, issued) = rest.split_first_chunk()?;
        let issued = Timestamp(u64::from_be_bytes(issued.try_into().ok()?));
        let is_valid = issued <= now + LASTS && now.since(issued) <= LASTS;
        let (user, epoch) = (UserId(i64::from_be_bytes(*user)), u32::from_be_bytes(*epoch));
        is_valid.then_some(Self { user, epoch, issued })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::signer::tests::{signer, with_a_bit_flipped};
    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    proptest! {
        #[test]
        fn it_is_good_for_five_minutes_as_it_was_given(user: i64, epoch: u32, seconds in 0..1200_u32) {
            let step = SecondStep { user: UserId(user), epoch, issued: NOON };
            let text = step.encode(&signer(1));
            let now = NOON.before(Seconds(600)) + Seconds(seconds);
            let expected = Some(step).filter(|_| (300..=900).contains(&seconds));
            prop_assert_eq!(SecondStep::decode(&text, &signer(1), now), expected);
            prop_assert_eq!(SecondStep::decode(&text, &signer(2), NOON), None);
            for flipped in with_a_bit_flipped(&text) {
                prop_assert_eq!(SecondStep::decode(&flipped, &signer(1), NOON), None);
            }
        }
    }
}
