//! The conformance suite on SQLite files, and what only concerns files.

mod in_use;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use super::*;
use crate::store::conformance::{
    self, EXPIRY, Fresh, NOON, conforms, conforms_with_limits, conforms_with_rules, leecher, peers,
    swarm,
};
use crate::store::shm::{ShmOptions, ShmStore};
use crate::store::{Access, Action, LOOP_PATIENCE, PeerStore as _};

const WANT: Want = Want { peers: 50, seeders: true, peer_ids: false };

fn options(home: &tempfile::TempDir) -> SqliteOptions {
    SqliteOptions::new(home.path().join("data/peers.db"), EXPIRY)
}

fn fresh() -> Fresh {
    let home = tempfile::tempdir().unwrap();
    Fresh::in_folder(SqliteStore::open(&options(&home)).unwrap(), home)
}

fn fresh_and_settled() -> Fresh {
    let home = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&options(&home)).unwrap();
    (0..SETTLED).for_each(|number| announce(&mut store, number, NOON));
    store.remove_swarm(swarm(1)).unwrap();
    assert!(logs_ahead(&store.options.file.path));
    Fresh::in_folder(store, home)
}

conforms!(fresh);

fn with_limits() -> Fresh {
    let home = tempfile::tempdir().unwrap();
    let store =
        SqliteStore::open(&SqliteOptions { rules: conformance::limits(), ..options(&home) })
            .unwrap();
    Fresh::in_folder(store, home)
}

conforms_with_limits!(with_limits);

/// A store with these rules: a fresh one, or the one that is there.
fn with_rules(rules: PeerRules, there: Option<Fresh>) -> Fresh {
    let home = there.map_or_else(|| tempfile::tempdir().unwrap(), Fresh::into_folder);
    let store = SqliteStore::open(&SqliteOptions { rules, ..options(&home) }).unwrap();
    Fresh::in_folder(store, home)
}

conforms_with_rules!(with_rules);

#[test]
fn does_what_the_model_does_with_a_write_ahead_log() {
    conformance::does_what_the_model_does(fresh_and_settled);
}

fn announce(store: &mut SqliteStore, number: u32, now: Timestamp) {
    try_announce(store, number, now).unwrap();
}

fn try_announce(
    store: &mut SqliteStore,
    number: u32,
    now: Timestamp,
) -> Result<Announced, StoreError> {
    store.announce(&leecher(number), now, WANT, &mut PeerSample::default())
}

fn present(store: &mut SqliteStore, now: Timestamp) -> usize {
    peers(store, swarm(1), 100, now).len()
}

/// Whether the header of a file says that it has a write-ahead log.
fn logs_ahead(path: &Path) -> bool {
    fs::read(path).unwrap()[18] == 2
}

/// What was moved aside, without companions.
fn moved_aside(options: &SqliteOptions) -> Vec<PathBuf> {
    let entries = options.file.path.parent().unwrap().read_dir().unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().contains(".broken-"));
    found.retain(|path| !["-wal", "-shm"].iter().any(|end| path.to_string_lossy().ends_with(end)));
    found
}

/// A store that lacks the row which tells its generation.
fn without_its_row(store: &[u8]) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("peers.db");
    fs::write(&path, store).unwrap();
    Connection::open(&path).unwrap().execute_batch("DELETE FROM store").unwrap();
    fs::read(path).unwrap()
}

mod opening {
    use super::*;

    #[test]
    fn makes_private_folders_and_keeps_what_is_there() {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        let mut store = SqliteStore::open(&options).unwrap();
        let folder = fs::metadata(home.path().join("data")).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        announce(&mut store, 1, NOON);
        let id = store.generation().unwrap();
        let mut again = SqliteStore::open(&options).unwrap();
        assert_eq!(again.generation().unwrap(), id);
        assert_eq!(present(&mut again, NOON), 1);
        let info = again.info().unwrap();
        assert_eq!((info.swarms, info.peers, info.kind), (1, 1, "sqlite"));
        assert_eq!(info.bytes, fs::metadata(&options.file.path).unwrap().len());
    }

