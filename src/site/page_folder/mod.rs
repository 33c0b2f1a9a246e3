//! The folder into which pages are written, among files of the owner's: what is written, replaced and removed there
//! is ours by the manifest, and nothing else is ever touched.
//!
//! The manifest lies beside the catalogue, and a backup of it among the pages. Only the holder of the refresh's lock writes.

mod backup;
mod compression;
mod error;
mod held;
mod left_alone;
mod manifest;
mod opening;
mod writing;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) use self::compression::compressed;
pub use self::error::PageFolderError;
use self::held::{HeldFolder, name_of};
use self::manifest::{Content, Manifest, Mark, Written, is_inside};
use self::opening::folder_of;
pub(super) use self::opening::remove_all;
use self::writing::Outcome;
use crate::config::LoadedConfig;
use crate::platform::threads::{Meanwhile, each_side_by_side};

/// Bytes of pages that are kept in memory before they are written. Each time the manifest is written durably, which takes
/// longer than all else on a disk that is busy.
const BATCH: usize = 16 << 20;

/// What the temporary file of a folder is named after: `.tracker-page.new`.
const TEMPORARY: &str = "tracker-page";

/// What became of a folder's pages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Files written.
    pub written: usize,
    /// Files removed.
    pub removed: usize,
    /// Where something of the owner's is in the place of a page.
    pub clashes: Vec<String>,
    /// Pages of nothing any more that stay, because somebody has changed them.
    pub kept: Vec<String>,
    /// Whether only the manifest's backup said what is ours.
    pub is_by_backup: bool,
}

/// The folder while pages are written to it.
#[derive(Debug)]
pub(super) struct PageFolder {
    folder: PathBuf,
    manifest_path: PathBuf,
    manifest: Manifest,
    /// The manifest as it is on the disk; `None` where there is none.
    noted: Option<Manifest>,
    /// The digest of its file there; empty where there is none.
    digest: String,
    /// What a backup of ours is known by.
    backup_marks: Vec<String>,
    /// Pages that wait to be written.
    batch: Vec<Page>,
    batch_bytes: usize,
    /// The batch before, which is being written.
    underway: Option<Meanwhile<Outcome>>,
    /// All files that are to stay.
    wanted: HashSet<String>,
    clashes: BTreeSet<String>,
    /// Folders that are known to be folders, and for root to be root's.
    trusted: HashSet<PathBuf>,
    pages: Pages,
}

/// A page that waits to be written.
#[derive(Debug)]
struct Page {
    path: String,
    bytes: Vec<u8>,
    made_of: Option<String>,
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours(Content, Mark),
    Owners,
}

/// A page of which it is known whether it is news.
#[derive(Debug)]
struct Planned {
    path: String,
    bytes: Vec<u8>,
    content: Content,
    is_news: bool,
    /// Where its compressed sibling may have to be written.
    sibling: Option<String>,
}

/// A file that is going to be written.
#[derive(Debug)]
struct Step {
    path: String,
    bytes: Vec<u8>,
    content: Content,
}

/// The manifest of a configuration.
pub(super) fn manifest_path(loaded: &LoadedConfig) -> PathBuf {
    loaded.config.paths.catalog.with_file_name("pages.json")
}

/// Where something of the owner's was in the place of a page at the last refresh, and still is.
///
/// # Errors
/// When the manifest cannot be read.
pub(super) fn clashes(loaded: &LoadedConfig) -> Result<Vec<PathBuf>, PageFolderError> {
    let path = manifest_path(loaded);
    let manifest = Manifest::read(&path);
    let manifest = manifest.map_err(|source| PageFolderError::Manifest { path, source })?;
    let Some((manifest, _)) = manifest else { return Ok(Vec::new()) };
    let folder = folder_of(&manifest, &manifest_path(loaded));
    let clashes = manifest.clashes.iter().map(|path| folder.join(path));
    Ok(clashes.filter(|path| path.symlink_metadata().is_ok()).collect())
}

impl PageFolder {
    /// Has a page be written to a path in the folder, unless that is there already. Of two for one path, the first
    /// counts.
    ///
    /// # Errors
    /// When pages cannot be written.
    pub(super) fn put(&mut self, path: String, bytes: Vec<u8>) -> Result<(), PageFolderError> {
        self.wait(Page { path, bytes, made_of: None })
    }

