//! Whatever stands at the path of a store: never a crash, never an endless loop, and where the file is
//! ours a new store in its place.

mod files_of_ours;
mod in_use;
mod what_is_not_ours;

use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::file::Inspected;
use super::layout::{
    GRANULES, Head, PAGE, PAGE_BYTES, SWARM_ROW, WORD_BYTES, descriptor, header, shard,
};
use super::mutex::{HOLDER, names_a_holder};
use super::tests::fresh_file;
use super::*;
use crate::platform::random::scramble;
use crate::protocol::{CompactV6, Seconds};
use crate::store::conformance::{NOON, leecher, peers, swarm};
use crate::store::{Access, Action, Caps, Role};

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
fn filled() -> (tempfile::TempDir, ShmOptions, Vec<u8>) {
    let (home, options) = fresh_file(1);
    let mut store = ShmStore::open(&options).unwrap();
    (1..600).for_each(|number| assert!(try_announce(&mut store, number, NOON).is_ok()));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    drop(store);
    let bytes = fs::read(&options.file.path).unwrap();
    (home, options, bytes)
}

/// Puts a new file with these bytes at the path.
fn put(options: &ShmOptions, bytes: &[u8]) {
    let _ = fs::remove_file(&options.file.path);
    fs::write(&options.file.path, bytes).unwrap();
    fs::set_permissions(&options.file.path, fs::Permissions::from_mode(0o660)).unwrap();
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

fn moved_aside(options: &ShmOptions) -> Vec<PathBuf> {
    let entries = options.file.path.parent().unwrap().read_dir().unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().contains(".broken-")).collect()
}

/// Why a store would not open this file of ours.
fn unusable(options: &ShmOptions) -> &'static str {
    match file::inspect(options).unwrap() {
        Inspected::Unusable(reason, _) => reason,
        Inspected::Foreign(reason) => panic!("foreign: {reason}"),
        Inspected::Missing => panic!("missing"),
        Inspected::Ours(_) => panic!("usable"),
    }
}

/// Opens the store, and sees that it is new and works.
fn is_recreated(what: &str, options: &ShmOptions) {
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
fn use_it(what: &str, options: &ShmOptions) {
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

/// After `use_it`: announces are answered, and by new processes too. What is wrong may be found only
/// now, and the peers be lost with it; but not twice.
fn works_again(what: &str, options: &ShmOptions) {
    let options = options.clone();
    ends(what, move || {
        if announce_and_list(&options, 10) != 10 {
            assert_eq!(announce_and_list(&options, 10), 10);
            assert_eq!(ShmStore::open(&options).unwrap().check().unwrap(), Vec::<String>::new());
        }
    });
}

/// Announces peers, each as a process of its own would, and says how many of them are there then.
fn announce_and_list(options: &ShmOptions, count: u32) -> usize {
    for number in 1000..1000 + count {
        let mut store = ShmStore::open(options).unwrap();
        let leecher = PeerAnnounce { info_hash: swarm(99), ..leecher(number) };
        store.announce(&leecher, NOON, WANT, &mut PeerSample::default()).unwrap();
    }
    peers(&mut ShmStore::open(options).unwrap(), swarm(99), 100, NOON).len()
}
