//! A table: records found by their hash, in leaves of at most half a page below nodes of links.
//!
//! It is extendible hashing with a node's depth bounded, so that nothing it does takes long however
//! large it is: a leaf that is full is split in two, a node that has too few links is doubled, one
//! that is at its deepest gets nodes below it. Leaves that have become small are joined again. A
//! changed leaf or node is built beside the old one and takes its place by one link.
//!
//! The order of records by hash is one that nobody outside knows, and never changes: walks follow
//! it, and neighbours in it are strangers to each other, as samples want them.

use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::layout::{DEEPEST, Head, granules_for, leaf_size, link, most_slots};
use super::pages::{Block, low_half};
use super::shard::Shard;
use super::trouble::Trouble;
use super::{peer, swarm};

/// Nodes of the deepest kind use up a hash of 64 bits, and then there is a leaf.
const LEVELS: usize = 9;

/// More links than this are changed in a copy of their node.
const FEW_LINKS: usize = 16;

/// Leaves that are fetched at once at most.
pub(super) const MOST_TARGETS: usize = 8;

/// Words of a leaf that are fetched: the head, and the keys of a full one.
const PREFETCHED: usize = 29;

/// No peer there was ever seen.
pub(super) const NEVER: u32 = u32::MAX;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Records {
    /// The swarms of a shard.
    Swarms,
    /// The peers of one class of a swarm.
    Peers,
    /// The hashes of peers by that of their address.
    Addresses,
}

/// A table, by the link that it hangs on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) root: usize,
    pub(super) records: Records,
}

/// A leaf in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    pub(super) block: Block,
    pub(super) head: Head,
    index: usize,
}

impl Leaf {
    /// The word of a slot's key.
    pub(super) fn key(self, slot: u32) -> usize {
        self.index + 1 + slot as usize
    }

    /// The first word of a slot's row.
    pub(super) fn row(self, slot: u32) -> usize {
        self.index + 1 + self.head.capacity as usize + (slot * self.head.row) as usize
    }
}

/// A node in memory.
#[derive(Clone, Copy, Debug)]
struct Node {
    block: Block,
    index: usize,
    depth: u32,
}

impl Node {
    fn size(self) -> u32 {
        granules_for(1 << self.depth)
    }
}

/// A word that leads to a leaf or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(pub(super) u64);

impl Link {
    /// The link to a node of some depth, or to a leaf if that is 0, below which no peer was seen
    /// before `oldest`.
    fn new(block: Block, depth: u32, oldest: u32) -> Self {
        let low = block.0 | depth << link::BLOCK_BITS;
        Self(u64::from(low) | u64::from(oldest) << 32)
    }

    /// The block; nothing where the table is empty.
    pub(super) fn block(self) -> Option<Block> {
        let block = low_half(self.0) & ((1 << link::BLOCK_BITS) - 1);
        (block != 0).then_some(Block(block))
    }

    /// The depth of the node; 0: it is a leaf.
    pub(super) fn depth(self) -> u32 {
        low_half(self.0) >> link::BLOCK_BITS
    }

    /// The bound.
    pub(super) fn oldest(self) -> u32 {
        low_half(self.0 >> 32)
    }

    /// Whether both lead to the same place.
    pub(super) fn leads_where(self, other: Self) -> bool {
        low_half(self.0) == low_half(other.0)
    }

    /// The same with another bound.
    fn with_oldest(self, oldest: u32) -> Self {
        Self(u64::from(low_half(self.0)) | u64::from(oldest) << 32)
    }
}

/// A leaf and how it was come by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) leaf: Leaf,
    /// The node whose link leads to it.
    node: Option<Node>,
    /// Bits of the hash that lead to that node.
    before: u32,
    /// The highest bound on the way.
    bound: u32,
    hash: u64,
    root: usize,
}

/// The way to a leaf.
struct Path {
    /// The links that were followed, from the root's on.
    links: [usize; LEVELS + 1],
    /// The nodes that they led to.
    nodes: [Option<Node>; LEVELS],
    levels: usize,
}

impl Path {
    /// The word that links to the last node.
    fn link_to_last_node(&self) -> Result<usize, Trouble> {
        let level = self.levels.checked_sub(1).ok_or(Trouble::BROKEN_TABLE)?;
        Ok(self.links[level])
    }

