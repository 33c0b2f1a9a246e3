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
use std::sync::atomic::Ordering::Relaxed;

use super::layout::{DEEPEST, Head, Kind, LARGEST_LEAF, leaf_size, most_slots};
use super::pages::{Block, low_half};
use super::shard::Shard;
use super::trouble::Trouble;
use super::{peer, swarm};

/// Nodes of the deepest kind use up a hash of 64 bits, and then there is a leaf.
const LEVELS: usize = 9;

/// More links than this are changed in a copy of their node.
const FEW_LINKS: usize = 16;

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
    /// A leaf whose head was read at an index.
    pub(super) fn new(block: Block, head: Head, index: usize) -> Self {
        Self { block, head, index }
    }

    /// The word of a slot's key.
    pub(super) fn key(self, slot: u32) -> usize {
        self.index + 1 + slot as usize
    }

    /// The first word of a slot's row.
    pub(super) fn row(self, slot: u32) -> usize {
        self.index + 1 + self.head.capacity as usize + (slot * self.head.row) as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    block: Block,
    index: usize,
    depth: u32,
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
                node.index + 1 + places.start..node.index + 1 + places.end
            }
        }
    }

    /// A hash that leads here.
    pub(super) fn hash(&self) -> u64 {
        self.hash
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
        let same = |pair: &[u64]| low_half(pair[0]) == low_half(pair[1]);
        while self.depth > 0 && self.used().chunks_exact(2).all(same) {
            self.depth -= 1;
            for place in 0..1 << self.depth {
                self.words[place] = self.words[place * 2];
            }
        }
    }
}

/// Some bits of a hash, after so many others.
fn bits(hash: u64, before: u32, count: u32) -> usize {
    usize::try_from((hash << before) >> (64 - count)).unwrap_or(usize::MAX)
}

/// The link to a block below which no peer was seen before `oldest`.
fn link(block: Block, oldest: u32) -> u64 {
    u64::from(block.0) | u64::from(oldest) << 32
}

/// The bound of a link.
pub(super) fn oldest_in(link: u64) -> u32 {
    low_half(link >> 32)
}

