//! Which addresses and ports peers may have, and which peers may be handed to whom.

use std::net::IpAddr;

use super::witness::Witness;
use crate::config::{Families, NetworkConfig, PrivateAddresses};
use crate::platform::reach::Reach;
use crate::protocol::{CompactV4, CompactV6};
use crate::store::{PeerSample, Want};

/// The addresses that an announce vouches for.
pub(super) type Addresses = (Option<CompactV4>, Option<CompactV6>);

/// How many times as many peers are looked at where some of them may not be handed out; how many at least, so that
/// of a small swarm all are seen; and how many at most. Where still fewer are left than are wanted, the next announce
/// sees others.
const LOOKED_AT: u32 = 4;
const LEAST_LOOKED_AT: u32 = 200;
const MOST_LOOKED_AT: u32 = 2000;

/// Ports below this belong to the services of a system (RFC 6335).
pub(super) const LOW_PORTS: u16 = 1024;

/// Why nobody can be a peer at an address; each text is safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPeer {
    /// Not an address that can be reached from everywhere.
    #[error(
        "this tracker sees you at {0}, where others cannot reach you, and takes no such peers; if that is not your \
         address, please tell the owner of the site"
    )]
    OutOfReach(IpAddr),
    /// An address of the protocol that is not used.
    #[error("this tracker takes peers over IPv4 only, and sees you at {0}")]
    NotOverIpv4(IpAddr),
    /// An address of the protocol that is not used.
    #[error("this tracker takes peers over IPv6 only, and sees you at {0}")]
    NotOverIpv6(IpAddr),
    /// A port of a service of the system.
    #[error(
        "this tracker takes no peers at port {0}; please choose another one in the settings of your client"
    )]
    LowPort(u16),
    /// A port that the owner refuses.
    #[error(
        "this tracker takes no peers at port {0}; please choose another one in the settings of your client"
    )]
    RefusedPort(u16),
}

impl NotAPeer {
    /// All rules about addresses and ports, in the order in which they are asked.
    pub(super) const RULES: [&'static str; 4] =
        ["families", "private_addresses", "refuse_low_ports", "refused_ports"];

    /// Whether its text names the client's address.
    #[must_use]
    pub fn names_address(self) -> bool {
        match self {
            Self::OutOfReach(_) | Self::NotOverIpv4(_) | Self::NotOverIpv6(_) => true,
            Self::LowPort(_) | Self::RefusedPort(_) => false,
        }
    }

    /// The configuration's key that says so.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::OutOfReach(_) => "private_addresses",
            Self::NotOverIpv4(_) | Self::NotOverIpv6(_) => "families",
            Self::LowPort(_) => "refuse_low_ports",
            Self::RefusedPort(_) => "refused_ports",
        }
    }
}

/// The owner's rules about addresses and ports.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerRules<'a>(&'a NetworkConfig);

impl<'a> PeerRules<'a> {
    /// Whether there are any: by default peers may be anywhere.
    pub(super) fn are_in(network: &NetworkConfig) -> bool {
        network.private_addresses != PrivateAddresses::Allow
            || network.families != Families::Both
            || !network.refused_ports.is_empty()
            || network.refuse_low_ports
    }

    /// As a configuration has them.
    pub(super) fn of(network: &'a NetworkConfig) -> Self {
        Self(network)
    }

    // Out of line, so that an announce without rules does not pay for them.

    /// Those of an announce's addresses that a peer may have.
    ///
    /// # Errors
    /// When there is none, with the reason.
    #[inline(never)]
    pub(super) fn accepted<W: Witness>(
        self,
        (v4, v6): Addresses,
        witness: &mut W,
    ) -> Result<Addresses, NotAPeer> {
        let mut check = |ip: IpAddr, port| {
            let verdict = self.check(ip, port);
            witness.address((ip, port), verdict.err().map(NotAPeer::rule));
            verdict
        };
        let checked_v4 = v4.map(|v4| check(v4.ip().into(), v4.port()).map(|()| v4));
        let checked_v6 = v6.map(|v6| check(v6.ip().into(), v6.port()).map(|()| v6));
        match (checked_v4, checked_v6) {
            (Some(Err(problem)), None | Some(Err(_))) | (None, Some(Err(problem))) => Err(problem),
            (v4, v6) => Ok((v4.and_then(Result::ok), v6.and_then(Result::ok))),
        }
    }

