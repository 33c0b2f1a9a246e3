//! Files without a name, for what is too large for memory: only this process can open them, and they vanish
//! with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;

/// A file that is being written.
#[derive(Debug)]
pub struct NamelessFile {
    /// Never handed out: nobody else can write to it or cut it short.
    file: File,
    length: usize,
}

impl NamelessFile {
    /// A new file on the file system of a folder.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn new(folder: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".nameless-{}-{number}", std::process::id()));
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(0o600);
            match options.open(&path) {
                Ok(file) => {
                    fs::remove_file(&path)?;
                    return Ok(Self { file, length: 0 });
                }
                // Left by a process of the same number that was killed between making and removing.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// What the kernel says, such as that the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len();
        Ok(())
    }

    /// How many bytes were appended.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Maps all of it; nothing is appended any more.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn map(self) -> io::Result<Mmap> {
        // SAFETY: the file was made here, has lost its name, and its descriptor, which ends with this call,
        // was never handed out; so nobody has a way left to change or shorten it while it is mapped.
        unsafe { Mmap::map(&self.file) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = NamelessFile::new(folder.path()).unwrap();
        file.append(b"one ").unwrap();
        file.append(b"two").unwrap();
        assert_eq!((file.length(), &file.map().unwrap()[..]), (7, &b"one two"[..]));
    }

    #[test]
    fn it_leaves_no_name_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = NamelessFile::new(folder.path()).unwrap();
        file.append(b"x").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(NamelessFile::new(Path::new("/nonexistent/folder")).is_err());
    }
}
