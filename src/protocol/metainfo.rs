//! What a `.torrent` file says, as far as a tracker cares (BEP 3, 12, 27, 47, 52).
//!
//! The hashes are those of the info dictionary's exact bytes, never of bytes encoded anew. Names of
//! files inside a torrent and v2 piece layers are not looked at: no tracker needs them.

mod files;
mod name;
#[cfg(test)]
pub(crate) mod sample;

use std::collections::HashSet;

use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::bencode::{BencodeError, Value};
use super::identity::{InfoHash, InfoHashV2};

/// Bytes of a `.torrent` file at most.
pub const MAX_FILE: u64 = 10 * 1024 * 1024;

/// The smallest piece of a v2 torrent, in bytes (BEP 52).
const MIN_V2_PIECE: u64 = 16 * 1024;

/// Bytes of a SHA-1 in the list of `pieces`.
const PIECE_HASH: u64 = 20;

/// A torrent as its `.torrent` file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metainfo {
    /// What clients announce it with.
    pub hashes: InfoHashes,
    /// The name that clients show; the info-hash in hexadecimal when the file gives none.
    pub name: String,
    /// Bytes of all files with their padding, as clients count them.
    pub size: u64,
    /// Bytes of a piece.
    pub piece_length: u64,
    /// Whether clients take peers from the tracker only (BEP 27).
    pub private: bool,
    /// Every announce URL of every tier, each once (BEP 12).
    pub announce_urls: Vec<String>,
}

/// The info-hashes of a torrent, by its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfoHashes {
    /// Version 1 only.
    V1(InfoHash),
    /// Version 2 only.
    V2(InfoHashV2),
    /// Both: old and new clients can use it, and announce with one or the other.
    Hybrid(InfoHash, InfoHashV2),
}

