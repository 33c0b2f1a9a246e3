//! The files that a scan need not read, because an earlier one has.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use super::listing::{Detail, Seen, SeenCompanions, Surroundings};
use crate::catalog::Torrent;
use crate::catalog::file_state::FileState;
use crate::protocol::InfoHash;

/// Torrents of an earlier scan, and those of their files that need not be read again.
#[derive(Debug)]
pub struct KnownFiles<'a> {
    torrents: Vec<&'a Torrent>,
    /// Where the torrent of each file stands, by a fingerprint of all that a listing says of the file. To compare
    /// the files themselves means a jump through memory for each.
    positions: HashMap<u64, usize>,
    fingerprints: RandomState,
}

impl<'a> KnownFiles<'a> {
    /// Of these torrents, with the states in which their files were read by the same rules, without anything to say
    /// against them; for a listing that looks so closely.
    pub fn of(
        torrents: impl ExactSizeIterator<Item = (&'a Torrent, Option<FileState>)>,
        detail: Detail,
    ) -> Self {
        let mut known = Self {
            torrents: Vec::with_capacity(torrents.len()),
            positions: HashMap::with_capacity(torrents.len()),
            fingerprints: RandomState::new(),
        };
        for (position, (torrent, state)) in torrents.enumerate() {
            if let Some(state) = state {
                let companions = SeenCompanions::of(torrent.companions(), detail);
                let surroundings = Surroundings {
                    info_page: torrent.info_page.as_deref(),
                    companions: companions.as_ref(),
                };
                let fingerprint = known.fingerprint(&torrent.file, detail.at(state), surroundings);
                known.positions.insert(fingerprint, position);
            }
            known.torrents.push(torrent);
        }
        known
    }

    /// Whether every file has to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Where the torrent of a file stands, if the file was as it is seen now when it was read, and had the same beside
    /// it.
    #[must_use]
    pub fn position(
        &self,
        file: &Path,
        seen: Seen,
        surroundings: Surroundings<'_>,
    ) -> Option<usize> {
        self.positions.get(&self.fingerprint(file, seen, surroundings)).copied()
    }

    /// The files of those torrents at these positions that have one of these info-hashes.
    pub(super) fn files_of(
        &self,
        wanted: &HashSet<InfoHash>,
        positions: &[usize],
    ) -> HashMap<InfoHash, &'a Path> {
        if wanted.is_empty() {
            return HashMap::new();
        }
        let torrents = positions.iter().filter_map(|&position| self.torrents.get(position));
        let hashes = torrents.flat_map(|torrent| {
            let own = std::iter::once(torrent.canonical).chain(torrent.aliases());
            own.map(|hash| (hash, torrent.file.as_path()))
        });
        hashes.filter(|(hash, _)| wanted.contains(hash)).collect()
    }

    /// By a key of its own, so that nobody can make two files that have the same one; by chance that takes 2^32 files.
    fn fingerprint(&self, file: &Path, seen: Seen, surroundings: Surroundings<'_>) -> u64 {
        // Paths themselves are hashed part by part.
        let page = surroundings.info_page.map(Path::as_os_str);
        self.fingerprints.hash_one((file.as_os_str(), seen, page, surroundings.companions))
    }
}
