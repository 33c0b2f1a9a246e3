//! Whatever else may stand at the path of a store.

use super::*;
use crate::platform::cannot_run;
use crate::store::conformance::EXPIRY;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

#[test]
fn is_moved_aside_and_kept() {
    let (_home, options, bytes) = filled();
    let mut almost = bytes;
    almost[3] ^= 1;
    let contents = [b"a text".to_vec(), vec![0xa5; 20_000], vec![0], almost];
    for content in contents {
        put(&options, &content);
        is_recreated("not ours", &options);
        let aside = moved_aside(&options);
        assert_eq!(fs::read(&aside[0]).unwrap(), content, "it was not kept");
        fs::remove_file(&aside[0]).unwrap();
    }
}

#[test]
fn is_refused_and_kept_where_it_is_a_sqlite_file() {
    let (_home, options, _) = filled();
    let database = options.file.path.with_extension("db");
    let at = SqliteOptions::new(database.clone(), EXPIRY);
    drop(SqliteStore::open(&at).unwrap());
    for content in [fs::read(&database).unwrap(), b"SQLite format 3\0".to_vec()] {
        put(&options, &content);
        for open in [ShmStore::open, ShmStore::rebuild] {
            let refused = open(&options).err().unwrap();
            assert!(
                matches!(refused, StoreError::OtherKind { kind: "shm", found: "sqlite", .. }),
                "{refused}"
            );
        }
        assert_eq!(fs::read(&options.file.path).unwrap(), content);
        assert!(moved_aside(&options).is_empty());
    }
}

#[test]
fn is_kept_where_it_is_a_sqlite_file_that_was_written_over_a_store_in_use() {
    let (_home, options, bytes) = filled();
    let mut store = ShmStore::open(&options).unwrap();
    let mut content = bytes;
    content[..16].copy_from_slice(b"SQLite format 3\0");
    content[PAGE_BYTES + shard::SWARMS * WORD_BYTES..][..8].fill(0xff);
    // In place: a process that has it mapped would be killed.
    let file = OpenOptions::new().write(true).open(&options.file.path).unwrap();
    file.write_all_at(&content, 0).unwrap();
    let refused = try_announce(&mut store, 1, NOON).unwrap_err();
    assert!(matches!(refused, StoreError::OtherKind { .. }), "{refused}");
    // One announce of sixteen is counted in the header before anything is read.
    assert!(fs::read(&options.file.path).unwrap()[PAGE_BYTES..] == content[PAGE_BYTES..]);
    assert!(moved_aside(&options).is_empty());
}

#[test]
fn is_left_alone_by_who_only_reads() {
    let (_home, options, bytes) = filled();
    let mut options = options;
    options.file.access = Access::Read;
    let is_left = |content: &[u8]| {
        put(&options, content);
        let refused = ShmStore::open(&options).err().unwrap();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
        assert_eq!(fs::read(&options.file.path).unwrap(), content);
        let entries = options.file.path.parent().unwrap().read_dir().unwrap();
        assert!(entries.count() <= 2, "something was made");
    };
    is_left(b"a text");
    let mut other_version = bytes.clone();
    set_word(&mut other_version, header::VERSION, 99);
    mend(&mut other_version);
    is_left(&other_version);
    is_left(&bytes[..100]);
    let mut broken = bytes;
    broken[PAGE_BYTES + shard::SWARMS * WORD_BYTES..][..8].fill(0xff);
    put(&options, &broken);
    let mut store = ShmStore::open(&options).unwrap();
    let refused = store.visit_swarms(Cursor::default(), 10, NOON).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert_eq!(fs::read(&options.file.path).unwrap(), broken);
    fs::remove_file(&options.file.path).unwrap();
    let missing = ShmStore::open(&options).err().unwrap();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    assert!(!options.file.path.exists());
}

#[test]
fn is_moved_aside_also_when_it_takes_the_place_of_a_broken_store() {
    let (_home, options, mut bytes) = filled();
    let mut store = ShmStore::open(&options).unwrap();
    try_announce(&mut store, 1, NOON).unwrap();
    bytes[PAGE_BYTES + shard::SWARMS * WORD_BYTES..][..8].fill(0xff);
    fs::write(&options.file.path, &bytes).unwrap();
    put(&options, b"a text that somebody put there");
    making::FEWER_SHARDS.set(Some(1));
    try_announce(&mut store, 2, NOON).unwrap();
    let aside = moved_aside(&options);
    assert_eq!(aside.len(), 1, "it was deleted");
    assert_eq!(fs::read(&aside[0]).unwrap(), b"a text that somebody put there");
}

