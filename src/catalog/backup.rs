//! Copies of the catalogue: consistent while it is in use, and verified before one takes its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Catalog, CatalogError};
use crate::platform::publication::{TemporaryFile, TemporaryPath};

/// Why the catalogue was not copied or not restored. Nothing was replaced then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no catalogue {} yet; `tracker refresh` makes it", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The copy would overwrite a file.
    #[error("{} is there already; choose another name, or overwrite it with --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}; its folder must be there and writable for the user that the tracker runs as, with space left", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file to restore is no catalogue that can be used.
    #[error("{} cannot be restored: {source}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why; it names the copy that was looked at.
        source: Box<CatalogError>,
    },
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Writes a copy of the catalogue at `path` to `target`, as a whole or not at all. The catalogue may be in use.
///
/// # Errors
/// When there is no catalogue, it is damaged, or the copy cannot be written; when there is a `target` already,
/// unless it is to be overwritten.
pub fn back_up(path: &Path, target: &Path, overwrite: bool) -> Result<(), BackupError> {
    let io = |source| BackupError::Io { doing: "write", path: target.to_owned(), source };
    let exists = || BackupError::Exists { path: target.to_owned() };
    if !path.try_exists().map_err(io)? {
        return Err(BackupError::Missing { path: path.to_owned() });
    }
    if !overwrite && target.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let copy = copy(path, target)?;
    verify(copy.path())?;
    match overwrite {
        true => copy.move_to(target).map_err(io),
        false if copy.place_if_absent(target).map_err(io)? => Ok(()),
        false => Err(exists()),
    }
}

/// Puts the content of `file`, whose name is for people, in the place of the catalogue at `path`, once it has been
/// verified. Returns where the catalogue is kept that was there. The caller has to keep others from writing to
/// the catalogue meanwhile.
///
/// # Errors
/// When the file is not a usable catalogue, or there is no room; then nothing was replaced.
pub fn restore(path: &Path, file: &mut File, name: &Path) -> Result<Option<PathBuf>, BackupError> {
    let io = |source| BackupError::Io { doing: "replace", path: path.to_owned(), source };
    let mut copy = TemporaryFile::beside(path).map_err(io)?;
    io::copy(file, &mut copy.file).and_then(|_| copy.file.sync_all()).map_err(io)?;
    let copy = copy.close();
    verify(copy.path())
        .map_err(|source| BackupError::Unusable { file: name.to_owned(), source: source.into() })?;
    let kept = keep_aside(path).map_err(io)?;
    copy.move_to(path).map_err(io)?;
    Ok(kept)
}

/// Gives the catalogue at `path` a second name, so that there is one at every moment.
fn keep_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.try_exists()? {
        return Ok(None);
    }
    let journal = with_ending(path, "-journal");
    if journal.try_exists()? {
        // What a killed process left half-done is undone by opening. Of a damaged one both files are kept.
        let _ = Catalog::connect(path).and_then(|catalog| catalog.version());
    }
    for number in 1_u32.. {
        let kept = numbered(path, ".replaced", number);
        if kept.symlink_metadata().is_ok() {
            continue;
        }
        // Some file systems have no hard links.
        fs::hard_link(path, &kept).or_else(|_| fs::copy(path, &kept).map(|_| ()))?;
        if journal.try_exists()? {
            // It is not the new catalogue's.
            fs::rename(&journal, with_ending(&kept, "-journal"))?;
        }
        return Ok(Some(kept));
    }
    Ok(None)
}

/// Copies the catalogue at `path`, which may be in use, into a temporary file beside `target`.
pub(super) fn copy(path: &Path, target: &Path) -> Result<TemporaryPath, CatalogError> {
    let io = |source| CatalogError::Io { doing: "copy", path: path.to_owned(), source };
    let copy = TemporaryFile::beside(target).map_err(io)?.close();
    let name = copy.path().to_str().ok_or_else(|| io(io::ErrorKind::InvalidFilename.into()))?;
    let source = Catalog::connect(path)?;
    source.version()?;
    source.connection.execute("VACUUM INTO ?1", [name]).map_err(source.failed("copy"))?;
    File::open(copy.path()).and_then(|file| file.sync_all()).map_err(io)?;
    Ok(copy)
}

/// Reads all of a catalogue, of this or an older version.
fn verify(path: &Path) -> Result<(), CatalogError> {
    let catalog = Catalog::connect(path)?;
    catalog.version()?;
    let said: String = catalog
        .connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(catalog.failed("verify"))?;
    if said == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    let source = rusqlite::Error::SqliteFailure(code, Some(said));
    Err(CatalogError::sqlite("verify", path, source))
}

