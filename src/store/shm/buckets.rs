//! The token buckets in the file: words that all processes change without a lock, each whole.

use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;

use super::file::StoreFile;
use super::layout::PAGE;
use super::trouble::Trouble;
use crate::protocol::{Seconds, Timestamp};
use crate::store::buckets::{Bucket, PLACES, Set, Token};
use crate::store::{Allowance, AnnounceLimit, PeerAnnounce, Purpose};

/// How often others may change the same word first; after that nobody is held back.
const TRIES: u32 = 8;

impl StoreFile {
    /// Takes a token from the bucket of an address; where there is none, says when there is.
    pub(super) fn take_token(
        &self,
        purpose: Purpose,
        address: IpAddr,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Seconds>, Trouble> {
        let geometry = self.geometry;
        let bucket = Bucket::of(geometry.secret[0], purpose, address);
        let set = bucket.set(geometry.bucket_pages() as usize * PAGE / PLACES);
        let words = self.memory.words(geometry.buckets() + set * PLACES, PLACES)?;
        for _ in 0..TRIES {
            let mut set: Set = [0; PLACES];
            set.iter_mut().zip(words).for_each(|(seen, word)| *seen = word.load(Relaxed));
            match bucket.take(&set, allowance, now) {
                Token::None(wait) => return Ok(Some(wait)),
                Token::Taken { place, word } => {
                    let put = words[place].compare_exchange(set[place], word, Relaxed, Relaxed);
                    if put.is_ok() {
                        break;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether an announce comes before its network may send one more that counts.
    #[cold]
    pub(super) fn is_too_early(
        &self,
        limit: &AnnounceLimit,
        announce: &PeerAnnounce,
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        let Some(address) = limit.concerns(announce) else { return Ok(false) };
        let wait = self.take_token(Purpose::Announce, address, limit.allowance, now)?;
        Ok(wait.is_some())
    }
}
