//! The figures as a file that the textfile collector of Prometheus' node_exporter reads.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Seen, of};
use crate::config::LoadedConfig;
use crate::platform::publication;
use crate::protocol::Timestamp;
use crate::tracker::{Refusal, Tracker, Turn};

/// What the bytes of each file begin with. The tracker knows its own by it.
const BEGINNING: &[u8] = b"# HELP tracker_";

/// What can keep it from being written.
#[derive(Debug, thiserror::Error)]
pub enum MetricsFileError {
    /// The peer store has trouble, of which the log has more.
    #[error("cannot write {}: {refusal}; the one before it stays", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What a client would be told.
        refusal: Refusal,
    },
    /// Something else is at its place.
    #[error(
        "{} has no figures of this tracker in it, and so is not the tracker's: it stays as it is; move it away, or name \
         another file by `metrics_file` in [paths]", path.display()
    )]
    Foreign {
        /// What is there.
        path: PathBuf,
    },
    /// The kernel refuses.
    #[error("cannot write {}: {source}; let the tracker's user write there, and make room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the file. To be called with the turn in hand, once what the refresh has found is written.
///
/// # Errors
/// When it cannot be written, or a file of somebody else is in its place.
pub fn write(
    loaded: &LoadedConfig,
    path: &Path,
    _turn: &Turn,
    now: Timestamp,
) -> Result<(), MetricsFileError> {
    let failed = |source| MetricsFileError::Write { path: path.to_owned(), source };
    if !is_free(path).map_err(failed)? {
        return Err(MetricsFileError::Foreign { path: path.to_owned() });
    }
    let mut tracker = Tracker::new(Arc::new(loaded.clone()));
    let text = of(&mut tracker, Seen::Later, now)
        .map_err(|refusal| MetricsFileError::Store { path: path.to_owned(), refusal })?;
    publication::replace_readable(path, text.as_bytes()).map_err(failed)
}

/// Whether there is nothing, or a file of the tracker's.
fn is_free(path: &Path) -> io::Result<bool> {
    let found = match fs::symlink_metadata(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(true),
        found => found?,
    };
    if !found.is_file() || found.len() == 0 {
        return Ok(found.is_file());
    }
    let mut beginning = Vec::new();
    File::open(path)?.take(BEGINNING.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning == BEGINNING)
}
