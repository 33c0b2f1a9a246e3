//! A folder kept open: to look at many files in it, the kernel need not go the whole way to each.

use std::ffi::{CStr, CString, OsStr};
use std::fs::{File, Metadata};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, FromRawFd as _, IntoRawFd as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::ptr::NonNull;

/// What is at a path.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// What the system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Its number in its file system.
    pub inode: u64,
    /// When its content was changed, nanoseconds since 1970.
    pub modified: i64,
    /// When its inode was changed, nanoseconds since 1970.
    pub changed: i64,
}

/// What stands in a folder under a name.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a OsStr,
    /// What it is itself.
    pub kind: Kind,
    /// Its number in the folder's file system.
    pub inode: u64,
}

/// A folder kept open.
#[derive(Debug)]
pub struct Folder(File);

impl Folder {
    /// Opens the folder at a path, or the one that a link there leads to.
    ///
    /// # Errors
    /// What the kernel says; also when it is no folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::options().read(true).custom_flags(libc::O_DIRECTORY).open(path).map(Self)
    }

    /// Shows all that stands in it, in no order.
    ///
    /// # Errors
    /// What the kernel says, or the first error of `on_entry`.
    pub fn list(&self, on_entry: &mut dyn FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut stream = Stream::of(&self.0)?;
        while let Some((name, kind, inode)) = stream.next()? {
            if name == c"." || name == c".." {
                continue;
            }
            let name = OsStr::from_bytes(name.to_bytes());
            let kind = match kind {
                libc::DT_REG => Kind::File,
                libc::DT_DIR => Kind::Folder,
                libc::DT_LNK => Kind::Link,
                // Not all file systems say.
                libc::DT_UNKNOWN => match self.look_at(name, libc::AT_SYMLINK_NOFOLLOW) {
                    Ok(status) => status.kind,
                    // It went away meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(_) => Kind::Other,
                },
                _ => Kind::Other,
            };
            on_entry(Entry { name, kind, inode })?;
        }
        Ok(())
    }

    /// What is under a name in the folder, or where a link there leads to.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn status(&self, name: &OsStr) -> io::Result<FileStatus> {
        self.look_at(name, 0)
    }

    fn look_at(&self, name: &OsStr, flags: libc::c_int) -> io::Result<FileStatus> {
        let mut told = MaybeUninit::<libc::stat>::uninit();
        // Most names are short, and are looked at without asking for memory.
        let (mut buffer, longer) = ([0; NAME_BYTES], &mut CString::default());
        let name = with_null(name.as_bytes(), &mut buffer, longer)?;
        let folder = self.0.as_raw_fd();
        // SAFETY: the descriptor is open as long as `self` is, `name` ends with a null byte, `told` has room for
        // what is written, and all live across the call.
        if unsafe { libc::fstatat(folder, name.as_ptr(), told.as_mut_ptr(), flags) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just filled it in.
        Ok(FileStatus::from(&unsafe { told.assume_init() }))
    }
}

/// The entries of a folder, as the C library reads them.
struct Stream(NonNull<libc::DIR>);

impl Stream {
    fn of(folder: &File) -> io::Result<Self> {
        let descriptor = folder.try_clone()?.into_raw_fd();
        // SAFETY: the descriptor is open and nobody else's; the stream owns it from here on.
        let Some(stream) = NonNull::new(unsafe { libc::fdopendir(descriptor) }) else {
            let error = io::Error::last_os_error();
            // SAFETY: there is no stream, so that the descriptor is ours again.
            drop(unsafe { File::from_raw_fd(descriptor) });
            return Err(error);
        };
        // The copy of the descriptor goes on where the one before stopped.
        // SAFETY: the stream is open.
        unsafe { libc::rewinddir(stream.as_ptr()) };
        Ok(Self(stream))
    }

    /// The name of the next entry, its type (`DT_…`) and its inode.
    fn next(&mut self) -> io::Result<Option<(&CStr, u8, u64)>> {
        // Only so can the end be told from an error.
        clear_errno();
        // SAFETY: the stream is open, and `&mut self` keeps others from reading it.
        let entry = unsafe { libc::readdir(self.0.as_ptr()) };
        // SAFETY: what is not null is an entry, which stays until the stream is read again.
        let Some(entry) = (unsafe { entry.as_ref() }) else {
            return match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(0) => Ok(None),
                error => Err(error),
            };
        };
        // SAFETY: a name ends with a null byte and stays as long as the entry.
        let name = unsafe { CStr::from_ptr(entry.d_name.as_ptr()) };
        Ok(Some((name, entry.d_type, entry.d_ino)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: it was opened when `self` was made, and nobody uses it any more.
        unsafe { libc::closedir(self.0.as_ptr()) };
    }
}

/// Room for every name of a file: 255 bytes (NAME_MAX) and a null byte. A path may be longer.
const NAME_BYTES: usize = 256;

/// The name with a null byte behind it, in whichever of both has room.
fn with_null<'a>(
    name: &[u8],
    buffer: &'a mut [u8; NAME_BYTES],
    longer: &'a mut CString,
) -> io::Result<&'a CStr> {
    let Some(room) = buffer.get_mut(..=name.len()) else {
        *longer = CString::new(name)?;
        return Ok(longer);
    };
    // What is behind the name is null.
    room.iter_mut().zip(name).for_each(|(byte, of_name)| *byte = *of_name);
    CStr::from_bytes_with_nul(room).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn clear_errno() {
    // SAFETY: the C library gives the address of this thread's own number.
    unsafe { *libc::__errno_location() = 0 };
}

