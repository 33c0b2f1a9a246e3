//! What is going on now, for all that show it: `stats`, metrics, doctor, pages. Computed here only. Makes nothing.

use std::collections::HashMap;

use super::unreachable::Unreachable;
use super::{Load, read_store, switches};
use crate::catalog::{Catalog, CatalogError, PolicySnapshot, Torrent};
use crate::config::LoadedConfig;
use crate::platform::order::Order as _;
use crate::protocol::{Generation, InfoHash, Seconds, Timestamp};
use crate::store::{
    SetAside, StoreError, StoreInfo, SwarmCounts, SwarmSummary, if_any, set_aside, walk,
};

/// Swarms read in one go.
const BATCH: usize = 500;

/// The swarms of the peer store, with the catalogue's word for them.
#[derive(Clone, Debug)]
pub struct Overview {
    /// All that the store has, by name.
    pub swarms: Vec<Swarm>,
    /// All of them together.
    pub totals: Totals,
    /// How busy the tracker is.
    pub load: Load,
}

/// One swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    /// Its info-hash.
    pub info_hash: InfoHash,
    /// The torrent's name; the info-hash for one that the catalogue does not have.
    pub name: String,
    /// Peers that have everything.
    pub seeders: u32,
    /// Peers that want data.
    pub leechers: u32,
    /// Of these those that others cannot connect to; `None` where peers are not tried.
    pub unreachable: Option<u32>,
    /// Peers that have what they want.
    pub partial_seeds: u32,
    /// Completed downloads ever.
    pub completed: u64,
    /// Bytes that the peers here now still lack.
    pub left: u64,
    /// What peers sent and received since the store was made.
    pub traffic: Traffic,
    /// When a peer last announced.
    pub last_announce: Timestamp,
}

/// Bytes that peers say that they moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub uploaded: u64,
    /// Bytes received.
    pub downloaded: u64,
}

/// The sums over all swarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Swarms.
    pub swarms: u64,
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
    /// Of these those that others cannot connect to; `None` where peers are not tried.
    pub unreachable: Option<u64>,
    /// Peers that have what they want.
    pub partial_seeds: u64,
    /// Completed downloads ever.
    pub completed: u64,
    /// What peers sent and received.
    pub traffic: Traffic,
}

/// Why there is no overview.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The peer store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Overview {
    /// Reads it from catalogue and peer store; where one of them is not there yet, it holds nothing.
    ///
    /// # Errors
    /// When one of them is there and cannot be read.
    pub fn now(loaded: &LoadedConfig, now: Timestamp) -> Result<Self, OverviewError> {
        let effective = switches::effective(loaded);
        let config = &effective.config.tracker;
        let catalog = Catalog::read(&loaded.config.paths.catalog)?;
        let torrents = catalog.torrents()?;
        let Some(mut store) = if_any(read_store(loaded))? else {
            return Ok(Self::of(&torrents, &[], Generation::default(), Load::of(config, 0)));
        };
        let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
        let generation = store.generation()?;
        let load = Load::measured(config, store.as_mut(), now)?;
        let mut overview = Self::of(&torrents, &swarms, generation, load);
        if let Some(unreachable) = Unreachable::of(loaded, &catalog)? {
            overview.note_unreachable(&unreachable.leechers(store.as_mut(), &swarms, now)?);
        }
        Ok(overview)
    }

    /// Notes how many leechers of each swarm others cannot connect to.
    fn note_unreachable(&mut self, leechers: &HashMap<InfoHash, u32>) {
        for swarm in &mut self.swarms {
            swarm.unreachable = Some(leechers.get(&swarm.info_hash).copied().unwrap_or(0));
        }
        self.totals.unreachable = Some(leechers.values().map(|&count| u64::from(count)).sum());
    }

    fn of(
        torrents: &[Torrent],
        swarms: &[SwarmSummary],
        generation: Generation,
        load: Load,
    ) -> Self {
        let known: HashMap<InfoHash, &Torrent> =
            torrents.iter().map(|torrent| (torrent.canonical, torrent)).collect();
        let named = |swarm| Swarm::of(swarm, known.get(&swarm.info_hash).copied(), generation);
        let mut swarms: Vec<Swarm> = swarms.iter().map(named).collect();
        swarms.order_by(|a, b| crate::catalog::natural::compare(&a.name, &b.name));
        Self { totals: Totals::of(&swarms), swarms, load }
    }
}

