//! A shard whose lock is held, and the transaction by which it is changed: whole or not at all,
//! whatever happens to the process.
//!
//! Before a word is changed, its old value goes into the shard's undo log. A process that dies leaves
//! the log to the next holder of the lock, who puts the old values back; `commit` empties the log. A
//! process dies between two instructions, never between an earlier and a later one, so that only the
//! compiler must be kept from changing the order of the writes.
//!
//! Words that nobody can reach yet (a new block, a slot beyond a leaf's count) need no log: `put`.

use std::cell::Cell;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use std::sync::atomic::{AtomicU64, compiler_fence};
use std::time::Duration;

use super::layout::{
    Block, CLAIM, GRANULE, GRANULES, PAGE, REGION, SHARDS_A_BUCKET_PAGE, descriptor, header,
    page_in, shard,
};
use super::memory::Memory;
use super::mutex::{Acquired, Mutex};
use super::trouble::Trouble;

/// Blocks that one holder of a lock may open. No operation comes near it, nor to a millisecond; where
/// the file's bytes lead in a circle, this ends it.
const FUEL: u32 = 20_000;

/// What a file's header says and all of its users need; checked when the file is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    /// How many shards there are, a power of two.
    pub(super) shards: u32,
    /// Data pages that there may ever be.
    pub(super) max_pages: u32,
    /// Keys the hashes.
    pub(super) secret: [u64; 2],
}

impl Geometry {
    /// Bits of a hash that name the shard, from the top.
    pub(super) fn shard_bits(self) -> u32 {
        self.shards.trailing_zeros()
    }

    /// The pages that hold buckets.
    pub(super) fn bucket_pages(self) -> u32 {
        self.shards.div_ceil(SHARDS_A_BUCKET_PAGE)
    }

    /// The first word of the buckets.
    pub(super) fn buckets(self) -> usize {
        self.shard(self.shards)
    }

    /// Pages before the data pages.
    pub(super) fn first_pages(self) -> u32 {
        1 + self.shards + self.bucket_pages()
    }

    /// The first word of a data page.
    pub(super) fn page(self, page: u32) -> usize {
        PAGE * (self.first_pages() as usize + page as usize)
    }

    /// The first word of a block.
    pub(super) fn block(self, block: Block) -> usize {
        self.page(block.page()) + (block.0 % GRANULES * GRANULE) as usize
    }

    /// The first word of a shard's page.
    pub(super) fn shard(self, number: u32) -> usize {
        PAGE * (1 + number as usize)
    }
}

/// What a process allows itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Data pages that it uses, whatever the file allows.
    pub(super) pages: u32,
    /// How long it waits for a lock.
    pub(super) patience: Duration,
}

/// A shard while its lock is held.
pub(super) struct Shard<'m> {
    pub(super) memory: &'m Memory,
    pub(super) geometry: Geometry,
    pub(super) number: u32,
    pub(super) limits: Limits,
    logged: Cell<usize>,
    /// Whether a block or a slot was given up since the last commit: until then its words must stay.
    freed: Cell<bool>,
    fuel: Cell<u32>,
    mutex: Option<Mutex>,
}

impl<'m> Shard<'m> {
    /// Waits for the lock of a shard, and undoes what a dead holder left half done.
    pub(super) fn lock(
        memory: &'m Memory,
        geometry: Geometry,
        number: u32,
        limits: Limits,
    ) -> Result<Self, Trouble> {
        let mutex = Self::mutex_in(memory, geometry, number)?;
        let acquired = mutex.lock(limits.patience)?;
        let shard = Self::held(memory, geometry, number, limits, Some(mutex));
        if acquired == Acquired::Inherited {
            shard.recover()?;
            mutex.restore();
            memory.word(header::REPAIRS)?.fetch_add(1, Relaxed);
        }
        // Not 0 here with a mutex that was free: the file is not as we leave one.
        if shard.get(shard.own(shard::LOG_LENGTH))? != 0 {
            return Err(Trouble::Broken("a lock was given back in the middle of a change"));
        }
        if memory.get(header::RETIRED)? != 0 {
            return Err(Trouble::Retired);
        }
        Ok(shard)
    }

