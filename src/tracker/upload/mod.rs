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

pub use archive::{ArchiveError, LeftOut, is_archive};
pub use candidate::Candidate;
use candidate::What;
pub use categories::categories;
pub use verdict::{GivenTorrent, KnownState, Verdict};

use super::event_log::note_torrents;
use super::scan_rules;
use crate::catalog::detail_values::{self, DetailError};
use crate::catalog::{
    Added, Author, Catalog, CatalogError, Details, ScanChanges, StoredFile, Torrent, TorrentByHash,
    is_same_group, read_torrent,
};
use crate::config::{LoadedConfig, UploadPlace};
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
    place: Place,
    foreign: Foreign,
    groups: Option<&'a [String]>,
}

/// Where files are put.
#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    /// The catalogue; it is said of those that are new that this is their category.
    Catalog {
        category: Option<String>,
    },
}

/// A category that files cannot be put into.
#[derive(Debug, thiserror::Error)]
pub enum CategoryError {
    /// It is no folder.
    #[error("there is no folder `{0}` in the torrents folder; make it there first")]
    NoFolder(String),
    /// Nothing can be said to be of it.
    #[error(transparent)]
    Unusable(#[from] DetailError),
}

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
    /// Into the torrents folder itself, or the catalogue, as the configuration has it.
    #[must_use]
    pub fn new(loaded: &'a LoadedConfig, foreign: Foreign) -> Self {
        let place = Place::Folder(PathBuf::new());
        Self { loaded, place, foreign, groups: None }.kept_in(loaded.config.catalog.keep_uploads)
    }

    /// Into the torrents folder itself, or the catalogue.
    #[must_use]
    pub fn kept_in(mut self, place: UploadPlace) -> Self {
        self.place = match place {
            UploadPlace::Folder => Place::Folder(self.loaded.config.paths.torrents.clone()),
            UploadPlace::Database => Place::Catalog { category: None },
        };
        self
    }

    /// For somebody who looks after torrents of these groups only, if any are named. Others that are known are left as they
    /// are, and nothing is told of how they stand.
    #[must_use]
    pub fn within(mut self, groups: Option<&'a [String]>) -> Self {
        self.groups = groups;
        self
    }

    /// Into a category: its name, such as `linux/iso`; empty: none. For the torrents folder it is a folder below that, which is
    /// there.
    ///
    /// # Errors
    /// When there is no such folder, or it is elsewhere; or when the name is none.
    pub fn into_category(mut self, category: &str) -> Result<Self, CategoryError> {
        self.place = match self.place {
            Place::Folder(torrents) => Place::Folder(folder_of(&torrents, category)?),
            Place::Catalog { .. } => {
                let category = detail_values::one_line(category)?;
                Place::Catalog { category: Some(category).filter(|name| !name.is_empty()) }
            }
        };
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

/// The folder of a category below that of the torrents.
fn folder_of(torrents: &Path, category: &str) -> Result<PathBuf, CategoryError> {
    let no_folder = || CategoryError::NoFolder(category.to_owned());
    let is_plain = |part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    };
    if !Path::new(category).components().all(is_plain) {
        return Err(no_folder());
    }
    let torrents = torrents.canonicalize().map_err(|_| no_folder())?;
    let folder = torrents.join(category);
    // What a link leads to may be no folder of ours.
    let is_itself = folder.canonicalize().is_ok_and(|real| real == folder);
    if is_itself && folder.is_dir() { Ok(folder) } else { Err(no_folder()) }
}

/// Torrents that are being added, all in one turn.
pub struct Adding<'c> {
    upload: &'c Upload<'c>,
    catalog: &'c mut Catalog,
    author: &'c Author<'c>,
    /// The info-hashes of the files that were put in their place.
    files: HashSet<InfoHash>,
    /// The torrents whose files were put into the folder: who did that is still to be noted.
    placed: Vec<GivenTorrent>,
    /// What archives may still bring.
    room: archive::Room,
    /// Whether the catalogue cannot be used; then nothing further is tried.
    has_failed: bool,
}

