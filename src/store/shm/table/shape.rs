//! How a table grows and shrinks: leaves are enlarged, split and joined, nodes doubled and halved.
//!
//! What is changed is built beside the old and takes its place by one link; what is linked in many
//! places of a node gets a copy of that node.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::super::layout::{DEEPEST, Head, granules_for, leaf_size, most_slots};
use super::super::shard::Shard;
use super::super::trouble::Trouble;
use super::{Leaf, Link, NEVER, Node, Path, Spot, Table};

/// More links than this are changed in a copy of their node.
const FEW_LINKS: usize = 16;

/// A node's links while they are changed.
struct Links {
    depth: u32,
    words: [u64; 1 << DEEPEST],
}

impl Links {
    fn used(&self) -> &[u64] {
        &self.words[..1 << self.depth]
    }

    /// Twice as many, each as often.
    fn double(&mut self) {
        for place in (0..1 << (self.depth + 1)).rev() {
            self.words[place] = self.words[place / 2];
        }
        self.depth += 1;
    }

    /// As few as will do.
    fn shrink(&mut self) {
        let same = |pair: &[u64]| Link(pair[0]).leads_where(Link(pair[1]));
        while self.depth > 0 && self.used().chunks_exact(2).all(same) {
            self.depth -= 1;
            for place in 0..1 << self.depth {
                self.words[place] = self.words[place * 2];
            }
        }
    }
}

