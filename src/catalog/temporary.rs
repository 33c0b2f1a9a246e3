//! Files that come into being whole: written under a name of their own in the target's folder, made
//! durable, and only then put in the target's place.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file beside its target, removed unless it takes the target's place.
pub(super) struct TemporaryFile {
    /// The file, open for writing.
    pub file: File,
    path: TemporaryPath,
}

/// The name of a file that is removed when this is dropped, unless it was moved away.
pub(super) struct TemporaryPath {
    path: PathBuf,
    /// Then the name may be another writer's by now.
    moved: bool,
}

impl TemporaryFile {
    /// Makes an empty file beside `target`, under a name that nobody else uses; and the folder, with
    /// mode 0700, when it is missing.
    pub(super) fn beside(target: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder_of(target))?;
        let process = std::process::id();
        for attempt in 0_u32.. {
            let mut name = OsString::from(".");
            name.push(target.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
            name.push(format!(".{process}-{attempt}.new"));
            let path = target.with_file_name(name);
            // Not for everybody's eyes; the umask takes away more.
            match OpenOptions::new().write(true).create_new(true).mode(0o660).open(&path) {
                Ok(file) => {
                    return Ok(Self { file, path: TemporaryPath { path, moved: false } });
                }
                // Another thread, another host's process, or one that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Makes the content durable and takes the target's place in one step.
    pub(super) fn replace(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        self.path.move_to(target)
    }

    /// Closes the file and keeps its name.
    pub(super) fn close(self) -> TemporaryPath {
        self.path
    }
}

impl TemporaryPath {
    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn move_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.moved = true;
        sync_folder_of(target);
        Ok(())
    }

    /// Gives the file the target's name, unless that name is taken by now: whoever was first stays.
    /// Returns whether it was this one.
    pub(super) fn place_if_absent(self, target: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.path, target) {
            Ok(()) => {
                sync_folder_of(target);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // Some file systems have no hard links; there two first starts at the same instant race.
            Err(_) if !target.try_exists()? => self.move_to(target).map(|()| true),
            Err(error) => Err(error),
        }
    }
}

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        if !self.moved {
            // What cannot be removed does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder_of(path: &Path) {
    // The file is in its place; some network file systems cannot sync a folder.
    let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
}
