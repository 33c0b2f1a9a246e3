//! Indexes of a policy snapshot: at which few of very many records to look. Each look elsewhere in a large file costs a
//! responder a miss of its processor's caches, and a CGI the fault of a page.

use std::ops::Range;

use super::format::{
    BAN_INDEX, BAN_INDEX_LEN, BAN_LEN, HASH_LEN, NewSection, TORRENT_INDEX, TORRENT_INDEX_LEN,
    TORRENT_LEN,
};
use super::records::{EVERYWHERE, Records, beginning_of};
use crate::protocol::InfoHash;

/// So many records are found as fast without an index.
const FEW: usize = 4096;

/// Torrents with the same beginning, on average at most.
const TORRENTS_EACH: usize = 8;

/// Of so many bans the index names the first.
const BANS_EACH: usize = 64;

/// The index of a section of torrents; empty where they are few.
pub(super) fn of_torrents(torrents: &NewSection) -> NewSection {
    let records = torrents.bytes.chunks_exact(TORRENT_LEN);
    let mut index = Vec::new();
    if records.len() > FEW {
        let beginnings = records.len().div_ceil(TORRENTS_EACH).next_power_of_two();
        let hashes = records.filter_map(|record| record.first_chunk::<HASH_LEN>());
        for (before, hash) in (0_u32..).zip(hashes) {
            let beginning = beginning_among(beginnings, beginning_of(hash));
            while index.len() / TORRENT_INDEX_LEN <= beginning {
                index.extend(before.to_le_bytes());
            }
        }
        let all = u32::try_from(torrents.bytes.len() / TORRENT_LEN).unwrap_or(u32::MAX);
        while index.len() / TORRENT_INDEX_LEN < beginnings {
            index.extend(all.to_le_bytes());
        }
    }
    NewSection::of(TORRENT_INDEX, TORRENT_INDEX_LEN, index)
}

/// The index of a section of bans; empty where they are few.
pub(super) fn of_bans(bans: &NewSection) -> NewSection {
    let records = bans.bytes.chunks_exact(BAN_LEN);
    let is_needed = records.len() > FEW;
    let firsts = records.step_by(BANS_EACH).filter(|_| is_needed);
    let index = firsts.filter_map(|record| record.first_chunk::<BAN_INDEX_LEN>()).flatten();
    NewSection::of(BAN_INDEX, BAN_INDEX_LEN, index.copied().collect())
}

/// Between which places a torrent must stand; anywhere, where there is no index.
pub(super) fn places_of(index: Records<'_>, info_hash: InfoHash) -> Range<usize> {
    let beginnings = index.len();
    let start_of = |beginning: usize| {
        let start = index.get(beginning)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*start)).ok()
    };
    if !beginnings.is_power_of_two() {
        return EVERYWHERE;
    }
    let beginning = beginning_among(beginnings, beginning_of(&info_hash.0));
    start_of(beginning).unwrap_or(0)..start_of(beginning + 1).unwrap_or(usize::MAX)
}

/// Between which places the last ban must stand that begins at an address or before.
pub(super) fn bans_around(index: Records<'_>, address: &[u8; 16]) -> Range<usize> {
    if index.is_empty() {
        return EVERYWHERE;
    }
    let end = index.up_to(address, &EVERYWHERE).saturating_mul(BANS_EACH);
    end.saturating_sub(BANS_EACH)..end
}

/// Which of so many beginnings, a power of two, a hash has whose first bytes are this number.
fn beginning_among(beginnings: usize, first: u64) -> usize {
    let part = (u128::from(first) * beginnings as u128) >> u64::BITS;
    usize::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::format::{BANS, RecordsAt, TORRENTS};
    use super::*;

    /// Records that begin so, as long as those of a section.
    fn section(id: u32, len: usize, beginnings: &[Vec<u8>]) -> NewSection {
        let mut bytes = Vec::new();
        for beginning in beginnings {
            bytes.extend(beginning);
            bytes.resize(bytes.len() + len - beginning.len(), 0);
        }
        NewSection::of(id, len, bytes)
    }

    fn records(section: &NewSection, record_len: usize) -> Records<'_> {
        Records::of(&section.bytes, &RecordsAt { bytes: 0..section.bytes.len(), record_len })
    }

    /// So many keys, of which some are alike in their first bytes.
    fn keys(len: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
        (any::<u64>(), FEW + 1..FEW + 3000, 0..4_u32).prop_map(move |(seed, count, shift)| {
            let mut keys: Vec<Vec<u8>> = (0..count as u64)
                .map(|number| {
                    let mixed = (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    let mut key = vec![0; len];
                    let (first, rest) = key.split_at_mut(8);
                    first.copy_from_slice(&(mixed >> (shift * 16)).to_be_bytes());
                    rest.first_chunk_mut::<8>().unwrap().copy_from_slice(&number.to_be_bytes());
                    key
                })
                .collect();
            keys.sort_unstable();
            keys
        })
    }

    #[test]
    fn one_torrent_more_than_beginnings_hold_doubles_them() {
        for (count, beginnings) in [(8 * 1024, 1024), (8 * 1024 + 1, 2048)] {
            let section = NewSection::of(TORRENTS, TORRENT_LEN, vec![0; count * TORRENT_LEN]);
            assert_eq!(
                of_torrents(&section).bytes.len(),
                beginnings * TORRENT_INDEX_LEN,
                "{count} torrents"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_torrent_stands_where_the_index_says(keys in keys(HASH_LEN)) {
            let section = section(TORRENTS, TORRENT_LEN, &keys);
            let index = of_torrents(&section);
            let (torrents, index) = (records(&section, TORRENT_LEN), records(&index, TORRENT_INDEX_LEN));
            prop_assert!(index.len() * TORRENTS_EACH >= keys.len());
            for (place, key) in keys.iter().enumerate() {
                let hash = InfoHash(key.as_slice().try_into().unwrap());
                let places = places_of(index, hash);
                prop_assert!(places.contains(&place));
                prop_assert_eq!(torrents.position_of(hash, places), Some(place));
            }
        }

        #[test]
        fn the_ban_before_an_address_stands_where_the_index_says(keys in keys(16), other: [u8; 16]) {
            let section = section(BANS, BAN_LEN, &keys);
            let index = of_bans(&section);
            let (bans, index) = (records(&section, BAN_LEN), records(&index, BAN_INDEX_LEN));
            prop_assert_eq!(index.len(), keys.len().div_ceil(BANS_EACH));
            let asked = keys.iter().map(|key| key.as_slice().try_into().unwrap()).chain([other, [0; 16], [0xff; 16]]);
            for address in asked {
                let expected = keys.partition_point(|key| key.as_slice() <= address.as_slice());
                prop_assert_eq!(bans.up_to(&address, &bans_around(index, &address)), expected);
            }
        }
    }

    #[test]
    fn few_records_have_no_index() {
        let few: Vec<Vec<u8>> =
            (0..FEW as u64).map(|number| [number.to_be_bytes(); 3].concat()).collect();
        let hashes: Vec<Vec<u8>> = few.iter().map(|key| key[..HASH_LEN].to_vec()).collect();
        assert!(of_torrents(&section(TORRENTS, TORRENT_LEN, &hashes)).bytes.is_empty());
        assert!(of_bans(&section(BANS, BAN_LEN, &hashes)).bytes.is_empty());
        assert_eq!(places_of(Records::none(), InfoHash([7; 20])), EVERYWHERE);
        assert_eq!(bans_around(Records::none(), &[7; 16]), EVERYWHERE);
    }
}
