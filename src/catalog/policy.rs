//! The policy snapshot: one immutable file with everything that an announce must look up, published
//! from the catalogue, read through `mmap`, replaced by rename and never rewritten in place.

mod format;
mod read;
mod write;

use std::path::PathBuf;

pub use read::{FolderChange, PolicySnapshot, PolicyTorrent};
pub use write::Publication;
pub(super) use write::write_snapshot;

/// What can go wrong with the policy snapshot. It can always be made again from the catalogue.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is none yet.
    #[error("there is no policy snapshot {} yet; `tracker refresh --force` makes it", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("cannot {doing} the policy snapshot {}: {source}; its folder must be writable for the user that refreshes and readable for the web server's, with space left", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is damaged or is something else.
    #[error("the policy snapshot {} is damaged ({what}); `tracker refresh --force` makes it anew", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another version of the tracker has written the file.
    #[error("the policy snapshot {} has version {found}, and this tracker reads version {}; `tracker refresh --force` makes it anew", path.display(), format::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// More than the format can hold: 4 GiB of names, or as many torrents.
    #[error("cannot write the policy snapshot {}: more than 4 GiB of names; take torrents out of the torrents folder", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests;
