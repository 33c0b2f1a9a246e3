//! Opening the folder: what in it is ours by the manifest and by its backup, and what a killed process has left.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::backup::{self, BACKUP, Backup, FoundBackup};
use super::held::HeldFolder;
use super::manifest::{Manifest, seen_from};
use super::{PageFolder, PageFolderError, Pages, TEMPORARY, manifest_path};
use crate::config::{LoadedConfig, absolute};

/// Removes all pages, where the configuration has none any more.
///
/// # Errors
/// When one cannot be removed.
pub(in crate::site) fn remove_all(loaded: &LoadedConfig) -> Result<(), PageFolderError> {
    let path = manifest_path(loaded);
    if !path.exists() {
        return Ok(());
    }
    let read = Manifest::read(&path);
    let known = read.map_err(|source| PageFolderError::Manifest { path: path.clone(), source })?;
    if let Some((manifest, digest)) = known.filter(|(manifest, _)| !manifest.is_copy(&path)) {
        let folder = folder_of(&manifest, &path);
        if !folder.is_dir() {
            // It may be a disk that is not mounted.
            return Ok(());
        }
        PageFolder::with(folder, path.clone(), manifest, digest).finish()?;
    }
    fs::remove_file(&path).map_err(|source| PageFolderError::Write { path, source })
}

impl PageFolder {
    /// Opens the folder, and makes it where it never was. When the configuration names another one than before, the
    /// pages in the one before are removed.
    ///
    /// # Errors
    /// When it cannot be said what in it is ours, or it is gone.
    pub(in crate::site) fn open(
        folder: &Path,
        manifest_path: PathBuf,
    ) -> Result<Self, PageFolderError> {
        let Some(seen) = seen_from(beside(&manifest_path), folder) else {
            let source = io::ErrorKind::InvalidFilename.into();
            return Err(PageFolderError::Write { path: folder.to_owned(), source });
        };
        let known = match read(folder, &manifest_path)? {
            Some((manifest, _)) if manifest.folder == seen && manifest.is_copy(&manifest_path) => {
                let (folder, home) = (folder.to_owned(), manifest.home.into());
                return Err(PageFolderError::Others { folder, home });
            }
            Some(known) if known.0.folder == seen => Some(known),
            Some((copied, _)) if copied.is_copy(&manifest_path) => None,
            Some((elsewhere, digest)) => {
                let folder = folder_of(&elsewhere, &manifest_path);
                Self::with(folder, manifest_path.clone(), elsewhere, digest).finish()?;
                None
            }
            None => None,
        };
        let (manifest, digest) =
            known.unwrap_or_else(|| (Manifest::of_folder(seen), String::new()));
        let mut opened = Self::with(folder.to_owned(), manifest_path, manifest, digest);
        if !folder.is_dir() {
            let path = folder.to_owned();
            if !opened.manifest.files.is_empty() {
                return Err(PageFolderError::Gone { path });
            }
            opened.may_root_write_to(folder)?;
            let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
            made.map_err(|source| PageFolderError::Write { path, source })?;
        }
        Ok(opened)
    }

    /// What is ours by this manifest, whose file has this digest, and by its backup.
    fn with(folder: PathBuf, manifest_path: PathBuf, manifest: Manifest, digest: String) -> Self {
        let mut opened = Self {
            backup_marks: marks_of(&folder, &manifest_path, &manifest.home),
            folder,
            manifest_path,
            noted: Some(manifest.clone()),
            digest,
            manifest,
            batch: Vec::new(),
            batch_bytes: 0,
            underway: None,
            wanted: HashSet::new(),
            clashes: BTreeSet::new(),
            trusted: HashSet::new(),
            pages: Pages::default(),
        };
        opened.ask_backup();
        opened.remove_unfinished();
        opened
    }

    /// Takes in what only the backup knows.
    fn ask_backup(&mut self) {
        let path = self.folder.join(BACKUP);
        match backup::find(&path, &self.backup_marks) {
            // It is of this very manifest.
            FoundBackup::Ours(of) if of == self.digest => {}
            FoundBackup::Ours(_) => {
                let Some(backup) = Backup::read(&path) else { return };
                self.pages.is_by_backup = self.digest.is_empty();
                // Something damaged may be in the place of the manifest.
                self.noted = None;
                backup.add_to(&mut self.manifest);
            }
            FoundBackup::Others => drop(self.clashes.insert(BACKUP.to_owned())),
            FoundBackup::Nothing | FoundBackup::Forged => {}
        }
    }

    /// Removes what a killed process has begun to write.
    fn remove_unfinished(&self) {
        let unfinished = self.manifest.files.iter().filter(|(_, written)| written.mark.is_none());
        let mut last = None;
        for (path, _) in unfinished {
            let folder = path.rsplit_once('/').map(|(folder, _)| folder);
            if last != Some(folder) {
                last = Some(folder);
                // What cannot be removed does no harm.
                let held = HeldFolder::of(&self.folder, path);
                let _ =
                    held.and_then(|it| fs::remove_file(it.place_of(&format!(".{TEMPORARY}.new"))));
            }
        }
    }
}

/// The manifest; `None` where there is none, or a damaged one whose backup can stand in for it.
fn read(folder: &Path, path: &Path) -> Result<Option<(Manifest, String)>, PageFolderError> {
    match Manifest::read(path) {
        Err(problem)
            if problem.kind() == io::ErrorKind::InvalidData && has_backup(folder, path) =>
        {
            Ok(None)
        }
        read => read.map_err(|source| PageFolderError::Manifest { path: path.to_owned(), source }),
    }
}

fn has_backup(folder: &Path, manifest_path: &Path) -> bool {
    let path = folder.join(BACKUP);
    let found = backup::find(&path, &marks_of(folder, manifest_path, ""));
    matches!(found, FoundBackup::Ours(_)) && Backup::read(&path).is_some()
}

/// The marks of backups that are ours: of where the manifest lies, and where it lay when it was written.
fn marks_of(folder: &Path, manifest_path: &Path, home: &str) -> Vec<String> {
    let homes = [beside(manifest_path), Path::new(home)];
    let seen = homes.into_iter().filter(|home| home.is_absolute());
    seen.filter_map(|home| seen_from(folder, home)).map(|seen| backup::mark_of(&seen)).collect()
}

fn beside(manifest_path: &Path) -> &Path {
    manifest_path.parent().unwrap_or(manifest_path)
}

/// The folder that a manifest is of.
pub(super) fn folder_of(manifest: &Manifest, manifest_path: &Path) -> PathBuf {
    absolute(beside(manifest_path), Path::new(&manifest.folder))
}
