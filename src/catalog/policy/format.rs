//! The bytes of a policy snapshot. All numbers are little-endian; nothing is aligned.
//!
//! ```text
//! header, 96 bytes
//!    0  8  magic: 89 "TPS" 0d 0a 1a 0a (a transfer as text spoils it, as PNG's)
//!    8  4  version: 2
//!   12  4  number of sections, at most 64
//!   16  8  length of the file
//!   24  8  sequence number: each publication has a higher one than the one before it
//!   32  8  published at, seconds since 1970
//!   40  8  last refresh, seconds since 1970; 0 before the first
//!   48  8  end of the scan, nanoseconds since 1970, signed; the largest number when no
//!         change since can have gone unseen
//!   56  8  generation of the peer store whose completed downloads are in the totals
//!   64 32  SHA-256 of bytes 0 to 63 and the section table
//! section table, 48 bytes a section
//!    0  4  id
//!    4  4  length of a record; 0: the section is not made of records of one length
//!    8  8  length
//!   16 32  SHA-256 of the section
//! sections, in the order of the table, without gaps, up to the end of the file
//! ```
//!
//! The header's checksum covers the section table, and the table has the checksum of each section: so the
//! header's checksum stands for the whole file. Whoever opens a snapshot reads header and table, and no more.
//!
//! A section that would be empty is left out, so that a rule that is not used takes no byte and no time. Each
//! id stands at most once. Sections with ids below 64 decide who may announce what: a reader that does not know
//! one refuses the file, so that an old tracker never passes over a rule. From 64 on a section may be skipped.
//! A later version of a section may have longer records: a reader uses the fields at their beginning that it
//! knows. The version of the file only changes when that does not do.
//!
//! ```text
//!  1 torrents, 56 bytes each, sorted by info-hash
//!     0 20  canonical info-hash
//!    20  4  flags: 1 hidden, 2 the size is not known
//!    24  8  bytes of content
//!    32  8  completed downloads over all generations of the peer store
//!    40  8  of these, counted by the generation that the header names
//!    48  4  offset of its name in the names
//!    52  4  length of its name
//!  2 aliases, 24 bytes each, sorted by info-hash
//!     0 20  another info-hash of a torrent
//!    20  4  the torrent, counted from 0
//!  3 names: UTF-8, one after the other
//!  4 watched folders, one after the other
//!     0  8  modified at, nanoseconds since 1970, signed
//!     8  4  length of the path
//!    12     the path
//!  5 banned addresses, 48 bytes each, sorted; none lies in another (an address of IPv4 as IPv6 writes it)
//!     0 16  the first
//!    16 16  the last
//!    32  8  until then, seconds since 1970; the largest number: for good
//!    40  4  offset of the reason in the texts
//!    44  4  length of the reason
//!  6 rules on peer ids, 40 bytes each, sorted by prefix, then by its length
//!     0 20  the prefix, filled up with zeros
//!    20  4  the rule whose prefix is the longest that this one begins with, counted from 1; 0: none
//!    24     what all rules on clients have; the number is the length of the prefix
//!  7 refused torrents, 28 bytes each, sorted; none is among the torrents or the aliases
//!     0 20  info-hash
//!    20  4  offset of the reason in the texts
//!    24  4  length of the reason; 0 for those of the owner's list
//!  9 switches that are set over the configuration, 12 bytes each, sorted
//!     0  4  which: its place among all that there are, counted from 0; a replica that does not know one refuses the file
//!     4  4  offset of its value in the texts, as the configuration writes it
//!     8  4  length of the value
//! 11 texts: UTF-8, one after the other
//! 12 rules on programs, 28 bytes each, sorted by fingerprint, then by place
//!     0  8  FNV-1a with 64 bits of the name
//!     8  4  the first of its bounds, counted from 0
//!    12     what all rules on clients have; the number is that of its bounds
//! 13 rules on User-Agents, 32 bytes each, sorted by place
//!     0     what all rules on clients have
//!    16  4  offset of the pattern in the texts
//!    20  4  length of the pattern
//!    24  8  a bit for each pair of neighbouring bytes that it has, in lower case: that of the highest six bits of
//!           ((first * 0x9e3779b1 ^ second) * 0x9e3779b1), with 32 bits
//! 14 rules on classes and on all clients, 16 bytes each, sorted by place
//!     0     what all rules on clients have; the number is that of the class, counted from 1; 0: all clients
//! 15 bounds on versions, 20 bytes each
//! 64 peers that nobody can connect to, 18 bytes each, sorted
//!     0 16  the address (one of IPv4 as IPv6 writes it)
//!    16  2  the port, as on the wire
//! 65 how the peers of torrents got on at the last refresh, 40 bytes each, sorted by info-hash
//!     0 20  canonical info-hash
//!    20  4  how much of the content those have on average who download, in percent
//!    24  8  bytes a second that all peers together received
//!    32  8  bytes that all peers ever received
//! 66 index of the torrents, of many only: for each beginning of an info-hash, of as many bits as make the number of
//!    entries, in order
//!     0  4  how many torrents stand before those with this beginning
//! 68 index of the bans, of many only: for every 64th ban, from the first on
//!     0 16  its first address
//! 69 when torrents come into the lists and leave them after the last refresh, 32 bytes each, sorted
//!     0  8  when, seconds since 1970
//!     8 20  canonical info-hash
//!    28  4  whether it is listed from then on: 1 or 0
//!
//! what all rules on clients have, 16 bytes
//!     0  4  the place among all rules on clients, counted from 0
//!     4  1  0 refused, 1 allowed, 2 allowed and not handed out to others; any other: refused
//!     5  1  a number
//!     8  4  offset of the reason in the texts
//!    12  4  length of the reason
//! ```
//!
//! Reserved, and refused by this version: 8 accounts, 10 base.
//!
//! # The overlay
//!
//! Not written yet. A hundred changes a second among a million accounts must not rewrite the snapshot. They go
//! into a second, small file of the same format, beside the large one. Its section 10 has one record: the
//! sequence number of its base (8 bytes) and the checksum of the base's header (32 bytes). Its own sequence
//! number is higher than the base's. A record in the overlay counts instead of the one with the same key in the
//! base; a flag in the record says that the key is gone. Whoever looks something up asks the overlay first. An
//! overlay for another base is passed over: with a newer base its changes are in the base already, and with an
//! older one the base is still on its way, and the pair that was in use goes on. Publishing a new base makes
//! the overlay empty. As section 10 is below 64, a reader that does not know overlays refuses them.

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::catalog::FileTime;
use crate::protocol::{BOUND_LEN, ENDPOINT_LEN, Generation, Timestamp};

