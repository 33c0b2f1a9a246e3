//! What backends that keep a file do with files: which folders they trust, and locks.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Cause, FileOptions, StoreError};
use crate::platform::files::OpenError;
use crate::platform::lock::{Kind, acquire};
use crate::platform::{self, privilege};

/// What to do about a store that others hold for too long.
const HELD: &str = "if this repeats, look for a stopped process that holds it, or keep it on a local disk: NFS \
    without its lock service has no locks";

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
    unavailable(doing, path, remedy, source)
}

/// Any other failure of the file.
pub(super) fn unavailable(
    doing: &'static str,
    path: &Path,
    remedy: &'static str,
    source: impl Into<Cause>,
) -> StoreError {
    StoreError::Unavailable { doing, store: name(path), remedy, source: source.into() }
}

/// Others hold the store for longer than the caller waits.
pub(super) fn would_wait(path: &Path) -> StoreError {
    StoreError::WouldWait { store: name(path), remedy: HELD }
}

/// What a store that is a file is called.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Whose files are believed to be a store of ours.
#[derive(Clone, Copy)]
pub(super) struct Trust<'a> {
    user: u32,
    site: Option<&'a Path>,
}

impl Trust<'_> {
    pub(super) fn includes(&self, owner: u32) -> bool {
        let owns_site = || {
            let site = self.site.and_then(|site| std::fs::metadata(site).ok());
            site.is_some_and(|site| site.uid() == owner)
        };
        owner == self.user || owns_site()
    }
}

impl FileOptions {
    fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }

    /// Whether the store lies in the site's own folder, which is what the site makes of it.
    pub(super) fn is_the_sites(&self) -> bool {
        self.site.as_ref().is_some_and(|site| site.as_os_str() == self.folder().as_os_str())
    }

    /// Looks at the folder before anything in it is opened: a user who may rename files there may put others
    /// in their place. `None` when there is not a folder.
    pub(super) fn trust(&self) -> Result<Option<Trust<'_>>, StoreError> {
        let folder = match std::fs::symlink_metadata(self.folder()) {
            Ok(folder) => folder,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failure("open", &self.path, source)),
        };
        let trust = self.owners();
        let is_anyones = folder.mode() & 0o002 != 0 && folder.mode() & libc::S_ISVTX == 0;
        let reason = if folder.is_symlink() {
            "its folder is a link; name in `path` of [store] what it leads to"
        } else if !folder.is_dir() {
            "its folder is none; choose another `path` in [store]"
        } else if folder.uid() != 0 && !trust.includes(folder.uid()) {
            "its folder belongs to another user; choose another `path` in [store]"
        } else if is_anyones {
            "everybody may write to its folder; chmod 700 that"
        } else {
            return Ok(Some(trust));
        };
        Err(refused(&self.path, reason))
    }

    /// Why there is no store to read.
    pub(super) fn corrupt(&self, reason: impl Into<String>) -> StoreError {
        let remedy = "the next announce starts a new one";
        StoreError::Corrupt { store: name(&self.path), reason: reason.into(), remedy }
    }

    /// There is none to read.
    pub(super) fn missing(&self) -> StoreError {
        StoreError::Missing { store: name(&self.path) }
    }

    fn owners(&self) -> Trust<'_> {
        Trust { user: privilege::user(), site: self.site.as_deref() }
    }

    fn make_folder(&self) -> Result<(), StoreError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.folder())
            .map_err(|source| failure("make the folder of", &self.path, source))
    }

    /// Waits until no other process makes a store here; makes the folder where it is missing.
    pub(super) fn lock(&self) -> Result<File, StoreError> {
        self.make_folder()?;
        if !self.is_the_sites() {
            self.trust()?;
        }
        lock(&with_ending(&self.path, ".lock"), &self.owners(), self.patience)
    }
}

/// A file or folder that is not there to be written to by anybody: why it is not touched.
pub(super) fn refused(path: &Path, remedy: &'static str) -> StoreError {
    unavailable("trust", path, remedy, io::Error::from(io::ErrorKind::PermissionDenied))
}

