//! Files that whoever starts a command names for it to read. Root becomes another user before it works on a site, and
//! that user may not read root's own files or those in somebody's home: so these are opened before, where that leads root
//! to nothing that others have chosen.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Seek as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{privilege, process};

/// More files are named than a process may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {0} files can be open at once (`ulimit -n`); name fewer at a time")]
pub struct TooManyFiles(usize);

/// The files that were opened as root, for reading, and what is there instead of others.
#[derive(Debug, Default)]
pub struct NamedFiles(HashMap<PathBuf, Result<(File, Metadata), NoFile>>);

/// What is at a path in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    /// Nothing.
    #[error("there is no such file")]
    Missing,
    /// A folder.
    #[error("is a folder")]
    Folder,
}

impl NoFile {
    /// What the system's refusal says about that; `None` where it says nothing.
    #[must_use]
    pub fn of(problem: &io::Error) -> Option<Self> {
        let is_missing =
            matches!(problem.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        is_missing.then_some(Self::Missing)
    }
}

impl NamedFiles {
    /// Opens those of these paths that must be opened as root; in a process that is not root's, none. To be called before
    /// it becomes another user's.
    ///
    /// # Errors
    /// When there are more than a process may have open.
    pub fn open<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, TooManyFiles> {
        let mut files = Self::default();
        if !privilege::is_root() {
            return Ok(files);
        }
        process::allow_all_open_files();
        for path in paths {
            match open_as_root(path) {
                Ok(found) => files.0.extend(found.map(|found| (path.to_owned(), found))),
                Err(problem) if is_too_many(&problem) => return Err(TooManyFiles(files.0.len())),
                // What else is wrong with it, whoever this process is by then says.
                Err(problem) => {
                    let missing =
                        NoFile::of(&problem).map(|no_file| (path.to_owned(), Err(no_file)));
                    files.0.extend(missing);
                }
            }
        }
        Ok(files)
    }

    /// The file at a path, from its beginning, one at a time; `None` where whoever this process is by now is to open it.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<(File, Metadata)> {
        let (file, metadata) = self.0.get(path)?.as_ref().ok()?;
        let mut file = file.try_clone().ok()?;
        file.rewind().ok()?;
        Some((file, metadata.clone()))
    }

    /// What root has found at a path in the place of a file; `None` where whoever this process is by now is to look.
    #[must_use]
    pub fn no_file(&self, path: &Path) -> Option<NoFile> {
        self.0.get(path)?.as_ref().err().copied()
    }
}

/// Opens a regular file where only root decides what is at its path, or where it belongs to the one user who does: they
/// could read it themselves. Whatever else is there is not even looked into.
fn open_as_root(path: &Path) -> io::Result<Option<Result<(File, Metadata), NoFile>>> {
    let path = std::path::absolute(path)?;
    let Ok(user) = privilege::owner_of([path.as_path()]) else { return Ok(None) };
    let place = match user {
        Some(_) => path,
        None => {
            let real = path.canonicalize()?;
            if !are_roots_alone(&path, &real) {
                return Ok(None);
            }
            real
        }
    };
    let is_theirs = |metadata: &Metadata| {
        metadata.is_file() && user.is_none_or(|user| user.id == metadata.uid())
    };
    let found = place.symlink_metadata()?;
    if found.is_dir() {
        return Ok(Some(Err(NoFile::Folder)));
    }
    if !is_theirs(&found) {
        return Ok(None);
    }
    // It may be a pipe by now, and root must not wait for whoever has put it there.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(place)?;
    let metadata = file.metadata()?;
    Ok(is_theirs(&metadata).then_some(Ok((file, metadata))))
}

/// Whether the process, or the whole machine, has no room for one more open file.
fn is_too_many(problem: &io::Error) -> bool {
    matches!(problem.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Whether nobody but root can change that a path leads to this real one.
fn are_roots_alone(path: &Path, real: &Path) -> bool {
    let mut folders = path.ancestors().skip(1).chain(real.ancestors().skip(1));
    folders.all(|folder| privilege::only_root_decides(folder).is_ok())
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

    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
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
        for name in ["roots/pipe", "alices/pipe"] {
            pipe(&at(name));
        }
        let no_file = |name: &str| {
            let path = at(name);
            NamedFiles::open([path.as_path()]).unwrap().no_file(&path)
        };
        for name in ["roots/missing", "roots/own/missing", "alices/missing"] {
            assert_eq!(no_file(name), Some(NoFile::Missing), "{name}");
        }
        assert_eq!(no_file("roots/folder"), Some(NoFile::Folder));
        for name in ["alices/to bob/missing", "alices/to bob", "shared/missing", "roots/own"] {
            assert_eq!(no_file(name), None, "{name}");
        }
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
            ("roots/pipe", false),
            ("alices/pipe", false),
            ("roots/folder", false),
            ("roots/missing", false),
        ] {
            let path = at(name);
            let files = NamedFiles::open([path.as_path()]).unwrap();
            assert_eq!(files.at(&path).is_some(), is_opened, "{name}");
            for _ in 0..2 {
                let Some((mut file, metadata)) = files.at(&path) else { continue };
                let mut content = String::new();
                file.read_to_string(&mut content).unwrap();
                assert_eq!(content.len() as u64, metadata.len(), "{name}");
            }
        }
    }

    #[test]
    fn more_files_than_usual_can_be_open() {
        if !privilege::is_root() {
            return cannot_run("how many files root opens", "only root opens them");
        }
        let home = tempfile::tempdir_in("/root").unwrap();
        let paths: Vec<PathBuf> =
            (0..1500).map(|number| home.path().join(number.to_string())).collect();
        for path in &paths {
            fs::write(path, "content").unwrap();
        }
        let files = NamedFiles::open(paths.iter().map(PathBuf::as_path)).unwrap();
        assert!(paths.iter().all(|path| files.at(path).is_some()));
    }
}
