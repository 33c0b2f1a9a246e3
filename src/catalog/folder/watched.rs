//! How a change of the torrents folder is noticed without reading it: by times of modification.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::listing;

/// What was modified this shortly before it was looked at may have changed once more without another time of
/// modification: the coarsest clocks of file systems (FAT) tick every two seconds.
pub(super) const UNSEEN_CHANGE_NANOS: u64 = 2_000_000_000;

/// Twice the longest tick of a kernel's clock, which the times of all finer file systems come from.
const TICK: Duration = Duration::from_millis(20);

/// A folder, or a file that was broken and may be an upload under way, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The torrents folder's path with the way inside it.
    pub path: PathBuf,
    /// When it had been modified last, by the clock of the file system, in nanoseconds since 1970.
    pub modified_nanos: i64,
}

impl Watched {
    /// Notes how `path` is before it is read, so that a change while it is read shows; `None` when
    /// it is not there.
    pub(super) fn before_reading(path: &Path) -> Option<Self> {
        Some(Self::now(path)).filter(|watched| watched.modified_nanos != MISSING)
    }

    /// Notes how `path` is now, also when it is not there: then its coming shows.
    #[must_use]
    pub fn now(path: &Path) -> Self {
        Self { path: path.to_path_buf(), modified_nanos: modified_nanos(path) }
    }
}

/// What a scan saw, as a policy snapshot notes it, so that whoever misses a torrent knows whether to look again.
#[derive(Debug)]
pub struct FolderView {
    root: PathBuf,
    watched: Vec<Watched>,
    /// Those of the folders, which come first among what is watched.
    digests: Vec<u64>,
    scanned_nanos: i64,
}

/// The times of the folders after a refresh wrote into them.
#[derive(Debug)]
pub struct AfterWriting {
    at: Instant,
    modified_nanos: Vec<i64>,
}

impl FolderView {
    /// What was seen of the folder at `root` up to now.
    pub(super) fn new(root: &Path, watched: Vec<Watched>, digests: Vec<u64>) -> Self {
        Self { root: root.to_owned(), watched, digests, scanned_nanos: Nanos::now() }
    }

    /// Of a folder that cannot be seen: its coming shows.
    #[must_use]
    pub fn of_nothing(root: &Path) -> Self {
        Self::new(root, vec![Watched::now(root)], Vec::new())
    }

    /// Every folder and file whose change may mean another torrent.
    #[must_use]
    pub fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// When the scan ended, in nanoseconds since 1970; `i64::MAX` when no change since can have gone unseen.
    #[must_use]
    pub fn scanned_nanos(&self) -> i64 {
        self.scanned_nanos
    }

    /// Notes the times of the folders. To be called once a refresh has written all that it writes into them.
    #[must_use]
    pub fn after_writing(&self) -> AfterWriting {
        let folders = self.watched.iter().zip(&self.digests);
        let modified_nanos = folders.map(|(folder, _)| modified_nanos(&folder.path)).collect();
        AfterWriting { at: Instant::now(), modified_nanos }
    }

    /// Has what the refresh itself wrote into the folders not count as a change of theirs.
    ///
    /// A folder that has another time than at the scan is listed once more, a tick of the clock after that time
    /// was read. When it has that time still, and the same content as at the scan, then nothing else has changed,
    /// and whatever changes from now on gives it a later time. Else it stays noted as the scan saw it, and the
    /// next miss has it scanned again.
    pub fn settle(&mut self, after: AfterWriting) {
        let scanned = self.scanned_nanos;
        let is_recent = |nanos: i64| nanos.abs_diff(scanned) < UNSEEN_CHANGE_NANOS;
        let files = self.watched.iter().skip(self.digests.len());
        let mut all_settled = !files.into_iter().any(|file| is_recent(file.modified_nanos));
        let folders = self.watched.iter_mut().zip(&self.digests).zip(after.modified_nanos);
        for ((folder, &digest), modified) in folders {
            if modified == folder.modified_nanos && !is_recent(modified) {
                continue;
            }
            // A clock that counts whole seconds may tick two of them late.
            let is_fine = modified % 1_000_000_000 != 0;
            std::thread::sleep(TICK.saturating_sub(after.at.elapsed()));
            let inside = folder.path.strip_prefix(&self.root).unwrap_or(Path::new(""));
            let is_same = || listing::digest(&folder.path, inside).is_ok_and(|now| now == digest);
            if is_fine && !has_changed(&folder.path, modified) && is_same() {
                folder.modified_nanos = modified;
            } else {
                all_settled = false;
            }
        }
        if all_settled {
            self.scanned_nanos = i64::MAX;
        }
    }
}

/// The time of what is not there.
const MISSING: i64 = i64::MIN;

/// Whether what is at `path` is not as it was noted.
#[must_use]
pub fn has_changed(path: &Path, noted_nanos: i64) -> bool {
    modified_nanos(path) != noted_nanos
}

/// When what is at `path`, followed through links, was modified: nanoseconds since 1970.
fn modified_nanos(path: &Path) -> i64 {
    fs::metadata(path).map_or(MISSING, |it| Nanos::of(it.mtime(), it.mtime_nsec()))
}

/// Times as nanoseconds since 1970.
pub(super) struct Nanos;

impl Nanos {
    pub(super) fn of(seconds: i64, nanos: i64) -> i64 {
        seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
    }

    pub(super) fn now() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }
}
