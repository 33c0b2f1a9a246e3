//! A peer's record. Its key word, from the lowest byte on: IPv4 address and port as on the wire, the
//! marks below, eight bits of its hash. Words of its row:
//!
//! | word | low half | high half |
//! |---|---|---|
//! | 0 | last seen, seconds since 1970 | first seen |
//! | 1, 2 | the first 16 bytes of the peer id | |
//! | 3 | the last 4 bytes of the peer id | what proves that an announce is its own |
//! | 4 | left; all ones: not known | |
//! | 5, 6 | uploaded, downloaded | |
//! | 7, 8 | IPv6 address; only in wide rows | |
//! | 9 | IPv6 port (2 bytes), then how many seconds before the last announce the IPv4 and the IPv6 address were vouched for (3 bytes each) | |
//!
//! A peer with nothing but an IPv4 address that its last announce vouched for needs no wide row.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::layout::{NARROW, WIDE, low_half};
use super::trouble::Trouble;
use crate::protocol::{CompactV4, CompactV6, PeerId, Timestamp};
use crate::store::identity::words_of;
use crate::store::{Addresses, Hashes, Peer, Proof, Role, Seen, Under};

/// A `left` that is not known.
const UNKNOWN: u64 = u64::MAX;

/// Seconds after which nobody vouches for an address any more, whatever the configuration.
const OLDEST_AGE: u64 = (1 << 24) - 1;

/// Marks in the seventh byte of a key.
mod mark {
    pub(super) const ROLE: u8 = 0b11;
    pub(super) const COUNTED: u8 = 1 << 2;
    pub(super) const V4: u8 = 1 << 3;
    pub(super) const V6: u8 = 1 << 4;
    /// Two bits for the info-hashes that it announced under.
    pub(super) const HASHES: u32 = 5;
    /// It states an address that it was not seen at.
    pub(super) const STATED: u8 = 1 << 7;
}

/// A record's words.
pub(super) struct Words {
    pub(super) key: u64,
    row: [u64; WIDE as usize],
    pub(super) width: u32,
}

impl Words {
    /// The words of the row.
    pub(super) fn row(&self) -> &[u64] {
        self.filled(self.width)
    }

    /// The words of the row and as many zeros as a wider one has.
    pub(super) fn filled(&self, width: u32) -> &[u64] {
        &self.row[..width.min(WIDE) as usize]
    }
}

/// The words that hold a peer.
pub(super) fn pack(peer: &Peer, hash: u64) -> Words {
    let Addresses { v4, v6 } = peer.addresses;
    let last_seen = instant(peer.last_seen);
    let v4_bytes = v4.map_or([0; 6], |v4| v4.address.0);
    let mut marks = role_number(peer.role) | peer.hashes.to_bits() << mark::HASHES;
    for (is_set, mark) in [
        (peer.counted, mark::COUNTED),
        (v4.is_some(), mark::V4),
        (v6.is_some(), mark::V6),
        (peer.is_stated, mark::STATED),
    ] {
        marks |= if is_set { mark } else { 0 };
    }
    let [a, b, c, d, e, f] = v4_bytes;
    let key = u64::from_le_bytes([a, b, c, d, e, f, marks, tag(hash)]);
    let mut row = [0; WIDE as usize];
    row[0] = u64::from(last_seen) | u64::from(instant(peer.first_seen)) << 32;
    row[1..4].copy_from_slice(&peer.identity().words());
    row[4] = peer.left.map_or(UNKNOWN, kept_left);
    row[5] = peer.uploaded;
    row[6] = peer.downloaded;
    let age = |at: Option<Timestamp>| {
        at.map_or(0, |at| u64::from(last_seen.saturating_sub(instant(at))).min(OLDEST_AGE))
    };
    let ages = [age(v4.map(|v4| v4.at)), age(v6.map(|v6| v6.at))];
    let is_wide = v6.is_some() || ages[0] != 0;
    if is_wide {
        let [high, low, port] = v6.map_or([0; 3], |v6| v6_words(v6.address));
        row[7] = high;
        row[8] = low;
        row[9] = port | ages[0] << 16 | ages[1] << 40;
    }
    Words { key, row, width: if is_wide { WIDE } else { NARROW } }
}