impl Shard<'_> {
    /// Makes a leaf for the hash have a free slot with rows of `row` words. Each step but the making
    /// of the first leaf is committed, so that nothing else must be uncommitted. Says whether records
    /// were moved.
    pub(in super::super) fn make_room(
        &self,
        table: Table,
        hash: u64,
        row: u32,
    ) -> Result<bool, Trouble> {
        self.make_slots(table, hash, (row, 1))
    }

    /// The same for so many free slots.
    pub(in super::super) fn make_slots(
        &self,
        table: Table,
        hash: u64,
        (row, slots): (u32, u32),
    ) -> Result<bool, Trouble> {
        let mut moved = false;
        loop {
            let Some(spot) = self.descend(table, hash)? else {
                let leaf = self.build(0, row, slots)?;
                self.set(table.root, Link::new(leaf.block, 0, NEVER).0)?;
                return Ok(moved);
            };
            let Head { count, capacity, row: present, .. } = spot.leaf.head;
            if present >= row && count + slots <= capacity {
                return Ok(moved);
            }
            self.enlarge(table, &spot, row.max(present), count + slots)?;
            moved = true;
        }
    }

    /// Makes the rows of the leaf for the hash have at least `row` words. The same holds as for
    /// `make_room`.
    pub(in super::super) fn widen(
        &self,
        table: Table,
        hash: u64,
        row: u32,
    ) -> Result<bool, Trouble> {
        let mut moved = false;
        while let Some(spot) = self.descend(table, hash)?
            && spot.leaf.head.row < row
        {
            self.enlarge(table, &spot, row, spot.leaf.head.count)?;
            moved = true;
        }
        Ok(moved)
    }

    /// Makes a leaf larger, or two of it where it would be too large, and commits. Where there is no
    /// room for a larger one, there may still be for two smaller ones.
    fn enlarge(&self, table: Table, spot: &Spot, row: u32, slots: u32) -> Result<(), Trouble> {
        let resized = if slots <= most_slots(row) {
            self.resize(table, spot, row, slots)
        } else {
            self.split(table, spot)
        };
        match resized {
            Err(Trouble::Full) if slots <= most_slots(row) && spot.leaf.head.count > 1 => {
                self.roll_back()?;
                self.split(table, spot)?;
            }
            resized => resized?,
        }
        self.commit()
    }

    /// Gives room back that the leaf for the hash does not need any more. Each step is committed. Where
    /// there is no room to build what takes less, all stays as it is.
    pub(in super::super) fn tidy(&self, table: Table, hash: u64) -> Result<(), Trouble> {
        match self.tidied(table, hash) {
            Err(Trouble::Full) => self.roll_back(),
            tidied => tidied,
        }
    }

    fn tidied(&self, table: Table, hash: u64) -> Result<(), Trouble> {
        while let Some(spot) = self.descend(table, hash)? {
            if spot.node.is_none() && spot.leaf.head.count == 0 {
                self.set(table.root, 0)?;
                self.free(spot.leaf.block, spot.leaf.head.size)?;
                return self.commit();
            }
            if !self.join(table, &spot)? {
                self.shrink(table, &spot)?;
                break;
            }
        }
        self.commit()
    }

    /// Makes the first leaf of an empty table, with records that are no more than their keys, and
    /// commits.
    pub(in super::super) fn fill_leaf(&self, table: Table, keys: &[u64]) -> Result<(), Trouble> {
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        if count > most_slots(0) {
            return Err(Trouble::Broken("a large swarm has no index of endpoints"));
        }
        let mut leaf = self.build(0, 0, count)?;
        for (slot, &key) in (0..).zip(keys) {
            self.put(leaf.key(slot), key)?;
        }
        leaf.head.count = count;
        self.put(leaf.index, leaf.head.pack())?;
        self.set(table.root, Link::new(leaf.block, 0, NEVER).0)?;
        self.commit()
    }

    /// Empties a table that is no more than a leaf, and commits.
    pub(in super::super) fn empty_leaf(&self, table: Table) -> Result<(), Trouble> {
        let Some(spot) = self.descend(table, 0)?.filter(Spot::is_all) else { return Ok(()) };
        self.set(table.root, 0)?;
        self.free(spot.leaf.block, spot.leaf.head.size)?;
        self.commit()
    }

    fn shrink(&self, table: Table, spot: &Spot) -> Result<(), Trouble> {
        let Head { count, row, size, .. } = spot.leaf.head;
        let needed = leaf_size(row, count);
        if needed + needed / 2 + 1 < size { self.resize(table, spot, row, count) } else { Ok(()) }
    }

    /// Joins a leaf with the one that it was split from, if both are small; says whether it did.
    fn join(&self, table: Table, spot: &Spot) -> Result<bool, Trouble> {
        let (Some(node), head) = (spot.node, spot.leaf.head) else { return Ok(false) };
        if head.depth == 0 {
            return Ok(false);
        }
        let places = spot.places(node);
        let width = places.len();
        let link = self.link(node.index + (places.start ^ width))?;
        let block = link.block().ok_or(Trouble::BROKEN_TABLE)?;
        if link.depth() != 0 {
            return Ok(false);
        }
        let buddy = self.leaf(table, block)?;
        let row = head.row.max(buddy.head.row);
        let count = head.count + buddy.head.count;
        if buddy.head.depth != head.depth || count > most_slots(row) / 2 {
            return Ok(false);
        }
        let mut joined = self.build(head.depth - 1, row, count)?;
        for leaf in [spot.leaf, buddy] {
            for slot in 0..leaf.head.count {
                self.append(&mut joined, leaf, slot)?;
            }
        }
        let oldest = link.oldest().min(self.link(spot.own_links().start)?.oldest());
        let first = places.start & !width;
        self.edit(table, spot, node, |links| {
            links.words[first..first + 2 * width].fill(Link::new(joined.block, 0, oldest).0);
        })?;
        self.free(spot.leaf.block, head.size)?;
        self.free(block, buddy.head.size)?;
        self.commit()?;
        Ok(true)
    }

    /// Makes a leaf without records, with room for so many. Nobody can reach it yet. There is none to
    /// spare: most announces come from peers that are there, and memory is dearer than a copy.
    fn build(&self, depth: u32, row: u32, slots: u32) -> Result<Leaf, Trouble> {
        let size = leaf_size(row, slots);
        let block = self.allocate(size)?;
        let leaf =
            Leaf { block, head: Head::new(depth, row, size), index: self.geometry.block(block) };
        self.put(leaf.index, leaf.head.pack())?;
        Ok(leaf)
    }

    /// Copies a record into a leaf that nobody can reach yet.
    fn append(&self, to: &mut Leaf, from: Leaf, slot: u32) -> Result<(), Trouble> {
        let place = to.head.count;
        if place == to.head.capacity {
            return Err(Trouble::BROKEN_TABLE);
        }
        self.put(to.key(place), self.get(from.key(slot))?)?;
        let source = self.words(from.row(slot), from.head.row as usize)?;
        let target = self.words(to.row(place), to.head.row as usize)?;
        for (number, word) in target.iter().enumerate() {
            word.store(source.get(number).map_or(0, |word| word.load(Relaxed)), Relaxed);
        }
        to.head.count += 1;
        self.put(to.index, to.head.pack())
    }

    /// Puts a copy of a leaf with other room in its place.
    fn resize(&self, table: Table, spot: &Spot, row: u32, slots: u32) -> Result<(), Trouble> {
        let old = spot.leaf;
        let mut new = self.build(old.head.depth, row, slots)?;
        for slot in 0..old.head.count {
            self.append(&mut new, old, slot)?;
        }
        let oldest = self.link(spot.own_links().start)?.oldest();
        let word = Link::new(new.block, 0, oldest).0;
        match spot.node {
            None => self.set(table.root, word)?,
            Some(node) => {
                let places = spot.places(node);
                self.edit(table, spot, node, |links| links.words[places].fill(word))?;
            }
        }
        self.free(old.block, old.head.size)
    }

    /// Puts two leaves in the place of a full one.
    fn split(&self, table: Table, spot: &Spot) -> Result<(), Trouble> {
        let Leaf { block, head, .. } = spot.leaf;
        let bit = spot.before + head.depth;
        if bit >= u64::BITS {
            // So many records with the same hash: nobody but chance can bring that about.
            return Err(Trouble::Full);
        }
        let upper = self.slots_with(table, spot.leaf, bit)?;
        let deeper = spot.node.filter(|node| head.depth < node.depth || node.depth < DEEPEST);
        let depth = if deeper.is_some() { head.depth + 1 } else { 1 };
        let many = upper.count_ones();
        let mut leaves =
            [self.build(depth, head.row, head.count - many)?, self.build(depth, head.row, many)?];
        for slot in 0..head.count {
            let half = usize::from(upper >> slot & 1 == 1);
            self.append(&mut leaves[half], spot.leaf, slot)?;
        }
        let mut halves = [0; 2];
        for (word, leaf) in halves.iter_mut().zip(leaves) {
            *word = Link::new(leaf.block, 0, self.oldest_of(table, leaf)?).0;
        }
        match deeper {
            Some(node) => self.edit(table, spot, node, |links| {
                let mut places = spot.places(node);
                if head.depth == node.depth {
                    links.double();
                    places = places.start * 2..places.end * 2;
                }
                let middle = places.len() / 2;
                links.words[places.clone()][..middle].fill(halves[0]);
                links.words[places][middle..].fill(halves[1]);
            })?,
            None => self.put_node_below(spot, halves)?,
        }
        self.free(block, head.size)
    }

    /// Which records of a leaf have a certain bit in their hash.
    fn slots_with(&self, table: Table, leaf: Leaf, bit: u32) -> Result<u128, Trouble> {
        let mut slots = 0;
        for slot in 0..leaf.head.count {
            let hash = self.hash_of(table, leaf, slot)?;
            slots |= u128::from(hash << bit >> 63) << slot;
        }
        Ok(slots)
    }

    /// Puts a node with two links in the place of a leaf.
    fn put_node_below(&self, spot: &Spot, halves: [u64; 2]) -> Result<(), Trouble> {
        // A leaf that needs all the bits of its node has one link there.
        self.put_node(spot.own_links().start, &halves)
    }

    /// Puts a new node with these links in the place of what a link leads to.
    fn put_node(&self, place: usize, links: &[u64]) -> Result<(), Trouble> {
        let depth = links.len().trailing_zeros();
        let block = self.allocate(granules_for(1 << depth))?;
        let index = self.geometry.block(block);
        for (number, &word) in links.iter().enumerate() {
            self.put(index + number, word)?;
        }
        let oldest = self.link(place)?.oldest();
        self.set(place, Link::new(block, depth, oldest).0)
    }

    /// Changes the links of a node, in place where these are few.
    fn edit(
        &self,
        table: Table,
        spot: &Spot,
        node: Node,
        change: impl FnOnce(&mut Links),
    ) -> Result<(), Trouble> {
        let present = self.words(node.index, 1 << node.depth)?;
        let mut links = Links { depth: node.depth, words: [0; 1 << DEEPEST] };
        for (word, present) in links.words.iter_mut().zip(present) {
            *word = present.load(Relaxed);
        }
        change(&mut links);
        links.shrink();
        let differ = |(word, present): (&u64, &AtomicU64)| *word != present.load(Relaxed);
        let changed = links.used().iter().zip(present).filter(|&pair| differ(pair)).count();
        if links.depth == node.depth && changed <= FEW_LINKS {
            return self.set_all(node.index, links.used());
        }
        self.replace(table, &self.path(table, spot.hash)?, node, &links)
    }

    /// Puts a new node, or a single leaf, in the place of a node.
    fn replace(&self, table: Table, path: &Path, node: Node, links: &Links) -> Result<(), Trouble> {
        let place = path.link_to_last_node()?;
        if links.depth == 0 {
            // The leaf now hangs where its node did, and so has a place of its own there.
            let link = Link(links.words[0]);
            let block = link.block().filter(|_| link.depth() == 0);
            let leaf = self.leaf(table, block.ok_or(Trouble::BROKEN_TABLE)?)?;
            self.set(leaf.index, Head { depth: path.depth_above(), ..leaf.head }.pack())?;
            self.set(place, link.0)?;
        } else {
            self.put_node(place, links.used())?;
        }
        self.free(node.block, node.size())
    }
}
