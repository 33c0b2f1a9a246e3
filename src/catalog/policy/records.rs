//! Records of one length in a policy snapshot, and how one of them is found.

use std::cmp::Ordering;

use super::format::{HASH_LEN, RecordsAt};
use crate::protocol::InfoHash;

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

    /// Where the record of an info-hash stands.
    pub(super) fn position_of(self, info_hash: InfoHash) -> Option<usize> {
        let (mut start, mut end) = (0, self.bytes.len() / self.record_len);
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