    #[test]
    fn moves_aside_what_is_no_store_of_ours() {
        let home = tempfile::tempdir().unwrap();
        let database = |pragmas: &str| {
            let path = home.path().join("other.db");
            let _ = fs::remove_file(&path);
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch("CREATE TABLE theirs(x)").unwrap();
            connection.execute_batch(pragmas).unwrap();
            drop(connection);
            fs::read(path).unwrap()
        };
        let application_id = schema::APPLICATION_ID;
        let ours = fs::read(SqliteStore::open(&options(&home)).unwrap().options.file.path.clone())
            .unwrap();
        let half = ours[..ours.len() / 2].to_vec();
        let mut newer_schema = ours.clone();
        newer_schema[44..48].copy_from_slice(&9_u32.to_be_bytes());
        let contents = [
            b"# a text that somebody put there".to_vec(),
            vec![0xa5; 20_000],
            Vec::new(),
            database(""),
            database(&format!(
                "PRAGMA application_id = {application_id}; PRAGMA user_version = 99"
            )),
            half,
            newer_schema,
            without_its_row(&ours),
        ];
        for (number, content) in contents.into_iter().enumerate() {
            for open in [SqliteStore::open, SqliteStore::rebuild] {
                let home = tempfile::tempdir().unwrap();
                let options = options(&home);
                fs::create_dir(home.path().join("data")).unwrap();
                fs::write(&options.file.path, &content).unwrap();
                let mut store = open(&options).unwrap();
                announce(&mut store, 1, NOON);
                assert_eq!(present(&mut store, NOON), 1, "content {number}");
                let aside = moved_aside(&options);
                assert_eq!(aside.len(), 1, "content {number}");
                assert_eq!(fs::read(&aside[0]).unwrap(), content, "content {number} was not kept");
            }
        }
    }

    #[test]
    fn refuses_and_keeps_a_store_in_shared_memory() {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        let shm = ShmOptions::new(options.file.path.clone(), EXPIRY);
        drop(ShmStore::open(&shm).unwrap());
        let content = fs::read(&options.file.path).unwrap();
        for open in [SqliteStore::open, SqliteStore::rebuild] {
            let refused = open(&options).err().unwrap();
            assert!(
                matches!(refused, StoreError::OtherKind { kind: "sqlite", found: "shm", .. }),
                "{refused}"
            );
        }
        assert_eq!(fs::read(&options.file.path).unwrap(), content);
        assert!(moved_aside(&options).is_empty());
    }

