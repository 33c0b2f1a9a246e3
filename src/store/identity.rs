//! Who a peer is: its peer id, and what proves that an announce which names it is its own.

use std::net::IpAddr;

use super::PeerAnnounce;
use super::addresses::Addresses;
use crate::platform::random::scramble;
use crate::protocol::{ClientKey, CompactV4, CompactV6, PeerId};

/// What proves, besides the peer id, that an announce is of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// For a client without a key: a digest of the address that it was seen from, 31 bits, keyed with a
    /// secret of the store.
    Address(u32),
    /// The client's key.
    Key(ClientKey),
}

/// Set in the bits of a proof that is a key.
const KEY: u32 = 1 << 31;

impl Proof {
    /// What an announce proves, in a store with this secret.
    pub(super) fn of(announce: &PeerAnnounce, secret: u64) -> Self {
        let by_address = || Self::of_address(announce.seen_from(), secret);
        announce.key.map_or_else(by_address, Self::Key)
    }

    /// The proof of a peer that comes from another store.
    pub(super) fn carried(self, addresses: Addresses, secret: u64) -> Self {
        match self {
            Self::Key(_) => self,
            Self::Address(_) => Self::of_address(addresses.all().next(), secret),
        }
    }

    fn of_address(address: Option<IpAddr>, secret: u64) -> Self {
        let bits = match address {
            None => return Self::Address(0),
            Some(IpAddr::V4(ip)) => u128::from(u32::from(ip)),
            Some(IpAddr::V6(ip)) => u128::from(ip) ^ 1 << 127,
        };
        let [high, low] = [bits >> 64, bits & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or(u64::MAX));
        let digest = scramble(scramble(secret ^ high) ^ low);
        Self::Address(u32::try_from(digest >> 33).unwrap_or(0))
    }

    /// All of it in 32 bits.
    pub(super) fn to_bits(self) -> u32 {
        match self {
            Self::Address(digest) => digest,
            Self::Key(key) => key.to_bits() | KEY,
        }
    }

    /// Reads what `to_bits` gave.
    pub(super) fn from_bits(bits: u32) -> Self {
        if bits & KEY == 0 { Self::Address(bits) } else { Self::Key(ClientKey::from_bits(bits)) }
    }
}

/// By what a store finds a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) peer_id: PeerId,
    pub(super) proof: Proof,
}

impl Identity {
    /// As three words, of which the last holds the proof in its high half.
    pub(super) fn words(self) -> [u64; 3] {
        let [first, second, third] = words_of(self.peer_id.0);
        [first, second, third | u64::from(self.proof.to_bits()) << 32]
    }
}

impl PeerAnnounce {
    /// The address that the announce came from.
    pub(super) fn seen_from(&self) -> Option<IpAddr> {
        let v4 = self.v4.map(|v4| IpAddr::V4(v4.ip()));
        self.seen.or(v4).or(self.v6.map(|v6| IpAddr::V6(v6.ip())))
    }

    /// The endpoints that it was seen at: others have them no more.
    pub(super) fn seen_at(&self) -> (Option<CompactV4>, Option<CompactV6>) {
        let seen = self.seen_from();
        let v4 = self.v4.filter(|v4| seen == Some(v4.ip().into()) && v4.port() != 0);
        let v6 = self.v6.filter(|v6| seen == Some(v6.ip().into()) && v6.port() != 0);
        (v4, v6)
    }

    /// Whether it states an address that it did not come from.
    pub(super) fn states_address(&self) -> bool {
        let seen = self.seen_from();
        let is_other = |ip: IpAddr| seen != Some(ip);
        self.v4.is_some_and(|v4| is_other(v4.ip().into()))
            || self.v6.is_some_and(|v6| is_other(v6.ip().into()))
    }
}

/// Twenty bytes as three words, of which the last is half full.
pub(super) fn words_of(bytes: [u8; 20]) -> [u64; 3] {
    let mut padded = [0; 24];
    padded[..20].copy_from_slice(&bytes);
    let (words, _) = padded.as_chunks();
    [words[0], words[1], words[2]].map(u64::from_le_bytes)
}
