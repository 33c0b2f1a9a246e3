//! Addresses that are not those of a host somewhere in the Internet: IANA's registries of special-purpose addresses
//! (RFC 6890), multicast, and what is not given out.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// What an address is for, when it is not that of a host in the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// This host or network, before it has an address (0.0.0.0/8, `::`).
    Unspecified,
    /// This host itself (127.0.0.0/8, `::1`).
    Loopback,
    /// A private network (RFC 1918, RFC 4193; the old form of RFC 3513).
    Private,
    /// Between a provider and its customers who share an address (RFC 6598).
    Shared,
    /// One link only (RFC 3927, RFC 4291).
    LinkLocal,
    /// Many hosts at once.
    Multicast,
    /// Leads to an IPv4 address through a translator (NAT64), or did through a relay. That address may be any.
    Translated,
    /// Of a host at an IPv4 address, through a tunnel: 6to4, Teredo. That address may be any.
    Tunnelled,
    /// Given to nobody: reserved, for documentation, for benchmarks.
    Reserved,
}

impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unspecified => "no address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Shared => "an address inside a provider's network",
            Self::LinkLocal => "an address of one link",
            Self::Multicast => "a multicast address",
            Self::Translated => "an address of NAT64 or of a relay for 6to4",
            Self::Tunnelled => "an address of 6to4 or Teredo",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Networks of IPv4: the first address, the bits that count, and what it is for.
const IPV4: [([u8; 4], u32, Special); 15] = [
    ([0, 0, 0, 0], 8, Special::Unspecified),
    ([10, 0, 0, 0], 8, Special::Private),
    ([100, 64, 0, 0], 10, Special::Shared),
    ([127, 0, 0, 0], 8, Special::Loopback),
    ([169, 254, 0, 0], 16, Special::LinkLocal),
    ([172, 16, 0, 0], 12, Special::Private),
    ([192, 0, 0, 0], 24, Special::Reserved),
    ([192, 0, 2, 0], 24, Special::Reserved),
    ([192, 88, 99, 0], 24, Special::Translated),
    ([192, 168, 0, 0], 16, Special::Private),
    ([198, 18, 0, 0], 15, Special::Reserved),
    ([198, 51, 100, 0], 24, Special::Reserved),
    ([203, 0, 113, 0], 24, Special::Reserved),
    ([224, 0, 0, 0], 4, Special::Multicast),
    ([240, 0, 0, 0], 4, Special::Reserved),
];

/// The same of IPv6; the first that fits counts. Outside of 2000::/3 nothing is given out (RFC 4291, 2.4).
const IPV6: [([u16; 8], u32, Special); 15] = [
    ([0; 8], 128, Special::Unspecified),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Special::Loopback),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Special::Translated),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Special::Translated),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Special::Tunnelled),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Special::Reserved),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Special::Reserved),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Special::Tunnelled),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Special::Reserved),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Special::Private),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Special::LinkLocal),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Special::Private),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Special::Multicast),
    ([0, 0, 0, 0, 0, 0, 0, 0], 3, Special::Reserved),
    ([0x4000, 0, 0, 0, 0, 0, 0, 0], 2, Special::Reserved),
];