pub(super) const MAGIC: [u8; 8] = *b"\x89TPS\r\n\x1a\n";
pub(super) const VERSION: u32 = 2;
/// Bounds what opening a snapshot costs.
const MAX_SECTIONS: usize = 64;
pub(super) const HEADER_LEN: usize = DIGEST_AT + DIGEST_LEN;
/// Up to here the header is covered by its checksum, which follows.
pub(super) const DIGEST_AT: usize = 64;
const DIGEST_LEN: usize = 32;
pub(super) const ENTRY_LEN: usize = 16 + DIGEST_LEN;
pub(super) const TORRENT_LEN: usize = 56;
pub(super) const ALIAS_LEN: usize = 24;
pub(super) const HASH_LEN: usize = 20;
pub(super) const BAN_LEN: usize = 48;
pub(super) const REFUSED_LEN: usize = 28;
pub(super) const SWITCH_LEN: usize = 12;
pub(super) const PEER_ID_RULE_LEN: usize = 40;
pub(super) const PROGRAM_RULE_LEN: usize = 28;
pub(super) const AGENT_RULE_LEN: usize = 32;
pub(super) const CLASS_RULE_LEN: usize = 16;
pub(super) const FIGURES_LEN: usize = 40;
pub(super) const LISTING_CHANGE_LEN: usize = 32;
pub(super) const TORRENT_INDEX_LEN: usize = 4;
pub(super) const BAN_INDEX_LEN: usize = 4;

/// SHA-256.
pub(super) type Digest = [u8; DIGEST_LEN];

/// Ids of sections.
pub(super) const TORRENTS: u32 = 1;
pub(super) const ALIASES: u32 = 2;
pub(super) const NAMES: u32 = 3;
pub(super) const WATCHED: u32 = 4;
pub(super) const BANS: u32 = 5;
pub(super) const PEER_ID_RULES: u32 = 6;
pub(super) const REFUSED: u32 = 7;
pub(super) const SWITCHES: u32 = 9;
pub(super) const TEXTS: u32 = 11;
pub(super) const PROGRAM_RULES: u32 = 12;
pub(super) const AGENT_RULES: u32 = 13;
pub(super) const CLASS_RULES: u32 = 14;
pub(super) const BOUNDS: u32 = 15;
/// What is known of peers decides about no announce.
pub(super) const UNREACHABLE: u32 = 64;
/// Told in scrapes.
pub(super) const FIGURES: u32 = 65;
pub(super) const TORRENT_INDEX: u32 = 66;
/// 67 was another index of the bans.
pub(super) const BAN_INDEX: u32 = 68;
pub(super) const LISTING_CHANGES: u32 = 69;
/// From here on, a section that a reader does not know may be skipped.
const OPTIONAL_FROM: u32 = 64;

