//! Amounts that a configuration sets: limits that may be off, and bytes.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// So many at most; written as 0 where there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "u32", into = "u32")]
pub struct Limit(Option<NonZeroU32>);

/// A number of bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Limit {
    /// No limit.
    pub const NONE: Self = Self(None);

    /// The limit, where there is one.
    #[must_use]
    pub fn get(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }
}

impl From<u32> for Limit {
    fn from(number: u32) -> Self {
        Self(NonZeroU32::new(number))
    }
}

impl From<Limit> for u32 {
    fn from(limit: Limit) -> Self {
        limit.get().unwrap_or(0)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        u32::from(*self).fmt(formatter)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_nothing_is_none() {
        assert_eq!((Limit::from(0), Limit::from(7).get()), (Limit::NONE, Some(7)));
        assert_eq!(u32::from(Limit::NONE), 0);
        assert_eq!([Limit::NONE, Limit::from(7)].map(|limit| limit.to_string()), ["0", "7"]);
    }
}
