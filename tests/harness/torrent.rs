//! Small torrents made on the spot: one file, version 1 or hybrid (BEP 52).

use sha1::{Digest, Sha1};
use sha2::Sha256;

/// A torrent and what it describes.
pub struct Torrent {
    /// The name of the file that it describes.
    pub name: String,
    /// The content of that file.
    pub content: Vec<u8>,
    /// The `.torrent` file.
    pub metainfo: Vec<u8>,
    /// The SHA-1 of its info dictionary.
    pub info_hash: [u8; 20],
}

const PIECE_LENGTH: usize = 64 * 1024;

impl Torrent {
    /// A torrent of `length` bytes that no other call gives for another name.
    pub fn new(name: &str, length: usize, announce: &str) -> Self {
        let content = content(name, length);
        let mut info = format!(
            "d6:lengthi{length}e4:name{}:{name}12:piece lengthi{PIECE_LENGTH}e6:pieces{}:",
            name.len(),
            length.div_ceil(PIECE_LENGTH) * 20
        )
        .into_bytes();
        for piece in content.chunks(PIECE_LENGTH) {
            info.extend_from_slice(&Sha1::digest(piece));
        }
        info.push(b'e');
        let info_hash = Sha1::digest(&info).into();
        let mut metainfo = format!("d8:announce{}:{announce}4:info", announce.len()).into_bytes();
        metainfo.extend_from_slice(&info);
        metainfo.push(b'e');
        Self { name: name.into(), content, metainfo, info_hash }
    }

    /// The same as a hybrid: it has a second info-hash, that of version 2.
    pub fn hybrid(name: &str, length: usize, announce: &str) -> Self {
        let content = content(name, length);
        let layer: Vec<[u8; 32]> = content.chunks(PIECE_LENGTH).map(piece_hash).collect();
        let padding = root(vec![[0; 32]; PIECE_LENGTH / BLOCK_LENGTH], [0; 32]);
        let pieces_root = root(layer.clone(), padding);
        let mut info =
            format!("d9:file treed{}:{name}d0:d6:lengthi{length}e11:pieces root32:", name.len())
                .into_bytes();
        info.extend_from_slice(&pieces_root);
        let rest = format!(
            "eee6:lengthi{length}e12:meta versioni2e4:name{}:{name}12:piece lengthi{PIECE_LENGTH}e6:pieces{}:",
            name.len(),
            length.div_ceil(PIECE_LENGTH) * 20
        );
        info.extend_from_slice(rest.as_bytes());
        content.chunks(PIECE_LENGTH).for_each(|piece| info.extend_from_slice(&Sha1::digest(piece)));
        info.push(b'e');
        let info_hash = Sha1::digest(&info).into();
        let mut metainfo = format!("d8:announce{}:{announce}4:info", announce.len()).into_bytes();
        metainfo.extend_from_slice(&info);
        metainfo.extend_from_slice(b"12:piece layersd32:");
        metainfo.extend_from_slice(&pieces_root);
        metainfo.extend_from_slice(format!("{}:", layer.len() * 32).as_bytes());
        metainfo.extend_from_slice(&layer.concat());
        metainfo.extend_from_slice(b"ee");
        Self { name: name.into(), content, metainfo, info_hash }
    }

    /// The name of the `.torrent` file.
    pub fn file_name(&self) -> String {
        format!("{}.torrent", self.name)
    }
}

/// Bytes of a leaf of the hash tree of version 2.
const BLOCK_LENGTH: usize = 16 * 1024;

/// The hash of a piece in version 2.
fn piece_hash(piece: &[u8]) -> [u8; 32] {
    let mut leaves: Vec<[u8; 32]> =
        piece.chunks(BLOCK_LENGTH).map(|block| Sha256::digest(block).into()).collect();
    leaves.resize(PIECE_LENGTH / BLOCK_LENGTH, [0; 32]);
    root(leaves, [0; 32])
}

/// The root of a hash tree, with as many `padding` hashes as make a power of two.
fn root(mut hashes: Vec<[u8; 32]>, padding: [u8; 32]) -> [u8; 32] {
    hashes.resize(hashes.len().next_power_of_two(), padding);
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| Sha256::digest(pair.concat()).into()).collect();
    }
    hashes[0]
}

/// Bytes that do not repeat: digests of the name and a counter.
fn content(name: &str, length: usize) -> Vec<u8> {
    let blocks = (0..length.div_ceil(20)).map(|block| Sha1::digest(format!("{name} {block}")));
    blocks.flatten().take(length).collect()
}
