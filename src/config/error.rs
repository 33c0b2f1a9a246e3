//! Why there is no configuration to go by.

use std::io;
use std::path::PathBuf;

use super::Flaw;

/// Why there is no configuration. The text is one sentence for the owner, with file, line and
/// remedy; clients must not see it, as it gives paths away.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("there is no file {}, which {named_by} names; correct the name, or leave {named_by} \
        out to have the usual places searched", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// `--config` or `TRACKER_CONFIG`.
        named_by: &'static str,
    },
    /// The file is there and cannot be read.
    #[error("cannot read {}: {source}; make it readable for the user that the tracker runs as",
        file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder, a pipe or a device is in its place.
    #[error("{} is not a regular file, and a configuration is read from nothing else; name a file, or write the \
        configuration to one", file.display())]
    NotAFile {
        /// What is there instead.
        file: PathBuf,
    },
    /// The file says something that cannot be followed.
    #[error("{}, line {line}: {flaw}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        flaw: Flaw,
    },
}
