//! What users are called.

use std::fmt;

use super::detail_values::one_line;

/// Characters of a name at most.
const LONGEST: usize = 64;

/// What a user is called: one line of 1 to 64 characters of any script. Two names that differ in capital letters only are
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

/// Why somebody cannot be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserNameError {
    /// Nothing is left of it.
    #[error("write a name")]
    Empty,
    /// It has control characters.
    #[error("write it in one line")]
    SeveralLines,
    /// It is too long.
    #[error("write at most {LONGEST} characters")]
    Long,
}

impl UserName {
    /// The name, without blanks around it and without what nobody sees.
    ///
    /// # Errors
    /// When nothing is left of it, it is of several lines, or too long.
    pub fn parse(text: &str) -> Result<Self, UserNameError> {
        let name = one_line(text).map_err(|_| UserNameError::SeveralLines)?;
        match name.chars().count() {
            0 => Err(UserNameError::Empty),
            1..=LONGEST => Ok(Self(name)),
            _ => Err(UserNameError::Long),
        }
    }

    /// One that was parsed before.
    pub(super) fn of_catalogue(name: String) -> Self {
        Self(name)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What names that are one have in common.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for UserName {
    type Err = UserNameError;

    fn from_str(text: &str) -> Result<Self, UserNameError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_are_taken_and_what_nobody_sees_is_not() {
        for (text, name) in [
            ("ingrid", "ingrid"),
            ("  Ингрид Ångström ", "Ингрид Ångström"),
            ("名前", "名前"),
            ("a\u{202e}b", "ab"),
            ("🦀", "🦀"),
        ] {
            assert_eq!(UserName::parse(text).map(|name| name.0).as_deref(), Ok(name));
        }
        for (text, problem) in [
            ("", UserNameError::Empty),
            (" \u{200b} ", UserNameError::Empty),
            ("a\nb", UserNameError::SeveralLines),
            (&"é".repeat(65), UserNameError::Long),
        ] {
            assert_eq!(UserName::parse(text), Err(problem), "{text:?}");
        }
        assert_eq!(UserName::parse("ÅSA").unwrap().key(), UserName::parse("åsa").unwrap().key());
    }
}