impl Swarm {
    fn of(swarm: &SwarmSummary, torrent: Option<&Torrent>, generation: Generation) -> Self {
        let SwarmCounts { seeders, leechers, partial_seeds, completed } = swarm.counts;
        let earlier = torrent.map_or(0, |torrent| completed_before(torrent, generation));
        Self {
            info_hash: swarm.info_hash,
            name: torrent
                .map_or_else(|| swarm.info_hash.to_string(), |torrent| torrent.name.clone()),
            seeders,
            leechers,
            unreachable: None,
            partial_seeds,
            completed: earlier.saturating_add(completed),
            left: swarm.left,
            traffic: Traffic {
                uploaded: swarm.live_uploaded.saturating_add(swarm.departed_uploaded),
                downloaded: swarm.live_downloaded.saturating_add(swarm.departed_downloaded),
            },
            last_announce: swarm.last_announce,
        }
    }
}

/// Completed downloads that the catalogue has of earlier stores, and so this one does not count.
pub(super) fn completed_before(torrent: &Torrent, generation: Generation) -> u64 {
    torrent.totals.completed.saturating_sub(torrent.carried.within(generation).completed)
}

impl Totals {
    fn of(swarms: &[Swarm]) -> Self {
        swarms.iter().fold(Self::default(), |sum, swarm| Self {
            swarms: sum.swarms + 1,
            seeders: sum.seeders + u64::from(swarm.seeders),
            leechers: sum.leechers + u64::from(swarm.leechers),
            unreachable: None,
            partial_seeds: sum.partial_seeds + u64::from(swarm.partial_seeds),
            completed: sum.completed.saturating_add(swarm.completed),
            traffic: Traffic {
                uploaded: sum.traffic.uploaded.saturating_add(swarm.traffic.uploaded),
                downloaded: sum.traffic.downloaded.saturating_add(swarm.traffic.downloaded),
            },
        })
    }
}

/// When the last refresh was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRefresh {
    /// There was none yet.
    Never,
    /// So long ago.
    Ago(Seconds),
}

impl LastRefresh {
    /// What the policy says; `None` where it cannot be read.
    #[must_use]
    pub fn of(loaded: &LoadedConfig, now: Timestamp) -> Option<Self> {
        let at = PolicySnapshot::open(&loaded.config.paths.policy).ok()?.refreshed_at();
        Some(if at == Timestamp::default() { Self::Never } else { Self::Ago(now.since(at)) })
    }
}

/// How the peer store is.
#[derive(Debug)]
pub enum StoreState {
    /// There is none yet.
    Missing,
    /// All in it is as it should be.
    Sound,
    /// So many things in it contradict each other.
    Faulty {
        /// How many.
        faults: usize,
        /// The first of them.
        first: String,
    },
    /// It is broken or of another version, and the next announce recreates it.
    Unusable(StoreError),
    /// It cannot be read.
    Unreadable(StoreError),
}

impl StoreState {
    /// Reads all of the store.
    #[must_use]
    pub fn of(loaded: &LoadedConfig) -> Self {
        match read_store(loaded).and_then(|mut store| store.check()) {
            Ok(faults) => match faults.first() {
                None => Self::Sound,
                Some(first) => Self::Faulty { faults: faults.len(), first: first.clone() },
            },
            Err(StoreError::Missing { .. }) => Self::Missing,
            Err(problem @ StoreError::Corrupt { .. }) => Self::Unusable(problem),
            Err(problem) => Self::Unreadable(problem),
        }
    }
}

