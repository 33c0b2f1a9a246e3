//! Ranges of addresses in CIDR notation (RFC 4632, RFC 4291).

use std::net::IpAddr;

/// A set of address ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    ranges: Vec<Range>,
}

/// A range that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no address range: write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32")]
pub struct NetworkError(
    /// The range as it was given.
    pub String,
);

/// All addresses that begin with the same bits. IPv4 addresses are compared as the IPv6 addresses
/// that they are mapped to, `::ffff:0:0/96`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    bits: u128,
    mask: u128,
}

impl Network {
    /// Understands addresses and ranges; bits beyond the prefix are ignored.
    ///
    /// # Errors
    /// The first that is neither.
    pub fn parse(ranges: &[String]) -> Result<Self, NetworkError> {
        let ranges = ranges.iter().map(|text| Range::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { ranges })
    }

    /// Whether an address is in one of the ranges.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.ranges.iter().any(|range| bits & range.mask == range.bits)
    }
}

impl Range {
    fn parse(text: &str) -> Result<Self, NetworkError> {
        Self::understand(text.trim()).ok_or_else(|| NetworkError(text.to_owned()))
    }

    fn understand(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        let beyond = u32::checked_sub(width, prefix)?;
        // A shift by all 128 bits leaves no bit to compare.
        let mask = u128::MAX.checked_shl(beyond).unwrap_or(0);
        Some(Self { bits: bits(address) & mask, mask })
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(ranges: &[&str]) -> Result<Network, NetworkError> {
        Network::parse(&ranges.iter().map(|&range| range.to_owned()).collect::<Vec<_>>())
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
    fn what_is_no_range_is_named() {
        for wrong in ["", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10/8"]
        {
            assert_eq!(network(&["::1", wrong]), Err(NetworkError(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn no_ranges_hold_nothing() {
        assert!(!network(&[]).unwrap().contains("127.0.0.1".parse().unwrap()));
    }
}
