//! Files that whoever starts a command names for it to read. Root becomes another user before it works on a site, and
//! that user may not read root's own files or those in somebody's home: so these are opened before, where that leads root
//! to nothing that others have chosen.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Seek as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::privilege;

/// The files that were opened as root, for reading.
#[derive(Debug, Default)]
pub struct NamedFiles(HashMap<PathBuf, (File, Metadata)>);

impl NamedFiles {
    /// Opens those of these paths that must be opened as root; in a process that is not root's, none. To be called before
    /// it becomes another user's.
    #[must_use]
    pub fn open<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        if !privilege::is_root() {
            return Self::default();
        }
        let opened = |path: &Path| Some((path.to_owned(), open_as_root(path)?));
        Self(paths.into_iter().filter_map(opened).collect())
    }

    /// The file at a path, from its beginning, one at a time; `None` where whoever this process is by now is to open it.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<(File, Metadata)> {
        let (file, metadata) = self.0.get(path)?;
        let mut file = file.try_clone().ok()?;
        file.rewind().ok()?;
        Some((file, metadata.clone()))
    }
}

/// Opens a regular file where only root decides what is at its path, or where it belongs to the one user who does: they
/// could read it themselves. Whatever else is there is not even looked into.
fn open_as_root(path: &Path) -> Option<(File, Metadata)> {
    let path = std::path::absolute(path).ok()?;
    let user = privilege::owner_of([path.as_path()]).ok()?;
    let place = match user {
        Some(_) => path,
        None => roots_alone(&path)?,
    };
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    let found = File::options().read(true).custom_flags(flags).open(place).ok()?;
    let metadata = found.metadata().ok()?;
    let is_theirs = user.is_none_or(|user| user.id == metadata.uid());
    let file = (metadata.is_file() && is_theirs).then(|| reopen(&found))?.ok()?;
    Some((file, metadata))
}

/// Where a path really leads, if nobody but root can change that.
fn roots_alone(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let mut folders = path.ancestors().skip(1).chain(real.ancestors().skip(1));
    folders.all(|folder| privilege::only_root_decides(folder).is_ok()).then_some(real)
}

/// The file that was found, whatever is at its path by now.
fn reopen(found: &File) -> io::Result<File> {
    File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::Read as _;
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};

    use super::*;
    use crate::platform::cannot_run;

    const ALICE: u32 = 2_000_000_001;
    const BOB: u32 = 2_000_000_002;

    fn make(path: &Path, owner: u32, mode: u32) {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        lchown(path, Some(owner), Some(owner)).unwrap();
    }

    fn write(path: &Path, owner: u32) {
        fs::write(path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        lchown(path, Some(owner), Some(owner)).unwrap();
    }

    fn link(target: &Path, path: &Path, owner: u32) {
        symlink(target, path).unwrap();
        lchown(path, Some(owner), Some(owner)).unwrap();
    }

    #[test]
    fn root_opens_its_own_files_and_those_of_who_decides_about_the_path() {
        if !privilege::is_root() {
            return cannot_run("which files root opens", "only root can give files away");
        }
        // Not in a folder that everybody writes to.
        let home = tempfile::tempdir_in("/root").unwrap();
        let at = |name: &str| home.path().join(name);
        for (name, owner, mode) in [
            ("roots", 0, 0o700),
            ("alices", ALICE, 0o700),
            ("bobs", BOB, 0o700),
            ("shared", 0, 0o777),
        ] {
            make(&at(name), owner, mode);
            write(&at(&format!("{name}/own")), owner);
            write(&at(&format!("{name}/roots")), 0);
        }
        write(&at("shared/bobs"), BOB);
        make(&at("roots/folder"), 0, 0o700);
        link(&at("roots/own"), &at("roots/link"), 0);
        link(&at("roots/own"), &at("alices/link"), ALICE);
        link(&at("roots"), &at("alices/folder"), ALICE);
        link(&at("bobs"), &at("alices/to bob"), ALICE);
        fs::hard_link(at("roots/own"), at("alices/hard")).unwrap();
        for (name, is_opened) in [
            ("roots/own", true),
            ("roots/../roots/own", true),
            ("roots/link", true),
            ("alices/own", true),
            ("alices/roots", false),
            ("alices/link", false),
            ("alices/folder/own", false),
            ("alices/to bob/own", false),
            ("alices/hard", false),
            ("shared/own", false),
            ("shared/bobs", true),
            ("roots/folder", false),
            ("roots/missing", false),
        ] {
            let path = at(name);
            let files = NamedFiles::open([path.as_path()]);
            assert_eq!(files.at(&path).is_some(), is_opened, "{name}");
            for _ in 0..2 {
                let Some((mut file, metadata)) = files.at(&path) else { continue };
                let mut content = String::new();
                file.read_to_string(&mut content).unwrap();
                assert_eq!(content.len() as u64, metadata.len(), "{name}");
            }
        }
    }
}
