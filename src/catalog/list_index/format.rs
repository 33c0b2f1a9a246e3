//! The bytes of a list index. All numbers are little-endian; nothing is aligned.
//!
//! ```text
//! header, 96 bytes
//!    0  8  magic: 89 "TLI" 0d 0a 1a 0a (a transfer as text spoils it, as PNG's)
//!    8  4  version: 2
//!   12  4  number of torrents
//!   16  8  length of the file
//!   24  8  counted at, seconds since 1970
//!   32  4  seconds until all is counted again
//!   36  4  announces a second where load was high, else 0
//!   40  4  seconds between two announces of a client then, else 0
//!   44  4  number of categories
//!   48  4  number of groups
//!   52  8  length of the names
//!   60 24  CRC-32 of each part: torrents, their info-hashes, categories, groups, names, texts
//!   84  8  zeros
//!   92  4  CRC-32 of all before it
//! torrents, 76 bytes each, in the order of their names
//!    0 20  canonical info-hash
//!   20  8  bytes of content
//!   28  8  seeders
//!   36  8  leechers
//!   44  8  completed downloads
//!   52  8  when it came, seconds since 1970
//!   60  4  its category, counted from 1; 0: none
//!   64  4  its group, counted from 1; 0: none
//!   68  4  offset of its words in the texts
//!   72  4  length of its words
//! info-hashes of these torrents, 52 bytes each; zeros where there is none
//!    0 20  v1
//!   20 32  v2
//! categories, then groups, 12 bytes each, in the order of their names
//!    0  4  offset of the name in the names
//!    4  4  length of the name
//!    8  4  number of torrents in it
//! names of categories and groups: UTF-8, with the end of a line behind each
//! texts: UTF-8, up to the end of the file, with the end of a line behind each. The words of a torrent are lines that a search
//!     finds it by: its title first, then its name, category and group, in the form that searches have too
//! ```
//!
//! Whoever reads a part holds it against its checksum. Each offset is checked where it is used all the same.

use std::ops::Range;

pub(super) const MAGIC: [u8; 8] = *b"\x89TLI\r\n\x1a\n";
pub(super) const VERSION: u32 = 2;
pub(super) const HEADER_LEN: usize = 96;
pub(super) const TORRENT_LEN: usize = 76;
pub(super) const HASHES_LEN: usize = 52;
pub(super) const PLACE_LEN: usize = 12;

/// Where fields of the header are.
pub(super) mod header {
    pub(crate) const VERSION_AT: usize = 8;
    pub(crate) const TORRENTS_AT: usize = 12;
    pub(crate) const LEN_AT: usize = 16;
    pub(crate) const COUNTED_AT: usize = 24;
    pub(crate) const NEXT_AT: usize = 32;
    pub(crate) const ANNOUNCES_AT: usize = 36;
    pub(crate) const INTERVAL_AT: usize = 40;
    pub(crate) const CATEGORIES_AT: usize = 44;
    pub(crate) const GROUPS_AT: usize = 48;
    pub(crate) const NAMES_LEN_AT: usize = 52;
    pub(crate) const CHECKSUMS_AT: usize = 60;
    pub(crate) const CHECKSUM_AT: usize = 92;
}

/// Where fields of a torrent are.
pub(super) mod torrent {
    pub(crate) const SIZE_AT: usize = 20;
    pub(crate) const SEEDERS_AT: usize = 28;
    pub(crate) const LEECHERS_AT: usize = 36;
    pub(crate) const COMPLETED_AT: usize = 44;
    pub(crate) const ADDED_AT: usize = 52;
    pub(crate) const CATEGORY_AT: usize = 60;
    pub(crate) const GROUP_AT: usize = 64;
    pub(crate) const TEXT_AT: usize = 68;
}

/// A part of a file.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub bytes: Range<usize>,
    /// The CRC-32 of them.
    pub checksum: u32,
}

/// The parts of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub torrents: Part,
    pub hashes: Part,
    pub categories: Part,
    pub groups: Part,
    pub names: Part,
    pub texts: Part,
}

impl Layout {
    /// That of a file with this header and of this length; the error says what is wrong.
    pub(super) fn of(header: &[u8], length: u64) -> Result<Self, &'static str> {
        if !header.starts_with(&MAGIC) {
            return Err("it does not begin as one");
        }
        if u32_at(header, header::VERSION_AT) != VERSION {
            return Err("another version");
        }
        if u64_at(header, header::LEN_AT) != length {
            return Err("it was cut short");
        }
        if u32_at(header, header::CHECKSUM_AT) != checksum_of_header(header) {
            return Err("the checksum of its header is wrong");
        }
        let count = |at| usize::try_from(u32_at(header, at)).ok();
        let parts = || {
            let (mut begin, mut number) = (HEADER_LEN, 0);
            let mut part = |count: usize, len: usize| {
                let bytes = begin..begin.checked_add(count.checked_mul(len)?)?;
                let checksum = u32_at(header, header::CHECKSUMS_AT + 4 * number);
                (begin, number) = (bytes.end, number + 1);
                Some(Part { bytes, checksum })
            };
            let torrents = count(header::TORRENTS_AT)?;
            let names_len = usize::try_from(u64_at(header, header::NAMES_LEN_AT)).ok()?;
            let layout = Self {
                torrents: part(torrents, TORRENT_LEN)?,
                hashes: part(torrents, HASHES_LEN)?,
                categories: part(count(header::CATEGORIES_AT)?, PLACE_LEN)?,
                groups: part(count(header::GROUPS_AT)?, PLACE_LEN)?,
                names: part(names_len, 1)?,
                texts: part(0, 1)?,
            };
            let texts = layout.texts.bytes.start..usize::try_from(length).ok()?;
            let texts = Part { bytes: texts, ..layout.texts };
            (texts.bytes.start <= texts.bytes.end).then_some(Self { texts, ..layout })
        };
        parts().ok_or("its parts do not fit into it")
    }
}

/// The CRC-32 of these bytes.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// That of a header, which stands at its end.
pub(super) fn checksum_of_header(header: &[u8]) -> u32 {
    checksum(header.get(..header::CHECKSUM_AT).unwrap_or_default())
}

/// The number in these four bytes; 0 where they are not all there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.map_or(0, |&number| u32::from_le_bytes(number))
}

/// The number in these eight bytes; 0 where they are not all there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.map_or(0, |&number| u64::from_le_bytes(number))
}

/// The text of which offset and length stand there; an empty one where there is none.
pub(super) fn text_at<'t>(bytes: &[u8], at: usize, texts: &'t str) -> &'t str {
    let number = |at| usize::try_from(u32_at(bytes, at)).unwrap_or(usize::MAX);
    let begin = number(at);
    texts.get(begin..begin.saturating_add(number(at + 4))).unwrap_or_default()
}
