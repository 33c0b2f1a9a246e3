//! A store in shared memory whose file anybody may have written: nothing may crash, hang or leak, and its owner can
//! always have another.
//!
//! An input is a mode (see [`Run::new`]), then a list of steps (see [`Run::step`]): changes to a small valid store, the
//! same each time, and calls on it. The store is opened at the first call; later changes are made while it is in use.
//! Words that would have the file refused at once are made right again before.
#![no_main]

use std::fs::OpenOptions;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::{LazyLock, OnceLock};

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::{Seconds, Timestamp};
use tracker_cgi::store::shm::{ShmOptions, ShmStore, fuzzing};
use tracker_cgi::store::{Access, Caps, Cursor, PeerStore as _, StoreMaintenance as _};
use tracker_cgi_fuzz::announces::{announce, swarm, take_over, try_announce};
use tracker_cgi_fuzz::input::Input;
use tracker_cgi_fuzz::{empty, place};

const NOON: Timestamp = Timestamp(1_700_000_000);
const EXPIRY: Seconds = Seconds(2700);
const WORD: usize = 8;
const PAGE: usize = 512;
/// Peers of the valid store: what makes one swarm large and leaves holes.
const PEERS: usize = 150;
/// More steps than this are not looked at.
const STEPS: usize = 8;
/// More words than this the file is not made to have.
const MOST_WORDS: usize = 32 * PAGE;

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
    options: ShmOptions,
    /// The file, until it is opened.
    bytes: Vec<u8>,
    /// Whether the file is there.
    is_in_use: bool,
    /// `None` until then, and where it cannot be opened.
    store: Option<ShmStore>,
    now: Timestamp,
    /// Whether the mutex may be changed, too.
    is_wild: bool,
    is_to_be_rebuilt: bool,
}

impl Run {
    /// The lowest bit of `mode` sets caps. The others say how seldom it is that the store is recreated as soon as it is
    /// found broken, and by its owner in the end, which takes longer than all the rest (1 in 16), and that the mutex
    /// is not protected (1 in 128).
    fn new(mode: u8) -> Self {
        let mut options = OPTIONS.clone();
        if mode & 1 == 1 {
            let (peers, swarm_peers, address_peers) = (Some(120), Some(60), Some(2));
            options.rules.caps = Caps { peers, swarm_peers, swarms: Some(20) };
            options.rules.address_peers = address_peers;
        }
        let is_to_be_rebuilt = (mode >> 1).is_multiple_of(16);
        options.file.access = if is_to_be_rebuilt { Access::Full } else { Access::Read };
        let is_wild = mode >> 1 == 0x55;
        Self {
            options,
            bytes: valid().clone(),
            is_in_use: false,
            store: None,
            now: NOON,
            is_wild,
            is_to_be_rebuilt,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 => self.change(input.short(), &[input.word()]),
            1 => {
                let (word, bit) = (input.short(), input.byte() % 64);
                let changed =
                    self.read(word, 1).iter().map(|old| old ^ 1 << bit).collect::<Vec<_>>();
                self.change(word, &changed);
            }
            2 => {
                let (word, more) = (input.short(), i64::from(input.byte().cast_signed()));
                let old = self.read(word, 1);
                let changed =
                    old.iter().map(|old| old.wrapping_add_signed(more)).collect::<Vec<_>>();
                self.change(word, &changed);
            }
            3 => {
                let (from, to, count) = (input.short(), input.short(), input.byte() % 64);
                self.change(to, &self.read(from, count.into()));
            }
            4 => self.fill_page(input),
            5 => {
                let (from, to) = (input.byte() % 64, input.byte() % 64);
                self.change(usize::from(to) * PAGE, &self.read(usize::from(from) * PAGE, PAGE));
            }
            6 => self.cut(input.short()),
            7 => self.write_links(input),
            _ => self.call(input),
        }
    }

    /// Puts bytes of the input into a page, again and again.
    fn fill_page(&mut self, input: &mut Input<'_>) {
        let (page, length) = (usize::from(input.byte() % 64), usize::from(input.byte() % 32) + 1);
        let pattern: Vec<u64> = (0..length).map(|_| input.word()).collect();
        let words: Vec<u64> = pattern.into_iter().cycle().take(PAGE).collect();
        self.change(page * PAGE, &words);
    }

    /// Writes words that look like links, each to the block after the one before it.
    fn write_links(&mut self, input: &mut Input<'_>) {
        let (to, count) = (input.short(), u64::from(input.byte()));
        let (block, step, depth) = (input.short() as u64, input.byte(), input.byte() % 16);
        let links = (0..count).map(|number| {
            let block = block + u64::from(step) * number;
            block | u64::from(depth) << 28 | u64::from(u32::MAX) << 32
        });
        self.change(to, &links.collect::<Vec<_>>());
    }

    fn cut(&mut self, words: usize) {
        if !self.is_in_use {
            self.bytes.resize(words.min(MOST_WORDS) * WORD, 0);
        }
    }

