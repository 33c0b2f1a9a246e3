//! Where a peer is, packed as samples want it, and the places by which peers are found.
//!
//! The column `addresses` of a peer:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | marks, from the lowest bit on: two for the info-hashes that it announced under, one when it states its address, one when a download of its was counted |
//! | 6 + 8 | IPv4 address and port as on the wire, seconds since 1970 when it was vouched for last, big endian; absent when there is none |
//! | 18 + 8 | the same for IPv6 |
//!
//! The four lengths that can be - 1, 15, 27, 41 - tell what is there.
//!
//! The column `place` of an endpoint: 4 or 6, then address and port as on the wire.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::schema::stored;
use crate::protocol::{CompactV4, CompactV6, Timestamp};
use crate::store::network::Network;
pub(super) use crate::store::{Addresses, Seen};
use crate::store::{Hashes, Peer};

const MARKS: usize = 1;
const V4: usize = 6 + 8;
const V6: usize = 18 + 8;

/// Bits of the marks.
mod mark {
    pub(super) const STATED: u8 = 1 << 2;
    pub(super) const COUNTED: u8 = 1 << 3;
}

/// What the column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) addresses: Addresses,
    pub(super) hashes: Hashes,
    pub(super) is_stated: bool,
    pub(super) counted: bool,
}

impl Location {
    /// That of a peer.
    pub(super) fn of(peer: &Peer) -> Self {
        let Peer { addresses, hashes, is_stated, counted, .. } = *peer;
        Self { addresses, hashes, is_stated, counted }
    }

    /// Reads the packed form; nothing when it is not one.
    fn unpack(bytes: &[u8]) -> Option<Self> {
        let (&marks, bytes) = bytes.split_first()?;
        let mut addresses = Addresses::default();
        match bytes.len() {
            0 => {}
            V4 => addresses.v4 = Some(Seen::unpack(bytes, CompactV4)?),
            V6 => addresses.v6 = Some(Seen::unpack(bytes, CompactV6)?),
            _ => {
                let (v4, v6) = bytes.split_at_checked(V4)?;
                addresses.v4 = Some(Seen::unpack(v4, CompactV4)?);
                addresses.v6 = Some(Seen::unpack(v6, CompactV6)?);
            }
        }
        Some(Self {
            addresses,
            hashes: Hashes::from_bits(marks),
            is_stated: marks & mark::STATED != 0,
            counted: marks & mark::COUNTED != 0,
        })
    }

    fn pack(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MARKS + V4 + V6);
        let stated = if self.is_stated { mark::STATED } else { 0 };
        let counted = if self.counted { mark::COUNTED } else { 0 };
        bytes.push(self.hashes.to_bits() | stated | counted);
        if let Some(v4) = self.addresses.v4 {
            bytes.extend_from_slice(&v4.address.0);
            bytes.extend_from_slice(&stored(v4.at.0).to_be_bytes());
        }
        if let Some(v6) = self.addresses.v6 {
            bytes.extend_from_slice(&v6.address.0);
            bytes.extend_from_slice(&stored(v6.at.0).to_be_bytes());
        }
        bytes
    }
}

impl<A> Seen<A> {
    fn unpack<const N: usize>(bytes: &[u8], make: fn([u8; N]) -> A) -> Option<Self> {
        let (address, at) = bytes.split_first_chunk()?;
        let at = Timestamp(u64::from_be_bytes(at.try_into().ok()?));
        Some(Self { address: make(*address), at })
    }
}

impl FromSql for Location {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::unpack(value.as_blob()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Location {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.pack().into())
    }
}

/// An endpoint in its table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(Vec<u8>);

impl Place {
    /// Of an IPv4 endpoint.
    pub(super) fn v4(endpoint: CompactV4) -> Self {
        Self([&[4], endpoint.0.as_slice()].concat())
    }

    /// Of an IPv6 endpoint.
    pub(super) fn v6(endpoint: CompactV6) -> Self {
        Self([&[6], endpoint.0.as_slice()].concat())
    }

    /// Those of a peer.
    pub(super) fn all(addresses: Addresses) -> impl Iterator<Item = Self> {
        let (v4, v6) = addresses.endpoints();
        v4.map(Self::v4).into_iter().chain(v6.map(Self::v6))
    }

    /// The first and the last one in a network.
    pub(super) fn ends(network: Network) -> (Self, Self) {
        match network {
            Network::V4(ip) => {
                let at = |port| Self::v4(std::net::SocketAddrV4::new(ip, port).into());
                (at(0), at(u16::MAX))
            }
            Network::V6(prefix, bits) => {
                let (first, last) = Network::ends(prefix, bits);
                let at = |ip, port| Self::v6(std::net::SocketAddrV6::new(ip, port, 0, 0).into());
                (at(first, 0), at(last, u16::MAX))
            }
        }
    }
}

impl ToSql for Place {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Place {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(value.as_blob()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_comes_back_as_it_was_packed() {
        let v4 = Seen { address: CompactV4([1, 2, 3, 4, 5, 6]), at: Timestamp(7) };
        let v6 = Seen { address: CompactV6([9; 18]), at: Timestamp(1 << 62) };
        for (number, (v4, v6)) in
            (0..).zip([(None, None), (Some(v4), None), (None, Some(v6)), (Some(v4), Some(v6))])
        {
            let location = Location {
                addresses: Addresses { v4, v6 },
                hashes: Hashes::from_bits(number),
                is_stated: number % 2 == 0,
                counted: number < 2,
            };
            assert_eq!(Location::unpack(&location.pack()), Some(location));
        }
    }

    #[test]
    fn no_other_length_is_taken_for_a_location() {
        let lengths = (0..100).filter(|&length| Location::unpack(&vec![1; length]).is_some());
        assert_eq!(lengths.collect::<Vec<_>>(), [MARKS, MARKS + V4, MARKS + V6, MARKS + V4 + V6]);
    }

    #[test]
    fn the_places_of_a_network_stand_side_by_side() {
        let ip = |text: &str| text.parse::<std::net::IpAddr>().unwrap();
        // The address of the one is the beginning of the other.
        let v4 = Place::v4(CompactV4([0x20, 1, 0xd, 0xb8, 0, 80]));
        let v6 =
            Place::v6(CompactV6([0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80]));
        let (first, last) = Place::ends(Network::only(ip("32.1.13.184")));
        assert!(first <= v4 && v4 <= last && !(first <= v6 && v6 <= last));
        for (network, is_in) in [("2001:db8:1:2::9", true), ("2001:db8:1:3::", false)] {
            let (first, last) = Place::ends(Network::limited(ip(network)).next().unwrap().0);
            assert_eq!(first <= v6 && v6 <= last, is_in, "{network}");
        }
    }
}