/// Reads the words of a slot.
pub(super) fn unpack(key: u64, row: &[AtomicU64]) -> Result<Peer, Trouble> {
    let mut words = [0; WIDE as usize];
    for (word, from) in words.iter_mut().zip(row) {
        *word = from.load(Relaxed);
    }
    let [seen, first, second, third, left, uploaded, downloaded, ..] = words;
    let marks = marks_of(key);
    let last_seen = low_half(seen);
    Ok(Peer {
        peer_id: PeerId(bytes_of([first, second, third])),
        proof: Proof::from_bits(low_half(third >> 32)),
        addresses: addresses_of(key, [words[7], words[8], words[9]], last_seen),
        is_stated: is_stated(key),
        hashes: Hashes::from_bits(marks >> mark::HASHES),
        role: role_of(marks)?,
        counted: marks & mark::COUNTED != 0,
        left: (left != UNKNOWN).then_some(left),
        uploaded,
        downloaded,
        first_seen: Timestamp(seen >> 32),
        last_seen: Timestamp(last_seen.into()),
    })
}

/// The addresses that a slot holds; a narrow row has zeros for the last words.
pub(super) fn addresses_of(key: u64, [high, low, rest]: [u64; 3], last_seen: u32) -> Addresses {
    let marks = marks_of(key);
    let at = |age: u64| Timestamp(u64::from(last_seen).saturating_sub(age));
    let v4 = Seen { address: v4_in(key), at: at(rest >> 16 & OLDEST_AGE) };
    let v6 = Seen { address: v6_of(high, low, rest), at: at(rest >> 40 & OLDEST_AGE) };
    Addresses {
        v4: (marks & mark::V4 != 0).then_some(v4),
        v6: (marks & mark::V6 != 0).then_some(v6),
    }
}

/// The IPv4 address that a key holds; all zeros where it has none.
pub(super) fn v4_in(key: u64) -> CompactV4 {
    let [v4 @ .., _, _] = key.to_le_bytes();
    CompactV4(v4)
}

/// Which marks of a key say whether its peer is told of by its IPv4 address, without further thought, to
/// who asks under an info-hash; and what they must be.
pub(super) fn told_by_v4(under: Under) -> (u64, u64) {
    let needed = u64::from(mark::V4 | Hashes::only(under).to_bits() << mark::HASHES) << 48;
    (needed | u64::from(mark::STATED) << 48, needed)
}

/// The IPv4 address and port in a key, which are its lowest bits.
pub(super) const ENDPOINT: u64 = (1 << 48) - 1;
/// The port alone.
pub(super) const PORT: u64 = 0xffff << 32;

/// An IPv4 endpoint as the lowest bits of a key.
pub(super) fn endpoint_bits(CompactV4([a, b, c, d, e, f]): CompactV4) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}

/// Whether a peer announced under an info-hash.
pub(super) fn is_under(key: u64, under: Under) -> bool {
    Hashes::from_bits(marks_of(key) >> mark::HASHES).contain(under)
}

/// Whether a peer states an address that it was not seen at.
pub(super) fn is_stated(key: u64) -> bool {
    marks_of(key) & mark::STATED != 0
}

/// When a peer was seen last, by the first word of its row.
pub(super) fn last_seen_in(first: u64) -> u32 {
    low_half(first)
}

/// An instant as a row holds it.
pub(super) fn instant(at: Timestamp) -> u32 {
    u32::try_from(at.0).unwrap_or(u32::MAX)
}

/// What is kept of the bytes that a client lacks.
pub(super) fn kept_left(left: u64) -> u64 {
    left.min(UNKNOWN - 1)
}

