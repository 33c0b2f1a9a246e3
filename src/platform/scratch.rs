//! A folder for files of a moment, which nobody else can look into.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{privilege, random};

/// How the names of all begin.
const PREFIX: &str = "tracker-scratch-";

/// A folder in the system's folder for temporary files. It goes with all that is in it when this is dropped; after a
/// process that was killed, with the next one that is made.
#[derive(Debug)]
pub struct ScratchFolder {
    path: PathBuf,
    /// The folder, locked: who is alive has it.
    _lock: File,
}

impl ScratchFolder {
    /// Makes one, under a name that nobody can guess, and removes those of processes that are dead.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> io::Result<Self> {
        Self::inside(&std::env::temp_dir())
    }

    fn inside(folder: &Path) -> io::Result<Self> {
        remove_left_ones(folder);
        loop {
            let digits = u128::from_be_bytes(random::unguessable()?);
            let path = folder.join(format!("{PREFIX}{digits:032x}"));
            // One that is there already, or a link, is an error.
            DirBuilder::new().mode(0o700).create(&path)?;
            match lock(&path) {
                Ok(Some(lock)) => return Ok(Self { path, _lock: lock }),
                // Between the two another process has taken it for a dead one's.
                Ok(None) => {}
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => {}
                Err(problem) => {
                    let _ = fs::remove_dir(&path);
                    return Err(problem);
                }
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // What cannot be removed now goes with the next one that is made.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Opens and locks a folder of ours; `None` where another process has it, or it is somebody else's.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let folder = File::options().read(true).custom_flags(flags).open(path)?;
    let opened = folder.metadata()?;
    if opened.uid() != privilege::user() || folder.try_lock().is_err() {
        return Ok(None);
    }
    // Who had it before may have removed it by now.
    let there = fs::symlink_metadata(path)?;
    Ok(((there.dev(), there.ino()) == (opened.dev(), opened.ino())).then_some(folder))
}

/// Removes what processes of this user have left that were killed. What cannot be removed stays.
fn remove_left_ones(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && let Ok(Some(_lock)) = lock(&entry.path())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_is_for_its_owner_only_and_goes() {
        let folder = ScratchFolder::new().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(path.join("a"), "b").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_process_has_left_goes_with_the_next_one() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["tracker-scratch-left", "another", "target"] {
            fs::create_dir_all(at(name).join("below")).unwrap();
            fs::write(at(name).join("below/file"), "text").unwrap();
        }
        symlink(at("target"), at("tracker-scratch-link")).unwrap();
        fs::write(at("tracker-scratch-file"), "text").unwrap();
        let one = ScratchFolder::inside(home.path()).unwrap();
        let other = ScratchFolder::inside(home.path()).unwrap();
        assert!(one.path().exists() && other.path().exists(), "who is alive keeps it");
        assert!(!at("tracker-scratch-left").exists());
        for name in ["another", "target", "tracker-scratch-link"] {
            assert!(at(name).join("below/file").exists(), "{name}");
        }
        assert!(at("tracker-scratch-file").exists());
        let path = one.path().to_owned();
        // As a signal ends a process: nothing is dropped, and the lock goes.
        let killed = std::mem::ManuallyDrop::new(one);
        killed._lock.unlock().unwrap();
        let third = ScratchFolder::inside(home.path()).unwrap();
        assert!(!path.exists() && other.path().exists() && third.path().exists());
    }
}
