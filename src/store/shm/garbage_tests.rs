//! Whatever stands at the path of a store: never a crash, never an endless loop, and where the file is
//! ours a new store in its place.

use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::file::Inspected;
use super::layout::{GRANULES, Head, PAGE, PAGE_BYTES, WORD_BYTES, header, shard};
use super::tests::fresh_file;
use super::*;
use crate::protocol::{CompactV6, Seconds};
use crate::store::conformance::{NOON, leecher, peers, swarm};
use crate::store::random::scramble;
use crate::store::{Action, Caps, Role};

const WANT: Want = Want { peers: 50, seeders: true, peer_ids: true };

/// No call takes a tenth of this, not even where it waits for a lock again and again.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs something that must come to an end. Stores that it makes have one shard.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        making::FEWER_SHARDS.set(Some(1));
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("{what}: it does not end"),
        Err(RecvTimeoutError::Disconnected) => {
            eprintln!("{what}:");
            std::panic::resume_unwind(thread.join().unwrap_err())
        }
    }
}

fn try_announce(
    store: &mut ShmStore,
    number: u32,
    now: Timestamp,
) -> Result<Announced, StoreError> {
    store.announce(&various(number), now, WANT, &mut PeerSample::default())
}

/// Peers of all kinds, most of them of one swarm.
fn various(number: u32) -> PeerAnnounce {
    let plain = leecher(number);
    let mut v6 = CompactV6([0x20; 18]);
    v6.0[4..8].copy_from_slice(&number.to_be_bytes());
    PeerAnnounce {
        info_hash: if number.is_multiple_of(3) {
            swarm(u8::try_from(number / 3 % 60).unwrap())
        } else {
            plain.info_hash
        },
        v6: number.is_multiple_of(5).then_some(v6),
        role: if number.is_multiple_of(2) { Role::Seeder } else { Role::Leecher },
        left: (!number.is_multiple_of(7)).then_some(u64::from(number % 2) * 1000),
        action: if number.is_multiple_of(13) { Action::Leave } else { Action::Stay },
        ..plain
    }
}

/// A store with some hundreds of peers, and its bytes.
fn filled() -> (tempfile::TempDir, StoreOptions, Vec<u8>) {
    let (home, options) = fresh_file(1);
    let mut store = ShmStore::open(&options).unwrap();
    (1..600).for_each(|number| assert!(try_announce(&mut store, number, NOON).is_ok()));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    drop(store);
    let bytes = fs::read(&options.path).unwrap();
    (home, options, bytes)
}

/// Puts a new file with these bytes at the path.
fn put(options: &StoreOptions, bytes: &[u8]) {
    let _ = fs::remove_file(&options.path);
    fs::write(&options.path, bytes).unwrap();
    fs::set_permissions(&options.path, fs::Permissions::from_mode(0o660)).unwrap();
}

fn word(bytes: &[u8], index: usize) -> u64 {
    u64::from_ne_bytes(bytes[index * WORD_BYTES..][..WORD_BYTES].try_into().unwrap())
}

fn set_word(bytes: &mut [u8], index: usize, value: u64) {
    bytes[index * WORD_BYTES..][..WORD_BYTES].copy_from_slice(&value.to_ne_bytes());
}

/// Makes the header's checksum right again.
fn mend(bytes: &mut [u8]) {
    let sum = (0..header::CHECKSUM).fold(0, |sum, index| scramble(sum ^ word(bytes, index)));
    set_word(bytes, header::CHECKSUM, sum);
}

fn moved_aside(options: &StoreOptions) -> Vec<PathBuf> {
    let entries = options.path.parent().unwrap().read_dir().unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().contains(".broken-")).collect()
}

/// Why a store would not open this file of ours.
fn unusable(options: &StoreOptions) -> &'static str {
    match file::inspect(options).unwrap() {
        Inspected::Unusable(reason, _) => reason,
        Inspected::Foreign(reason) => panic!("foreign: {reason}"),
        Inspected::Missing => panic!("missing"),
        Inspected::Ours(_) => panic!("usable"),
    }
}

