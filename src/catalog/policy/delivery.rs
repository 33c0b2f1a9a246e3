//! A policy snapshot that arrives from another host. It may be written in place and be cut off half-way, so that
//! it is never mapped: it is read, verified, and copied to the place of the last good one, by rename.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::format::UnvalidatedHeader;
use super::read::{PolicySnapshot, fault_of, verify};
use super::{PolicyError, switches};
use crate::platform::publication::TemporaryFile;
use crate::platform::{files, lock};

/// A file that was modified this shortly ago may be modified once more without another modification time.
const SETTLED: Duration = Duration::from_secs(2);

/// Where snapshots arrive, and where the last good one is kept.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The file that is copied to this host, by whatever means.
    pub arriving: &'a Path,
    /// The last good one, which this tracker has written itself.
    pub accepted: &'a Path,
}

/// What became of the one that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is in force from now on.
    Accepted,
    /// It is the one in force, or was looked at before.
    Known,
    /// Another process is at it.
    Busy,
}

impl Delivery<'_> {
    /// Whether a snapshot has arrived that nobody has looked at.
    #[must_use]
    pub fn is_new(&self) -> bool {
        let arrived = modified(self.arriving);
        arrived.is_some() && arrived != modified(&self.lock_path())
    }

    /// Puts the one that has arrived in force, unless it is damaged or older than the one in force, which then
    /// stays. One process at a time; the others wait for as long as they have patience. One that has the time of the
    /// one that was looked at last is looked at only when it `is_forced`: tools that keep whole seconds can bring two
    /// with one time.
    ///
    /// # Errors
    /// When nothing has arrived, what has arrived is refused, or the copy cannot be written.
    pub fn take_in(&self, patience: Duration, is_forced: bool) -> Result<Arrival, PolicyError> {
        let lock = lock::within(&self.lock_path(), patience).map_err(|problem| {
            PolicyError::Io { doing: "lock", path: problem.path, source: problem.source }
        })?;
        let Some(lock) = lock else { return Ok(Arrival::Busy) };
        // Before it is read: what changes meanwhile has another time.
        let arrived = modified(self.arriving);
        let in_force = PolicySnapshot::open(self.accepted).ok();
        if !is_forced && in_force.is_some() && arrived == modified(&self.lock_path()) {
            return Ok(Arrival::Known);
        }
        let outcome = self.accept(in_force.as_ref());
        // What could not be read or written may do next time.
        if !matches!(outcome, Err(PolicyError::Io { .. })) {
            note(&lock, arrived);
        }
        outcome
    }

    /// Says what `take_in` would, and changes nothing: whether the one that has arrived is a newer one.
    ///
    /// # Errors
    /// When nothing has arrived, or what has arrived would be refused.
    pub fn check(&self) -> Result<bool, PolicyError> {
        let in_force = PolicySnapshot::open(self.accepted).ok();
        Ok(self.newer_than(in_force.as_ref())?.is_some())
    }

    fn accept(&self, in_force: Option<&PolicySnapshot>) -> Result<Arrival, PolicyError> {
        let Some(bytes) = self.newer_than(in_force)? else { return Ok(Arrival::Known) };
        let write = || {
            let mut copy = TemporaryFile::beside(self.accepted)?;
            copy.file.write_all(&bytes)?;
            copy.replace(self.accepted)
        };
        let path = || self.accepted.to_owned();
        write().map_err(|source| PolicyError::Io { doing: "write", path: path(), source })?;
        Ok(Arrival::Accepted)
    }

    /// The bytes of what has arrived, verified; `None` when it is the one in force.
    fn newer_than(
        &self,
        in_force: Option<&PolicySnapshot>,
    ) -> Result<Option<Vec<u8>>, PolicyError> {
        let bytes = files::read(self.arriving)
            .map_err(|source| PolicyError::from_reading(self.arriving, source))?;
        let layout = UnvalidatedHeader::read(&bytes)
            .and_then(|header| header.validate())
            .and_then(|layout| verify(&bytes, &layout).map(|()| layout))
            .and_then(|layout| switches::are_understood(&bytes, &layout).map(|()| layout))
            .map_err(|fault| fault_of(self.arriving, fault))?;
        let Some(in_force) = in_force else { return Ok(Some(bytes)) };
        if in_force.digest() == layout.digest {
            return Ok(None);
        }
        let (found, in_force) = (layout.facts.sequence, in_force.sequence());
        if found > in_force {
            return Ok(Some(bytes));
        }
        let (path, accepted) = (self.arriving.to_owned(), self.accepted.to_owned());
        Err(PolicyError::Older { path, found, in_force, accepted })
    }

    /// Its modification time is that of the last file that was looked at.
    fn lock_path(&self) -> PathBuf {
        self.accepted.with_extension("lock")
    }
}

/// Notes that the file of that time was looked at, once it can no longer change unseen.
fn note(lock: &File, arrived: Option<SystemTime>) {
    if let Some(arrived) = arrived.filter(|at| at.elapsed().map_or(true, |age| age >= SETTLED)) {
        // Without it the file is looked at once more, no more.
        let _ = lock.set_modified(arrived);
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
