//! The words that leaves and nodes hang on.

use super::super::layout::{Block, link, low_half};

/// No peer there was ever seen.
pub(in super::super) const NEVER: u32 = u32::MAX;

/// A word that leads to a leaf or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Link(pub(in super::super) u64);

impl Link {
    /// The link to a node of some depth, or to a leaf if that is 0, below which no peer was seen
    /// before `oldest`.
    pub(super) fn new(block: Block, depth: u32, oldest: u32) -> Self {
        let low = block.0 | depth << link::BLOCK_BITS;
        Self(u64::from(low) | u64::from(oldest) << 32)
    }

    /// The block; nothing where the table is empty.
    pub(in super::super) fn block(self) -> Option<Block> {
        let block = low_half(self.0) & ((1 << link::BLOCK_BITS) - 1);
        (block != 0).then_some(Block(block))
    }

    /// The depth of the node; 0: it is a leaf.
    pub(in super::super) fn depth(self) -> u32 {
        low_half(self.0) >> link::BLOCK_BITS
    }

    /// The bound.
    pub(in super::super) fn oldest(self) -> u32 {
        low_half(self.0 >> 32)
    }

    /// Whether both lead to the same place.
    pub(in super::super) fn leads_where(self, other: Self) -> bool {
        low_half(self.0) == low_half(other.0)
    }

    /// The same with another bound.
    pub(super) fn with_oldest(self, oldest: u32) -> Self {
        Self(u64::from(low_half(self.0)) | u64::from(oldest) << 32)
    }
}
