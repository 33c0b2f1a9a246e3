//! Where a peer can be connected to: an address of either family, and a port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{CompactV4, CompactV6};

/// Bytes of an endpoint as it is kept.
pub const ENDPOINT_LEN: usize = 18;

/// An address and a port. An address of IPv4 is kept as IPv6 writes it (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub [u8; ENDPOINT_LEN]);

impl Endpoint {
    /// The address, of its own family.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        IpAddr::V6(CompactV6(self.0).ip()).to_canonical()
    }

    /// The port.
    #[must_use]
    pub fn port(self) -> u16 {
        CompactV6(self.0).port()
    }

    /// What a socket connects to.
    #[must_use]
    pub fn socket_address(self) -> SocketAddr {
        SocketAddr::new(self.ip(), self.port())
    }
}

impl From<(IpAddr, u16)> for Endpoint {
    fn from((ip, port): (IpAddr, u16)) -> Self {
        let ip: Ipv6Addr = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let mut bytes = [0; ENDPOINT_LEN];
        bytes[..16].copy_from_slice(&ip.octets());
        bytes[16..].copy_from_slice(&port.to_be_bytes());
        Self(bytes)
    }
}

impl From<CompactV4> for Endpoint {
    fn from(address: CompactV4) -> Self {
        (IpAddr::V4(address.ip()), address.port()).into()
    }
}

impl From<CompactV6> for Endpoint {
    fn from(address: CompactV6) -> Self {
        Self(address.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_what_it_was_made_of() {
        for text in ["192.0.2.7:6881", "[2001:db8::7]:1", "255.255.255.255:65535", "[::1]:80"] {
            let address: SocketAddr = text.parse().unwrap();
            let endpoint = Endpoint::from((address.ip(), address.port()));
            assert_eq!(endpoint.socket_address(), address);
            let compact: Endpoint = match address {
                SocketAddr::V4(address) => CompactV4::from(address).into(),
                SocketAddr::V6(address) => CompactV6::from(address).into(),
            };
            assert_eq!(compact, endpoint);
        }
    }
}