/// The bits of a hash that a key holds; a table's order is made of those at the other end.
pub(super) fn tag(hash: u64) -> u8 {
    hash.to_le_bytes()[0]
}

/// Whether a slot's key may be that of a peer with this hash.
pub(super) fn may_be(key: u64, hash: u64) -> bool {
    key.to_le_bytes()[7] == tag(hash)
}

fn marks_of(key: u64) -> u8 {
    key.to_le_bytes()[6]
}

fn role_number(role: Role) -> u8 {
    match role {
        Role::Leecher => 0,
        Role::PartialSeed => 1,
        Role::Seeder => 2,
    }
}

fn role_of(marks: u8) -> Result<Role, Trouble> {
    match marks & mark::ROLE {
        0 => Ok(Role::Leecher),
        1 => Ok(Role::PartialSeed),
        2 => Ok(Role::Seeder),
        _ => Err(Trouble::Broken("a peer has no role")),
    }
}

/// The bytes that `words_of` made three words of.
pub(super) fn bytes_of(words: [u64; 3]) -> [u8; 20] {
    let mut bytes = [0; 20];
    for (bytes, word) in bytes.chunks_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
    }
    bytes
}

/// IPv6 address and port, as three words of which the last has two bytes.
fn v6_words(address: CompactV6) -> [u64; 3] {
    let mut bytes = [0; 20];
    bytes[..18].copy_from_slice(&address.0);
    words_of(bytes)
}

fn v6_of(high: u64, low: u64, rest: u64) -> CompactV6 {
    let mut address = [0; 18];
    address.copy_from_slice(&bytes_of([high, low, rest])[..18]);
    CompactV6(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hash;
    use super::super::shard::Geometry;
    use super::*;

    prop_compose! {
        fn any_peer()(
            id in any::<[u8; 20]>(),
            v4 in prop::option::of((any::<[u8; 6]>(), 0..1000_u32)),
            v6 in prop::option::of((any::<[u8; 18]>(), 0..1000_u32)),
            role in prop::sample::select(vec![Role::Leecher, Role::PartialSeed, Role::Seeder]),
            flags in (any::<bool>(), any::<bool>()),
            hashes in 1..4_u8,
            proof in any::<u32>(),
            left in prop::option::of(0..u64::MAX),
            moved in any::<(u64, u64)>(),
            seen in (1000..=u32::MAX, any::<u32>()),
        ) -> Peer {
            let last_seen = Timestamp(seen.0.into());
            let at = |age: u32| Timestamp(u64::from(seen.0 - age));
            let v4 = v4.map(|(bytes, age)| Seen { address: CompactV4(bytes), at: at(age) });
            let v6 = v6.map(|(bytes, age)| Seen { address: CompactV6(bytes), at: at(age) });
            Peer {
                peer_id: PeerId(id),
                proof: Proof::from_bits(proof),
                addresses: Addresses { v4, v6 },
                is_stated: flags.1,
                hashes: Hashes::from_bits(hashes),
                role,
                counted: flags.0,
                left,
                uploaded: moved.0,
                downloaded: moved.1,
                first_seen: Timestamp(seen.1.into()),
                last_seen,
            }
        }
    }

    proptest! {
        #[test]
        fn a_peer_comes_back_as_it_was_packed(peer in any_peer(), hash in any::<u64>()) {
            let words = pack(&peer, hash);
            prop_assert!(may_be(words.key, hash));
            let row: Vec<AtomicU64> = words.row().iter().map(|&word| AtomicU64::new(word)).collect();
            prop_assert_eq!(unpack(words.key, &row).unwrap(), peer);
            let geometry = Geometry { shards: 1, max_pages: 1, secret: [1, 2] };
            prop_assert_eq!(hash::of_peer(geometry, peer.identity()), hash::of_peer_row(geometry, &row));
        }
    }
}
