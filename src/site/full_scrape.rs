//! The scrape of all torrents as a file that web servers give out without a process, byte by byte what the tracker
//! itself would answer; and the same compressed beside it.

use std::convert::identity;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::own_file::{self, Found, OwnFile, OwnFileError};
use super::page_folder::compressed;
use crate::config::LoadedConfig;
use crate::protocol::{ScrapeReply, Timestamp};
use crate::tracker::{Tracker, Turn};

const FILE: OwnFile = OwnFile { key: "full_scrape", beginning: b"d5:filesd" };

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
) -> Result<(), OwnFileError> {
    let mut tracker = Tracker::new(Arc::new(loaded.clone()));
    let min_request_interval = tracker.scrape_interval(true);
    let entries = tracker.full_scrape_for_all(now).map_err(own_file::without_store(path))?;
    let Some(entries) = entries else { return remove(path) };
    let mut reply = Vec::new();
    ScrapeReply { entries, min_request_interval }.encode(&mut reply);
    put(path, &reply)
}

/// The compressed form never is of another content than the file: it goes before that changes, and comes after.
fn put(path: &Path, reply: &[u8]) -> Result<(), OwnFileError> {
    let sibling = sibling_of(path);
    let (file, compressed_file) =
        (FILE.find(path, identity)?, FILE.find(&sibling, GzDecoder::new)?);
    let is_news = file == Found::Nothing || fs::read(path).ok().as_deref() != Some(reply);
    if is_news {
        if compressed_file == Found::Ours {
            own_file::remove(&sibling)?;
        }
        own_file::replace(path, reply)?;
    }
    if is_news || compressed_file == Found::Nothing {
        own_file::replace(&sibling, &compressed(reply))?;
    }
    Ok(())
}

/// Removes what is ours; what is not was never written by us.
fn remove(path: &Path) -> Result<(), OwnFileError> {
    let sibling = sibling_of(path);
    let found =
        [(&*sibling, FILE.find(&sibling, GzDecoder::new)), (path, FILE.find(path, identity))];
    for (path, found) in found {
        match found {
            Ok(Found::Ours) => own_file::remove(path)?,
            Ok(Found::Nothing) | Err(OwnFileError::Foreign { .. }) => {}
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;

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
            assert!(matches!(&problem, OwnFileError::Foreign { path, .. } if *path == mine));
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