/// Opens the store, and sees that it is new and works.
fn is_made_anew(what: &str, options: &StoreOptions) {
    let options = options.clone();
    ends(what, move || {
        let mut store = ShmStore::open(&options).unwrap();
        let info = store.info().unwrap();
        assert_eq!((info.swarms, info.peers), (0, 0), "it is not new");
        try_announce(&mut store, 1, NOON).unwrap();
        assert_eq!(peers(&mut store, swarm(1), 10, NOON).len(), 1);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    });
}

/// Opens what is there and calls all that there is. Errors are answers, too.
fn use_it(what: &str, options: &StoreOptions) {
    let options = options.clone();
    ends(what, move || {
        let Ok(mut store) = ShmStore::open(&options) else { return };
        let now = NOON + Seconds(1000);
        let _ = store.visit_swarms(Cursor(0), 1000, now);
        let _ = store.visit_peers(swarm(1), Cursor(0), 1000, now);
        let _ = store.export_peers(swarm(2), Cursor(0), 1000);
        (500..640).for_each(|number| drop(try_announce(&mut store, number, now)));
        let hashes: Vec<InfoHash> = (0..60).map(swarm).collect();
        drop((store.counts(&hashes, now), store.check(), store.info()));
        let _ = store.expire(NOON + Seconds(3000), 300);
        let _ = store.remove_swarm(swarm(1));
        hashes.iter().for_each(|&hash| drop(store.remove_swarm(hash)));
        let _ = store.check();
    });
}

/// After `use_it`: announces are answered, and by a new process too.
fn works_again(what: &str, options: &StoreOptions) {
    let options = options.clone();
    ends(what, move || {
        for number in 1000..1010 {
            let mut store = ShmStore::open(&options).unwrap();
            let leecher = PeerAnnounce { info_hash: swarm(99), ..leecher(number) };
            store.announce(&leecher, NOON, WANT, &mut PeerSample::default()).unwrap();
        }
        let mut store = ShmStore::open(&options).unwrap();
        assert_eq!(peers(&mut store, swarm(99), 100, NOON).len(), 10);
    });
}

mod files_of_ours {
    use super::*;

    #[test]
    fn that_others_made_are_made_anew() {
        let (_home, options, bytes) = filled();
        for (index, reason) in [
            (header::VERSION, "of another version"),
            (header::FINGERPRINT, "another build"),
            (header::BOOT, "before this machine was started"),
            (header::BOOT + 1, "before this machine was started"),
        ] {
            let mut bytes = bytes.clone();
            let other = word(&bytes, index) + 1;
            set_word(&mut bytes, index, other);
            mend(&mut bytes);
            put(&options, &bytes);
            assert!(unusable(&options).contains(reason), "{}", unusable(&options));
            is_made_anew(reason, &options);
            assert!(moved_aside(&options).is_empty());
        }
    }

    #[test]
    fn that_are_cut_anywhere_are_made_anew() {
        let (_home, options, bytes) = filled();
        let boundaries = (0..bytes.len()).step_by(PAGE_BYTES);
        let between = boundaries.clone().flat_map(|at| [at + 1, at + 8, at + 2000, at + 4095]);
        for length in boundaries.chain(between).chain([7, 9, 80, 136]) {
            put(&options, &bytes[..length]);
            let reason = unusable(&options);
            assert!(reason.contains("short") || reason.contains("missing"), "{length}: {reason}");
            is_made_anew(&format!("{length} bytes"), &options);
        }
        assert!(moved_aside(&options).is_empty());
    }