    /// Whether a peer may be at an address and port. Port 0 is none, and never handed out.
    fn check(self, ip: IpAddr, port: u16) -> Result<(), NotAPeer> {
        let network = self.0;
        match (network.families, ip) {
            (Families::Ipv4, IpAddr::V6(_)) => return Err(NotAPeer::NotOverIpv4(ip)),
            (Families::Ipv6, IpAddr::V4(_)) => return Err(NotAPeer::NotOverIpv6(ip)),
            _ => {}
        }
        let is_in_reach = match network.private_addresses {
            PrivateAddresses::Allow => true,
            PrivateAddresses::Refuse => Reach::of(ip) == Some(Reach::Everywhere),
            PrivateAddresses::Lan => Reach::of(ip).is_some(),
        };
        let is_low = network.refuse_low_ports && (1..LOW_PORTS).contains(&port);
        if !is_in_reach {
            Err(NotAPeer::OutOfReach(ip))
        } else if is_low {
            Err(NotAPeer::LowPort(port))
        } else if network.refused_ports.iter().any(|refused| refused.get() == port) {
            Err(NotAPeer::RefusedPort(port))
        } else {
            Ok(())
        }
    }

    /// Whether a peer may be handed to who announces from an address: also one that came before the rules.
    pub(super) fn hands_out(self, (ip, port): (IpAddr, u16), to: Option<IpAddr>) -> bool {
        self.check(ip, port).is_ok()
            && (self.0.private_addresses != PrivateAddresses::Lan || is_as_near(ip, to))
    }

    /// What to ask the store for, so that enough is left.
    #[inline(never)]
    pub(super) fn enough(self, want: Want, to: Option<IpAddr>) -> Want {
        let some_are_left_out =
            self.0.private_addresses == PrivateAddresses::Lan && distance(to) == Reach::Everywhere;
        if some_are_left_out { more_than(want) } else { want }
    }

    /// Leaves of a sample what may be handed to who announces from an address, and of that what it wants.
    #[inline(never)]
    pub(super) fn leave(self, sample: &mut PeerSample, want: Want, to: Option<IpAddr>) {
        sample.retain(|ip, port| self.hands_out((ip, port), to));
        sample.choose(want.peers);
    }
}

/// What to ask the store for where some of it may not be handed out.
pub(super) fn more_than(want: Want) -> Want {
    if want.peers == 0 {
        return want;
    }
    let more = want.peers.saturating_mul(LOOKED_AT).clamp(LEAST_LOOKED_AT, MOST_LOOKED_AT);
    Want { peers: more.max(want.peers), ..want }
}

/// Whether who announces from an address is near enough to reach another one.
fn is_as_near(ip: IpAddr, to: Option<IpAddr>) -> bool {
    Reach::of(ip).is_some_and(|reach| distance(to) <= reach)
}

