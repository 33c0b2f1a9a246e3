//! What can stop an operation on the file, before a person needs to hear of it.

use std::io;

use crate::store::caps::Crowd;

/// Why an operation stopped. Whatever it had changed was undone.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The file holds what cannot be; what that is.
    Broken(&'static str),
    /// There is no room for more.
    Full,
    /// There are as many peers, or swarms, as there may be: one has to go before another comes.
    Crowded(Crowd),
    /// The file has grown beyond what this process has mapped.
    Unmapped,
    /// A living process holds a shard for too long.
    Busy,
    /// Another file has taken the place of this one.
    Retired,
    /// The system refused.
    Io(io::Error),
}

impl Trouble {
    /// An index that leads out of the file.
    pub(super) const BROKEN_INDEX: Self = Self::Broken("something points out of the file");
    /// What should end goes on and on.
    pub(super) const BROKEN_CIRCLE: Self = Self::Broken("something leads in a circle");
    /// A block that is none.
    pub(super) const BROKEN_BLOCK: Self = Self::Broken("a block has no valid head");
    /// A table that is in no order.
    pub(super) const BROKEN_TABLE: Self = Self::Broken("a table is in disorder");
    /// A page that is in no order.
    pub(super) const BROKEN_PAGE: Self = Self::Broken("a page is in disorder");
}
