//! The file of the keys that sign cookies and forms, `admin.secret` beside the catalogue: made by whoever comes first,
//! and never replaced by itself.

use std::fs::{File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;

use super::signer::{Key, Signer};
use crate::platform::lock::{self, LockError};
use crate::platform::publication::TemporaryFile;
use crate::platform::{files, privilege, random};
use crate::protocol::{CLOCK_TOLERANCE, Seconds, Timestamp};

/// How long the key before a rotation counts: a day.
pub const GRACE: Seconds = Seconds(24 * 60 * 60);

/// What stands in the first line.
const TITLE: &str = "tracker.cgi signing keys 1";

/// More bytes than a whole file has.
const MOST_BYTES: u64 = 4096;

/// How long to wait for another process that rotates the keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// The keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    current: Key,
    /// The one before, and until when it counts.
    before: Option<(Key, Timestamp)>,
}

/// The file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read or made.
    #[error("cannot {doing} the signing keys {}: {source}; let the tracker's user read and write there", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could sign as the tracker does.
    #[error("others may read the signing keys {}: chmod 600 it; if somebody may have, remove it, which ends all sessions", path.display())]
    OthersMayRead {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else knows the keys.
    #[error("the signing keys {} belong to user {owner}, not to the tracker's: chown it, or remove it, which ends all sessions", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Its content is not what was written.
    #[error("the signing keys {} are damaged: restore the file, or remove it, which ends all sessions", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Another process is at it.
    #[error("another process rotates the signing keys {} all the time; try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The lock beside it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl Secrets {
    /// Reads the keys beside a catalogue, and makes them where there are none.
    ///
    /// # Errors
    /// When the file cannot be read or made, is damaged, or others may read it.
    pub fn open(catalog: &Path) -> Result<Self, SecretsError> {
        let path = file(catalog);
        if let Some(secrets) = read(&path)? {
            return Ok(secrets);
        }
        let made = new_key().map(|current| Self { current, before: None });
        let is_ours = made.and_then(|secrets| {
            let temporary = secrets.written_beside(&path)?;
            temporary.file.sync_all()?;
            temporary.close().place_if_absent(&path)
        });
        is_ours.map_err(|source| SecretsError::Io { doing: "make", path: path.clone(), source })?;
        // Whoever came first has made it.
        read(&path)?.ok_or(SecretsError::Damaged { path })
    }

    /// Puts a new key in the place of the current one, which counts for [`GRACE`] more. When somebody else may know the
    /// key, remove the file instead.
    ///
    /// # Errors
    /// As of [`Self::open`], and when another process is at it all the time.
    pub fn rotate(catalog: &Path, now: Timestamp) -> Result<Self, SecretsError> {
        let path = file(catalog);
        let lock = lock::within(&path.with_added_extension("lock"), PATIENCE)?;
        let _lock = lock.ok_or_else(|| SecretsError::Busy { path: path.clone() })?;
        let old = Self::open(catalog)?;
        let replaced = new_key().and_then(|current| {
            let before = Some((old.current, now + GRACE));
            let new = Self { current, before };
            new.written_beside(&path)?.replace(&path)?;
            Ok(new)
        });
        replaced.map_err(|source| SecretsError::Io { doing: "replace", path, source })
    }

    /// What signs with them at a time.
    #[must_use]
    pub fn signer(&self, now: Timestamp) -> Signer {
        // A clock that was ahead must not give the key before more than its time.
        let latest = now + GRACE + CLOCK_TOLERANCE;
        let counts =
            |(key, until): (Key, Timestamp)| (now..=latest).contains(&until).then_some(key);
        Signer::new(self.current, self.before.and_then(counts))
    }

    /// A temporary file with them, which nobody else may read at any time.
    fn written_beside(&self, path: &Path) -> io::Result<TemporaryFile> {
        let mut temporary = TemporaryFile::beside(path)?;
        temporary.file.set_permissions(Permissions::from_mode(0o600))?;
        temporary.file.write_all(self.written().as_bytes())?;
        Ok(temporary)
    }

    fn written(&self) -> String {
        let mut text = format!("{TITLE}\ncurrent {}\n", HEXLOWER.encode(&self.current));
        if let Some((key, until)) = &self.before {
            text += &format!("before {} until {}\n", HEXLOWER.encode(key), until.0);
        }
        // So a file that was cut off is known.
        text + "end\n"
    }

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(TITLE)?.strip_prefix("\ncurrent ")?.strip_suffix("\nend\n")?;
        let Some((current, before)) = rest.split_once("\nbefore ") else {
            return Some(Self { current: key(rest)?, before: None });
        };
        let (before, until) = before.split_once(" until ")?;
        let before = Some((key(before)?, Timestamp(until.parse().ok()?)));
        Some(Self { current: key(current)?, before })
    }
}

