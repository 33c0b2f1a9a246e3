//! One password is hashed at a time on a host: each takes 19 MiB and keeps a processor busy, and processes of the same
//! host share no pool.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::platform::lock::{self, LockError};

/// How long to wait for others.
const PATIENCE: Duration = Duration::from_secs(5);

/// The leave to hash a password. The next one has it when this is dropped.
#[derive(Debug)]
pub struct HashingTurn {
    _lock: File,
}

/// There is no turn.
#[derive(Debug, thiserror::Error)]
pub enum HashingTurnError {
    /// Others had it all the time.
    #[error("too many sign in at this moment; try again in some seconds")]
    Busy,
    /// The lock file cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl HashingTurn {
    /// Takes the turn if nobody has it. `catalog` is the file of the catalogue, beside which the lock lies.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked.
    pub fn try_take(catalog: &Path) -> Result<Option<Self>, LockError> {
        Self::within(catalog, Duration::ZERO)
    }

    /// Waits for it, 5 seconds at most: never on an event loop.
    ///
    /// # Errors
    /// When others have it all the time, or the lock file cannot be made or locked.
    pub fn wait_for(catalog: &Path) -> Result<Self, HashingTurnError> {
        Self::within(catalog, PATIENCE)?.ok_or(HashingTurnError::Busy)
    }

    fn within(catalog: &Path, patience: Duration) -> Result<Option<Self>, LockError> {
        let lock = lock::within(&catalog.with_file_name("hashing.lock"), patience)?;
        Ok(lock.map(|lock| Self { _lock: lock }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn one_has_the_turn_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = folder.path().join("catalog.db");
        let turn = HashingTurn::wait_for(&catalog).unwrap();
        assert!(HashingTurn::try_take(&catalog).unwrap().is_none());
        let waited = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| HashingTurn::wait_for(&catalog).is_ok());
            drop(turn);
            waiting.join().unwrap()
        });
        assert!(waited && HashingTurn::try_take(&catalog).unwrap().is_some());
    }

    #[test]
    fn nobody_waits_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = folder.path().join("catalog.db");
        let _turn = HashingTurn::try_take(&catalog).unwrap().unwrap();
        let (patience, began) = (Duration::from_millis(20), Instant::now());
        assert!(HashingTurn::within(&catalog, patience).unwrap().is_none());
        assert!(began.elapsed() >= patience);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let nowhere = Path::new("/nowhere/catalog.db");
        assert!(HashingTurn::try_take(nowhere).is_err());
        assert!(matches!(HashingTurn::wait_for(nowhere), Err(HashingTurnError::Lock(_))));
    }
}
