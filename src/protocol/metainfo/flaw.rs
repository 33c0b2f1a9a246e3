//! What is wrong with a torrent that a tracker can serve all the same, and what spoilt a file.

use super::super::bencode::Value;

/// Bytes of a SHA-1 in the list of `pieces`.
const PIECE_HASH: u64 = 20;

/// What clients may stumble over in a torrent, though a tracker need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Something after the dictionary, if only the end of a line.
    #[error("it goes on after its end at byte {offset}; fetch or upload it again")]
    Trailing {
        /// Where the surplus starts.
        offset: usize,
    },
    /// No `piece length`, or one that the version does not allow.
    #[error("its \"piece length\" is missing or impossible, so that clients may refuse it")]
    PieceLength,
    /// Version 1, and no `pieces`.
    #[error("it has no \"pieces\", so that clients cannot verify anything")]
    NoPieces,
    /// Not as many piece hashes as pieces.
    #[error("it has {found} bytes of piece hashes where {expected} belong; clients may refuse it")]
    PieceHashes {
        /// Bytes of `pieces`.
        found: u64,
        /// Bytes that the size asks for.
        expected: u64,
    },
    /// A file without `path`.
    #[error("one of its files has no \"path\", so that clients may refuse it")]
    UnnamedFile,
    /// A v2 file without `pieces root`.
    #[error("one of its files has no \"pieces root\", so that clients cannot verify it")]
    NoPiecesRoot,
    /// A pad file in a v2 tree.
    #[error("it has a padding file in its \"file tree\", so that clients may refuse it")]
    PadFileInTree,
    /// A hybrid torrent whose v1 and v2 parts are not about the same files.
    #[error(
        "its v1 files are {v1} bytes and its v2 files {v2}: they are not the same files, and clients \
         may refuse it"
    )]
    Inconsistent {
        /// Bytes of the v1 files with their padding.
        v1: u64,
        /// Bytes of the v2 files with their padding.
        v2: u64,
    },
}

impl Flaw {
    /// What follows the torrent's dictionary in its file.
    pub(super) fn behind(torrent: Value<'_>, file: &[u8]) -> Option<Self> {
        let end = torrent.bytes().len();
        (file.len() > end).then_some(Self::Trailing { offset: end })
    }

    /// Too many or too few hashes of pieces; `piece_length` is not 0.
    pub(super) fn of_piece_hashes(hashes: &[u8], size: u64, piece_length: u64) -> Option<Self> {
        // No memory holds more than 2^64 bytes.
        let found = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        let expected = size.div_ceil(piece_length).saturating_mul(PIECE_HASH);
        (found != expected).then_some(Self::PieceHashes { found, expected })
    }
}

/// Whether a file that is no bencode looks like a torrent whose ends of lines were changed on its way.
/// Hashes have them by chance: after a transfer to a system that ends lines with CR LF each LF follows
/// a CR; after one from it none does, though the file has its end.
pub(super) fn was_sent_as_text(file: &[u8]) -> bool {
    let is_torrent = file.starts_with(b"d") && file.windows(7).any(|part| part == b"4:infod");
    let feeds = file.iter().filter(|&&byte| byte == b'\n').count();
    let after_returns = file.windows(2).filter(|&pair| pair == b"\r\n").count();
    let has_its_end = file.trim_ascii_end().ends_with(b"ee");
    is_torrent && feeds > 0 && (after_returns == feeds || (after_returns == 0 && has_its_end))
}
