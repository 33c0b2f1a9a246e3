//! At which addresses peers are seen: where most have the same one, or that of a proxy that many sites use, the tracker sees
//! proxies instead of its clients.

use std::collections::HashMap;
use std::net::IpAddr;

use super::read_store;
use crate::config::LoadedConfig;
use crate::platform::network::IpRange;
use crate::platform::order::Order as _;
use crate::protocol::Timestamp;
use crate::store::{Cursor, PeerStore, PeerSummary, StoreError, SwarmSummary, if_any, walk};

/// Swarms, and peers of each, that are looked at: enough to tell a proxy.
const SWARMS: usize = 50;
const PEERS: usize = 500;

/// Swarms read in one go.
const BATCH: usize = 500;

/// Whose proxies stand before many sites, and at which addresses they come (their published lists, 2026).
const PROXIES: [(&str, &[&str]); 2] = [
    (
        "Cloudflare",
        &[
            "103.21.244.0/22",
            "103.22.200.0/22",
            "103.31.4.0/22",
            "104.16.0.0/13",
            "104.24.0.0/14",
            "108.162.192.0/18",
            "131.0.72.0/22",
            "141.101.64.0/18",
            "162.158.0.0/15",
            "172.64.0.0/13",
            "173.245.48.0/20",
            "188.114.96.0/20",
            "190.93.240.0/20",
            "197.234.240.0/22",
            "198.41.128.0/17",
            "2400:cb00::/32",
            "2405:8100::/32",
            "2405:b500::/32",
            "2606:4700::/32",
            "2803:f800::/32",
            "2a06:98c0::/29",
            "2c0f:f248::/32",
        ],
    ),
    (
        "Fastly",
        &[
            "23.235.32.0/20",
            "43.249.72.0/22",
            "103.244.50.0/24",
            "103.245.222.0/23",
            "103.245.224.0/24",
            "104.156.80.0/20",
            "140.248.64.0/18",
            "140.248.128.0/17",
            "146.75.0.0/17",
            "151.101.0.0/16",
            "157.52.64.0/18",
            "167.82.0.0/17",
            "167.82.128.0/20",
            "167.82.160.0/20",
            "167.82.224.0/20",
            "172.111.64.0/18",
            "185.31.16.0/22",
            "199.27.72.0/21",
            "199.232.0.0/16",
            "2a04:4e40::/32",
            "2a04:4e42::/32",
        ],
    ),
];

/// At which addresses some of the peers are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerAddresses {
    /// Peers that were looked at.
    pub peers: u64,
    /// The address that most of them have, and how many that are.
    pub most: Option<(IpAddr, u64)>,
    /// Whose proxies most of them come by, and how many that are.
    pub proxies: Option<(&'static str, u64)>,
}

impl PeerAddresses {
    /// Those of peers of the largest swarms; `None` where there is no store yet.
    ///
    /// # Errors
    /// When the store is there and cannot be read.
    pub fn of(loaded: &LoadedConfig, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let Some(mut store) = if_any(read_store(loaded))? else { return Ok(None) };
        let mut swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
        swarms.order_by_key(|swarm| std::cmp::Reverse(swarm.counts.peers()));
        let mut addresses = Vec::new();
        for swarm in swarms.iter().take(SWARMS) {
            addresses.extend(some_of(store.as_mut(), swarm, now)?);
        }
        Ok(Some(Self::among(&addresses)))
    }

    fn among(addresses: &[IpAddr]) -> Self {
        let ranges: Vec<(&'static str, Vec<IpRange>)> = PROXIES
            .iter()
            .map(|(name, ranges)| (*name, ranges.iter().flat_map(|range| range.parse()).collect()))
            .collect();
        let whose = |address: IpAddr| {
            let has = |ranges: &[IpRange]| ranges.iter().any(|range| range.contains(address));
            ranges.iter().find(|(_, ranges)| has(ranges)).map(|(name, _)| *name)
        };
        Self {
            peers: addresses.len() as u64,
            most: most_frequent(addresses.iter().copied()),
            proxies: most_frequent(addresses.iter().filter_map(|&address| whose(address))),
        }
    }
}

/// One address of each of some peers.
fn some_of(
    store: &mut dyn PeerStore,
    swarm: &SwarmSummary,
    now: Timestamp,
) -> Result<Vec<IpAddr>, StoreError> {
    let batch = store.visit_peers(swarm.info_hash, Cursor::default(), PEERS, now)?;
    let address = |peer: &PeerSummary| {
        peer.v4.map(|v4| v4.ip().into()).or_else(|| peer.v6.map(|v6| v6.ip().into()))
    };
    Ok(batch.items.iter().filter_map(address).collect())
}

fn most_frequent<T: Copy + Eq + std::hash::Hash>(
    things: impl Iterator<Item = T>,
) -> Option<(T, u64)> {
    let mut counts: HashMap<T, u64> = HashMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(addresses: &[&str]) -> PeerAddresses {
        let parsed: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        PeerAddresses::among(&parsed)
    }

    #[test]
    fn all_ranges_can_be_read() {
        for (name, ranges) in PROXIES {
            for range in ranges {
                assert!(range.parse::<IpRange>().is_ok(), "{name}: {range}");
            }
        }
    }

    #[test]
    fn proxies_and_shared_addresses_are_counted() {
        let found = among(&["162.158.1.1", "172.71.0.9", "151.101.1.1", "192.0.2.1", "192.0.2.1"]);
        assert_eq!(found.peers, 5);
        assert_eq!(found.proxies, Some(("Cloudflare", 2)));
        assert_eq!(found.most, Some(("192.0.2.1".parse().unwrap(), 2)));
        assert_eq!(among(&["2606:4700::6810"]).proxies, Some(("Cloudflare", 1)));
        assert_eq!(among(&["192.0.2.1"]).proxies, None);
        assert_eq!(among(&[]), PeerAddresses::default());
    }
}