/// Opening fails, for this reason, and changes nothing.
fn is_refused(options: &ShmOptions, reason: &str) {
    let before = fs::symlink_metadata(&options.file.path).unwrap();
    let opened = options.clone();
    let failure = ends(reason, move || ShmStore::open(&opened).err()).unwrap().to_string();
    assert!(failure.contains(reason), "{failure}");
    let opened = options.clone();
    assert!(ends(reason, move || ShmStore::rebuild(&opened).is_err()));
    let after = fs::symlink_metadata(&options.file.path).unwrap();
    assert_eq!(before.file_type(), after.file_type());
    assert!(moved_aside(options).is_empty());
}

#[test]
fn is_refused_where_it_is_no_file_or_has_two_names() {
    let (home, options, bytes) = filled();
    let other = home.path().join("other");
    fs::rename(&options.file.path, &other).unwrap();
    for target in [other.as_path(), Path::new("nowhere")] {
        std::os::unix::fs::symlink(target, &options.file.path).unwrap();
        is_refused(&options, "it is a link");
        fs::remove_file(&options.file.path).unwrap();
    }
    fs::hard_link(&other, &options.file.path).unwrap();
    is_refused(&options, "second name");
    assert_eq!(fs::read(&other).unwrap(), bytes);
    fs::remove_file(&options.file.path).unwrap();
    let pipe = std::ffi::CString::new(options.file.path.to_str().unwrap()).unwrap();
    // SAFETY: the name ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    is_refused(&options, "not a regular file");
    fs::remove_file(&options.file.path).unwrap();
    fs::create_dir(&options.file.path).unwrap();
    is_refused(&options, "not a folder");
}

#[test]
fn is_refused_where_others_own_it_or_may_write_to_it() {
    let (_home, options, _) = filled();
    fs::set_permissions(&options.file.path, fs::Permissions::from_mode(0o666)).unwrap();
    is_refused(&options, "everybody may write to it");
    fs::set_permissions(&options.file.path, fs::Permissions::from_mode(0o660)).unwrap();
    let nobody = |path: &Path| std::os::unix::fs::chown(path, Some(65_534), None);
    if nobody(&options.file.path).is_err() {
        cannot_run("a store of another user", "only root can give a file away");
        return;
    }
    is_refused(&options, "belongs to another user");
    nobody(options.file.path.parent().unwrap()).unwrap();
    is_refused(&options, "belongs to another user");
    let mut options = options;
    options.file.site = options.file.path.parent().map(Path::to_owned);
    let mut store = ShmStore::open(&options).unwrap();
    try_announce(&mut store, 1, NOON).unwrap();
}

/// Does something in a thread that the file system takes for an ordinary user.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        // SAFETY: the call takes plain numbers, and concerns this thread only, which ends here. It
        // does nothing when the test is not run by root, who may do everything.
        unsafe { libc::setfsuid(65_534) };
        work()
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn is_refused_without_permission() {
    let (_home, options, bytes) = filled();
    let folder = options.file.path.parent().unwrap();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let fails = || {
        let failure = as_nobody(|| ShmStore::open(&options).err()).unwrap().to_string();
        assert!(failure.contains("writable for the user"), "{failure}");
    };
    fs::set_permissions(_home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    set_mode(folder, 0o755);
    for mode in [0o440, 0o000] {
        set_mode(&options.file.path, mode);
        fails();
    }
    set_mode(&options.file.path, 0o660);
    assert_eq!(fs::read(&options.file.path).unwrap(), bytes);
    fs::remove_file(&options.file.path).unwrap();
    set_mode(folder, 0o555);
    fails();
    set_mode(folder, 0o755);
}

#[test]
fn is_refused_where_nothing_can_be_written() {
    super::super::full_tests::on_a_small_disk(1 << 20, |disk| {
        let at = |name| disk.options(name);
        making::FEWER_SHARDS.set(Some(1));
        drop(ShmStore::open(&at("there")).unwrap());
        disk.make_read_only();
        for name in ["there", "not there"] {
            let failure = ShmStore::open(&at(name)).err().unwrap().to_string();
            assert!(failure.contains("writable for the user"), "{failure}");
        }
    });
}

#[test]
fn is_not_waited_for_where_another_program_has_locked_it() {
    let (_home, options, _) = filled();
    put(&options, b"a text that another program has locked");
    let other = OpenOptions::new().read(true).open(&options.file.path).unwrap();
    other.lock().unwrap();
    ends("a locked file", move || drop(ShmStore::open(&options)));
}
