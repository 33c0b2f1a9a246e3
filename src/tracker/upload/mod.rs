//! Torrents that somebody gives: `.torrent` files, archives of them, info-hashes and magnet links, each with a verdict.
//! For the command line, the pages of the administration and programs alike.

mod archive;
mod candidate;
mod categories;
mod file_name;
#[cfg(test)]
mod tests;
mod verdict;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

pub use archive::{ArchiveError, LeftOut};
pub use candidate::Candidate;
use candidate::What;
pub use categories::categories;
pub use verdict::{GivenTorrent, KnownState, Verdict};

use super::event_log::note_torrents;
use super::scan_rules;
use crate::catalog::{
    Added, Author, Catalog, CatalogError, ScanChanges, Torrent, TorrentByHash, read_torrent,
};
use crate::config::LoadedConfig;
use crate::platform::publication::TemporaryFile;
use crate::protocol::{InfoHash, Metainfo};

/// Characters of what was given that a verdict repeats.
const SHOWN: usize = 300;

/// What becomes of torrents whose announce URLs are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// They are refused.
    Refused,
    /// They get ours in the place of theirs, as `tracker torrent rewrite` does it.
    Rewritten,
}

/// How torrents are taken, and where to.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    loaded: &'a LoadedConfig,
    folder: PathBuf,
    foreign: Foreign,
}

/// A category that is no folder.
#[derive(Debug, thiserror::Error)]
#[error("there is no folder `{0}` in the torrents folder; make it there first")]
pub struct NoCategory(String);

/// Something that somebody gives.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A `.torrent` file, or a ZIP archive of them.
    File {
        /// What it is called; only repeated in verdicts.
        name: &'a str,
        /// Its bytes.
        content: &'a [u8],
    },
    /// An info-hash, or a magnet link.
    Text(&'a str),
}

/// Something that was given, and what became of it.
#[derive(Debug)]
pub struct Judged {
    /// What it was called: a file, one in an archive, or the text. May have any characters.
    pub given: String,
    /// What became of it.
    pub verdict: Verdict,
}

impl<'a> Upload<'a> {
    /// Into the torrents folder itself.
    #[must_use]
    pub fn new(loaded: &'a LoadedConfig, foreign: Foreign) -> Self {
        Self { loaded, folder: loaded.config.paths.torrents.clone(), foreign }
    }

    /// Into a folder below it, which is there: its path, such as `linux/iso`; empty: the torrents folder itself.
    ///
    /// # Errors
    /// When there is no such folder, or it is elsewhere.
    pub fn into_category(mut self, category: &str) -> Result<Self, NoCategory> {
        let no_category = || NoCategory(category.to_owned());
        let is_plain = |part| match part {
            Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
            _ => false,
        };
        if !Path::new(category).components().all(is_plain) {
            return Err(no_category());
        }
        let torrents = self.folder.canonicalize().map_err(|_| no_category())?;
        let folder = torrents.join(category);
        // What a link leads to may be no folder of ours.
        let is_itself = folder.canonicalize().is_ok_and(|real| real == folder);
        if !is_itself || !folder.is_dir() {
            return Err(no_category());
        }
        self.folder = folder;
        Ok(self)
    }

    /// Begins to add torrents to a catalogue. The caller has the turn ([`super::Turn`]) until all are added, and
    /// publishes then.
    #[must_use]
    pub fn begin<'c>(&'c self, catalog: &'c mut Catalog, author: &'c Author<'c>) -> Adding<'c> {
        Adding {
            upload: self,
            catalog,
            author,
            files: HashSet::new(),
            placed: Vec::new(),
            room: archive::Room::default(),
            has_failed: false,
        }
    }
}

/// Torrents that are being added, all in one turn.
pub struct Adding<'c> {
    upload: &'c Upload<'c>,
    catalog: &'c mut Catalog,
    author: &'c Author<'c>,
    /// The info-hashes of the files that were put into the folder, which the catalogue does not know yet.
    files: HashSet<InfoHash>,
    /// The torrents whose files those are.
    placed: Vec<GivenTorrent>,
    /// What archives may still bring.
    room: archive::Room,
    /// Whether the catalogue cannot be used; then nothing further is tried.
    has_failed: bool,
}

