//! What a `.torrent` file says, as far as a tracker cares (BEP 3, 12, 27, 47, 52).
//!
//! The hashes are those of the info dictionary's exact bytes, never of bytes encoded again. Only
//! info-hash, name and size decide whether a torrent is taken; what clients may stumble over is told
//! to its owner as a [`Flaw`]. Names of files inside a torrent and v2 piece layers are not looked at.

mod contents;
mod files;
mod flaw;
pub(super) mod name;
#[cfg(test)]
pub(crate) mod sample;
mod sole;

use std::collections::HashSet;

use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::bencode::{BencodeError, Value};
use super::identity::{InfoHash, InfoHashV2};

pub use contents::{ContentFile, Contents};
pub use files::sole_file;
pub use flaw::Flaw;
pub use sole::{ContentCheck, SoleFile};

/// The smallest piece of a v2 torrent, in bytes (BEP 52).
const MIN_V2_PIECE: u64 = 16 * 1024;

/// A torrent as its `.torrent` file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metainfo {
    /// What clients announce it with.
    pub hashes: InfoHashes,
    /// The name that clients show; the info-hash in hexadecimal when the file gives none.
    pub name: String,
    /// Bytes of all files with their padding, as clients count them.
    pub size: u64,
    /// Whether clients take peers from the tracker only (BEP 27).
    pub private: bool,
    /// Whether it names web servers that give its content (BEP 19, BEP 17).
    pub has_web_seed: bool,
    /// Every announce URL of every tier, each once (BEP 12).
    pub announce_urls: Vec<String>,
    /// What clients may stumble over, though a tracker need not.
    pub flaws: Vec<Flaw>,
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

impl InfoHashes {
    /// The info-hash under which the tracker keeps the swarm: v1's if there is one, as most clients
    /// know it, and the truncated v2's else.
    #[must_use]
    pub fn canonical(self) -> InfoHash {
        match self {
            Self::V1(v1) | Self::Hybrid(v1, _) => v1,
            Self::V2(v2) => v2.truncated(),
        }
    }

    /// The other info-hash that clients announce the same swarm with: a hybrid's truncated v2.
    #[must_use]
    pub fn alias(self) -> Option<InfoHash> {
        match self {
            Self::Hybrid(_, v2) => Some(v2.truncated()),
            Self::V1(_) | Self::V2(_) => None,
        }
    }

    /// The v1 info-hash.
    #[must_use]
    pub fn v1(self) -> Option<InfoHash> {
        match self {
            Self::V1(v1) | Self::Hybrid(v1, _) => Some(v1),
            Self::V2(_) => None,
        }
    }

    /// The v2 info-hash.
    #[must_use]
    pub fn v2(self) -> Option<InfoHashV2> {
        match self {
            Self::V2(v2) | Self::Hybrid(_, v2) => Some(v2),
            Self::V1(_) => None,
        }
    }
}

/// What is wrong with a `.torrent` file.
#[derive(Debug, thiserror::Error)]
pub enum MetainfoError {
    /// Not bencode.
    #[error(transparent)]
    Bencode(#[from] BencodeError),
    /// Not bencode any more, since ends of lines were changed in it.
    #[error(
        "{0}; it looks as if FTP had sent it in text mode, which changes such files: upload it again \
         in binary mode"
    )]
    SentAsText(BencodeError),
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
    /// Neither `length` nor `files`.
    #[error("it says neither the \"length\" of its file nor its \"files\"")]
    NoLength,
    /// Something else than a dictionary where a file or folder belongs.
    #[error("its list of files has an entry that is not a dictionary")]
    NotAFile,
    /// A file whose `length` is missing, no integer or beyond all measure.
    #[error("one of its files has no \"length\" that can be read")]
    FileLength,
    /// A list or tree without files.
    #[error("it has no files")]
    NoFiles,
    /// A length below 0.
    #[error("one of its files has the impossible length {0}")]
    NegativeLength(i64),
    /// Sizes that do not fit.
    #[error("its sizes add up to more than any disk holds")]
    TooLarge,
    /// All files are empty.
    #[error("there is nothing in it: all its files are empty")]
    Empty,
}

impl Metainfo {
    /// Reads the content of a `.torrent` file.
    ///
    /// # Errors
    /// Says what is wrong with it, in words for its owner.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetainfoError> {
        let torrent = Value::parse(bytes).map_err(|problem| {
            if flaw::was_sent_as_text(bytes) {
                MetainfoError::SentAsText(problem)
            } else {
                problem.into()
            }
        })?;
        if !torrent.is_dictionary() {
            return Err(MetainfoError::NotADictionary);
        }
        let info = torrent.get(b"info").filter(|info| info.is_dictionary());
        let info = info.ok_or(MetainfoError::NoInfo)?;
        let mut flaws: Vec<Flaw> = Flaw::behind(torrent, bytes).into_iter().collect();
        let content = Content::read(info, &mut flaws)?;
        let hashes = InfoHashes::of(info.bytes(), content.versions);
        Ok(Self {
            hashes,
            name: name::sanitized(raw_name(info)?).unwrap_or_else(|| hashes.to_string()),
            size: content.size,
            private: info.get(b"private").and_then(Value::integer).is_some_and(|flag| flag != 0),
            has_web_seed: has_web_seed(torrent),
            announce_urls: announce_urls(torrent),
            flaws,
        })
    }

    /// See [`InfoHashes::canonical`].
    #[must_use]
    pub fn canonical(&self) -> InfoHash {
        self.hashes.canonical()
    }

    /// See [`InfoHashes::alias`].
    #[must_use]
    pub fn alias(&self) -> Option<InfoHash> {
        self.hashes.alias()
    }

    /// The v1 info-hash.
    #[must_use]
    pub fn v1(&self) -> Option<InfoHash> {
        self.hashes.v1()
    }

    /// The v2 info-hash.
    #[must_use]
    pub fn v2(&self) -> Option<InfoHashV2> {
        self.hashes.v2()
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
}

