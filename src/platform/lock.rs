//! Lock files: one process at a time, and nobody waits for a dead one.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::platform::files;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(1);

/// A lock file cannot be made or locked.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock {}: {source}; {}", path.display(), advice(source))]
pub struct LockError {
    /// The lock file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

fn advice(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::ENOLCK | libc::ENOSYS | libc::EOPNOTSUPP) => {
            "that file system has no locks, as NFS without its lock service: start that service, or name a file \
             on a local disk as `catalog` in [paths]"
        }
        _ => "let the tracker's user write to that folder",
    }
}

/// Opens or makes a lock file.
pub fn open(path: &Path) -> Result<File, LockError> {
    // Whoever may read it could keep it locked.
    let opened = files::open(path, File::options().create(true).append(true).mode(0o600));
    let failed =
        |error: files::OpenError| LockError { path: path.to_owned(), source: error.into() };
    opened.map(|(file, _)| file).map_err(failed)
}

/// Asks for a lock for at most `patience`; `None` when another holds it all the time. It is free again
/// when the file is dropped.
pub fn within(path: &Path, patience: Duration) -> Result<Option<File>, LockError> {
    let file = open(path)?;
    match acquire(&file, Kind::Exclusive, patience) {
        Ok(true) => Ok(Some(file)),
        Ok(false) => Ok(None),
        Err(source) => Err(LockError { path: path.to_owned(), source }),
    }
}

/// Who may have a lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nobody else.
    Exclusive,
    /// Others that share it.
    Shared,
}

/// Asks for the lock of an open file for at most `patience`; whether it was free in that time.
///
/// # Errors
/// When the file system has no locks, or the kernel no room for one more.
pub fn acquire(file: &File, kind: Kind, patience: Duration) -> io::Result<bool> {
    // Mostly it is free, and needs no look at the clock.
    let mut give_up = None;
    loop {
        let outcome = match kind {
            Kind::Exclusive => file.try_lock(),
            Kind::Shared => file.try_lock_shared(),
        };
        match outcome {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {
                let now = Instant::now();
                if now >= *give_up.get_or_insert(now + patience) {
                    return Ok(false);
                }
                std::thread::sleep(PAUSE);
            }
            Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(source)) => return Err(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (lock, other) = (folder.path().join("lock"), folder.path().join("other"));
        std::os::unix::fs::symlink(&other, &lock).unwrap();
        let said = within(&lock, Duration::ZERO).unwrap_err().to_string();
        assert!(said.contains("it is a link"), "{said}");
        assert!(!other.exists());
        fs::remove_file(&lock).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
        let said = within(&lock, Duration::ZERO).unwrap_err().to_string();
        assert!(said.contains("it is not a regular file"), "{said}");
        fs::remove_file(&lock).unwrap();
        let held = within(&lock, Duration::ZERO).unwrap();
        assert_eq!(fs::metadata(&lock).unwrap().mode() & 0o777, 0o600, "others cannot hold it");
        assert!(held.is_some() && within(&lock, Duration::ZERO).unwrap().is_none());
    }

    #[test]
    fn without_locks_another_disk_helps_and_no_permission() {
        let told = |number| {
            let source = io::Error::from_raw_os_error(number);
            LockError { path: PathBuf::from("/data/refresh.lock"), source }.to_string()
        };
        for number in [libc::ENOLCK, libc::ENOSYS, libc::EOPNOTSUPP] {
            assert!(told(number).contains("local disk") && !told(number).contains("write to"));
        }
        assert!(told(libc::EACCES).contains("write to that folder"));
    }
}
