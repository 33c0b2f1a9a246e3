//! Whom a process acts for. One that root started becomes the user who decides about the files that it
//! works on, before it opens any of them: what that user puts in their place, a link above all, then
//! leads to nothing that they could not do themselves.

use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsString};
use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

const ROOT: u32 = 0;

/// Links on the way to a file at most, as the kernel has it.
const MOST_LINKS: u32 = 40;

/// What the kernel says where nothing is, or a file in the place of a folder.
const MISSING: [io::ErrorKind; 2] = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];

/// Room for one line of the list of accounts.
const ACCOUNT_BYTES: usize = 16 << 10;

/// Why root does not work on the files of somebody else.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// Two users decide about them.
    #[error("{} belongs to user {owner}, and what leads there to user {other}: root acts for one of \
        them only; run this as user {owner} (runuser, setpriv)", path.display())]
    TwoUsers {
        /// The path whose owner is another one.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who decides about what leads there.
        other: u32,
    },
    /// Somebody else decides, where root alone must.
    #[error("user {user} decides what is at {}, and this acts as root: run it as that user (runuser, \
        setpriv)", path.display())]
    NotRoots {
        /// The path.
        path: PathBuf,
        /// Who does.
        user: u32,
    },
    /// It is root's, and others may write to it.
    #[error("others than root may write to {}, which is root's: chown it to the user that the tracker \
        runs as, or chmod go-w it", path.display())]
    Shared {
        /// The path.
        path: PathBuf,
    },
    /// Something on the way cannot be looked at.
    #[error("cannot look at {}: {source}; correct the path", path.display())]
    Unseen {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The kernel refuses.
    #[error(
        "cannot become user {user}, who owns the files: {source}; run this as that user \
        (runuser, setpriv)"
    )]
    Refused {
        /// The user.
        user: u32,
        /// Why.
        source: io::Error,
    },
}

/// Whether this process acts as root.
#[must_use]
pub fn is_root() -> bool {
    // What the kernel said at the start costs no system call, and nobody becomes root later.
    // SAFETY: reads what the C library keeps of that.
    unsafe { libc::getauxval(libc::AT_EUID) == 0 && user() == ROOT }
}

/// The user as whom this process acts.
#[must_use]
pub fn user() -> u32 {
    // SAFETY: touches no memory and cannot fail.
    unsafe { libc::geteuid() }
}

/// Whether this process can make files in a folder. It opens one that has no name and never gets one.
#[must_use]
pub fn may_write(folder: &Path) -> bool {
    match OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).open(folder) {
        Ok(_) => true,
        // A file system that knows no such files.
        Err(problem) if matches!(problem.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            has_right_to_write(folder)
        }
        Err(_) => false,
    }
}

fn has_right_to_write(folder: &Path) -> bool {
    let Ok(folder) = CString::new(folder.as_os_str().as_bytes()) else { return false };
    // SAFETY: the path ends with a null byte, and lives across the call.
    let asked = unsafe {
        libc::faccessat(libc::AT_FDCWD, folder.as_ptr(), libc::W_OK | libc::X_OK, libc::AT_EACCESS)
    };
    asked == 0
}

/// The user who decides about these paths, each of which leads to the next: a configuration, and the
/// folder that it names. What is missing is decided about by whom its nearest folder belongs to. `None`
/// where only root decides, and in a process that is not root's.
///
/// # Errors
/// When several users decide.
pub fn owner_of<'a>(
    paths: impl IntoIterator<Item = &'a Path>,
) -> Result<Option<User>, PrivilegeError> {
    let mut way = Way::default();
    if is_root() {
        paths.into_iter().try_for_each(|path| way.follow(path))?;
    }
    Ok(way.user)
}

/// Makes sure that nobody but root decides what is at a path, or would be if it were there.
///
/// # Errors
/// When others do.
pub fn only_root_decides(path: &Path) -> Result<(), PrivilegeError> {
    let mut way = Way::default();
    way.follow(path)?;
    let others = |user: User| PrivilegeError::NotRoots { path: path.to_owned(), user: user.id };
    way.user.map_or(Ok(()), |user| Err(others(user)))
}

/// Somebody else than root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub id: u32,
    /// The group of their first file on the way, for when they have no account.
    group: u32,
}

/// What stands at the end of a way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// What was looked for.
    Itself,
    /// The folder in which it, or one that leads to it, is missing.
    Nearest,
}

/// A way through folders and links, and who decides where it leads.
#[derive(Debug, Default)]
struct Way {
    /// Nobody but root, or the owner of the first thing on it that is not root's. What is root's behind
    /// that is still reached as that user likes.
    user: Option<User>,
}