/// How large the peer store is, and how many peers fit in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSize {
    /// Bytes of its disk or of the memory.
    pub bytes: u64,
    /// Peers in it.
    pub peers: u64,
    /// About how many peers fit in; `None` where only the disk sets a limit.
    pub room: Option<u64>,
}

impl StoreSize {
    /// That of the configured store; `None` where there is none yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn of(loaded: &LoadedConfig) -> Result<Option<Self>, StoreError> {
        let Some(mut store) = if_any(read_store(loaded))? else { return Ok(None) };
        let StoreInfo { bytes, peers, room, .. } = store.info()?;
        Ok(Some(Self { bytes, peers, room }))
    }
}

/// What was set aside of the configured store as broken, the newest first.
#[must_use]
pub fn stores_set_aside(loaded: &LoadedConfig) -> Vec<SetAside> {
    set_aside(&loaded.config.store.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Carried;
    use crate::config::TrackerConfig;

    fn torrent(number: u8, name: &str) -> Torrent {
        let hash = InfoHash([number; 20]);
        Torrent {
            file: format!("{name}.torrent").into(),
            name: name.into(),
            size: 1_000,
            file_size: 100,
            ..Torrent::by_hash(hash, Timestamp(0))
        }
    }

    fn swarm(number: u8, seeders: u32, completed: u64) -> SwarmSummary {
        SwarmSummary {
            info_hash: InfoHash([number; 20]),
            counts: SwarmCounts { seeders, leechers: 2, partial_seeds: 1, completed },
            expired: 0,
            departed_uploaded: 5,
            departed_downloaded: 7,
            live_uploaded: 10,
            live_downloaded: 20,
            left: 100,
            last_announce: Timestamp(1_700_000_000),
        }
    }

    fn load() -> Load {
        Load::of(&TrackerConfig::default(), 0)
    }

    #[test]
    fn swarms_have_the_names_of_the_catalogue_and_its_order() {
        let torrents = [torrent(1, "part 10"), torrent(2, "part 2")];
        let swarms = [1, 2, 9].map(|number| swarm(number, 1, 0));
        let overview = Overview::of(&torrents, &swarms, Generation::default(), load());
        let names: Vec<&str> = overview.swarms.iter().map(|swarm| swarm.name.as_str()).collect();
        assert_eq!(names, ["0909090909090909090909090909090909090909", "part 2", "part 10"]);
    }

    #[test]
    fn a_completed_download_is_counted_once() {
        let mut torrent = torrent(1, "a");
        torrent.totals.completed = 8;
        torrent.carried = Carried { generation: Generation(3), completed: 5, ..Carried::default() };
        let completed = |generation| {
            let torrents = std::slice::from_ref(&torrent);
            Overview::of(torrents, &[swarm(1, 1, 6)], generation, load()).swarms[0].completed
        };
        assert_eq!(
            completed(Generation(3)),
            8 - 5 + 6,
            "the store is the one that was carried from"
        );
        assert_eq!(completed(Generation(4)), 8 + 6, "it was recreated since");
    }

    #[test]
    fn totals_are_the_sums_over_all_swarms() {
        let none = Generation::default();
        let swarms = [swarm(1, 3, 1), swarm(2, 4, 2)];
        let overview = Overview::of(&[], &swarms, none, load());
        let traffic = Traffic { uploaded: 30, downloaded: 54 };
        let expected = Totals {
            swarms: 2,
            seeders: 7,
            leechers: 4,
            partial_seeds: 2,
            completed: 3,
            traffic,
            unreachable: None,
        };
        assert_eq!(overview.totals, expected);
        let mut overview = overview;
        overview.note_unreachable(&HashMap::from([(InfoHash([2; 20]), 5)]));
        assert_eq!(overview.totals, Totals { unreachable: Some(5), ..expected });
        let each = overview.swarms.iter().map(|swarm| swarm.unreachable);
        assert_eq!(each.collect::<Vec<_>>(), [Some(0), Some(5)]);
        assert_eq!(Overview::of(&[], &[], none, load()).totals, Totals::default());
    }
}
