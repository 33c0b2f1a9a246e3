//! ZIP archives of `.torrent` files, which anybody may have made: what comes out of one is bounded whatever it says.

use crate::platform::order::Order as _;

use std::borrow::Cow;
use std::io::{self, Read as _};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

/// What archives may bring.
#[derive(Debug)]
pub(super) struct Room {
    /// Entries.
    entries: usize,
    /// Bytes of unpacked files.
    bytes: u64,
}

/// Entries of all archives at most.
const MOST_ENTRIES: usize = 2_000;
/// Bytes of all unpacked files at most.
const MOST_BYTES: u64 = 64 << 20;

impl Default for Room {
    fn default() -> Self {
        Self { entries: MOST_ENTRIES, bytes: MOST_BYTES }
    }
}

/// Why an archive is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Its list of files cannot be read.
    #[error("is a damaged ZIP archive; make it again")]
    Damaged,
    /// More entries than are looked at.
    #[error(
        "has more than {MOST_ENTRIES} entries, with the archives before it; make smaller archives"
    )]
    TooManyEntries,
    /// Two of its files share bytes, as in archives that are made to unpack to very much.
    #[error("is a ZIP archive whose files overlap; none is looked at")]
    Overlapping,
}

/// Why a file of an archive is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// Another ending, or hidden.
    #[error("is no .torrent file, and not looked at")]
    NoTorrentFile,
    /// An archive.
    #[error("is an archive within an archive, and not looked at")]
    Nested,
    /// `..`, or a path from the root or a drive.
    #[error("has a path that leads out of the archive, and is not looked at")]
    LeadsOut,
    /// Only who made it can read it.
    #[error("is encrypted, and not looked at")]
    Encrypted,
    /// Neither stored nor deflated.
    #[error(
        "is compressed in a way that few programs know, and not looked at; make an archive with \"deflate\""
    )]
    Method,
    /// Other bytes than were put in.
    #[error("is damaged in its archive; make that again")]
    Damaged,
    /// All files before it have used up what may be unpacked.
    #[error("is not looked at, as all files of archives have more than {} MiB; make smaller archives", MOST_BYTES >> 20)]
    TooMuch,
}

/// Takes a file by its path in the archive, or why it is left out.
type Visit<'v> = dyn FnMut(&str, Result<Vec<u8>, LeftOut>) + 'v;

/// Whether a file is a ZIP archive by its first bytes: those of a file in it, or of the end of one without any.
#[must_use]
pub fn is_archive(content: &[u8]) -> bool {
    content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06")
}

/// Unpacks the `.torrent` files of an archive one after the other, and shows each with its path, or why it is left
/// out. A file longer than `most` bytes is shown with one byte more.
///
/// # Errors
/// When none is looked at.
pub(super) fn unpack(
    content: &[u8],
    most: u64,
    room: &mut Room,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let archive = ZipArchive::from_slice(content).map_err(|_| ArchiveError::Damaged)?;
    check(&archive, room)?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(|_| ArchiveError::Damaged)? {
        if entry.is_dir() {
            continue;
        }
        let path = String::from_utf8_lossy(entry.file_path().as_bytes());
        visit(&path, file(&archive, &entry, most, room));
    }
    Ok(())
}

/// Looks at the whole list before anything is unpacked.
fn check(archive: &ZipSliceArchive<&[u8]>, room: &mut Room) -> Result<(), ArchiveError> {
    let mut ranges = Vec::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(|_| ArchiveError::Damaged)? {
        room.entries = room.entries.checked_sub(1).ok_or(ArchiveError::TooManyEntries)?;
        // One that cannot be found is left out later.
        if let Ok(found) = archive.get_entry(entry.wayfinder()) {
            ranges.push(found.compressed_data_range());
        }
    }
    ranges.order();
    let is_overlapping = |pair: &[(u64, u64)]| match pair {
        [(_, end), (begin, _)] => begin < end,
        _ => false,
    };
    if ranges.windows(2).any(is_overlapping) {
        return Err(ArchiveError::Overlapping);
    }
    Ok(())
}

fn file(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
    most: u64,
    room: &mut Room,
) -> Result<Vec<u8>, LeftOut> {
    let path = entry.file_path();
    if leads_out(path.as_bytes()) {
        return Err(LeftOut::LeadsOut);
    }
    let name = String::from_utf8_lossy(path.as_bytes()).to_lowercase();
    let name = name.rsplit(['/', '\\']).next().map_or(Cow::default(), Cow::from);
    match name.rsplit_once('.') {
        Some((_, "zip" | "rar" | "7z" | "gz" | "xz" | "tar")) => return Err(LeftOut::Nested),
        // What other systems put beside a file begins with a dot.
        Some((_, "torrent")) if !name.starts_with('.') => {}
        _ => return Err(LeftOut::NoTorrentFile),
    }
    if entry.flags().is_encrypted() {
        return Err(LeftOut::Encrypted);
    }
    let found = archive.get_entry(entry.wayfinder()).map_err(|_| LeftOut::Damaged)?;
    let read = match entry.compression_method() {
        CompressionMethod::STORE => read(found.verifying_reader(found.data()), most, room),
        CompressionMethod::DEFLATE => {
            read(found.verifying_reader(DeflateDecoder::new(found.data())), most, room)
        }
        _ => return Err(LeftOut::Method),
    };
    let content = read?;
    if is_archive(&content) { Err(LeftOut::Nested) } else { Ok(content) }
}

/// Reads as much as counts: not so far that a file which is too large is checked.
fn read(file: impl io::Read, most: u64, room: &mut Room) -> Result<Vec<u8>, LeftOut> {
    let mut content = Vec::new();
    let limit = most.min(room.bytes).saturating_add(1);
    let outcome = file.take(limit).read_to_end(&mut content);
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let Some(left) = room.bytes.checked_sub(length) else {
        room.bytes = 0;
        return Err(LeftOut::TooMuch);
    };
    room.bytes = left;
    outcome.map(|_| content).map_err(|_| LeftOut::Damaged)
}

fn leads_out(path: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    path.first().is_none_or(is_separator)
        || path.get(1) == Some(&b':')
        || path.split(is_separator).any(|part| part == b"..")
}

#[cfg(test)]
pub(super) mod tests;
