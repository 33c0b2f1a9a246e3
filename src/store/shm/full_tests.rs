//! No room: on the disk, by the configuration, or in the address space.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::tests::fresh_file;
use super::*;
use crate::platform::cannot_run;
use crate::protocol::Seconds;
use crate::store::Action;
use crate::store::conformance::{EXPIRY, NOON, leecher, peers, swarm};

const WANT: Want = Want { peers: 50, seeders: true, peer_ids: true };

/// A small file system in memory that only the thread of the test sees, and that ends with it.
pub(super) struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts one on an empty folder, if this process may.
    fn mount(path: PathBuf, bytes: u64) -> std::io::Result<Self> {
        // SAFETY: the call concerns this thread only, whose mounts become its own.
        if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        mount(c"none", "/", libc::MS_REC | libc::MS_PRIVATE, "")?;
        let disk = Self { path };
        mount(c"tmpfs", disk.name(), 0, &format!("size={bytes}"))?;
        Ok(disk)
    }

    /// A store there.
    pub(super) fn options(&self, name: &str) -> ShmOptions {
        ShmOptions::new(self.path.join(name), EXPIRY)
    }

    fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }

    pub(super) fn make_read_only(&self) {
        mount(c"tmpfs", self.name(), libc::MS_REMOUNT | libc::MS_RDONLY, "").unwrap();
    }

    /// Makes it larger or smaller.
    fn resize(&self, bytes: u64) {
        mount(c"tmpfs", self.name(), libc::MS_REMOUNT, &format!("size={bytes}")).unwrap();
    }
}