impl Adding<'_> {
    /// Adds all that is given, and ends. One file of an archive is in memory at a time.
    ///
    /// # Errors
    /// As [`Adding::finish`].
    pub fn add_all(mut self, sources: &[Source<'_>]) -> Result<Vec<Judged>, CatalogError> {
        let mut judged = Vec::new();
        for source in sources {
            match *source {
                Source::Text(text) => {
                    let verdict = match Candidate::of_text(text, self.author.at) {
                        Some(Ok(candidate)) => self.add(candidate),
                        Some(Err(problem)) => Verdict::NoMagnet(problem),
                        None => Verdict::NoHash,
                    };
                    judged.push(Judged { given: shown(text), verdict });
                }
                Source::File { name, content } if archive::is_archive(content) => {
                    self.add_archive(name, content, &mut judged);
                }
                Source::File { name, content } => {
                    let verdict = self.add_file(content.into());
                    judged.push(Judged { given: shown(name), verdict });
                }
            }
        }
        self.finish()?;
        Ok(judged)
    }

    /// Ends: has the catalogue say whose files were put into the folder.
    ///
    /// # Errors
    /// When the catalogue cannot be written. The files are in the folder then.
    pub fn finish(self) -> Result<(), CatalogError> {
        if self.placed.is_empty() {
            return Ok(());
        }
        let placed = self.placed.iter().map(|torrent| (torrent.info_hash, &*torrent.name));
        self.catalog.note_files(placed, self.author)
    }

    fn add_archive(&mut self, name: &str, content: &[u8], judged: &mut Vec<Judged>) {
        let most = self.upload.loaded.config.catalog.max_torrent_bytes.0;
        let mut room = std::mem::take(&mut self.room);
        let outcome = archive::unpack(content, most, &mut room, &mut |path, file| {
            let verdict = match file {
                Ok(file) => self.add_file(file.into()),
                Err(why) => Verdict::LeftOut(why),
            };
            judged.push(Judged { given: shown(&format!("{name}/{path}")), verdict });
        });
        self.room = room;
        if let Err(problem) = outcome {
            judged.push(Judged { given: shown(name), verdict: Verdict::NoArchive(problem) });
        }
    }

    fn add_file(&mut self, content: Cow<'_, [u8]>) -> Verdict {
        match Candidate::of_file(content, self.upload.loaded, self.upload.foreign) {
            Ok(candidate) => self.add(candidate),
            Err(verdict) => verdict,
        }
    }

    /// Adds one.
    pub fn add(&mut self, candidate: Candidate<'_>) -> Verdict {
        if self.has_failed {
            return Verdict::NotReached;
        }
        let torrent = candidate.torrent();
        let verdict = match candidate.what {
            What::Hash(by_hash) => self.track(&by_hash),
            What::File { metainfo, content, name, is_rewritten } => {
                let new = NewFile { metainfo: &metainfo, content: &content, name, is_rewritten };
                self.put(torrent, &new)
            }
        };
        verdict.unwrap_or_else(|problem| {
            self.has_failed = true;
            Verdict::Failed(problem)
        })
    }

    /// Has a torrent be tracked without a file.
    fn track(&mut self, torrent: &TorrentByHash) -> Result<Verdict, CatalogError> {
        let Added { info_hash, is_new } = self.catalog.add(torrent, self.author)?;
        let added = if is_new { vec![info_hash] } else { Vec::new() };
        let changes = ScanChanges { added, ..ScanChanges::default() };
        note_torrents(self.upload.loaded, &changes, self.author.at);
        let known = self.catalog.torrent(info_hash)?;
        let given = GivenTorrent { info_hash, name: torrent.name.clone() };
        Ok(match known {
            Some(known) if known.details().retired().is_some() => {
                Verdict::Known { torrent: given, state: KnownState::Retired }
            }
            _ if is_new => Verdict::Added { torrent: given, file: None, is_rewritten: false },
            Some(known) if known.has_file() => {
                Verdict::Known { torrent: given, state: KnownState::Kept }
            }
            known => {
                let state = known.map_or(KnownState::Tracked, |known| state_of(&known));
                Verdict::Known { torrent: given, state }
            }
        })
    }

    /// Puts a file into the folder, unless its torrent has one.
    fn put(&mut self, torrent: GivenTorrent, new: &NewFile<'_>) -> Result<Verdict, CatalogError> {
        let hashes = [Some(new.metainfo.canonical()), new.metainfo.alias()];
        let hashes: Vec<InfoHash> = hashes.into_iter().flatten().collect();
        if hashes.iter().any(|hash| self.files.contains(hash)) {
            return Ok(Verdict::Known { torrent, state: KnownState::Twice });
        }
        for &hash in &hashes {
            if let Some(known) = self.catalog.torrent(hash)?
                && let Some(state) = self.without_need_of_a_file(&known)
            {
                return Ok(Verdict::Known { torrent, state });
            }
        }
        let verdict = self.upload.put(torrent, new);
        if let Verdict::Added { torrent, .. } = &verdict {
            self.files.extend(hashes);
            self.placed.push(torrent.clone());
        }
        Ok(verdict)
    }

    /// What a torrent is that needs no other file: one that has its own, or is retired.
    fn without_need_of_a_file(&self, known: &Torrent) -> Option<KnownState> {
        let torrents = &self.upload.loaded.config.paths.torrents;
        // It may have gone since the folder was looked at.
        let has_file = known.has_file()
            && known.missing_since.is_none()
            && torrents.join(&known.file).exists();
        let state = state_of(known);
        (has_file || state == KnownState::Retired).then_some(state)
    }
}

