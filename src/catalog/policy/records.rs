//! Records of one length in a policy snapshot, and how one of them is found.

use std::cmp::Ordering;

use super::format::{HASH_LEN, RecordsAt};
use crate::protocol::InfoHash;

/// Records among which the one in the middle is as good a guess as any.
const FEW: usize = 32;

/// Guesses at most: of info-hashes that somebody chose, they may all be bad.
const MOST_GUESSES: u32 = 6;

/// The first eight bytes of an info-hash, as a number.
fn beginning_of(info_hash: &[u8; HASH_LEN]) -> u64 {
    info_hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
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
    pub(super) fn get(self, position: usize) -> Option<&'a [u8]> {
        let start = position.checked_mul(self.record_len)?;
        self.bytes.get(start..)?.get(..self.record_len)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.record_len)
    }

    /// How many of these, which are so and then are not, are so.
    pub(super) fn partition_point(self, is_so: impl Fn(&[u8]) -> bool) -> usize {
        let (mut start, mut end) = (0, self.bytes.len() / self.record_len);
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

    /// Between which places the record of an info-hash must stand. Info-hashes are spread evenly, so that a guess or
    /// two come close, and few pages of very many are touched. Whatever the records are, the answer is right.
    fn neighbourhood(self, info_hash: InfoHash) -> (usize, usize) {
        let (mut start, mut end) = (0, self.bytes.len() / self.record_len);
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
            match found.cmp(&info_hash.0) {
                Ordering::Less => (start, lowest) = (guess + 1, beginning_of(found)),
                Ordering::Equal => return (guess, guess + 1),
                Ordering::Greater => (end, highest) = (guess, beginning_of(found)),
            }
        }
        (start, end)
    }

    /// Where the record of an info-hash stands.
    pub(super) fn position_of(self, info_hash: InfoHash) -> Option<usize> {
        let (mut start, mut end) = self.neighbourhood(info_hash);
        while start < end {
            let middle = start + (end - start) / 2;
            match self.get(middle)?.first_chunk::<HASH_LEN>()?.cmp(&info_hash.0) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => end = middle,
            }
        }
        None
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
                prop_assert_eq!(records.position_of(InfoHash(*hash)), Some(place));
            }
            let expected = hashes.iter().position(|hash| *hash == other);
            prop_assert_eq!(records.position_of(InfoHash(other)), expected);
        }
    }
}
