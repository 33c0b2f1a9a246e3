//! The policy snapshot: one immutable file with everything that an announce must look up, published
//! from the catalogue, read through `mmap`, replaced by rename and never rewritten in place. On a replica,
//! `delivery` makes such a file of what was copied to it.

mod bans;
mod clients;
mod delivery;
mod figures;
mod format;
mod index;
mod listing;
mod reachability;
mod read;
mod record;
mod records;
mod refused;
mod seen_clients;
mod switches;
mod texts;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use clients::PolicyClientRule;
pub use delivery::{Arrival, Delivery};
pub use format::Sequence;
pub use listing::ListingChange;
pub use read::{FolderChange, PolicyBan, PolicySnapshot, PolicyTorrent};
pub use refused::Refused;
pub use seen_clients::SeenClients;
pub use write::{PolicyDraft, Publication, publish};

/// What can go wrong with the policy snapshot. It can always be recreated from the catalogue.
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
        source: io::Error,
    },
    /// The file is damaged or is something else.
    #[error("the policy snapshot {} is damaged ({what}); `tracker refresh --force` recreates it", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another version of the tracker has written the file.
    #[error("the policy snapshot {} has version {found}, and this tracker reads version {}; `tracker refresh --force` recreates it", path.display(), format::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It has a rule that this tracker does not know, and must not pass over.
    #[error("the policy snapshot {} has a rule (section {section}) that only a newer tracker knows; upgrade this one, or `tracker refresh --force` recreates it", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// Its section.
        section: u32,
    },
    /// One that was copied to a replica is older than the one that it goes by.
    #[error("the policy snapshot {} is older (number {found}) than the one in force (number {in_force}); copy the owner's newest one, or remove {} to go back to this one", path.display(), accepted.display())]
    Older {
        /// The file that was copied.
        path: PathBuf,
        /// Its sequence number.
        found: Sequence,
        /// The sequence number of the one in force.
        in_force: Sequence,
        /// The file in force.
        accepted: PathBuf,
    },
    /// More than the format can hold: 4 GiB of names, or as many torrents.
    #[error("cannot write the policy snapshot {}: more than 4 GiB of names; take torrents out of the torrents folder", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

impl PolicyError {
    /// What is said of a file that cannot be read.
    fn from_reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Io { doing: "read", path, source },
        }
    }
}

#[cfg(test)]
mod tests;
