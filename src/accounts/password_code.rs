//! The code with which somebody who has no password chooses one: an administrator makes it, and hands it on.

use std::{fmt, io};

use super::RecoveryCode;
use crate::catalog::Digest;
use crate::platform::random;
use crate::protocol::Seconds;

/// A code that counts for a day, until a password is chosen, or until the next code is made.
#[derive(Debug, PartialEq, Eq)]
pub struct PasswordCode(RecoveryCode);

impl PasswordCode {
    /// How long it counts: a day.
    pub const LASTS: Seconds = Seconds(24 * 60 * 60);

    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> io::Result<Self> {
        random::unguessable().map(|bytes| Self(RecoveryCode::of(bytes)))
    }

    /// Reads what somebody typed; `None` when it is none.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        RecoveryCode::parse(typed).map(Self)
    }

    /// What the catalogue has of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }
}

/// As it is shown, once.
impl fmt::Display for PasswordCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
