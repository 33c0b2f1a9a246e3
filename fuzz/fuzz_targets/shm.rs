//! A store in shared memory whose file anybody may have written: nothing may crash, hang or leak.
//!
//! An input is a list of steps, see `Step`: changes to a small valid store, the same each time, and
//! calls on it. The store is opened at the first call; later changes are made while it is in use.
//! Words that would have the file refused at once are made right again before.
#![no_main]

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{LazyLock, OnceLock};

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::{Seconds, Timestamp};
use tracker_cgi::store::shm::{Caps, ShmOptions, ShmStore, fuzzing};
use tracker_cgi::store::{Cursor, PeerStore as _, StoreMaintenance as _};
use tracker_cgi_fuzz::announces::{announce, swarm, take_over, try_announce};
use tracker_cgi_fuzz::input::Input;
use tracker_cgi_fuzz::{empty, place};

const NOON: Timestamp = Timestamp(1_700_000_000);
const EXPIRY: Seconds = Seconds(2700);
const WORD: usize = 8;
const PAGE: usize = 512;
/// More steps than this are not looked at.
const STEPS: usize = 100;
/// More words than this the file is not made to have.
const MOST_WORDS: usize = 64 * PAGE;

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
    /// The file's words, until it is opened.
    words: Vec<u64>,
    store: Option<ShmStore>,
    now: Timestamp,
    /// Whether the mutex may be changed, too: slow.
    is_wild: bool,
}

