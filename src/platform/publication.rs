//! Files that come into being whole: written under a name of their own in the target's folder, made
//! durable, and only then put in the target's place.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a name at most for all file systems, and how many of a target's are in those of its temporary files: beside
/// them, there is room for what tells the writers apart, and for what SQLite puts behind.
const LONGEST: usize = 255;
const KEPT: usize = LONGEST - 40;

/// After so long nobody is at work on a temporary file any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Replaces a file that everybody may read, in a folder that is there. A lock must make the caller its only writer.
///
/// # Errors
/// What the kernel says; the file from before stays then.
pub fn replace_readable(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = TemporaryFile::of_only_writer(path)?;
    temporary.file.write_all(content)?;
    // Whatever our mask is.
    temporary.file.set_permissions(Permissions::from_mode(0o644))?;
    temporary.replace(path)
}

/// Replaces a file that only its owner and group need to read; several may do so at once.
///
/// # Errors
/// What the kernel says; the file from before stays then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = TemporaryFile::beside(path)?;
    temporary.file.write_all(content)?;
    temporary.replace(path)
}

/// A file beside its target, removed unless it takes the target's place.
pub struct TemporaryFile {
    /// The file, open for writing.
    pub file: File,
    path: TemporaryPath,
}

/// The name of a file that is removed when this is dropped, unless it was moved away.
pub struct TemporaryPath {
    path: PathBuf,
    /// Then the name may be another writer's by now.
    moved: bool,
}

impl TemporaryFile {
    /// Makes an empty file beside `target`, under a name that nobody else uses; and the folder, with
    /// mode 0700, when it is missing.
    pub fn beside(target: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder_of(target))?;
        remove_abandoned(target);
        let process = std::process::id();
        for attempt in 0_u32.. {
            let mut name = prefix(target).ok_or(io::ErrorKind::InvalidFilename)?;
            name.push(format!("{process}-{attempt}.new"));
            match Self::create(target.with_file_name(name)) {
                // Another thread, another host's process, or one that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The same for a caller that a lock makes the only writer of `target`, whose folder is there: what has the
    /// name was left by a killed process and is removed. So a folder with many files need not be listed.
    pub fn of_only_writer(target: &Path) -> io::Result<Self> {
        let mut name = prefix(target).ok_or(io::ErrorKind::InvalidFilename)?;
        name.push("new");
        let path = target.with_file_name(name);
        match fs::remove_file(&path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
            _ => Self::create(path),
        }
    }

    /// Made new, never opened: who may write to the folder could have put a link there.
    fn create(path: PathBuf) -> io::Result<Self> {
        // Not for everybody's eyes; the umask takes away more.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o660).open(&path)?;
        Ok(Self { file, path: TemporaryPath { path, moved: false } })
    }

    /// Makes the content durable and takes the target's place in one step.
    pub fn replace(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        self.path.move_to(target)
    }

    /// Closes the file and keeps its name.
    pub fn close(self) -> TemporaryPath {
        self.path
    }
}

impl TemporaryPath {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the target's place in one step. The content has to be durable already.
    pub fn move_to(self, target: &Path) -> io::Result<()> {
        self.put_in_place_of(target)?;
        sync_folder_of(target);
        Ok(())
    }

    /// The same for what can be made again: after a power failure either file may be there, or an empty one.
    pub fn put_in_place_of(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.moved = true;
        Ok(())
    }

    /// Gives the file the target's name, unless that name is taken by now: the first one stays.
    /// Returns whether it was this one.
    pub fn place_if_absent(self, target: &Path) -> io::Result<bool> {
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

/// What the names of a target's temporary files begin with: its name, of a very long one the beginning and what tells
/// it from others that begin so.
fn prefix(target: &Path) -> Option<OsString> {
    let name = target.file_name()?;
    let mut prefix = OsString::from(".");
    if name.len() <= KEPT {
        prefix.push(name);
    } else {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let (mut begin, mark) = (name.to_string_lossy().into_owned(), hasher.finish());
        begin.truncate(begin.floor_char_boundary(KEPT - 17));
        prefix.push(format!("{begin}-{mark:016x}"));
    }
    prefix.push(".");
    Some(prefix)
}

/// Removes what killed processes have left beside `target`, lest it fill the disk.
fn remove_abandoned(target: &Path) {
    let Some(prefix) = prefix(target) else { return };
    // Best effort: whatever cannot be seen or removed does no harm yet.
    let entries = fs::read_dir(folder_of(target)).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let is_ours = name.as_bytes().starts_with(prefix.as_bytes())
            && name.as_bytes().windows(4).any(|part| part == b".new");
        let is_old = || {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED))
        };
        if is_ours && is_old() {
            let _ = fs::remove_file(entry.path());
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn everybody_may_read_what_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fragment");
        replace_readable(&target, b"old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o600)).unwrap();
        replace_readable(&target, b"new").unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn what_killed_processes_left_an_hour_ago_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, hours: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3601)).unwrap();
        };
        make(".target.77-0.new", 1);
        make(".target.77-1.new-journal", 2);
        let kept = [".other.77-0.new", ".target.78-0.new", ".target.notes", "target"];
        for (name, hours) in kept.into_iter().zip([9, 0, 9, 9]) {
            make(name, hours);
        }
        drop(TemporaryFile::beside(&folder.path().join("target")).unwrap());
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut left: Vec<_> = entries.collect();
        left.sort_unstable();
        assert_eq!(left, kept);
    }

    #[test]
    fn the_longest_names_have_temporary_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let long = |last: &str| folder.path().join("é".repeat(127) + last);
        let (one, other) = (long("a"), long("b"));
        let made = TemporaryFile::beside(&one).unwrap();
        let journal = made.path.path().file_name().unwrap().len() + "-journal".len();
        assert!(journal <= LONGEST, "{journal}");
        let only = TemporaryFile::of_only_writer(&one).unwrap();
        TemporaryFile::of_only_writer(&other).unwrap().replace(&other).unwrap();
        only.replace(&one).unwrap();
        made.replace(&one).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    fn replace(target: &Path, content: &[u8]) -> io::Result<()> {
        let mut temporary = TemporaryFile::of_only_writer(target)?;
        temporary.file.write_all(content)?;
        temporary.replace(target)
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fragment");
        // A folder in the place of the file: the rename fails, as on a full disk the write does.
        fs::create_dir(&target).unwrap();
        assert!(replace(&target, b"new").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_that_somebody_put_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, victim) = (folder.path().join("fragment"), folder.path().join("victim"));
        fs::write(&victim, b"mine").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(".fragment.new")).unwrap();
        replace(&target, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"mine");
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the link is gone");
    }

    #[test]
    fn a_reader_of_the_old_file_keeps_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fragment");
        replace(&target, b"old").unwrap();
        let mut reader = File::open(&target).unwrap();
        replace(&target, b"new").unwrap();
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "old");
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
