//! Writing: each file beside its place and renamed, while further pages are made.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::held::{HeldFolder, name_of};
use super::manifest::{Mark, Written};
use super::{PageFolder, PageFolderError, Step, TEMPORARY, above};
use crate::platform::order::Order as _;
use crate::platform::privilege;
use crate::platform::publication::TemporaryFile;
use crate::platform::threads::{Meanwhile, side_by_side};

/// What became of files that were to be written: how those were left that were, and what kept the others from it.
pub(super) type Outcome = (Vec<(String, Written)>, Result<(), PageFolderError>);

impl PageFolder {
    /// Begins to write files that were noted. They are written while further pages are made.
    pub(super) fn begin(&mut self, mut steps: Vec<Step>) -> Result<(), PageFolderError> {
        for step in &steps {
            self.make_folders_above(&step.path)?;
        }
        steps.order_by(|one, other| folder_of(&one.path).cmp(folder_of(&other.path)));
        self.underway = Some(Meanwhile::begin((self.folder.clone(), steps), write_all));
        Ok(())
    }

    /// Waits for what is being written, and notes it as done.
    pub(super) fn end(&mut self) -> Result<(), PageFolderError> {
        let ended = self.underway.take().and_then(Meanwhile::end);
        let Some((written, outcome)) = ended else { return Ok(()) };
        self.pages.written += written.len();
        self.manifest.files.extend(written);
        outcome
    }

    pub(super) fn make_folders_above(&mut self, path: &str) -> Result<(), PageFolderError> {
        self.may_root_write_to(&self.folder.clone())?;
        for folder in above(path) {
            let folder = self.folder.join(folder);
            if self.trusted.contains(&folder) {
                continue;
            }
            match DirBuilder::new().mode(0o755).create(&folder) {
                Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(PageFolderError::Write { path: folder, source }),
                // Whatever our mask is.
                Ok(()) => drop(fs::set_permissions(&folder, Permissions::from_mode(0o755))),
            }
            self.may_root_write_to(&folder)?;
        }
        Ok(())
    }

    /// Root writes to no folder that others decide about: they could put a link in the place of a file.
    pub(super) fn may_root_write_to(&mut self, folder: &Path) -> Result<(), PageFolderError> {
        if self.trusted.insert(folder.to_owned()) && privilege::is_root() {
            privilege::only_root_decides(folder)?;
        }
        Ok(())
    }
}

/// Writes files into their folders, which are there, by two threads.
fn write_all((folder, steps): &(PathBuf, Vec<Step>)) -> Outcome {
    let (first, rest) = parts(steps);
    let (rest, first) = side_by_side(|| write_some(folder, rest), || write_some(folder, first));
    let (mut written, outcome) = first;
    written.extend(rest.0);
    (written, outcome.and(rest.1))
}

/// Two parts of files in the order of their folders, as equal as can be where both have folders of their own: what is being
/// written has the same name in each folder.
fn parts(steps: &[Step]) -> (&[Step], &[Step]) {
    let middle = steps.get(steps.len() / 2).map_or("", |step| folder_of(&step.path));
    steps.split_at(steps.partition_point(|step| folder_of(&step.path) < middle))
}

/// Writes files up to the first that cannot be written.
fn write_some(folder: &Path, steps: &[Step]) -> Outcome {
    let mut written = Vec::with_capacity(steps.len());
    for Step { path, bytes, content } in steps {
        let target = folder.join(path);
        let replaced = HeldFolder::of(folder, path)
            .and_then(|held| replace(&held.place_of(name_of(path)), bytes, 0o644));
        match replaced {
            Ok(found) => {
                let (contents, mark) = (vec![content.clone()], Some(Mark::from(&found)));
                written.push((path.clone(), Written { contents, mark }));
            }
            Err(source) => return (written, Err(PageFolderError::Write { path: target, source })),
        }
    }
    (written, Ok(()))
}

/// Replaces a file; by its mode, the web server's user reads it or not. That it has reached the disk is not waited for:
/// what a power failure takes is written again.
pub(super) fn replace(target: &Path, bytes: &[u8], mode: u32) -> io::Result<Metadata> {
    let mut temporary = TemporaryFile::of_only_writer(&target.with_file_name(TEMPORARY))?;
    temporary.file.write_all(bytes)?;
    // Whatever our mask is.
    temporary.file.set_permissions(Permissions::from_mode(mode))?;
    temporary.close().put_in_place_of(target)?;
    fs::symlink_metadata(target)
}

/// The folder of a path.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Content;
    use super::*;

    #[test]
    fn both_threads_have_folders_of_their_own() {
        for (folders, first) in
            [("", 0), ("a", 0), ("aaaa", 0), ("aabb", 2), ("abbbc", 1), ("abcd", 2)]
        {
            let step = |folder: char| {
                let (path, bytes) = (format!("t/{folder}/page.html"), Vec::new());
                Step { path, content: Content::of(&bytes), bytes }
            };
            let steps: Vec<Step> = folders.chars().map(step).collect();
            let (one, other) = parts(&steps);
            assert_eq!((one.len(), one.len() + other.len()), (first, folders.len()), "{folders}");
            assert!(
                one.iter().all(|a| other.iter().all(|b| folder_of(&a.path) != folder_of(&b.path)))
            );
        }
    }
}
