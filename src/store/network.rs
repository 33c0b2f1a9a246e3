//! Which addresses count as one, and in which networks the number of peers is limited.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Network {
    /// A single IPv4 address.
    V4(Ipv4Addr),
    /// IPv6 addresses whose first so many bits are these; the others are 0.
    V6(Ipv6Addr, u32),
}

/// Peers at an address that are looked at for one that may be the asker, where no limit keeps them few.
pub(super) const MOST_ASKED: usize = 100;

/// Peers of a network that are looked at where their number is limited: more than may be there.
pub(super) const MOST_LIMITED: usize = 500;

/// How many times the limit of an address an IPv6 network of 48 bits has.
const SITE: u32 = 4;

impl Network {
    /// An address alone.
    pub(super) fn only(ip: IpAddr) -> Self {
        Self::of(ip, 128)
    }

    /// What an address counts as in a reply: an IPv4 address, or an IPv6 network of 48 bits, as one line
    /// can have all of it.
    pub(super) fn told(ip: IpAddr) -> Self {
        Self::of(ip, 48)
    }

    /// The networks of an address in which the number of peers is limited, each with how many times
    /// the limit it has.
    pub(super) fn limited(ip: IpAddr) -> impl Iterator<Item = (Self, u32)> {
        let site = ip.is_ipv6().then(|| (Self::of(ip, 48), SITE));
        std::iter::once((Self::of(ip, 64), 1)).chain(site)
    }

    fn of(ip: IpAddr, bits: u32) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6((u128::from(ip) & mask(bits)).into(), bits),
        }
    }

    /// Whether an address is in it.
    pub(super) fn contains(self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Self::V4(own), IpAddr::V4(ip)) => own == ip,
            (Self::V6(own, bits), IpAddr::V6(ip)) => u128::from(own) == u128::from(ip) & mask(bits),
            _ => false,
        }
    }

    /// The first and the last address of an IPv6 network of so many bits.
    pub(super) fn ends(prefix: Ipv6Addr, bits: u32) -> (Ipv6Addr, Ipv6Addr) {
        (prefix, (u128::from(prefix) | !mask(bits)).into())
    }
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(u128::BITS - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_with_its_bits() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let own = ip("2001:db8:1:2:3::4");
        let networks: Vec<_> = Network::limited(own).collect();
        assert_eq!(networks.len(), 2);
        let (one, site) = (networks[0].0, networks[1].0);
        assert!(one.contains(ip("2001:db8:1:2::")) && !one.contains(ip("2001:db8:1:3::")));
        assert!(site.contains(ip("2001:db8:1:3::")) && !site.contains(ip("2001:db8:2::")));
        assert!(Network::only(own).contains(own) && !Network::only(own).contains(ip("::1")));
        let v4: Vec<_> = Network::limited(ip("192.0.2.1")).collect();
        assert_eq!(v4, [(Network::only(ip("192.0.2.1")), 1)]);
        assert!(!v4[0].0.contains(ip("192.0.2.2")) && !v4[0].0.contains(own));
        let ends = Network::ends("2001:db8::".parse().unwrap(), 48);
        assert_eq!(ends.1, "2001:db8:0:ffff:ffff:ffff:ffff:ffff".parse::<Ipv6Addr>().unwrap());
    }
}