    /// The same for a page that [`Self::keep`] may keep next time, by what it was made of.
    ///
    /// # Errors
    /// As for `put`.
    pub(super) fn put_made_of(
        &mut self,
        path: String,
        bytes: Vec<u8>,
        made_of: String,
    ) -> Result<(), PageFolderError> {
        self.wait(Page { path, bytes, made_of: Some(made_of) })
    }

    fn wait(&mut self, page: Page) -> Result<(), PageFolderError> {
        debug_assert!(is_inside(&page.path), "{}", page.path);
        self.batch_bytes += page.bytes.len();
        self.batch.push(page);
        if self.batch_bytes < BATCH { Ok(()) } else { self.write_batch() }
    }

    /// Whether something of the owner's is at a path.
    pub(super) fn is_the_owners(&mut self, path: &str) -> bool {
        self.look(path) == Found::Owners
    }

    /// Writes what still waits, and removes what is ours and was not put there again.
    ///
    /// # Errors
    /// When something cannot be written or removed.
    pub(super) fn finish(mut self) -> Result<Pages, PageFolderError> {
        self.write_batch()?;
        self.end()?;
        self.remove_unwanted()?;
        self.manifest.made_of.retain(|path, _| self.wanted.contains(path));
        self.manifest.clashes.clone_from(&self.clashes);
        self.note()?;
        self.back_up()?;
        self.pages.clashes = self.clashes.into_iter().collect();
        Ok(self.pages)
    }

    fn write_batch(&mut self) -> Result<(), PageFolderError> {
        let steps = self.intend()?;
        self.begin(steps)
    }

    /// Finds out what of the batch is news, and notes it.
    fn intend(&mut self) -> Result<Vec<Step>, PageFolderError> {
        let mut steps = Vec::new();
        let planned = self.plan_batch();
        let planned = each_side_by_side(planned, |it| {
            let compressed = it.sibling.is_some().then(|| compression::of(&it.path, &it.bytes));
            (it, compressed)
        });
        for (Planned { path, bytes, content, is_news, sibling }, compressed) in planned {
            if is_news {
                steps.push(Step { path, bytes, content });
            }
            let Some((path, (bytes, content))) = sibling.zip(compressed) else { continue };
            if self.plan(&path, &content) == Some(true) {
                steps.push(Step { path, bytes, content });
            }
        }
        self.end()?;
        for step in &steps {
            self.manifest.intend(&step.path, step.content.clone());
            let missing = above(&step.path).filter(|path| !self.folder.join(path).exists());
            let missing: Vec<String> = missing.map(str::to_owned).collect();
            self.manifest.folders.extend(missing);
        }
        if !steps.is_empty() {
            self.note()?;
        }
        Ok(steps)
    }

    /// Finds out which pages of the batch are news, and which are to be compressed.
    fn plan_batch(&mut self) -> Vec<Planned> {
        let mut planned = Vec::new();
        self.batch_bytes = 0;
        let known = each_side_by_side(std::mem::take(&mut self.batch), |page| {
            let content = Content::of(&page.bytes);
            (page, content)
        });
        for (Page { path, bytes, made_of }, content) in known {
            if self.wanted.contains(&path) || self.clashes.contains(&path) {
                continue;
            }
            let Some(is_news) = self.plan(&path, &content) else { continue };
            // A file whose writing is noted, and not its end, is not kept.
            match made_of {
                Some(made_of) => drop(self.manifest.made_of.insert(path.clone(), made_of)),
                None => drop(self.manifest.made_of.remove(&path)),
            }
            let sibling = self.sibling_to_write(&path, &bytes, is_news);
            planned.push(Planned { path, bytes, content, is_news, sibling });
        }
        planned
    }

    /// The path of the compressed sibling of a page, where that may have to be written.
    fn sibling_to_write(&mut self, path: &str, bytes: &[u8], is_news: bool) -> Option<String> {
        if !compression::is_worth_it(path, bytes) {
            return None;
        }
        let path = format!("{path}.gz");
        if !is_news && self.is_as_it_was_left(&path) {
            self.wanted.insert(path);
            return None;
        }
        Some(path)
    }

    /// Whether this is news at a path; `None` where the owner has something in their place.
    fn plan(&mut self, path: &str, wanted: &Content) -> Option<bool> {
        let found = self.look(path);
        if found == Found::Owners {
            self.manifest.files.remove(path);
            self.clashes.insert(path.to_owned());
            return None;
        }
        self.wanted.insert(path.to_owned());
        let Found::Ours(content, mark) = found else { return Some(true) };
        if content != *wanted {
            return Some(true);
        }
        let written = Written { contents: vec![content], mark: Some(mark) };
        self.manifest.files.insert(path.to_owned(), written);
        Some(false)
    }

