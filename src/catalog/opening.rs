//! Opening the catalogue, and making it where there is none.
//!
//! A file that is not a catalogue, is broken or comes from a newer tracker is an error for a person to see; it
//! is never moved aside or recreated.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{APPLICATION_ID, VERSION, take_steps};
use super::{Catalog, CatalogError};
use crate::platform::memory;
use crate::platform::publication::TemporaryFile;

impl Catalog {
    /// Opens the catalogue at `path` and migrates it to this tracker's version; makes it when there is
    /// none, with its folders (mode 0700).
    ///
    /// # Errors
    /// When it cannot be made or read, is damaged, is not a catalogue, or comes from a newer tracker.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        let io = |source| CatalogError::Io { doing: "look for", path: path.to_owned(), source };
        if !path.try_exists().map_err(io)? {
            create(path)?;
        }
        let mut catalog = Self::connect(path)?;
        catalog.migrate()?;
        Ok(catalog)
    }

    /// Opens the catalogue at `path` for reading only; nothing is made or changed. One that is missing
    /// reads as an empty one.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, is not a catalogue, or comes from another version.
    pub fn read(path: &Path) -> Result<Self, CatalogError> {
        let io = |source| CatalogError::Io { doing: "look for", path: path.to_owned(), source };
        if !path.try_exists().map_err(io)? {
            return Self::empty(path);
        }
        let catalog = Self::connect(path)?;
        catalog
            .connection
            .pragma_update(None, "query_only", true)
            .map_err(catalog.failed("open"))?;
        match catalog.version()? {
            version if version < VERSION => {
                Err(CatalogError::Older { path: path.to_owned(), found: version })
            }
            _ => Ok(catalog),
        }
    }

    /// The same; one of an older version becomes one of this version first, so that who has upgraded need not wait for a
    /// refresh.
    ///
    /// # Errors
    /// When it cannot be read or migrated, is damaged, is not a catalogue, or comes from a newer tracker.
    pub fn migrate_and_read(path: &Path) -> Result<Self, CatalogError> {
        match Self::read(path) {
            Err(CatalogError::Older { .. }) => {
                Self::open(path)?;
                Self::read(path)
            }
            outcome => outcome,
        }
    }

    /// An empty one in memory, in the place of one that is not there yet.
    fn empty(path: &Path) -> Result<Self, CatalogError> {
        memory::share_with_sqlite();
        let connection = Connection::open_in_memory()
            .map_err(|source| CatalogError::sqlite("read", path, source))?;
        let mut catalog = Self { connection, path: path.to_owned() };
        catalog.make_tables()?;
        Ok(catalog)
    }

    /// Makes the tables of a catalogue that is new.
    fn make_tables(&mut self) -> Result<(), CatalogError> {
        let named = self.connection.pragma_update(None, "application_id", APPLICATION_ID);
        named.map_err(self.failed("make"))?;
        self.write("make", |transaction| {
            take_steps(transaction, 0)?;
            transaction.execute(IS_NEW, []).map(|_| ())
        })
    }
}

/// Notes that nobody has used the site before.
const IS_NEW: &str = "INSERT INTO settings (key, value) VALUES ('is_new', 'yes')";