    fn punch(file: &File, from: usize, bytes: usize) {
        let how = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        let place = |bytes: usize| libc::off_t::try_from(bytes).unwrap();
        // SAFETY: fallocate touches no memory.
        let done = unsafe { libc::fallocate(file.as_raw_fd(), how, place(from), place(bytes)) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    }

    #[test]
    fn that_have_holes_are_made_anew() {
        let (_home, options, bytes) = filled();
        for page in 1..bytes.len() / PAGE_BYTES {
            put(&options, &bytes);
            let file = OpenOptions::new().write(true).open(&options.path).unwrap();
            punch(&file, page * PAGE_BYTES, PAGE_BYTES);
            assert_eq!(unusable(&options), "it has holes");
            is_made_anew("a hole", &options);
        }
    }

    /// What is behind the end of the store makes up for the hole only in sum.
    #[test]
    fn that_have_a_hole_and_as_much_behind_their_end_are_made_anew() {
        let (_home, options, mut bytes) = filled();
        let end = bytes.len();
        bytes.resize(end + PAGE_BYTES, 1);
        put(&options, &bytes);
        let file = OpenOptions::new().write(true).open(&options.path).unwrap();
        punch(&file, end - PAGE_BYTES, PAGE_BYTES);
        assert_eq!(unusable(&options), "it has holes");
    }

    #[test]
    fn whose_header_is_wrong_in_any_byte_work_or_are_made_anew() {
        let (_home, options, bytes) = filled();
        for place in 0..(header::REPAIRS + 1) * WORD_BYTES {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[place] ^= flip;
                put(&options, &bytes);
                let what = format!("byte {place} flipped by {flip:x}");
                use_it(&what, &options);
                works_again(&what, &options);
            }
        }
        // Moved aside are those that do not begin as ours do.
        assert!(!moved_aside(&options).is_empty());
    }

    #[test]
    fn that_are_said_to_be_retired_but_stand_at_the_path_are_made_anew() {
        let (_home, options, mut bytes) = filled();
        set_word(&mut bytes, header::RETIRED, 1);
        put(&options, &bytes);
        works_again("retired", &options);
    }

    #[test]
    fn that_are_wrong_in_any_bits_work_or_are_made_anew() {
        let (_home, options, bytes) = filled();
        let mutex = PAGE_BYTES..PAGE_BYTES + shard::MUTEX_WORDS * WORD_BYTES;
        let first = header::LIFE * WORD_BYTES;
        for seed in 0..400 {
            let mut random = Random::seeded(seed);
            let mut bytes = bytes.clone();
            let most = [1, 3, 30, 300, 5000][usize::try_from(seed).unwrap() % 5];
            for _ in 0..=random.below(most) {
                let span = u64::try_from(bytes.len() - first).unwrap();
                let place = first + usize::try_from(random.below(span)).unwrap();
                // A lock that seems to be held has each call wait: tried below.
                if !mutex.contains(&place) {
                    bytes[place] ^= 1 << random.below(8);
                }
            }
            put(&options, &bytes);
            let what = format!("seed {seed}");
            use_it(&what, &options);
            works_again(&what, &options);
        }
    }

    #[test]
    fn whose_pages_hold_what_another_holds_work_or_are_made_anew() {
        let (_home, options, bytes) = filled();
        let pages = u64::try_from(bytes.len() / PAGE_BYTES).unwrap() - 1;
        for seed in 0..100 {
            let mut random = Random::seeded(seed);
            let mut page = || 1 + usize::try_from(random.below(pages)).unwrap();
            let (from, to) = (page(), page());
            let mut bytes = bytes.clone();
            let start = if to == 1 { shard::MUTEX_WORDS * WORD_BYTES } else { 0 };
            let copied = from * PAGE_BYTES + start..(from + 1) * PAGE_BYTES;
            bytes.copy_within(copied, to * PAGE_BYTES + start);
            put(&options, &bytes);
            let what = format!("page {from} over page {to}");
            use_it(&what, &options);
            works_again(&what, &options);
        }
    }

