//! The files that a scan need not read, because an earlier one has.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use super::listing::{Detail, ListedFile, MANY_FILES, Seen, SeenCompanions, Surroundings};
use crate::catalog::Torrent;
use crate::catalog::file_state::FileState;
use crate::platform::threads::side_by_side;
use crate::protocol::InfoHash;

/// Torrents of an earlier scan, and those of their files that need not be read again.
#[derive(Debug)]
pub struct KnownFiles<'a> {
    torrents: Vec<&'a Torrent>,
    fingerprints: Fingerprints,
}

/// Where in a list the torrent of each file stands that need not be read again, by a fingerprint of all that a listing
/// says of the file. To compare the files themselves means a jump through memory for each.
#[derive(Debug)]
pub struct Fingerprints {
    positions: HashMap<u64, usize>,
    /// A key of its own, so that nobody can make two files that have the same one; by chance that takes 2^32 files.
    key: RandomState,
}

impl Fingerprints {
    /// Of the files of these torrents, with the states in which they were read by the same rules, without anything to
    /// say against them; for a listing that looks so closely.
    pub fn of<'a>(
        torrents: impl ExactSizeIterator<Item = (&'a Torrent, Option<FileState>)>,
        detail: Detail,
    ) -> Self {
        let positions = HashMap::with_capacity(torrents.len());
        let mut fingerprints = Self { positions, key: RandomState::new() };
        for (position, (torrent, state)) in torrents.enumerate() {
            let Some(state) = state else { continue };
            let companions = SeenCompanions::of(torrent.companions(), detail);
            let surroundings = Surroundings {
                info_page: torrent.info_page.as_deref(),
                companions: companions.as_ref(),
            };
            let fingerprint = fingerprints.one(&torrent.file, detail.at(state), surroundings);
            fingerprints.positions.insert(fingerprint, position);
        }
        fingerprints
    }

    fn one(&self, file: &Path, seen: Seen, surroundings: Surroundings<'_>) -> u64 {
        // Paths themselves are hashed part by part.
        let page = surroundings.info_page.map(Path::as_os_str);
        self.key.hash_one((file.as_os_str(), seen, page, surroundings.companions))
    }
}

impl<'a> KnownFiles<'a> {
    /// These torrents, and the fingerprints of their files.
    #[must_use]
    pub fn new(torrents: Vec<&'a Torrent>, fingerprints: Fingerprints) -> Self {
        Self { torrents, fingerprints }
    }

    /// Whether every file has to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.positions.is_empty()
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
        let fingerprint = self.fingerprints.one(file, seen, surroundings);
        self.fingerprints.positions.get(&fingerprint).copied()
    }

    /// The same for each of these files. Of many, two threads look for half of them each.
    pub(super) fn positions(&self, files: &[ListedFile]) -> Vec<Option<usize>> {
        let all = |files: &[ListedFile]| -> Vec<Option<usize>> {
            let of = |it: &ListedFile| self.position(&it.path, it.seen, it.surroundings());
            files.iter().map(of).collect()
        };
        if files.len() < MANY_FILES {
            return all(files);
        }
        let (first, second) = files.split_at(files.len() / 2);
        let (second, mut positions) = side_by_side(|| all(second), || all(first));
        positions.extend(second);
        positions
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
        // In their order in memory: most have none of them.
        let has_one = |torrent: &Torrent| hashes_of(torrent).any(|hash| wanted.contains(&hash));
        let having = self.torrents.iter().enumerate().filter(|(_, torrent)| has_one(torrent));
        let having: HashMap<usize, &Torrent> = having.map(|(at, torrent)| (at, *torrent)).collect();
        let unchanged = positions.iter().filter_map(|position| having.get(position));
        let all = unchanged
            .flat_map(|torrent| hashes_of(torrent).map(|hash| (hash, torrent.file.as_path())));
        all.filter(|(hash, _)| wanted.contains(hash)).collect()
    }
}

fn hashes_of(torrent: &Torrent) -> impl Iterator<Item = InfoHash> {
    std::iter::once(torrent.canonical).chain(torrent.aliases())
}
