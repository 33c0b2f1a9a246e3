//! How a catalogue of an older version becomes one of this version.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::TransactionBehavior;

use super::schema::{VERSION, take_steps};
use super::{Catalog, CatalogError, backup};

impl Catalog {
    /// Brings the catalogue to this tracker's version. A copy of what it was before stays beside it: its name ends
    /// in `.before-` and the version that the migration leads to.
    ///
    /// # Errors
    /// When there is no room for the copy, or the catalogue cannot be written; then it stays as it was.
    pub(super) fn migrate(&mut self) -> Result<(), CatalogError> {
        if self.version()? == VERSION {
            return Ok(());
        }
        let path = self.path.clone();
        let failed = |source| CatalogError::sqlite("migrate", &path, source);
        // From here on nobody else writes to it, so that the copy misses nothing.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let version = transaction
            .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
            .map_err(failed)?;
        let version = usize::try_from(version).unwrap_or(VERSION);
        // Another process may have been faster.
        if version < VERSION {
            keep_copy(&path)?;
            take_steps(&transaction, version).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

/// Keeps a copy of the catalogue as it is. One of the same content, left by a migration that did not come to its
/// end, will do; one of another content is never overwritten.
fn keep_copy(path: &Path) -> Result<(), CatalogError> {
    let io = |source| CatalogError::Io { doing: "keep a copy of", path: path.to_owned(), source };
    let copy = backup::copy(path, path)?;
    let content = fs::read(copy.path()).map_err(io)?;
    for number in 1_u32.. {
        let kept = backup::numbered(path, &format!(".before-{VERSION}"), number);
        match fs::read(&kept) {
            Ok(before) if before == content => return Ok(()),
            Ok(_) => {}
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                copy.place_if_absent(&kept).map_err(io)?;
                crate::info!(
                    "the catalogue as it was before its migration is kept as {}",
                    kept.display()
                );
                return Ok(());
            }
            Err(problem) => return Err(io(problem)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rusqlite::Connection;

    use super::*;
    use crate::catalog::samples::files_in;
    use crate::catalog::{Carried, Torrent, Totals};
    use crate::protocol::{Generation, InfoHash, Timestamp};

    /// A catalogue that the executable of version 1 made and refreshed: torrents of all kinds, a hidden one, one
    /// whose file is gone, and totals.
    const VERSION_1: &[u8] = include_bytes!("fixtures/catalog-1.db");

    /// One of version 2: a hidden torrent that the owner has decided to list, one that the owner has decided to hide,
    /// and totals.
    const VERSION_2: &[u8] = include_bytes!("fixtures/catalog-2.db");

    /// One of version 3: bans, one list of them, decisions about two torrents, changes, totals, and a torrent whose file is
    /// gone.
    const VERSION_3: &[u8] = include_bytes!("fixtures/catalog-3.db");

    /// One of version 4: a torrent with all kinds of details, a retired one, one that was added by its info-hash and is
    /// hidden, one whose file is gone, a rule for clients, a ban, another tracker's figures, and totals.
    const VERSION_4: &[u8] = include_bytes!("fixtures/catalog-4.db");

    /// One of version 5: sidecars that hide and retire, a decision to list what one of them hides, one to list what nothing
    /// hides, a title, a torrent that was added by its info-hash, one whose file is gone, two rules for clients, and a ban.
    const VERSION_5: &[u8] = include_bytes!("fixtures/catalog-5.db");

    /// One of version 6: a torrent with a decision and a checksum file, a sidecar whose retirement is taken back, a torrent that
    /// was added by its info-hash, one whose file is gone, a rule for clients, and a ban.
    const VERSION_6: &[u8] = include_bytes!("fixtures/catalog-6.db");

    /// One of version 7: a user with a token, a group, a torrent with decisions, a hidden one, a retired one that was added by its
    /// info-hash, one whose file is gone, and a ban.
    const VERSION_7: &[u8] = include_bytes!("fixtures/catalog-7.db");

    fn old_catalog() -> (tempfile::TempDir, PathBuf) {
        catalog_of(VERSION_1)
    }

    fn catalog_of(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    /// The name of the copy that a migration leaves.
    fn kept_as(number: &str) -> String {
        format!("catalog.db.before-{VERSION}{number}")
    }

    #[test]
    fn a_decision_of_version_5_not_to_hide_what_nothing_hides_goes() {
        let (_folder, path) = catalog_of(VERSION_4);
        let old = Connection::open(&path).unwrap();
        crate::catalog::schema::take_steps_to(&old, 4, 5).unwrap();
        let hashes: Vec<Vec<u8>> = {
            let mut query = old.prepare("SELECT info_hash FROM torrents ORDER BY name").unwrap();
            query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        old.execute("DELETE FROM decisions", []).unwrap();
        for hash in &hashes {
            old.execute(
                "INSERT INTO decisions (info_hash, hidden, title) VALUES (?1, 0, 't')",
                [hash],
            )
            .unwrap();
        }
        let [name, sidecar, title, ..] = hashes.as_slice() else { panic!("{}", hashes.len()) };
        old.execute("UPDATE torrents SET hidden = info_hash = ?1", [name]).unwrap();
        old.execute("INSERT INTO sidecars (info_hash, hidden) VALUES (?1, 1)", [sidecar]).unwrap();
        old.execute("INSERT INTO sidecars (info_hash, title) VALUES (?1, 't')", [title]).unwrap();
        drop(old);
        let catalog = Catalog::open(&path).unwrap();
        for torrent in catalog.all_torrents().unwrap() {
            let hash = torrent.canonical.0.to_vec();
            let expected = (hash == *name || hash == *sidecar).then_some(false);
            assert_eq!(torrent.decision().hidden, expected, "{}", torrent.name);
            assert_eq!(torrent.title(), "t");
        }
    }

    #[test]
    fn a_catalogue_of_version_7_keeps_all_that_it_has_and_stores_no_file() {
        let (folder, path) = catalog_of(VERSION_7);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let row = |it: &Torrent| {
            (it.title().into_owned(), it.hidden, it.is_tracked(), it.missing_since.is_some())
        };
        let mut found: Vec<_> = all.iter().map(row).collect();
        found.sort();
        let expected = [
            ("00112233445566778899aabbccddeeff00112233", false, false, false),
            ("A title", false, true, false),
            ("gone", false, false, true),
            ("hushed", true, true, false),
        ];
        assert_eq!(
            found,
            expected.map(|(title, hidden, is, was)| (title.to_owned(), hidden, is, was))
        );
        assert!(all.iter().all(|it| it.stored_size.is_none()));
        for torrent in &all {
            assert_eq!(catalog.stored_file(torrent.canonical).unwrap(), None);
        }
        let users: Vec<_> = catalog.users().unwrap();
        assert_eq!(users.len(), 1);
        assert_eq!(users[0].name.to_string(), "olive");
        assert_eq!(catalog.groups().unwrap().len(), 1);
        assert_eq!((catalog.bans().unwrap().len(), catalog.changes().unwrap().len()), (1, 8));
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_6_keeps_all_that_it_has_and_has_no_users() {
        let (folder, path) = catalog_of(VERSION_6);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let row =
            |it: &Torrent| (it.title().into_owned(), it.is_tracked(), it.missing_since.is_some());
        let mut found: Vec<_> = all.iter().map(row).collect();
        found.sort();
        let expected = [
            ("00112233445566778899aabbccddeeff00112233", true, false),
            ("A title", true, false),
            ("gone", false, true),
            ("plain", true, false),
        ];
        assert_eq!(found, expected.map(|(title, is, was)| (title.to_owned(), is, was)));
        let plain = all.iter().find(|it| it.name == "plain").unwrap();
        assert_eq!(plain.details().group.as_deref(), Some("Archive"));
        assert_eq!(plain.details().checksums.crc32, Some(0x0123_4567));
        assert_eq!(catalog.bans().unwrap().len(), 1);
        assert_eq!(catalog.rules().unwrap().client_rules.len(), 1);
        let changes = catalog.changes().unwrap();
        assert!(changes.len() == 5 && changes.iter().all(|it| it.after.is_none()));
        assert!(!catalog.has_users().unwrap());
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_5_keeps_all_that_it_has() {
        let (folder, path) = catalog_of(VERSION_5);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let row = |it: &Torrent| {
            let hidden = (it.hidden, it.decision().hidden);
            (it.title().into_owned(), hidden, it.is_tracked(), it.missing_since.is_some())
        };
        let found: Vec<_> = all.iter().map(row).collect();
        let expected = [
            ("00112233445566778899aabbccddeeff00112233", (false, None), true, false),
            ("A plain title", (false, None), true, false),
            ("gone", (false, None), false, true),
            ("decided", (false, None), true, false),
            ("retired by its sidecar", (false, None), false, false),
            ("A title", (false, Some(false)), true, false),
        ];
        assert_eq!(
            found,
            expected.map(|(title, hidden, is, was)| (title.to_owned(), hidden, is, was))
        );
        assert_eq!(all[4].details().retired(), Some("it is old"));
        assert_eq!(all[5].category().as_deref(), Some("books"));
        let verdicts: Vec<_> =
            catalog.rules().unwrap().client_rules.iter().map(|it| it.verdict).collect();
        assert_eq!(verdicts, [crate::catalog::Verdict::Deny, crate::catalog::Verdict::Allow]);
        assert_eq!((catalog.bans().unwrap().len(), catalog.changes().unwrap().len()), (1, 7));
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_4_keeps_all_that_it_has() {
        let (folder, path) = catalog_of(VERSION_4);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let row = |it: &Torrent| (it.title().into_owned(), it.hidden, it.is_tracked(), it.added);
        let found: Vec<_> = all.iter().map(row).collect();
        let expected = [
            ("by its hash".to_owned(), true, true, true),
            ("gone".to_owned(), false, false, false),
            ("in a folder".to_owned(), false, false, false),
            ("A title".to_owned(), false, true, false),
        ];
        assert_eq!(found, expected);
        assert_eq!(all[2].details().retired(), Some("it is old"));
        assert_eq!(all[2].category().as_deref(), Some("music"));
        let plain = &all[3];
        assert_eq!(plain.totals, Totals { completed: 1, uploaded: 5, downloaded: 1000 });
        let said = plain.details().in_words();
        assert_eq!(said.iter().filter(|(_, value)| value.is_some()).count(), 10);
        assert_eq!(plain.details(), plain.decision());
        assert!(all.iter().all(|it| it.sidecar().is_none()));
        assert_eq!(catalog.bans().unwrap().len(), 1);
        assert_eq!(catalog.rules().unwrap().client_rules.len(), 1);
        assert_eq!(catalog.external().unwrap().len(), 1);
        assert_eq!(catalog.changes().unwrap().len(), 7);
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_3_keeps_all_that_it_has() {
        let (folder, path) = catalog_of(VERSION_3);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let row = |it: &Torrent| (it.name.clone(), it.hidden, it.missing_since.is_some(), it.added);
        let found: Vec<_> = all.iter().map(row).collect();
        let expected = [
            ("decided".to_owned(), false, false, false),
            ("gone".to_owned(), false, true, false),
            ("a plain one".to_owned(), true, false, false),
        ];
        assert_eq!(found, expected);
        assert_eq!(all[2].totals, Totals { completed: 1, uploaded: 5, downloaded: 1000 });
        assert_eq!(all[2].details().hidden, Some(true));
        let bans: Vec<_> = catalog.bans().unwrap();
        let bans: Vec<_> = bans.iter().map(|it| (it.range.to_string(), &*it.reason)).collect();
        let expected = [
            ("192.0.2.0/24", "too many"),
            ("2001:db8::/32", ""),
            ("198.51.100.0/24", "listed"),
            ("203.0.113.7", "listed"),
        ];
        assert_eq!(bans, expected.map(|(range, reason)| (range.to_owned(), reason)));
        let changes: Vec<_> = catalog.changes().unwrap().into_iter().map(|it| it.what).collect();
        assert_eq!(changes, ["unhide", "hide", "ban", "ban", "import bans"]);
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_2_keeps_all_that_it_has() {
        let (folder, path) = catalog_of(VERSION_2);
        let catalog = Catalog::open(&path).unwrap();
        let all = catalog.all_torrents().unwrap();
        let found: Vec<_> =
            all.iter().map(|it| (it.name.as_str(), it.hidden, it.totals.completed)).collect();
        let expected = [
            ("decided", true, 0),
            ("a plain one", false, 1),
            ("a private one", false, 0),
            ("hush", false, 0),
        ];
        assert_eq!(found, expected);
        assert_eq!(all[1].totals, Totals { completed: 1, uploaded: 5, downloaded: 7 });
        assert_eq!(all[1].first_seen, Timestamp(1_700_000_000));
        assert_eq!(catalog.last_refresh().unwrap(), Some(Timestamp(1_796_000_657)));
        assert_eq!((catalog.bans().unwrap().len(), catalog.changes().unwrap().len()), (0, 0));
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn a_catalogue_of_version_1_keeps_all_that_it_has() {
        let (folder, path) = old_catalog();
        let catalog = Catalog::open(&path).unwrap();
        let found: Vec<_> = catalog
            .all_torrents()
            .unwrap()
            .into_iter()
            .map(|it| {
                (it.file.display().to_string(), it.name, it.size, it.hidden, it.totals.completed)
            })
            .collect();
        let row = |file: &str, name: &str, size, hidden, completed| {
            (file.to_owned(), name.to_owned(), size, hidden, completed)
        };
        let expected = [
            row("hybrid.torrent", "a hybrid", 10, false, 2),
            row("plain.torrent", "a plain one", 1000, false, 2),
            row("private.torrent", "a private one", 70_000, false, 0),
            row("sub/gone.torrent", "gone", 300, false, 2),
            row("sub/hush.secret.torrent", "hush", 5, true, 0),
            row("v2.torrent", "only v2", 16_384, false, 0),
        ];
        assert_eq!(found, expected);
        let plain = InfoHash::from_hex(b"0250c18100a4fc477ad6a972446e0adcf73fc942").unwrap();
        let plain = catalog.torrent(plain).unwrap().unwrap();
        assert_eq!(plain.totals, Totals { completed: 2, uploaded: 5, downloaded: 7 });
        let generation = Generation(1_705_880_286_558_049_841);
        let carried = Carried { generation, completed: 2, uploaded: 5, downloaded: 7, expired: 0 };
        assert_eq!(plain.carried, carried);
        assert_eq!(plain.info_page.as_deref(), Some(Path::new("plain.txt")));
        assert_eq!(plain.first_seen, Timestamp(1_795_970_524));
        let gone = InfoHash::from_hex(b"e395a37cddd2eda1c6a2c3ed351d7cf62c7d2852").unwrap();
        let missing_since = catalog.torrent(gone).unwrap().unwrap().missing_since;
        assert_eq!(missing_since, Some(Timestamp(1_795_970_525)));
        let list = catalog.list("").unwrap();
        let fingerprints = list.fingerprints(crate::catalog::Detail::States);
        assert!(list.known_files(fingerprints).is_empty(), "all files are read once more");
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn what_it_was_before_is_kept_and_can_take_its_place() {
        let (folder, path) = old_catalog();
        Catalog::open(&path).unwrap();
        let kept = folder.path().join(kept_as(""));
        let rows = |path: &Path| -> Vec<Vec<u8>> {
            let catalog = Connection::open(path).unwrap();
            let mut query =
                catalog.prepare("SELECT info_hash FROM torrents ORDER BY info_hash").unwrap();
            query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(rows(&kept), rows(&path));
        assert_eq!(Catalog::connect(&kept).unwrap().version().unwrap(), 1);
        fs::rename(&kept, &path).unwrap();
        assert_eq!(Catalog::open(&path).unwrap().all_torrents().unwrap().len(), 6);
    }

    #[test]
    fn a_migration_that_was_killed_leaves_one_copy_and_an_older_catalogue_another() {
        let (folder, path) = old_catalog();
        keep_copy(&path).unwrap();
        Catalog::open(&path).unwrap();
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
        fs::write(&path, VERSION_1).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute("DELETE FROM torrents WHERE completed = 0", []).unwrap();
        Catalog::open(&path).unwrap();
        let expected = ["catalog.db", &kept_as(""), &kept_as(".2")];
        assert_eq!(files_in(folder.path()), expected);
    }

    #[test]
    fn without_a_copy_nothing_is_migrated() {
        let (folder, path) = old_catalog();
        fs::create_dir(folder.path().join(kept_as(""))).unwrap();
        let problem = Catalog::open(&path).unwrap_err().to_string();
        assert!(problem.contains("cannot keep a copy of the catalogue"), "{problem}");
        assert_eq!(fs::read(&path).unwrap(), VERSION_1);
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
    }

    #[test]
    fn many_that_migrate_at_once_leave_one_copy() {
        let (folder, path) = old_catalog();
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(Catalog::open(&path).unwrap().all_torrents().unwrap().len(), 6);
                });
            }
        });
        assert_eq!(files_in(folder.path()), ["catalog.db", &kept_as("")]);
        let kept = folder.path().join(kept_as(""));
        assert_eq!(Catalog::connect(&kept).unwrap().version().unwrap(), 1);
    }
}