    /// As many words as there are.
    fn read(&self, word: usize, count: usize) -> Vec<u64> {
        let mut bytes = vec![0; count * WORD];
        let from = word * WORD;
        let length = if !self.is_in_use {
            let found = self.bytes.get(from..).unwrap_or_default();
            let length = found.len().min(bytes.len());
            bytes[..length].copy_from_slice(&found[..length]);
            length
        } else {
            let file = OpenOptions::new().read(true).open(&self.options.file.path);
            file.and_then(|file| file.read_at(&mut bytes, from as u64)).unwrap_or(0)
        };
        bytes[..length].as_chunks().0.iter().map(|&word| u64::from_ne_bytes(word)).collect()
    }

    fn change(&mut self, word: usize, values: &[u64]) {
        if self.is_wild {
            return self.write(word, values);
        }
        let Range { start, end } = fuzzing::MUTEX;
        let [start, end] = [start, end].map(|at| at.saturating_sub(word).min(values.len()));
        self.write(word, &values[..start]);
        self.write(word + end, &values[end..]);
    }

    /// Writes what has a place in the file, which does not grow.
    fn write(&mut self, word: usize, values: &[u64]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        let at = word * WORD;
        let fitting = |length: usize| &bytes[..length.saturating_sub(at).min(bytes.len())];
        if !self.is_in_use {
            let fitting = fitting(self.bytes.len());
            if !fitting.is_empty() {
                self.bytes[at..at + fitting.len()].copy_from_slice(fitting);
            }
        } else if let Ok(file) = OpenOptions::new().write(true).open(&self.options.file.path) {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let _ = file.write_all_at(fitting(usize::try_from(length).unwrap()), at as u64);
        }
    }

    /// The store, if it can be opened; that is tried when it is wanted for the first time.
    fn store(&mut self) -> Option<&mut ShmStore> {
        if !self.is_in_use {
            self.is_in_use = true;
            fuzzing::mend_header(&mut self.bytes, valid());
            // Written over that of the input before, which takes half as long as a new one.
            let mut how = OpenOptions::new();
            let file = how.write(true).create(true).truncate(false).open(&self.options.file.path);
            let file = file.unwrap();
            file.write_all_at(&self.bytes, 0).unwrap();
            file.set_len(self.bytes.len() as u64).unwrap();
            self.store = ShmStore::open(&self.options).ok();
        }
        self.store.as_mut()
    }

    /// One call; that it fails is no matter.
    fn call(&mut self, input: &mut Input<'_>) {
        let (what, number, limit) = (input.byte(), input.short(), usize::from(input.byte()));
        self.now = Timestamp(NOON.0 + u64::from(what / 16) * 200);
        let now = self.now;
        let (info_hash, from) = (swarm(number), Cursor((number as u64) << 48));
        let Some(store) = self.store() else { return };
        match what % 10 {
            0 => announce(store, number, now),
            1 => (0..limit % 8).for_each(|more| announce(store, number + more * 7, now)),
            2 => drop(store.counts(&[info_hash, swarm(number + 1)], now)),
            3 => drop(store.visit_swarms(from, limit, now)),
            4 => drop(store.visit_peers(info_hash, from, limit, now)),
            5 => drop(store.expire(now, limit % 32)),
            6 => drop(store.remove_swarm(info_hash)),
            // It looks at everything, so it takes longest.
            7 if number.is_multiple_of(8) => drop(store.check()),
            7 => drop(store.info()),
            8 => take_over(store, info_hash, now),
            _ => self.store = ShmStore::open(&self.options).ok(),
        }
    }

    /// Whatever was there: the owner can have a store that works.
    fn end(mut self) {
        if !self.is_to_be_rebuilt {
            return;
        }
        if let Some(store) = self.store() {
            announce(store, 0, NOON);
            drop((store.check(), store.visit_swarms(Cursor(0), 100, NOON)));
        }
        self.store = None;
        let mut store = ShmStore::rebuild(&self.options).unwrap();
        try_announce(&mut store, 0, NOON).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        empty(self.options.file.path.parent().unwrap());
    }
}

/// For a file in a folder of this process alone.
static OPTIONS: LazyLock<ShmOptions> = LazyLock::new(|| ShmOptions {
    max_size: 1 << 20,
    ..ShmOptions::new(place("shm").join("peers"), EXPIRY)
});

/// A valid store: some swarms, one of them large, and holes where peers were.
fn valid() -> &'static Vec<u8> {
    static VALID: OnceLock<Vec<u8>> = OnceLock::new();
    VALID.get_or_init(|| {
        let options = &*OPTIONS;
        drop(fuzzing::make(options).unwrap());
        let mut limited = options.clone();
        limited.rules.address_peers = Some(2);
        let mut store = ShmStore::open(&limited).unwrap();
        for number in 0..PEERS {
            try_announce(&mut store, number, NOON).unwrap();
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        std::fs::read(&options.file.path).unwrap()
    })
}
