//! Which program a peer id stands for: the conventions of BEP 20, and the habits beside it.

mod bound;
mod codes;
mod names;
mod own_form;
mod pattern;
mod scheme;
mod spoof;
#[cfg(test)]
mod tests;
mod version;

use std::borrow::Cow;
use std::fmt;

pub use self::bound::{Bound, ENCODED_LEN as BOUND_LEN};
pub use self::names::names_client;
pub use self::pattern::{
    ClientClass, ClientPattern, NoPattern, SeenClient, agent_fits, agent_pairs, pattern_pairs,
};
use self::version::Version;
use super::PeerId;

/// The program behind a peer id, as far as its bytes tell. Peer ids are easily forged: good for
/// statistics and for a person's eyes, proof of nothing.
///
/// Holds only printable ASCII, whatever the peer id held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientName {
    /// The program without its version. For an unknown one: the letters, digits, `-`, `.` and `_` that the peer id
    /// begins with, at most 8 of them, or "unknown" when there are fewer than 3.
    software: Cow<'static, str>,
    /// Where the program is known and writes it in a known way.
    version: Option<Version>,
}

impl fmt::Display for ClientName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.software)?;
        match &self.version {
            Some(version) => write!(formatter, " {version}"),
            None => Ok(()),
        }
    }
}

impl From<PeerId> for ClientName {
    fn from(PeerId(id): PeerId) -> Self {
        own_form::raw(&id)
            .or_else(|| coded(&id))
            .or_else(|| own_form::prefixed(&id))
            .or_else(|| own_form::shadow(&id))
            .map_or_else(
                || Self { software: unknown(&id), version: None },
                |(software, version)| Self { software: Cow::Borrowed(software), version },
            )
    }
}

impl ClientName {
    /// Whether the peer id names a program that is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(&self.software, Cow::Borrowed(name) if *name != UNKNOWN)
    }

    /// The program without its version.
    #[must_use]
    pub fn software(&self) -> &str {
        &self.software
    }
}

/// The name of programs that do not say who they are.
const UNKNOWN: &str = "unknown";

/// The program of an id with a code behind a dash. What stands behind the version is no reason to refuse a name: not
/// all programs write a dash there.
fn coded(id: &[u8; 20]) -> Option<(&'static str, Option<Version>)> {
    let [b'-', first, second, rest @ ..] = id else { return None };
    let (software, scheme) = codes::program([*first, *second], rest)?;
    Some((software, scheme.version(rest)))
}

fn unknown(id: &[u8; 20]) -> Cow<'static, str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let prefix: String = id[..8].iter().copied().take_while(plain).map(char::from).collect();
    if prefix.len() < 3 { Cow::Borrowed(UNKNOWN) } else { Cow::Owned(prefix) }
}
