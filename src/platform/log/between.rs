//! What was told, remembered from one process to the next where each lives for one request (CGI): a small
//! file, opened only when there is something to tell.
//!
//! It lies in the data folder; until that is known, or where it cannot be written, in the folder for
//! temporary files. Where neither will do, all is told. The web server writes a line for each request anyway.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::platform::lock;
use crate::platform::order::Order as _;

/// How long a kind of event goes untold after it was told.
pub(super) const PAUSE: Duration = Duration::from_secs(60);
/// Kinds of events that are remembered; of more, those that were told longest ago are forgotten.
const MOST: usize = 64;
/// How long to wait for another process that has something to tell.
const PATIENCE: Duration = Duration::from_millis(20);

static ONE_REQUEST: AtomicBool = AtomicBool::new(false);
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Says that this process answers one request: what others have told counts from now on.
pub fn belongs_to_one_request() {
    ONE_REQUEST.store(true, Ordering::Relaxed);
}

/// Names the data folder. The first one that is named counts.
pub fn remember_in(folder: &Path) {
    if ONE_REQUEST.load(Ordering::Relaxed) {
        FOLDER.get_or_init(|| folder.to_owned());
    }
}

/// A kind of event of one installation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Key {
    pub(super) fn of(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (name, FOLDER.get()).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// When something was told last, and how often it went untold since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    key: u64,
    at: u64,
    untold: u64,
}

/// How often an event went untold, here and elsewhere, when it is to be told now.
pub(super) fn turn(key: Key, untold: u64) -> Option<u64> {
    if !ONE_REQUEST.load(Ordering::Relaxed) {
        return Some(untold);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let temporary = std::env::temp_dir();
    let folders = FOLDER.get().into_iter().chain([&temporary]);
    let mut files = folders.filter_map(|folder| open(folder).ok());
    let Some(mut file) = files.next() else { return Some(untold) };
    // What cannot be remembered is told.
    turn_in(&mut file, key, now.as_secs()).unwrap_or(Some(0)).map(|more| untold + more)
}

/// Opens the file, and locks it. One that others can write to, or that is a link, is none of ours.
fn open(folder: &Path) -> io::Result<File> {
    // Of the process itself, as the kernel sees it.
    let user = fs::metadata("/proc/self")?.uid();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(folder.join(format!("tracker-told-{user}")))?;
    let found = file.metadata()?;
    if !found.is_file() || found.uid() != user || found.nlink() != 1 || found.mode() & 0o077 != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if lock::acquire(&file, lock::Kind::Exclusive, PATIENCE)? {
        Ok(file)
    } else {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn turn_in(file: &mut File, key: Key, now: u64) -> io::Result<Option<u64>> {
    let mut bytes = Vec::new();
    (&*file).take(64 * 1024).read_to_end(&mut bytes)?;
    let mut entries = read(&bytes);
    let turn = take_turn(&mut entries, key, now);
    file.rewind()?;
    file.write_all(&written(&entries))?;
    // An entry is never shorter than before, but there may be fewer.
    let length = file.stream_position()?;
    file.set_len(length)?;
    Ok(turn)
}

fn take_turn(entries: &mut Vec<Entry>, key: Key, now: u64) -> Option<u64> {
    let known = entries.iter().position(|entry| entry.key == key.0);
    let mut entry = known.map_or(Entry { key: key.0, at: 0, untold: 0 }, |at| entries.remove(at));
    // What was told later than now was told by a clock that was wrong.
    let is_young = (entry.at..entry.at.saturating_add(PAUSE.as_secs())).contains(&now);
    let turn = if is_young {
        entry.untold = entry.untold.saturating_add(1);
        None
    } else {
        entry.at = now;
        Some(std::mem::take(&mut entry.untold))
    };
    if entries.len() >= MOST {
        entries.order_by_key(|entry| entry.at);
        entries.remove(0);
    }
    entries.push(entry);
    turn
}

/// One entry a line: key, time, how often untold. What is no entry is passed over.
fn read(bytes: &[u8]) -> Vec<Entry> {
    let entry = |line: &str| {
        let mut words = line.split(' ');
        let key = u64::from_str_radix(words.next()?, 16).ok()?;
        Some(Entry { key, at: words.next()?.parse().ok()?, untold: words.next()?.parse().ok()? })
    };
    String::from_utf8_lossy(bytes).lines().filter_map(entry).collect()
}

fn written(entries: &[Entry]) -> Vec<u8> {
    let line = |entry: &Entry| format!("{:x} {} {}\n", entry.key, entry.at, entry.untold);
    entries.iter().map(line).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    #[test]
    fn each_kind_is_told_once_a_minute_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let turn = |key, now| turn_in(&mut open(folder.path()).unwrap(), Key(key), now).unwrap();
        assert_eq!(turn(1, NOW), Some(0));
        assert_eq!(turn(2, NOW), Some(0));
        for second in 0..60 {
            assert_eq!(turn(1, NOW + second), None);
        }
        assert_eq!(turn(1, NOW + 60), Some(60));
        assert_eq!(turn(2, NOW + 60), Some(0));
        assert_eq!(turn(1, NOW + 119), None);
        assert_eq!(turn(1, NOW - 1000), Some(1), "a clock that was ahead keeps nothing quiet");
    }

    #[test]
    fn the_file_stays_small_and_what_is_no_entry_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = open(folder.path()).unwrap();
        file.write_all(&b"\xff no entry at all\n".repeat(5000)).unwrap();
        drop(file);
        for key in 0..200 {
            let mut file = open(folder.path()).unwrap();
            assert_eq!(turn_in(&mut file, Key(key), NOW + key).unwrap(), Some(0));
        }
        let mut bytes = Vec::new();
        open(folder.path()).unwrap().read_to_end(&mut bytes).unwrap();
        let entries = read(&bytes);
        assert_eq!((entries.len(), bytes), (MOST, written(&entries)));
        assert!(entries.iter().any(|entry| entry.key == 199));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let other = folder.path().join("other");
        fs::hard_link(&path, &other).unwrap();
        assert!(open(folder.path()).is_err(), "another name for it");
        fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        assert!(open(folder.path()).is_err(), "a link");
        assert!(open(&folder.path().join("nowhere")).is_err());
    }
}
