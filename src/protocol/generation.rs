//! Which life of a peer store figures belong to.

/// Names one generation of a peer store: recreated, a store has a new one, and its totals start from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Generation(pub u64);
