//! What a file system has room for, and the modes of what lies in it.

use std::ffi::CString;
use std::fs::{File, Permissions};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Sets the mode of what stands at a path, and not of what a link there leads to.
///
/// # Errors
/// What the kernel says; also when it is a link, or there is no `/proc`.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // The standard library takes O_PATH for a way of reading and writing, and leaves it out.
    let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: the path ends with a null byte, and lives across the call.
    let descriptor = unsafe { libc::open(path.as_ptr(), flags) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given it to us.
    let itself = File::from(unsafe { OwnedFd::from_raw_fd(descriptor) });
    if itself.metadata()?.is_symlink() {
        return Err(io::Error::from_raw_os_error(libc::ELOOP));
    }
    let name = format!("/proc/self/fd/{descriptor}");
    std::fs::set_permissions(name, Permissions::from_mode(mode))
}

/// What a file system has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Bytes that anybody but root may still write.
    pub free: u64,
    /// Whether its files are in memory, and gone after a reboot.
    pub is_memory: bool,
}

impl FileSystem {
    /// The file system that a file or folder lies in.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn of(path: &Path) -> io::Result<Self> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut told = MaybeUninit::<libc::statfs>::uninit();
        // SAFETY: `path` ends with a null byte, `told` has room for what is written, and both live
        // across the call.
        if unsafe { libc::statfs(path.as_ptr(), told.as_mut_ptr()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has filled all of it in.
        let told = unsafe { told.assume_init() };
        // One C library has signed numbers here, another unsigned ones.
        let free = i128::from(told.f_bavail) * i128::from(told.f_frsize);
        Ok(Self {
            free: u64::try_from(free).unwrap_or(u64::MAX),
            is_memory: i128::from(told.f_type) == i128::from(libc::TMPFS_MAGIC),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn memory_is_told_from_disks_and_what_is_not_there_from_both() {
        assert!(FileSystem::of(Path::new("/dev/shm")).unwrap().is_memory);
        let sources = FileSystem::of(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(sources.free > 1 << 20, "{sources:?}");
        assert!(!FileSystem::of(Path::new("/proc/self")).unwrap().is_memory);
        let missing = FileSystem::of(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_mode_of_what_a_link_leads_to_is_not_set() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        set_mode(&file, 0o600).unwrap();
        assert!(set_mode(&link, 0o660).is_err());
        assert_eq!(mode(), 0o600);
    }
}
