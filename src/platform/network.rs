//! Ranges of addresses in CIDR notation (RFC 4632, RFC 4291).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::address_range::AddressRange;

/// A set of address ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Network {
    ranges: Vec<IpRange>,
}

/// All addresses that begin with the same bits; a single address is a range too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpRange(IpNet);

/// A range that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address range; write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32")]
pub struct NetworkError(
    /// The range as it was given.
    pub String,
);

impl Network {
    /// Whether there are no ranges.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether an address is in one of the ranges.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// Whether an address of a range is in one of its own.
    #[must_use]
    pub fn has_some_of(&self, range: AddressRange) -> bool {
        let (first, last) = range.keys();
        let own = self.ranges.iter().map(|own| AddressRange::from(own.0).keys());
        own.into_iter().any(|(own_first, own_last)| own_first <= last && first <= own_last)
    }
}

impl FromIterator<IpRange> for Network {
    fn from_iter<T: IntoIterator<Item = IpRange>>(ranges: T) -> Self {
        Self { ranges: ranges.into_iter().collect() }
    }
}

impl IpRange {
    /// Whether an address is in the range. IPv4 addresses are compared with IPv6 ranges, and the other way round,
    /// as the IPv6 addresses that they are mapped to, `::ffff:0:0/96`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.0, address) {
            (IpNet::V4(range), IpAddr::V4(address)) => range.contains(&address),
            (IpNet::V6(range), IpAddr::V6(address)) => range.contains(&address),
            (IpNet::V6(range), IpAddr::V4(address)) => range.contains(&address.to_ipv6_mapped()),
            (IpNet::V4(range), IpAddr::V6(address)) => {
                address.to_ipv4_mapped().is_some_and(|address| range.contains(&address))
            }
        }
    }
}

impl FromStr for IpRange {
    type Err = NetworkError;

    /// Understands an address, or a range, whose bits beyond the prefix do not count.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let range = text.trim();
        let parsed = match range.contains('/') {
            true => range.parse().ok(),
            false => range.parse().ok().map(|address: IpAddr| address.into()),
        };
        parsed.map(Self).ok_or_else(|| NetworkError(text.to_owned()))
    }
}

impl TryFrom<String> for IpRange {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(formatter),
            false => self.0.fmt(formatter),
        }
    }
}

impl From<IpRange> for String {
    fn from(range: IpRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(ranges: &[&str]) -> Result<Network, NetworkError> {
        ranges.iter().map(|range| range.parse::<IpRange>()).collect()
    }

    fn contains(range: &str, address: &str) -> bool {
        network(&[range]).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_what_begins_with_its_prefix() {
        for (range, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("10.0.0.0/8", "10.255.255.255"),
            ("10.1.2.3/8", "10.9.9.9"),
            (" 172.16.0.0/12 ", "172.31.0.1"),
            ("0.0.0.0/0", "203.0.113.1"),
            ("::1", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1"),
            ("::/0", "2001:db8::1"),
            ("::/0", "192.0.2.1"),
            ("::ffff:10.0.0.0/104", "10.1.1.1"),
        ] {
            assert!(contains(range, address), "{range} {address}");
        }
    }

    #[test]
    fn a_range_holds_nothing_else() {
        for (range, address) in [
            ("192.0.2.1", "192.0.2.2"),
            ("10.0.0.0/8", "11.0.0.0"),
            ("172.16.0.0/12", "172.32.0.0"),
            ("0.0.0.0/0", "2001:db8::1"),
            ("2001:db8::/32", "2001:db9::"),
            ("10.0.0.0/8", "a00::"),
        ] {
            assert!(!contains(range, address), "{range} {address}");
        }
    }

    #[test]
    fn ranges_that_overlap_are_seen() {
        let network = network(&["10.1.2.3/8", "2001:db8::5"]).unwrap();
        let has_some_of = |range: &str| network.has_some_of(range.parse().unwrap());
        assert!(has_some_of("10.255.0.0-11.0.0.0") && has_some_of("2001:db8::/64"));
        assert!(!has_some_of("11.0.0.0/8") && !has_some_of("2001:db8:0:1::/64"));
    }

    #[test]
    fn what_is_no_range_is_named() {
        for wrong in ["", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10/8"]
        {
            assert_eq!(network(&["::1", wrong]), Err(NetworkError(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn a_range_is_written_as_it_is_read() {
        for range in ["192.0.2.1", "10.0.0.0/8", "10.1.2.3/8", "::1", "2001:db8::/32"] {
            assert_eq!(range.parse::<IpRange>().unwrap().to_string(), range);
        }
    }

    #[test]
    fn no_ranges_hold_nothing() {
        assert!(!network(&[]).unwrap().contains("127.0.0.1".parse().unwrap()));
    }
}
