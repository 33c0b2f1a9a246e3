//! Lock files: one process at a time, and nobody waits for a dead one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A lock file cannot be made or locked.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock {}: {source}; let the tracker's user write to that folder", path.display())]
pub struct LockError {
    /// The lock file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Asks for a lock for at most `patience`; `None` when another holds it all the time. It is free again
/// when the file is dropped.
pub(super) fn within(path: &Path, patience: Duration) -> Result<Option<File>, LockError> {
    let failed = |source| LockError { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.create(true).append(true).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(path).map_err(failed)?;
    let give_up = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() >= give_up => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}
