//! The file of counts: sets of slots, of which a keyed hash chooses one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::accounts::signer::{Key, keyed_digest};
use crate::platform::random;
use crate::protocol::Timestamp;

/// What stands at the beginning, with the version of what follows: the key, and the slots.
const MAGIC: &[u8; 16] = b"tracker tries 1\n";
const KEY_AT: usize = MAGIC.len();
const HEADER: usize = KEY_AT + 32;

/// Slots of a set, and sets: 4,096 slots in all.
const PLACES: usize = 8;
const SETS: usize = 512;

/// A slot: 8 bytes of the hash, the time, the failures, and as many zeros, in big-endian order.
const SLOT: usize = 8 + 8 + 4 + 4;
const SET: usize = PLACES * SLOT;
const LENGTH: usize = HEADER + SETS * SET;

/// The open file; whoever has it has locked it.
pub(super) struct Slots {
    file: File,
    key: Key,
}

/// What is counted for one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Failures since the last success.
    pub failures: u32,
    /// When the last one was.
    pub last: Timestamp,
}

/// A slot of a set.
#[derive(Clone, Copy)]
struct Slot {
    tag: u64,
    counted: Counted,
}

impl Counted {
    /// Nothing, when it was too long ago, or was written by a clock that was wrong.
    fn as_of(self, now: Timestamp) -> Self {
        let is_old = now.since(self.last) > super::FORGOTTEN;
        if is_old || self.last.is_ahead_of(now) { Self::default() } else { self }
    }
}

impl Slots {
    /// Reads the beginning of a file; gives it back when it is none of these.
    pub(super) fn open(file: File) -> io::Result<Result<Self, File>> {
        let mut header = [0; HEADER];
        if file.metadata()?.len() != LENGTH as u64 {
            return Ok(Err(file));
        }
        file.read_exact_at(&mut header, 0)?;
        let key = header.last_chunk().filter(|_| header.starts_with(MAGIC)).copied();
        Ok(match key {
            Some(key) => Ok(Self { file, key }),
            None => Err(file),
        })
    }

    /// Makes an empty one of a file.
    pub(super) fn begin(file: File) -> io::Result<Self> {
        let key: Key = random::unguessable()?;
        file.set_len(0)?;
        file.set_len(LENGTH as u64)?;
        file.write_all_at(&[MAGIC.as_slice(), &key].concat(), 0)?;
        Ok(Self { file, key })
    }

    /// What is counted for a subject.
    pub(super) fn find(&self, subject: &[u8], now: Timestamp) -> io::Result<Counted> {
        let (at, tag) = self.place(subject);
        let slots = self.read(at)?;
        let own = slots.iter().find(|slot| slot.tag == tag);
        Ok(own.map_or_else(Counted::default, |slot| slot.counted.as_of(now)))
    }

    /// Has that be counted for a subject. Where a set is full, the one with the fewest failures is forgotten, and of
    /// several the oldest: who tries many names does not make the tracker forget a name that was tried often.
    pub(super) fn put(&self, subject: &[u8], counted: Counted, now: Timestamp) -> io::Result<()> {
        let (at, tag) = self.place(subject);
        let slots = self.read(at)?;
        let own = slots.iter().position(|slot| slot.tag == tag);
        if own.is_none() && counted.failures == 0 {
            return Ok(());
        }
        let worth = |place: &usize| {
            let counted = slots[*place].counted.as_of(now);
            (counted.failures, counted.last)
        };
        let place = own.or_else(|| (0..PLACES).min_by_key(worth)).unwrap_or(0);
        let slot = if counted.failures == 0 { [0; SLOT] } else { Slot { tag, counted }.written() };
        self.file.write_all_at(&slot, at + (place * SLOT) as u64)
    }

    /// Where the set of a subject is, and what tells the subject there from others.
    fn place(&self, subject: &[u8]) -> (u64, u64) {
        let digest = keyed_digest(&self.key, &[subject]);
        let (tag, rest) = digest.split_first_chunk().map_or((0, 0), |(tag, rest)| {
            let rest = rest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            (u64::from_be_bytes(*tag), rest)
        });
        let set = rest % SETS as u64;
        // No subject has the tag of an empty slot.
        (HEADER as u64 + set * SET as u64, tag.max(1))
    }

    fn read(&self, at: u64) -> io::Result<[Slot; PLACES]> {
        let mut bytes = [0; SET];
        self.file.read_exact_at(&mut bytes, at)?;
        let (slots, _) = bytes.as_chunks::<SLOT>();
        Ok(std::array::from_fn(|place| {
            slots.get(place).map_or_else(|| Slot::read(&[0; SLOT]), Slot::read)
        }))
    }
}

impl Slot {
    fn read(bytes: &[u8; SLOT]) -> Self {
        let number = |at: usize| {
            bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |it| u64::from_be_bytes(*it))
        };
        let failures = u32::try_from(number(16) >> 32).unwrap_or(u32::MAX);
        Self { tag: number(0), counted: Counted { failures, last: Timestamp(number(8)) } }
    }

    fn written(self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&self.tag.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.counted.last.0.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.counted.failures.to_be_bytes());
        bytes
    }
}
