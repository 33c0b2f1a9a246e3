//! The cookie of a device from which a user has signed in: what others try does not slow it down.

use std::io;

use super::signer::{Nonce, Purpose, Signer};
use crate::catalog::UserId;
use crate::platform::random;
use crate::protocol::{Seconds, Timestamp};

/// How long a device is known: a year.
const LASTS: Seconds = Seconds(365 * 24 * 60 * 60);

/// How far a clock may have been ahead, or another host's is.
const AHEAD: Seconds = Seconds(5 * 60);

/// User, device and a time.
const BYTES: usize = 8 + 16 + 8;

/// A device that is known for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose.
    pub user: UserId,
    /// What tells it from others.
    pub id: Nonce,
    /// When they signed in there.
    pub issued: Timestamp,
}

impl Device {
    /// The seconds for which a browser may keep the cookie.
    pub const MAX_AGE: Seconds = LASTS;

    /// One from which a user signs in for the first time.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin(user: UserId, now: Timestamp) -> io::Result<Self> {
        Ok(Self { user, id: random::unguessable()?, issued: now })
    }

    /// The same for a year more.
    #[must_use]
    pub fn renewed(self, now: Timestamp) -> Self {
        Self { issued: now, ..self }
    }

    /// The text of the cookie.
    #[must_use]
    pub fn encode(&self, signer: &Signer) -> String {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.user.0.to_be_bytes());
        bytes[8..24].copy_from_slice(&self.id);
        bytes[24..].copy_from_slice(&self.issued.0.to_be_bytes());
        signer.seal(Purpose::Device, &bytes)
    }

    /// The device of a cookie; `None` when it was too long ago, or was not made by this tracker.
    #[must_use]
    pub fn decode(text: &str, signer: &Signer, now: Timestamp) -> Option<Self> {
        let bytes: [u8; BYTES] = signer.open(Purpose::Device, text)?;
        let (user, rest) = bytes.split_first_chunk()?;
        let (id, issued) = rest.split_first_chunk()?;
        let issued = Timestamp(u64::from_be_bytes(issued.try_into().ok()?));
        let is_valid = issued <= now + AHEAD && now.since(issued) <= LASTS;
        is_valid.then_some(Self { user: UserId(i64::from_be_bytes(*user)), id: *id, issued })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::signer::tests::{signer, with_a_bit_flipped};
    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    #[test]
    fn a_device_is_known_for_a_year_after_its_last_sign_in() {
        let device = Device::begin(UserId(7), NOON).unwrap();
        let decode =
            |device: Device, now| Device::decode(&device.encode(&signer(1)), &signer(1), now);
        assert_eq!(decode(device, NOON + LASTS), Some(device));
        assert_eq!(decode(device, NOON + Seconds(LASTS.0 + 1)), None);
        let renewed = device.renewed(NOON + LASTS);
        assert_eq!(decode(renewed, NOON + LASTS + LASTS), Some(renewed));
        assert_eq!(renewed.id, device.id);
        assert_eq!(decode(device, NOON.before(AHEAD)), Some(device));
        assert_eq!(decode(device, NOON.before(Seconds(AHEAD.0 + 1))), None);
        assert_eq!(Device::decode(&device.encode(&signer(1)), &signer(2), NOON), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_and_nothing_else(user: i64, id: Nonce) {
            let device = Device { user: UserId(user), id, issued: NOON };
            let text = device.encode(&signer(1));
            prop_assert_eq!(Device::decode(&text, &signer(1), NOON), Some(device));
            for flipped in with_a_bit_flipped(&text) {
                prop_assert_eq!(Device::decode(&flipped, &signer(1), NOON), None);
            }
        }
    }
}
