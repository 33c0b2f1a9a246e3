//! Reads those files of a listing that are not known.

use super::listing::{ListedFile, Listing};
use super::watched::Watched;
use super::{FolderProblem, FoundTorrent, ScanRules, read};
use crate::catalog::checksum_files::{self, ReadChecksumFile};
use crate::catalog::sidecar::{self, ReadSidecar};
use crate::protocol::{Metainfo, sole_file};

/// The files of a scan that have to be read.
pub(super) struct Reading<'a> {
    listing: &'a Listing,
    rules: &'a ScanRules<'a>,
    pub(super) found: Vec<FoundTorrent>,
    pub(super) problems: Vec<FolderProblem>,
    /// Files that cannot be used yet.
    pub(super) uploads: Vec<Watched>,
}

impl<'a> Reading<'a> {
    /// Nothing is read yet; these problems are known.
    pub(super) fn new(
        listing: &'a Listing,
        rules: &'a ScanRules<'a>,
        problems: Vec<FolderProblem>,
    ) -> Self {
        Self { listing, rules, found: Vec::new(), problems, uploads: Vec::new() }
    }

    /// Reads a `.torrent` file and what is beside it.
    pub(super) fn read(&mut self, file: &ListedFile) {
        let Listing { root, begun, .. } = self.listing;
        let path = root.join(&file.path);
        let watched = Watched::before_reading(&path);
        let metainfo = read(&path, self.rules.max_torrent_bytes)
            .and_then(|read| Ok((Metainfo::parse(&read.content)?, read)));
        let problem = match metainfo {
            Ok((metainfo, read)) => match self.rules.complaint(&metainfo) {
                Some(problem) => problem,
                None => {
                    let mut found = FoundTorrent::new(file, metainfo, &read);
                    found.sidecar = self.read_sidecar(file);
                    found.checksum_files = self.read_checksum_files(file, &read.content);
                    let is_known = found.has_settled_companions();
                    found.state = found.state.filter(|state| is_known && state.is_settled(*begun));
                    return self.found.push(found);
                }
            },
            Err(problem) => {
                // It may still be on its way here, and is to be watched.
                self.uploads.extend(watched);
                problem
            }
        };
        self.problems.push(FolderProblem { file: file.path.clone(), problem });
    }

    fn read_sidecar(&mut self, file: &ListedFile) -> Option<Box<ReadSidecar>> {
        file.companions.as_ref()?.sidecar?;
        let Listing { root, begun, .. } = self.listing;
        let inside = sidecar::path_of(&file.path);
        let path = root.join(&inside);
        let watched = Watched::before_reading(&path);
        Some(Box::new(match sidecar::read(&path) {
            Ok((details, state)) => {
                let state = Some(state).filter(|state| state.is_settled(*begun));
                ReadSidecar { outcome: Ok(details), state }
            }
            Err(problem) => {
                self.uploads.extend(watched);
                let fault = problem.to_string();
                self.problems.push(FolderProblem { file: inside, problem: problem.into() });
                ReadSidecar { outcome: Err(fault), state: None }
            }
        }))
    }

    fn read_checksum_files(&mut self, file: &ListedFile, torrent: &[u8]) -> Vec<ReadChecksumFile> {
        let Some(companions) = file.companions.as_deref() else { return Vec::new() };
        let files = &companions.checksum_files;
        let only_file = if files.is_empty() { None } else { sole_file(torrent) };
        let read = |&(ending, _): &_| self.read_checksum_file(file, ending, only_file.as_deref());
        files.iter().map(read).collect()
    }

    fn read_checksum_file(
        &mut self,
        file: &ListedFile,
        ending: &'static str,
        only_file: Option<&str>,
    ) -> ReadChecksumFile {
        let Listing { root, begun, .. } = self.listing;
        let inside = checksum_files::path_of(&file.path, ending);
        let path = root.join(&inside);
        let watched = Watched::before_reading(&path);
        match checksum_files::read(&path, only_file) {
            Ok((checksums, state)) => {
                let state = Some(state).filter(|state| state.is_settled(*begun));
                ReadChecksumFile { ending, outcome: Ok(checksums), state }
            }
            Err(problem) => {
                self.uploads.extend(watched);
                let fault = problem.to_string();
                self.problems.push(FolderProblem { file: inside, problem: problem.into() });
                ReadChecksumFile { ending, outcome: Err(fault), state: None }
            }
        }
    }
}
