//! How content is cut into pieces, and what the pieces hash to, in version 1 (BEP 3) and 2 (BEP 52).

use std::num::NonZeroU64;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// Bytes of a leaf of version 2's hash tree.
const BLOCK: usize = 16 << 10;

/// Pieces at most, as long as larger pieces are allowed.
const USUAL_PIECES: u64 = 2048;

/// A SHA-1.
pub type V1Hash = [u8; 20];

/// A SHA-256.
pub type V2Hash = [u8; 32];

/// The versions that a new torrent is to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TorrentVersion {
    /// Version 1 only: files follow each other without gaps, and every client reads it.
    V1,
    /// Both: each file begins with a piece.
    Hybrid,
    /// Version 2 only.
    V2,
}

impl TorrentVersion {
    /// Whether it has the hashes of version 1.
    #[must_use]
    pub fn has_v1(self) -> bool {
        self != Self::V2
    }

    /// Whether it has the hashes of version 2, for which each file begins with a piece.
    #[must_use]
    pub fn has_v2(self) -> bool {
        self != Self::V1
    }
}

/// Bytes of a piece: a power of two from [`PieceLength::SHORTEST`] to [`PieceLength::LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceLength(u32);

impl PieceLength {
    /// The shortest, which version 2 prescribes: 16 KiB.
    pub const SHORTEST: Self = Self(16 << 10);

    /// The longest that is chosen by itself, which all clients take: 16 MiB.
    pub const LONGEST_CHOSEN: Self = Self(16 << 20);

    /// The longest: 64 MiB.
    pub const LONGEST: Self = Self(64 << 20);

    /// This length, if it is allowed.
    #[must_use]
    pub fn new(bytes: u64) -> Option<Self> {
        let bytes = u32::try_from(bytes).ok()?;
        let is_allowed =
            bytes.is_power_of_two() && (Self::SHORTEST.0..=Self::LONGEST.0).contains(&bytes);
        is_allowed.then_some(Self(bytes))
    }

    /// The shortest that makes no more than 2048 pieces of so many bytes; 16 MiB where none does.
    #[must_use]
    pub fn for_size(size: u64) -> Self {
        let mut length = Self::SHORTEST;
        while size.div_ceil(length.bytes()) > USUAL_PIECES && length != Self::LONGEST_CHOSEN {
            length.0 *= 2;
        }
        length
    }

    /// In bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0.into()
    }

    /// In bytes, as the length of a buffer.
    #[must_use]
    pub fn buffer(self) -> usize {
        self.0 as usize
    }

    /// Bytes in whole pieces.
    fn padded(self, size: u64) -> u64 {
        size.next_multiple_of(self.bytes())
    }

    /// Pieces of so many bytes.
    #[must_use]
    pub fn pieces(self, size: u64) -> usize {
        usize::try_from(size.div_ceil(self.bytes())).unwrap_or(usize::MAX)
    }

    /// What version 2 hashes for a piece of a file of so many bytes: the root of the tree above its blocks. Only
    /// the tree of a file that is shorter than a piece is smaller than a piece's.
    #[must_use]
    pub fn v2_hash(self, piece: &[u8], file: NonZeroU64) -> V2Hash {
        let mut leaves: Vec<V2Hash> =
            piece.chunks(BLOCK).map(|block| Sha256::digest(block).into()).collect();
        let width = if file.get() > self.bytes() {
            self.buffer() / BLOCK
        } else {
            leaves.len().next_power_of_two()
        };
        leaves.resize(width, [0; 32]);
        root(leaves)
    }

    /// What version 1 hashes for a piece. One `is_short` when it is the last and no padding follows; what else is
    /// missing are the zeros of a padding file (BEP 47).
    #[must_use]
    pub fn v1_hash(self, piece: &[u8], is_short: bool) -> V1Hash {
        const ZEROS: [u8; 4096] = [0; 4096];
        let mut digest = Sha1::new_with_prefix(piece);
        let mut missing = if is_short { 0 } else { self.buffer().saturating_sub(piece.len()) };
        while missing > 0 {
            let zeros = &ZEROS[..missing.min(ZEROS.len())];
            digest.update(zeros);
            missing -= zeros.len();
        }
        digest.finalize().into()
    }

    /// The root of a file's tree, from the hashes of its pieces: there is at least one.
    #[must_use]
    pub fn root(self, layer: &[V2Hash]) -> V2Hash {
        let mut hashes = layer.to_vec();
        let width = hashes.len().next_power_of_two();
        if width > hashes.len() {
            hashes.resize(width, root(vec![[0; 32]; self.buffer() / BLOCK]));
        }
        root(hashes)
    }

    /// Bytes of zeros that stand between a file and the next in version 1 of a hybrid torrent.
    #[must_use]
    pub fn padding(self, size: u64) -> u64 {
        self.padded(size) - size
    }
}