    /// The depth of the node above the last one; 0 when that hangs on the root.
    fn depth_above(&self) -> u32 {
        let above = self.levels.checked_sub(2).and_then(|level| self.nodes[level]);
        above.map_or(0, |above| above.depth)
    }
}

impl Spot {
    /// The places of the leaf among its node's links.
    fn places(&self, node: Node) -> Range<usize> {
        let width = 1_usize << (node.depth - self.leaf.head.depth);
        let first = bits(self.hash, self.before, node.depth) & !(width - 1);
        first..first + width
    }

    /// The words that link to the leaf.
    fn own_links(&self) -> Range<usize> {
        match self.node {
            None => self.root..self.root + 1,
            Some(node) => {
                let places = self.places(node);
                node.index + places.start..node.index + places.end
            }
        }
    }

    /// A hash that leads here.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether a hash belongs to the leaf.
    pub(super) fn covers(&self, hash: u64) -> bool {
        let prefix = self.before + self.leaf.head.depth;
        prefix == 0 || (hash ^ self.hash) >> (u64::BITS - prefix) == 0
    }

    /// Whether all records are in this leaf.
    pub(super) fn is_all(&self) -> bool {
        self.node.is_none()
    }

    /// The first hash that belongs to the next leaf; nothing after the last one.
    pub(super) fn end(&self) -> Option<u64> {
        match self.before + self.leaf.head.depth {
            0 => None,
            prefix => {
                let rest = u64::MAX.checked_shr(prefix).unwrap_or(0);
                (self.hash | rest).checked_add(1)
            }
        }
    }
}

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

/// Some bits of a hash, after so many others.
pub(super) fn bits(hash: u64, before: u32, count: u32) -> usize {
    usize::try_from((hash << before) >> (64 - count)).unwrap_or(usize::MAX)
}

