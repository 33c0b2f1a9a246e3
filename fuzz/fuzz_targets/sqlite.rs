//! A store in an SQLite file that anybody may have written: nothing may crash or hang, and its owner can
//! always have another.
//!
//! An input is a mode (see [`Run::new`]), then a list of steps (see [`Run::step`]): changes to a small valid store, the
//! same each time, and calls on it. The store is opened at the first call; later changes are made while it is in use.
#![no_main]

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::{Seconds, Timestamp};
use tracker_cgi::store::sqlite::{SqliteOptions, SqliteStore};
use tracker_cgi::store::{Access, Cursor, PeerStore as _, StoreMaintenance as _};
use tracker_cgi_fuzz::announces::{announce, swarm, take_over, try_announce};
use tracker_cgi_fuzz::input::Input;
use tracker_cgi_fuzz::{empty, place};

const NOON: Timestamp = Timestamp(1_700_000_000);
const PAGE: usize = 4096;
/// Peers of the valid store.
const PEERS: usize = 30;
/// More steps than this are not looked at.
const STEPS: usize = 5;

/// For a file in a folder of this process alone.
static OPTIONS: LazyLock<SqliteOptions> = LazyLock::new(|| {
    let mut options = SqliteOptions::new(place("sqlite").join("peers.db"), Seconds(2700));
    options.file.patience = Duration::ZERO;
    options
});

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut run = Run::new(input.byte());
    for _ in 0..STEPS {
        if input.0.is_empty() {
            break;
        }
        run.step(&mut input);
    }
    run.end();
});

/// One input at work.
struct Run {
    options: SqliteOptions,
    /// The file, until it is opened.
    bytes: Vec<u8>,
    /// Whether the file is there.
    is_in_use: bool,
    /// `None` until then, and where it cannot be opened.
    store: Option<SqliteStore>,
    is_to_be_rebuilt: bool,
}

impl Run {
    /// In one of 16 modes the store is recreated as soon as it is found broken, and by its owner in the end, which takes
    /// longer than all the rest.
    fn new(mode: u8) -> Self {
        let mut options = OPTIONS.clone();
        empty(options.file.path.parent().unwrap());
        let is_to_be_rebuilt = mode.is_multiple_of(16);
        options.file.access = if is_to_be_rebuilt { Access::Full } else { Access::Read };
        Self { options, bytes: valid().clone(), is_in_use: false, store: None, is_to_be_rebuilt }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 8 {
            0 => {
                let (at, value) = (place_in(input), input.bytes::<4>());
                self.write(at, &value);
            }
            1 => {
                let (at, value) = (place_in(input), input.byte());
                self.write(at, &[value]);
            }
            2 => {
                let (from, to) =
                    (usize::from(input.byte()) * PAGE, usize::from(input.byte()) * PAGE);
                let page = self.bytes.get(from..from + PAGE).unwrap_or_default().to_vec();
                self.write(to, &page);
            }
            3 if !self.is_in_use => self.bytes.truncate(place_in(input)),
            _ => self.call(input),
        }
    }

    fn write(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
            if self.is_in_use
                && let Ok(file) = OpenOptions::new().write(true).open(&self.options.file.path)
            {
                let _ = file.write_all_at(value, at as u64);
            }
        }
    }

    /// The store, if it can be opened; that is tried when it is wanted for the first time.
    fn store(&mut self) -> Option<&mut SqliteStore> {
        if !self.is_in_use {
            self.is_in_use = true;
            std::fs::write(&self.options.file.path, &self.bytes).unwrap();
            self.store = SqliteStore::open(&self.options).ok();
        }
        self.store.as_mut()
    }

    /// One call; that it fails is no matter.
    fn call(&mut self, input: &mut Input<'_>) {
        let (what, number, limit) = (input.byte(), input.short(), usize::from(input.byte()));
        let now = Timestamp(NOON.0 + u64::from(what / 16) * 200);
        let (info_hash, from) = (swarm(number), Cursor(number as u64));
        let Some(store) = self.store() else { return };
        match what % 10 {
            0 | 1 => announce(store, number, now),
            2 => drop(store.counts(&[info_hash, swarm(number + 1)], now)),
            3 => drop(store.visit_swarms(from, limit, now)),
            4 => drop(store.visit_peers(info_hash, from, limit, now)),
            5 => drop(store.expire(now, limit % 8)),
            6 => drop(store.remove_swarm(info_hash)),
            // It looks at everything, so it takes longest.
            7 if number.is_multiple_of(8) => drop(store.check()),
            7 => drop(store.info()),
            8 => take_over(store, info_hash, now),
            _ => self.store = SqliteStore::open(&self.options).ok(),
        }
    }

    /// Whatever was there: the owner can have a store that works.
    fn end(mut self) {
        if !self.is_to_be_rebuilt {
            return;
        }
        if let Some(store) = self.store() {
            announce(store, 0, NOON);
        }
        self.store = None;
        let mut store = SqliteStore::rebuild(&self.options).unwrap();
        try_announce(&mut store, 0, NOON).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}

/// Where in the file: most of what decides something stands at the start of a page.
fn place_in(input: &mut Input<'_>) -> usize {
    let (page, at) = (usize::from(input.byte() % 32), input.short());
    page * PAGE + if at % 2 == 0 { at / 2 % 128 } else { at / 2 % PAGE }
}

/// A valid store: some swarms, one of them large.
fn valid() -> &'static Vec<u8> {
    static VALID: OnceLock<Vec<u8>> = OnceLock::new();
    VALID.get_or_init(|| {
        let mut store = SqliteStore::open(&OPTIONS).unwrap();
        for number in 0..PEERS {
            try_announce(&mut store, number, NOON).unwrap();
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        drop(store);
        std::fs::read(&OPTIONS.file.path).unwrap()
    })
}