/// The root of a tree with these leaves, a power of two of them.
fn root(mut hashes: Vec<V2Hash>) -> V2Hash {
    while hashes.len() > 1 {
        let pairs = hashes.chunks(2);
        hashes = pairs.map(|pair| Sha256::digest(pair.as_flattened()).into()).collect();
    }
    hashes.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_length_is_a_power_of_two_that_clients_take() {
        for bytes in [16 << 10, 1 << 20, 64 << 20] {
            assert_eq!(PieceLength::new(bytes).unwrap().bytes(), bytes);
        }
        for bytes in [0, 1, 8 << 10, 3 << 20, 128 << 20, u64::MAX] {
            assert_eq!(PieceLength::new(bytes), None, "{bytes}");
        }
    }

    #[test]
    fn the_number_of_pieces_is_bounded_until_pieces_get_too_long() {
        let length = |size| PieceLength::for_size(size).bytes();
        assert_eq!(length(1), 16 << 10);
        assert_eq!(length(32 << 20), 16 << 10);
        assert_eq!(length((32 << 20) + 1), 32 << 10);
        assert_eq!(length(4 << 30), 2 << 20);
        assert_eq!(length(32 << 30), 16 << 20);
        assert_eq!(length(u64::MAX), 16 << 20);
    }

    #[test]
    fn what_is_missing_of_a_piece_is_hashed_as_zeros_but_not_at_the_end() {
        let length = PieceLength::SHORTEST;
        let padded = [b"abc".as_slice(), &vec![0; length.buffer() - 3]].concat();
        assert_eq!(length.v1_hash(b"abc", false), <[u8; 20]>::from(Sha1::digest(padded)));
        assert_eq!(length.v1_hash(b"abc", true), <[u8; 20]>::from(Sha1::digest(b"abc")));
        assert_eq!((length.padding(3), length.padding(0)), (length.bytes() - 3, 0));
    }

    #[test]
    fn the_tree_of_a_file_is_as_wide_as_its_blocks_or_whole_pieces() {
        let hash = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
        let pair = |one: V2Hash, other: V2Hash| hash(&[one, other].concat());
        let length = PieceLength::new(64 << 10).unwrap();
        let size = |bytes| NonZeroU64::new(bytes).unwrap();
        assert_eq!(length.v2_hash(b"abc", size(3)), hash(b"abc"));
        let (full, zero) = (hash(&[7; BLOCK]), [0; 32]);
        let three = length.v2_hash(&[7; 3 * BLOCK], size(3 << 14));
        assert_eq!(three, pair(pair(full, full), pair(full, zero)));
        let end_of_more = length.v2_hash(&[7; BLOCK], size(5 << 14));
        assert_eq!(end_of_more, pair(pair(full, zero), pair(zero, zero)));
        let none = pair(pair(zero, zero), pair(zero, zero));
        let layer = [full, end_of_more, three];
        assert_eq!(length.root(&layer), pair(pair(full, end_of_more), pair(three, none)));
        assert_eq!(length.root(&layer[..1]), full);
    }
}
