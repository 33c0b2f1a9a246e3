//! Which peers are tried, and when: never where that could be turned against others. Pure.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr, UdpSocket};

use crate::catalog::Tried;
use crate::config::{LoadedConfig, NetworkConfig, PrivateAddresses};
use crate::platform::special_addresses::{Special, special};
use crate::protocol::{Endpoint, InfoHash, PeerId, Seconds, Timestamp};
use crate::store::Peer;
use crate::tracker::peer_rules::LOW_PORTS;

const HOUR: Seconds = Seconds(60 * 60);

/// How long what was found holds: of a peer that can be reached, or of which it was not to be told.
const HOLDS: Seconds = Seconds(6 * HOUR.0);

/// Peers that could be reached are tried again after this, some of them, whenever others are: who cannot be reached is
/// believed to be at fault only where they still can.
const CONTROL: Seconds = Seconds(14 * 60);
const MOST_CONTROLS: usize = 8;

/// Tries at one address in an hour at most.
const MOST_IN_AN_HOUR: usize = 4;

/// Peers that are tried at a time at most: as many as half a minute is enough for.
const MOST_AT_A_TIME: usize = 10_000;

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
    controls: Vec<Candidate>,
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
        let is_late = |tried: &&Tried| now.since(tried.at) < HOUR && !tried.at.is_ahead_of(now);
        for tried in known.iter().filter(is_late) {
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
            controls: Vec::new(),
        }
    }

    /// Whether there are as many as may be tried at a time.
    pub(super) fn is_full(&self) -> bool {
        self.due.len() >= MOST_AT_A_TIME
    }

    /// Takes a peer's endpoints in whose turn it is. One that states an address could be anywhere. `is_ours` says
    /// whether the catalogue has the torrent: else a stranger has chosen its info-hash.
    pub(super) fn consider(&mut self, info_hash: InfoHash, is_ours: bool, peer: &Peer) {
        if peer.is_stated {
            return;
        }
        let v4 = peer.addresses.v4.map(|v4| v4.address.into());
        let v6 = peer.addresses.v6.map(|v6| v6.address.into());
        for endpoint in v4.into_iter().chain(v6) {
            let candidate = Candidate { endpoint, info_hash, peer_id: peer.peer_id };
            self.consider_at(candidate, is_ours);
        }
    }

    fn consider_at(&mut self, candidate: Candidate, is_ours: bool) {
        let endpoint = candidate.endpoint;
        let address = place(endpoint.ip());
        let tries = self.lately.get(&address).copied().unwrap_or(0);
        let known = self.known.get(&endpoint).copied();
        let is_due = known.is_none_or(|tried| self.holds_no_more(tried));
        let is_control = known.is_some_and(|tried| self.is_control(tried));
        let is_wanted = (is_due || is_control)
            && !self.is_full()
            && tries < MOST_IN_AN_HOUR
            && self.may_be_tried(endpoint, is_ours)
            && self.chosen.insert(endpoint);
        if is_wanted {
            self.lately.insert(address, tries + 1);
            let list = if is_due { &mut self.due } else { &mut self.controls };
            list.push(candidate);
        }
    }

    fn is_control(&self, tried: Tried) -> bool {
        let is_old = self.now.since(tried.at) >= CONTROL;
        tried.is_reachable == Some(true) && is_old && self.controls.len() < MOST_CONTROLS
    }

    /// Who could not be reached is tried again sooner: it may have opened its port.
    fn holds_no_more(&self, tried: Tried) -> bool {
        let holds = if tried.is_reachable == Some(false) { HOUR } else { HOLDS };
        self.now.since(tried.at) >= holds || tried.at.is_ahead_of(self.now)
    }

    fn may_be_tried(&self, endpoint: Endpoint, is_ours: bool) -> bool {
        let (ip, port) = (endpoint.ip(), endpoint.port());
        let is_near = self.network.private_addresses == PrivateAddresses::Lan;
        let is_target = match special(ip) {
            // A service of this host may take bytes for commands that a stranger has chosen.
            _ if self.is_of_this_host(ip) => is_near && is_ours,
            None => true,
            Some(Special::Private | Special::Shared | Special::LinkLocal) => is_near,
            Some(_) => false,
        };
        let is_refused = self.network.refused_ports.iter().any(|refused| refused.get() == port);
        is_target && port >= LOW_PORTS && !is_refused
    }

    fn is_of_this_host(&self, ip: IpAddr) -> bool {
        match special(ip) {
            Some(Special::Loopback) => true,
            None | Some(Special::Private | Special::Shared | Special::LinkLocal) => {
                (self.is_own)(ip)
            }
            Some(_) => false,
        }
    }

    /// Those whose turn it is, and before them some that are known to be there.
    pub(super) fn due(mut self) -> Vec<Candidate> {
        if self.due.is_empty() {
            return self.due;
        }
        self.controls.append(&mut self.due);
        self.controls
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
        due_of(network, known, endpoints, true)
    }

    fn due_of(
        network: &NetworkConfig,
        known: &[Tried],
        endpoints: &[&str],
        is_ours: bool,
    ) -> Vec<String> {
        let mut schedule = Schedule::with(network, known, NOW, |ip| ip.to_string() == "9.9.9.9");
        for text in endpoints {
            let (info_hash, peer_id) = (InfoHash([1; 20]), PeerId([2; 20]));
            let candidate = Candidate { endpoint: endpoint(text), info_hash, peer_id };
            schedule.consider_at(candidate, is_ours);
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
        let elsewhere = |it: &&str| !["127.0.0.1:6881", "[::1]:6881", "9.9.9.9:6881"].contains(it);
        let expected: Vec<&str> = expected.into_iter().filter(elsewhere).collect();
        assert_eq!(due_of(&lan, &[], &all, false), expected, "with bytes of a stranger");
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
        let four = [1, 2, 3, 4]
            .map(|port| Tried { endpoint: endpoint(&format!("8.8.8.8:{}", 7000 + port)), ..ahead });
        assert_eq!(due(&network, &four, &["8.8.8.8:6881"]).len(), 1, "no tries of the last hour");
    }

    #[test]
    fn some_that_are_there_are_tried_with_others_and_not_alone() {
        let network = NetworkConfig::default();
        let hosts: Vec<String> = (1..=20).map(|host| format!("8.8.{host}.8:6881")).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let known = |minutes: u32| -> Vec<Tried> {
            let at = NOW.before(Seconds(minutes * 60));
            let tried =
                |text: &&str| Tried { endpoint: endpoint(text), at, is_reachable: Some(true) };
            hosts.iter().map(tried).collect()
        };
        assert_eq!(due(&network, &known(20), &hosts), [""; 0]);
        let all = [&hosts[..], &["8.9.8.8:6881"]].concat();
        assert_eq!(due(&network, &known(10), &all), ["8.9.8.8:6881"]);
        let with_controls = [&hosts[..8], &["8.9.8.8:6881"]].concat();
        assert_eq!(due(&network, &known(20), &all), with_controls);
    }
}