/// The name of a file beside the catalogue: from the second on they are numbered.
pub(super) fn numbered(path: &Path, ending: &str, number: u32) -> PathBuf {
    let ending = if number == 1 { ending.to_owned() } else { format!("{ending}.{number}") };
    with_ending(path, &ending)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{files_in, hash, new_catalog, scan, scanned};

    fn names(path: &Path) -> Vec<String> {
        let torrents = Catalog::open(path).unwrap().torrents().unwrap();
        torrents.into_iter().map(|torrent| torrent.name).collect()
    }

    fn put_back(path: &Path, from: &Path) -> Result<Option<PathBuf>, BackupError> {
        restore(path, &mut File::open(from).unwrap(), from)
    }

    #[test]
    fn a_copy_of_a_catalogue_in_use_takes_its_place_and_nothing_is_lost() {
        let (folder, mut catalog) = new_catalog();
        let at = |name: &str| folder.path().join(name);
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        // Another process is in the middle of a change.
        let other = rusqlite::Connection::open(at("catalog.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE; DELETE FROM torrents").unwrap();
        back_up(&at("catalog.db"), &at("copy"), false).unwrap();
        other.execute_batch("ROLLBACK").unwrap();
        scan(&mut catalog, &[scanned(2, "b.torrent")], 200);
        drop((catalog, other));
        assert_eq!(names(&at("copy")), ["content 1"]);

        let kept = put_back(&at("catalog.db"), &at("copy")).unwrap();
        assert_eq!(kept, Some(at("catalog.db.replaced")));
        assert_eq!(names(&at("catalog.db")), ["content 1"]);
        assert_eq!(names(&at("catalog.db.replaced")), ["content 2"]);
        assert_eq!(
            put_back(&at("catalog.db"), &at("copy")).unwrap(),
            Some(at("catalog.db.replaced.2"))
        );
        let expected = ["catalog.db", "catalog.db.replaced", "catalog.db.replaced.2", "copy"];
        assert_eq!(files_in(folder.path()), expected);
    }

    #[test]
    fn a_copy_overwrites_only_what_it_is_told_to() {
        let (folder, mut catalog) = new_catalog();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("copy"), "mine").unwrap();
        let refused = back_up(&at("catalog.db"), &at("copy"), false).unwrap_err();
        assert!(refused.to_string().contains("overwrite it with --force"), "{refused}");
        assert_eq!(fs::read(at("copy")).unwrap(), b"mine");
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        back_up(&at("catalog.db"), &at("copy"), true).unwrap();
        assert_eq!(names(&at("copy")), ["content 1"]);
        let missing = back_up(&at("none.db"), &at("other"), false).unwrap_err();
        assert!(matches!(missing, BackupError::Missing { .. }), "{missing}");
        assert_eq!(files_in(folder.path()), ["catalog.db", "copy"]);
    }

    #[test]
    fn what_is_no_catalogue_is_not_restored() {
        let (folder, mut catalog) = new_catalog();
        let at = |name: &str| folder.path().join(name);
        let many: Vec<_> = (0..500).map(|n| scanned(n, &format!("{n}.torrent"))).collect();
        scan(&mut catalog, &many, 100);
        drop(catalog);
        let whole = fs::read(at("catalog.db")).unwrap();
        let middle = whole.len() / 2;
        let torn = [&whole[..middle], &[0x55; 4096], &whole[middle + 4096..]].concat();
        for bad in [&b""[..], b"garbage", &whole[..middle], &torn] {
            fs::write(at("bad"), bad).unwrap();
            let refused = put_back(&at("catalog.db"), &at("bad")).unwrap_err();
            assert!(matches!(refused, BackupError::Unusable { .. }), "{refused}");
            assert_eq!(fs::read(at("catalog.db")).unwrap(), whole);
            assert_eq!(files_in(folder.path()), ["bad", "catalog.db"]);
        }
    }

    #[test]
    fn the_journal_of_a_damaged_catalogue_does_not_spoil_what_takes_its_place() {
        let (folder, mut catalog) = new_catalog();
        let at = |name: &str| folder.path().join(name);
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        back_up(&at("catalog.db"), &at("copy"), false).unwrap();
        drop(catalog);
        fs::write(at("catalog.db"), "damaged").unwrap();
        fs::write(at("catalog.db-journal"), "and half-done").unwrap();
        put_back(&at("catalog.db"), &at("copy")).unwrap();
        assert_eq!(names(&at("catalog.db")), ["content 1"]);
        assert_eq!(fs::read(at("catalog.db.replaced")).unwrap(), b"damaged");
        assert!(!at("catalog.db-journal").exists());
    }

    #[test]
    fn an_older_catalogue_is_restored_and_migrated() {
        let (folder, catalog) = new_catalog();
        drop(catalog);
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), include_bytes!("fixtures/catalog-1.db")).unwrap();
        put_back(&at("catalog.db"), &at("old")).unwrap();
        assert_eq!(names(&at("catalog.db")).len(), 5);
        let missing = Catalog::open(&at("catalog.db")).unwrap().torrent(hash(1)).unwrap();
        assert_eq!(missing, None);
    }
}
