//! The figures as a file that the textfile collector of Prometheus' node_exporter reads.

use std::convert::identity;
use std::path::Path;
use std::sync::Arc;

use super::{Seen, of};
use crate::config::LoadedConfig;
use crate::protocol::Timestamp;
use crate::site::own_file::{self, OwnFile, OwnFileError};
use crate::tracker::{Tracker, Turn};

const FILE: OwnFile = OwnFile { key: "metrics_file", beginning: b"# HELP tracker_" };

/// Writes the file. To be called with the turn in hand, once what the refresh has found is written.
///
/// # Errors
/// When it cannot be written, or a file of somebody else is in its place.
pub(in crate::site) fn write(
    loaded: &LoadedConfig,
    path: &Path,
    _turn: &Turn,
    now: Timestamp,
) -> Result<(), OwnFileError> {
    FILE.find(path, identity)?;
    let mut tracker = Tracker::new(Arc::new(loaded.clone()));
    let text = of(&mut tracker, Seen::Later, now).map_err(own_file::without_store(path))?;
    own_file::replace(path, text.as_bytes())
}