    #[test]
    fn whose_mutex_is_wrong_have_nobody_wait_for_ever() {
        let (_home, options, bytes) = filled();
        for bit in 30..shard::MUTEX_WORDS * 64 {
            let mut bytes = bytes.clone();
            bytes[PAGE_BYTES + bit / 8] ^= 1 << (bit % 8);
            put(&options, &bytes);
            works_again(&format!("bit {bit} of the mutex"), &options);
        }
        // A holder that is not there, and one that is there but is none: for as long as it lives, the
        // shard is busy.
        for (holder, is_busy) in [(0x3fff_fff0, false), (std::process::id(), true)] {
            let mut bytes = bytes.clone();
            set_word(&mut bytes, PAGE, u64::from(holder));
            put(&options, &bytes);
            let options = options.clone();
            let announced = ends("a holder", move || {
                try_announce(&mut ShmStore::open(&options).unwrap(), 1, NOON)
            });
            assert_eq!(announced.is_err(), is_busy, "{announced:?}");
            assert!(!is_busy || matches!(announced, Err(StoreError::Busy { .. })));
        }
    }

    #[test]
    fn whose_counts_are_huge_are_measured() {
        let (_home, options) = fresh_file(2);
        assert!(try_announce(&mut ShmStore::open(&options).unwrap(), 1, NOON).is_ok());
        let mut bytes = fs::read(&options.path).unwrap();
        for page in [1, 2] {
            set_word(&mut bytes, page * PAGE + shard::SWARM_COUNT, u64::MAX);
            set_word(&mut bytes, page * PAGE + shard::PEER_COUNT, u64::MAX);
        }
        put(&options, &bytes);
        ends("huge counts", move || {
            let caps = Caps { peers: Some(100), ..Caps::default() };
            let mut store = ShmStore::open(&StoreOptions { caps, ..options }).unwrap();
            let _ = store.info();
            (0..20).for_each(|number| drop(try_announce(&mut store, number, NOON)));
        });
    }

    /// Seven nodes, all links of each to the next: more ways down than a life is long.
    #[test]
    fn whose_tables_have_no_end_are_not_walked_for_ever() {
        for depth in [8_u32, 1] {
            let (_home, options, mut bytes) = filled();
            let link = |block: u32, depth: u32| u64::from(block | depth << 28) | (u64::MAX << 32);
            let levels = if depth == 8 { 7 } else { 11 };
            let block = |level: u32| GRANULES + level / 2 * GRANULES + level % 2 * 64;
            let index = |level: u32| {
                let block = usize::try_from(block(level)).unwrap();
                2 * PAGE + block * 4
            };
            set_word(&mut bytes, PAGE + shard::SWARMS, link(block(0), depth));
            for level in 0..levels {
                let below = if level + 1 == levels { 0 } else { depth };
                for place in 0..1 << depth {
                    set_word(&mut bytes, index(level) + place, link(block(level + 1), below));
                }
            }
            set_word(&mut bytes, index(levels), Head::new(0, swarm::ROW, 32).pack());
            put(&options, &bytes);
            use_it(&format!("nodes of depth {depth}"), &options);
            works_again("a table without end", &options);
        }
    }
}

mod what_is_not_ours {
    use super::*;

    #[test]
    fn is_moved_aside_and_kept() {
        let (_home, options, bytes) = filled();
        let database = options.path.with_extension("db");
        let at = StoreOptions { path: database.clone(), ..options.clone() };
        drop(crate::store::sqlite::SqliteStore::open(&at).unwrap());
        let mut almost = bytes;
        almost[3] ^= 1;
        let contents =
            [b"a text".to_vec(), vec![0xa5; 20_000], vec![0], fs::read(&database).unwrap(), almost];
        for content in contents {
            put(&options, &content);
            is_made_anew("not ours", &options);
            let aside = moved_aside(&options);
            assert_eq!(fs::read(&aside[0]).unwrap(), content, "it was not kept");
            fs::remove_file(&aside[0]).unwrap();
        }
    }

    #[test]
    fn is_moved_aside_also_when_it_takes_the_place_of_a_broken_store() {
        let (_home, options, mut bytes) = filled();
        let mut store = ShmStore::open(&options).unwrap();
        try_announce(&mut store, 1, NOON).unwrap();
        bytes[PAGE_BYTES + shard::SWARMS * WORD_BYTES..][..8].fill(0xff);
        fs::write(&options.path, &bytes).unwrap();
        put(&options, b"a text that somebody put there");
        making::FEWER_SHARDS.set(Some(1));
        try_announce(&mut store, 2, NOON).unwrap();
        let aside = moved_aside(&options);
        assert_eq!(aside.len(), 1, "it was deleted");
        assert_eq!(fs::read(&aside[0]).unwrap(), b"a text that somebody put there");
    }

