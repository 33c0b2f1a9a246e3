//! Passwords as they are kept: hashed with argon2id (RFC 9106), written as a PHC string.

use std::{fmt, io};

use argon2::{Algorithm, Argon2, Params, Version};
use constant_time_eq::constant_time_eq;
use data_encoding::BASE64_NOPAD;

use super::password::Password;
use crate::platform::random;

/// What one hash takes: 19 MiB, so that a CGI of a shared host can, and 80 to 100 ms of a processor of 2024.
const COST: Cost = Cost { memory: 19_456, passes: 10 };

/// What a hash of the catalogue may ask for, as one that came from elsewhere: KiB, and passes over all of it.
const MOST_MEMORY: u32 = 65_536;
const MOST_WORK: u64 = 4 * COST.work();

/// Bytes of a new hash and of its salt.
const HASH: usize = 32;
const SALT: usize = 16;

/// The hash of no password: all its bits are 0.
const OF_NOBODY: &str = concat!(
    "$argon2id$v=19$m=19456,t=10,p=1$AAAAAAAAAAAAAAAAAAAAAA",
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
);

/// A hashed password with its salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// A text is no hash of a password that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no argon2id hash of a password, or one that takes too much memory or time; set a new password"
)]
pub struct NotAPasswordHash;

/// How much a hash takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    /// KiB.
    memory: u32,
    passes: u32,
}

impl Cost {
    /// KiB that are written all in all.
    const fn work(self) -> u64 {
        self.memory as u64 * self.passes as u64
    }

    /// The bytes of a hash.
    fn hash(self, password: &Password, salt: &[u8], length: usize) -> io::Result<Vec<u8>> {
        #[cfg(test)]
        tests::RUNS.with(|runs| runs.set(runs.get() + 1));
        let impossible = |problem: argon2::Error| match problem {
            argon2::Error::OutOfMemory => io::Error::from(io::ErrorKind::OutOfMemory),
            other => io::Error::other(other.to_string()),
        };
        let params = Params::new(self.memory, self.passes, 1, Some(length)).map_err(impossible)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = vec![0; length];
        argon2.hash_password_into(password.as_bytes(), salt, &mut hash).map_err(impossible)?;
        Ok(hash)
    }
}

impl PasswordHash {
    /// Hashes a password. Takes about 100 ms and 19 MiB; one at a time, see [`super::HashingTurn`].
    ///
    /// # Errors
    /// When the system gives no randomness, or no memory.
    pub fn of(password: &Password) -> io::Result<Self> {
        let salt: [u8; SALT] = random::unguessable()?;
        let hash = COST.hash(password, &salt, HASH)?;
        let Cost { memory, passes } = COST;
        let (shown_salt, shown_hash) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&hash));
        let text = format!("$argon2id$v=19$m={memory},t={passes},p=1${shown_salt}${shown_hash}");
        Ok(Self { text, cost: COST, salt: salt.to_vec(), hash })
    }

    /// One that no password has, and that takes as long as any other: for users who are not there.
    #[must_use]
    pub fn of_nobody() -> Self {
        let text = OF_NOBODY.to_owned();
        Self { text, cost: COST, salt: vec![0; SALT], hash: vec![0; HASH] }
    }

    /// Reads one from the catalogue.
    ///
    /// # Errors
    /// When it is none, or would take more than a CGI may.
    pub fn parse(text: &str) -> Result<Self, NotAPasswordHash> {
        Self::parsed(text).ok_or(NotAPasswordHash)
    }

    fn parsed(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let (memory, passes) = cost.strip_prefix("m=")?.strip_suffix(",p=1")?.split_once(",t=")?;
        let cost = Cost { memory: number(memory)?, passes: number(passes)? };
        let [salt, hash] = [salt, hash].map(|part| BASE64_NOPAD.decode(part.as_bytes()).ok());
        let (salt, hash) = (salt?, hash?);
        let is_possible = (8..=MOST_MEMORY).contains(&cost.memory)
            && (1..=MOST_WORK).contains(&cost.work())
            && (8..=64).contains(&salt.len())
            && (16..=64).contains(&hash.len())
            && parts.next().is_none();
        is_possible.then(|| Self { text: text.to_owned(), cost, salt, hash })
    }

    /// As it stands in the catalogue: `$argon2id$v=19$m=…,t=…,p=1$salt$hash`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is that of a password. Takes about 100 ms and 19 MiB; one at a time, see [`super::HashingTurn`].
    ///
    /// # Errors
    /// When the system gives no memory.
    pub fn is_of(&self, password: &Password) -> io::Result<bool> {
        let hash = self.cost.hash(password, &self.salt, self.hash.len())?;
        Ok(constant_time_eq(&hash, &self.hash))
    }

    /// Whether a new one would take more to guess: then the next login should make it.
    #[must_use]
    pub fn is_weaker_than_now(&self) -> bool {
        self.cost.work() < COST.work() || self.salt.len() < SALT || self.hash.len() < HASH
    }
}