    pub(super) fn held(
        memory: &'m Memory,
        geometry: Geometry,
        number: u32,
        limits: Limits,
        mutex: Option<Mutex>,
    ) -> Self {
        let (logged, freed, fuel) = (Cell::new(0), Cell::new(false), Cell::new(FUEL));
        Self { memory, geometry, number, limits, logged, freed, fuel, mutex }
    }

    /// The index of one of the shard's own words.
    pub(super) fn own(&self, word: usize) -> usize {
        self.geometry.shard(self.number) + word
    }

    /// The value of a word.
    pub(super) fn get(&self, index: usize) -> Result<u64, Trouble> {
        self.memory.get(index)
    }

    /// Some words in a row.
    pub(super) fn words(&self, index: usize, count: usize) -> Result<&'m [AtomicU64], Trouble> {
        self.memory.words(index, count)
    }

    /// Changes a word as a part of the transaction.
    pub(super) fn set(&self, index: usize, value: u64) -> Result<(), Trouble> {
        self.set_all(index, &[value])
    }

    /// Changes some words in a row, those that are not yet what they should be.
    pub(super) fn set_all(&self, index: usize, values: &[u64]) -> Result<(), Trouble> {
        let words = self.words(index, values.len())?;
        for ((place, word), &value) in words.iter().enumerate().zip(values) {
            let old = word.load(Relaxed);
            if old != value {
                self.log((index + place) as u64, old)?;
                store(word, value);
            }
        }
        Ok(())
    }

    /// Writes a word that nobody can reach yet.
    pub(super) fn put(&self, index: usize, value: u64) -> Result<(), Trouble> {
        store(self.memory.word(index)?, value);
        Ok(())
    }

    /// Writes down what to undo.
    fn log(&self, what: u64, old: u64) -> Result<(), Trouble> {
        let logged = self.logged.get();
        if logged == shard::LOG_ENTRIES {
            return Err(Trouble::Broken("a change has too many steps"));
        }
        let entry = self.words(self.own(shard::LOG) + 2 * logged, 2)?;
        store(&entry[0], what);
        store(&entry[1], old);
        self.set_log_length(logged + 1)
    }

    /// Writes down that this shard is about to claim a page.
    pub(super) fn log_claim(&self, page: u32) -> Result<(), Trouble> {
        self.log(CLAIM, page.into())
    }

    fn set_log_length(&self, length: usize) -> Result<(), Trouble> {
        store(self.memory.word(self.own(shard::LOG_LENGTH))?, length as u64);
        self.logged.set(length);
        Ok(())
    }

    /// Makes all changes since the last commit last.
    pub(super) fn commit(&self) -> Result<(), Trouble> {
        self.freed.set(false);
        if self.logged.get() == 0 { Ok(()) } else { self.set_log_length(0) }
    }

    /// Puts everything back as it was at the last commit.
    pub(super) fn roll_back(&self) -> Result<(), Trouble> {
        let length = self.get(self.own(shard::LOG_LENGTH))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > shard::LOG_ENTRIES {
            return Err(Trouble::Broken("an undo log is too long"));
        }
        for entry in (0..length).rev() {
            let entry = self.words(self.own(shard::LOG) + 2 * entry, 2)?;
            self.undo(entry[0].load(Relaxed), entry[1].load(Relaxed))?;
        }
        self.freed.set(false);
        self.set_log_length(0)
    }

    fn undo(&self, what: u64, old: u64) -> Result<(), Trouble> {
        if what == CLAIM {
            let page = u32::try_from(old).map_err(|_| Trouble::BROKEN_INDEX)?;
            return self.give_up(page);
        }
        let index = usize::try_from(what).map_err(|_| Trouble::BROKEN_INDEX)?;
        let own = self.own(shard::RELEASE)..self.own(shard::LOG);
        if !own.contains(&index) && index < self.geometry.page(0) {
            return Err(Trouble::Broken("an undo log names what its shard may not change"));
        }
        store(self.memory.word(index)?, old);
        Ok(())
    }

    /// Sets right what a dead holder left: takes its half-done change back, and brings to its end
    /// what it had begun after a commit.
    pub(super) fn recover(&self) -> Result<(), Trouble> {
        self.roll_back()?;
        self.finish_release()
    }

    /// Who has a page, as a number after the shard's own; 0: nobody.
    pub(super) fn owner_of(&self, page: u32) -> Result<u64, Trouble> {
        if u64::from(page) >= self.get(header::FILE_PAGES)? || page.is_multiple_of(REGION) {
            return Err(Trouble::BROKEN_INDEX);
        }
        self.get(self.descriptor(page, descriptor::OWNER))
    }

    /// Makes nobody the owner of a page, if it is this shard.
    fn give_up(&self, page: u32) -> Result<(), Trouble> {
        self.owner_of(page)?;
        let owner = self.memory.word(self.descriptor(page, descriptor::OWNER))?;
        let ours = u64::from(self.number) + 1;
        if owner.compare_exchange(ours, 0, AcqRel, Relaxed).is_ok() {
            self.memory.word(header::FREE_PAGES)?.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    /// Brings the way of a page back to nobody to its end.
    pub(super) fn finish_release(&self) -> Result<(), Trouble> {
        let index = self.own(shard::RELEASE);
        if let Some(page) = page_in(self.get(index)?) {
            self.give_up(page)?;
            self.put(index, 0)?;
        }
        Ok(())
    }

    /// Remembers that a block or a slot was given up.
    pub(super) fn note_freed(&self) {
        self.freed.set(true);
    }

    /// Whether one was since the last commit.
    pub(super) fn has_freed(&self) -> bool {
        self.freed.get()
    }

    /// Lets the holder open as many blocks as there can be; for who opens none twice.
    pub(super) fn refuel(&self) {
        self.fuel.set(u32::MAX);
    }

    /// Makes the free mutex of a shard in a new file.
    pub(super) fn make_mutex(
        memory: &Memory,
        geometry: Geometry,
        number: u32,
    ) -> Result<(), Trouble> {
        // That one is not robust was told when its kind was found out.
        Self::mutex_in(memory, geometry, number).map(|mutex| _ = mutex.make())
    }

    fn mutex_in(memory: &Memory, geometry: Geometry, number: u32) -> Result<Mutex, Trouble> {
        let index = geometry.shard(number) + shard::MUTEX;
        let address = memory.address(index, shard::MUTEX_WORDS)?;
        // SAFETY: these words are in the mapping, are aligned, and are set aside for the mutex. Who
        // uses it borrows the mapping.
        Ok(unsafe { Mutex::at(address) })
    }

    /// Counts a block that is opened.
    pub(super) fn burn(&self) -> Result<(), Trouble> {
        let fuel = self.fuel.get().checked_sub(1).ok_or(Trouble::BROKEN_CIRCLE)?;
        self.fuel.set(fuel);
        Ok(())
    }

    /// The word of a page's descriptor.
    pub(super) fn descriptor(&self, page: u32, word: usize) -> usize {
        let first = self.geometry.page(page / REGION * REGION);
        first + (page % REGION) as usize * descriptor::WORDS + word
    }
}

/// How many swarms and peers there are, silent ones included.
pub(super) fn sizes(memory: &Memory, geometry: Geometry) -> Result<(u64, u64), Trouble> {
    let (mut swarms, mut peers) = (0_u64, 0_u64);
    for number in 0..geometry.shards {
        let own = |word| memory.get(geometry.shard(number) + word);
        swarms = swarms.saturating_add(own(shard::SWARM_COUNT)?);
        peers = peers.saturating_add(own(shard::PEER_COUNT)?);
    }
    Ok((swarms, peers))
}

impl Drop for Shard<'_> {
    fn drop(&mut self) {
        #[cfg(test)]
        if super::dying::is_dead() {
            return;
        }
        if self.logged.get() > 0 {
            // Only after a failure. What cannot be undone is left to the next, who will find the log
            // and thereby that the file is broken.
            let _ = self.roll_back();
        }
        if let Some(mutex) = self.mutex {
            mutex.unlock();
        }
    }
}

/// One of the writes whose order matters.
fn store(word: &AtomicU64, value: u64) {
    compiler_fence(Release);
    #[cfg(test)]
    super::dying::step();
    word.store(value, Release);
    compiler_fence(Release);
}