/// A secret does not get into a log.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secrets(..)")
    }
}

fn file(catalog: &Path) -> PathBuf {
    catalog.with_file_name("admin.secret")
}

fn new_key() -> io::Result<Key> {
    random::unguessable()
}

fn key(digits: &str) -> Option<Key> {
    HEXLOWER.decode(digits.as_bytes()).ok()?.try_into().ok()
}

/// `None` where there is no file.
fn read(path: &Path) -> Result<Option<Secrets>, SecretsError> {
    let failed = |source| SecretsError::Io { doing: "read", path: path.to_owned(), source };
    let (file, metadata) =
        match files::open(path, File::options().read(true)).map_err(io::Error::from) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
    let path = path.to_owned();
    if metadata.uid() != privilege::user() {
        return Err(SecretsError::NotOurs { path, owner: metadata.uid() });
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(SecretsError::OthersMayRead { path });
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let secrets = str::from_utf8(&bytes).ok().and_then(Secrets::parse);
    secrets.map(Some).ok_or(SecretsError::Damaged { path })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::super::signer::Purpose;
    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000);

    fn site() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = folder.path().join("catalog.db");
        (folder, catalog)
    }

    #[test]
    fn who_comes_first_makes_the_keys_and_all_others_have_them() {
        let (_folder, catalog) = site();
        let found = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Secrets::open(&catalog).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(found.iter().all(|secrets| *secrets == found[0]));
        assert_eq!(Secrets::open(&catalog).unwrap(), found[0]);
        assert_eq!(fs::metadata(file(&catalog)).unwrap().mode() & 0o7777, 0o600);
        let names = fs::read_dir(catalog.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1, "nothing else is left");
        let (_other, other) = site();
        assert_ne!(Secrets::open(&other).unwrap(), found[0]);
        assert_eq!(format!("{:?}", found[0]), "Secrets(..)");
    }

    #[test]
    fn the_key_before_counts_for_a_day() {
        let (_folder, catalog) = site();
        let old = Secrets::open(&catalog).unwrap();
        let signature = old.signer(NOON).sign(Purpose::Session, b"bytes");
        let rotated = Secrets::rotate(&catalog, NOON).unwrap();
        assert_eq!(Secrets::open(&catalog).unwrap(), rotated);
        assert_eq!(fs::metadata(file(&catalog)).unwrap().mode() & 0o7777, 0o600);
        let verifies = |secrets: &Secrets, now| {
            secrets.signer(now).verifies(Purpose::Session, b"bytes", &signature)
        };
        assert!(verifies(&rotated, NOON) && verifies(&rotated, NOON + GRACE));
        assert!(!verifies(&rotated, NOON + Seconds(GRACE.0 + 1)));
        assert!(!verifies(&rotated, NOON.before(Seconds(3600))), "the clock was an hour ahead");
        assert_ne!(rotated.signer(NOON).sign(Purpose::Session, b"bytes"), signature);
        let twice = Secrets::rotate(&catalog, NOON).unwrap();
        assert!(!verifies(&twice, NOON));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let (_folder, catalog) = site();
        Secrets::open(&catalog).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(file(&catalog), Permissions::from_mode(mode)).unwrap();
            let refused = Secrets::open(&catalog).unwrap_err();
            assert!(matches!(refused, SecretsError::OthersMayRead { .. }), "{mode:o} {refused}");
        }
    }

    #[test]
    fn what_is_damaged_is_told_and_stays() {
        let (_folder, catalog) = site();
        Secrets::open(&catalog).unwrap();
        let whole = Secrets::rotate(&catalog, NOON).unwrap().written();
        for length in 0..whole.len() {
            fs::write(file(&catalog), &whole[..length]).unwrap();
            let refused = Secrets::open(&catalog).unwrap_err();
            assert!(matches!(refused, SecretsError::Damaged { .. }), "{length} {refused}");
            assert!(Secrets::rotate(&catalog, NOON).is_err());
            assert_eq!(fs::read(file(&catalog)).unwrap(), &whole.as_bytes()[..length]);
        }
        fs::remove_file(file(&catalog)).unwrap();
        std::os::unix::fs::symlink("elsewhere", file(&catalog)).unwrap();
        assert!(Secrets::open(&catalog).unwrap_err().to_string().contains("it is a link"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(current: Key, before: Option<Key>, until: u64) {
            let before = before.map(|key| (key, Timestamp(until)));
            let secrets = Secrets { current, before };
            prop_assert_eq!(Secrets::parse(&secrets.written()), Some(secrets.clone()));
        }
    }
}
