//! The token with which the first user of a site is made where there is no shell: the name of a file in the data folder,
//! `setup-` with 32 hexadecimal digits.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use constant_time_eq::constant_time_eq;
use data_encoding::HEXLOWER;

use crate::platform::lock::{self, LockError};
use crate::platform::{date, random};
use crate::protocol::{Seconds, Timestamp};

/// How long a token counts: a day.
const LASTS: Seconds = Seconds(24 * 60 * 60);

/// How far the file server's clock may be ahead.
const AHEAD: Seconds = Seconds(60 * 60);

/// What names of tokens begin with.
const PREFIX: &str = "setup-";

/// Whoever makes this file wants a new token.
const WANTED: &str = "new-setup";

/// How long to wait for another process that makes one.
const PATIENCE: Duration = Duration::from_secs(5);

/// A token that counts.
#[derive(Debug)]
pub struct SetupToken {
    path: PathBuf,
    digits: String,
}

/// A token cannot be made or looked for.
#[derive(Debug, thiserror::Error)]
pub enum SetupTokenError {
    /// Reading or writing failed.
    #[error("cannot {doing} the setup token in {}: {source}; let the tracker's user write there", folder.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The data folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl SetupToken {
    /// Makes a token where there was none yet, and where somebody wants a new one. For a site without any user whose
    /// administration is on. One that counts no more stays until then, so that it is not made again and again.
    ///
    /// # Errors
    /// When nothing can be read or written there.
    pub fn offer(data_folder: &Path, now: Timestamp) -> Result<(), SetupTokenError> {
        let failed = |doing| {
            move |source| SetupTokenError::Io { doing, folder: data_folder.to_owned(), source }
        };
        if !is_due(data_folder).map_err(failed("look for"))? {
            return Ok(());
        }
        let Some(_lock) = lock::within(&data_folder.join("setup.lock"), PATIENCE)? else {
            return Ok(());
        };
        // Another process may have been faster.
        if is_due(data_folder).map_err(failed("look for"))? {
            forget(data_folder).map_err(failed("remove"))?;
            make(data_folder, now).map_err(failed("make"))?;
            remove(&data_folder.join(WANTED)).map_err(failed("remove the wish for"))?;
        }
        Ok(())
    }

    /// Whether somebody wants a new token.
    #[must_use]
    pub fn is_wanted(data_folder: &Path) -> bool {
        data_folder.join(WANTED).exists()
    }

    /// The token that a text is, if it counts now; compared in constant time, in any case, with blanks around it.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn check(
        data_folder: &Path,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Self>, SetupTokenError> {
        let typed = text.trim().to_ascii_lowercase();
        // Who copies the whole name means its digits.
        let typed = typed.strip_prefix(PREFIX).unwrap_or(&typed);
        let is_it = |token: &Self| constant_time_eq(token.digits.as_bytes(), typed.as_bytes());
        Ok(Self::all(data_folder, now)?.into_iter().find(is_it))
    }

    /// Whether there is a token that counts now.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn is_offered(data_folder: &Path, now: Timestamp) -> Result<bool, SetupTokenError> {
        Ok(!Self::all(data_folder, now)?.is_empty())
    }

    /// Those that count now: one, as a rule.
    fn all(data_folder: &Path, now: Timestamp) -> Result<Vec<Self>, SetupTokenError> {
        let found = tokens(data_folder).map_err(|source| SetupTokenError::Io {
            doing: "look for",
            folder: data_folder.to_owned(),
            source,
        })?;
        let counting = found.into_iter().filter(|(entry, _)| counts(entry, now));
        Ok(counting.map(|(entry, digits)| Self { path: entry.path(), digits }).collect())
    }

    /// Uses it up. Whether nobody has before: only then may the first user be made.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn use_up(self) -> io::Result<bool> {
        remove(&self.path)
    }
}

/// Whether there is no token yet, or a new one is wanted.
fn is_due(data_folder: &Path) -> io::Result<bool> {
    Ok(data_folder.join(WANTED).try_exists()? || tokens(data_folder)?.is_empty())
}

fn make(data_folder: &Path, now: Timestamp) -> io::Result<()> {
    let digits = HEXLOWER.encode(&random::unguessable::<16>()?);
    let path = data_folder.join(format!("{PREFIX}{digits}"));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let until = date::for_people((now + LASTS).0);
    writeln!(
        file,
        "The {} digits in this file's name let whoever types them in at /admin/setup below the tracker's address make \
         its first user, until {until}; for new digits make an empty file {WANTED} beside this one.",
        digits.len()
    )
}

