//! Records of one length in a policy snapshot, and how one of them is found.

use std::cmp::Ordering;
use std::ops::Range;

use super::format::{HASH_LEN, RecordsAt};
use crate::platform::prefetch::prefetch;
use crate::protocol::InfoHash;

/// Records among which the one in the middle is as good a guess as any.
const FEW: usize = 32;

/// The range of records of which nothing more is known.
pub(super) const EVERYWHERE: Range<usize> = 0..usize::MAX;

/// Records that are looked at one after the other: they lie together, and a processor fetches them ahead.
const NEIGHBOURS: usize = 8;

/// Guesses at most: of info-hashes that somebody chose, they may all be bad.
const MOST_GUESSES: u32 = 6;

/// The first eight bytes of an info-hash, as a number.
pub(super) fn beginning_of(info_hash: &[u8; HASH_LEN]) -> u64 {
    info_hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// How two info-hashes compare; nearly always by their first bytes.
fn compare(found: &[u8; HASH_LEN], wanted: &[u8; HASH_LEN]) -> Ordering {
    beginning_of(found).cmp(&beginning_of(wanted)).then_with(|| found.cmp(wanted))
}

/// The place that is as far into so many as `part` into `whole`.
fn share(places: usize, part: u64, whole: u64) -> usize {
    let place = (places as u128 * u128::from(part)).checked_div(whole.into()).unwrap_or(0);
    usize::try_from(place).unwrap_or(0).min(places)
}

/// Records of one length, sorted by what each begins with.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    /// Not 0.
    record_len: usize,
}

impl<'a> Records<'a> {
    /// Those at a place in a file.
    pub(super) fn of(file: &'a [u8], at: &RecordsAt) -> Self {
        Self { bytes: file.get(at.bytes.clone()).unwrap_or_default(), record_len: at.record_len }
    }

    pub(super) fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(self) -> usize {
        self.bytes.len() / self.record_len
    }

    pub(super) fn get(self, position: usize) -> Option<&'a [u8]> {
        let start = position.checked_mul(self.record_len)?;
        self.bytes.get(start..)?.get(..self.record_len)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.record_len)
    }

    /// How many of these, which are so and then are not, are so.
    pub(super) fn partition_point(self, is_so: impl Fn(&[u8]) -> bool) -> usize {
        self.partition_point_within(&EVERYWHERE, is_so)
    }

    /// The same, where that is known to lie within a range.
    fn partition_point_within(self, places: &Range<usize>, is_so: impl Fn(&[u8]) -> bool) -> usize {
        let mut end = places.end.min(self.len());
        let mut start = places.start.min(end);
        while start < end {
            let middle = start + (end - start) / 2;
            if self.get(middle).is_some_and(&is_so) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }

    /// How many records begin with these bytes or with less; known to lie within a range.
    pub(super) fn up_to<const N: usize>(self, key: &[u8; N], places: &Range<usize>) -> usize {
        let number = |bytes: &[u8; N]| bytes.first_chunk().map_or(0, |it| u128::from_be_bytes(*it));
        let wanted = number(key);
        self.partition_point_within(places, |record| {
            record.first_chunk::<N>().is_some_and(|found| {
                number(found).cmp(&wanted).then_with(|| found.cmp(key)) != Ordering::Greater
            })
        })
    }

    /// Between which places within a range the record of an info-hash must stand. Info-hashes are spread evenly, so that a
    /// guess or two come close, and few pages of very many are touched. Whatever the records are, the answer is right.
    fn neighbourhood(self, info_hash: InfoHash, places: &Range<usize>) -> (usize, usize) {
        let mut end = places.end.min(self.len());
        let mut start = places.start.min(end);
        let (mut lowest, mut highest) = (0, u64::MAX);
        let key = beginning_of(&info_hash.0);
        for _ in 0..MOST_GUESSES {
            if end - start <= FEW || !(lowest..=highest).contains(&key) {
                break;
            }
            let guess = start + share(end - start - 1, key - lowest, highest - lowest);
            let Some(found) = self.get(guess).and_then(|record| record.first_chunk()) else {
                break;
            };
            match compare(found, &info_hash.0) {
                Ordering::Less => (start, lowest) = (guess + 1, beginning_of(found)),
                Ordering::Equal => return (guess, guess + 1),
                Ordering::Greater => (end, highest) = (guess, beginning_of(found)),
            }
        }
        (start, end)
    }

    /// Has the processor fetch what stands within a range, if that is little.
    pub(super) fn prefetch(self, places: &Range<usize>) {
        let is_little = places.end.saturating_sub(places.start) <= FEW;
        let start = places.start.saturating_mul(self.record_len);
        let end = places.end.saturating_mul(self.record_len).min(self.bytes.len());
        if let Some(records) = self.bytes.get(start..end).filter(|_| is_little) {
            prefetch(records);
        }
    }

    /// Where the record of an info-hash stands, which is known to lie within a range.
    pub(super) fn position_of(self, info_hash: InfoHash, places: Range<usize>) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let (mut start, mut end) = self.neighbourhood(info_hash, &places);
        let hash_at = |place| self.get(place)?.first_chunk::<HASH_LEN>();
        while end - start > NEIGHBOURS {
            let middle = start + (end - start) / 2;
            match compare(hash_at(middle)?, &info_hash.0) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => end = middle,
            }
        }
        (start..end).find(|&place| {
            hash_at(place).is_some_and(|found| compare(found, &info_hash.0) == Ordering::Equal)
        })
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { bytes: &[], record_len: 1 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_record_is_found_and_no_other_wherever_they_are(
            hashes in proptest::collection::btree_set(
                prop_oneof![
                    any::<[u8; 20]>(),
                    // All in one place.
                    any::<u8>().prop_map(|last| { let mut hash = [7; 20]; hash[19] = last; hash }),
                    any::<u8>().prop_map(|first| { let mut hash = [0; 20]; hash[7] = first; hash }),
                ],
                0..300,
            ),
            other: [u8; 20],
        ) {
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.iter().copied().chain([1, 2])).collect();
            let records = Records { bytes: &bytes, record_len: 22 };
            for (place, hash) in hashes.iter().enumerate() {
                prop_assert_eq!(records.position_of(InfoHash(*hash), EVERYWHERE), Some(place));
            }
            let expected = hashes.iter().position(|hash| *hash == other);
            prop_assert_eq!(records.position_of(InfoHash(other), EVERYWHERE), expected);
        }
    }
}
