//! Catalogues and torrents for tests.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::scan::Outcome;
use super::{Catalog, CatalogError, FoundTorrent, ScanChanges};
use crate::protocol::{InfoHash, InfoHashV2, InfoHashes, Metainfo, Timestamp};

/// A made-up info-hash of its own for each number.
pub(super) fn hash(number: u32) -> InfoHash {
    let mut hash = [0x11; 20];
    // The odd factor spreads the numbers over all values without two falling together.
    hash[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    InfoHash(hash)
}

/// A v1 torrent with the info-hash `hash(number)`.
pub(super) fn scanned(number: u32, file: &str) -> FoundTorrent {
    let metainfo = Metainfo {
        hashes: InfoHashes::V1(hash(number)),
        name: format!("content {number}"),
        size: 1_000 + u64::from(number),
        private: false,
        announce_urls: Vec::new(),
        has_web_seed: false,
        flaws: Vec::new(),
    };
    FoundTorrent {
        file: file.into(),
        metainfo,
        file_size: 300,
        modified: Timestamp(0),
        hidden: false,
        info_page: None,
        sidecar: None,
        checksum_files: Vec::new(),
        state: None,
    }
}

/// The same torrent with a v2 info-hash besides, which begins with `hash(number + 1_000_000)`.
pub(super) fn hybrid(number: u32, file: &str) -> FoundTorrent {
    let mut whole = [0x22; 32];
    whole[..20].copy_from_slice(&hash(number + 1_000_000).0);
    let mut found = scanned(number, file);
    found.metainfo.hashes = InfoHashes::Hybrid(hash(number), InfoHashV2(whole));
    found
}

/// A new catalogue in a folder of its own.
pub(super) fn new_catalog() -> (TempDir, Catalog) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&folder.path().join("catalog.db")).unwrap();
    (folder, catalog)
}

impl Catalog {
    /// Takes in what a scan found, beside the files in `keep`, which could not be read.
    pub(super) fn apply_scan(
        &mut self,
        found: &[FoundTorrent],
        keep: &[PathBuf],
        complete: bool,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        let mut list = self.list("")?;
        let keep = keep.iter().map(PathBuf::as_path).collect();
        self.update(&mut list, &Outcome { found, keep, complete, ..Outcome::default() }, now)
    }
}

/// A complete scan that could read everything.
pub(super) fn scan(catalog: &mut Catalog, found: &[FoundTorrent], now: u64) -> ScanChanges {
    catalog.apply_scan(found, &[], true, Timestamp(now)).unwrap()
}

/// The names of the files in a folder, sorted.
pub(super) fn files_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