    /// Opening fails, for this reason, and changes nothing.
    fn is_refused(options: &StoreOptions, reason: &str) {
        let before = fs::symlink_metadata(&options.path).unwrap();
        let opened = options.clone();
        let failure = ends(reason, move || ShmStore::open(&opened).err()).unwrap().to_string();
        assert!(failure.contains(reason), "{failure}");
        let opened = options.clone();
        assert!(ends(reason, move || ShmStore::rebuild(&opened).is_err()));
        let after = fs::symlink_metadata(&options.path).unwrap();
        assert_eq!(before.file_type(), after.file_type());
        assert!(moved_aside(options).is_empty());
    }

    #[test]
    fn is_refused_where_it_is_no_file_or_has_two_names() {
        let (home, options, bytes) = filled();
        let other = home.path().join("other");
        fs::rename(&options.path, &other).unwrap();
        for target in [other.as_path(), Path::new("nowhere")] {
            std::os::unix::fs::symlink(target, &options.path).unwrap();
            is_refused(&options, "it is a link");
            fs::remove_file(&options.path).unwrap();
        }
        fs::hard_link(&other, &options.path).unwrap();
        is_refused(&options, "second name");
        assert_eq!(fs::read(&other).unwrap(), bytes);
        fs::remove_file(&options.path).unwrap();
        let pipe = std::ffi::CString::new(options.path.to_str().unwrap()).unwrap();
        // SAFETY: the name ends with a zero byte.
        assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
        is_refused(&options, "no regular file");
        fs::remove_file(&options.path).unwrap();
        fs::create_dir(&options.path).unwrap();
        is_refused(&options, "not a folder");
    }

    #[test]
    fn is_refused_where_others_own_it_or_may_write_to_it() {
        let (_home, options, _) = filled();
        fs::set_permissions(&options.path, fs::Permissions::from_mode(0o666)).unwrap();
        is_refused(&options, "everybody may write to it");
        fs::set_permissions(&options.path, fs::Permissions::from_mode(0o660)).unwrap();
        let nobody = |path: &Path| std::os::unix::fs::chown(path, Some(65_534), None);
        if nobody(&options.path).is_err() {
            eprintln!("only root can give a file away: not tested with one of another user");
            return;
        }
        is_refused(&options, "belongs to another user");
        nobody(options.path.parent().unwrap()).unwrap();
        is_refused(&options, "belongs to another user");
        let options = StoreOptions { owner: Some(65_534), ..options };
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
        let folder = options.path.parent().unwrap();
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
            set_mode(&options.path, mode);
            fails();
        }
        set_mode(&options.path, 0o660);
        assert_eq!(fs::read(&options.path).unwrap(), bytes);
        fs::remove_file(&options.path).unwrap();
        set_mode(folder, 0o555);
        fails();
        set_mode(folder, 0o755);
    }

    #[test]
    fn is_refused_where_nothing_can_be_written() {
        let done = super::super::full_tests::on_a_small_disk(1 << 20, |disk| {
            let at = |name| disk.options(name);
            making::FEWER_SHARDS.set(Some(1));
            drop(ShmStore::open(&at("there")).unwrap());
            disk.make_read_only();
            for name in ["there", "not there"] {
                let failure = ShmStore::open(&at(name)).err().unwrap().to_string();
                assert!(failure.contains("writable for the user"), "{failure}");
            }
        });
        if !done {
            eprintln!("no file system can be mounted here: not tested on a read-only one");
        }
    }

    #[test]
    fn is_not_waited_for_where_another_program_has_locked_it() {
        let (_home, options, _) = filled();
        put(&options, b"a text that another program has locked");
        let other = OpenOptions::new().read(true).open(&options.path).unwrap();
        other.lock().unwrap();
        ends("a locked file", move || drop(ShmStore::open(&options)));
    }
}

