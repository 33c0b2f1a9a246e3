//! The figures of a torrent over all generations of the peer store, and how they are carried there.
//!
//! A peer store may be lost and recreated; its counters then start from zero, in another generation. The
//! catalogue remembers which counters of which generation its totals already hold, so that carrying the
//! same counters again, or after a kill half-way, adds nothing twice.

use crate::protocol::Generation;

/// The figures of one torrent over all generations of the peer store. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
}

/// The counters of one generation of the peer store that are in the totals already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The generation.
    pub generation: Generation,
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
    /// Expired peers; not in the totals, but a measure of the period.
    pub expired: u64,
}

/// The figures at the last refresh, from which the next one takes its average rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Bytes as they were shown: the totals, and the live peers' bytes.
    pub transferred: u64,
    /// Completed downloads as they were shown.
    pub completed: u64,
}

/// What a peer store has counted for one torrent in this generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounters {
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
    /// Expired peers.
    pub expired: u64,
}

impl Carried {
    /// What is carried of one generation: nothing when it is not this one.
    #[must_use]
    pub fn within(self, generation: Generation) -> Self {
        if self.generation == generation { self } else { Self { generation, ..Self::default() } }
    }
}

/// Adds to the totals what `counters`, of a generation, hold beyond what was carried before.
///
/// Counters that went back, as after the store forgot the swarm, add nothing and are the new basis.
#[must_use]
pub fn carry(
    totals: Totals,
    carried: Carried,
    generation: Generation,
    counters: StoreCounters,
) -> (Totals, Carried) {
    let before = carried.within(generation);
    let add = |total: u64, now: u64, then: u64| total.saturating_add(now.saturating_sub(then));
    let totals = Totals {
        completed: add(totals.completed, counters.completed, before.completed),
        uploaded: add(totals.uploaded, counters.uploaded, before.uploaded),
        downloaded: add(totals.downloaded, counters.downloaded, before.downloaded),
    };
    let StoreCounters { completed, uploaded, downloaded, expired } = counters;
    (totals, Carried { generation, completed, uploaded, downloaded, expired })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counters(completed: u64, uploaded: u64, downloaded: u64, expired: u64) -> StoreCounters {
        StoreCounters { completed, uploaded, downloaded, expired }
    }

    /// One refresh: what was counted since the one before, whether the store was lost in between, and
    /// how often the refresh is repeated.
    fn refreshes() -> impl Strategy<Value = Vec<([u64; 4], bool, usize)>> {
        let growth = prop::array::uniform4(prop_oneof![0..5_u64, 0..u64::MAX / 64]);
        prop::collection::vec((growth, prop::bool::weighted(0.3), 1..4_usize), 0..24)
    }

    proptest! {
        #[test]
        fn totals_are_the_sum_of_what_was_counted_however_often_it_is_carried(
            refreshes in refreshes(), first in any::<u64>(),
        ) {
            let (mut totals, mut carried) = (Totals::default(), Carried::default());
            let (mut generation, mut counted) = (Generation(first), [0_u64; 4]);
            let mut sums = [0_u64; 4];
            for (growth, lost, repeats) in refreshes {
                if lost {
                    (generation, counted) = (Generation(generation.0.wrapping_add(1)), [0; 4]);
                }
                for place in 0..4 {
                    counted[place] += growth[place];
                    sums[place] += growth[place];
                }
                let [completed, uploaded, downloaded, expired] = counted;
                for _ in 0..repeats {
                    let now = counters(completed, uploaded, downloaded, expired);
                    (totals, carried) = carry(totals, carried, generation, now);
                }
                prop_assert_eq!([totals.completed, totals.uploaded, totals.downloaded], &sums[..3]);
                prop_assert_eq!(carried, Carried { generation, completed, uploaded, downloaded, expired });
            }
        }
    }

    #[test]
    fn totals_saturate() {
        let full = Totals { completed: u64::MAX - 1, ..Default::default() };
        let (totals, _) = carry(full, Carried::default(), Generation(1), counters(5, 0, 0, 0));
        assert_eq!(totals.completed, u64::MAX);
    }

    #[test]
    fn counters_that_went_back_add_nothing_and_count_from_there() {
        let (totals, carried) =
            carry(Totals::default(), Carried::default(), Generation(1), counters(5, 0, 0, 0));
        let (totals, carried) = carry(totals, carried, Generation(1), counters(0, 0, 0, 0));
        assert_eq!(totals.completed, 5);
        let (totals, _) = carry(totals, carried, Generation(1), counters(2, 0, 0, 0));
        assert_eq!(totals.completed, 7);
    }
}
