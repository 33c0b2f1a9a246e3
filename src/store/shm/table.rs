//! A table: records found by their hash, in leaves of at most half a page below nodes of links.
//!
//! It is extendible hashing with a node's depth bounded, so that nothing it does takes long however
//! large it is: a leaf that is full is split in two, a node that has too few links is doubled, one
//! that is at its deepest gets nodes below it. Leaves that have become small are joined again. A
//! changed leaf or node is built beside the old one and takes its place by one link.
//!
//! The order of records by hash is one that nobody outside knows, and never changes: walks follow
//! it, and neighbours in it are strangers to each other, as samples want them.

mod bounds;
mod link;
mod shape;

use std::ops::Range;
use std::sync::atomic::AtomicU64;

pub(super) use self::link::{Link, NEVER};
use super::hash;
use super::layout::{Block, DEEPEST, Head, NARROW, SWARM_ROW, WIDE, granules_for};
use super::shard::Shard;
use super::trouble::Trouble;

/// Nodes of the deepest kind use up a hash of 64 bits, and then there is a leaf.
const LEVELS: usize = 9;

/// Leaves that are fetched at once at most.
pub(super) const MOST_TARGETS: usize = 8;

/// Words of a leaf that are fetched: the head, and the keys of a full one.
const PREFETCHED: usize = 29;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Records {
    /// The swarms of a shard.
    Swarms,
    /// The peers of one class of a swarm.
    Peers,
    /// The addresses of peers, each with a part of the peer's hash; all of it is in the key.
    Endpoints,
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

    /// The hash of a record.
    pub(super) fn hash_of(&self, table: Table, leaf: Leaf, slot: u32) -> Result<u64, Trouble> {
        let key = self.get(leaf.key(slot))?;
        let row = self.words(leaf.row(slot), leaf.head.row as usize)?;
        Ok(match table.records {
            Records::Swarms => hash::of_swarm_row(self.geometry, key, row),
            Records::Peers => hash::of_peer_row(self.geometry, row),
            Records::Endpoints => key,
        })
    }
}

impl Records {
    /// Whether rows of so many words can be of this kind.
    pub(super) fn may_have(self, row: u32) -> bool {
        match self {
            Self::Swarms => row == SWARM_ROW,
            Self::Peers => row == NARROW || row == WIDE,
            Self::Endpoints => row == 0,
        }
    }
}
