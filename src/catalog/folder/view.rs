//! What a scan saw of the torrents folder, and which of the changes since then are a refresh's own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::listing;
use super::watched::{Nanos, UNSEEN_CHANGE_NANOS, Watched, has_changed, modified_nanos};

/// Twice the longest tick of a kernel's clock, which the times of all finer file systems come from.
const TICK: Duration = Duration::from_millis(20);

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