    /// Whether a file is ours and nobody has touched it, not even this process when it was killed.
    fn is_as_it_was_left(&self, path: &str) -> bool {
        let mark = self.manifest.files.get(path).and_then(|written| written.mark);
        let found = fs::symlink_metadata(self.folder.join(path));
        mark.is_some_and(|mark| {
            found.is_ok_and(|found| found.is_file() && mark == Mark::from(&found))
        })
    }

    fn look(&mut self, path: &str) -> Found {
        if !self.leads_through_folders(path) {
            return Found::Owners;
        }
        let file = self.folder.join(path);
        let Ok(found) = fs::symlink_metadata(&file) else { return Found::Nothing };
        let written = self.manifest.files.get(path).filter(|_| found.is_file());
        match written.and_then(|written| written.content_of(&file, &found)) {
            Some(content) => Found::Ours(content, Mark::from(&found)),
            None => Found::Owners,
        }
    }

    /// Whether nothing but folders, and no links to them, is above a path, as far as there is something.
    fn leads_through_folders(&self, path: &str) -> bool {
        above(path).all(|folder| {
            fs::symlink_metadata(self.folder.join(folder)).map_or(true, |found| found.is_dir())
        })
    }

    /// Removes what is ours in folders of this one that are not wanted any more, before anything else is done: also where
    /// nothing can be written, as on a full disk, what is to vanish vanishes.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub(super) fn remove_folders_but(
        &mut self,
        folder: &str,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<(), PageFolderError> {
        let name = |path: &str| {
            let (name, _) = path.strip_prefix(folder)?.strip_prefix('/')?.split_once('/')?;
            Some(name.to_owned())
        };
        let files = self.manifest.files.keys();
        let gone = files.filter(|path| name(path).is_some_and(|name| !is_wanted(&name)));
        gone.cloned().collect::<Vec<_>>().iter().try_for_each(|path| self.remove(path))
    }

    fn remove_unwanted(&mut self) -> Result<(), PageFolderError> {
        let files = self.manifest.files.keys().filter(|path| !self.wanted.contains(*path));
        files.cloned().collect::<Vec<_>>().iter().try_for_each(|path| self.remove(path))?;
        let used: HashSet<&str> = self.wanted.iter().flat_map(|path| above(path)).collect();
        let unused: Vec<String> = self.manifest.folders.iter().rev().cloned().collect();
        for folder in unused.into_iter().filter(|folder| !used.contains(folder.as_str())) {
            if self.leads_through_folders(&folder) {
                // One in which the owner has put something is the owner's from now on.
                let _ = fs::remove_dir(self.folder.join(&folder));
            }
            self.manifest.folders.remove(&folder);
        }
        Ok(())
    }

    /// Removes what is ours at a path, and leaves the path to the owner.
    fn remove(&mut self, path: &str) -> Result<(), PageFolderError> {
        match self.look(path) {
            Found::Ours(_, mark) => {
                let file = self.folder.join(path);
                self.may_root_write_to(file.parent().unwrap_or(&file))?;
                remove(&self.folder, path, mark)
                    .map_err(|source| PageFolderError::Write { path: file, source })?;
                self.pages.removed += 1;
            }
            Found::Owners => self.pages.kept.push(path.to_owned()),
            Found::Nothing => {}
        }
        self.manifest.files.remove(path);
        Ok(())
    }

    /// Makes the manifest last, where it has changed.
    fn note(&mut self) -> Result<(), PageFolderError> {
        if self.noted.as_ref() == Some(&self.manifest) {
            return Ok(());
        }
        let noted = self.manifest.publish(&self.manifest_path);
        self.digest = noted
            .map_err(|source| PageFolderError::Note { path: self.manifest_path.clone(), source })?;
        self.noted = Some(self.manifest.clone());
        Ok(())
    }
}

/// Removes the file that was looked at. What is in its place meanwhile stays.
fn remove(folder: &Path, path: &str, mark: Mark) -> io::Result<()> {
    let held = HeldFolder::of(folder, path)?;
    let file = held.place_of(name_of(path));
    if Mark::from(&fs::symlink_metadata(&file)?) == mark { fs::remove_file(&file) } else { Ok(()) }
}

/// The folders that a path leads through, the outermost first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

#[cfg(test)]
mod tests;
