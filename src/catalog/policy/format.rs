//! The bytes of a policy snapshot. All numbers are little-endian; nothing is aligned.
//!
//! ```text
//! header, 88 bytes
//!    0  8  magic: 89 "TPS" 0d 0a 1a 0a (a transfer as text spoils it, as PNG's)
//!    8  4  version: 1
//!   12  4  number of sections, at most 64
//!   16  8  length of the file
//!   24  8  published at, seconds since 1970
//!   32  8  last refresh, seconds since 1970; 0 before the first
//!   40  8  end of the scan, nanoseconds since 1970, signed
//!   48  8  life of the peer store whose completed downloads are in the totals
//!   56 32  SHA-256 of bytes 0 to 55 and the section table
//! section table, 48 bytes a section
//!    0  4  id
//!    4  4  0
//!    8  8  length
//!   16 32  SHA-256 of the section
//! sections, in the order of the table, without gaps, up to the end of the file
//! ```
//!
//! Each id stands at most once. Readers skip ids that they do not know; a change that old readers must
//! not skip raises the version. Sections of version 1, all of them present:
//!
//! ```text
//! 1 torrents, 56 bytes each, sorted by info-hash
//!    0 20  canonical info-hash
//!   20  4  flags: 1 hidden
//!   24  8  bytes of content
//!   32  8  completed downloads over all lives of the peer store
//!   40  8  of these, counted by the life that the header names
//!   48  4  offset of its name in the names
//!   52  4  length of its name
//! 2 aliases, 24 bytes each, sorted by info-hash
//!    0 20  another info-hash of a torrent
//!   20  4  the torrent, counted from 0
//! 3 names: UTF-8, one after the other
//! 4 watched folders, one after the other
//!    0  8  modified at, nanoseconds since 1970, signed
//!    8  4  length of the path
//!   12     the path
//! ```

use std::ops::Range;

use sha2::{Digest, Sha256};

pub(super) const MAGIC: [u8; 8] = *b"\x89TPS\r\n\x1a\n";
pub(super) const VERSION: u32 = 1;
/// Bounds what opening a snapshot costs.
const MAX_SECTIONS: usize = 64;
pub(super) const HEADER_LEN: usize = DIGEST_AT + DIGEST_LEN;
/// Up to here the header is covered by its checksum, which follows.
pub(super) const DIGEST_AT: usize = 56;
const DIGEST_LEN: usize = 32;
pub(super) const ENTRY_LEN: usize = 16 + DIGEST_LEN;
pub(super) const TORRENT_LEN: usize = 56;
pub(super) const ALIAS_LEN: usize = 24;
pub(super) const HASH_LEN: usize = 20;

/// Ids of sections.
pub(super) const TORRENTS: u32 = 1;
pub(super) const ALIASES: u32 = 2;
pub(super) const NAMES: u32 = 3;
pub(super) const WATCHED: u32 = 4;

/// Flags of torrents.
pub(super) const HIDDEN: u32 = 1;

/// What the header says about the snapshot as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub published_at: u64,
    pub refreshed_at: u64,
    pub scanned_nanos: i64,
    pub store: u64,
}

/// A torrent's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TorrentRecord {
    pub canonical: [u8; HASH_LEN],
    pub flags: u32,
    pub size: u64,
    pub completed: u64,
    pub carried_completed: u64,
    pub name_offset: u32,
    pub name_len: u32,
}

/// Why bytes are not a snapshot that this version can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Broken(&'static str),
    Version(u32),
}

/// A header as it stands in the file; its numbers prove nothing yet.
pub(super) struct UnvalidatedHeader<'a> {
    file: &'a [u8],
    sections: u32,
    len: u64,
    facts: Facts,
    digest: [u8; DIGEST_LEN],
}

/// A section whose bytes lie within the file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub id: u32,
    pub bytes: Range<usize>,
    pub digest: [u8; DIGEST_LEN],
}

/// A header and section table whose checksum is right and whose sections lie within the file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub facts: Facts,
    pub torrents: Range<usize>,
    pub aliases: Range<usize>,
    pub names: Range<usize>,
    pub watched: Range<usize>,
    /// All sections, also unknown ones.
    pub sections: Vec<Section>,
}

