//! The backup of the manifest, which lies among the pages. So ours are known also where the manifest was lost or damaged, or
//! where it or the pages came back from an older copy: each knows what the other may have forgotten.
//!
//! Both say what we have written to a path, and a file of the owner's is none of that: so both together harm nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::manifest::{Manifest, Written, digest_of, is_inside};
use super::writing::replace;
use super::{PageFolder, PageFolderError};
use crate::platform::{files, privilege};

/// Its name: Apache gives out nothing that begins so.
pub(super) const BACKUP: &str = ".ht_tracker_pages";

/// What it begins with. Behind it stand the digest of the manifest that it is a backup of, the mark of that one's folder
/// and the digest of what follows, each with the end of a line behind it; then JSON.
const BEGINNING: &str = "tracker.cgi pages 1\n";

/// Hexadecimal digits of a digest.
const DIGEST_LEN: usize = 32;

/// Bytes before the JSON.
const HEAD_LEN: usize = BEGINNING.len() + 3 * (DIGEST_LEN + 1);

/// What is in it: no path of the server outside the folder, as a web server may give it out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backup {
    files: BTreeMap<String, Written>,
    folders: BTreeSet<String>,
}

/// What is written into it.
#[derive(Serialize)]
struct BackedUp<'a> {
    files: &'a BTreeMap<String, Written>,
    folders: &'a BTreeSet<String>,
}

/// What is in the place of the backup.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FoundBackup {
    Nothing,
    /// One of ours: the digest of the manifest that it is of.
    Ours(String),
    /// One that looks like ours, and was written by another user of the machine: nothing in it is believed, and ours takes
    /// its place.
    Forged,
    /// Another tracker's, or a file of the owner's: it stays.
    Others,
}

/// What tells the trackers apart that may have written a backup: where the manifest lies, seen from the folder. So that of a
/// site which was moved as a whole is still ours, and that of data elsewhere is not.
pub(super) fn mark_of(seen: &str) -> String {
    digest_of(seen.as_bytes())
}

/// Looks at what is there; ours is that with one of these marks.
pub(super) fn find(path: &Path, marks: &[String]) -> FoundBackup {
    match head_of(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => FoundBackup::Nothing,
        // What a power failure or a full disk leaves.
        Ok((head, _)) if head.is_empty() => FoundBackup::Ours(String::new()),
        Ok((head, writer)) => {
            let mut fields = head.strip_prefix(BEGINNING).unwrap_or_default().split('\n');
            match (fields.next(), fields.next()) {
                (Some(of), Some(mark)) if marks.iter().any(|it| it == mark) => {
                    let is_ours = writer == privilege::user();
                    if is_ours { FoundBackup::Ours(of.to_owned()) } else { FoundBackup::Forged }
                }
                _ => FoundBackup::Others,
            }
        }
        Err(_) => FoundBackup::Others,
    }
}

/// How it begins, and who has written it.
fn head_of(path: &Path) -> io::Result<(String, u32)> {
    let (file, found) = files::open(path, File::options().read(true))?;
    let mut head = String::new();
    file.take(HEAD_LEN as u64).read_to_string(&mut head)?;
    Ok((head, found.uid()))
}

/// What follows the head; `None` where something else was written.
fn body_of(bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = bytes.split_at_checked(HEAD_LEN)?;
    let digest = head.get(HEAD_LEN - DIGEST_LEN - 1..HEAD_LEN - 1)?;
    (digest == digest_of(body).as_bytes()).then_some(body)
}

impl Backup {
    /// Whether one of ours is as it was written.
    fn is_whole(path: &Path) -> bool {
        files::read(path).is_ok_and(|bytes| body_of(&bytes).is_some())
    }

    /// Reads one of ours; `None` where it is damaged.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = files::read(path).ok()?;
        let backup: Self = serde_json::from_slice(body_of(&bytes)?).ok()?;
        let mut paths = backup.files.keys().chain(&backup.folders);
        paths.all(|path| is_inside(path)).then_some(backup)
    }

    /// Has a manifest know what this one knows beside it.
    pub(super) fn add_to(self, manifest: &mut Manifest) {
        manifest.folders.extend(self.folders);
        for (path, written) in self.files {
            let Some(known) = manifest.files.get_mut(&path) else {
                manifest.files.insert(path, written);
                continue;
            };
            let news = written.contents.into_iter().filter(|it| !known.contents.contains(it));
            known.contents.extend(news.collect::<Vec<_>>());
        }
    }
}

impl PageFolder {
    /// Writes the backup of the manifest where that has changed, as it is when all is done. That it has reached the disk is
    /// not waited for: it matters only where the manifest is lost too. Without pages there is none.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub(super) fn back_up(&mut self) -> Result<(), PageFolderError> {
        let path = self.folder.join(BACKUP);
        let found = find(&path, &self.backup_marks);
        let change = match found {
            FoundBackup::Others => return Ok(()),
            FoundBackup::Nothing if self.wanted.is_empty() => return Ok(()),
            FoundBackup::Ours(_) | FoundBackup::Forged if self.wanted.is_empty() => {
                self.may_root_write_to(&self.folder.clone())?;
                fs::remove_file(&path)
            }
            FoundBackup::Ours(of) if of == self.digest && Backup::is_whole(&path) => return Ok(()),
            FoundBackup::Ours(_) | FoundBackup::Forged | FoundBackup::Nothing => {
                self.may_root_write_to(&self.folder.clone())?;
                self.bytes_of_backup().and_then(|it| replace(&path, &it, 0o600)).map(|_| ())
            }
        };
        change.map_err(|source| PageFolderError::Write { path, source })
    }

    fn bytes_of_backup(&self) -> io::Result<Vec<u8>> {
        let Manifest { files, folders, .. } = &self.manifest;
        let mark = self.backup_marks.first().map_or("", String::as_str);
        let body = serde_json::to_vec(&BackedUp { files, folders })?;
        let head = format!("{BEGINNING}{}\n{mark}\n{}\n", self.digest, digest_of(&body));
        Ok([head.into_bytes(), body].concat())
    }
}
