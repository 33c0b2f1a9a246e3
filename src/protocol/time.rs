//! Durations and instants in whole seconds, the only unit that trackers speak.

use std::fmt;
use std::ops::Add;

/// What lies further ahead than this was written by a clock that was wrong; clocks that are read one
/// after the other, or by two machines, may differ by less.
pub const CLOCK_TOLERANCE: Seconds = Seconds(60);

/// A duration in seconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(transparent)]
pub struct Seconds(pub u32);

impl Seconds {
    /// The duration in whole minutes, rounded up: what BEP 31 counts in.
    #[must_use]
    pub fn in_minutes_rounded_up(self) -> u32 {
        self.0.div_ceil(60)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// An instant: seconds since 1970-01-01 UTC. Processes come and go, so no other clock means
/// anything to all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long ago `earlier` was; zero when it lies ahead, as after a clock that stepped back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(u32::MAX))
    }

    /// Whether this instant, read somewhere, lies so far ahead of `now` that a wrong clock wrote it.
    #[must_use]
    pub fn is_ahead_of(self, now: Self) -> bool {
        self > now + CLOCK_TOLERANCE
    }

    /// This instant, or `now` where it is ahead of that.
    #[must_use]
    pub fn no_later_than(self, now: Self) -> Self {
        if self.is_ahead_of(now) { now } else { self }
    }

    /// The instant `duration` before this one.
    #[must_use]
    pub fn before(self, duration: Seconds) -> Self {
        Self(self.0.saturating_sub(u64::from(duration.0)))
    }
}

impl Add<Seconds> for Timestamp {
    type Output = Self;

    fn add(self, duration: Seconds) -> Self {
        Self(self.0.saturating_add(u64::from(duration.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1000);

    #[test]
    fn an_instant_stays_within_time() {
        assert_eq!(NOW.before(Seconds(10)), Timestamp(990));
        assert_eq!(NOW.before(Seconds(1001)), Timestamp(0));
        assert_eq!(NOW + Seconds(10), Timestamp(1010));
        assert_eq!(Timestamp(u64::MAX) + Seconds(1), Timestamp(u64::MAX));
        assert_eq!(Timestamp(1010).since(NOW), Seconds(10));
        assert_eq!(NOW.since(Timestamp(1010)), Seconds(0));
    }

    #[test]
    fn a_clock_may_be_a_little_ahead() {
        let edge = NOW + CLOCK_TOLERANCE;
        assert!(!edge.is_ahead_of(NOW));
        assert_eq!(edge.no_later_than(NOW), edge);
        assert!((edge + Seconds(1)).is_ahead_of(NOW));
        assert_eq!((edge + Seconds(1)).no_later_than(NOW), NOW);
    }

    #[test]
    fn a_begun_minute_is_a_minute() {
        assert_eq!(
            [0, 1, 60, 61].map(|count| Seconds(count).in_minutes_rounded_up()),
            [0, 1, 1, 2]
        );
    }
}