fn lock(path: &Path, trust: &Trust<'_>, patience: Duration) -> Result<File, StoreError> {
    let failed = |source| failure("lock", path, source);
    let mut how = File::options();
    how.write(true).create(true).truncate(false).mode(MODE);
    let (file, found) = platform::files::open(path, &mut how).map_err(|error| match error {
        OpenError::Io(source) => failed(source),
        OpenError::Link | OpenError::NotAFile => {
            refused(path, "it is not a regular file; remove it, and it is recreated")
        }
    })?;
    // Whose it is could keep it locked.
    if found.uid() != 0 && !trust.includes(found.uid()) {
        return Err(refused(path, "it belongs to another user; choose another `path` in [store]"));
    }
    match acquire(&file, Kind::Exclusive, patience).map_err(failed)? {
        true => Ok(file),
        false => Err(would_wait(path)),
    }
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

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::time::Instant;

    use super::*;
    use crate::platform::cannot_run;
    use crate::store::PeerStore;
    use crate::store::conformance::EXPIRY;
    use crate::store::shm::{ShmOptions, ShmStore};
    use crate::store::sqlite::{SqliteOptions, SqliteStore};

    type Opening = fn(&FileOptions) -> Result<Box<dyn PeerStore>, StoreError>;

    fn shm(file: &FileOptions) -> ShmOptions {
        ShmOptions { file: file.clone(), ..ShmOptions::new(file.path.clone(), EXPIRY) }
    }

    fn sqlite(file: &FileOptions) -> SqliteOptions {
        SqliteOptions { file: file.clone(), ..SqliteOptions::new(file.path.clone(), EXPIRY) }
    }

    /// Every way in which a store comes into being.
    const OPENINGS: [Opening; 4] = [
        |file| Ok(Box::new(ShmStore::open(&shm(file))?)),
        |file| Ok(Box::new(ShmStore::rebuild(&shm(file))?)),
        |file| Ok(Box::new(SqliteStore::open(&sqlite(file))?)),
        |file| Ok(Box::new(SqliteStore::rebuild(&sqlite(file))?)),
    ];

    const OTHER: u32 = 2_000_000_001;

    /// A folder `t.d`, prepared, in which every store must be refused without waiting and untouched.
    fn is_refused(reason: &str, prepare: impl Fn(&Path)) {
        for open in OPENINGS {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join("t.d");
            fs::create_dir(&folder).unwrap();
            prepare(&folder);
            let names = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            let before: Vec<_> = names().collect();
            let options = FileOptions::new(folder.join("peers"));
            // The machine may be busy with something else at one time, not at all.
            let tries = (0..5).map(|_| {
                let started = Instant::now();
                let said = open(&options).err().unwrap().to_string();
                assert!(said.contains(reason), "{said}");
                started.elapsed()
            });
            let fastest = tries.min().unwrap();
            assert!(fastest < Duration::from_millis(100), "{reason}: {fastest:?}");
            assert_eq!(names().collect::<Vec<_>>(), before, "{reason}");
        }
    }

    fn make_pipe(path: &Path) {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn a_folder_of_another_user_is_refused_whatever_lies_in_it() {
        if !privilege::is_root() {
            return cannot_run("a store in another user's folder", "only root can give it away");
        }
        for name in ["peers.lock", "peers", "peers.new", "peers-journal"] {
            is_refused("its folder belongs to another user", |folder| {
                make_pipe(&folder.join(name));
                chown(folder, Some(OTHER), None).unwrap();
            });
        }
        // The owner of the site may have made it.
        for open in OPENINGS {
            let home = tempfile::tempdir().unwrap();
            let (site, folder) = (home.path().join("data"), home.path().join("t.d"));
            for path in [&site, &folder] {
                fs::create_dir(path).unwrap();
                chown(path, Some(OTHER), None).unwrap();
            }
            let options = FileOptions::new(folder.join("peers"));
            assert!(open(&FileOptions { site: Some(site), ..options }).is_ok());
        }
    }

    #[test]
    fn a_folder_that_everybody_may_write_to_is_refused() {
        let set = |folder: &Path, mode| {
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap()
        };
        is_refused("everybody may write to its folder", |folder| set(folder, 0o777));
        for open in OPENINGS {
            let home = tempfile::tempdir().unwrap();
            set(home.path(), 0o1777);
            let options = FileOptions::new(home.path().join("peers"));
            assert!(open(&options).is_ok(), "there nobody else touches it");
        }
    }

    #[test]
    fn a_folder_that_is_a_link_is_refused() {
        is_refused("its folder is a link", |folder| {
            let other = folder.with_file_name("other");
            fs::rename(folder, &other).unwrap();
            symlink(other, folder).unwrap();
        });
    }

    #[test]
    fn a_lock_that_is_no_file_is_neither_waited_for_nor_followed() {
        is_refused("remove it, and it is recreated", |folder| {
            make_pipe(&folder.join("peers.lock"))
        });
        is_refused("remove it, and it is recreated", |folder| {
            symlink(folder.with_file_name("none"), folder.join("peers.lock")).unwrap();
        });
    }
}
