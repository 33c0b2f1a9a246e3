//! For the fuzz target: a small store that is the same each time, and garbage that is opened.

use std::fs::OpenOptions;
use std::ops::Range;

use super::layout::{PAGE, PAGE_BYTES, WORD_BYTES, header, shard};
use super::{ShmOptions, ShmStore, file, making};
use crate::platform::random::scramble;
use crate::store::{Generation, StoreError, files};

/// Makes an empty store of one shard, whose hashes are keyed with the same secret each time. All
/// stores that this thread makes from now on have one shard.
///
/// # Errors
/// When it cannot be made.
pub fn make(options: &ShmOptions) -> Result<ShmStore, StoreError> {
    making::FEWER_SHARDS.set(Some(1));
    let failed = |source| files::failure("make", &options.file.path, source);
    let mut how = OpenOptions::new();
    let file =
        how.read(true).write(true).create_new(true).open(&options.file.path).map_err(failed)?;
    file::fill(file, options, 1, Generation(1), [1, 2]).map_err(failed)?;
    ShmStore::open(options)
}

/// Gives a file the header that has it opened; only what a header may choose stays. A file that is too short for a
/// store of one shard stays as it is.
pub fn mend_header(bytes: &mut [u8], valid: &[u8]) {
    if bytes.len() < 2 * PAGE_BYTES {
        return;
    }
    let (words, valid) = (bytes.as_chunks_mut::<WORD_BYTES>().0, valid.as_chunks::<WORD_BYTES>().0);
    let chosen = header::SECRET..header::CHECKSUM;
    for word in (0..header::CHECKSUM).filter(|word| !chosen.contains(word)) {
        words[word] = valid[word];
    }
    let before = words[..header::CHECKSUM].iter().map(|&word| u64::from_ne_bytes(word));
    words[header::CHECKSUM] = before.fold(0, |sum, word| scramble(sum ^ word)).to_ne_bytes();
}

/// The words of the mutex; a wrong one has each call wait.
pub const MUTEX: Range<usize> = PAGE + shard::MUTEX..PAGE + shard::MUTEX + shard::MUTEX_WORDS;