mod in_use {
    use super::*;

    #[test]
    fn a_file_that_vanishes_is_noticed_within_a_second() {
        let (home, options, _) = filled();
        making::FEWER_SHARDS.set(Some(1));
        let mut store = ShmStore::open(&options).unwrap();
        try_announce(&mut store, 1, NOON).unwrap();
        let life = store.id().unwrap();
        fs::remove_file(&options.path).unwrap();
        try_announce(&mut store, 2, NOON + Seconds(1)).unwrap();
        assert_ne!(store.id().unwrap(), life);
        let mut other = ShmStore::open(&options).unwrap();
        assert_eq!(other.id().unwrap(), store.id().unwrap());
        fs::remove_dir_all(home.path().join("t.d")).unwrap();
        try_announce(&mut store, 4, NOON + Seconds(2)).unwrap();
        assert_eq!(peers(&mut store, swarm(1), 10, NOON + Seconds(2)).len(), 1);
    }

    #[test]
    fn a_file_that_is_replaced_by_another_store_is_noticed_within_a_second() {
        let (home, options, _) = filled();
        let mut store = ShmStore::open(&options).unwrap();
        try_announce(&mut store, 1, NOON).unwrap();
        let (_other_home, other, bytes) = filled();
        assert_ne!(ShmStore::open(&other).unwrap().id().unwrap(), store.id().unwrap());
        let next = home.path().join("next");
        fs::write(&next, &bytes).unwrap();
        fs::set_permissions(&next, fs::Permissions::from_mode(0o660)).unwrap();
        fs::rename(&next, &options.path).unwrap();
        try_announce(&mut store, 700, NOON + Seconds(1)).unwrap();
        let mut other = ShmStore::open(&other).unwrap();
        assert_eq!(store.id().unwrap(), other.id().unwrap());
        try_announce(&mut other, 700, NOON + Seconds(1)).unwrap();
        let all = |store: &mut ShmStore| peers(store, swarm(1), 100, NOON + Seconds(1));
        assert_eq!(all(&mut store), all(&mut other));
    }

    #[test]
    fn a_file_of_another_version_is_left_until_nobody_uses_it() {
        let (_home, options, mut bytes) = filled();
        set_word(&mut bytes, header::VERSION, 99);
        put(&options, &bytes);
        let user = File::open(&options.path).unwrap();
        user.lock_shared().unwrap();
        let failure = ShmStore::open(&options).err().unwrap().to_string();
        assert!(failure.contains("restart its responders"), "{failure}");
        assert_eq!(fs::read(&options.path).unwrap(), bytes);
        drop(user);
        is_made_anew("nobody uses it any more", &options);
    }

    #[test]
    fn a_store_that_breaks_is_made_anew_for_all_its_users() {
        let (_home, options, bytes) = filled();
        making::FEWER_SHARDS.set(Some(1));
        let mut stores: Vec<_> = (0..3).map(|_| ShmStore::open(&options).unwrap()).collect();
        stores.iter_mut().for_each(|store| assert!(try_announce(store, 1, NOON).is_ok()));
        let file = OpenOptions::new().write(true).open(&options.path).unwrap();
        file.write_all_at(&[0xff; 8], (PAGE_BYTES + shard::SWARMS * WORD_BYTES) as u64).unwrap();
        assert_eq!(fs::read(&options.path).unwrap().len(), bytes.len());
        let numbers = (1..).step_by(3).filter(|number| number % 13 != 0);
        for (store, number) in stores.iter_mut().zip(numbers) {
            try_announce(store, number, NOON).unwrap();
        }
        let lives: Vec<_> = stores.iter_mut().map(|store| store.id().unwrap()).collect();
        assert!(lives.iter().all(|&life| life == lives[0]));
        assert_eq!(peers(&mut stores[0], swarm(1), 10, NOON).len(), 3);
    }
}