fn mount(kind: &std::ffi::CStr, place: &str, how: u64, with: &str) -> std::io::Result<()> {
    let place = std::ffi::CString::new(place).unwrap();
    let with = std::ffi::CString::new(with).unwrap();
    let (source, data) = (kind.as_ptr(), with.as_ptr().cast());
    // SAFETY: all names end with a zero byte and outlive the call.
    match unsafe { libc::mount(source, place.as_ptr(), kind.as_ptr(), how, data) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Does something where there is little room, if that can be had: only root may mount.
pub(super) fn on_a_small_disk(bytes: u64, work: impl FnOnce(&Disk) + Send) {
    // Outside of the thread, which could not remove a folder that it has a file system on.
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let work = || match Disk::mount(folder.path().to_owned(), bytes) {
        Ok(disk) => work(&disk),
        Err(refused) => {
            cannot_run("a small disk", format_args!("nothing can be mounted: {refused}"))
        }
    };
    let finished = std::thread::scope(|scope| scope.spawn(work).join());
    finished.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn try_announce(
    store: &mut ShmStore,
    what: &PeerAnnounce,
    now: Timestamp,
) -> Result<PeerSample, StoreError> {
    let mut sample = PeerSample::default();
    store.announce(what, now, WANT, &mut sample).map(|_| sample)
}

/// Peers of 20 swarms.
fn peer(number: u32) -> PeerAnnounce {
    PeerAnnounce { info_hash: swarm(u8::try_from(number % 20).unwrap()), ..leecher(number) }
}

fn is_sound(store: &mut ShmStore, known: usize) {
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let there: usize = (0..20).map(|number| peers(store, swarm(number), 500, NOON).len()).sum();
    assert_eq!(there, known);
}

/// Has peers come until one is refused; returns its number.
fn fill(store: &mut ShmStore, from: u32) -> u32 {
    for number in from..1_000_000 {
        match try_announce(store, &peer(number), NOON) {
            Ok(_) => {}
            Err(StoreError::Full { .. }) => return number,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("there is no end of room");
}

/// What a full store does: refuses those who come, answers those who are there, takes others in where
/// some have gone.
fn is_full_and_recovers(store: &mut ShmStore) {
    let generation = store.generation().unwrap();
    let known = fill(store, 0);
    let failure = try_announce(store, &peer(known), NOON).unwrap_err().to_string();
    assert!(failure.contains("is full") && failure.contains("max_size"), "{failure}");
    for number in (0..known).step_by(7) {
        let sample = try_announce(store, &peer(number), NOON + Seconds(1)).unwrap();
        assert_eq!(sample.v4.addresses.len(), 50);
    }
    is_sound(store, known as usize);
    let counts = store.counts(&[swarm(3)], NOON).unwrap()[0];
    assert!(counts.leechers.abs_diff(known / 20) <= 1);
    // Some leave, one swarm is removed, and the rest falls silent: each time others are taken in.
    for number in (0..known).step_by(2) {
        let leaves = PeerAnnounce { action: Action::Leave, ..peer(number) };
        try_announce(store, &leaves, NOON).unwrap();
    }
    is_sound(store, known as usize / 2);
    let second = fill(store, known);
    assert!(second - known > known / 4, "{} of {known}", second - known);
    store.remove_swarm(swarm(1)).unwrap();
    // What a page that is in use has free is for its shard only: where the swarm was before.
    let third = second + known;
    let others = (second..third).filter(|number| number % 20 == 1);
    let taken = others.map(|number| try_announce(store, &peer(number), NOON));
    let taken = taken.filter(Result::is_ok).count();
    assert!(taken > known as usize / 40, "{taken} of {known}");
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    while store.expire(NOON + EXPIRY + Seconds(2), 1000).unwrap() == 1000 {}
    is_sound(store, 0);
    let fourth = fill(store, third);
    assert!(fourth - third > known * 9 / 10, "{} of {known}", fourth - third);
    is_sound(store, (fourth - third) as usize);
    assert_eq!(store.generation().unwrap(), generation, "it was recreated");
}

#[test]
fn a_store_of_its_largest_size_refuses_and_recovers() {
    let (_home, options) = fresh_file(2);
    let mut store = ShmStore::open(&ShmOptions { max_size: 1 << 20, ..options }).unwrap();
    is_full_and_recovers(&mut store);
    assert!(store.info().unwrap().bytes <= 1 << 20);
}

#[test]
fn a_store_on_a_full_disk_refuses_and_recovers() {
    on_a_small_disk(3 << 20, |disk| {
        making::FEWER_SHARDS.set(Some(2));
        let options = disk.options("peers");
        is_full_and_recovers(&mut ShmStore::open(&options).unwrap());
    });
}

#[test]
fn a_disk_that_grows_or_is_filled_by_others_changes_what_the_store_takes() {
    on_a_small_disk(2 << 20, |disk| {
        making::FEWER_SHARDS.set(Some(1));
        let options = disk.options("peers");
        let mut store = ShmStore::open(&options).unwrap();
        let known = fill(&mut store, 0);
        disk.resize(3 << 20);
        let more = fill(&mut store, known);
        assert!(more - known > known / 3, "{more}, {known}");
        is_sound(&mut store, more as usize);
        // Others take the rest, down to the last byte, and nothing of the store is lost.
        disk.resize(4 << 20);
        let other = disk.path.join("other");
        assert!(std::fs::write(&other, vec![1; 8 << 20]).is_err());
        assert!(matches!(
            try_announce(&mut store, &peer(more), NOON),
            Err(StoreError::Full { .. })
        ));
        let mut again = ShmStore::open(&options).unwrap();
        (0..more).for_each(|number| drop(try_announce(&mut again, &peer(number), NOON).unwrap()));
        is_sound(&mut again, more as usize);
        std::fs::remove_file(&other).unwrap();
        assert!(fill(&mut store, more) > more + 1000);
    });
}

#[test]
fn a_full_disk_has_no_new_store_and_says_so() {
    on_a_small_disk(64 << 10, |disk| {
        making::FEWER_SHARDS.set(Some(1));
        let options = disk.options("t.d/peers");
        let other = disk.path.join("other");
        assert!(std::fs::write(&other, vec![1; 1 << 20]).is_err());
        let failure = ShmStore::open(&options).err().unwrap().to_string();
        assert!(failure.contains("free some space"), "{failure}");
        assert!(!options.file.path.exists() && !options.file.path.with_extension("new").exists());
        std::fs::remove_file(&other).unwrap();
        let mut store = ShmStore::open(&options).unwrap();
        // A broken store for which there is no room twice.
        assert!(fill(&mut store, 0) > 100);
    });
}

mod with_little_address_space {
    use super::*;

    const TASK: &str = "TRACKER_TEST_SHM_ADDRESSES";
    const PEERS: u32 = 20_000;

    /// Not a test by itself: the part of the one below that runs in another process.
    #[test]
    fn worker() {
        let Some(path) = std::env::var_os(TASK) else { return };
        let bytes = 256 << 20;
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
        // SAFETY: the call reads the limit, and touches no other memory.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
        let options = ShmOptions::new(path.into(), EXPIRY);
        let mut store = ShmStore::open(&options).unwrap();
        let started = Instant::now();
        for number in 0..PEERS {
            try_announce(&mut store, &peer(number), NOON).unwrap();
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        eprintln!("with little address space: {:?} for {PEERS} announces", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_process_maps_what_there_is_and_goes_on() {
        let (_home, options) = fresh_file(2);
        let name = std::any::type_name_of_val(&worker);
        let name = name.split_once("::").unwrap().1;
        let worker = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(TASK, &options.file.path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&worker.stderr);
        assert!(worker.status.success(), "{said}");
        assert!(said.contains("announces"), "the worker did not work: {said}");
        let mut store = ShmStore::open(&options).unwrap();
        is_sound(&mut store, PEERS as usize);
    }
}
