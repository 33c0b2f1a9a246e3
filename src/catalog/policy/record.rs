//! Records of a policy snapshot that several look at: torrents, bans, and where texts stand.

use super::format::{Fields, HASH_LEN, Layout};

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

/// A ban's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BanRecord {
    pub first: [u8; 16],
    pub last: [u8; 16],
    pub until: u64,
    pub reason: TextAt,
}

/// Where a text stands among the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TextAt {
    pub offset: u32,
    pub len: u32,
}

impl TextAt {
    pub(super) fn write(self, section: &mut Vec<u8>) {
        section.extend(self.offset.to_le_bytes());
        section.extend(self.len.to_le_bytes());
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { offset: fields.u32()?, len: fields.u32()? })
    }

    /// The text; empty where a damaged file has none there.
    pub(super) fn of<'a>(self, file: &'a [u8], layout: &Layout) -> &'a str {
        let mut texts = Fields(file.get(layout.texts.clone()).unwrap_or_default());
        let text = texts.bytes(self.offset).and_then(|_| texts.bytes(self.len));
        text.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
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
    pub(super) fn read(record: &[u8]) -> Option<Self> {
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

impl BanRecord {
    /// The record as it stands in the section of bans.
    pub(super) fn write(&self, section: &mut Vec<u8>) {
        section.extend(self.first);
        section.extend(self.last);
        section.extend(self.until.to_le_bytes());
        self.reason.write(section);
    }

    /// Takes a record apart; what it says about the texts must still be checked.
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let mut fields = Fields(record);
        Some(Self {
            first: fields.array()?,
            last: fields.array()?,
            until: fields.u64()?,
            reason: TextAt::read(&mut fields)?,
        })
    }
}
