//! How busy the tracker is, and what clients are asked for when it is too busy.

use std::sync::Arc;

use super::{Refusal, Tracker};
use crate::config::TrackerConfig;
use crate::protocol::{Seconds, Timestamp};
use crate::store::{PeerStore, StoreError};

/// A minute's announces, and what follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// About how many announces came in the last minute.
    pub announces: u64,
    /// Whether they come faster than `high_load` says, or the owner wants it so. Then what a client can do without is left out.
    pub is_high: bool,
    /// Seconds between two announces of a client; each peer is told up to a tenth more.
    pub interval: Seconds,
    /// Seconds that a client must wait at least.
    pub min_interval: Seconds,
}

impl Load {
    /// What so many announces in a minute are to a tracker.
    ///
    /// Up to `high_load` announces a second the interval is that of the configuration; it grows evenly
    /// from there, until at twice as many it is the longest with which a peer that comes back in time
    /// is still known. What clients must wait at least grows with it. With `high_load_now` it is the longest
    /// whatever comes.
    #[must_use]
    pub fn of(config: &TrackerConfig, announces: u64) -> Self {
        let limit = u64::from(config.high_load) * 60;
        let above = announces.saturating_sub(limit).min(limit);
        let stretch = u64::from(longest_interval(config).0.saturating_sub(config.interval.0));
        let added = match config.high_load_now {
            true => stretch,
            false => (stretch * above).checked_div(limit).unwrap_or(0),
        };
        let interval = u64::from(config.interval.0) + added;
        let min_interval =
            (u64::from(config.min_interval.0) * interval).checked_div(config.interval.0.into());
        let seconds = |seconds| Seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
        Self {
            announces,
            is_high: above > 0 || config.high_load_now,
            interval: seconds(interval),
            min_interval: min_interval.map_or(config.min_interval, seconds),
        }
    }

    /// What is the case in a store just now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn measured(
        config: &TrackerConfig,
        store: &mut dyn PeerStore,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        store.announces_in_the_last_minute(now).map(|announces| Self::of(config, announces))
    }
}

/// With the tenth that some peers are told more, and some delay, still within the expiry.
fn longest_interval(config: &TrackerConfig) -> Seconds {
    Seconds(config.expiry.0 / 9 * 8).max(config.interval)
}

