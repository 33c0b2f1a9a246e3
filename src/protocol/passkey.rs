//! The secret in the announce URL of a member, by which the tracker knows whose announce it is.

use std::fmt;

/// From 16 to 64 letters, digits, `_` and `-`, compared as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Passkey {
    bytes: [u8; Passkey::LONGEST],
    length: u8,
}

impl Passkey {
    const SHORTEST: usize = 16;
    const LONGEST: usize = 64;

    /// Reads one; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if text.len() < Self::SHORTEST || !text.iter().all(is_allowed) {
            return None;
        }
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    /// Its characters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// A secret does not get into a log.
impl fmt::Debug for Passkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passkey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_has_16_to_64_letters_digits_underscores_and_hyphens() {
        let longest = "x".repeat(64);
        for text in ["0123456789abcdef", "ABCDEFGH-_ijklmn", &longest] {
            assert_eq!(Passkey::parse(text.as_bytes()).unwrap().as_bytes(), text.as_bytes());
        }
        let too_long = "x".repeat(65);
        for text in [
            "",
            "0123456789abcde",
            "0123456789abcde/",
            "0123456789abcd%41",
            "é123456789abcdef",
            &too_long,
        ] {
            assert_eq!(Passkey::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_passkey_is_not_shown() {
        let passkey = Passkey::parse(b"0123456789abcdef").unwrap();
        assert_eq!(format!("{passkey:?}"), "Passkey(..)");
    }
}
