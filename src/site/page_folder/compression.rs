//! Pages as web servers can give them to browsers that take them compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::manifest::Content;

/// Bytes from which on a page has a compressed sibling.
const WORTH_COMPRESSING: usize = 1024;

/// Endings of what can be compressed.
const COMPRESSIBLE: [&str; 8] = [".html", ".svg", ".xml", ".css", ".json", ".csv", ".rss", ".atom"];

/// Of nine: a third of the time of the usual six, for files that are a sixth larger.
const LEVEL: u32 = 2;

/// Whether a page has a compressed sibling.
pub(super) fn is_worth_it(path: &str, bytes: &[u8]) -> bool {
    bytes.len() >= WORTH_COMPRESSING && COMPRESSIBLE.iter().any(|ending| path.ends_with(ending))
}

/// The compressed form, and what that is known by.
pub(super) fn of(bytes: &[u8]) -> (Vec<u8>, Content) {
    let bytes = compressed(bytes);
    let content = Content::of(&bytes);
    (bytes, content)
}

/// The same bytes in the form of gzip.
pub(in crate::site) fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    // Memory takes all that is written to it.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
