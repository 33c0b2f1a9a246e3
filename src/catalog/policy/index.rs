//! Indexes of a policy snapshot: at which few of very many records to look. Each look elsewhere in a large file costs a
//! responder a miss of its processor's caches, and a CGI the fault of a page.

use std::net::{Ipv4Addr, Ipv6Addr};
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
const TORRENTS_EACH: usize = 4;

/// Beginnings of bans at most: the first two bytes of addresses of IPv4.
const MOST_OF_BANS: usize = 1 << 16;

/// The index of a section of torrents; empty where they are few.
pub(super) fn of_torrents(torrents: &NewSection) -> NewSection {
    let records = torrents.bytes.chunks_exact(TORRENT_LEN);
    let beginnings = records.len().div_ceil(TORRENTS_EACH).next_power_of_two();
    let all = u32::try_from(records.len()).unwrap_or(u32::MAX);
    let is_needed = records.len() > FEW;
    let hashes = records.filter_map(|record| record.first_chunk::<HASH_LEN>());
    let index = is_needed.then(|| index_of(beginnings, (0..).zip(hashes.map(beginning_of)), all));
    NewSection::of(TORRENT_INDEX, TORRENT_INDEX_LEN, index.unwrap_or_default())
}

/// The index of a section of bans; empty where they are few. Those of IPv6, which are never very many, are before and
/// behind what it leads to.
pub(super) fn of_bans(bans: &NewSection) -> NewSection {
    let records = bans.bytes.chunks_exact(BAN_LEN);
    let beginnings = records.len().next_power_of_two().min(MOST_OF_BANS);
    let is_needed = records.len() > FEW;
    let firsts = records.filter_map(|record| record.first_chunk().copied().map(Ipv6Addr::from));
    let index = is_needed.then(|| {
        let last = Ipv4Addr::BROADCAST.to_ipv6_mapped();
        let behind = (0..).zip(firsts.clone()).find(|(_, first)| *first > last);
        let all = u32::try_from(firsts.clone().count()).unwrap_or(u32::MAX);
        let ipv4 = (0..)
            .zip(firsts)
            .filter_map(|(before, first)| Some((before, beginning_of_ipv4(first)?)));
        index_of(beginnings, ipv4, behind.map_or(all, |(before, _)| before))
    });
    NewSection::of(BAN_INDEX, BAN_INDEX_LEN, index.unwrap_or_default())
}

/// How many records stand before the first one with each of so many beginnings. Of the records are given how many
/// stand before each and its beginning, and how many stand before what follows them.
fn index_of(beginnings: usize, records: impl Iterator<Item = (u32, u64)>, behind: u32) -> Vec<u8> {
    let mut index: Vec<u32> = Vec::with_capacity(beginnings);
    for (before, first) in records {
        let so_far = beginning_among(beginnings, first) + 1;
        index.resize(index.len().max(so_far), before);
    }
    index.resize(beginnings, behind);
    index.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Has the processor fetch what tells where a torrent must stand.
pub(super) fn prefetch(index: Records<'_>, info_hash: InfoHash) {
    let beginnings = index.len();
    if beginnings.is_power_of_two() {
        let beginning = beginning_among(beginnings, beginning_of(&info_hash.0));
        index.prefetch(&(beginning..beginning + 1));
    }
}

/// Between which places a torrent must stand; anywhere, where there is no index.
pub(super) fn places_of(index: Records<'_>, info_hash: InfoHash) -> Range<usize> {
    places_from(index, beginning_of(&info_hash.0))
}

/// Between which places the last ban must stand that begins at an address or before, and the one behind it.
pub(super) fn bans_around(index: Records<'_>, address: Ipv6Addr) -> Range<usize> {
    beginning_of_ipv4(address).map_or(EVERYWHERE, |first| places_from(index, first))
}

fn places_from(index: Records<'_>, first: u64) -> Range<usize> {
    let beginnings = index.len();
    let start_of = |beginning: usize| {
        let start = index.get(beginning)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*start)).ok()
    };
    if !beginnings.is_power_of_two() {
        return EVERYWHERE;
    }
    let beginning = beginning_among(beginnings, first);
    start_of(beginning).unwrap_or(0)..start_of(beginning + 1).unwrap_or(usize::MAX)
}

/// The first bytes of an address, as a number, if it is one of IPv4.
fn beginning_of_ipv4(address: Ipv6Addr) -> Option<u64> {
    Some(u64::from(u32::from(address.to_ipv4_mapped()?)) << 32)
}

/// Which of so many beginnings, a power of two, one has whose first bytes are this number.
fn beginning_among(beginnings: usize, first: u64) -> usize {
    let part = (u128::from(first) * beginnings as u128) >> u64::BITS;
    usize::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
        let many = TORRENTS_EACH * 2048;
        for (count, beginnings) in [(many, 2048), (many + 1, 4096)] {
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
        fn the_ban_before_an_address_stands_where_the_index_says(
            ipv4 in (any::<u64>(), FEW..FEW + 1000, 0..20_u32), ipv6 in proptest::collection::vec(any::<u128>(), 1..40),
            others: [u32; 8],
        ) {
            let (seed, count, shift) = ipv4;
            let ipv4 = (0..count as u64).map(|number| {
                let mixed = (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 >> shift;
                Ipv4Addr::from(mixed as u32).to_ipv6_mapped()
            });
            // Some of IPv6 are less than all of IPv4.
            let ipv6 = ipv6.iter().map(|bits| Ipv6Addr::from(bits >> (bits % 127)));
            let all: BTreeSet<Ipv6Addr> = ipv4.chain(ipv6).collect();
            let keys: Vec<Vec<u8>> = all.iter().map(|address| address.octets().to_vec()).collect();
            let section = section(BANS, BAN_LEN, &keys);
            let index = of_bans(&section);
            let (bans, index) = (records(&section, BAN_LEN), records(&index, BAN_INDEX_LEN));
            prop_assert_eq!(index.is_empty(), keys.len() <= FEW);
            let others = others.map(|other| Ipv4Addr::from(other >> shift).to_ipv6_mapped());
            let ends = [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST].map(|end| end.to_ipv6_mapped());
            let corners = [Ipv6Addr::UNSPECIFIED, Ipv6Addr::from(u128::MAX)];
            for address in all.iter().copied().chain(others).chain(ends).chain(corners) {
                let key = address.octets();
                let expected = keys.partition_point(|first| first.as_slice() <= key.as_slice());
                prop_assert_eq!(bans.up_to(&key, &bans_around(index, address)), expected, "{}", address);
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
        assert_eq!(bans_around(Records::none(), Ipv4Addr::LOCALHOST.to_ipv6_mapped()), EVERYWHERE);
    }
}
