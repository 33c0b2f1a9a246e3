//! What backends that keep a file do with files: folders, locks, moving aside.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::StoreError;

/// How long a process waits for the one that makes the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// Addresses of peers are for the owner and, as the umask allows, for the group.
pub(super) const MODE: u32 = 0o660;

/// An error of the file system as one of the store.
pub(super) fn failure(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    let remedy = match source.kind() {
        _ if source.raw_os_error() == Some(libc::ENOLCK) => {
            "that file system has no locks, as NFS without its lock service: name a file on a local disk as \
             `path` of [store]"
        }
        io::ErrorKind::IsADirectory => "name a file in `path` of [store], not a folder",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the file and its folder writable for the user that the web server runs as"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space on its disk",
        _ => "check `path` of [store]",
    };
    StoreError::Io { doing, path: path.to_owned(), remedy, source }
}

/// Makes the folder of a store.
pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| failure("make the folder of", path, source))
}

/// Gives a new file to the owner of its folder, when it was made by root: the web server's user could
/// not write to it otherwise.
pub(super) fn give_to_folder(file: &File, path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let (folder, made) = (std::fs::metadata(folder)?, file.metadata()?);
    if made.uid() == 0 && folder.uid() != 0 {
        std::os::unix::fs::fchown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

/// Waits until no other process makes a store at this path.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let path = with_ending(path, ".lock");
    let failed = |source| failure("lock", &path, source);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(MODE).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(&path).map_err(failed)?;
    give_to_folder(&file, &path).map_err(failed)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) if source.kind() != io::ErrorKind::Interrupted => {
                return Err(failed(source));
            }
            Err(_) if started.elapsed() > PATIENCE => return Err(StoreError::Busy { path }),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Moves a file aside together with its companions, which have these endings, and says so in the log.
pub(super) fn move_aside(path: &Path, companions: &[&str], reason: &str) -> Result<(), StoreError> {
    let failed = |source| failure("move aside", path, source);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let aside = with_ending(path, &format!(".broken-{}", now.as_secs()));
    // The file first: from then on nobody opens it together with a companion that is still there.
    std::fs::rename(path, &aside).map_err(failed)?;
    for ending in companions {
        match std::fs::rename(with_ending(path, ending), with_ending(&aside, ending)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(source)),
            _ => {}
        }
    }
    crate::warning!(
        "the peer store {} was moved to {} and is made anew: {reason}",
        path.display(),
        aside.display()
    );
    Ok(())
}

/// Removes what a killed process may have left behind.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failure("clear the place of", path, source))
        }
        _ => Ok(()),
    }
}

/// A path with something added to its last name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
