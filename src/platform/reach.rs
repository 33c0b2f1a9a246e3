//! From how far away an address can be reached (RFC 6890 and the registries of special addresses that it began).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far away somebody may be who connects to an address. What is nearer is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// On the same machine: loopback.
    Host,
    /// In the same private network, or on the same link.
    Private,
    /// Anywhere.
    Everywhere,
}

/// IPv4 networks of one machine, and of private networks: RFC 1122, 1918, 3927, 6598.
const HOST_V4: &[(u32, u32)] = &[v4([127, 0, 0, 0], 8)];
const PRIVATE_V4: &[(u32, u32)] = &[
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([169, 254, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
];

/// IPv4 networks in which nobody is: "this network", protocol assignments, documentation, relays that are no more,
/// benchmarks, multicast and what is reserved.
const NOWHERE_V4: &[(u32, u32)] = &[
    v4([0, 0, 0, 0], 8),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];

/// IPv6 networks of private networks: unique local, link-local and the old site-local addresses.
const PRIVATE_V6: &[(u128, u32)] = &[v6([0xfc00, 0], 7), v6([0xfe80, 0], 10), v6([0xfec0, 0], 10)];

/// IPv6 networks in which nobody is that others could connect to: old forms of IPv4 addresses and those for
/// translators, both in the first one, discarding, benchmarks, identifiers that are no addresses, documentation, segments, multicast.
const NOWHERE_V6: &[(u128, u32)] = &[
    v6([0, 0], 8),
    v6([0x100, 0], 32),
    v6([0x2001, 2], 48),
    v6([0x2001, 0x10], 28),
    v6([0x2001, 0x20], 28),
    v6([0x2001, 0xdb8], 32),
    v6([0x3fff, 0], 20),
    v6([0x5f00, 0], 16),
    v6([0xff00, 0], 8),
];

const fn v4(address: [u8; 4], bits: u32) -> (u32, u32) {
    (u32::from_be_bytes(address), bits)
}

#[allow(clippy::cast_lossless)] // `From` is not for constants.
const fn v6([first, second]: [u16; 2], bits: u32) -> (u128, u32) {
    ((first as u128) << 112 | (second as u128) << 96, bits)
}

impl Reach {
    /// From how far away an address can be reached; `None`: from nowhere.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        let address = u32::from(address);
        let is_in = |networks: &[(u32, u32)]| {
            networks.iter().any(|&(network, bits)| (address ^ network) >> (32 - bits) == 0)
        };
        Self::first([is_in(HOST_V4), is_in(PRIVATE_V4), is_in(NOWHERE_V4)])
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        let is_host = address.is_loopback();
        let address = u128::from(address);
        let is_in = |networks: &[(u128, u32)]| {
            networks.iter().any(|&(network, bits)| (address ^ network) >> (128 - bits) == 0)
        };
        Self::first([is_host, is_in(PRIVATE_V6), is_in(NOWHERE_V6)])
    }

    fn first(is: [bool; 3]) -> Option<Self> {
        match is {
            [true, ..] => Some(Self::Host),
            [_, true, _] => Some(Self::Private),
            [_, _, true] => None,
            _ => Some(Self::Everywhere),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> Option<Reach> {
        Reach::of(text.parse().unwrap())
    }

    #[test]
    fn an_address_is_reached_from_as_far_as_its_network_is_routed() {
        for text in ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(reach(text), Some(Reach::Host), "{text}");
        }
        for text in [
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "100.127.0.1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "::ffff:192.168.1.1",
        ] {
            assert_eq!(reach(text), Some(Reach::Private), "{text}");
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::192.0.2.1",
            "64:ff9b::1",
            "100::1",
            "2001:2::1",
            "2001:db8::1",
            "2001:1f::1",
            "2001:2f::1",
            "3fff::1",
            "5f00::1",
            "ff02::1",
        ] {
            assert_eq!(reach(text), None, "{text}");
        }
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001::1",
            "2001:470::1",
            "2002:808:808::1",
            "2606:4700::1",
            "2a00::1",
            "fe00::1",
        ] {
            assert_eq!(reach(text), Some(Reach::Everywhere), "{text}");
        }
    }

    #[test]
    fn what_is_nearer_is_less() {
        assert!(Reach::Host < Reach::Private && Reach::Private < Reach::Everywhere);
    }
}
