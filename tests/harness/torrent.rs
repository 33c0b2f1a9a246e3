//! Small torrents made on the spot: one file, version 1.

use sha1::{Digest, Sha1};

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

    /// The name of the `.torrent` file.
    pub fn file_name(&self) -> String {
        format!("{}.torrent", self.name)
    }
}

/// Bytes that do not repeat: digests of the name and a counter.
fn content(name: &str, length: usize) -> Vec<u8> {
    let blocks = (0..length.div_ceil(20)).map(|block| Sha1::digest(format!("{name} {block}")));
    blocks.flatten().take(length).collect()
}