/// Removes all tokens.
fn forget(data_folder: &Path) -> io::Result<()> {
    tokens(data_folder)?.iter().try_for_each(|(entry, _)| remove(&entry.path()).map(|_| ()))
}

/// Removes a file; whether it was there.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// All files that are named as tokens are, with their digits.
fn tokens(data_folder: &Path) -> io::Result<Vec<(DirEntry, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data_folder)? {
        let entry = entry?;
        if let Some(digits) = digits(&entry.file_name()) {
            found.push((entry, digits));
        }
    }
    Ok(found)
}

fn digits(name: &OsStr) -> Option<String> {
    let digits = name.to_str()?.strip_prefix(PREFIX)?;
    let is_token = digits.len() == 32 && HEXLOWER.decode(digits.as_bytes()).is_ok();
    is_token.then(|| digits.to_owned())
}

/// Whether a file is a token that counts: a regular one, written within a day.
fn counts(entry: &DirEntry, now: Timestamp) -> bool {
    let Ok(metadata) = entry.metadata() else { return false };
    let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let Some(written) = written.map(|since| Timestamp(since.as_secs())) else { return false };
    metadata.is_file() && written <= now + AHEAD && now.since(written) <= LASTS
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::platform::clock;

    fn now() -> Timestamp {
        Timestamp(clock::unix_seconds())
    }

    fn names(folder: &Path) -> Vec<String> {
        let found = tokens(folder).unwrap();
        found.into_iter().map(|(_, digits)| digits).collect()
    }

    fn only(folder: &Path) -> String {
        let [name] = &names(folder)[..] else { panic!("{:?}", names(folder)) };
        name.clone()
    }

    fn is_token(folder: &Path, text: &str, now: Timestamp) -> bool {
        SetupToken::check(folder, text, now).unwrap().is_some()
    }

    #[test]
    fn a_token_is_made_once_and_good_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        SetupToken::offer(folder, now()).unwrap();
        let token = only(folder);
        SetupToken::offer(folder, now()).unwrap();
        assert_eq!(only(folder), token);
        let path = folder.join(format!("setup-{token}"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() == 1 && text.contains("/admin/setup"), "{text}");
        assert!(!text.contains(&token), "only the name tells it");

        for typed in [&token, &format!(" setup-{token}\n"), &token.to_uppercase()] {
            assert!(is_token(folder, typed, now()), "{typed}");
        }
        let other = "0".repeat(32);
        for typed in ["", "setup-", &token[1..], &other, &format!("{token}0"), "new-setup"] {
            assert!(!is_token(folder, typed, now()), "{typed}");
        }
        let found = || SetupToken::check(folder, &token, now()).unwrap();
        let (first, second) = (found().unwrap(), found().unwrap());
        assert!(first.use_up().unwrap());
        assert!(!second.use_up().unwrap(), "of two at once, one makes the first user");
        assert!(found().is_none() && !SetupToken::is_offered(folder, now()).unwrap());
    }

    #[test]
    fn a_token_counts_for_a_day_and_is_renewed_by_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        SetupToken::offer(folder, now()).unwrap();
        let token = only(folder);
        let at = |by: i64| Timestamp(now().0.checked_add_signed(by).unwrap());
        let day = 24 * 60 * 60;
        assert!(is_token(folder, &token, at(day - 60)) && is_token(folder, &token, at(-3000)));
        assert!(!is_token(folder, &token, at(day + 60)) && !is_token(folder, &token, at(-4000)));
        assert!(!SetupToken::is_offered(folder, at(day + 60)).unwrap());
        SetupToken::offer(folder, at(day + 60)).unwrap();
        assert_eq!(only(folder), token, "it is not made again by itself");

        fs::write(folder.join(WANTED), "").unwrap();
        SetupToken::offer(folder, now()).unwrap();
        assert_ne!(only(folder), token);
        assert!(!is_token(folder, &token, now()) && !folder.join(WANTED).exists());
    }

    #[test]
    fn many_at_once_make_one_token() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| SetupToken::offer(folder.path(), now()).unwrap());
            }
        });
        only(folder.path());
    }

    #[test]
    fn what_is_no_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let digits = "0123456789abcdef0123456789abcdef";
        fs::create_dir(folder.join(format!("setup-{digits}"))).unwrap();
        fs::write(folder.join("setup-0123"), "").unwrap();
        fs::write(folder.join("setup-0123456789abcdeg0123456789abcdef"), "").unwrap();
        for text in [digits, "0123", "0123456789abcdeg0123456789abcdef"] {
            assert!(!is_token(folder, text, now()), "{text}");
        }
        assert!(SetupToken::offer(&folder.join("nowhere"), now()).is_err());
    }
}
