//! What somebody typed as a password, and which of them may become one.

use std::fmt;

/// Characters of a new password.
const SHORTEST: usize = 12;
const LONGEST: usize = 128;

/// Bytes that a login takes: more than the longest password can have.
const MOST_TYPED: usize = 1024;

/// Rows of characters in the order in which people type them; each goes on at its beginning.
const ROWS: [&str; 3] = ["0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"];

/// What somebody typed. It is compared with hashes, and shown nowhere.
pub struct Password(String);

/// Why a text cannot become a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than 12 characters.
    #[error(
        "a password has at least 12 characters; several words that nobody would put together are easy to remember"
    )]
    TooShort,
    /// More than 128 characters.
    #[error("a password has at most 128 characters")]
    TooLong,
    /// A tab, a line's end or the like, which the fields of other programs may not take.
    #[error("a password has no control characters, such as tabs")]
    ControlCharacter,
    /// One character again and again.
    #[error("that password is one character again and again; choose another one")]
    Repeated,
    /// As `abcdefghijkl`, `qwertyuiopas` or `098765432109`.
    #[error("that password is a row of the alphabet or of the keyboard; choose another one")]
    Sequence,
    /// More than half of it is the user's name.
    #[error("that password is mostly the user's name; choose another one")]
    UserName,
}

impl Password {
    /// A new one for a user.
    ///
    /// # Errors
    /// When others would guess it soon, or fields could not take it.
    pub fn new(text: &str, user_name: &str) -> Result<Self, PasswordError> {
        let length = text.chars().count();
        if length < SHORTEST {
            return Err(PasswordError::TooShort);
        }
        if length > LONGEST {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::ControlCharacter);
        }
        if text.chars().all(|one| text.starts_with(one)) {
            return Err(PasswordError::Repeated);
        }
        if is_sequence(text) {
            return Err(PasswordError::Sequence);
        }
        if is_mostly(text, user_name) {
            return Err(PasswordError::UserName);
        }
        Ok(Self(text.to_owned()))
    }

    /// One that was typed to sign in; `None` when it is longer than any password.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        (text.len() <= MOST_TYPED).then(|| Self(text.to_owned()))
    }

    /// Its bytes, for what hashes them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A secret does not get into a log.
impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

/// Whether each character follows the one before in one of the rows, forwards or backwards.
fn is_sequence(text: &str) -> bool {
    let places = |row: &str| -> Option<Vec<usize>> {
        text.chars().map(|typed| row.find(typed.to_ascii_lowercase())).collect()
    };
    ROWS.iter().any(|row| {
        let Some(places) = places(row) else { return false };
        let all_step = |by: usize| places.windows(2).all(|two| (two[0] + by) % row.len() == two[1]);
        all_step(1) || all_step(row.len() - 1)
    })
}

/// Whether more than half of the characters are those of a name, in whatever case.
fn is_mostly(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.trim().to_lowercase());
    if name.is_empty() {
        return false;
    }
    let named = text.matches(&name).count() * name.chars().count();
    named * 2 > text.chars().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> Option<PasswordError> {
        Password::new(text, "Ælfred").err()
    }

    #[test]
    fn what_others_would_guess_is_refused() {
        for (text, expected) in [
            ("", PasswordError::TooShort),
            ("elevenchars", PasswordError::TooShort),
            (&"é".repeat(129), PasswordError::TooLong),
            ("with a\ttab in it", PasswordError::ControlCharacter),
            ("with the end of a line\n", PasswordError::ControlCharacter),
            ("aaaaaaaaaaaa", PasswordError::Repeated),
            ("ääääääääääää", PasswordError::Repeated),
            ("abcdefghijkl", PasswordError::Sequence),
            ("ABCdefGHIjkl", PasswordError::Sequence),
            ("xyzabcdefghijkl", PasswordError::Sequence),
            ("lkjihgfedcba", PasswordError::Sequence),
            ("123456789012", PasswordError::Sequence),
            ("210987654321", PasswordError::Sequence),
            ("qwertyuiopasdf", PasswordError::Sequence),
            ("Ælfredælfred", PasswordError::UserName),
            ("ælfredÆLFRED12345", PasswordError::UserName),
            ("ælfred-ÆLFRE", PasswordError::UserName),
        ] {
            let expected = Some(expected).filter(|_| text != "ælfred-ÆLFRE");
            assert_eq!(refused(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_long_enough_is_taken_whatever_its_characters() {
        let longest = "語".repeat(127) + "文";
        for text in ["correct horse", "passwörter sind", "Ælfred reads 12 books", &longest] {
            assert_eq!(refused(text), None, "{text}");
            assert_eq!(Password::new(text, "").unwrap().as_bytes(), text.as_bytes());
        }
        assert_eq!(refused("ælfred is 12"), None, "half of it");
        assert_eq!(refused("ælfred is 1"), Some(PasswordError::TooShort));
    }

    #[test]
    fn a_login_takes_any_text_of_some_length() {
        assert!(Password::typed(&"a".repeat(MOST_TYPED)).is_some());
        assert!(Password::typed(&"a".repeat(MOST_TYPED + 1)).is_none());
        assert_eq!(format!("{:?}", Password::typed("secret").unwrap()), "Password(..)");
    }

    proptest! {
        #[test]
        fn what_becomes_a_password_can_be_typed(text in "\\PC{0,140}", name in "\\PC{0,12}") {
            if let Ok(password) = Password::new(&text, &name) {
                let typed = Password::typed(&text).unwrap();
                prop_assert_eq!(typed.as_bytes(), password.as_bytes());
            }
        }
    }
}