impl Adding<'_> {
    /// Adds all that is given, and ends.
    ///
    /// # Errors
    /// As [`Adding::finish`].
    pub fn add_all(mut self, sources: &[Source<'_>]) -> Result<Vec<Judged>, CatalogError> {
        let judged = sources.iter().flat_map(|source| self.add_source(source)).collect();
        self.finish()?;
        Ok(judged)
    }

    /// Adds what is given: several torrents when it is an archive. One file of an archive is in memory at a time.
    pub fn add_source(&mut self, source: &Source<'_>) -> Vec<Judged> {
        match *source {
            Source::Text(text) => {
                let verdict = match Candidate::of_text(text, self.author.at) {
                    Some(Ok(candidate)) => self.add(candidate),
                    Some(Err(problem)) => Verdict::NoMagnet(problem),
                    None => Verdict::NoHash,
                };
                vec![Judged { given: shown(text), verdict }]
            }
            Source::File { name, content } if archive::is_archive(content) => {
                self.add_archive(name, content)
            }
            Source::File { name, content } => {
                let verdict = self.add_file(content.into());
                vec![Judged { given: shown(name), verdict }]
            }
        }
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

    fn add_archive(&mut self, name: &str, content: &[u8]) -> Vec<Judged> {
        let mut judged = Vec::new();
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
        judged
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
                let (metainfo, content) = (&*metainfo, &*content);
                let new = NewFile { metainfo, content, name, is_rewritten, is_new: true };
                self.put(torrent, new)
            }
        };
        verdict.unwrap_or_else(|problem| {
            self.has_failed = true;
            Verdict::Failed(problem)
        })
    }

    /// Has a torrent be tracked without a file.
    fn track(&mut self, torrent: &TorrentByHash) -> Result<Verdict, CatalogError> {
        for hash in [Some(torrent.hashes.canonical()), torrent.hashes.alias()].into_iter().flatten()
        {
            if self.catalog.torrent(hash)?.is_some_and(|known| self.is_of_others(&known)) {
                let given = GivenTorrent { info_hash: hash, name: torrent.name.clone() };
                return Ok(Verdict::Known { torrent: given, state: KnownState::Tracked });
            }
        }
        let Added { info_hash, is_new } = self.catalog.add(torrent, self.author)?;
        self.note(info_hash, is_new);
        let known = self.catalog.torrent(info_hash)?;
        let given = GivenTorrent { info_hash, name: torrent.name.clone() };
        Ok(match known {
            Some(known) if known.details().retired().is_some() => {
                Verdict::Known { torrent: given, state: KnownState::Retired }
            }
            known if is_new => {
                let is_new = known.is_none_or(|known| known.decision() == &Details::default());
                let (kept_in, is_rewritten) = (None, false);
                Verdict::Added { torrent: given, kept_in, is_new, is_rewritten }
            }
            Some(known) if known.has_file() => {
                Verdict::Known { torrent: given, state: KnownState::Kept }
            }
            known => {
                let state = known.map_or(KnownState::Tracked, |known| state_of(&known));
                Verdict::Known { torrent: given, state }
            }
        })
    }

    /// Has a torrent that came stand among the events.
    fn note(&self, info_hash: InfoHash, is_new: bool) {
        let added = if is_new { vec![info_hash] } else { Vec::new() };
        let changes = ScanChanges { added, ..ScanChanges::default() };
        note_torrents(self.upload.loaded, &changes, self.author.at);
    }

    /// Puts a file in its place, unless its torrent has one.
    fn put(&mut self, torrent: GivenTorrent, new: NewFile<'_>) -> Result<Verdict, CatalogError> {
        let hashes = [Some(new.metainfo.canonical()), new.metainfo.alias()];
        let hashes: Vec<InfoHash> = hashes.into_iter().flatten().collect();
        if hashes.iter().any(|hash| self.files.contains(hash)) {
            return Ok(Verdict::Known { torrent, state: KnownState::Twice });
        }
        let mut is_new = true;
        for &hash in &hashes {
            let Some(known) = self.catalog.torrent(hash)? else { continue };
            if self.is_of_others(&known) {
                return Ok(Verdict::Known { torrent, state: KnownState::Tracked });
            }
            if let Some(state) = self.without_need_of_a_file(&known) {
                return Ok(Verdict::Known { torrent, state });
            }
            is_new &= is_forgotten(&known);
        }
        let new = NewFile { is_new, ..new };
        let verdict = match &self.upload.place {
            Place::Folder(folder) => self.upload.put(folder, torrent, &new),
            Place::Catalog { category } => self.store(torrent, &new, category.as_deref())?,
        };
        if let Verdict::Added { torrent, kept_in, .. } = &verdict {
            if *kept_in == Some(UploadPlace::Folder) {
                self.placed.push(torrent.clone());
            }
            self.files.extend(hashes);
        }
        Ok(verdict)
    }

    /// Puts a file into the catalogue.
    fn store(
        &mut self,
        torrent: GivenTorrent,
        new: &NewFile<'_>,
        category: Option<&str>,
    ) -> Result<Verdict, CatalogError> {
        let file = StoredFile { metainfo: new.metainfo, content: new.content };
        let Added { info_hash, is_new: is_tracked_now } =
            self.catalog.store_file(&file, self.author)?;
        if let Some(category) = category.filter(|_| new.is_new) {
            let set = |it: &mut Details| it.category = Some(category.to_owned());
            self.catalog.decide(info_hash, "edit", set, self.author)?;
        }
        self.note(info_hash, is_tracked_now);
        Ok(new.added(GivenTorrent { info_hash, ..torrent }, UploadPlace::Database))
    }

    /// Whether a torrent is none of those that this person looks after.
    fn is_of_others(&self, known: &Torrent) -> bool {
        let group = known.details().group.as_deref();
        let is_own = |groups: &[String]| {
            group.is_some_and(|group| groups.iter().any(|own| is_same_group(own, group)))
        };
        !is_forgotten(known) && !self.upload.groups.is_none_or(is_own)
    }

    /// What a torrent is that needs no other file: one that has its own, or is retired.
    fn without_need_of_a_file(&self, known: &Torrent) -> Option<KnownState> {
        let torrents = &self.upload.loaded.config.paths.torrents;
        // It may have gone since the folder was looked at.
        let is_there = known.has_file() && torrents.join(&known.file).exists();
        let has_file = known.missing_since.is_none() && (is_there || known.stored_size.is_some());
        let state = state_of(known);
        (has_file || state == KnownState::Retired).then_some(state)
    }
}

