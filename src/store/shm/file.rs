//! One open file: whether it may be trusted, and its shards.
//!
//! A file is believed to be a store of ours when a regular file stands at the path itself, has one
//! name, belongs to this user or to its folder's, cannot be written by everybody, and begins with a
//! header that this build has made since the machine was started. Everything behind the header is
//! checked when it is used.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::correction::Correction;
use super::layout::{
    DEEPEST, GRANULE, GRANULES, LARGEST_LEAF, MOST_PAGES, MOST_SHARDS, NARROW, PAGE, PAGE_BYTES,
    REGION, SHARDS_A_BUCKET_PAGE, SWARM_ROW, WIDE, WORD_BYTES, header, shard,
};
use super::memory::Memory;
use super::shard::{Geometry, Limits, Shard};
use super::swarm::Swarm;
use super::table::{Link, bits};
use super::trouble::Trouble;
use super::{KIND, ShmOptions, hash, mutex};
use crate::platform;
use crate::platform::files::OpenError;
use crate::platform::lock;
use crate::platform::random::scramble;
use crate::protocol::{InfoHash, Timestamp};
use crate::store::buckets::PLACES;
use crate::store::files::{self, Trust};
use crate::store::kind::SHM_BYTES;
use crate::store::kind::kind_of;
use crate::store::rate::AnnounceRate;
use crate::store::{Generation, StoreError};

/// Silent peers that are taken out while a lock is held; they take about a tenth of a millisecond.
pub(super) const SWEEP: usize = 256;

/// Words of a shard's page that each announce reads, those of the log that it writes, and those of a
/// leaf with a few swarms.
const SHARD_HEAD: usize = 16;
const SHARD_LOG: usize = 24;
const SWARM_LEAF: usize = 64;

/// How long to wait for a process that recreates the store.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How often others may get the lock while one swarm is swept; more peers than this cannot be.
const MOST_SWEEPS: usize = 1 << 24;

/// When a call happens.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: u32,
    /// Who was last seen before this is gone.
    pub(super) cutoff: u32,
}

/// A store's file, open.
pub(super) struct StoreFile {
    pub(super) memory: Memory,
    pub(super) geometry: Geometry,
    /// Device and number of the file.
    pub(super) identity: (u64, u64),
    pub(super) limits: Limits,
}

/// What stands at the path of a store.
pub(super) enum Inspected {
    /// Nothing.
    Missing,
    /// A store of ours, open.
    Ours(StoreFile),
    /// A store of ours that this process cannot use: of another version, from before the machine
    /// was started, damaged. Why; and the file, open.
    Unusable(&'static str, File),
    /// Some other file; why we think so.
    Foreign(&'static str),
}

impl StoreFile {
    /// Waits for the lock of a shard.
    pub(super) fn shard(&self, number: u32) -> Result<Shard<'_>, Trouble> {
        Shard::lock(&self.memory, self.geometry, number, self.limits)
    }

    /// Waits for the lock of a swarm's shard.
    pub(super) fn shard_of(&self, info_hash: InfoHash) -> Result<Shard<'_>, Trouble> {
        let hash = hash::of_swarm(self.geometry, info_hash);
        let number = hash::shard_of(self.geometry, hash);
        self.prefetch(number, hash::order(self.geometry, hash))?;
        self.shard(number)
    }

    /// Has the processor fetch what will be needed first once the lock is there. What is read here may
    /// be changing, and is not believed.
    fn prefetch(&self, number: u32, order: u64) -> Result<(), Trouble> {
        let base = self.geometry.shard(number);
        self.memory.prefetch(base, SHARD_HEAD);
        self.memory.prefetch(base + shard::LOG, SHARD_LOG);
        let link = Link(self.memory.get(base + shard::SWARMS)?);
        if let Some(block) = link.block() {
            let index = self.geometry.block(block);
            match link.depth() {
                0 => self.memory.prefetch(index, SWARM_LEAF),
                depth => self.memory.prefetch(index + bits(order, 0, depth), 1),
            }
        }
        Ok(())
    }

