//! Randomness: of the system where nobody may guess it, and SplitMix64, seeded by the system, for samples and salts.

use std::io;

/// Bytes that nobody can guess.
///
/// # Errors
/// When the system gives none, as under a filter of system calls that is too strict.
pub fn unguessable<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A generator that is good enough to choose peers; never a source of passwords.
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

impl Random {
    /// Starts anywhere.
    pub fn new() -> Self {
        // Where the system gives nothing, any number will do.
        Self(getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())))
    }

    /// Starts at a certain place.
    #[cfg(test)]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// Any integer that is not negative.
    pub fn positive(&mut self) -> i64 {
        (self.bits() >> 1).cast_signed()
    }

    /// A number from 0 to `below` - 1; 0 when `below` is 0.
    pub fn below(&mut self, below: u64) -> u64 {
        u64::try_from((u128::from(self.bits()) * u128::from(below)) >> 64).unwrap_or(0)
    }
}

/// The finalizer of SplitMix64: each bit of the input moves half of the output's.
pub fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_generators_differ_and_stay_below_the_limit() {
        let (mut one, mut other) = (Random::new(), Random::new());
        assert_ne!(one.bits(), other.bits());
        assert!((0..1000).all(|_| one.below(7) < 7));
        assert_eq!(one.below(0), 0);
        assert!((0..1000).all(|_| one.positive() >= 0));
    }
}