    #[test]
    fn who_only_reads_makes_and_moves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let mut reading = options(&home);
        reading.file.access = Access::Read;
        let refused = || SqliteStore::open(&reading).err().unwrap();
        assert!(matches!(refused(), StoreError::Missing { .. }));
        assert!(!home.path().join("data").exists());
        let mut store = SqliteStore::open(&options(&home)).unwrap();
        announce(&mut store, 1, NOON);
        let sound = fs::read(&reading.file.path).unwrap();
        drop(store);
        assert_eq!(present(&mut SqliteStore::open(&reading).unwrap(), NOON), 1);
        let mut other_version = sound.clone();
        other_version[60..64].copy_from_slice(&99_u32.to_be_bytes());
        for content in [b"a text".to_vec(), Vec::new(), other_version, sound[..4096].to_vec()] {
            fs::write(&reading.file.path, &content).unwrap();
            assert!(matches!(refused(), StoreError::Corrupt { .. }), "{}", refused());
            assert_eq!(fs::read(&reading.file.path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(home.path().join("data")).unwrap().count(), 2, "store and lock");
    }

    #[test]
    fn what_was_moved_aside_in_the_same_second_stays_too() {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        fs::create_dir(home.path().join("data")).unwrap();
        for number in 1..=3 {
            fs::write(&options.file.path, format!("text {number}")).unwrap();
            drop(SqliteStore::open(&options).unwrap());
            assert_eq!(moved_aside(&options).len(), number);
        }
    }

    #[test]
    fn happens_at_once_in_many_places_and_one_makes_the_file() {
        for broken in [false, true] {
            let home = tempfile::tempdir().unwrap();
            let options = options(&home);
            if broken {
                fs::create_dir(home.path().join("data")).unwrap();
                fs::write(&options.file.path, "broken").unwrap();
            }
            let ids: Vec<Generation> = std::thread::scope(|scope| {
                let open =
                    |_| scope.spawn(|| SqliteStore::open(&options).unwrap().generation().unwrap());
                let threads: Vec<_> = (0..8).map(open).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(ids.iter().all(|id| *id == ids[0]), "several stores were made");
            assert_eq!(moved_aside(&options).len(), usize::from(broken));
        }
    }

    #[test]
    fn fails_with_a_remedy_where_no_file_can_be_and_moves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        fs::create_dir_all(&options.file.path).unwrap();
        let failure = SqliteStore::open(&options).err().unwrap();
        assert!(matches!(failure, StoreError::Unavailable { .. }), "{failure:?}");
        assert!(failure.to_string().contains("not a folder"), "{failure}");
        assert!(SqliteStore::rebuild(&options).is_err());
        assert!(options.file.path.is_dir() && moved_aside(&options).is_empty());
        let nowhere = SqliteOptions::new("/proc/tracker/peers.db".into(), EXPIRY);
        let failure = SqliteStore::open(&nowhere).err().unwrap();
        assert!(matches!(failure, StoreError::Unavailable { .. }), "{failure:?}");
    }

    #[test]
    fn rebuilding_moves_a_sound_store_aside() {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        let mut old = SqliteStore::open(&options).unwrap();
        announce(&mut old, 1, NOON);
        let mut new = SqliteStore::rebuild(&options).unwrap();
        assert_ne!(new.generation().unwrap(), old.generation().unwrap());
        assert_eq!(present(&mut new, NOON), 0);
        assert_eq!(moved_aside(&options).len(), 1);
        announce(&mut old, 2, NOON + Seconds(1));
        assert_eq!(present(&mut new, NOON), 1, "who had the old file open has found the new one");
    }
}

mod without_permission {
    use super::*;

    /// Runs `work` in a thread that the file system takes for an ordinary user, and says how it
    /// failed, with the names in the folder before and after.
    fn failure_of_nobody(
        home: &tempfile::TempDir,
        work: impl FnOnce() -> StoreError + Send,
    ) -> StoreError {
        let names = || {
            let entries = home.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
            entries.collect::<std::collections::BTreeSet<_>>()
        };
        let before = names();
        let failure = std::thread::scope(|scope| {
            let as_nobody = || {
                // SAFETY: the call takes plain numbers, and concerns this thread only, which ends
                // here. It does nothing when the test is not run by root, who may do everything.
                unsafe { libc::setfsuid(65_534) };
                work()
            };
            scope.spawn(as_nobody).join().unwrap()
        });
        assert_eq!(names(), before, "nothing was moved or made");
        assert!(failure.to_string().contains("writable"), "{failure}");
        failure
    }

    fn home_with_mode(mode: u32) -> (tempfile::TempDir, SqliteOptions) {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("peers.db"), EXPIRY);
        fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
        (home, options)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn no_store_is_made() {
        let (home, options) = home_with_mode(0o555);
        let failure = failure_of_nobody(&home, || SqliteStore::open(&options).err().unwrap());
        assert!(matches!(failure, StoreError::Unavailable { .. }), "{failure:?}");
    }

    #[test]
    fn a_store_that_may_not_be_written_is_left_alone() {
        for mode in [0o444, 0o000] {
            let (home, options) = home_with_mode(0o755);
            announce(&mut SqliteStore::open(&options).unwrap(), 1, NOON);
            set_mode(&options.file.path, mode);
            let failure = failure_of_nobody(&home, || SqliteStore::open(&options).err().unwrap());
            assert!(matches!(failure, StoreError::Unavailable { .. }), "{failure:?}");
        }
    }

    #[test]
    fn a_folder_that_may_not_be_written_stops_announces() {
        let (home, options) = home_with_mode(0o755);
        announce(&mut SqliteStore::open(&options).unwrap(), 1, NOON);
        set_mode(&options.file.path, 0o666);
        set_mode(home.path(), 0o555);
        failure_of_nobody(&home, || {
            let mut store = SqliteStore::open(&options).unwrap();
            try_announce(&mut store, 2, NOON).unwrap_err()
        });
        set_mode(home.path(), 0o755);
        assert_eq!(present(&mut SqliteStore::open(&options).unwrap(), NOON), 1);
    }
}

#[test]
fn the_check_comes_to_an_end_whatever_the_last_number_is() {
    let home = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&options(&home)).unwrap();
    announce(&mut store, 1, NOON);
    let damage = "UPDATE swarm SET id = 9223372036854775807";
    store.database.as_ref().unwrap().execute_batch(damage).unwrap();
    assert!(store.check().unwrap().join("\n").contains("belong to no swarm"));
}

#[test]
fn the_check_names_what_does_not_hold() {
    for (damage, named) in [
        (
            "UPDATE swarm SET leechers = 7",
            "counts 0 seeders, 7 leechers; it has 0 seeders, 1 leecher",
        ),
        ("UPDATE peer SET class = 2", "wrong class"),
        ("UPDATE peer SET tag = 5", "wrong tag"),
        ("UPDATE peer SET swarm = 5", "no swarm"),
        ("UPDATE peer SET last_seen = 5", "younger"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&options(&home)).unwrap();
        announce(&mut store, 1, NOON);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        store.database.as_ref().unwrap().execute_batch(damage).unwrap();
        let problems = store.check().unwrap().join("\n");
        assert!(problems.contains(named), "{damage}: {problems}");
    }
}