/// Makes a catalogue as a whole and puts it at `path` unless somebody else was faster, so that a file
/// that is found empty or cut short was damaged and is not merely unfinished.
fn create(path: &Path) -> Result<(), CatalogError> {
    let io = |source| CatalogError::Io { doing: "make", path: path.to_owned(), source };
    let temporary = TemporaryFile::beside(path).map_err(io)?.close();
    let mut catalog = Catalog::connect(temporary.path())?;
    catalog.make_tables()?;
    drop(catalog);
    if temporary.place_if_absent(path).map_err(io)? {
        crate::info!("made the catalogue {}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;
    use crate::catalog::samples::{files_in, new_catalog, scan, scanned};

    fn pragma(path: &Path, pragma: &str) {
        Connection::open(path).unwrap().execute_batch(&format!("PRAGMA {pragma}")).unwrap();
    }

    #[test]
    fn a_missing_catalogue_is_made_with_its_folders_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some/where/catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        assert_eq!(catalog.torrents().unwrap(), []);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&path) & 0o007, 0, "others must not read it");
        assert_eq!(files_in(path.parent().unwrap()), ["catalog.db"]);
    }

    #[test]
    fn reading_makes_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some/where/catalog.db");
        assert_eq!(Catalog::read(&path).unwrap().torrents().unwrap(), []);
        assert!(!folder.path().join("some").exists());
        let mut catalog = Catalog::open(&path).unwrap();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        drop(catalog);
        let before = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
        let mut catalog = Catalog::read(&path).unwrap();
        assert_eq!(catalog.torrents().unwrap().len(), 1);
        let found = [scanned(2, "b.torrent")];
        let written = catalog.apply_scan(&found, &[], false, crate::protocol::Timestamp(1));
        assert!(written.is_err());
        drop(catalog);
        let after = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
        assert!(before == after, "it was changed");
        assert_eq!(files_in(path.parent().unwrap()), ["catalog.db"]);
        pragma(&path, "user_version = 0");
        let older = Catalog::read(&path).unwrap_err();
        assert!(matches!(older, CatalogError::Older { found: 0, .. }), "{older}");
    }

    #[test]
    fn one_of_before_is_migrated_and_read_and_a_missing_one_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        assert!(!Catalog::migrate_and_read(&path).unwrap().has_users().unwrap());
        assert!(!path.exists());
        fs::write(&path, include_bytes!("fixtures/catalog-6.db")).unwrap();
        let mut catalog = Catalog::migrate_and_read(&path).unwrap();
        assert!(!catalog.has_users().unwrap());
        let written = catalog.apply_scan(&[], &[], false, crate::protocol::Timestamp(1));
        assert!(written.is_err(), "it is only read");
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let (folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        let before = catalog.torrents().unwrap();
        drop(catalog);
        let catalog = Catalog::open(&folder.path().join("catalog.db")).unwrap();
        assert_eq!(catalog.torrents().unwrap(), before);
        assert_eq!(before.len(), 1);
    }

    #[test]
    fn commits_are_made_durable_and_the_schema_is_not_trusted() {
        let (_folder, catalog) = new_catalog();
        let pragma = |name: &str| -> i64 {
            catalog.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        assert_eq!(pragma("synchronous"), 3, "EXTRA");
        assert_eq!(pragma("foreign_keys"), 1);
        assert_eq!(pragma("trusted_schema"), 0);
        assert_eq!(pragma("busy_timeout"), 8000);
    }

    #[test]
    fn many_that_start_at_once_make_one_catalogue() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/catalog.db");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8_u32 {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let mut catalog = Catalog::open(path).unwrap();
                    let found = [scanned(number, &format!("{number}.torrent"))];
                    catalog.apply_scan(&found, &[], false, crate::protocol::Timestamp(1)).unwrap();
                });
            }
        });
        assert_eq!(Catalog::open(&path).unwrap().torrents().unwrap().len(), 8);
        assert_eq!(files_in(path.parent().unwrap()), ["catalog.db"]);
    }

    #[test]
    fn a_catalogue_of_an_older_version_is_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        pragma(&path, &format!("application_id = {APPLICATION_ID}"));
        assert_eq!(Catalog::open(&path).unwrap().torrents().unwrap(), []);
        assert_eq!(Catalog::open(&path).unwrap().version().unwrap(), VERSION);
    }

    #[test]
    fn a_newer_catalogue_is_an_error_and_stays_as_it_is() {
        let (folder, catalog) = new_catalog();
        drop(catalog);
        let path = folder.path().join("catalog.db");
        pragma(&path, "user_version = 99");
        let before = fs::read(&path).unwrap();
        let error = Catalog::open(&path).unwrap_err();
        assert!(matches!(error, CatalogError::Newer { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("install the newer tracker"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn another_programs_database_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = fs::read(&path).unwrap();
        let error = Catalog::open(&path).unwrap_err();
        assert!(matches!(error, CatalogError::Foreign { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_damaged_catalogue_is_an_error_and_stays_as_it_is() {
        let (folder, mut catalog) = new_catalog();
        let many: Vec<_> = (0..200).map(|n| scanned(n, &format!("{n}.torrent"))).collect();
        scan(&mut catalog, &many, 1);
        drop(catalog);
        let path = folder.path().join("catalog.db");
        let whole = fs::read(&path).unwrap();
        for damaged in
            [&whole[..whole.len() / 2], &whole[..100], &whole[..1], &[], &[0; 4096], b"garbage"]
        {
            fs::write(&path, damaged).unwrap();
            let error = Catalog::open(&path)
                .and_then(|catalog| catalog.torrents())
                .expect_err("a damaged catalogue was opened");
            assert!(
                matches!(error, CatalogError::Broken { .. } | CatalogError::Foreign { .. }),
                "{error}"
            );
            assert!(error.to_string().contains("backup"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), damaged);
            assert_eq!(files_in(folder.path()), ["catalog.db"]);
        }
    }

    #[test]
    fn impossible_values_in_a_catalogue_are_damage() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        catalog
            .connection
            .execute_batch("PRAGMA ignore_check_constraints = ON; UPDATE torrents SET size = -1")
            .unwrap();
        let error = catalog.torrents().unwrap_err();
        assert!(matches!(error, CatalogError::Broken { .. }), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_that_names_the_catalogue() {
        let folder = tempfile::tempdir().unwrap();
        File::create(folder.path().join("file")).unwrap();
        let error = Catalog::open(&folder.path().join("file/catalog.db")).unwrap_err();
        assert!(matches!(error, CatalogError::Io { .. }), "{error}");
        assert!(error.to_string().contains("file/catalog.db"), "{error}");
    }

    #[test]
    fn a_catalogue_that_another_process_holds_is_busy_and_not_broken() {
        let (folder, catalog) = new_catalog();
        catalog.connection.busy_timeout(Duration::ZERO).unwrap();
        let other = Connection::open(folder.path().join("catalog.db")).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let error = catalog.torrents().unwrap_err();
        assert!(matches!(error, CatalogError::Busy { .. }), "{error}");
    }
}