impl From<&libc::stat> for FileStatus {
    fn from(told: &libc::stat) -> Self {
        // The fields have other types on other platforms.
        let time = |seconds: i128, nanos: i128| {
            let nanos = seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
            i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
        };
        let kind = match told.st_mode & libc::S_IFMT {
            libc::S_IFREG => Kind::File,
            libc::S_IFDIR => Kind::Folder,
            libc::S_IFLNK => Kind::Link,
            _ => Kind::Other,
        };
        Self {
            kind,
            size: u64::try_from(i128::from(told.st_size)).unwrap_or(0),
            inode: u64::try_from(i128::from(told.st_ino)).unwrap_or(0),
            modified: time(told.st_mtime.into(), told.st_mtime_nsec.into()),
            changed: time(told.st_ctime.into(), told.st_ctime_nsec.into()),
        }
    }
}

impl From<&Metadata> for FileStatus {
    fn from(told: &Metadata) -> Self {
        let time =
            |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        let kind = match told.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        };
        Self {
            kind,
            size: told.size(),
            inode: told.ino(),
            modified: time(told.mtime(), told.mtime_nsec()),
            changed: time(told.ctime(), told.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_lies_in_a_folder_is_as_its_path_says() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("file"), "12345").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("nowhere", at("broken")).unwrap();
        File::options()
            .write(true)
            .open(at("file"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_500_000_007))
            .unwrap();
        let folder = Folder::open(home.path()).unwrap();
        let status = |name: &str| folder.status(OsStr::new(name));
        let metadata = fs::metadata(at("file")).unwrap();
        let changed = metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec();
        let file = status("file").unwrap();
        let expected = FileStatus {
            kind: Kind::File,
            size: 5,
            inode: metadata.ino(),
            modified: 1_500_000_007,
            changed,
        };
        assert_eq!((file, FileStatus::from(&metadata)), (expected, expected));
        assert_eq!(status("link").unwrap(), file);
        assert_eq!(status("folder").unwrap().kind, Kind::Folder);
        for missing in ["broken", "nothing"] {
            assert_eq!(status(missing).unwrap_err().kind(), io::ErrorKind::NotFound, "{missing}");
        }
        assert_eq!(status("\0").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(Folder::open(&at("file")).is_err());
        fs::rename(home.path().join("folder"), at("moved")).unwrap();
        assert_eq!(status("moved").unwrap().kind, Kind::Folder, "it is looked at as it is now");
    }
    #[test]
    fn all_that_stands_in_a_folder_is_shown_each_time() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let long = "x".repeat(255);
        for name in ["a", ".hidden", &long] {
            fs::write(at(name), "").unwrap();
        }
        fs::create_dir(at("folder")).unwrap();
        symlink("a", at("link")).unwrap();
        std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let folder = Folder::open(home.path()).unwrap();
        for _ in 0..2 {
            let mut shown = Vec::new();
            folder
                .list(&mut |Entry { name, kind, inode }| {
                    assert_eq!(fs::symlink_metadata(home.path().join(name))?.ino(), inode);
                    assert_eq!(folder.look_at(name, libc::AT_SYMLINK_NOFOLLOW)?.kind, kind);
                    shown.push((name.to_str().unwrap().to_owned(), kind));
                    Ok(())
                })
                .unwrap();
            shown.sort_by(|a, b| a.0.cmp(&b.0));
            let expected = [
                (".hidden", Kind::File),
                ("a", Kind::File),
                ("folder", Kind::Folder),
                ("link", Kind::Link),
                ("socket", Kind::Other),
                (&long, Kind::File),
            ];
            assert_eq!(shown, expected.map(|(name, kind)| (name.to_owned(), kind)));
        }
        let stop = folder.list(&mut |_| Err(io::ErrorKind::Interrupted.into()));
        assert_eq!(stop.unwrap_err().kind(), io::ErrorKind::Interrupted);
        let too_long = folder.status(OsStr::new(&"x".repeat(256)));
        assert_eq!(too_long.unwrap_err().kind(), io::ErrorKind::InvalidFilename);
        let by_a_way_round = format!("{}a", "folder/../".repeat(40));
        assert_eq!(folder.status(OsStr::new(&by_a_way_round)).unwrap().kind, Kind::File);
    }
}
