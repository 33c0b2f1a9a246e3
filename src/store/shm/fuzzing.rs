//! For the fuzz target: a small store that is the same each time, and garbage that is opened.

use std::fs::OpenOptions;

use super::layout::{PAGE, header, shard};
use super::{ShmOptions, ShmStore, file, making};
use crate::platform::random::scramble;
use crate::store::{Generation, StoreError, files};

/// Words that a store of one shard cannot do without.
pub const LEAST_WORDS: usize = 2 * PAGE;

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

/// Gives a file's words the header that has it opened; only what a header may choose stays.
pub fn mend_header(words: &mut [u64], valid: &[u64]) {
    let chosen = header::SECRET..header::CHECKSUM;
    for word in (0..=header::CHECKSUM).filter(|word| !chosen.contains(word)) {
        words[word] = valid[word];
    }
    let sum = words[..header::CHECKSUM].iter().fold(0, |sum, &word| scramble(sum ^ word));
    words[header::CHECKSUM] = sum;
}

/// Whether a word is of the mutex; a wrong one has each call wait.
#[must_use]
pub fn is_mutex(word: usize) -> bool {
    (PAGE + shard::MUTEX..PAGE + shard::MUTEX + shard::MUTEX_WORDS).contains(&word)
}
