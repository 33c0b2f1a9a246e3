//! Making a store, and putting a new one in the place of a broken one: by one process, the others
//! wait. A new file is built whole under another name and renamed into place; the old one is told
//! that it is retired, so that its users open the new one.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::file::{self, Inspected, StoreFile};
use super::{KIND, ShmOptions};
use crate::platform::random::Random;
use crate::store::aside::move_aside;
use crate::store::{Access, Generation, StoreError, expect_kind, files};

/// Shards of a new store: more than processes, so that two seldom want the same one.
const SHARDS: u32 = 256;

/// Opens the store and makes it where there is none, or none that can be used.
pub(super) fn open_or_make(options: &ShmOptions) -> Result<StoreFile, StoreError> {
    match file::inspect(options)? {
        Inspected::Ours(file) => return Ok(file),
        other if options.file.access == Access::Read => return Err(not_made(options, &other)),
        _ => {}
    }
    let _lock = options.file.lock()?;
    open_or_build(options)
}

/// Puts a new store in the place of one that turned out to be broken, unless another process has done
/// it already.
pub(super) fn replace(
    options: &ShmOptions,
    broken: &StoreFile,
    reason: &str,
) -> Result<StoreFile, StoreError> {
    if options.file.access == Access::Read {
        return Err(options.file.corrupt(reason));
    }
    let _lock = options.file.lock()?;
    if has_moved(&options.file.path, broken) {
        return open_or_build(options);
    }
    expect_kind(&options.file.path, KIND)?;
    tell_recreated(&options.file.path, reason);
    let new = build(options)?;
    // It may be broken in that very word's page; then others find that out by themselves.
    let _ = broken.retire();
    Ok(new)
}

/// Why there is no store to read.
fn not_made(options: &ShmOptions, found: &Inspected) -> StoreError {
    match found {
        Inspected::Unusable(reason, _) | Inspected::Foreign(reason) => {
            options.file.corrupt(*reason)
        }
        Inspected::Missing | Inspected::Ours(_) => options.file.missing(),
    }
}

/// The same as `open_or_make`. The lock is held.
fn open_or_build(options: &ShmOptions) -> Result<StoreFile, StoreError> {
    match file::inspect(options)? {
        Inspected::Ours(file) => return Ok(file),
        Inspected::Missing => {}
        Inspected::Unusable(reason, file) => {
            if !file::is_unused(&file) {
                return Err(in_use(&options.file.path));
            }
            tell_recreated(&options.file.path, reason);
        }
        Inspected::Foreign(reason) => move_aside(&options.file.path, reason)?,
    }
    build(options)
}

/// Puts a new store in the place of whatever is there.
pub(super) fn rebuild(options: &ShmOptions) -> Result<StoreFile, StoreError> {
    let _lock = options.file.lock()?;
    let old = file::inspect(options)?;
    if let Inspected::Foreign(reason) = old {
        move_aside(&options.file.path, reason)?;
    }
    let new = build(options)?;
    if let Inspected::Ours(old) = old {
        let _ = old.retire();
    }
    Ok(new)
}

/// Whether a file was deleted, or another stands at its path.
pub(super) fn has_moved(path: &Path, file: &StoreFile) -> bool {
    std::fs::symlink_metadata(path)
        .map_or(true, |found| (found.dev(), found.ino()) != file.identity)
}

fn tell_recreated(path: &Path, reason: &str) {
    crate::warning!("the peer store {} is recreated: {reason}", path.display());
}

fn in_use(path: &Path) -> StoreError {
    let remedy = "another version of the tracker still uses it: restart its responders";
    files::unavailable("use", path, remedy, io::Error::from(io::ErrorKind::WouldBlock))
}

/// Makes a store where there is none, or none to keep. The lock is held.
fn build(options: &ShmOptions) -> Result<StoreFile, StoreError> {
    let path = &options.file.path;
    let failed = |source| files::failure("make", path, source);
    let unfinished = files::with_ending(path, ".new");
    files::remove(&unfinished)?;
    let mut how = OpenOptions::new();
    how.read(true).write(true).create_new(true).mode(files::MODE);
    let file = how.open(&unfinished).map_err(failed)?;
    let generation = Generation(Random::new().positive().unsigned_abs());
    let secret = [Random::new().bits(), Random::new().bits()];
    if let Err(source) = file::fill(file, options, shards(), generation, secret) {
        files::remove(&unfinished)?;
        return Err(failed(source));
    }
    std::fs::rename(&unfinished, path).map_err(failed)?;
    match file::inspect(options)? {
        Inspected::Ours(file) => Ok(file),
        _ => Err(files::failure("keep", path, io::ErrorKind::NotFound.into())),
    }
}

/// Tests and fuzzers want small files.
fn shards() -> u32 {
    #[cfg(any(test, fuzzing))]
    if let Some(shards) = FEWER_SHARDS.get() {
        return shards;
    }
    SHARDS
}

#[cfg(any(test, fuzzing))]
thread_local! {
    /// How many shards the stores that this thread makes have, if not as many as all others.
    pub(super) static FEWER_SHARDS: std::cell::Cell<Option<u32>> = const { std::cell::Cell::new(None) };
}
