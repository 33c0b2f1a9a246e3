//! The addresses of a peer: one of each family, each with the time when it was vouched for last.

use std::net::IpAddr;

use super::PeerAnnounce;
use crate::protocol::{CompactV4, CompactV6, Timestamp};

/// An address and when an announce vouched for it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<A> {
    /// The address.
    pub address: A,
    /// When it was vouched for; never after the last announce of its peer.
    pub at: Timestamp,
}

/// The addresses of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Its IPv4 address.
    pub v4: Option<Seen<CompactV4>>,
    /// Its IPv6 address.
    pub v6: Option<Seen<CompactV6>>,
}

impl Addresses {
    /// What an announce makes of them: its own addresses, and those known before that are not too old.
    pub(super) fn announced(
        self,
        announce: &PeerAnnounce,
        now: Timestamp,
        cutoff: Timestamp,
    ) -> Self {
        let v4 = announce.v4.map(|address| Seen { address, at: now });
        let v6 = announce.v6.map(|address| Seen { address, at: now });
        Self {
            v4: v4.or(self.v4.and_then(|known| known.kept(now, cutoff))),
            v6: v6.or(self.v6.and_then(|known| known.kept(now, cutoff))),
        }
    }

    /// Those vouched for since the cutoff.
    pub(super) fn since(self, cutoff: Timestamp) -> Self {
        Self { v4: self.v4.filter(|v4| v4.at >= cutoff), v6: self.v6.filter(|v6| v6.at >= cutoff) }
    }

    /// The same, none of them vouched for later than now.
    pub(super) fn until(self, now: Timestamp) -> Self {
        Self { v4: self.v4.map(|v4| v4.until(now)), v6: self.v6.map(|v6| v6.until(now)) }
    }

    /// Those that others can connect to.
    pub(super) fn reachable(self) -> Self {
        Self {
            v4: self.v4.filter(|v4| v4.address.port() != 0),
            v6: self.v6.filter(|v6| v6.address.port() != 0),
        }
    }

    /// Those that another peer does not have too.
    pub(super) fn except(self, others: Self) -> Self {
        let is_v4 = |v4: &Seen<CompactV4>| others.v4.is_some_and(|own| own.address == v4.address);
        let is_v6 = |v6: &Seen<CompactV6>| others.v6.is_some_and(|own| own.address == v6.address);
        Self { v4: self.v4.filter(|v4| !is_v4(v4)), v6: self.v6.filter(|v6| !is_v6(v6)) }
    }

    /// Where they are, whenever that was.
    pub(super) fn endpoints(self) -> (Option<CompactV4>, Option<CompactV6>) {
        (self.v4.map(|v4| v4.address), self.v6.map(|v6| v6.address))
    }

    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }

    /// Whether one of them is this, whatever its port.
    pub(super) fn contains(self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => self.v4.is_some_and(|v4| v4.address.ip() == ip),
            IpAddr::V6(ip) => self.v6.is_some_and(|v6| v6.address.ip() == ip),
        }
    }

    /// All of them, without their ports, the IPv4 address first.
    pub(super) fn all(self) -> impl Iterator<Item = IpAddr> + Clone {
        let v4 = self.v4.map(|v4| IpAddr::V4(v4.address.ip()));
        v4.into_iter().chain(self.v6.map(|v6| IpAddr::V6(v6.address.ip())))
    }
}

impl<A> Seen<A> {
    /// What stays of an address that an announce does not vouch for: nothing when it is too old. A
    /// clock that stepped back must not make it outlive its peer.
    fn kept(self, now: Timestamp, cutoff: Timestamp) -> Option<Self> {
        (self.at >= cutoff).then(|| self.until(now))
    }

    fn until(self, now: Timestamp) -> Self {
        Self { at: self.at.min(now), ..self }
    }
}