/// Flags of torrents.
pub(super) const HIDDEN: u32 = 1;
pub(super) const SIZE_IS_UNKNOWN: u32 = 2;

/// Stands for the end of a scan since which no change can have gone unseen.
const SETTLED: i64 = i64::MAX;

/// The number of a snapshot: higher than that of every one that the same owner has published before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequence(pub(super) u64);

impl fmt::Display for Sequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What the header says about the snapshot as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub sequence: Sequence,
    pub published_at: Timestamp,
    pub refreshed_at: Timestamp,
    pub scanned: Option<FileTime>,
    pub generation: Generation,
}

/// Why bytes are not a snapshot that this version can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Broken(&'static str),
    Version(u32),
    /// It has a rule in this section that this version does not know.
    Rule(u32),
}

/// A header as it stands in the file; its numbers prove nothing yet.
pub(super) struct UnvalidatedHeader<'a> {
    file: &'a [u8],
    sections: u32,
    len: u64,
    facts: Facts,
    digest: Digest,
}

/// A section whose bytes lie within the file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub id: u32,
    record_len: u32,
    pub bytes: Range<usize>,
    pub digest: Digest,
}

/// Where records of one length lie within the file.
#[derive(Clone, Debug)]
pub(super) struct RecordsAt {
    pub bytes: Range<usize>,
    /// At least what this version reads of one.
    pub record_len: usize,
}

/// A header and section table whose checksum is right and whose sections lie within the file. What is not
/// there is empty.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub facts: Facts,
    /// The checksum of the header, which stands for the whole file.
    pub digest: Digest,
    pub torrents: RecordsAt,
    pub aliases: RecordsAt,
    pub names: Range<usize>,
    pub watched: Range<usize>,
    pub bans: RecordsAt,
    pub refused: RecordsAt,
    pub switches: RecordsAt,
    pub peer_id_rules: RecordsAt,
    pub program_rules: RecordsAt,
    pub agent_rules: RecordsAt,
    pub class_rules: RecordsAt,
    pub bounds: RecordsAt,
    pub texts: Range<usize>,
    pub unreachable: RecordsAt,
    pub figures: RecordsAt,
    pub torrent_index: RecordsAt,
    pub ban_index: RecordsAt,
    pub listing_changes: RecordsAt,
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
                    sequence: Sequence(fields.u64()?),
                    published_at: Timestamp(fields.u64()?),
                    refreshed_at: Timestamp(fields.u64()?),
                    scanned: Some(fields.i64()?).filter(|&at| at != SETTLED).map(FileTime),
                    generation: Generation(fields.u64()?),
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
        // A fuzzer does not find checksums.
        if !cfg!(fuzzing) && digest_of(&[header, entries]) != self.digest {
            return Err(Fault::Broken("the checksum of its header is wrong"));
        }
        let sections = read_table(entries, table.end, self.file.len())
            .ok_or(Fault::Broken("its sections do not fill it"))?;
        sections.iter().try_for_each(Section::is_understood)?;
        Ok(Layout {
            facts: self.facts,
            digest: self.digest,
            torrents: records(&sections, TORRENTS, TORRENT_LEN)?,
            aliases: records(&sections, ALIASES, ALIAS_LEN)?,
            names: bytes(&sections, NAMES)?,
            watched: bytes(&sections, WATCHED)?,
            bans: records(&sections, BANS, BAN_LEN)?,
            refused: records(&sections, REFUSED, REFUSED_LEN)?,
            switches: records(&sections, SWITCHES, SWITCH_LEN)?,
            peer_id_rules: records(&sections, PEER_ID_RULES, PEER_ID_RULE_LEN)?,
            program_rules: records(&sections, PROGRAM_RULES, PROGRAM_RULE_LEN)?,
            agent_rules: records(&sections, AGENT_RULES, AGENT_RULE_LEN)?,
            class_rules: records(&sections, CLASS_RULES, CLASS_RULE_LEN)?,
            bounds: records(&sections, BOUNDS, BOUND_LEN)?,
            texts: bytes(&sections, TEXTS)?,
            unreachable: records(&sections, UNREACHABLE, ENDPOINT_LEN)?,
            figures: records(&sections, FIGURES, FIGURES_LEN)?,
            torrent_index: records(&sections, TORRENT_INDEX, TORRENT_INDEX_LEN)?,
            ban_index: records(&sections, BAN_INDEX, BAN_INDEX_LEN)?,
            listing_changes: records(&sections, LISTING_CHANGES, LISTING_CHANGE_LEN)?,
            sections,
        })
    }
}

