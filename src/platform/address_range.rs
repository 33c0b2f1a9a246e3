//! Ranges of addresses: a single one, a network, or from one address to another.

use crate::platform::order::Order as _;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, IpSubnets, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};

/// All addresses from one to another of the same family.
///
/// Addresses of IPv4 are kept as IPv6 writes them (`::ffff:192.0.2.1`), so that one order holds for both families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: Ipv6Addr,
    last: Ipv6Addr,
}

/// Why a text is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRangeError {
    /// Not an address, a network or two addresses.
    #[error(
        "is not an address (192.0.2.7), a network (192.0.2.0/24, 2001:db8::/32) or a range (192.0.2.1-192.0.2.9)"
    )]
    Form,
    /// The last address lies before the first.
    #[error("ends before it begins; write the lower address first")]
    Backwards,
    /// An address of each family.
    #[error("has an IPv4 address and an IPv6 address; both ends must be of one family")]
    Families,
}

impl AddressRange {
    /// From one address to another.
    ///
    /// # Errors
    /// When they are of two families, or the last lies before the first.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, AddressRangeError> {
        let (first, last) = (first.to_canonical(), last.to_canonical());
        if first.is_ipv4() != last.is_ipv4() {
            return Err(AddressRangeError::Families);
        }
        Self::of_keys(key(first), key(last)).ok_or(AddressRangeError::Backwards)
    }

    /// The range whose ends have these keys; `None` when the last lies before the first.
    #[must_use]
    pub fn of_keys(first: Ipv6Addr, last: Ipv6Addr) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first and the last address, as [`key`] gives them.
    #[must_use]
    pub fn keys(self) -> (Ipv6Addr, Ipv6Addr) {
        (self.first, self.last)
    }

    /// Whether it has addresses of IPv4. One of IPv6 has none of them, also where it is wider than all of them.
    #[must_use]
    pub fn is_ipv4(self) -> bool {
        self.first.to_ipv4_mapped().is_some() && self.last.to_ipv4_mapped().is_some()
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = key(address);
        self.is_ipv4() == address.to_ipv4_mapped().is_some()
            && (self.first..=self.last).contains(&address)
    }

    /// Whether it has all addresses of its family.
    #[must_use]
    pub fn is_everything(self) -> bool {
        let whole = if self.is_ipv4() { u128::from(u32::MAX) } else { u128::MAX };
        u128::from(self.last) - u128::from(self.first) == whole
    }

    /// Both as one range, where they overlap or touch and are of one family, and the other does not begin before this
    /// one.
    #[must_use]
    pub fn joined(self, other: Self) -> Option<Self> {
        let next = u128::from(self.last).saturating_add(1);
        let is_one = self.is_ipv4() == other.is_ipv4()
            && self.first <= other.first
            && u128::from(other.first) <= next;
        is_one.then(|| Self { first: self.first, last: self.last.max(other.last) })
    }

    /// The same addresses in as few ranges as possible, in order, those of IPv4 first.
    #[must_use]
    pub fn merged(mut ranges: Vec<Self>) -> Vec<Self> {
        // Else those of IPv4 would stand among those of IPv6, and keep these from meeting.
        ranges.order_by_key(|range| (!range.is_ipv4(), *range));
        let mut merged: Vec<Self> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut().and_then(|last| Some((last.joined(range)?, last))) {
                Some((both, last)) => *last = both,
                None => merged.push(range),
            }
        }
        merged
    }

    /// The first and the last address.
    #[must_use]
    pub fn ends(self) -> (IpAddr, IpAddr) {
        let end =
            |key| if self.is_ipv4() { IpAddr::V6(key).to_canonical() } else { IpAddr::V6(key) };
        (end(self.first), end(self.last))
    }

    /// The networks that it consists of, as few as possible.
    pub fn networks(self) -> impl Iterator<Item = IpNet> {
        match self.ends() {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                IpSubnets::V4(Ipv4Subnets::new(first, last, 0))
            }
            _ => IpSubnets::V6(Ipv6Subnets::new(self.first, self.last, 0)),
        }
    }

    /// The network that it is, if it is one.
    fn network(self) -> Option<IpNet> {
        let (first, last) = (u128::from(self.first), u128::from(self.last));
        let free = (first ^ last).count_ones();
        let is_one = (first ^ last).trailing_ones() == free && first.trailing_zeros() >= free;
        let bits = 128 - u8::try_from(free).ok()?;
        let network = match self.first.to_ipv4_mapped() {
            Some(first) => IpNet::V4(Ipv4Net::new(first, bits.checked_sub(96)?).ok()?),
            None => IpNet::V6(Ipv6Net::new(self.first, bits).ok()?),
        };
        is_one.then_some(network)
    }
}

