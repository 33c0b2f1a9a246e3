//! From how far away an address can be reached.

use std::net::IpAddr;

use super::special_addresses::{Special, special};

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

impl Reach {
    /// From how far away an address can be reached; `None`: from nowhere.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        match special(address) {
            None | Some(Special::Tunnelled) => Some(Self::Everywhere),
            Some(Special::Loopback) => Some(Self::Host),
            Some(Special::Private | Special::Shared | Special::LinkLocal) => Some(Self::Private),
            Some(
                Special::Unspecified | Special::Multicast | Special::Translated | Special::Reserved,
            ) => None,
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
            "fe00::1",
            "4000::1",
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
        ] {
            assert_eq!(reach(text), Some(Reach::Everywhere), "{text}");
        }
    }

    #[test]
    fn what_is_nearer_is_less() {
        assert!(Reach::Host < Reach::Private && Reach::Private < Reach::Everywhere);
    }
}