/// What is wrong with a `.torrent` file.
#[derive(Debug, thiserror::Error)]
pub enum MetainfoError {
    /// More than [`MAX_FILE`] bytes.
    #[error("it is larger than {MAX_FILE} bytes; make it anew with larger pieces")]
    TooBig,
    /// Not bencode.
    #[error(transparent)]
    Bencode(#[from] BencodeError),
    /// Bencode, but something else than a dictionary.
    #[error("it is not a torrent file: not a dictionary")]
    NotADictionary,
    /// No `info`, or something else than a dictionary.
    #[error("it is not a torrent file: it has no \"info\" dictionary")]
    NoInfo,
    /// Neither `name` nor `name.utf-8`.
    #[error("it has no \"name\"")]
    NoName,
    /// A `meta version` of the future.
    #[error("it is of version {0}; known are 1 and 2")]
    UnknownVersion(i64),
    /// Version 2, and no `file tree`.
    #[error("it is of version 2, but has no \"file tree\"")]
    NoFileTree,
    /// A `file tree`, and not version 2.
    #[error("it has a \"file tree\", but does not say \"meta version\" 2")]
    NoMetaVersion,
    /// No `piece length`, or one that the version does not allow.
    #[error("its \"piece length\" is missing or impossible")]
    PieceLength,
    /// Version 1, and no `pieces`.
    #[error("it has no \"pieces\", so that nothing could be verified")]
    NoPieces,
    /// Not as many piece hashes as pieces.
    #[error("it has {found} bytes of piece hashes where {expected} belong")]
    PieceHashes {
        /// Bytes of `pieces`.
        found: u64,
        /// Bytes that the size asks for.
        expected: u64,
    },
    /// Neither `length` nor `files`.
    #[error("it says neither the \"length\" of its file nor its \"files\"")]
    NoLength,
    /// A list or tree of files that cannot be read.
    #[error("its list of files cannot be read: {0}")]
    Files(serde_bencode::Error),
    /// A list or tree without files.
    #[error("it has no files")]
    NoFiles,
    /// A file without `path`.
    #[error("one of its files has no \"path\"")]
    UnnamedFile,
    /// A length below 0.
    #[error("one of its files has the impossible length {0}")]
    NegativeLength(i64),
    /// Sizes that do not fit.
    #[error("its sizes add up to more than any disk holds")]
    TooLarge,
    /// All files are empty.
    #[error("there is nothing in it: all its files are empty")]
    Empty,
    /// A v2 file without `pieces root`.
    #[error("one of its files has no \"pieces root\", so that it could not be verified")]
    NoPiecesRoot,
    /// A pad file in a v2 tree.
    #[error("it has a padding file in its \"file tree\"")]
    PadFileInTree,
    /// A hybrid torrent whose v1 and v2 parts are not about the same files.
    #[error("its v1 files are {v1} bytes and its v2 files {v2}: they are not the same files")]
    Inconsistent {
        /// Bytes of the v1 files with their padding.
        v1: u64,
        /// Bytes of the v2 files with their padding.
        v2: u64,
    },
}

impl Metainfo {
    /// Reads the content of a `.torrent` file.
    ///
    /// # Errors
    /// Says what is wrong with it, in words for its owner.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetainfoError> {
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
            return Err(MetainfoError::TooBig);
        }
        let torrent = Value::parse(bytes)?;
        if !torrent.is_dictionary() {
            return Err(MetainfoError::NotADictionary);
        }
        let info = torrent.get(b"info").filter(|info| info.is_dictionary());
        let info = info.ok_or(MetainfoError::NoInfo)?;
        let content = Content::read(info)?;
        let hashes = InfoHashes::of(info.bytes(), content.versions);
        Ok(Self {
            hashes,
            name: name::sanitized(raw_name(info)?).unwrap_or_else(|| hashes.to_string()),
            size: content.size,
            piece_length: content.piece_length,
            private: info.get(b"private").and_then(Value::integer).is_some_and(|flag| flag != 0),
            announce_urls: announce_urls(torrent),
        })
    }

    /// The info-hash under which the tracker keeps the swarm: v1's if there is one, as most clients
    /// know it, and the truncated v2's else.
    #[must_use]
    pub fn canonical(&self) -> InfoHash {
        match self.hashes {
            InfoHashes::V1(v1) | InfoHashes::Hybrid(v1, _) => v1,
            InfoHashes::V2(v2) => v2.truncated(),
        }
    }

    /// The other info-hash that clients announce the same swarm with: a hybrid's truncated v2.
    #[must_use]
    pub fn alias(&self) -> Option<InfoHash> {
        match self.hashes {
            InfoHashes::Hybrid(_, v2) => Some(v2.truncated()),
            InfoHashes::V1(_) | InfoHashes::V2(_) => None,
        }
    }

    /// The v1 info-hash.
    #[must_use]
    pub fn v1(&self) -> Option<InfoHash> {
        match self.hashes {
            InfoHashes::V1(v1) | InfoHashes::Hybrid(v1, _) => Some(v1),
            InfoHashes::V2(_) => None,
        }
    }

    /// The v2 info-hash.
    #[must_use]
    pub fn v2(&self) -> Option<InfoHashV2> {
        match self.hashes {
            InfoHashes::V2(v2) | InfoHashes::Hybrid(_, v2) => Some(v2),
            InfoHashes::V1(_) => None,
        }
    }
}

/// Which versions a torrent is of.
#[derive(Clone, Copy)]
enum Versions {
    V1,
    V2,
    Hybrid,
}

impl InfoHashes {
    fn of(info: &[u8], versions: Versions) -> Self {
        let v1 = || InfoHash(Sha1::digest(info).into());
        let v2 = || InfoHashV2(Sha256::digest(info).into());
        match versions {
            Versions::V1 => Self::V1(v1()),
            Versions::V2 => Self::V2(v2()),
            Versions::Hybrid => Self::Hybrid(v1(), v2()),
        }
    }
}

/// The v1 info-hash in hexadecimal, or the v2 one when there is no other.
impl std::fmt::Display for InfoHashes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::V1(v1) | Self::Hybrid(v1, _) => v1.fmt(formatter),
            Self::V2(v2) => v2.fmt(formatter),
        }
    }
}

/// What an info dictionary describes, of whatever version.
struct Content {
    versions: Versions,
    size: u64,
    piece_length: u64,
}

