//! A folder of the pages held open: others who may write to the folders of the pages could put a link in its place between
//! a look at it and what is done in it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where the kernel shows what a process holds open.
const HELD: &str = "/proc/self/fd";

/// The folder of a file, whatever is in the place of its path by now.
#[derive(Debug)]
pub(super) struct HeldFolder {
    file: File,
    path: PathBuf,
}

impl HeldFolder {
    /// Opens the folder of a file in `root`; below that, no link is followed.
    ///
    /// # Errors
    /// When it is not there, or something else is in its place.
    pub(super) fn of(root: &Path, file: &str) -> io::Result<Self> {
        let folders = file.rsplit_once('/').map_or("", |(folders, _)| folders);
        let mut held = Self::open(root, 0)?;
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            let path = held.path.join(folder);
            held = Self { path, ..Self::open(&held.place_of(folder), libc::O_NOFOLLOW)? };
        }
        Ok(held)
    }

    fn open(path: &Path, more: libc::c_int) -> io::Result<Self> {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC | more;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// What leads to a file in this very folder.
    pub(super) fn place_of(&self, name: &str) -> PathBuf {
        let held = Path::new(HELD).join(self.file.as_raw_fd().to_string());
        // Without /proc, as in some cages, the path has to do.
        if held.exists() { held.join(name) } else { self.path.join(name) }
    }
}

/// The name of a file in its folder.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_put_in_the_place_of_a_folder_meanwhile_leads_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let [root, victim] = ["www", "victim"].map(|name| home.path().join(name));
        fs::create_dir_all(root.join("c/books")).unwrap();
        fs::create_dir(&victim).unwrap();
        let held = HeldFolder::of(&root, "c/books/index.html").unwrap();
        fs::rename(root.join("c/books"), root.join("moved")).unwrap();
        symlink(&victim, root.join("c/books")).unwrap();
        fs::write(held.place_of("index.html"), "page").unwrap();
        assert_eq!(fs::read_dir(&victim).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(root.join("moved/index.html")).unwrap(), "page");
        // Nor is one followed that was there before.
        assert!(HeldFolder::of(&root, "c/books/index.html").is_err());
        fs::rename(root.join("c"), root.join("d")).unwrap();
        symlink("d", root.join("c")).unwrap();
        assert!(HeldFolder::of(&root, "c/x.html").is_err());
        assert!(HeldFolder::of(&root, "missing/x.html").is_err());
        // The folder of the pages itself may be one.
        symlink(&root, home.path().join("link")).unwrap();
        let held = HeldFolder::of(&home.path().join("link"), "index.html").unwrap();
        fs::write(held.place_of("index.html"), "front").unwrap();
        assert!(root.join("index.html").is_file());
    }
}
