//! The scrape of all torrents as a file that web servers give out without a process, byte by byte what the tracker
//! itself would answer; and the same compressed beside it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::page_folder::compressed;
use crate::config::LoadedConfig;
use crate::platform::publication;
use crate::protocol::{ScrapeReply, Timestamp};
use crate::tracker::{Refusal, Tracker, Turn};

/// What the bytes of each scrape begin with. The tracker knows its own files by it.
const BEGINNING: &[u8] = b"d5:filesd";

/// What can keep it from being written.
#[derive(Debug, thiserror::Error)]
pub enum FullScrapeError {
    /// The peer store has trouble, of which the log has more.
    #[error("cannot write {}: {refusal}; the one before it stays", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What a client would be told.
        refusal: Refusal,
    },
    /// Something else is at its place.
    #[error(
        "{} is no scrape, and so not the tracker's: it stays as it is; move it away, or name another file by \
         `full_scrape` in [paths]", path.display()
    )]
    Foreign {
        /// What is there.
        path: PathBuf,
    },
    /// The kernel refuses.
    #[error("cannot write {}: {source}; let the tracker's user write there, and make room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the file if its content is another than before; removes it where full scrapes are not answered. To be called
/// with the turn in hand, once the policy is in force.
///
/// # Errors
/// When it cannot be written or removed, or a file of somebody else is in its place.
pub(super) fn write(
    loaded: &LoadedConfig,
    path: &Path,
    _turn: &Turn,
    now: Timestamp,
) -> Result<(), FullScrapeError> {
    let mut tracker = Tracker::new(Arc::new(loaded.clone()));
    let min_request_interval = tracker.scrape_interval(true);
    let entries = tracker
        .full_scrape_for_all(now)
        .map_err(|refusal| FullScrapeError::Store { path: path.to_owned(), refusal })?;
    let Some(entries) = entries else { return remove(path) };
    let mut reply = Vec::new();
    ScrapeReply { entries, min_request_interval }.encode(&mut reply);
    put(path, &reply)
}

/// The compressed form never is of another content than the file: it goes before that changes, and comes after.
fn put(path: &Path, reply: &[u8]) -> Result<(), FullScrapeError> {
    let sibling = sibling_of(path);
    let (file, compressed_file) = (Found::at(path, false)?, Found::at(&sibling, true)?);
    let is_news = file == Found::Nothing || fs::read(path).ok().as_deref() != Some(reply);
    if is_news {
        if compressed_file == Found::Ours {
            remove_file(&sibling)?;
        }
        replace(path, reply)?;
    }
    if is_news || compressed_file == Found::Nothing {
        replace(&sibling, &compressed(reply))?;
    }
    Ok(())
}

/// Removes what is ours; what is not was never written by us.
fn remove(path: &Path) -> Result<(), FullScrapeError> {
    for (path, is_compressed) in [(sibling_of(path), true), (path.to_owned(), false)] {
        match Found::at(&path, is_compressed) {
            Ok(Found::Ours) => remove_file(&path)?,
            Ok(Found::Nothing) | Err(FullScrapeError::Foreign { .. }) => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

fn sibling_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
}

impl Found {
    fn at(path: &Path, is_compressed: bool) -> Result<Self, FullScrapeError> {
        let failed = |source| FullScrapeError::Write { path: path.to_owned(), source };
        let found = match fs::symlink_metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
            found => found.map_err(failed)?,
        };
        if found.is_file() && (found.len() == 0 || begins_as_ours(path, is_compressed)) {
            return Ok(Self::Ours);
        }
        Err(FullScrapeError::Foreign { path: path.to_owned() })
    }
}

fn begins_as_ours(path: &Path, is_compressed: bool) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let reader: Box<dyn Read> =
        if is_compressed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let mut beginning = Vec::new();
    let read = reader.take(BEGINNING.len() as u64).read_to_end(&mut beginning);
    read.is_ok() && beginning == BEGINNING
}

fn remove_file(path: &Path) -> Result<(), FullScrapeError> {
    fs::remove_file(path).map_err(|source| FullScrapeError::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, content: &[u8]) -> Result<(), FullScrapeError> {
    publication::replace_readable(path, content)
        .map_err(|source| FullScrapeError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"d5:filesdee";
    const NEW: &[u8] = b"d5:filesde5:flagsdee";

    fn uncompressed(path: &Path) -> Vec<u8> {
        let mut text = Vec::new();
        let file = File::open(sibling_of(path)).unwrap();
        GzDecoder::new(file).read_to_end(&mut text).unwrap();
        text
    }

    /// A process may be killed after each step.
    #[test]
    fn both_have_the_same_content_whatever_was_left() {
        for file in [None, Some(&b""[..]), Some(OLD), Some(NEW)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("scrape");
            file.iter().for_each(|content| fs::write(&path, content).unwrap());
            for _ in 0..2 {
                put(&path, NEW).unwrap();
                assert_eq!(fs::read(&path).unwrap(), NEW);
                assert_eq!(uncompressed(&path), NEW);
            }
            put(&path, OLD).unwrap();
            assert_eq!((fs::read(&path).unwrap(), uncompressed(&path)), (OLD.into(), OLD.into()));
            fs::remove_file(&path).unwrap();
            put(&path, NEW).unwrap();
            assert_eq!(uncompressed(&path), NEW, "the old one went before");
            remove(&path).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_no_scrape_is_neither_replaced_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scrape");
        for mine in [path.clone(), sibling_of(&path)] {
            fs::write(&mine, "mine").unwrap();
            let problem = put(&path, NEW).unwrap_err();
            assert!(matches!(&problem, FullScrapeError::Foreign { path } if *path == mine));
            remove(&path).unwrap();
            assert_eq!(fs::read(&mine).unwrap(), b"mine");
            fs::remove_file(&mine).unwrap();
        }
        fs::write(folder.path().join("target"), OLD).unwrap();
        std::os::unix::fs::symlink("target", &path).unwrap();
        assert!(put(&path, NEW).is_err(), "a link of the owner's");
        assert_eq!(fs::read(folder.path().join("target")).unwrap(), OLD);
    }
}
