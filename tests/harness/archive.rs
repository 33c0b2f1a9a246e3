//! ZIP archives made on the spot.

use std::io::Write as _;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// A ZIP archive of deflated files (APPNOTE.TXT 4.3).
pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).expect("memory");
        let packed = encoder.finish().expect("memory");
        let mut crc = Crc::new();
        crc.update(content);
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a small file").to_le_bytes();
        let name_length = u16::try_from(name.len()).expect("a short name").to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend(length(&packed));
        common.extend(length(content));
        common.extend(name_length);
        common.extend([0, 0]);
        let offset = length(&archive);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(packed);
    }
    let count = u16::try_from(files.len()).expect("few files").to_le_bytes();
    let lengths = [directory.len(), archive.len()];
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count, count].concat());
    for length in lengths {
        archive.extend(u32::try_from(length).expect("a small archive").to_le_bytes());
    }
    archive.extend([0, 0]);
    archive
}