impl Section {
    fn is_understood(&self) -> Result<(), Fault> {
        match self.id {
            TORRENTS..=REFUSED | SWITCHES | TEXTS..=BOUNDS | OPTIONAL_FROM.. => Ok(()),
            unknown => Err(Fault::Rule(unknown)),
        }
    }
}

/// The sections of a table, if from `start` on they fill the file up to `end`. Since each begins where
/// the one before ends, none of them then reaches beyond.
fn read_table(entries: &[u8], start: usize, end: usize) -> Option<Vec<Section>> {
    let mut at = start;
    let mut sections = Vec::with_capacity(entries.len() / ENTRY_LEN);
    for entry in entries.chunks_exact(ENTRY_LEN) {
        let mut fields = Fields(entry);
        let (id, record_len, len) = (fields.u32()?, fields.u32()?, fields.u64()?);
        let section_end = at.checked_add(usize::try_from(len).ok()?)?;
        sections.push(Section { id, record_len, bytes: at..section_end, digest: fields.array()? });
        at = section_end;
    }
    (at == end).then_some(sections)
}

/// The one section with that id, if there is one.
fn only(sections: &[Section], id: u32) -> Result<Option<&Section>, Fault> {
    let mut with_id = sections.iter().filter(|section| section.id == id);
    match (with_id.next(), with_id.next()) {
        (section, None) => Ok(section),
        (_, Some(_)) => Err(Fault::Broken("a section stands twice")),
    }
}

fn bytes(sections: &[Section], id: u32) -> Result<Range<usize>, Fault> {
    Ok(only(sections, id)?.map(|section| section.bytes.clone()).unwrap_or_default())
}

/// Where the records of that section lie, of which `known_len` bytes are known.
fn records(sections: &[Section], id: u32, known_len: usize) -> Result<RecordsAt, Fault> {
    let Some(section) = only(sections, id)? else {
        return Ok(RecordsAt { bytes: 0..0, record_len: known_len });
    };
    let record_len = usize::try_from(section.record_len).unwrap_or_default();
    if record_len < known_len {
        return Err(Fault::Broken("a section has records that are too short"));
    }
    if !section.bytes.len().is_multiple_of(record_len) {
        return Err(Fault::Broken("a section ends within a record"));
    }
    Ok(RecordsAt { bytes: section.bytes.clone(), record_len })
}

/// A section to be written.
pub(super) struct NewSection {
    pub id: u32,
    /// 0 where it is not made of records of one length.
    record_len: usize,
    pub bytes: Vec<u8>,
    digest: Digest,
}

impl NewSection {
    pub(super) fn of(id: u32, record_len: usize, bytes: Vec<u8>) -> Self {
        let digest = digest_of(&[&bytes]);
        Self { id, record_len, bytes, digest }
    }
}

/// A whole snapshot of these sections, without those that are empty.
pub(super) fn assemble(facts: Facts, sections: &[NewSection]) -> Vec<u8> {
    let sections: Vec<_> = sections.iter().filter(|section| !section.bytes.is_empty()).collect();
    let mut table = Vec::with_capacity(sections.len() * ENTRY_LEN);
    for section in &sections {
        table.extend(section.id.to_le_bytes());
        table.extend(u32::try_from(section.record_len).unwrap_or_default().to_le_bytes());
        table.extend(len_of(&section.bytes).to_le_bytes());
        table.extend(section.digest);
    }
    let content: u64 = sections.iter().map(|section| len_of(&section.bytes)).sum();
    let len = content + len_of(&table) + HEADER_LEN as u64;
    let mut file = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
    file.extend(MAGIC);
    file.extend(VERSION.to_le_bytes());
    file.extend(u32::try_from(sections.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend(len.to_le_bytes());
    file.extend(facts.sequence.0.to_le_bytes());
    file.extend(facts.published_at.0.to_le_bytes());
    file.extend(facts.refreshed_at.0.to_le_bytes());
    file.extend(facts.scanned.map_or(SETTLED, |FileTime(at)| at).to_le_bytes());
    file.extend(facts.generation.0.to_le_bytes());
    file.extend(digest_of(&[&file, &table]));
    file.extend(table);
    for section in sections {
        file.extend(&section.bytes);
    }
    file
}

/// SHA-256 of the parts, one after the other.
pub(super) fn digest_of(parts: &[&[u8]]) -> Digest {
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