impl<'a> UnvalidatedHeader<'a> {
    /// Takes the header apart.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, Fault> {
        if !file.starts_with(&MAGIC) {
            return Err(Fault::Broken("it does not begin as a policy snapshot does"));
        }
        let mut fields = Fields(file.get(MAGIC.len()..).unwrap_or_default());
        let short = Fault::Broken("it ends within the header");
        let version = fields.u32().ok_or(short)?;
        if version != VERSION {
            return Err(Fault::Version(version));
        }
        let mut rest = || {
            Some(Self {
                file,
                sections: fields.u32()?,
                len: fields.u64()?,
                facts: Facts {
                    published_at: fields.u64()?,
                    refreshed_at: fields.u64()?,
                    scanned_nanos: fields.i64()?,
                    store: fields.u64()?,
                },
                digest: fields.array()?,
            })
        };
        rest().ok_or(short)
    }

    /// Checks everything that later look-ups rely on; reads the header and the section table only.
    pub(super) fn validate(&self) -> Result<Layout, Fault> {
        if u64::try_from(self.file.len()) != Ok(self.len) {
            return Err(Fault::Broken("its length is not the one it was written with"));
        }
        let sections = usize::try_from(self.sections).unwrap_or(usize::MAX);
        if sections > MAX_SECTIONS {
            return Err(Fault::Broken("it has too many sections"));
        }
        let table = HEADER_LEN..HEADER_LEN + sections * ENTRY_LEN;
        let (Some(header), Some(entries)) =
            (self.file.get(..DIGEST_AT), self.file.get(table.clone()))
        else {
            return Err(Fault::Broken("it ends within the section table"));
        };
        if digest_of(&[header, entries]) != self.digest {
            return Err(Fault::Broken("the checksum of its header is wrong"));
        }
        let sections = read_table(entries, table.end, self.file.len())
            .ok_or(Fault::Broken("its sections do not fill it"))?;
        let layout = Layout {
            facts: self.facts,
            torrents: only(&sections, TORRENTS)?,
            aliases: only(&sections, ALIASES)?,
            names: only(&sections, NAMES)?,
            watched: only(&sections, WATCHED)?,
            sections,
        };
        let whole = layout.torrents.len().is_multiple_of(TORRENT_LEN)
            && layout.aliases.len().is_multiple_of(ALIAS_LEN);
        if !whole {
            return Err(Fault::Broken("a section ends within a record"));
        }
        Ok(layout)
    }
}

/// The sections of a table, if from `start` on they fill the file up to `end`. Since each begins where
/// the one before ends, none of them then reaches beyond.
fn read_table(entries: &[u8], start: usize, end: usize) -> Option<Vec<Section>> {
    let mut at = start;
    let mut sections = Vec::with_capacity(entries.len() / ENTRY_LEN);
    for entry in entries.chunks_exact(ENTRY_LEN) {
        let mut fields = Fields(entry);
        let (id, _reserved, len) = (fields.u32()?, fields.u32()?, fields.u64()?);
        let section_end = at.checked_add(usize::try_from(len).ok()?)?;
        sections.push(Section { id, bytes: at..section_end, digest: fields.array()? });
        at = section_end;
    }
    (at == end).then_some(sections)
}

/// Where the one section with that id lies.
fn only(sections: &[Section], id: u32) -> Result<Range<usize>, Fault> {
    let mut with_id = sections.iter().filter(|section| section.id == id);
    match (with_id.next(), with_id.next()) {
        (Some(section), None) => Ok(section.bytes.clone()),
        (None, _) => Err(Fault::Broken("a section is missing")),
        (Some(_), Some(_)) => Err(Fault::Broken("a section stands twice")),
    }
}

/// A whole snapshot of these sections.
pub(super) fn assemble(facts: Facts, sections: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut table = Vec::with_capacity(sections.len() * ENTRY_LEN);
    for (id, bytes) in sections {
        table.extend(id.to_le_bytes());
        table.extend(0_u32.to_le_bytes());
        table.extend(len_of(bytes).to_le_bytes());
        table.extend(digest_of(&[bytes]));
    }
    let content: u64 = sections.iter().map(|(_, bytes)| len_of(bytes)).sum();
    let len = content + len_of(&table) + HEADER_LEN as u64;
    let mut file = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
    file.extend(MAGIC);
    file.extend(VERSION.to_le_bytes());
    file.extend(u32::try_from(sections.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend(len.to_le_bytes());
    file.extend(facts.published_at.to_le_bytes());
    file.extend(facts.refreshed_at.to_le_bytes());
    file.extend(facts.scanned_nanos.to_le_bytes());
    file.extend(facts.store.to_le_bytes());
    file.extend(digest_of(&[&file, &table]));
    file.extend(table);
    for (_, bytes) in sections {
        file.extend(bytes);
    }
    file
}

impl TorrentRecord {
    /// The record as it stands in the torrents section.
    pub(super) fn write(&self, section: &mut Vec<u8>) {
        section.extend(self.canonical);
        section.extend(self.flags.to_le_bytes());
        section.extend(self.size.to_le_bytes());
        section.extend(self.completed.to_le_bytes());
        section.extend(self.carried_completed.to_le_bytes());
        section.extend(self.name_offset.to_le_bytes());
        section.extend(self.name_len.to_le_bytes());
    }

    /// Takes a record apart; every pattern of bits is one, so what it says about the names must still
    /// be checked.
    pub(super) fn read(record: &[u8; TORRENT_LEN]) -> Option<Self> {
        let mut fields = Fields(record);
        Some(Self {
            canonical: fields.array()?,
            flags: fields.u32()?,
            size: fields.u64()?,
            completed: fields.u64()?,
            carried_completed: fields.u64()?,
            name_offset: fields.u32()?,
            name_len: fields.u32()?,
        })
    }
}

/// SHA-256 of the parts, one after the other.
pub(super) fn digest_of(parts: &[&[u8]]) -> [u8; DIGEST_LEN] {
    parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize().into()
}

fn len_of(bytes: &[u8]) -> u64 {
    // A usize has at most 64 bits on every platform of Rust's.
    bytes.len() as u64
}

/// Takes fields off the front of bytes; `None` when they have run out.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn bytes(&mut self, len: u32) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(first)
    }
}