fn state_of(known: &Torrent) -> KnownState {
    match () {
        () if known.details().retired().is_some() => KnownState::Retired,
        () if known.hidden => KnownState::Hidden,
        () => KnownState::Tracked,
    }
}

/// A file that is to be put into the folder.
struct NewFile<'f> {
    metainfo: &'f Metainfo,
    content: &'f [u8],
    /// The name that it keeps; without one, it is called as its torrent.
    name: Option<OsString>,
    is_rewritten: bool,
}

impl Upload<'_> {
    fn put(&self, torrent: GivenTorrent, new: &NewFile<'_>) -> Verdict {
        let names = match &new.name {
            Some(name) => vec![name.clone()],
            None => file_name::of(&torrent.name, torrent.info_hash).map(OsString::from).to_vec(),
        };
        let mut taken = PathBuf::new();
        for name in names {
            let file = self.folder.join(name);
            match place(&file, new.content) {
                Ok(true) => {
                    let is_rewritten = new.is_rewritten;
                    return Verdict::Added { torrent, file: Some(file), is_rewritten };
                }
                Ok(false) if self.is_the_same(&file, new.metainfo) => {
                    return Verdict::Known { torrent, state: KnownState::InFolder };
                }
                Ok(false) => taken = file,
                Err(source) => return Verdict::NotStored { file, source },
            }
        }
        Verdict::NameTaken { file: taken }
    }

    /// Whether a file is that of a torrent.
    fn is_the_same(&self, file: &Path, metainfo: &Metainfo) -> bool {
        read_torrent(file, scan_rules(self.loaded).max_torrent_bytes)
            .is_ok_and(|(there, _)| there.hashes == metainfo.hashes)
    }
}

/// Puts a file in its place, whole or not at all, for all to read and none to run. False where something is there.
fn place(file: &Path, content: &[u8]) -> io::Result<bool> {
    // The turn makes this process the only writer.
    let mut temporary = TemporaryFile::of_only_writer(file)?;
    temporary.file.write_all(content)?;
    // Visitors download it.
    temporary.file.set_permissions(Permissions::from_mode(0o644))?;
    temporary.file.sync_all()?;
    temporary.close().place_if_absent(file)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
