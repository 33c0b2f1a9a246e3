//! Checksum files: `NAME.sfv`, `NAME.sha256` and the like beside `NAME.torrent`, which tell the checksums of its content.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};

use super::file_state::FileState;
use crate::platform::files::{self, OpenError};
use crate::platform::folder::FileStatus;
use crate::platform::order::Order as _;
use crate::protocol::{ChecksumList, ChecksumListError, ChecksumListKind, Checksums, InfoHash};

/// How their names end. Where two disagree, the first counts.
const ENDINGS: [&str; 7] = ["sfv", "md5", "md5sum", "sha1", "sha1sum", "sha256", "sha256sum"];

/// Bytes of a checksum file at most.
const MOST_BYTES: u64 = 4 << 20;

/// A checksum file of a torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecksumFile {
    /// How its name ends.
    pub ending: &'static str,
    /// What it says of the torrent's content, or said when it could be read last.
    pub checksums: Checksums,
    /// Why it is not used now.
    pub fault: Option<String>,
    /// While it has this state it need not be read again.
    pub(super) state: Option<FileState>,
}

/// What was read of a checksum file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadChecksumFile {
    /// How its name ends.
    pub(super) ending: &'static str,
    /// What it says of the torrent's content; or what is wrong with it, in words.
    pub(super) outcome: Result<Checksums, String>,
    /// While the file has this state it need not be read again; `None` when it has to be.
    pub(super) state: Option<FileState>,
}

/// Why a checksum file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ChecksumFileError {
    /// The system does not let it be read.
    #[error("it cannot be read ({0}); let the tracker's user read it, or remove it")]
    Unreadable(#[from] io::Error),
    /// A device, a pipe, a folder.
    #[error("it is not a file; remove it or give it another name")]
    NotAFile,
    /// A symbolic link.
    #[error("it is a link; put the file itself there")]
    Link,
    /// Not a list of checksums.
    #[error("{0}; correct it, remove it or give it another name")]
    NotAList(#[from] ChecksumListError),
    /// It is about other files.
    #[error(
        "it has no checksum of `{0}`, or several that differ; remove it or give it another name"
    )]
    OfOthers(String),
}

impl ChecksumFile {
    /// What becomes of a torrent's checksum file when a scan finds this. One that cannot be used changes nothing of what
    /// it said before.
    pub(super) fn after(before: &[Self], found: &ReadChecksumFile) -> Self {
        let ReadChecksumFile { ending, outcome, state } = found;
        let before = || before.iter().find(|it| it.ending == *ending).map(|it| it.checksums);
        Self {
            ending,
            checksums: outcome.as_ref().map_or_else(|_| before().unwrap_or_default(), |it| *it),
            fault: outcome.as_ref().err().cloned(),
            state: *state,
        }
    }
}

/// How the name of a checksum file ends, and what stands before that; `None` of any other file.
pub(super) fn split(name: &OsStr) -> Option<(&OsStr, &'static str)> {
    let name = Path::new(name);
    let ending = name.extension()?;
    let ending = ENDINGS.into_iter().find(|known| ending == *known)?;
    Some((name.file_stem()?, ending))
}

/// Where such a checksum file of a `.torrent` file is.
pub(super) fn path_of(torrent: &Path, ending: &str) -> PathBuf {
    torrent.with_extension(ending)
}

/// Reads what the checksum file at this path says of a torrent's only file, and in which state it did. A torrent of
/// several files has no checksum of its own; what is in the list is only looked at.
pub(super) fn read(
    path: &Path,
    only_file: Option<&str>,
) -> Result<(Checksums, FileState), ChecksumFileError> {
    let opened = files::open(path, File::options().read(true));
    let (file, metadata) = opened.map_err(|problem| match problem {
        OpenError::Link => ChecksumFileError::Link,
        OpenError::NotAFile => ChecksumFileError::NotAFile,
        OpenError::Io(source) => ChecksumFileError::Unreadable(source),
    })?;
    let mut content = Vec::new();
    // A list of one byte more is too long.
    file.take(MOST_BYTES + 1).read_to_end(&mut content)?;
    let kind = ChecksumListKind::of_file(path).unwrap_or(ChecksumListKind::Digests);
    let list = ChecksumList::read(&content, kind)?;
    let checksums = only_file.map(|only_file| match list.of(only_file) {
        none if none == Checksums::default() => {
            Err(ChecksumFileError::OfOthers(only_file.to_owned()))
        }
        checksums => Ok(checksums),
    });
    let state = FileState::from(&FileStatus::from(&metadata));
    Ok((checksums.transpose()?.unwrap_or_default(), state))
}

/// Notes what a torrent's checksum files say, instead of what is noted.
pub(super) fn put(
    connection: &Connection,
    about: InfoHash,
    files: &[ChecksumFile],
) -> rusqlite::Result<()> {
    connection.prepare_cached(FORGET)?.execute([about.0])?;
    let mut put = connection.prepare_cached(PUT)?;
    for ChecksumFile { ending, checksums, fault, state } in files {
        let [crc32, md5, sha1, sha256] = checksums.in_digits().map(|(_, digits)| digits);
        put.execute((about.0, ending, state, fault, crc32, md5, sha1, sha256))?;
    }
    Ok(())
}

/// What [`of_row`] reads.
pub(super) const COLUMNS: &str = "ending, file_state, fault, crc32, md5, sha1, sha256";

/// A checksum file from a row. `None` for one of an ending that only another version knows.
pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Option<ChecksumFile>> {
    let ending: String = row.get(0)?;
    let Some(ending) = ENDINGS.into_iter().find(|known| *known == ending) else { return Ok(None) };
    let digits: [Option<String>; 4] = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
    let checksums = Checksums::from_digits(digits.each_ref().map(Option::as_deref));
    Ok(Some(ChecksumFile { ending, checksums, fault: row.get(2)?, state: row.get(1)? }))
}

/// Has them be in the order in which they count.
pub(super) fn sort<T>(files: &mut [T], ending: impl Fn(&T) -> &'static str) {
    files.order_by_key(|file| ENDINGS.iter().position(|known| *known == ending(file)));
}

const FORGET: &str = "DELETE FROM checksum_files WHERE info_hash = ?1";

const PUT: &str = "
    INSERT INTO checksum_files (info_hash, ending, file_state, fault, crc32, md5, sha1, sha256)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
