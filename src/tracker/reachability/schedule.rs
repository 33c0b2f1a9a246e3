//! Which peers are tried, and when: never where that could be turned against others. Pure.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr, UdpSocket};

use crate::catalog::Tried;
use crate::config::{LoadedConfig, NetworkConfig, PrivateAddresses};
use crate::platform::special_addresses::{Special, special};
use crate::protocol::{Endpoint, InfoHash, PeerId, Seconds, Timestamp};
use crate::store::Peer;

const HOUR: Seconds = Seconds(60 * 60);

/// How long what was found holds: of a peer that can be reached, or of which it was not to be told.
const HOLDS: Seconds = Seconds(6 * HOUR.0);

/// Tries at one address in an hour at most.
const MOST_IN_AN_HOUR: usize = 4;

/// Peers that are tried at a time at most: as many as half a minute is enough for.
const MOST_AT_A_TIME: usize = 10_000;

/// Ports below this belong to the services of a system (RFC 6335).
const LOW_PORTS: u16 = 1024;

/// A peer that may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) endpoint: Endpoint,
    pub(super) info_hash: InfoHash,
    pub(super) peer_id: PeerId,
}

/// Gathers those whose turn it is.
pub(super) struct Schedule<'a> {
    network: &'a NetworkConfig,
    now: Timestamp,
    /// When each was tried last, and for how long that holds.
    known: HashMap<Endpoint, Tried>,
    /// Tries in the last hour, of each address.
    lately: HashMap<IpAddr, usize>,
    is_own: fn(IpAddr) -> bool,
    chosen: HashSet<Endpoint>,
    due: Vec<Candidate>,
}

impl<'a> Schedule<'a> {
    pub(super) fn of(loaded: &'a LoadedConfig, known: &[Tried], now: Timestamp) -> Self {
        Self::with(&loaded.config.network, known, now, is_ours)
    }

    fn with(
        network: &'a NetworkConfig,
        known: &[Tried],
        now: Timestamp,
        is_own: fn(IpAddr) -> bool,
    ) -> Self {
        let mut lately = HashMap::new();
        for tried in known.iter().filter(|tried| now.since(tried.at) < HOUR) {
            *lately.entry(place(tried.endpoint.ip())).or_default() += 1;
        }
        Self {
            network,
            now,
            known: known.iter().map(|tried| (tried.endpoint, *tried)).collect(),
            lately,
            is_own,
            chosen: HashSet::new(),
            due: Vec::new(),
        }
    }

    /// Whether there are as many as may be tried at a time.
    pub(super) fn is_full(&self) -> bool {
        self.due.len() >= MOST_AT_A_TIME
    }

    /// Takes a peer's endpoints in whose turn it is. One that states an address could be anywhere.
    pub(super) fn consider(&mut self, info_hash: InfoHash, peer: &Peer) {
        if peer.is_stated {
            return;
        }
        let v4 = peer.addresses.v4.map(|v4| v4.address.into());
        let v6 = peer.addresses.v6.map(|v6| v6.address.into());
        for endpoint in v4.into_iter().chain(v6) {
            self.consider_at(Candidate { endpoint, info_hash, peer_id: peer.peer_id });
        }
    }

    fn consider_at(&mut self, candidate: Candidate) {
        let endpoint = candidate.endpoint;
        let address = place(endpoint.ip());
        let tries = self.lately.get(&address).copied().unwrap_or(0);
        let is_due = !self.is_full()
            && tries < MOST_IN_AN_HOUR
            && self.known.get(&endpoint).is_none_or(|tried| self.holds_no_more(tried))
            && self.may_be_tried(endpoint)
            && self.chosen.insert(endpoint);
        if is_due {
            self.lately.insert(address, tries + 1);
            self.due.push(candidate);
        }
    }

    /// Who could not be reached is tried again sooner: it may have opened its port.
    fn holds_no_more(&self, tried: &Tried) -> bool {
        let holds = if tried.is_reachable == Some(false) { HOUR } else { HOLDS };
        self.now.since(tried.at) >= holds || tried.at.is_ahead_of(self.now)
    }

    fn may_be_tried(&self, endpoint: Endpoint) -> bool {
        let (ip, port) = (endpoint.ip(), endpoint.port());
        let is_near = self.network.private_addresses == PrivateAddresses::Lan;
        let is_target = match special(ip) {
            None => is_near || !(self.is_own)(ip),
            Some(Special::Loopback | Special::Private | Special::Shared | Special::LinkLocal) => {
                is_near
            }
            Some(_) => false,
        };
        let is_refused = self.network.refused_ports.iter().any(|refused| refused.get() == port);
        is_target && port >= LOW_PORTS && !is_refused
    }