impl Shard<'_> {
    /// The head of a block and its first word.
    pub(super) fn open(&self, block: Block) -> Result<(Head, usize), Trouble> {
        self.burn()?;
        let index = self.index_of(block);
        let head = Head::unpack(self.get(index)?).ok_or(Trouble::BROKEN_BLOCK)?;
        if !block.fits(head.size) {
            return Err(Trouble::BROKEN_BLOCK);
        }
        Ok((head, index))
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
        let mut word = self.get(table.root)?;
        let mut bound = oldest_in(word);
        while let Some(block) = Block::in_link(word) {
            let (head, index) = self.open(block)?;
            if head.kind == Kind::Leaf {
                if !table.records.may_have(head.row) || head.depth > above {
                    return Err(Trouble::BROKEN_TABLE);
                }
                let leaf = Leaf { block, head, index };
                return Ok(Some(Spot { leaf, node, before, bound, hash, root: table.root }));
            }
            before += above;
            above = head.depth;
            if level == LEVELS || before + above > u64::BITS {
                return Err(Trouble::BROKEN_TABLE);
            }
            let link = index + 1 + bits(hash, before, above);
            let below = Node { block, index, depth: above };
            tell(level, below, link);
            (node, level) = (Some(below), level + 1);
            word = self.get(link)?;
            bound = bound.max(oldest_in(word));
        }
        if level == 0 { Ok(None) } else { Err(Trouble::BROKEN_TABLE) }
    }

    /// Makes a leaf for the hash have a free slot with rows of `row` words. Each step but the making
    /// of the first leaf is committed, so that nothing else must be uncommitted. Says whether records
    /// were moved.
    pub(super) fn make_room(&self, table: Table, hash: u64, row: u32) -> Result<bool, Trouble> {
        let mut moved = false;
        loop {
            let Some(spot) = self.descend(table, hash)? else {
                let leaf = self.build(0, row, 1)?;
                self.set(table.root, link(leaf.block, NEVER))?;
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

    /// Makes a leaf larger, or two of it where it would be too large, and commits.
    fn enlarge(&self, table: Table, spot: &Spot, row: u32, slots: u32) -> Result<(), Trouble> {
        if slots <= most_slots(row) {
            self.resize(table, spot, row, slots)?;
        } else {
            self.split(table, spot)?;
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

    /// Gives room back that the leaf for the hash does not need any more. Each step is committed.
    pub(super) fn tidy(&self, table: Table, hash: u64) -> Result<(), Trouble> {
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
        let needed = leaf_size(row, roomy(count));
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
        let other = node.index + 1 + (places.start ^ width);
        let word = self.get(other)?;
        let block = Block::in_link(word).ok_or(Trouble::BROKEN_TABLE)?;
        let (their_head, index) = self.open(block)?;
        let row = head.row.max(their_head.row);
        let count = head.count + their_head.count;
        let is_buddy = their_head.kind == Kind::Leaf && their_head.depth == head.depth;
        if !is_buddy || count > most_slots(row) / 2 {
            return Ok(false);
        }
        let buddy = Leaf { block, head: their_head, index };
        let mut joined = self.build(head.depth - 1, row, count)?;
        for leaf in [spot.leaf, buddy] {
            for slot in 0..leaf.head.count {
                self.append(&mut joined, leaf, slot)?;
            }
        }
        let oldest = oldest_in(word).min(oldest_in(self.get(spot.own_links().start)?));
        let first = places.start & !width;
        self.edit(table, spot, node, |links| {
            links.words[first..first + 2 * width].fill(link(joined.block, oldest));
        })?;
        self.free(spot.leaf.block, head.size)?;
        self.free(block, their_head.size)?;
        self.commit()?;
        Ok(true)
    }

    /// Makes a leaf without records, with room for about so many. Nobody can reach it yet.
    fn build(&self, depth: u32, row: u32, slots: u32) -> Result<Leaf, Trouble> {
        let size = leaf_size(row, roomy(slots)).min(LARGEST_LEAF).max(leaf_size(row, slots));
        let block = self.allocate(size)?;
        let leaf =
            Leaf { block, head: Head::leaf(depth, 0, row, size), index: self.index_of(block) };
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
        let oldest = oldest_in(self.get(spot.own_links().start)?);
        let word = link(new.block, oldest);
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
            *word = link(leaf.block, self.oldest_of(table, leaf)?);
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
        let head = Head::node(1);
        let block = self.allocate(head.size)?;
        let index = self.index_of(block);
        self.put(index, head.pack())?;
        self.put(index + 1, halves[0])?;
        self.put(index + 2, halves[1])?;
        // A leaf that needs all the bits of its node has one link there.
        let place = spot.own_links().start;
        self.set(place, link(block, oldest_in(self.get(place)?)))
    }

    /// Changes the links of a node, in place where these are few.
    fn edit(
        &self,
        table: Table,
        spot: &Spot,
        node: Node,
        change: impl FnOnce(&mut Links),
    ) -> Result<(), Trouble> {
        let present = self.words(node.index + 1, 1 << node.depth)?;
        let mut links = Links { depth: node.depth, words: [0; 1 << DEEPEST] };
        for (word, present) in links.words.iter_mut().zip(present) {
            *word = present.load(Relaxed);
        }
        change(&mut links);
        links.shrink();
        let differ =
            |(word, present): (&u64, &std::sync::atomic::AtomicU64)| *word != present.load(Relaxed);
        let changed = links.used().iter().zip(present).filter(|&pair| differ(pair)).count();
        if links.depth == node.depth && changed <= FEW_LINKS {
            for (place, &word) in links.used().iter().enumerate() {
                self.set(node.index + 1 + place, word)?;
            }
            return Ok(());
        }
        self.replace(&self.path(table, spot.hash)?, node, &links)
    }

    /// Puts a new node, or a single leaf, in the place of a node.
    fn replace(&self, path: &Path, node: Node, links: &Links) -> Result<(), Trouble> {
        let place = path.link_to_last_node()?;
        let word = if links.depth == 0 {
            // The leaf now hangs where its node did, and so has a place of its own there.
            let leaf = Block::in_link(links.words[0]).ok_or(Trouble::BROKEN_TABLE)?;
            let (head, index) = self.open(leaf)?;
            if head.kind != Kind::Leaf {
                return Err(Trouble::BROKEN_TABLE);
            }
            self.set(index, Head { depth: path.depth_above(), ..head }.pack())?;
            links.words[0]
        } else {
            let head = Head::node(links.depth);
            let block = self.allocate(head.size)?;
            let index = self.index_of(block);
            self.put(index, head.pack())?;
            for (place, &word) in links.used().iter().enumerate() {
                self.put(index + 1 + place, word)?;
            }
            link(block, oldest_in(self.get(place)?))
        };
        self.set(place, word)?;
        self.free(node.block, Head::node(node.depth).size)
    }

    /// Lets no bound on the way to a leaf be above `seen`.
    pub(super) fn lower(&self, table: Table, spot: &Spot, seen: u32) -> Result<(), Trouble> {
        if spot.bound <= seen {
            return Ok(());
        }
        let path = self.path(table, spot.hash)?;
        for place in path.links[..path.levels].iter().copied().chain(spot.own_links()) {
            if oldest_in(self.get(place)?) > seen {
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
            let links = self.words(node.index + 1, 1 << node.depth)?;
            let bounds = links.iter().map(|link| oldest_in(link.load(Relaxed)));
            self.set_oldest(path.links[level], bounds.min().unwrap_or(NEVER))?;
        }
        self.commit()
    }

    fn set_oldest(&self, place: usize, oldest: u32) -> Result<(), Trouble> {
        let block = self.get(place)? & u64::from(u32::MAX);
        self.set(place, block | u64::from(oldest) << 32)
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
        let mut place = table.root;
        while let Some(block) = Block::in_link(self.get(place)?) {
            let (head, index) = self.open(block)?;
            if head.kind == Kind::Leaf {
                break;
            }
            if before + head.depth > u64::BITS {
                return Err(Trouble::BROKEN_TABLE);
            }
            let links = self.words(index + 1, 1 << head.depth)?;
            let bounds = links.iter().map(|link| oldest_in(link.load(Relaxed)));
            let (first, _) = bounds.enumerate().min_by_key(|&(_, oldest)| oldest).unwrap_or((0, 0));
            before += head.depth;
            hash |= (first as u64).checked_shl(u64::BITS - before).unwrap_or(0);
            place = index + 1 + first;
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

/// Room for so many records and some more, so that not each of them makes a leaf grow.
fn roomy(count: u32) -> u32 {
    count + count / 8
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