impl Content {
    fn read(info: Value<'_>) -> Result<Self, MetainfoError> {
        let tree = info.get(b"file tree").filter(|tree| tree.is_dictionary());
        let tree = match (info.get(b"meta version").and_then(Value::integer), tree) {
            (Some(version @ 3..), _) => return Err(MetainfoError::UnknownVersion(version)),
            (Some(2), Some(tree)) => Some(tree),
            (Some(2), None) => return Err(MetainfoError::NoFileTree),
            (_, Some(_)) => return Err(MetainfoError::NoMetaVersion),
            (_, None) => None,
        };
        let piece_length = info.get(b"piece length").and_then(Value::integer);
        let piece_length = piece_length
            .and_then(|length| u64::try_from(length).ok())
            .filter(|&length| length > 0)
            .filter(|&length| tree.is_none() || is_v2_piece_length(length))
            .ok_or(MetainfoError::PieceLength)?;
        let (versions, size) = match tree {
            None => (Versions::V1, v1_size(info, piece_length)?),
            Some(tree) => v2_size(info, tree, piece_length)?,
        };
        if size == 0 {
            return Err(MetainfoError::Empty);
        }
        Ok(Self { versions, size, piece_length })
    }
}

fn is_v2_piece_length(length: u64) -> bool {
    length.is_power_of_two() && length >= MIN_V2_PIECE
}

/// The size of a v2 or hybrid torrent, and which of the two it is.
fn v2_size(
    info: Value<'_>,
    tree: Value<'_>,
    piece_length: u64,
) -> Result<(Versions, u64), MetainfoError> {
    let v2 = files::v2_size(tree, piece_length)?;
    let v1 = match v1_size(info, piece_length) {
        Ok(v1) => v1,
        Err(MetainfoError::NoLength | MetainfoError::NoPieces) => {
            return Ok((Versions::V2, v2.padded));
        }
        Err(error) => return Err(error),
    };
    // The padding behind the last file is often left out of the v1 list.
    if v1 != v2.padded && v1 != v2.padded - v2.tail {
        return Err(MetainfoError::Inconsistent { v1, v2: v2.padded });
    }
    Ok((Versions::Hybrid, v1))
}

/// The size of the v1 part, which must have a hash for each piece.
fn v1_size(info: Value<'_>, piece_length: u64) -> Result<u64, MetainfoError> {
    let size = match (info.get(b"files").filter(|files| files.is_list()), info.get(b"length")) {
        (Some(files), _) => files::v1_size(files)?,
        (None, Some(length)) => {
            let length = length.integer().ok_or(MetainfoError::NoLength)?;
            u64::try_from(length).map_err(|_| MetainfoError::NegativeLength(length))?
        }
        (None, None) => return Err(MetainfoError::NoLength),
    };
    let hashes = info.get(b"pieces").and_then(Value::string).ok_or(MetainfoError::NoPieces)?;
    let found = u64::try_from(hashes.len()).map_err(|_| MetainfoError::TooLarge)?;
    let expected = size.div_ceil(piece_length).checked_mul(PIECE_HASH);
    let expected = expected.ok_or(MetainfoError::TooLarge)?;
    if found != expected {
        return Err(MetainfoError::PieceHashes { found, expected });
    }
    Ok(size)
}

/// The name as the file gives it; some old clients wrote `name` in a code page of their own and
/// `name.utf-8` beside it.
fn raw_name(info: Value<'_>) -> Result<&[u8], MetainfoError> {
    let keys: [&[u8]; 2] = [b"name.utf-8", b"name"];
    keys.iter().find_map(|key| info.get(key).and_then(Value::string)).ok_or(MetainfoError::NoName)
}

/// All announce URLs. The list of tiers is taken in any shape: files with a plain list of URLs, or
/// a single one, are real.
fn announce_urls(torrent: Value<'_>) -> Vec<String> {
    let keys: [&[u8]; 2] = [b"announce", b"announce-list"];
    let mut seen = HashSet::new();
    keys.iter()
        .filter_map(|key| torrent.get(key))
        .flat_map(Value::strings)
        .map(|url| String::from_utf8_lossy(url.trim_ascii()).into_owned())
        .filter(|url| !url.is_empty() && seen.insert(url.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