/// Whether a torrent is gone and nothing was decided about it: when it comes again it is as new.
fn is_forgotten(known: &Torrent) -> bool {
    known.missing_since.is_some() && known.decision() == &Details::default()
}

fn state_of(known: &Torrent) -> KnownState {
    match () {
        () if known.details().retired().is_some() => KnownState::Retired,
        () if known.hidden => KnownState::Hidden,
        () => KnownState::Tracked,
    }
}

/// A file that is to be put in its place.
struct NewFile<'f> {
    metainfo: &'f Metainfo,
    content: &'f [u8],
    /// The name that it keeps in the folder; without one, it is called as its torrent.
    name: Option<OsString>,
    is_rewritten: bool,
    /// As in [`Verdict::Added`].
    is_new: bool,
}

impl NewFile<'_> {
    fn added(&self, torrent: GivenTorrent, place: UploadPlace) -> Verdict {
        let Self { is_new, is_rewritten, .. } = *self;
        Verdict::Added { torrent, kept_in: Some(place), is_new, is_rewritten }
    }
}

impl Upload<'_> {
    fn put(&self, folder: &Path, torrent: GivenTorrent, new: &NewFile<'_>) -> Verdict {
        let names = match &new.name {
            Some(name) => vec![name.clone()],
            None => file_name::of(&torrent.name, torrent.info_hash).map(OsString::from).to_vec(),
        };
        let mut taken = PathBuf::new();
        for name in names {
            let file = folder.join(name);
            match place(&file, new.content) {
                Ok(true) => {
                    return new.added(torrent, UploadPlace::Folder);
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
