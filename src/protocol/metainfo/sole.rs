//! Whether a file is the one that a torrent of a single file describes.

use std::num::NonZeroU64;

use sha1::{Digest as _, Sha1};

use crate::protocol::bencode::Value;
use crate::protocol::pieces::{PieceLength, V2Hash};

/// What a torrent says of its only file. Of a hybrid, version 2 says it.
#[derive(Debug)]
pub struct SoleFile {
    size: NonZeroU64,
    /// Bytes of a piece.
    piece_length: usize,
    hashes: Hashes,
}

#[derive(Debug)]
enum Hashes {
    /// The SHA-1 of each piece, one after the other.
    V1(Vec<u8>),
    /// The root of the tree above all pieces.
    V2(PieceLength, V2Hash),
}

/// Bytes of a piece at most: one is kept in memory.
const LONGEST_PIECE: u64 = 64 << 20;

impl SoleFile {
    /// Reads the content of a `.torrent` file; `None` where it has several files, or says it in a way of its own.
    #[must_use]
    pub fn of(torrent: &[u8]) -> Option<Self> {
        let info = Value::parse(torrent).ok()?.get(b"info")?;
        let number = |value: Value<'_>, key: &[u8]| {
            value.get(key).and_then(Value::integer).and_then(|number| u64::try_from(number).ok())
        };
        let piece_length = number(info, b"piece length")?;
        let length = usize::try_from(piece_length)
            .ok()
            .filter(|_| (1..=LONGEST_PIECE).contains(&piece_length))?;
        let (size, hashes) = match info.get(b"file tree") {
            Some(tree) => {
                let mut files = tree.leaves();
                let (file, None) = (files.next()?, files.next()) else { return None };
                let root = file.get(b"pieces root").and_then(Value::string)?;
                let root = V2Hash::try_from(root).ok()?;
                (number(file, b"length")?, Hashes::V2(PieceLength::new(piece_length)?, root))
            }
            None => {
                let hashes = info.get(b"pieces").and_then(Value::string)?;
                (number(info, b"length")?, Hashes::V1(hashes.to_owned()))
            }
        };
        Some(Self { size: NonZeroU64::new(size)?, piece_length: length, hashes })
    }

    /// Begins to look at a file.
    #[must_use]
    pub fn check(&self) -> ContentCheck<'_> {
        ContentCheck { wanted: self, seen: 0, piece: Vec::new(), v1: Vec::new(), v2: Vec::new() }
    }
}

/// A file that is looked at from its beginning.
#[derive(Debug)]
pub struct ContentCheck<'a> {
    wanted: &'a SoleFile,
    /// Bytes so far.
    seen: u64,
    /// What is there of the next piece.
    piece: Vec<u8>,
    v1: Vec<u8>,
    v2: Vec<V2Hash>,
}

impl ContentCheck<'_> {
    /// Takes in what comes next.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            let room = self.wanted.piece_length.saturating_sub(self.piece.len());
            let (next, rest) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(next);
            if self.piece.len() >= self.wanted.piece_length {
                self.end_piece();
            }
            bytes = rest;
        }
    }

    fn end_piece(&mut self) {
        match &self.wanted.hashes {
            Hashes::V1(_) => self.v1.extend_from_slice(&Sha1::digest(&self.piece)),
            Hashes::V2(length, _) => self.v2.push(length.v2_hash(&self.piece, self.wanted.size)),
        }
        self.piece.clear();
    }

    /// Whether it was the torrent's file, and all of it.
    #[must_use]
    pub fn is_the_file(mut self) -> bool {
        if self.seen != self.wanted.size.get() {
            return false;
        }
        if !self.piece.is_empty() {
            self.end_piece();
        }
        match &self.wanted.hashes {
            Hashes::V1(hashes) => self.v1 == *hashes,
            Hashes::V2(length, root) => length.root(&self.v2) == *root,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ContentHashes, NewFile, NewInfo, NewTorrent, TorrentVersion};

    /// A torrent of one file with this content.
    fn torrent(content: &[u8], version: TorrentVersion) -> Vec<u8> {
        let length = PieceLength::SHORTEST;
        let size = NonZeroU64::new(content.len() as u64).unwrap();
        let pieces = || content.chunks(length.buffer());
        let v1 = pieces().map(|piece| length.v1_hash(piece, true)).collect();
        let v2 = vec![pieces().map(|piece| length.v2_hash(piece, size)).collect()];
        let new = NewTorrent {
            announce: &[],
            web_seeds: &[],
            comment: None,
            created_by: "a test",
            created: crate::protocol::Timestamp(1),
        };
        new.encode(&NewInfo {
            version,
            name: "x",
            files: &[NewFile { path: Vec::new(), size: size.get() }],
            piece_length: length,
            hashes: &ContentHashes { v1, v2 },
            private: false,
        })
    }

    #[test]
    fn only_the_file_itself_has_the_hashes_of_its_torrent() {
        let content: Vec<u8> = (0..40_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        let (mut other, mut longer) = (content.clone(), content.clone());
        other[39_999] ^= 1;
        longer.push(0);
        for version in [TorrentVersion::V1, TorrentVersion::Hybrid, TorrentVersion::V2] {
            for (content, size) in [(&content[..], 40_000), (&content[..9], 9)] {
                let sole = SoleFile::of(&torrent(content, version)).unwrap();
                let is_it = |bytes: &[u8], step: usize| {
                    let mut check = sole.check();
                    bytes.chunks(step).for_each(|block| check.update(block));
                    check.is_the_file()
                };
                for step in [7, 16 << 10, 40_001] {
                    assert!(is_it(content, step), "{version:?} {step}");
                    assert!(!is_it(&content[..size - 1], step), "{version:?} {step}");
                    assert!(!is_it(&longer, step) && !is_it(&other, step), "{version:?} {step}");
                }
            }
        }
        assert!(SoleFile::of(b"de").is_none());
    }
}
