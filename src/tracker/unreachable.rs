//! How many of those who download others cannot connect to, in each swarm: for tables and figures.

use std::collections::HashMap;

use crate::catalog::{Catalog, CatalogError};
use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::protocol::{Endpoint, InfoHash, Timestamp};
use crate::store::{PeerStore, PeerSummary, Role, StoreError, SwarmSummary, walk};

/// Peers read in one go.
const BATCH: usize = 500;

/// Endpoints that could not be connected to when they were tried last.
pub(super) struct Unreachable(Vec<Endpoint>);

impl Unreachable {
    /// Those that the catalogue has; `None` where peers are not tried, so that nobody knows.
    pub(super) fn of(
        loaded: &LoadedConfig,
        catalog: &Catalog,
    ) -> Result<Option<Self>, CatalogError> {
        match loaded.config.reachability.check {
            ReachabilityCheck::Off => Ok(None),
            ReachabilityCheck::Mark | ReachabilityCheck::Withhold => {
                catalog.unreachable().map(|sorted| Some(Self(sorted)))
            }
        }
    }

    /// How many leechers of each swarm are there; swarms without any are left out.
    pub(super) fn leechers<'a>(
        &self,
        store: &mut dyn PeerStore,
        swarms: impl IntoIterator<Item = &'a SwarmSummary>,
        now: Timestamp,
    ) -> Result<HashMap<InfoHash, u32>, StoreError> {
        let mut found = HashMap::new();
        if self.0.is_empty() {
            return Ok(found);
        }
        for swarm in swarms.into_iter().filter(|swarm| swarm.counts.leechers > 0) {
            let peers = walk(|from| store.visit_peers(swarm.info_hash, from, BATCH, now))?;
            let leechers = peers.iter().filter(|peer| peer.role == Role::Leecher);
            let count = leechers.filter(|peer| self.has(peer)).count();
            if count > 0 {
                found.insert(swarm.info_hash, u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        Ok(found)
    }

    /// Whether a peer is at one of them.
    fn has(&self, peer: &PeerSummary) -> bool {
        let endpoints = [peer.v4.map(Endpoint::from), peer.v6.map(Endpoint::from)];
        endpoints.iter().flatten().any(|endpoint| self.0.binary_search(endpoint).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreKind;
    use crate::protocol::{CompactV4, CompactV6, PeerId};
    use crate::store::{PeerAnnounce, PeerSample, Want};
    use crate::tracker::open_store;
    use crate::tracker::samples::open_site;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn v4(number: u8) -> CompactV4 {
        CompactV4([10, 0, 0, number, 0x1a, 0xe1])
    }

    fn v6(number: u8) -> CompactV6 {
        let mut bytes = [number; 18];
        (bytes[0], bytes[1]) = (0x20, 1);
        CompactV6(bytes)
    }

    #[test]
    fn leechers_are_counted_that_are_where_nobody_could_connect() {
        for kind in StoreKind::ALL {
            let (_home, loaded) = open_site(kind);
            let mut store = open_store(&loaded).unwrap();
            let mut announce = |swarm: u8, number: u8, role, has_v6: bool| {
                let announce = PeerAnnounce {
                    v4: Some(v4(number)),
                    v6: has_v6.then(|| v6(number)),
                    role,
                    ..PeerAnnounce::new(InfoHash([swarm; 20]), PeerId([number; 20]))
                };
                let want = Want { peers: 0, seeders: true, peer_ids: false };
                store.announce(&announce, NOW, want, &mut PeerSample::default()).unwrap();
            };
            announce(1, 1, Role::Leecher, false);
            announce(1, 2, Role::Leecher, true);
            announce(1, 3, Role::Leecher, true);
            announce(1, 4, Role::Seeder, false);
            announce(1, 5, Role::PartialSeed, false);
            announce(2, 6, Role::Leecher, false);
            let swarms = walk(|from| store.visit_swarms(from, 10, NOW)).unwrap();
            let mut count = |mut endpoints: Vec<Endpoint>| {
                endpoints.sort_unstable();
                let found = Unreachable(endpoints).leechers(store.as_mut(), &swarms, NOW).unwrap();
                [1, 2].map(|swarm| found.get(&InfoHash([swarm; 20])).copied())
            };
            let all = [1, 4, 5].map(|number| v4(number).into());
            let found = count([&all[..], &[v6(3).into(), v4(9).into()]].concat());
            assert_eq!(found, [Some(2), None], "{kind:?}");
            assert_eq!(count(vec![v4(6).into()]), [None, Some(1)], "{kind:?}");
            assert_eq!(count(Vec::new()), [None, None], "{kind:?}");
        }
    }
}