/// How far away somebody is; anywhere, unless the address says otherwise.
fn distance(from: Option<IpAddr>) -> Reach {
    from.and_then(Reach::of).unwrap_or(Reach::Everywhere)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
    use std::num::NonZeroU16;

    use proptest::prelude::*;

    use super::*;
    use crate::protocol::PeerId;

    /// Addresses of all kinds, most of them near a border between two.
    fn any_ip() -> impl Strategy<Value = IpAddr> {
        let near = prop_oneof![
            Just(Ipv4Addr::new(10, 0, 0, 0)),
            Just(Ipv4Addr::new(127, 0, 0, 0)),
            Just(Ipv4Addr::new(172, 16, 0, 0)),
            Just(Ipv4Addr::new(192, 168, 0, 0)),
            Just(Ipv4Addr::new(8, 8, 8, 8)),
        ];
        let v4 = (near, -300_i64..300).prop_map(|(near, by)| {
            Ipv4Addr::from(u32::try_from(i64::from(u32::from(near)) + by).unwrap())
        });
        let v6 =
            prop_oneof![any::<u128>(), (0..2_u128), (0..9_u128).prop_map(|it| it | 0xfd << 120)];
        prop_oneof![
            v4.prop_map(IpAddr::from),
            any::<u32>().prop_map(|it| IpAddr::from(Ipv4Addr::from(it))),
            v6.prop_map(|it| IpAddr::from(Ipv6Addr::from(it))),
        ]
    }

    fn any_network() -> impl Strategy<Value = NetworkConfig> {
        let privacy = prop::sample::select(vec![
            PrivateAddresses::Allow,
            PrivateAddresses::Refuse,
            PrivateAddresses::Lan,
        ]);
        let families = prop::sample::select(vec![Families::Both, Families::Ipv4, Families::Ipv6]);
        let ports =
            prop::collection::vec((1..2000_u16).prop_map(|it| NonZeroU16::new(it).unwrap()), 0..4);
        (privacy, families, ports, any::<bool>()).prop_map(
            |(private_addresses, families, refused_ports, refuse_low_ports)| NetworkConfig {
                private_addresses,
                families,
                refused_ports,
                refuse_low_ports,
                ..NetworkConfig::default()
            },
        )
    }

    fn sample_of(peers: &[(IpAddr, u16)]) -> PeerSample {
        let mut sample = PeerSample::default();
        for (number, &(ip, port)) in peers.iter().enumerate() {
            let id = PeerId([u8::try_from(number).unwrap(); 20]);
            match ip {
                IpAddr::V4(ip) => {
                    sample.v4.addresses.push(SocketAddrV4::new(ip, port).into());
                    sample.v4.peer_ids.push(id);
                }
                IpAddr::V6(ip) => {
                    sample.v6.addresses.push(SocketAddrV6::new(ip, port, 0, 0).into());
                    sample.v6.peer_ids.push(id);
                }
            }
        }
        sample
    }

    /// What is in a sample: whose it is, where.
    fn told(sample: &PeerSample) -> Vec<(usize, IpAddr, u16)> {
        let v4 = sample.v4.peer_ids.iter().zip(&sample.v4.addresses);
        let v6 = sample.v6.peer_ids.iter().zip(&sample.v6.addresses);
        let v4 = v4.map(|(id, it)| (id.0[0].into(), it.ip().into(), it.port()));
        v4.chain(v6.map(|(id, it)| (id.0[0].into(), it.ip().into(), it.port()))).collect()
    }

    #[test]
    fn by_default_there_are_no_rules() {
        assert!(!PeerRules::are_in(&NetworkConfig::default()));
    }

    proptest! {
        #[test]
        fn nobody_is_told_of_a_peer_that_the_rules_keep_from_it(
            network in any_network(),
            peers in prop::collection::vec((any_ip(), 0..2000_u16), 0..40),
            asker in prop::option::of(any_ip()),
            wanted in 0..50_u32,
        ) {
            let rules = PeerRules::of(&network);
            let want = Want { peers: wanted, seeders: true, peer_ids: true };
            let mut sample = sample_of(&peers);
            rules.leave(&mut sample, want, asker);
            let told = told(&sample);
            let is_private = |ip| matches!(Reach::of(ip), Some(Reach::Host | Reach::Private));
            for &(number, ip, port) in &told {
                prop_assert_eq!(peers[number], (ip, port), "a peer keeps its own id");
                prop_assert!(!network.refuse_low_ports || port == 0 || port >= 1024);
                prop_assert!(!network.refused_ports.iter().any(|refused| refused.get() == port));
                prop_assert!(network.families != Families::Ipv4 || ip.is_ipv4());
                prop_assert!(network.families != Families::Ipv6 || ip.is_ipv6());
                match network.private_addresses {
                    PrivateAddresses::Allow => {}
                    PrivateAddresses::Refuse => prop_assert_eq!(Reach::of(ip), Some(Reach::Everywhere)),
                    PrivateAddresses::Lan => {
                        prop_assert!(Reach::of(ip).is_some());
                        prop_assert!(!is_private(ip) || asker.is_some_and(is_private), "{} to {:?}", ip, asker);
                    }
                }
            }
            prop_assert!(told.len() <= usize::try_from(wanted).unwrap());
        }

        #[test]
        fn who_is_in_the_same_network_is_told_of_all_in_it_and_beyond(
            peers in prop::collection::vec((any_ip(), 1..2000_u16), 0..40),
        ) {
            let network =
                NetworkConfig { private_addresses: PrivateAddresses::Lan, ..NetworkConfig::default() };
            let rules = PeerRules::of(&network);
            let want = Want { peers: 50, seeders: true, peer_ids: true };
            let mut sample = sample_of(&peers);
            rules.leave(&mut sample, want, Some(Ipv4Addr::new(192, 168, 1, 1).into()));
            let near = |ip: IpAddr| Reach::of(ip).is_some_and(|reach| reach >= Reach::Private);
            prop_assert_eq!(told(&sample).len(), peers.iter().filter(|(ip, _)| near(*ip)).count());
        }

        #[test]
        fn rules_are_asked_in_the_order_in_which_they_are_named(
            network in any_network(),
            ip in any_ip(),
            refused in 1..2000_u16,
            port in prop::option::of(0..2000_u16),
        ) {
            let refused_ports = NonZeroU16::new(refused).into_iter().collect();
            let network = NetworkConfig { refused_ports, ..network };
            let port = port.unwrap_or(refused);
            let verdict = PeerRules::of(&network).check(ip, port);
            let refuses = |rule: &&str| {
                let mut alone = NetworkConfig::default();
                match *rule {
                    "families" => alone.families = network.families,
                    "private_addresses" => alone.private_addresses = network.private_addresses,
                    "refuse_low_ports" => alone.refuse_low_ports = network.refuse_low_ports,
                    _ => alone.refused_ports = network.refused_ports.clone(),
                }
                PeerRules::of(&alone).check(ip, port).is_err()
            };
            let first = NotAPeer::RULES.into_iter().find(refuses);
            prop_assert_eq!(verdict.err().map(NotAPeer::rule), first);
        }

        #[test]
        fn what_is_accepted_may_be_handed_to_who_announced_it(
            network in any_network(),
            (ip, port) in (any_ip(), 0..2000_u16),
        ) {
            let rules = PeerRules::of(&network);
            let addresses = match ip {
                IpAddr::V4(ip) => (Some(SocketAddrV4::new(ip, port).into()), None),
                IpAddr::V6(ip) => (None, Some(SocketAddrV6::new(ip, port, 0, 0).into())),
            };
            match rules.accepted(addresses, &mut ()) {
                Ok(accepted) => {
                    prop_assert_eq!(accepted, addresses);
                    prop_assert!(rules.hands_out((ip, port), Some(ip)));
                }
                Err(problem) => {
                    prop_assert!(!rules.hands_out((ip, port), Some(ip)), "{problem}");
                }
            }
        }
    }

    #[test]
    fn of_two_addresses_the_one_that_is_accepted_stays() {
        let network = NetworkConfig { families: Families::Ipv6, ..NetworkConfig::default() };
        let rules = PeerRules::of(&network);
        let v4 = SocketAddrV4::new(Ipv4Addr::new(8, 8, 8, 8), 6881).into();
        let v6 = SocketAddrV6::new("2a00::1".parse().unwrap(), 6881, 0, 0).into();
        assert_eq!(rules.accepted((Some(v4), Some(v6)), &mut ()), Ok((None, Some(v6))));
        let refused = rules.accepted((Some(v4), None), &mut ());
        assert_eq!(refused, Err(NotAPeer::NotOverIpv6(Ipv4Addr::new(8, 8, 8, 8).into())));
    }
}