/// A secret does not get into a log.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

/// A number as the PHC format has it: digits only, no leading zero.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|digit| digit.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// How many hashes this thread has computed.
        pub(in super::super) static RUNS: Cell<u32> = const { Cell::new(0) };
    }

    /// A vector of the reference implementation's own tests: `password` with 256 KiB and 2 passes.
    pub(in super::super) const WEAK: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[test]
    fn a_password_is_known_again_and_no_other_one_is() {
        let hash = PasswordHash::of(&typed("correct horse")).unwrap();
        let again = PasswordHash::parse(hash.as_str()).unwrap();
        assert_eq!(again, hash);
        assert!(again.is_of(&typed("correct horse")).unwrap());
        for other in ["correct horsf", "correct horse ", "Correct horse", ""] {
            assert!(!again.is_of(&typed(other)).unwrap(), "{other}");
        }
        assert!(!again.is_weaker_than_now());
        let other = PasswordHash::of(&typed("correct horse")).unwrap();
        assert_ne!(other.as_str(), hash.as_str(), "each has a salt of its own");
        assert!(!format!("{hash:?}").contains("argon2id"));
    }

    #[test]
    fn nobody_takes_as_long_as_anybody_and_has_no_password() {
        let nobody = PasswordHash::of_nobody();
        assert_eq!(PasswordHash::parse(nobody.as_str()), Ok(nobody.clone()));
        assert_eq!(nobody.cost, COST);
        assert!(!nobody.is_of(&typed("")).unwrap());
    }

    #[test]
    fn a_weaker_hash_is_good_until_the_next_login() {
        let hash = PasswordHash::parse(WEAK).unwrap();
        assert!(hash.is_of(&typed("password")).unwrap() && hash.is_weaker_than_now());
        assert!(!hash.is_of(&typed("passwore")).unwrap());
    }

    #[test]
    fn no_row_makes_a_process_take_more_than_it_may() {
        let with = |cost: &str| {
            let text = OF_NOBODY.replace("m=19456,t=10,p=1", cost);
            PasswordHash::parse(&text).is_ok()
        };
        for cost in ["m=65536,t=3,p=1", "m=65536,t=4,p=1", "m=8,t=1,p=1", "m=4096,t=100,p=1"] {
            assert!(with(cost), "{cost}");
        }
        for cost in [
            "m=65537,t=1,p=1",
            "m=4194304,t=1,p=1",
            "m=19456,t=4294967295,p=1",
            "m=65536,t=100,p=1",
            "m=19456,t=0,p=1",
            "m=7,t=1,p=1",
            "m=0,t=1,p=1",
            "m=19456,t=10,p=2",
            "m=19456,t=10",
            "m=+19456,t=10,p=1",
            "m=019456,t=10,p=1",
            "m=99999999999,t=10,p=1",
            "t=10,m=19456,p=1",
        ] {
            assert!(!with(cost), "{cost}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let whole = WEAK.to_owned();
        let parts: Vec<&str> = whole.rsplitn(3, '$').collect();
        let [hash, salt, cost] = parts[..] else { panic!("{whole}") };
        for text in [
            String::new(),
            "password".to_owned(),
            whole.replace("argon2id", "argon2i"),
            whole.replace("v=19", "v=16"),
            format!("{whole}="),
            format!("{whole}$"),
            format!("{cost}${salt}$"),
            format!("{cost}$$${hash}"),
            format!("{cost}$AAAA${hash}"),
            format!("{cost}${salt}${}", &hash[..20]),
            format!("{cost}${}${hash}", "A".repeat(100)),
            format!("{cost}${salt}${hash}").replace('m', "M"),
        ] {
            assert_eq!(PasswordHash::parse(&text), Err(NotAPasswordHash), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_hash_or_none(text in "\\$argon2id\\$v=19\\$m=[0-9]{1,6},t=[0-9]{1,3},p=1\\$[A-Za-z0-9+/]{0,30}\\$[A-Za-z0-9+/]{0,60}") {
            if let Ok(hash) = PasswordHash::parse(&text) {
                prop_assert_eq!(hash.as_str(), text);
                prop_assert!(hash.cost.memory <= MOST_MEMORY && hash.cost.work() <= MOST_WORK);
            }
        }
    }
}
