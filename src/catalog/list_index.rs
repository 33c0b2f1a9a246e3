//! The list index: what searching and sorting the listed torrents goes by. One file with figures as of the last
//! refresh, which writes another one in its place; never changed, and made of the catalogue where it is missing.

mod format;
mod nearest;
mod read;
mod search;
mod words;
mod write;

use std::io;
use std::path::PathBuf;

use crate::protocol::{Seconds, Timestamp};

pub use read::ListIndex;
pub use search::{ListHit, ListHits, ListOrder, ListSearch};
pub(super) use words::fold_into;
pub use words::{Initial, words_of};
pub use write::{ListEntry, ListIndexDraft};

/// What is true of all torrents of a list index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFacts {
    /// When they were counted.
    pub counted_at: Timestamp,
    /// After how long they are counted again.
    pub next_in: Seconds,
    /// What load was like then, where it was high.
    pub high_load: Option<HighLoad>,
}

/// What high load is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighLoad {
    /// Announces a second.
    pub announces: u32,
    /// What clients are asked to leave between two announces.
    pub interval: Seconds,
}

/// A category or a group, and how many torrents are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPlace {
    /// Its name.
    pub name: String,
    /// How many torrents are in it itself, not below it.
    pub torrents: usize,
}

/// What can go wrong with the list index. It can always be made again of the catalogue.
#[derive(Debug, thiserror::Error)]
pub enum ListIndexError {
    /// There is none yet.
    #[error("there is no list index {} yet; `tracker refresh --force` makes it", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("cannot {doing} the list index {}: {source}; its folder must be writable for the user that refreshes and readable for the web server's, with space left", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is damaged, is something else, or comes from another version.
    #[error("the list index {} is damaged or of another version ({what}); `tracker refresh --force` makes it anew", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

#[cfg(test)]
mod tests;
