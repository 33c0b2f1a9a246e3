//! Codes for the day on which the phone is lost: ten of them, each good once.

use std::{fmt, io};

use data_encoding::BASE32_NOPAD;
use sha2::{Digest as _, Sha256};

use crate::catalog::Digest;
use crate::platform::random;

/// How many a user has.
const COUNT: usize = 10;

/// 80 bits that nobody can guess, as 16 letters and digits.
#[derive(PartialEq, Eq)]
pub struct RecoveryCode([u8; 10]);

impl RecoveryCode {
    /// Ten new ones.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> io::Result<Vec<Self>> {
        (0..COUNT).map(|_| random::unguessable().map(Self)).collect()
    }

    /// That of these bytes.
    pub(super) fn of(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// Reads what somebody typed: in any case, with or without hyphens and spaces; `None` when it is none.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let is_part = |typed: &char| *typed != '-' && !typed.is_whitespace();
        let plain: String = typed.chars().filter(is_part).take(20).collect();
        let bytes = BASE32_NOPAD.decode(plain.to_ascii_uppercase().as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// What the catalogue has of it. As nobody can guess the code, SHA-256 is enough.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.0).into()
    }
}

/// As it is shown, once: `ABCD-EFGH-IJKL-MNOP`.
impl fmt::Display for RecoveryCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, character) in BASE32_NOPAD.encode(&self.0).chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                formatter.write_str("-")?;
            }
            write!(formatter, "{character}")?;
        }
        Ok(())
    }
}

/// A secret does not get into a log.
impl fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_are_ten_that_differ() {
        let digests: HashSet<Digest> =
            RecoveryCode::generate().unwrap().iter().map(RecoveryCode::digest).collect();
        assert_eq!(digests.len(), 10);
        let code = RecoveryCode([0xab; 10]);
        // Python: hashlib.sha256(bytes([0xab]) * 10).hexdigest()
        let expected = "b654aa13c719e8c9c097588cfafba8fd40b35bd1189ab2ae3a291f872f0db87b";
        assert_eq!(data_encoding::HEXLOWER.encode(&code.digest()), expected);
    }

    #[test]
    fn what_is_typed_need_not_look_as_it_was_shown() {
        let code = RecoveryCode([0xab; 10]);
        assert_eq!(code.to_string(), "VOV2-XK5L-VOV2-XK5L");
        for typed in ["VOV2-XK5L-VOV2-XK5L", "vov2xk5lvov2xk5l", " vov2 xk5l-VOV2--xk5l\n"] {
            assert_eq!(RecoveryCode::parse(typed).as_ref(), Some(&code), "{typed}");
        }
        for typed in ["", "VOV2-XK5L-VOV2-XK5", "VOV2-XK5L-VOV2-XK5LA", "VOV2-XK5L-VOV2-XK51", "ß"]
        {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed}");
        }
        assert_eq!(RecoveryCode::parse(&"A".repeat(1 << 20)), None);
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    proptest! {
        #[test]
        fn a_code_that_is_shown_is_read_back(bytes: [u8; 10]) {
            let code = RecoveryCode(bytes);
            prop_assert_eq!(RecoveryCode::parse(&code.to_string()), Some(code));
        }
    }
}