/// An address as ranges are sorted by.
#[must_use]
pub fn key(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

impl From<IpNet> for AddressRange {
    fn from(network: IpNet) -> Self {
        Self { first: key(network.network()), last: key(network.broadcast()) }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Self::new(address, address);
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(network.into());
        }
        let (first, last) = text.split_once('-').ok_or(AddressRangeError::Form)?;
        let address = |text: &str| text.trim().parse().map_err(|_| AddressRangeError::Form);
        Self::new(address(first)?, address(last)?)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.ends();
        match self.network() {
            _ if first == last => first.fmt(formatter),
            Some(network) => network.fmt(formatter),
            None => write!(formatter, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_is_shown_as_people_write_it() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            (" 192.0.2.0 - 192.0.2.255 ", "192.0.2.0/24"),
            ("192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("2001:db8::1-2001:db8::1", "2001:db8::1"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(range(text).to_string(), shown, "{text}");
            assert_eq!(range(shown), range(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_range_says_why() {
        for (text, problem) in [
            ("", AddressRangeError::Form),
            ("example.org", AddressRangeError::Form),
            ("192.0.2.0/33", AddressRangeError::Form),
            ("192.0.2.", AddressRangeError::Form),
            ("192.0.2.9-192.0.2.1", AddressRangeError::Backwards),
            ("192.0.2.1-2001:db8::1", AddressRangeError::Families),
        ] {
            assert_eq!(text.parse::<AddressRange>(), Err(problem), "{text}");
        }
    }

    #[test]
    fn ranges_of_one_family_are_merged_whatever_lies_between() {
        let ranges = ["::/1", "192.0.2.0/25", "2001:db8::/32", "192.0.2.128/25", "8000::/1"];
        let merged = AddressRange::merged(ranges.map(range).to_vec());
        assert_eq!(merged, [range("192.0.2.0/24"), range("::/0")]);
        assert_eq!(merged.iter().map(|it| it.is_everything()).collect::<Vec<_>>(), [false, true]);
    }

    proptest! {
        #[test]
        fn an_address_is_in_a_range_when_it_lies_between_its_ends(ends: [u32; 2], address: u32) {
            let [first, last] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
            let [from, to] = [first, last].map(|end| IpAddr::from(std::net::Ipv4Addr::from(end)));
            let range = AddressRange::new(from, to).unwrap();
            let is_in = range.contains(std::net::Ipv4Addr::from(address).into());
            prop_assert_eq!(is_in, (first..=last).contains(&address));
            prop_assert!(!range.contains(Ipv6Addr::from(u128::from(address)).into()));
            prop_assert_eq!(range.to_string().parse(), Ok(range));
            prop_assert!(!AddressRange::from_str("::/0").unwrap().contains(from));
        }

        #[test]
        fn merged_ranges_and_their_networks_have_the_same_addresses(
            ends in proptest::collection::vec(any::<[u8; 2]>(), 0..8),
        ) {
            let ip = |last: u8| IpAddr::from([192, 0, 2, last]);
            let ranges: Vec<AddressRange> = ends
                .iter()
                .map(|[a, b]| AddressRange::new(ip(*a.min(b)), ip(*a.max(b))).unwrap())
                .collect();
            let merged = AddressRange::merged(ranges.clone());
            let networks: Vec<IpNet> = merged.iter().flat_map(|range| range.networks()).collect();
            for last in 0..=u8::MAX {
                let is_in = ranges.iter().any(|range| range.contains(ip(last)));
                prop_assert_eq!(merged.iter().filter(|it| it.contains(ip(last))).count() == 1, is_in);
                let of_networks = networks.iter().filter(|it| it.contains(&ip(last))).count();
                prop_assert_eq!(of_networks == 1, is_in);
            }
        }

        #[test]
        fn a_network_is_shown_as_one(address: u128, bits in 0..=128_u8) {
            let network = Ipv6Net::new(address.into(), bits).unwrap().trunc();
            prop_assume!(network.network().to_ipv4_mapped().is_none());
            let range = AddressRange::from(IpNet::from(network));
            let shown = range.to_string();
            prop_assert_eq!(shown.parse::<AddressRange>(), Ok(range));
            prop_assert!(shown.contains('/') || bits == 128);
        }
    }
}
