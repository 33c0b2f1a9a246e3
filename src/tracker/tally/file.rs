//! The file in which all processes of a host add up what they have counted. It lies beside the peer store, of which each
//! host has its own.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use super::{Counts, PLACES};
use crate::config::LoadedConfig;
use crate::platform::files;
use crate::platform::lock::{self, Kind};
use crate::protocol::Timestamp;

/// What stands at the beginning, with the version of what follows: since when it counts, and the counts, each as
/// eight bytes in little-endian order.
const MAGIC: &[u8; 16] = b"tracker tally 1\n";

const SINCE_AT: usize = MAGIC.len();
const COUNTS_AT: usize = SINCE_AT + 8;
const LENGTH: usize = COUNTS_AT + 8 * PLACES;

/// How long to wait for others that add to it; each takes some microseconds.
const PATIENCE: Duration = Duration::from_millis(5);

/// What is counted cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} the counts of requests in {}: {source}; let the tracker's user write there, and see that there is space left", path.display())]
pub struct TallyError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Where the counts are added up.
#[derive(Clone, Debug)]
pub struct TallyFile(PathBuf);

impl TallyFile {
    /// The one of a configuration.
    #[must_use]
    pub fn of(loaded: &LoadedConfig) -> Self {
        let (store, ending) = (loaded.config.store.path.as_os_str(), ".tally");
        let mut path = OsString::with_capacity(store.len() + ending.len());
        path.push(store);
        path.push(ending);
        Self(path.into())
    }

    /// Adds counts; whether others left the file free for that. Where there is no folder for the peer store yet, nothing
    /// is added.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn add(&self, more: &Counts, now: Timestamp) -> Result<bool, TallyError> {
        let add = || {
            let mut how = File::options();
            how.read(true).write(true).create(true).truncate(false).mode(0o600);
            let (file, _) = match files::open(&self.0, &mut how).map_err(io::Error::from) {
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            if !lock::acquire(&file, Kind::Exclusive, PATIENCE)? {
                return Ok(false);
            }
            // Few have changed, and each CGI does this: so the others are left as the bytes that they are.
            let mut bytes = read(&file)?.unwrap_or_else(|| begun(now));
            let counts = bytes[COUNTS_AT..].chunks_exact_mut(8);
            for (count, more) in counts.zip(more.0).filter(|(_, more)| *more > 0) {
                count.copy_from_slice(&number(count).wrapping_add(more).to_le_bytes());
            }
            file.write_all_at(&bytes, 0)?;
            Ok(true)
        };
        add().map_err(|source| self.failed("write", source))
    }

    /// All counts, and since when they are counted; `None` where nothing was counted yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Option<(Timestamp, Counts)>, TallyError> {
        let opened = files::open(&self.0, File::options().read(true)).map_err(io::Error::from);
        let bytes = match opened {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.and_then(|(file, _)| read(&file)),
        };
        let bytes = bytes.map_err(|source| self.failed("read", source))?;
        Ok(bytes.map(|bytes| {
            let mut numbers = bytes[SINCE_AT..].chunks_exact(8).map(number);
            let since = Timestamp(numbers.next().unwrap_or_default());
            (since, Counts(std::array::from_fn(|_| numbers.next().unwrap_or_default())))
        }))
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> TallyError {
        TallyError { doing, path: self.0.clone(), source }
    }
}

/// `None` when it is empty, or what stands there is of another version: counts begin anew then.
fn read(file: &File) -> io::Result<Option<[u8; LENGTH]>> {
    let mut bytes = [0; LENGTH];
    match file.read_exact_at(&mut bytes, 0) {
        Err(problem) if problem.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        outcome => outcome.map(|()| Some(bytes).filter(|bytes| bytes.starts_with(MAGIC))),
    }
}

/// A file in which nothing was counted yet.
fn begun(since: Timestamp) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..SINCE_AT].copy_from_slice(MAGIC);
    bytes[SINCE_AT..COUNTS_AT].copy_from_slice(&since.0.to_le_bytes());
    bytes
}

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |number| u64::from_le_bytes(*number))
}