impl Way {
    /// Follows a path as far as there is something.
    fn follow(&mut self, path: &Path) -> Result<(), PrivilegeError> {
        let mut here = PathBuf::from("/");
        let mut ahead: VecDeque<OsString> = parts(path).collect();
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            if part == ".." {
                here.pop();
                continue;
            }
            here.push(part);
            let Some(found) = self.look(&here)? else {
                here.pop();
                return self.nobody_else_writes_to(&here, Last::Nearest);
            };
            if found.is_symlink() {
                links += 1;
                let unseen = |source| PrivilegeError::Unseen { path: path.to_owned(), source };
                if links > MOST_LINKS {
                    return Err(unseen(io::Error::from_raw_os_error(libc::ELOOP)));
                }
                let target = fs::read_link(&here).map_err(unseen)?;
                here.pop();
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                let further: Vec<_> = parts(&target).collect();
                further.into_iter().rev().for_each(|part| ahead.push_front(part));
            }
        }
        self.nobody_else_writes_to(&here, Last::Itself)
    }

    /// What is root's at the end of the way must be root's alone.
    fn nobody_else_writes_to(&self, path: &Path, last: Last) -> Result<(), PrivilegeError> {
        let unseen = |source| PrivilegeError::Unseen { path: path.to_owned(), source };
        let found = fs::symlink_metadata(path).map_err(unseen)?;
        let mode = found.mode();
        let is_shared = mode & 0o002 != 0 || (mode & 0o020 != 0 && found.gid() != ROOT);
        // There everybody makes what is theirs, and nobody touches what is root's.
        let is_common = last == Last::Nearest && mode & libc::S_ISVTX != 0;
        if self.user.is_none() && is_shared && !is_common {
            return Err(PrivilegeError::Shared { path: path.to_owned() });
        }
        Ok(())
    }

    fn look(&mut self, path: &Path) -> Result<Option<Metadata>, PrivilegeError> {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(missing) if MISSING.contains(&missing.kind()) => return Ok(None),
            Err(source) => return Err(PrivilegeError::Unseen { path: path.to_owned(), source }),
        };
        let owner = found.uid();
        match self.user {
            _ if owner == ROOT => {}
            None => self.user = Some(User { id: owner, group: found.gid() }),
            Some(user) if user.id == owner => {}
            Some(user) => {
                let path = path.to_owned();
                return Err(PrivilegeError::TwoUsers { path, owner, other: user.id });
            }
        }
        Ok(Some(found))
    }
}

/// The parts of a path that lead somewhere.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

impl User {
    /// Makes this process, which is root's, one of this user, for good: nothing leads back.
    ///
    /// # Errors
    /// When the kernel does not allow it.
    pub fn become_it(self) -> Result<(), PrivilegeError> {
        let refused = |source| PrivilegeError::Refused { user: self.id, source };
        let group = self.join_groups().map_err(refused)?;
        // SAFETY: both take numbers only; the C library sees to it that they hold for all threads.
        let done = unsafe {
            libc::setresgid(group, group, group) == 0
                && libc::setresuid(self.id, self.id, self.id) == 0
        };
        if done { Ok(()) } else { Err(refused(io::Error::last_os_error())) }
    }

    /// Takes the groups of the account, and returns its own one. A number without account has but the
    /// group of its files, and that of root never.
    fn join_groups(self) -> io::Result<u32> {
        let mut room = vec![0; ACCOUNT_BYTES];
        let mut account = MaybeUninit::<libc::passwd>::uninit();
        let mut found = std::ptr::null_mut();
        // SAFETY: `account`, `found` and `room`, whose length is told, are there for the call to write to.
        unsafe {
            libc::getpwuid_r(
                self.id,
                account.as_mut_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut found,
            );
        }
        let joined = if found.is_null() {
            let group = if self.group == ROOT { self.id } else { self.group };
            // SAFETY: reads the one group that is told.
            (group, unsafe { libc::setgroups(1, &raw const group) })
        } else {
            // SAFETY: the call has filled the account in, and its name points into `room`.
            let account = unsafe { account.assume_init() };
            // SAFETY: a string of C, which lives as long as `room`.
            let name = unsafe { CStr::from_ptr(account.pw_name) };
            // SAFETY: reads a string of C.
            (account.pw_gid, unsafe { libc::initgroups(name.as_ptr(), account.pw_gid) })
        };
        match joined {
            (group, 0) => Ok(group),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};

    use super::*;
    use crate::platform::cannot_run;

    const ALICE: u32 = 2_000_000_001;
    const BOB: u32 = 2_000_000_002;

    #[test]
    fn whether_a_folder_can_be_written_is_found_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let before = fs::metadata(folder.path()).unwrap().modified().unwrap();
        assert!(may_write(folder.path()) && has_right_to_write(folder.path()));
        assert_eq!(fs::metadata(folder.path()).unwrap().modified().unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = folder.path().join("missing");
        assert!(!may_write(&missing) && !has_right_to_write(&missing));
        assert!(!may_write(Path::new("/proc/self")));
    }

    /// A folder in which tests give files away; none where only root could.
    fn folder() -> Option<tempfile::TempDir> {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            return Some(folder);
        }
        cannot_run("whom root acts for", "only root can give files away");
        None
    }