    pub(super) fn due(self) -> Vec<Candidate> {
        self.due
    }
}

/// What counts as one address: of IPv6 a /64, as one customer has all of it.
fn place(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) & !u128::from(u64::MAX)).into(),
    }
}

/// Whether an address is this machine's: only then a socket can have it.
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn endpoint(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        (address.ip(), address.port()).into()
    }

    fn due(network: &NetworkConfig, known: &[Tried], endpoints: &[&str]) -> Vec<String> {
        let mut schedule = Schedule::with(network, known, NOW, |ip| ip.to_string() == "9.9.9.9");
        for text in endpoints {
            let (info_hash, peer_id) = (InfoHash([1; 20]), PeerId([2; 20]));
            schedule.consider_at(Candidate { endpoint: endpoint(text), info_hash, peer_id });
        }
        let due = schedule.due();
        due.iter().map(|it| it.endpoint.socket_address().to_string()).collect()
    }

    #[test]
    fn only_peers_in_the_internet_are_tried_at_ports_of_their_own() {
        let internet = NetworkConfig {
            refused_ports: vec![NonZeroU16::new(6000).unwrap()],
            ..NetworkConfig::default()
        };
        let fine = ["8.8.8.8:6881", "[2a00:1450::1]:1024"];
        let near =
            ["10.0.0.1:6881", "127.0.0.1:6881", "[::1]:6881", "100.64.0.1:6881", "[fe80::1]:6881"];
        let never = [
            "8.8.4.4:1023",
            "8.8.4.4:0",
            "8.8.4.4:6000",
            "192.0.2.1:6881",
            "224.0.0.1:6881",
            "[64:ff9b::a00:1]:6881",
            "[2002:a00:1::1]:6881",
            "[2001:db8::1]:6881",
        ];
        let all = [&fine[..], &near, &never, &["9.9.9.9:6881"]].concat();
        assert_eq!(due(&internet, &[], &all), fine);
        let lan = NetworkConfig { private_addresses: PrivateAddresses::Lan, ..internet };
        let expected = [&fine[..], &near, &["9.9.9.9:6881"]].concat();
        assert_eq!(due(&lan, &[], &all), expected);
    }

    #[test]
    fn an_address_is_tried_four_times_an_hour_and_an_endpoint_once() {
        let network = NetworkConfig::default();
        let ports: Vec<String> = (0..9).map(|port| format!("8.8.8.8:{}", 7000 + port)).collect();
        let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
        assert_eq!(due(&network, &[], &[&ports[..1], &ports].concat()), ports[..4]);
        let subnet: Vec<String> = (1..9).map(|host| format!("[2a00:1450::{host}]:7000")).collect();
        let subnet: Vec<&str> = subnet.iter().map(String::as_str).collect();
        assert_eq!(due(&network, &[], &subnet).len(), 4);
        let tried = |text, before: u32, is_reachable| Tried {
            endpoint: endpoint(text),
            at: NOW.before(Seconds(before)),
            is_reachable,
        };
        let lately = [tried(ports[7], 3599, Some(true)), tried(ports[8], 3601, Some(true))];
        assert_eq!(due(&network, &lately, &ports), ports[..3]);
    }

    #[test]
    fn what_was_found_holds_for_hours_and_what_is_wrong_for_one() {
        let network = NetworkConfig::default();
        for (before, is_reachable, is_due) in [
            (3600, Some(true), false),
            (6 * 3600, Some(true), true),
            (3599, Some(false), false),
            (3600, Some(false), true),
            (3600, None, false),
            (6 * 3600, None, true),
        ] {
            let at = NOW.before(Seconds(before));
            let known = [Tried { endpoint: endpoint("8.8.8.8:6881"), at, is_reachable }];
            let found = due(&network, &known, &["8.8.8.8:6881"]);
            assert_eq!(!found.is_empty(), is_due, "{before} {is_reachable:?}");
        }
        let ahead = Tried {
            endpoint: endpoint("8.8.8.8:6881"),
            at: NOW + Seconds(100_000),
            is_reachable: Some(true),
        };
        assert_eq!(due(&network, &[ahead], &["8.8.8.8:6881"]).len(), 1, "a clock was wrong");
    }
}
