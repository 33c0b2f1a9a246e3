//! The list index of an installation, as it would be after some hours without a refresh.

use std::fs;
use std::path::Path;

/// Where the time stands at which all was counted, and the checksum of what is before that.
const COUNTED: std::ops::Range<usize> = 24..32;
const CHECKSUM: std::ops::Range<usize> = 92..96;

/// Makes an index say that all was counted that many seconds before.
pub fn make_older(path: &Path, seconds: u64) {
    let mut index = fs::read(path).expect("the index");
    let counted = u64::from_le_bytes(index[COUNTED].try_into().expect("a time"));
    index[COUNTED].copy_from_slice(&(counted - seconds).to_le_bytes());
    let mut checksum = flate2::Crc::new();
    checksum.update(&index[..CHECKSUM.start]);
    index[CHECKSUM].copy_from_slice(&checksum.sum().to_le_bytes());
    fs::write(path, index).expect("an old index");
}