impl Tracker {
    /// How busy the tracker is; looked at again each second, and not at all where nothing depends on
    /// it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn load(&mut self, now: Timestamp) -> Result<Load, Refusal> {
        if self.effective.config.tracker.high_load == 0 {
            return Ok(Load::of(&self.effective.config.tracker, 0));
        }
        match self.load {
            Some((then, load)) if then == now => Ok(load),
            _ => self.measure_load(now),
        }
    }

    /// How busy the tracker is just now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn measure_load(&mut self, now: Timestamp) -> Result<Load, Refusal> {
        let effective = Arc::clone(&self.effective);
        let load = self
            .store()
            .and_then(|store| Load::measured(&effective.config.tracker, store, now))
            .map_err(|problem| self.refusal(&problem))?;
        self.load = Some((now, load));
        Ok(load)
    }

    /// Whether load is known to be high in this second, without asking the store.
    pub(super) fn is_known_to_be_busy(&self, now: Timestamp) -> bool {
        self.load.is_some_and(|(then, load)| then == now && load.is_high)
    }

    /// How busy the tracker is, from what an announce has brought back; the same for all of a second.
    pub(super) fn heard_load(&mut self, announces: u64, now: Timestamp) -> Load {
        let config = &self.effective.config.tracker;
        match self.load {
            _ if config.high_load == 0 => Load::of(config, 0),
            Some((then, load)) if then == now => load,
            _ => {
                let load = Load::of(config, announces);
                self.load = Some((now, load));
                load
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::LoadedConfig;
    use crate::protocol::AnnounceRequest;
    use crate::tracker::access::Caller;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn load(announces_a_second: u64) -> Load {
        let config = TrackerConfig { high_load: 100, ..TrackerConfig::default() };
        Load::of(&config, announces_a_second * 60)
    }

    #[test]
    fn up_to_the_limit_all_is_as_configured() {
        for announces in [0, 1, 99, 100] {
            let load = load(announces);
            assert!(!load.is_high, "{announces}");
            assert_eq!((load.interval, load.min_interval), (Seconds(1800), Seconds(300)));
        }
    }

    #[test]
    fn above_it_intervals_grow_until_there_are_twice_as_many() {
        for (announces, interval, min_interval) in
            [(110, 1860, 310), (150, 2100, 350), (200, 2400, 400), (100_000, 2400, 400)]
        {
            let load = load(announces);
            assert!(load.is_high, "{announces}");
            assert_eq!(load.interval, Seconds(interval), "{announces}");
            assert_eq!(load.min_interval, Seconds(min_interval), "{announces}");
        }
    }

    #[test]
    fn it_is_looked_at_once_a_second() {
        let home = tempfile::tempdir().unwrap();
        let text = "[tracker]\ntorrents = 'open'\nhigh_load = 1\n\
                    [store]\nkind = 'shm'\npath = 'memory/peers'\nmax_size = 4194304";
        let loaded = LoadedConfig::parse(text, &home.path().join("conf/tracker.toml")).unwrap();
        let mut tracker = Tracker::new(Arc::new(loaded));
        let query = b"info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left=1";
        let request = AnnounceRequest::parse(query).unwrap();
        let address = Some(std::net::Ipv4Addr::LOCALHOST.into());
        let caller = Caller { address, ..Caller::default() };
        for _ in 0..1000 {
            assert!(tracker.announce(&caller, &request, NOW).unwrap().interval <= Seconds(1980));
        }
        assert!(!tracker.load(NOW).unwrap().is_high);
        let next = NOW + Seconds(1);
        assert!(tracker.announce(&caller, &request, next).unwrap().interval > Seconds(1980));
        assert!(tracker.load(next).unwrap().is_high);
        let later = NOW + Seconds(120);
        assert!(!tracker.load(later).unwrap().is_high, "it ends by itself");
    }

    #[test]
    fn without_a_limit_no_load_is_high() {
        let config = TrackerConfig { high_load: 0, ..TrackerConfig::default() };
        let load = Load::of(&config, u64::MAX);
        assert!(!load.is_high);
        assert_eq!(load.interval, Seconds(1800));
    }

    #[test]
    fn by_hand_load_is_high_with_and_without_a_limit() {
        for high_load in [0, 250] {
            let config =
                TrackerConfig { high_load, high_load_now: true, ..TrackerConfig::default() };
            let load = Load::of(&config, 0);
            assert!(load.is_high);
            assert_eq!((load.interval, load.min_interval), (Seconds(2400), Seconds(400)));
        }
    }

    #[test]
    fn an_expiry_that_leaves_no_room_stretches_nothing() {
        let config =
            TrackerConfig { high_load: 1, expiry: Seconds(1900), ..TrackerConfig::default() };
        let load = Load::of(&config, 1_000_000);
        assert!(load.is_high);
        assert_eq!(load.interval, Seconds(1800));
    }

    proptest! {
        #[test]
        fn no_peer_that_comes_in_time_has_expired(
            (interval, room) in (1..600_000_u32, 0..600_000_u32),
            min in 0..=100_u32,
            high_load: u32,
            high_load_now: bool,
            announces: u64,
        ) {
            let config = TrackerConfig {
                interval: Seconds(interval),
                min_interval: Seconds(interval / 100 * min),
                expiry: Seconds(interval + room),
                high_load,
                high_load_now,
                ..TrackerConfig::default()
            };
            let load = Load::of(&config, announces);
            prop_assert!(load.interval >= config.interval);
            prop_assert!(load.min_interval >= config.min_interval);
            prop_assert!(load.min_interval <= load.interval);
            let told = load.interval.0 + load.interval.0 / 10;
            prop_assert!(load.interval == config.interval || told <= config.expiry.0);
        }
    }
}
