//! Signatures by which the tracker knows again what it has given to a browser: HMAC with SHA-256 (RFC 2104).

use std::fmt;

use constant_time_eq::constant_time_eq_32;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A number that is used once.
pub type Nonce = [u8; 16];

/// A key of signatures.
pub(super) type Key = [u8; 32];

const TAG: usize = 32;

/// Bytes of a cookie's text at most: longer ones are not even decoded.
const LONGEST: usize = 512;

/// What is signed. What was signed for one purpose is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The cookie of a session.
    Session,
    /// The token in a form of a session.
    SessionForm,
    /// The cookie of a visit before a session.
    Visit,
    /// The token in a form of such a visit.
    VisitForm,
    /// The cookie of a device that has signed in.
    Device,
    /// What the second step of a sign-in carries in place of the password.
    SecondStep,
    /// The secret of one-time codes that somebody is about to turn on.
    OfferedCodes,
}

impl Purpose {
    /// What stands before what is signed. None begins as another one does.
    fn name(self) -> &'static [u8] {
        match self {
            Self::Session => b"session\0",
            Self::SessionForm => b"form of a session\0",
            Self::Visit => b"visit\0",
            Self::VisitForm => b"form of a visit\0",
            Self::Device => b"device\0",
            Self::SecondStep => b"second step\0",
            Self::OfferedCodes => b"offered codes\0",
        }
    }
}

/// Signs, and knows its signatures again.
#[derive(Clone)]
pub struct Signer {
    current: Key,
    /// The key before a rotation, for as long as it counts.
    before: Option<Key>,
}

impl Signer {
    pub(super) fn new(current: Key, before: Option<Key>) -> Self {
        Self { current, before }
    }

    /// The signature of bytes, by the current key.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> [u8; TAG] {
        tag(&self.current, purpose, bytes)
    }

    /// Whether a signature is that of bytes, by the current key or the one before; compared in constant time.
    #[must_use]
    pub fn verifies(&self, purpose: Purpose, bytes: &[u8], signature: &[u8; TAG]) -> bool {
        let keys = [Some(&self.current), self.before.as_ref()];
        let is_by = |key: &Key| constant_time_eq_32(&tag(key, purpose, bytes), signature);
        keys.into_iter().flatten().any(is_by)
    }

    /// Bytes with their signature, as a text that a cookie or a field can hold.
    pub(super) fn seal(&self, purpose: Purpose, bytes: &[u8]) -> String {
        let signature = self.sign(purpose, bytes);
        BASE64URL_NOPAD.encode(&[bytes, &signature].concat())
    }

    /// The bytes of such a text; `None` unless it is exactly what [`Self::seal`] has written.
    pub(super) fn open<const N: usize>(&self, purpose: Purpose, text: &str) -> Option<[u8; N]> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (bytes, signature) = sealed.split_last_chunk::<TAG>()?;
        let bytes: [u8; N] = bytes.try_into().ok()?;
        self.verifies(purpose, &bytes, signature).then_some(bytes)
    }
}

/// A secret does not get into a log.
impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signer(..)")
    }
}

fn tag(key: &Key, purpose: Purpose, bytes: &[u8]) -> [u8; TAG] {
    keyed_digest(key, &[purpose.name(), bytes])
}

/// The HMAC of bytes, given in parts.
pub(super) fn keyed_digest(key: &Key, parts: &[&[u8]]) -> [u8; TAG] {
    // A key that is shorter than a block is followed by zeros, says RFC 2104.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut hmac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| hmac.update(part));
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One whose key is this byte again and again.
    pub(in super::super) fn signer(byte: u8) -> Signer {
        Signer::new([byte; 32], None)
    }

    /// Texts that differ from one in a single bit; those that are no UTF-8 cannot come in a cookie.
    pub(in super::super) fn with_a_bit_flipped(text: &str) -> Vec<String> {
        let flipped = (0..text.len() * 8).map(|bit| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            String::from_utf8(bytes)
        });
        flipped.flatten().collect()
    }

    const ALL: [Purpose; 7] = [
        Purpose::Session,
        Purpose::SessionForm,
        Purpose::Visit,
        Purpose::VisitForm,
        Purpose::Device,
        Purpose::SecondStep,
        Purpose::OfferedCodes,
    ];

    #[test]
    fn signatures_are_those_of_the_standard() {
        // Python: hmac.new(bytes([7]) * 32, b"session\0hello", "sha256").hexdigest()
        let expected = "a2133b7521e1b8b493e2567bf88d33978a5c82e7f494a0623ee20195925bb0d4";
        let signature = signer(7).sign(Purpose::Session, b"hello");
        assert_eq!(data_encoding::HEXLOWER.encode(&signature), expected);
    }

    #[test]
    fn what_was_signed_for_one_purpose_is_nothing_for_another() {
        let signer = signer(1);
        for purpose in ALL {
            let sealed = signer.seal(purpose, b"12345678");
            for other in ALL {
                let opened = signer.open::<8>(other, &sealed);
                assert_eq!(opened.is_some(), other == purpose, "{purpose:?} {other:?}");
            }
            let begins = ALL.iter().filter(|other| other.name().starts_with(purpose.name()));
            assert_eq!(begins.count(), 1, "{purpose:?}");
        }
    }

    #[test]
    fn the_key_before_counts_and_signs_nothing() {
        let (old, new) = ([1; 32], [2; 32]);
        let rotated = Signer::new(new, Some(old));
        let sealed = Signer::new(old, None).seal(Purpose::Device, b"12345678");
        assert!(rotated.open::<8>(Purpose::Device, &sealed).is_some());
        assert!(Signer::new(new, None).open::<8>(Purpose::Device, &sealed).is_none());
        let sealed = rotated.seal(Purpose::Device, b"12345678");
        assert!(Signer::new(new, None).open::<8>(Purpose::Device, &sealed).is_some());
        assert_eq!(format!("{rotated:?}"), "Signer(..)");
    }

    #[test]
    fn a_text_of_another_length_is_none() {
        let signer = signer(1);
        let sealed = signer.seal(Purpose::Visit, b"12345678");
        assert!(signer.open::<7>(Purpose::Visit, &sealed).is_none());
        assert!(signer.open::<9>(Purpose::Visit, &sealed).is_none());
        for text in
            ["", "A", &sealed[..43], &format!("{sealed}="), &format!("{sealed}A"), &"A".repeat(600)]
        {
            assert!(signer.open::<8>(Purpose::Visit, text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_what_was_sealed_is_opened(bytes: [u8; 24], key: u8, text in "[A-Za-z0-9_=-]{0,90}") {
            let signer = signer(key);
            let sealed = signer.seal(Purpose::Session, &bytes);
            prop_assert_eq!(signer.open(Purpose::Session, &sealed), Some(bytes));
            for flipped in with_a_bit_flipped(&sealed) {
                prop_assert_eq!(signer.open::<24>(Purpose::Session, &flipped), None);
            }
            prop_assert_eq!(signer.open::<24>(Purpose::Session, &text), None);
        }
    }
}
