//! By which hashes swarms and peers are found: keyed with a secret of the file, and the same from a record as from
//! what it is looked up by.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::layout::low_half;
use super::shard::Geometry;
use crate::platform::random::scramble;
use crate::protocol::InfoHash;
use crate::store::identity::{Identity, words_of};

/// The hash of a swarm. Its highest bits name the shard.
pub(super) fn of_swarm(geometry: Geometry, info_hash: InfoHash) -> u64 {
    keyed(geometry, words_of(info_hash.0))
}

/// The shard of the swarms with a hash.
pub(super) fn shard_of(geometry: Geometry, hash: u64) -> u32 {
    // Twice, as a shift by all 64 bits is none.
    low_half(hash >> 1 >> (63 - geometry.shard_bits()))
}

/// The hash by which a shard's table is ordered.
pub(super) fn order(geometry: Geometry, hash: u64) -> u64 {
    hash << geometry.shard_bits()
}

/// The same of the swarm in a row.
pub(super) fn of_swarm_row(geometry: Geometry, key: u64, row: &[AtomicU64]) -> u64 {
    order(geometry, keyed(geometry, [key, word(row, 0), low_half(word(row, 1)).into()]))
}

/// The hash of a peer, by which its table is ordered.
pub(super) fn of_peer(geometry: Geometry, identity: Identity) -> u64 {
    keyed(geometry, identity.words())
}

/// The same of the peer in a row.
pub(super) fn of_peer_row(geometry: Geometry, row: &[AtomicU64]) -> u64 {
    keyed(geometry, [word(row, 1), word(row, 2), word(row, 3)])
}

/// A hash that nobody can aim without the file's secret.
pub(super) fn keyed(geometry: Geometry, words: [u64; 3]) -> u64 {
    let [first, second] = geometry.secret;
    let hash = words.into_iter().fold(first, |hash, word| scramble(hash ^ word));
    scramble(hash ^ second)
}

fn word(row: &[AtomicU64], place: usize) -> u64 {
    row.get(place).map_or(0, |word| word.load(Relaxed))
}
