//! Which generation of a peer store figures belong to. Stores count in it and the catalogue remembers it; neither may
//! use the other, so that it stands below both.

/// Names one generation of a peer store: recreated, a store has a new one, and its totals start from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Generation(pub u64);