    fn make(path: PathBuf, owner: u32, mode: u32) -> PathBuf {
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        lchown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    fn link(path: PathBuf, target: &Path, owner: u32) -> PathBuf {
        symlink(target, &path).unwrap();
        lchown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    fn owner(paths: &[&Path]) -> Option<u32> {
        owner_of(paths.iter().copied()).unwrap().map(|user| user.id)
    }

    #[test]
    fn root_acts_for_whom_the_first_thing_belongs_to_that_is_not_roots() {
        let Some(folder) = folder() else { return };
        let site = make(folder.path().join("site"), ROOT, 0o755);
        let data = make(site.join("data"), ALICE, 0o700);
        make(data.join("roots"), ROOT, 0o755);
        for (path, expected) in [
            ("", None),
            ("not/there", None),
            ("data", Some(ALICE)),
            ("data/not/there", Some(ALICE)),
            ("data/roots", Some(ALICE)),
            ("data/../data", Some(ALICE)),
        ] {
            assert_eq!(owner(&[&site, &site.join(path)]), expected, "{path}");
        }
    }

    #[test]
    fn a_link_leads_where_its_owner_wants() {
        let Some(folder) = folder() else { return };
        let roots = make(folder.path().join("roots"), ROOT, 0o755);
        let alices = make(folder.path().join("alices"), ALICE, 0o755);
        let bobs = make(folder.path().join("bobs"), BOB, 0o755);
        let to_roots = link(alices.join("link"), &roots, ALICE);
        assert_eq!(owner(&[&to_roots]), Some(ALICE), "where it ends, alice says");
        assert_eq!(
            owner(&[&link(alices.join("by root"), Path::new("../roots"), ROOT)]),
            Some(ALICE)
        );
        assert_eq!(owner(&[&link(roots.join("link"), Path::new("../alices"), ROOT)]), Some(ALICE));
        let refused = owner_of([link(alices.join("to bob"), &bobs, ALICE).as_path()]).unwrap_err();
        assert!(refused.to_string().contains(&format!("belongs to user {BOB}")), "{refused}");
        let circle = link(roots.join("circle"), Path::new("circle"), ROOT);
        assert!(owner_of([circle.as_path()]).is_err());
    }

    #[test]
    fn who_decides_about_the_configuration_does_not_lead_root_to_others() {
        let Some(folder) = folder() else { return };
        let alices = make(folder.path().join("alices"), ALICE, 0o755);
        let bobs = make(folder.path().join("bobs"), BOB, 0o755);
        let roots = make(folder.path().join("roots"), ROOT, 0o755);
        assert_eq!(owner(&[&alices, &alices]), Some(ALICE));
        assert_eq!(owner(&[&alices, &roots]), Some(ALICE));
        assert_eq!(owner(&[&roots, &bobs]), Some(BOB));
        assert!(owner_of([alices.as_path(), &bobs]).is_err());
    }

    #[test]
    fn what_is_roots_is_roots_alone() {
        let Some(folder) = folder() else { return };
        for (mode, group, is_shared) in [
            (0o755, BOB, false),
            (0o775, ROOT, false),
            (0o775, BOB, true),
            (0o777, ROOT, true),
            (0o1777, ROOT, true),
        ] {
            let path = make(folder.path().join(format!("{mode:o}-{group}")), ROOT, mode);
            lchown(&path, None, Some(group)).unwrap();
            assert_eq!(owner_of([path.as_path()]).is_err(), is_shared, "{mode:o}");
            assert_eq!(only_root_decides(&path).is_err(), is_shared, "{mode:o}");
            // In a folder for all, everybody has their own.
            let is_risky = is_shared && mode != 0o1777;
            assert_eq!(owner_of([path.join("none").as_path()]).is_err(), is_risky, "{mode:o}");
        }
        let alices = make(folder.path().join("alices"), ALICE, 0o755);
        assert!(only_root_decides(&alices.join("not there")).is_err());
    }
}
