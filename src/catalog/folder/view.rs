//! What a scan saw of the torrents folder, and which of the changes since then are a refresh's own.

use std::path::Path;
use std::time::{Duration, Instant};

use super::listing::{self, Detail, SeenFolder};
use super::watched::{Watched, has_changed};
use crate::catalog::file_state::FileTime;

/// Twice the longest tick of a kernel's clock, which the times of all finer file systems come from.
const TICK: Duration = Duration::from_millis(20);

/// What a scan saw, as a policy snapshot notes it, so that a process that misses a torrent knows whether to look again.
#[derive(Debug)]
pub struct FolderView {
    folders: Vec<SeenFolder>,
    /// Files that were broken and may be uploads under way, and the owner's lists; the folder itself where it cannot be
    /// seen.
    uploads: Vec<Watched>,
    scanned: Option<FileTime>,
}

/// The times of the folders after a refresh wrote into them.
#[derive(Debug)]
pub struct AfterWriting {
    at: Instant,
    modified: Vec<FileTime>,
}

impl FolderView {
    /// What was seen of the torrents folder up to now by so close a look.
    pub(super) fn new(folders: Vec<SeenFolder>, uploads: Vec<Watched>, detail: Detail) -> Self {
        let scanned = match detail {
            Detail::States => FileTime::now(),
            // As if the scan had ended in the very moment of the last change: it has to be looked at once more.
            Detail::Names => {
                let changes = folders.iter().map(|folder| folder.watched.modified);
                changes.max().unwrap_or(FileTime::now())
            }
        };
        Self { folders, uploads, scanned: Some(scanned) }
    }

    /// Of a folder that cannot be seen: its coming shows.
    #[must_use]
    pub fn of_nothing(root: &Path) -> Self {
        Self::new(Vec::new(), vec![Watched::now(root)], Detail::States)
    }

    /// Watches these files too, which had these times before they were read.
    pub fn watch(&mut self, files: Vec<Watched>) {
        self.uploads.extend(files);
    }

    /// Every folder and file whose change may mean another torrent.
    #[must_use]
    pub fn watched(&self) -> Vec<&Watched> {
        self.folders.iter().map(|folder| &folder.watched).chain(&self.uploads).collect()
    }

    /// When the scan ended; `None` when no change since can have gone unseen.
    #[must_use]
    pub fn scanned(&self) -> Option<FileTime> {
        self.scanned
    }

    /// Notes the times of the folders. To be called once a refresh has written all that it writes into them.
    #[must_use]
    pub fn after_writing(&self) -> AfterWriting {
        let folders = self.folders.iter().map(|folder| &*folder.watched.path);
        let modified = folders.map(FileTime::of_modification).collect();
        AfterWriting { at: Instant::now(), modified }
    }

    /// Has what the refresh itself wrote into the folders not count as a change of theirs.
    ///
    /// A folder that has another time than at the scan is listed once more, a tick of the clock after that time
    /// was read. When it has that time still, and the same content as at the scan, then nothing else has changed,
    /// and whatever changes from now on gives it a later time. Else it stays noted as the scan saw it, and the
    /// next miss has it scanned again.
    pub fn settle(&mut self, after: AfterWriting) {
        let Some(scanned) = self.scanned else { return };
        let is_recent = |modified: FileTime| modified.may_hide_a_change(scanned);
        let mut all_settled = !self.uploads.iter().any(|file| is_recent(file.modified));
        for (SeenFolder { watched: folder, digest }, modified) in
            self.folders.iter_mut().zip(after.modified)
        {
            if modified == folder.modified && !is_recent(modified) {
                continue;
            }
            // A clock that counts whole seconds may tick two of them late.
            std::thread::sleep(TICK.saturating_sub(after.at.elapsed()));
            let is_same = || listing::digest(&folder.path).is_ok_and(|now| now == *digest);
            if modified.is_fine() && !has_changed(&folder.path, modified) && is_same() {
                folder.modified = modified;
            } else {
                all_settled = false;
            }
        }
        if all_settled {
            self.scanned = None;
        }
    }
}
