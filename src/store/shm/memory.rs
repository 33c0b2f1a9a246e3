//! The file as words in memory: all that reads or writes them goes through here and is checked.
//!
//! Other processes change the words at any time, and a file may hold anything. So a word is only ever
//! an `AtomicU64`, nobody gets a pointer, and an index is believed only after a comparison with what
//! the file is known to have.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::layout::{PAGE_BYTES, WORD_BYTES};
use super::trouble::Trouble;
use crate::platform::prefetch::prefetch;

/// The mapped words of a file, or of a stand-in for one in tests.
pub(super) struct Memory {
    words: NonNull<AtomicU64>,
    /// Words that are mapped; the file may still be shorter.
    mapped: usize,
    /// Words that the file is known to have. It never shrinks while it is ours.
    backed: Cell<usize>,
    file: Backing,
}

enum Backing {
    File(File),
    #[cfg(test)]
    Heap(Box<[AtomicU64]>),
}

// SAFETY: the words are atomics in memory that belongs to this value alone until it is dropped, and
// nothing about a mapping is bound to the thread that made it.
unsafe impl Send for Memory {}

impl Memory {
    /// Maps a file at its whole possible length, of which the file need not have all yet. Where
    /// that much address space is not to be had, maps what there is; the rest is `Unmapped` then.
    pub(super) fn map(file: File, bytes: usize) -> io::Result<Self> {
        let length = file_length(&file)?;
        let (words, mapped) = match map(&file, bytes) {
            Err(refused) if refused.raw_os_error() == Some(libc::ENOMEM) => {
                (map(&file, length)?, length)
            }
            mapped => (mapped?, bytes),
        };
        let backed = Cell::new(length.min(mapped) / WORD_BYTES);
        Ok(Self { words, mapped: mapped / WORD_BYTES, backed, file: Backing::File(file) })
    }

    /// Words without a file.
    #[cfg(test)]
    pub(super) fn on_heap(words: usize) -> Self {
        let heap: Box<[AtomicU64]> = (0..words).map(|_| AtomicU64::new(0)).collect();
        let words = NonNull::from(&heap[0]);
        let mapped = heap.len();
        Self { words, mapped, backed: Cell::new(mapped), file: Backing::Heap(heap) }
    }

    /// One word.
    pub(super) fn word(&self, index: usize) -> Result<&AtomicU64, Trouble> {
        self.words(index, 1).map(|words| &words[0])
    }

    /// Some words in a row.
    pub(super) fn words(&self, index: usize, count: usize) -> Result<&[AtomicU64], Trouble> {
        let end = index.checked_add(count).ok_or(Trouble::BROKEN_INDEX)?;
        if end > self.backed.get() {
            self.look_again(end)?;
        }
        // SAFETY: `index + count` is within the mapping and within the file, which nobody of ours
        // makes shorter; an `AtomicU64` may be shared with its writers, and each bit
        // pattern is one. The borrow of `self` keeps the mapping.
        Ok(unsafe { std::slice::from_raw_parts(self.words.as_ptr().add(index), count) })
    }

    /// The value of a word.
    pub(super) fn get(&self, index: usize) -> Result<u64, Trouble> {
        Ok(self.word(index)?.load(Relaxed))
    }

    /// Has the processor fetch words that will soon be needed, if they are there; it need not wait for
    /// one before it asks for the next.
    pub(super) fn prefetch(&self, index: usize, count: usize) {
        let is_there = index.checked_add(count).is_some_and(|end| end <= self.backed.get());
        if let Some(words) = is_there.then(|| self.words(index, count).ok()).flatten() {
            prefetch(words);
        }
    }

    /// The address of a word, for the system's mutex in it and no other use.
    pub(super) fn address(&self, index: usize, words: usize) -> Result<*mut libc::c_void, Trouble> {
        self.words(index, words).map(|words| words.as_ptr().cast_mut().cast())
    }

    #[cold]
    fn look_again(&self, end: usize) -> Result<(), Trouble> {
        let length = match &self.file {
            Backing::File(file) => file_length(file).map_err(Trouble::Io)? / WORD_BYTES,
            #[cfg(test)]
            Backing::Heap(heap) => heap.len(),
        };
        if end > length {
            return Err(Trouble::BROKEN_INDEX);
        }
        self.backed.set(length.min(self.mapped));
        if end > self.mapped { Err(Trouble::Unmapped) } else { Ok(()) }
    }

    /// Makes the file have its first `bytes` on the disk or in memory for sure: after that, touching
    /// them cannot fail for lack of room.
    pub(super) fn grow(&self, from: usize, bytes: usize) -> Result<(), Trouble> {
        match &self.file {
            Backing::File(file) => {
                reserve(file, from, bytes).map_err(|failure| match failure.raw_os_error() {
                    Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::ENOMEM) => Trouble::Full,
                    _ => Trouble::Io(failure),
                })
            }
            #[cfg(test)]
            Backing::Heap(heap) if from + bytes > heap.len() * WORD_BYTES => Err(Trouble::Full),
            #[cfg(test)]
            Backing::Heap(_) => Ok(()),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        #[cfg(test)]
        if super::dying::is_dead() {
            // The kernel looks at what a dead thread had locked, in the mapping.
            return;
        }
        match &self.file {
            Backing::File(_) => {
                // SAFETY: the mapping was made by `map` with this address and length, and no borrow
                // of it can be alive any more.
                unsafe { libc::munmap(self.words.as_ptr().cast(), self.mapped * WORD_BYTES) };
            }
            #[cfg(test)]
            Backing::Heap(_) => {}
        }
    }
}

fn file_length(file: &File) -> io::Result<usize> {
    Ok(usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX))
}

fn map(file: &File, bytes: usize) -> io::Result<NonNull<AtomicU64>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
    // SAFETY: a new mapping at an address of the system's choice touches no memory of ours.
    let address =
        unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, file.as_raw_fd(), 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Has the file system set aside what a part of the file needs, whole pages of it.
pub(super) fn reserve(file: &File, from: usize, bytes: usize) -> io::Result<()> {
    let offset = |bytes: usize| {
        libc::off_t::try_from(bytes.next_multiple_of(PAGE_BYTES))
            .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
    };
    let (from, length) = (offset(from)?, offset(bytes)?);
    loop {
        // SAFETY: fallocate touches no memory of ours.
        if unsafe { libc::fallocate(file.as_raw_fd(), 0, from, length) } == 0 {
            return Ok(());
        }
        let failure = io::Error::last_os_error();
        if failure.kind() != io::ErrorKind::Interrupted {
            return Err(failure);
        }
    }
}