impl Content {
    fn read(info: Value<'_>, flaws: &mut Vec<Flaw>) -> Result<Self, MetainfoError> {
        let tree = info.get(b"file tree").filter(|tree| tree.is_dictionary());
        let tree = match (info.get(b"meta version").and_then(Value::integer), tree) {
            (Some(version @ 3..), _) => return Err(MetainfoError::UnknownVersion(version)),
            (Some(2), Some(tree)) => Some(tree),
            (Some(2), None) => return Err(MetainfoError::NoFileTree),
            (_, Some(_)) => return Err(MetainfoError::NoMetaVersion),
            (_, None) => None,
        };
        let piece_length = piece_length(info);
        if !piece_length.is_some_and(|length| tree.is_none() || is_v2_piece_length(length)) {
            flaws.push(Flaw::PieceLength);
        }
        let content = match tree {
            None => v1_content(info, piece_length, flaws)?,
            Some(tree) => v2_content(info, tree, piece_length, flaws)?,
        };
        if content.size == 0 {
            return Err(MetainfoError::Empty);
        }
        Ok(content)
    }
}

fn piece_length(info: Value<'_>) -> Option<u64> {
    let length = info.get(b"piece length").and_then(Value::integer)?;
    u64::try_from(length).ok().filter(|&length| length > 0)
}

fn is_v2_piece_length(length: u64) -> bool {
    length.is_power_of_two() && length >= MIN_V2_PIECE
}

fn v1_content(
    info: Value<'_>,
    piece_length: Option<u64>,
    flaws: &mut Vec<Flaw>,
) -> Result<Content, MetainfoError> {
    let size = v1_size(info, flaws)?;
    let hashes = info.get(b"pieces").and_then(Value::string);
    flaws.extend(match (hashes, piece_length) {
        (None, _) => Some(Flaw::NoPieces),
        (Some(hashes), Some(piece_length)) => Flaw::of_piece_hashes(hashes, size, piece_length),
        (Some(_), None) => None,
    });
    Ok(Content { versions: Versions::V1, size })
}

/// What a v2 or hybrid torrent describes. The v1 part, if there is one, decides its size.
fn v2_content(
    info: Value<'_>,
    tree: Value<'_>,
    piece_length: Option<u64>,
    flaws: &mut Vec<Flaw>,
) -> Result<Content, MetainfoError> {
    // Without a length of pieces nothing is padded.
    let v2 = files::v2_size(tree, piece_length.unwrap_or(1), flaws)?;
    let has_hashes = info.get(b"pieces").is_some_and(|hashes| hashes.string().is_some());
    let v1 = match has_hashes.then(|| v1_content(info, piece_length, flaws)) {
        None | Some(Err(MetainfoError::NoLength)) => {
            return Ok(Content { versions: Versions::V2, size: v2.padded });
        }
        Some(content) => content?.size,
    };
    // The padding behind the last file is often left out of the v1 list.
    if v1 != v2.padded && v1 != v2.padded - v2.tail {
        flaws.push(Flaw::Inconsistent { v1, v2: v2.padded });
    }
    Ok(Content { versions: Versions::Hybrid, size: v1 })
}

/// The size that the v1 part states.
fn v1_size(info: Value<'_>, flaws: &mut Vec<Flaw>) -> Result<u64, MetainfoError> {
    match (info.get(b"files").filter(|files| files.is_list()), info.get(b"length")) {
        (Some(files), _) => files::v1_size(files, flaws),
        (None, Some(length)) => {
            let length = length.integer().ok_or(MetainfoError::NoLength)?;
            u64::try_from(length).map_err(|_| MetainfoError::NegativeLength(length))
        }
        (None, None) => Err(MetainfoError::NoLength),
    }
}

/// The name as the file gives it; some old clients wrote `name` in a code page of their own and
/// `name.utf-8` beside it.
fn raw_name(info: Value<'_>) -> Result<&[u8], MetainfoError> {
    let keys: [&[u8]; 2] = [b"name.utf-8", b"name"];
    keys.iter().find_map(|key| info.get(key).and_then(Value::string)).ok_or(MetainfoError::NoName)
}

/// Whether there is the address of a web server, in whatever shape. That it still gives the content is not tried.
fn has_web_seed(torrent: Value<'_>) -> bool {
    let keys: [&[u8]; 2] = [b"url-list", b"httpseeds"];
    let is_address = |url: &[u8]| {
        let url = url.trim_ascii_start().to_ascii_lowercase();
        url.starts_with(b"http://") || url.starts_with(b"https://")
    };
    keys.iter().filter_map(|key| torrent.get(key)).flat_map(Value::strings).any(is_address)
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
