//! Which parts of the file are in use: pages that belong to a shard, and blocks of granules in them.
//!
//! A block goes where it fits most tightly, and what is given back joins its neighbours at once, as a
//! page's free granules are but bits. A page that is all free goes back to all shards, except for one.

use std::sync::atomic::Ordering::{AcqRel, Relaxed};

use super::layout::{
    Block, GRANULES, GROWTH, PAGE_BYTES, REGION, WORD_BYTES, descriptor, header, page_in, shard,
};
use super::shard::Shard;
use super::trouble::Trouble;

/// Descriptors to look through for a page without an owner before a new one is taken.
const SEARCH: u32 = 512;

impl Shard<'_> {
    /// Finds room for a block, as a part of the transaction. What is in it is anything.
    pub(super) fn allocate(&self, size: u32) -> Result<Block, Trouble> {
        debug_assert!((1..=GRANULES).contains(&size));
        // Writing into what was given back could not be undone.
        debug_assert!(
            !self.has_freed(),
            "a block is taken before one that was given back is committed"
        );
        let fitting = self.lists()? >> (size - 1);
        let page = match fitting.trailing_zeros() {
            GRANULES => self.claim()?,
            more => self.first_of(size + more)?.ok_or(Trouble::BROKEN_PAGE)?,
        };
        let free = self.free_of(page)?;
        let first = first_run(free, size).ok_or(Trouble::BROKEN_PAGE)?;
        let block = Block(page * GRANULES + first);
        self.set_free(page, free, free & !mask(block, size)?)?;
        Ok(block)
    }

    /// Gives a block back, as a part of the transaction.
    pub(super) fn free(&self, block: Block, size: u32) -> Result<(), Trouble> {
        let page = block.page();
        let free = self.free_of(page)?;
        let mask = mask(block, size)?;
        if free & mask != 0 {
            return Err(Trouble::Broken("a block was given back twice"));
        }
        self.note_freed();
        self.set_free(page, free, free | mask)
    }

    /// Which granules of a page of this shard are free.
    pub(super) fn free_of(&self, page: u32) -> Result<u128, Trouble> {
        if self.owner_of(page)? != u64::from(self.number) + 1 {
            return Err(Trouble::Broken("a shard uses a page that is not its own"));
        }
        let words = self.words(self.descriptor(page, descriptor::FREE), 2)?;
        Ok(u128::from(words[0].load(Relaxed)) | u128::from(words[1].load(Relaxed)) << 64)
    }

    /// Writes down which granules are free, and puts the page into the right list for that.
    fn set_free(&self, page: u32, before: u128, after: u128) -> Result<(), Trouble> {
        let (old_run, new_run) = (longest_run(before), longest_run(after));
        if old_run != new_run && old_run > 0 {
            self.leave_list(page, old_run)?;
        }
        let index = self.descriptor(page, descriptor::FREE);
        self.set(index, low(after))?;
        self.set(index + 1, low(after >> 64))?;
        if old_run != new_run && new_run > 0 {
            self.enter_list(page, new_run)?;
        }
        Ok(())
    }

    /// Which lists have a page; the lowest bit is that of pages whose longest run is 1.
    pub(super) fn lists(&self) -> Result<u128, Trouble> {
        let words = self.words(self.own(shard::LISTS), 2)?;
        Ok(u128::from(words[0].load(Relaxed)) | u128::from(words[1].load(Relaxed)) << 64)
    }

    /// The first page of a list.
    pub(super) fn first_of(&self, run: u32) -> Result<Option<u32>, Trouble> {
        let (index, shift) = self.head_of(run);
        Ok(page_in(self.get(index)? >> shift))
    }

    /// The page after one in its list.
    pub(super) fn page_after(&self, page: u32) -> Result<Option<u32>, Trouble> {
        Ok(page_in(self.get(self.descriptor(page, descriptor::NEIGHBOURS))? >> 32))
    }

    fn head_of(&self, run: u32) -> (usize, u32) {
        let place = run - 1;
        (self.own(shard::HEADS) + place as usize / 2, place % 2 * 32)
    }

    fn set_first(&self, run: u32, page: Option<u32>) -> Result<(), Trouble> {
        let (index, shift) = self.head_of(run);
        let others = self.get(index)? & !(u64::from(u32::MAX) << shift);
        self.set(index, others | name(page) << shift)?;
        let bit = 1_u128 << (run - 1);
        let lists = self.lists()?;
        let lists = if page.is_some() { lists | bit } else { lists & !bit };
        let index = self.own(shard::LISTS);
        self.set(index, low(lists))?;
        self.set(index + 1, low(lists >> 64))
    }

    fn enter_list(&self, page: u32, run: u32) -> Result<(), Trouble> {
        let next = self.first_of(run)?;
        self.set(self.descriptor(page, descriptor::NEIGHBOURS), name(next) << 32)?;
        if let Some(next) = next {
            self.set_before(next, Some(page))?;
        }
        self.set_first(run, Some(page))
    }

    fn leave_list(&self, page: u32, run: u32) -> Result<(), Trouble> {
        let neighbours = self.get(self.descriptor(page, descriptor::NEIGHBOURS))?;
        let (before, after) = (page_in(neighbours), page_in(neighbours >> 32));
        match before {
            None => self.set_first(run, after)?,
            Some(before) => {
                self.owner_of(before)?;
                let index = self.descriptor(before, descriptor::NEIGHBOURS);
                let own = self.get(index)? & u64::from(u32::MAX);
                self.set(index, own | name(after) << 32)?;
            }
        }
        match after {
            None => Ok(()),
            Some(after) => self.set_before(after, before),
        }
    }

    fn set_before(&self, page: u32, before: Option<u32>) -> Result<(), Trouble> {
        self.owner_of(page)?;
        let index = self.descriptor(page, descriptor::NEIGHBOURS);
        let own = self.get(index)? & (u64::from(u32::MAX) << 32);
        self.set(index, own | name(before))
    }

    /// Makes a page that nobody owns this shard's, all of it free.
    fn claim(&self) -> Result<u32, Trouble> {
        let page = match self.claim_used()? {
            Some(page) => page,
            None => self.claim_new()?,
        };
        let index = self.descriptor(page, descriptor::FREE);
        self.put(index, u64::MAX)?;
        self.put(index + 1, u64::MAX)?;
        self.enter_list(page, GRANULES)?;
        Ok(page)
    }

    /// Looks for a page that was given back.
    fn claim_used(&self) -> Result<Option<u32>, Trouble> {
        if self.get(header::FREE_PAGES)?.cast_signed() <= 0 {
            return Ok(None);
        }
        let found = self.search(self.get(header::FREE_HINT)?, SEARCH)?;
        if let Some(page) = found {
            self.memory.word(header::FREE_PAGES)?.fetch_sub(1, Relaxed);
            self.memory.word(header::FREE_HINT)?.store(u64::from(page) + 1, Relaxed);
        } else {
            // Somewhere else, next time.
            self.memory.word(header::FREE_HINT)?.fetch_add(SEARCH.into(), Relaxed);
        }
        Ok(found)
    }

    /// Looks through so many pages from one on, round the end, for one that can be claimed.
    fn search(&self, from: u64, most: u32) -> Result<Option<u32>, Trouble> {
        let used = self.get(header::NEXT_PAGE)?.min(self.get(header::FILE_PAGES)?);
        if used == 0 {
            return Ok(None);
        }
        for step in 0..u64::from(most).min(used) {
            let page =
                u32::try_from((from % used + step) % used).map_err(|_| Trouble::BROKEN_INDEX)?;
            if !page.is_multiple_of(REGION) && self.take(page)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// Takes the first page that was never used; the file grows when it has none.
    fn claim_new(&self) -> Result<u32, Trouble> {
        loop {
            self.burn()?;
            let next = self.get(header::NEXT_PAGE)?;
            let page = u32::try_from(next).map_err(|_| Trouble::BROKEN_INDEX)?;
            if next >= self.get(header::FILE_PAGES)? && !self.extend(page)? {
                // All that may be is in use, or the count of free pages is wrong.
                return self.search(0, u32::MAX)?.ok_or(Trouble::Full);
            }
            let taken = !page.is_multiple_of(REGION) && self.take(page)?;
            let pointer = self.memory.word(header::NEXT_PAGE)?;
            // Whoever is first moves it on for all.
            let _ = pointer.compare_exchange(next, next + 1, AcqRel, Relaxed);
            if taken {
                return Ok(page);
            }
        }
    }

    /// Makes the file longer; says whether it may be.
    fn extend(&self, page: u32) -> Result<bool, Trouble> {
        let most = self.limits.pages.min(self.geometry.max_pages);
        let mut pages = GROWTH.min(most.saturating_sub(page));
        let from = self.geometry.page(page) * WORD_BYTES;
        loop {
            if pages == 0 {
                return Ok(false);
            }
            match self.memory.grow(from, pages as usize * PAGE_BYTES) {
                // There may be room for less.
                Err(Trouble::Full) => pages /= 2,
                grown => break grown?,
            }
        }
        let (old, new) = (u64::from(page), u64::from(page) + u64::from(pages));
        let count = self.memory.word(header::FILE_PAGES)?;
        let _ = count.compare_exchange(old, new, AcqRel, Relaxed);
        Ok(true)
    }

    /// Tries to become the owner of a page.
    fn take(&self, page: u32) -> Result<bool, Trouble> {
        if self.owner_of(page)? != 0 {
            return Ok(false);
        }
        self.log_claim(page)?;
        let owner = self.memory.word(self.descriptor(page, descriptor::OWNER))?;
        #[cfg(test)]
        super::dying::step();
        Ok(owner.compare_exchange(0, u64::from(self.number) + 1, AcqRel, Relaxed).is_ok())
    }

    /// Gives pages that are all free back to all shards, but for one. Nothing must be uncommitted.
    pub(super) fn trim(&self) -> Result<(), Trouble> {
        while let Some(page) = self.first_of(GRANULES)? {
            if self.page_after(page)?.is_none() {
                break;
            }
            self.burn()?;
            self.leave_list(page, GRANULES)?;
            self.set(self.own(shard::RELEASE), u64::from(page) + 1)?;
            self.commit()?;
            self.finish_release()?;
        }
        Ok(())
    }
}

/// The granules of a block among those of its page.
pub(super) fn mask(block: Block, size: u32) -> Result<u128, Trouble> {
    if size == 0 || !block.fits(size) {
        return Err(Trouble::BROKEN_BLOCK);
    }
    Ok((u128::MAX >> (GRANULES - size)) << (block.0 % GRANULES))
}

fn name(page: Option<u32>) -> u64 {
    page.map_or(0, |page| u64::from(page) + 1)
}

#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn low(bits: u128) -> u64 {
    bits as u64
}

/// Where the first run of so many bits begins.
fn first_run(bits: u128, length: u32) -> Option<u32> {
    // Each round, a bit stands for a run that is longer than before.
    let (mut starts, mut covered) = (bits, 1);
    while covered < length {
        let step = covered.min(length - covered);
        starts &= starts >> step;
        covered += step;
    }
    (starts != 0).then(|| starts.trailing_zeros())
}

/// How long the longest run of bits is.
pub(super) fn longest_run(mut bits: u128) -> u32 {
    let mut longest = 0;
    while bits != 0 {
        bits >>= bits.trailing_zeros();
        let run = bits.trailing_ones();
        longest = longest.max(run);
        bits = bits.checked_shr(run).unwrap_or(0);
    }
    longest
}
