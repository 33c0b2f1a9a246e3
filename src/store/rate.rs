//! How many announces come: a count that slides over one minute, in one word that any store can keep.

use crate::platform::random::Random;
use crate::protocol::Timestamp;

/// Announces that each counted one stands for. Chance chooses them, so that few announces write a word
/// that all processes share.
const EACH: u64 = 16;

const MINUTE: u64 = 60;
const COUNT_BITS: u32 = 20;
const MOST: u64 = (1 << COUNT_BITS) - 1;
/// With two counts no more than 63 bits, which is what SQLite's integers have.
const MINUTES: u64 = 1 << 23;

/// The announces of the last two minutes of the clock. From the lowest bit on: those of a minute, those
/// of the minute before, and which minute it is; any word is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AnnounceRate(pub(super) u64);

impl AnnounceRate {
    /// Whether an announce is one of those that are counted.
    pub(super) fn counts(random: &mut Random) -> bool {
        random.below(EACH) == 0
    }

    /// With a counted announce more.
    pub(super) fn with_one_more(self, now: Timestamp) -> Self {
        let (this, before) = self.at(now);
        let minute = (now.0 / MINUTE) % MINUTES;
        Self((minute << COUNT_BITS | before) << COUNT_BITS | (this + 1).min(MOST))
    }

    /// About how many announces came in the minute until `now`: those of this minute of the clock, and
    /// of the one before as large a part as belongs to it.
    pub(super) fn last_minute(self, now: Timestamp) -> u64 {
        let (this, before) = self.at(now);
        (this * MINUTE + before * (MINUTE - now.0 % MINUTE)) * EACH / MINUTE
    }

    /// What was counted in the minute of `now` and in the one before.
    fn at(self, now: Timestamp) -> (u64, u64) {
        let count = |bits: u64| bits & MOST;
        let (this, before) = (count(self.0), count(self.0 >> COUNT_BITS));
        let minute = self.0 >> (2 * COUNT_BITS);
        match (now.0 / MINUTE).wrapping_sub(minute) % MINUTES {
            0 => (this, before),
            1 => (0, this),
            // Long ago, or a clock that stepped back over the minute.
            _ => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_040);

    fn after(seconds: u64) -> Timestamp {
        Timestamp(NOON.0 + seconds)
    }

    #[test]
    fn a_steady_stream_is_seen_as_it_is_once_a_minute_has_passed() {
        let mut rate = AnnounceRate::default();
        for second in 0..300 {
            for _ in 0..5 {
                rate = rate.with_one_more(after(second));
            }
            let seen = rate.last_minute(after(second));
            let whole = 5 * MINUTE * EACH;
            let expected = if second < 60 { (second + 1) * 5 * EACH } else { whole };
            // The part of the minute before is that of the second's beginning.
            assert!(seen.abs_diff(expected) <= 5 * EACH, "{second}: {seen}, {expected}");
        }
        assert!(rate.last_minute(after(330)) < 5 * MINUTE * EACH * 6 / 10);
        assert_eq!(rate.last_minute(after(420)), 0);
    }

    #[test]
    fn a_clock_that_steps_back_starts_again() {
        let rate = AnnounceRate::default().with_one_more(NOON);
        let earlier = Timestamp(NOON.0 - 3600);
        assert_eq!(rate.last_minute(earlier), 0);
        assert_eq!(rate.with_one_more(earlier).last_minute(earlier), EACH);
    }

    #[test]
    fn one_of_sixteen_is_counted() {
        let mut random = Random::seeded(1);
        let counted = (0..160_000).filter(|_| AnnounceRate::counts(&mut random)).count();
        assert!((9_500..10_500).contains(&counted), "{counted}");
    }

    proptest! {
        #[test]
        fn any_word_can_be_counted_on(word: u64, now in 0..1_u64 << 40, more in 0..3_u64) {
            let mut rate = AnnounceRate(word);
            for _ in 0..more {
                rate = rate.with_one_more(Timestamp(now));
                prop_assert!(i64::try_from(rate.0).is_ok());
            }
            let seen = rate.last_minute(Timestamp(now));
            prop_assert!((more * EACH..=(2 * MOST) * EACH).contains(&seen));
        }
    }
}
