//! Pages and tables in memory that no file and no other process has to do with: what Miri can run too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::layout::{Block, PAGE, header, shard};
use super::memory::Memory;
use super::pages::mask;
use super::shard::{Geometry, Limits, Shard};
use super::table::{NEVER, Records, Table};
use super::trouble::Trouble;
use crate::platform::random::Random;

const GEOMETRY: Geometry = Geometry { shards: 1, max_pages: 10_000, secret: [1, 2] };

/// Pages enough for all tests here, and few enough for Miri.
const PAGES: usize = if cfg!(miri) { 40 } else { 400 };

fn memory() -> Memory {
    Memory::on_heap((2 + PAGES) * PAGE)
}

fn held(memory: &Memory) -> Shard<'_> {
    let limits = Limits { pages: u32::MAX, patience: Duration::ZERO };
    let shard = Shard::held(memory, GEOMETRY, 0, limits, None);
    shard.refuel();
    shard
}

fn free_pages(shard: &Shard<'_>) -> u64 {
    let unowned = shard.get(header::FREE_PAGES).unwrap();
    unowned + u64::from(shard.first_of(128).unwrap().is_some())
}

#[test]
fn blocks_never_overlap_and_come_back_whole() {
    let memory = memory();
    let shard = held(&memory);
    let mut random = Random::seeded(5);
    let mut blocks: Vec<(Block, u32)> = Vec::new();
    for round in 0..(PAGES as u64 * 30) {
        let grows = random.below(10) < if round % 2000 < 1200 { 6 } else { 3 };
        if grows || blocks.is_empty() {
            let size = u32::try_from(1 + random.below(70)).unwrap();
            match shard.allocate(size) {
                Ok(block) => blocks.push((block, size)),
                Err(Trouble::Full) => shard.roll_back().unwrap(),
                Err(other) => panic!("{other:?}"),
            }
        } else {
            let place = usize::try_from(random.below(blocks.len() as u64)).unwrap();
            let (block, size) = blocks.swap_remove(place);
            shard.free(block, size).unwrap();
        }
        shard.commit().unwrap();
        shard.trim().unwrap();
    }
    let mut taken: BTreeMap<u32, u128> = BTreeMap::new();
    for &(block, size) in &blocks {
        let mask = mask(block, size).unwrap();
        let page = taken.entry(block.page()).or_default();
        assert_eq!(*page & mask, 0, "two blocks overlap");
        *page |= mask;
    }
    for (&page, &mask) in &taken {
        assert_eq!(shard.free_of(page).unwrap(), !mask);
    }
    for (block, size) in blocks {
        shard.free(block, size).unwrap();
        shard.commit().unwrap();
        shard.trim().unwrap();
    }
    let (used, regions) = (shard.get(header::NEXT_PAGE).unwrap(), PAGES.div_ceil(128) as u64);
    assert!(free_pages(&shard) >= used - regions, "pages were lost");
    let (block, size) = (shard.allocate(3).unwrap(), 3);
    shard.commit().unwrap();
    shard.free(block, size).unwrap();
    assert!(matches!(shard.free(block, size), Err(Trouble::Broken(_))), "freed twice");
}

/// A table of the plainest kind hangs on the shard's own link.
fn table(shard: &Shard<'_>) -> Table {
    Table { root: shard.own(shard::SWARMS), records: Records::Endpoints }
}

fn put(shard: &Shard<'_>, key: u64) {
    shard.make_room(table(shard), key, 0).unwrap();
    shard.insert(table(shard), key, (key, &[]), NEVER).unwrap();
    shard.commit().unwrap();
}

/// How often a key is there.
fn find(shard: &Shard<'_>, key: u64) -> usize {
    let Some(spot) = shard.descend(table(shard), key).unwrap() else { return 0 };
    let slots = 0..spot.leaf.head.count;
    slots.filter(|&slot| shard.get(spot.leaf.key(slot)).unwrap() == key).count()
}

fn remove(shard: &Shard<'_>, key: u64) {
    let mut spot = shard.descend(table(shard), key).unwrap().unwrap();
    let slot =
        (0..spot.leaf.head.count).find(|&slot| shard.get(spot.leaf.key(slot)).unwrap() == key);
    shard.take_out(&mut spot, slot.unwrap()).unwrap();
    shard.commit().unwrap();
    shard.tidy(table(shard), key).unwrap();
    shard.trim().unwrap();
}

#[test]
fn a_table_keeps_what_a_set_keeps_however_hashes_cluster() {
    // As many bits of the hash are the same for all: none, some, and more than a node takes.
    for shared in [0, 5, 21, 44] {
        let memory = memory();
        let shard = held(&memory);
        let (mut random, mut set) = (Random::seeded(shared), BTreeSet::new());
        let rounds = if cfg!(miri) { 400 } else { 6000 };
        for round in 0..rounds {
            let present = set.len() as u64;
            let grows = random.below(10) < if round < rounds / 2 { 8 } else { 2 };
            if grows || present == 0 {
                let key = random.bits() >> shared;
                if set.insert(key) {
                    put(&shard, key);
                }
            } else {
                let place = usize::try_from(random.below(present)).unwrap();
                let key = *set.iter().nth(place).unwrap();
                set.remove(&key);
                remove(&shard, key);
            }
        }
        for &key in &set {
            assert_eq!(find(&shard, key), 1);
        }
        let mut walked = Vec::new();
        let mut next = Some(0);
        while let Some(at) = next
            && let Some(spot) = shard.descend(table(&shard), at).unwrap()
        {
            let slots = 0..spot.leaf.head.count;
            walked.extend(slots.map(|slot| shard.get(spot.leaf.key(slot)).unwrap()));
            next = spot.end();
        }
        walked.sort_unstable();
        assert!(walked.iter().eq(set.iter()), "a walk meets each record once");
        for key in std::mem::take(&mut set) {
            remove(&shard, key);
        }
        assert_eq!(shard.get(table(&shard).root).unwrap() & u64::from(u32::MAX), 0, "it is empty");
    }
}