    /// Does something with a swarm in which nobody is silent any more and nobody was seen in the future;
    /// corrects and sweeps it before, if need be, in small parts between which others have the lock.
    pub(super) fn with_swarm<T>(
        &self,
        info_hash: InfoHash,
        Moment { now, cutoff }: Moment,
        act: impl FnOnce(&Shard<'_>, Option<Swarm>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut correction = Correction::default();
        for _ in 0..MOST_SWEEPS {
            let shard = self.shard_of(info_hash)?;
            let mut swarm = shard.find_swarm(info_hash)?;
            let is_clean = match &mut swarm {
                Some(swarm) => {
                    shard.correct(swarm, now, &mut correction)?
                        && shard.sweep(swarm, cutoff, SWEEP)? < SWEEP
                }
                None => true,
            };
            if is_clean {
                return act(&shard, swarm);
            }
        }
        Err(Trouble::BROKEN_CIRCLE)
    }

    /// Leaves that there can be at most; who meets more is led in a circle.
    pub(super) fn most_leaves(&self) -> Result<u64, Trouble> {
        let granules = self.header(header::FILE_PAGES)?.saturating_mul(GRANULES.into());
        Ok(granules.saturating_add(self.geometry.shards.into()))
    }

    /// A word of the header.
    pub(super) fn header(&self, word: usize) -> Result<u64, Trouble> {
        self.memory.get(word)
    }

    /// Which store it is.
    pub(super) fn generation(&self) -> Result<Generation, Trouble> {
        self.header(header::GENERATION).map(Generation)
    }

    /// Goes on as another store.
    pub(super) fn set_generation(&self, generation: Generation) -> Result<(), Trouble> {
        self.memory.word(header::GENERATION)?.store(generation.0, Relaxed);
        Ok(())
    }

    /// About how many announces came in the last minute.
    pub(super) fn announces_in_the_last_minute(&self, now: Timestamp) -> Result<u64, Trouble> {
        self.header(header::ANNOUNCE_RATE).map(|rate| AnnounceRate(rate).last_minute(now))
    }

    /// Counts an announce.
    pub(super) fn count_announce(&self, now: Timestamp) -> Result<(), Trouble> {
        let more = |rate| Some(AnnounceRate(rate).with_one_more(now).0);
        // There is always one more.
        let _ = self.memory.word(header::ANNOUNCE_RATE)?.fetch_update(Relaxed, Relaxed, more);
        Ok(())
    }

    /// Counts an announce that said more than can be.
    pub(super) fn count_anomaly(&self) -> Result<(), Trouble> {
        self.memory.word(header::ANOMALIES)?.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Says that another file has taken the place of this one.
    pub(super) fn retire(&self) -> Result<(), Trouble> {
        self.memory.word(header::RETIRED)?.store(1, Relaxed);
        Ok(())
    }

    /// Bytes that the file may take, by its own limit and by that of the configuration.
    pub(super) fn bytes_at_most(&self) -> u64 {
        let pages = self.limits.pages.min(self.geometry.max_pages);
        (self.geometry.page(pages) * WORD_BYTES) as u64
    }
}

/// Opens what is there; makes nothing and changes nothing.
pub(super) fn inspect(options: &ShmOptions) -> Result<Inspected, StoreError> {
    let path = &options.file.path;
    let failed = |source| files::failure("open", path, source);
    let Some(trust) = options.file.trust()? else { return Ok(Inspected::Missing) };
    let (file, metadata) = match platform::files::open(path, File::options().read(true).write(true))
    {
        Ok(opened) => opened,
        Err(OpenError::Io(none)) if none.kind() == io::ErrorKind::NotFound => {
            return Ok(Inspected::Missing);
        }
        Err(OpenError::Io(other)) => return Err(failed(other)),
        Err(OpenError::Link) => {
            return Err(files::refused(path, "it is a link; name the file itself"));
        }
        Err(OpenError::NotAFile) => {
            let remedy =
                "it is not a regular file; move it away, or choose another `path` in [store]";
            return Err(files::refused(path, remedy));
        }
    };
    if metadata.nlink() == 0 {
        // It was replaced between the two calls; who makes a store looks again.
        return Ok(Inspected::Missing);
    }
    if let Some(reason) = distrust(trust, &metadata) {
        return Err(files::refused(path, reason));
    }
    // Held for as long as the file is open: so one can tell whether another version uses it.
    share(&file, path, options.file.patience)?;
    let mut first = [0; header::BYTES];
    if file.read_exact_at(&mut first, 0).is_err() {
        return too_short(path, &file, first);
    }
    let mut words = [0; header::WORDS];
    for (word, &bytes) in words.iter_mut().zip(first.as_chunks().0) {
        *word = u64::from_ne_bytes(bytes);
    }
    if words[header::MAGIC] != magic() {
        return foreign(path, &first);
    }
    match validate(&words, &metadata) {
        Err(reason) => Ok(Inspected::Unusable(reason, file)),
        Ok(geometry) => open(options, file, geometry, &metadata).map_err(failed),
    }
}

/// Why a file is not believed to be ours.
fn distrust(trust: Trust<'_>, metadata: &std::fs::Metadata) -> Option<&'static str> {
    if metadata.nlink() > 1 {
        Some("it has a second name elsewhere; remove it, and it is recreated")
    } else if !trust.includes(metadata.uid()) {
        Some("it belongs to another user; remove it, or choose another `path` in [store]")
    } else if metadata.mode() & 0o002 != 0 {
        Some("everybody may write to it; remove it, and it is recreated")
    } else {
        None
    }
}

/// Others hold the other kind of lock for the moment that it takes them to put a new file here.
fn share(file: &File, path: &Path, patience: Duration) -> Result<(), StoreError> {
    let acquired = lock::acquire(file, lock::Kind::Shared, patience.min(LONGEST_WAIT));
    match acquired.map_err(|source| files::failure("open", path, source))? {
        true => Ok(()),
        false => Err(files::would_wait(path)),
    }
}

fn too_short(
    path: &Path,
    file: &File,
    mut first: [u8; header::BYTES],
) -> Result<Inspected, StoreError> {
    let read = file.read_at(&mut first, 0).unwrap_or(0);
    let is_ours = read == 0 || first[..read.min(8)] == SHM_BYTES[..read.min(8)];
    match file.try_clone() {
        Ok(file) if is_ours => Ok(Inspected::Unusable("it is too short", file)),
        _ => foreign(path, &first),
    }
}

fn foreign(path: &Path, first: &[u8]) -> Result<Inspected, StoreError> {
    match kind_of(first).filter(|&found| found != KIND) {
        Some(found) => Err(StoreError::OtherKind { store: files::name(path), kind: KIND, found }),
        None => Ok(Inspected::Foreign("it is not a store in shared memory")),
    }
}

fn magic() -> u64 {
    u64::from_ne_bytes(SHM_BYTES)
}

/// What of the header must be as this build would write it now.
fn validate(
    words: &[u64; header::WORDS],
    metadata: &std::fs::Metadata,
) -> Result<Geometry, &'static str> {
    if words[header::VERSION] != header::THIS_VERSION {
        return Err("it is of another version");
    }
    if words[header::CHECKSUM] != checksum(words) {
        return Err("its header is damaged");
    }
    if words[header::FINGERPRINT] != fingerprint() {
        return Err("it was made by another build of the tracker");
    }
    if words[header::BOOT..header::BOOT + 2] != boot() {
        return Err("it is from before this machine was started");
    }
    let (shards, max_pages) = (words[header::SHARDS], words[header::MAX_PAGES]);
    if !shards.is_power_of_two() || shards > MOST_SHARDS || max_pages > MOST_PAGES {
        return Err("its header says what cannot be");
    }
    let geometry = Geometry {
        shards: u32::try_from(shards).map_err(|_| "it has too many shards")?,
        max_pages: u32::try_from(max_pages).unwrap_or(u32::MAX),
        secret: [words[header::SECRET], words[header::SECRET + 1]],
    };
    if words[header::RETIRED] != 0 {
        return Err("it says that another one has taken its place");
    }
    let pages = words[header::FILE_PAGES];
    let first = u64::from(geometry.first_pages());
    let needed = first.saturating_add(pages).saturating_mul(PAGE_BYTES as u64);
    if pages > max_pages || metadata.len() < needed {
        return Err("a part of it is missing");
    }
    if metadata.blocks().saturating_mul(512) < metadata.len() {
        // Touching a hole may kill the process when there is no room to fill it.
        return Err("it has holes");
    }
    Ok(geometry)
}

fn open(
    options: &ShmOptions,
    file: File,
    geometry: Geometry,
    metadata: &std::fs::Metadata,
) -> io::Result<Inspected> {
    let bytes = geometry.page(geometry.max_pages) * WORD_BYTES;
    Ok(Inspected::Ours(StoreFile {
        memory: Memory::map(file, bytes)?,
        geometry,
        identity: (metadata.dev(), metadata.ino()),
        limits: Limits {
            pages: page_limit(options.max_size, geometry),
            patience: options.file.patience,
        },
    }))
}

/// Data pages in so many bytes.
fn page_limit(bytes: u64, geometry: Geometry) -> u32 {
    let pages = (bytes / PAGE_BYTES as u64).saturating_sub(geometry.first_pages().into());
    u32::try_from(pages.min(MOST_PAGES)).unwrap_or(u32::MAX)
}

/// Writes an empty store into a new file.
pub(super) fn fill(
    file: File,
    options: &ShmOptions,
    shards: u32,
    generation: Generation,
    secret: [u64; 2],
) -> io::Result<()> {
    let most = options.max_size.max(ShmOptions::MAX_SIZE);
    let empty = Geometry { shards, max_pages: 0, secret };
    let geometry = Geometry { max_pages: page_limit(most, empty), ..empty };
    let bytes = geometry.page(0) * WORD_BYTES;
    super::memory::reserve(&file, 0, bytes)?;
    let memory = Memory::map(file, bytes)?;
    let broken = |_| io::Error::from(io::ErrorKind::UnexpectedEof);
    write_header(&memory, geometry, generation).map_err(broken)
}

fn write_header(
    memory: &Memory,
    geometry: Geometry,
    generation: Generation,
) -> Result<(), Trouble> {
    let mut words = [0; header::WORDS];
    words[header::VERSION] = header::THIS_VERSION;
    words[header::FINGERPRINT] = fingerprint();
    words[header::BOOT..header::BOOT + 2].copy_from_slice(&boot());
    words[header::SECRET..header::SECRET + 2].copy_from_slice(&geometry.secret);
    words[header::SHARDS] = geometry.shards.into();
    words[header::MAX_PAGES] = geometry.max_pages.into();
    words[header::MAGIC] = magic();
    words[header::CHECKSUM] = checksum(&words);
    words[header::GENERATION] = generation.0;
    for (word, value) in memory.words(0, words.len())?.iter().zip(words) {
        word.store(value, Relaxed);
    }
    for number in 0..geometry.shards {
        Shard::make_mutex(memory, geometry, number)?;
    }
    Ok(())
}

fn checksum(words: &[u64; header::WORDS]) -> u64 {
    words[..header::CHECKSUM].iter().fold(0, |sum, &word| scramble(sum ^ word))
}

/// What must be the same for all who use a file: how its bytes are understood, and by which C library
/// its mutexes were made.
fn fingerprint() -> u64 {
    let libc = if cfg!(target_env = "musl") { 1 } else { 2 };
    let numbers = [
        libc,
        size_of::<usize>() as u64,
        size_of::<libc::pthread_mutex_t>() as u64,
        u64::from(u32::from_ne_bytes(mutex::kind())),
        PAGE as u64,
        GRANULE.into(),
        GRANULES.into(),
        REGION.into(),
        DEEPEST.into(),
        LARGEST_LEAF.into(),
        NARROW.into(),
        WIDE.into(),
        SWARM_ROW.into(),
        shard::LOG as u64,
        SHARDS_A_BUCKET_PAGE.into(),
        PLACES as u64,
    ];
    numbers.into_iter().fold(header::THIS_VERSION, |sum, number| scramble(sum ^ number))
}

/// Which start of the machine this is; what mutexes say does not outlive it.
fn boot() -> [u64; 2] {
    let mut id = [0; 64];
    let read =
        File::open("/proc/sys/kernel/random/boot_id").and_then(|mut file| file.read(&mut id));
    let digits = id[..read.unwrap_or(0)].iter().filter_map(|&byte| char::from(byte).to_digit(16));
    let number = digits.fold(0_u128, |number, digit| number << 4 | u128::from(digit));
    let half = |shift: u32| u64::try_from(number >> shift & u128::from(u64::MAX)).unwrap_or(0);
    [half(64), half(0)]
}

/// Whether no process uses a file that this one has open.
pub(super) fn is_unused(file: &File) -> bool {
    // The lock that this process has itself becomes the other one.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