impl Shard<'_> {
    /// The link in a word.
    pub(super) fn link(&self, place: usize) -> Result<Link, Trouble> {
        self.get(place).map(Link)
    }

    /// A leaf of a table.
    pub(super) fn leaf(&self, table: Table, block: Block) -> Result<Leaf, Trouble> {
        self.burn()?;
        let index = self.geometry.block(block);
        let head = Head::unpack(self.get(index)?).ok_or(Trouble::BROKEN_BLOCK)?;
        if !block.fits(head.size) || !table.records.may_have(head.row) {
            return Err(Trouble::BROKEN_BLOCK);
        }
        Ok(Leaf { block, head, index })
    }

    /// The node that a link leads to.
    fn node(&self, block: Block, depth: u32) -> Result<Node, Trouble> {
        self.burn()?;
        let node = Node { block, index: self.geometry.block(block), depth };
        if depth > DEEPEST || !block.fits(node.size()) {
            return Err(Trouble::BROKEN_BLOCK);
        }
        Ok(node)
    }

    /// The links of the node that a link leads to.
    pub(super) fn links(&self, link: Link) -> Result<&[AtomicU64], Trouble> {
        let block = link.block().ok_or(Trouble::BROKEN_TABLE)?;
        let node = self.node(block, link.depth())?;
        self.words(node.index, 1 << node.depth)
    }

    /// Finds the leaf where a hash belongs; nothing in an empty table.
    pub(super) fn descend(&self, table: Table, hash: u64) -> Result<Option<Spot>, Trouble> {
        self.follow(table, hash, |_, _, _| {})
    }

    /// The way to the leaf where a hash belongs.
    fn path(&self, table: Table, hash: u64) -> Result<Path, Trouble> {
        let mut path = Path { links: [0; LEVELS + 1], nodes: [None; LEVELS], levels: 0 };
        path.links[0] = table.root;
        self.follow(table, hash, |level, node, link| {
            path.nodes[level] = Some(node);
            path.links[level + 1] = link;
            path.levels = level + 1;
        })?;
        Ok(path)
    }

    /// Goes down to the leaf where a hash belongs, and tells of each node on the way and the link that
    /// is followed from it.
    fn follow(
        &self,
        table: Table,
        hash: u64,
        mut tell: impl FnMut(usize, Node, usize),
    ) -> Result<Option<Spot>, Trouble> {
        let (mut node, mut level, mut before, mut above) = (None, 0, 0, 0);
        let mut link = self.link(table.root)?;
        let mut bound = link.oldest();
        while let Some(block) = link.block() {
            if link.depth() == 0 {
                let leaf = self.leaf(table, block)?;
                if leaf.head.depth > above {
                    return Err(Trouble::BROKEN_TABLE);
                }
                return Ok(Some(Spot { leaf, node, before, bound, hash, root: table.root }));
            }
            let below = self.node(block, link.depth())?;
            before += above;
            above = below.depth;
            if level == LEVELS || before + above > u64::BITS {
                return Err(Trouble::BROKEN_TABLE);
            }
            let place = below.index + bits(hash, before, above);
            tell(level, below, place);
            (node, level) = (Some(below), level + 1);
            link = self.link(place)?;
            bound = bound.max(link.oldest());
        }
        if level == 0 { Ok(None) } else { Err(Trouble::BROKEN_TABLE) }
    }

    /// Has the processor fetch the leaves where hashes belong, all at once: to follow one link after
    /// the other, each of which has to come from memory, would be most of the cost of an announce.
    pub(super) fn prefetch(&self, targets: &[(Table, u64)]) -> Result<(), Trouble> {
        let mut ways = [(Link(0), 0_u64, 0_u32); MOST_TARGETS];
        let ways = &mut ways[..targets.len().min(MOST_TARGETS)];
        for (way, &(table, hash)) in ways.iter_mut().zip(targets) {
            *way = (self.link(table.root)?, hash, 0);
        }
        for _ in 0..LEVELS {
            let mut is_last = true;
            for &(link, hash, before) in ways.iter() {
                let Some(block) = link.block() else { continue };
                let index = self.geometry.block(block);
                match link.depth() {
                    0 => self.memory.prefetch(index, PREFETCHED),
                    depth if before + depth <= u64::BITS => {
                        self.memory.prefetch(index + bits(hash, before, depth), 1);
                        is_last = false;
                    }
                    _ => return Err(Trouble::BROKEN_TABLE),
                }
            }
            if is_last {
                break;
            }
            for (link, hash, before) in ways.iter_mut() {
                let (Some(block), depth) = (link.block(), link.depth()) else { continue };
                if depth > 0 {
                    *link = self.link(self.geometry.block(block) + bits(*hash, *before, depth))?;
                    *before += depth;
                }
            }
        }
        Ok(())
    }

    /// Makes a leaf for the hash have a free slot with rows of `row` words. Each step but the making
    /// of the first leaf is committed, so that nothing else must be uncommitted. Says whether records
    /// were moved.
    pub(super) fn make_room(&self, table: Table, hash: u64, row: u32) -> Result<bool, Trouble> {
        let mut moved = false;
        loop {
            let Some(spot) = self.descend(table, hash)? else {
                let leaf = self.build(0, row, 1)?;
                self.set(table.root, Link::new(leaf.block, 0, NEVER).0)?;
                return Ok(moved);
            };
            let Head { count, capacity, row: present, .. } = spot.leaf.head;
            if present >= row && count < capacity {
                return Ok(moved);
            }
            self.enlarge(table, &spot, row.max(present), count + 1)?;
            moved = true;
        }
    }

    /// Makes the rows of the leaf for the hash have at least `row` words. The same holds as for
    /// `make_room`.
    pub(super) fn widen(&self, table: Table, hash: u64, row: u32) -> Result<bool, Trouble> {
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

    /// Puts a record into a free slot, as a part of the transaction; returns where its row is. Its
    /// leaf must have room. `seen` bounds when it was seen last.
    pub(super) fn insert(
        &self,
        table: Table,
        hash: u64,
        (key, row): (u64, &[u64]),
        seen: u32,
    ) -> Result<(Spot, u32), Trouble> {
        debug_assert!(
            !self.has_freed(),
            "a slot is taken before one that was given up is committed"
        );
        let mut spot = self.descend(table, hash)?.ok_or(Trouble::BROKEN_TABLE)?;
        let leaf = &mut spot.leaf;
        let slot = leaf.head.count;
        if slot == leaf.head.capacity || (leaf.head.row as usize) < row.len() {
            return Err(Trouble::BROKEN_TABLE);
        }
        self.put(leaf.key(slot), key)?;
        let missing = std::iter::repeat_n(0, leaf.head.row as usize - row.len());
        for (place, word) in row.iter().copied().chain(missing).enumerate() {
            self.put(leaf.row(slot) + place, word)?;
        }
        leaf.head.count += 1;
        self.set(leaf.index, leaf.head.pack())?;
        self.lower(table, &spot, seen)?;
        Ok((spot, slot))
    }

    /// Takes a record out, as a part of the transaction; the last one of the leaf takes its place.
    pub(super) fn take_out(&self, spot: &mut Spot, slot: u32) -> Result<(), Trouble> {
        self.note_freed();
        let leaf = &mut spot.leaf;
        let last = leaf.head.count.checked_sub(1).ok_or(Trouble::BROKEN_TABLE)?;
        if slot != last {
            self.set(leaf.key(slot), self.get(leaf.key(last))?)?;
            for place in 0..leaf.head.row as usize {
                self.set(leaf.row(slot) + place, self.get(leaf.row(last) + place)?)?;
            }
        }
        leaf.head.count = last;
        self.set(leaf.index, leaf.head.pack())
    }

    /// Gives room back that the leaf for the hash does not need any more. Each step is committed. Where
    /// there is no room to build what takes less, all stays as it is.
    pub(super) fn tidy(&self, table: Table, hash: u64) -> Result<(), Trouble> {
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

    /// Lets no bound on the way to a leaf be above `seen`.
    pub(super) fn lower(&self, table: Table, spot: &Spot, seen: u32) -> Result<(), Trouble> {
        if spot.bound <= seen {
            return Ok(());
        }
        let path = self.path(table, spot.hash)?;
        for place in path.links[..path.levels].iter().copied().chain(spot.own_links()) {
            if self.link(place)?.oldest() > seen {
                self.set_oldest(place, seen)?;
            }
        }
        Ok(())
    }

    /// Brings all bounds on the way to a leaf up to what is below them, and commits.
    pub(super) fn raise(&self, table: Table, spot: &Spot) -> Result<(), Trouble> {
        let oldest = self.oldest_of(table, spot.leaf)?;
        for place in spot.own_links() {
            self.set_oldest(place, oldest)?;
        }
        self.commit()?;
        let path = self.path(table, spot.hash)?;
        for level in (0..path.levels).rev() {
            let Some(node) = path.nodes[level] else { continue };
            let links = self.words(node.index, 1 << node.depth)?;
            let bounds = links.iter().map(|link| Link(link.load(Relaxed)).oldest());
            self.set_oldest(path.links[level], bounds.min().unwrap_or(NEVER))?;
        }
        self.commit()
    }

    fn set_oldest(&self, place: usize, oldest: u32) -> Result<(), Trouble> {
        self.set(place, self.link(place)?.with_oldest(oldest).0)
    }

    /// When the peer of a leaf that was silent for longest was seen.
    pub(super) fn oldest_of(&self, table: Table, leaf: Leaf) -> Result<u32, Trouble> {
        let mut oldest = NEVER;
        if table.records == Records::Peers {
            for slot in 0..leaf.head.count {
                oldest = oldest.min(peer::last_seen_in(self.get(leaf.row(slot))?));
            }
        }
        Ok(oldest)
    }

    /// Finds the leaf below the lowest bound of a table of peers.
    pub(super) fn descend_to_oldest(&self, table: Table) -> Result<Option<Spot>, Trouble> {
        let (mut hash, mut before) = (0_u64, 0);
        let mut link = self.link(table.root)?;
        while link.block().is_some() && link.depth() != 0 {
            before += link.depth();
            if before > u64::BITS {
                return Err(Trouble::BROKEN_TABLE);
            }
            let links = self.links(link)?.iter().map(|link| Link(link.load(Relaxed)));
            let oldest = links.enumerate().min_by_key(|(_, link)| link.oldest());
            let (place, next) = oldest.ok_or(Trouble::BROKEN_TABLE)?;
            hash |= (place as u64) << (u64::BITS - before);
            link = next;
        }
        self.descend(table, hash)
    }

    /// The hash of a record.
    pub(super) fn hash_of(&self, table: Table, leaf: Leaf, slot: u32) -> Result<u64, Trouble> {
        let key = self.get(leaf.key(slot))?;
        let row = self.words(leaf.row(slot), leaf.head.row as usize)?;
        Ok(match table.records {
            Records::Swarms => swarm::hash_of_row(self.geometry, key, row),
            Records::Peers => peer::hash_of_row(self.geometry, row),
            Records::Addresses => key,
        })
    }
}

impl Records {
    /// Whether rows of so many words can be of this kind.
    pub(super) fn may_have(self, row: u32) -> bool {
        match self {
            Self::Swarms => row == swarm::ROW,
            Self::Peers => row == peer::NARROW || row == peer::WIDE,
            Self::Addresses => row == 1,
        }
    }
}
