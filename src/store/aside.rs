//! Files that were set aside to make room for a new store: `peers.db.broken-SECONDS`, with a number after that where
//! one second saw several. None takes the place of another, and the newest three are kept.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::StoreError;
use super::files::{failure, with_ending};
use crate::protocol::Timestamp;

/// What SQLite keeps beside a file while it is in use; it goes where its file goes.
pub(super) const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// What stands between the name of a store and the time at which it was set aside.
const MARK: &str = ".broken-";

/// Copies of one store that are kept.
const KEPT: usize = 3;

/// A file that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The file.
    pub path: PathBuf,
    /// When it was set aside.
    pub at: Timestamp,
    /// Its size in bytes, with what SQLite keeps beside it.
    pub bytes: u64,
    /// Tells those of one second apart.
    number: u32,
}

/// What was set aside of the store at a path, the newest first.
#[must_use]
pub fn set_aside(store: &Path) -> Vec<SetAside> {
    let (Some(folder), Some(name)) = (store.parent(), store.file_name()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let mut found: Vec<SetAside> = names
        .filter_map(|found| {
            let (at, number) = time_in(&found, name)?;
            let path = folder.join(found);
            let bytes = files_of(&path).filter_map(|file| fs::symlink_metadata(file).ok());
            Some(SetAside { at, number, bytes: bytes.map(|file| file.len()).sum(), path })
        })
        .collect();
    found.sort_by_key(|copy| std::cmp::Reverse((copy.at, copy.number)));
    found
}

/// When a file of this name was set aside, if it is a copy of the store of that name.
fn time_in(name: &OsStr, store: &OsStr) -> Option<(Timestamp, u32)> {
    let rest = name.as_bytes().strip_prefix(store.as_bytes())?.strip_prefix(MARK.as_bytes())?;
    let (seconds, number) = match str::from_utf8(rest).ok()?.split_once('-') {
        Some((seconds, number)) => (seconds, number.parse().ok()?),
        None => (str::from_utf8(rest).ok()?, 0),
    };
    Some((Timestamp(seconds.parse().ok()?), number))
}

/// A file and what may stand beside it.
fn files_of(path: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = COMPANIONS.map(|ending| with_ending(path, ending));
    std::iter::once(path.to_owned()).chain(beside)
}

/// Sets a file aside together with its companions, and says so in the log. The lock is held, so that nobody else
/// does it at the same time.
pub(super) fn move_aside(path: &Path, reason: &str) -> Result<(), StoreError> {
    let failed = |source| failure("move aside", path, source);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let aside = free_name(path, now.as_secs());
    // The file first: from then on nobody opens it together with a companion that is still there.
    for (from, to) in files_of(path).zip(files_of(&aside)) {
        match fs::rename(&from, to) {
            Err(source) if source.kind() != io::ErrorKind::NotFound || from == path => {
                return Err(failed(source));
            }
            _ => {}
        }
    }
    crate::warning!(
        "the peer store {} was moved to {} and is recreated: {reason}",
        path.display(),
        aside.display()
    );
    remove_old_copies(path);
    Ok(())
}

/// A name that no copy has yet, nor anything of one; of one second the higher number is the newer copy, also where
/// older ones were removed.
fn free_name(path: &Path, seconds: u64) -> PathBuf {
    let same_second = set_aside(path).into_iter().find(|copy| copy.at == Timestamp(seconds));
    let mut number = same_second.map_or(0, |newest| u64::from(newest.number) + 1);
    loop {
        let aside = match number {
            0 => with_ending(path, &format!("{MARK}{seconds}")),
            more => with_ending(path, &format!("{MARK}{seconds}-{more}")),
        };
        if files_of(&aside).all(|file| fs::symlink_metadata(file).is_err()) {
            return aside;
        }
        number += 1;
    }
}

fn remove_old_copies(store: &Path) {
    for copy in set_aside(store).into_iter().skip(KEPT) {
        for file in files_of(&copy.path) {
            match fs::remove_file(&file) {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                    crate::warning!(
                        "cannot remove {}: {problem}; remove it yourself",
                        file.display()
                    );
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn no_copy_takes_the_place_of_another_and_the_newest_three_stay() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("peers.db");
        for number in 0..200 {
            fs::write(&store, number.to_string()).unwrap();
            fs::write(with_ending(&store, "-wal"), "its log").unwrap();
            move_aside(&store, "for a test").unwrap();
            let copies = set_aside(&store);
            let kept = copies.iter().map(|copy| fs::read_to_string(&copy.path).unwrap());
            let newest = (0..=number).rev().take(KEPT).map(|number| number.to_string());
            assert_eq!(kept.collect::<Vec<_>>(), newest.collect::<Vec<_>>());
            let length = number.to_string().len() as u64;
            assert_eq!(copies[0].bytes, length + "its log".len() as u64);
        }
        assert_eq!(names(home.path()).len(), 2 * KEPT, "{:?}", names(home.path()));
    }

    #[test]
    fn what_is_no_copy_of_this_store_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("peers.db");
        let others = [
            "peers.db.broken-",
            "peers.db.broken-1.gz",
            "peers.db.broken-1-x",
            "peers.db.broken-x",
            "other.db.broken-1",
        ];
        for name in others {
            fs::write(home.path().join(name), "").unwrap();
        }
        for second in 1..6 {
            fs::write(home.path().join(format!("peers.db.broken-{second}")), "").unwrap();
        }
        fs::write(&store, "").unwrap();
        move_aside(&store, "for a test").unwrap();
        let left = names(home.path());
        for name in others.iter().chain(&["peers.db.broken-4", "peers.db.broken-5"]) {
            assert!(left.contains(&(*name).to_owned()), "{name}: {left:?}");
        }
        assert_eq!(left.len(), others.len() + KEPT, "{left:?}");
    }

    #[test]
    fn a_companion_that_was_left_behind_is_not_written_over() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("peers.db");
        fs::write(home.path().join("peers.db.broken-7-wal"), "").unwrap();
        assert_eq!(free_name(&store, 7), home.path().join("peers.db.broken-7-1"));
    }
}