impl Run {
    /// The lowest bit of `mode` sets caps, the higher ones seldom leave the mutex unprotected.
    fn new(mode: u8) -> Self {
        let mut options = options();
        if mode & 1 == 1 {
            let (peers, swarm_peers, address_peers) = (Some(500), Some(300), Some(2));
            options.caps = Caps { peers, swarm_peers };
            options.rules.address_peers = address_peers;
        }
        let (words, is_wild) = (valid().clone(), mode >> 1 == 0x55);
        Self { options, words, store: None, now: NOON, is_wild }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 => self.change(input.short(), input.word()),
            1 => {
                let (word, bit) = (input.short(), input.byte() % 64);
                self.change(word, self.read(word) ^ 1 << bit);
            }
            2 => {
                let (word, more) = (input.short(), i64::from(input.byte().cast_signed()));
                self.change(word, self.read(word).wrapping_add_signed(more));
            }
            3 => {
                let (from, to, count) = (input.short(), input.short(), input.byte());
                (0..usize::from(count % 64)).for_each(|n| self.change(to + n, self.read(from + n)));
            }
            4 => self.fill_page(input),
            5 => {
                let (from, to) = (input.byte(), input.byte());
                let start = |page: u8| usize::from(page % 64) * PAGE;
                (0..PAGE).for_each(|n| self.change(start(to) + n, self.read(start(from) + n)));
            }
            6 => self.cut(input.short()),
            7 => self.words_of_links(input),
            _ => self.call(input),
        }
    }

    /// Puts bytes of the input into a page, again and again.
    fn fill_page(&mut self, input: &mut Input<'_>) {
        let (page, length) = (usize::from(input.byte() % 64), usize::from(input.byte() % 32) + 1);
        let pattern: Vec<u64> = (0..length).map(|_| input.word()).collect();
        for (word, &value) in (page * PAGE..(page + 1) * PAGE).zip(pattern.iter().cycle()) {
            self.change(word, value);
        }
    }

    /// Writes words that look like links, each to the block after the one before it.
    fn words_of_links(&mut self, input: &mut Input<'_>) {
        let (to, count) = (input.short(), usize::from(input.byte()));
        let (block, step, depth) = (input.short() as u64, input.byte(), input.byte() % 16);
        for number in 0..count {
            let block = block + u64::from(step) * number as u64;
            self.change(to + number, block | u64::from(depth) << 28 | u64::from(u32::MAX) << 32);
        }
    }

    fn cut(&mut self, words: usize) {
        if self.store.is_none() {
            self.words.resize(words.min(MOST_WORDS), 0);
        }
    }

    fn read(&self, word: usize) -> u64 {
        if self.store.is_none() {
            return self.words.get(word).copied().unwrap_or(0);
        }
        let mut bytes = [0; WORD];
        let file = OpenOptions::new().read(true).open(&self.options.file.path);
        let _ = file.and_then(|file| file.read_exact_at(&mut bytes, (word * WORD) as u64));
        u64::from_ne_bytes(bytes)
    }

    fn change(&mut self, word: usize, value: u64) {
        if fuzzing::is_mutex(word) && !self.is_wild {
            return;
        }
        if self.store.is_none() {
            if let Some(place) = self.words.get_mut(word) {
                *place = value;
            }
            return;
        }
        let Ok(file) = OpenOptions::new().write(true).open(&self.options.file.path) else { return };
        let place = (word * WORD) as u64;
        if file.metadata().is_ok_and(|metadata| place < metadata.len()) {
            let _ = file.write_all_at(&value.to_ne_bytes(), place);
        }
    }

    /// The store; opened when it is wanted for the first time.
    fn store(&mut self) -> Option<&mut ShmStore> {
        if self.store.is_none() {
            if self.words.len() >= fuzzing::LEAST_WORDS {
                fuzzing::mend_header(&mut self.words, valid());
            }
            let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            std::fs::write(&self.options.file.path, bytes).unwrap();
            self.store = ShmStore::open(&self.options).ok();
        }
        self.store.as_mut()
    }

    /// One call; that it fails is no matter.
    fn call(&mut self, input: &mut Input<'_>) {
        let (what, number, limit) = (input.byte(), input.short(), usize::from(input.byte()));
        self.now = Timestamp(NOON.0 + u64::from(what / 16) * 300);
        let now = self.now;
        let (info_hash, from) = (swarm(number), Cursor((number as u64) << 48));
        let Some(store) = self.store() else { return };
        match what % 10 {
            0 => announce(store, number, now),
            1 => (0..limit).for_each(|more| announce(store, number + more * 7, now)),
            2 => drop(store.counts(&[info_hash, swarm(number + 1)], now)),
            3 => drop(store.visit_swarms(from, limit, now)),
            4 => drop(store.visit_peers(info_hash, from, limit, now)),
            5 => drop(store.expire(now, limit * 4)),
            6 => drop(store.remove_swarm(info_hash)),
            7 => drop((store.check(), store.info())),
            8 => take_over(store, info_hash, now),
            _ => self.store = ShmStore::open(&self.options).ok(),
        }
    }

    /// Whatever was there: the owner can have a store that works.
    fn end(mut self) {
        if let Some(store) = self.store() {
            announce(store, 0, NOON);
            drop((
                store.check(),
                store.visit_swarms(Cursor(0), 100, NOON),
                store.expire(NOON, 100),
            ));
        }
        self.store = None;
        let mut store = ShmStore::rebuild(&self.options).unwrap();
        try_announce(&mut store, 0, NOON).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}

/// For a file in an empty folder.
fn options() -> ShmOptions {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| place("shm"));
    empty(&FOLDER);
    ShmOptions { max_size: 1 << 20, ..ShmOptions::new(FOLDER.join("peers"), EXPIRY) }
}

/// The words of a valid store: some swarms, one of them large, and holes where peers were.
fn valid() -> &'static Vec<u64> {
    static VALID: OnceLock<Vec<u64>> = OnceLock::new();
    VALID.get_or_init(|| {
        let options = options();
        drop(fuzzing::make(&options).unwrap());
        let mut limited = options.clone();
        limited.rules.address_peers = Some(2);
        let mut store = ShmStore::open(&limited).unwrap();
        for number in 0..700 {
            try_announce(&mut store, number, NOON).unwrap();
        }
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        let bytes = std::fs::read(&options.file.path).unwrap();
        let words = bytes.chunks_exact(WORD);
        words.map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect()
    })
}