/// What an address is for; `None` for that of a host in the Internet. An IPv4 address that is written as one of IPv6
/// (`::ffff:192.0.2.1`) is taken for what it is.
#[must_use]
pub fn special(address: IpAddr) -> Option<Special> {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let is_in = |first: [u8; 4], length: u32| {
                (bits ^ u32::from_be_bytes(first)).leading_zeros() >= length
            };
            IPV4.iter().find(|(first, length, _)| is_in(*first, *length)).map(|(_, _, it)| *it)
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let is_in = |first: [u16; 8], length: u32| {
                (bits ^ Ipv6Addr::from(first).to_bits()).leading_zeros() >= length
            };
            let found = IPV6.iter().find(|(first, length, _)| is_in(*first, *length));
            // The other half of what is not given out.
            let beyond = || (bits >> 127 == 1).then_some(Special::Reserved);
            found.map(|(_, _, it)| *it).or_else(beyond)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(address: &str) -> Option<Special> {
        special(address.parse().unwrap())
    }

    #[test]
    fn the_first_and_the_last_address_of_each_network_are_special_and_their_neighbours_are_not() {
        for (before, first, last, after, what) in [
            ("", "0.0.0.0", "0.255.255.255", "1.0.0.0", Special::Unspecified),
            ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", Special::Private),
            ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", Special::Shared),
            ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", Special::Loopback),
            (
                "169.253.255.255",
                "169.254.0.0",
                "169.254.255.255",
                "169.255.0.0",
                Special::LinkLocal,
            ),
            ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", Special::Private),
            ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", Special::Reserved),
            ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", Special::Reserved),
            ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", Special::Translated),
            ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", Special::Private),
            ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", Special::Reserved),
            ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", Special::Reserved),
            ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", Special::Reserved),
            ("223.255.255.255", "224.0.0.0", "239.255.255.255", "", Special::Multicast),
            ("", "240.0.0.0", "255.255.255.255", "", Special::Reserved),
            ("", "2001::", "2001:0:ffff:ffff::", "", Special::Tunnelled),
            ("", "2001:1::", "2001:1ff:ffff::", "2001:200::", Special::Reserved),
            ("2001:db7:ffff::", "2001:db8::", "2001:db8:ffff::", "2001:db9::", Special::Reserved),
            ("2001:ffff::", "2002::", "2002:ffff::", "2003::", Special::Tunnelled),
            ("3ffe:ffff::", "3fff::", "3fff:fff::", "3fff:1000::", Special::Reserved),
        ] {
            for inside in [first, last] {
                assert_eq!(of(inside), Some(what), "{inside}");
            }
            for outside in [before, after].into_iter().filter(|address| !address.is_empty()) {
                assert_eq!(of(outside), None, "{outside}");
            }
        }
    }

    #[test]
    fn what_is_not_given_out_and_what_leads_elsewhere_is_special() {
        for (address, what) in [
            ("::", Special::Unspecified),
            ("::1", Special::Loopback),
            ("::7f00:1", Special::Reserved),
            ("::ffff:127.0.0.1", Special::Loopback),
            ("::ffff:10.1.2.3", Special::Private),
            ("64:ff9b::7f00:1", Special::Translated),
            ("64:ff9b:1:2:3::a00:1", Special::Translated),
            ("64:ff9c::1", Special::Reserved),
            ("100::1", Special::Reserved),
            ("1fff:ffff::", Special::Reserved),
            ("4000::", Special::Reserved),
            ("5f00::1", Special::Reserved),
            ("8000::", Special::Reserved),
            ("fbff::", Special::Reserved),
            ("fc00::1", Special::Private),
            ("fdff::1", Special::Private),
            ("fe7f::1", Special::Reserved),
            ("fe80::1", Special::LinkLocal),
            ("febf::1", Special::LinkLocal),
            ("fec0::1", Special::Private),
            ("ff02::1", Special::Multicast),
        ] {
            assert_eq!(of(address), Some(what), "{address}");
        }
    }

    #[test]
    fn hosts_in_the_internet_are_not() {
        for address in
            ["1.1.1.1", "9.9.9.9", "192.0.1.1", "::ffff:8.8.8.8", "2606:4700::1111", "3ffe::1"]
        {
            assert_eq!(of(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn the_standard_library_agrees(bits: u32, six: u128) {
            let address = std::net::Ipv4Addr::from(bits);
            let is_known = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_documentation() || address.is_broadcast();
            prop_assert!(!is_known || special(address.into()).is_some());
            let address = Ipv6Addr::from(six);
            let is_global = special(address.into()).is_none();
            let mapped = address.to_ipv4_mapped().is_some();
            prop_assert!(mapped || !is_global || six >> 125 == 1);
        }
    }
}
