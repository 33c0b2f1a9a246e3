//! The torrent, or the `.torrent` file, that somebody names to a command.

use std::path::Path;

use super::MOST_TORRENT_BYTES;
use crate::catalog::{Catalog, FilePlace, Problem, Torrent, read_open_torrent, read_torrent};
use crate::cli::CommandError;
use crate::platform::named_files::{NamedFiles, NoFile};
use crate::platform::terminal::Harmless;
use crate::protocol::{InfoHash, Metainfo};

/// What somebody has written to name a torrent: its info-hash, a `.torrent` file or its name.
pub(in crate::cli) struct NamedTorrent<'a> {
    text: &'a str,
    files: NamedFiles,
}

/// Why a `.torrent` file that was named is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// Nothing that could be one is there.
    #[error(transparent)]
    NoFile(#[from] NoFile),
    /// What is wrong with it.
    #[error(transparent)]
    Problem(#[from] Problem),
}

impl<'a> NamedTorrent<'a> {
    /// Opens the file, if it is one that only root may read. To be called before this process becomes the owner's.
    pub(in crate::cli) fn new(text: &'a str) -> Self {
        let file = Some(Path::new(text)).filter(|path| is_torrent_file(path));
        Self { text, files: NamedFiles::open(file).unwrap_or_default() }
    }

    /// The torrent, which must be there.
    pub(in crate::cli) fn find(&self, catalog: &Catalog) -> Result<Torrent, CommandError> {
        self.look_up(catalog)?.ok_or_else(|| is_unknown(self.text))
    }

    /// The torrent, if there is one. Those whose files are there win over those whose files are gone.
    pub(in crate::cli) fn look_up(
        &self,
        catalog: &Catalog,
    ) -> Result<Option<Torrent>, CommandError> {
        if let Some(info_hash) = parse_info_hash(self.text)
            && let Some(torrent) = catalog.torrent(info_hash)?
        {
            return Ok(Some(torrent));
        }
        if self.text.is_empty() {
            return Ok(None);
        }
        let has_file = |it: &Torrent| it.has_file() && it.file == Path::new(self.text);
        let mut found = catalog.all_torrents()?;
        found.retain(|it| has_file(it) || it.name == self.text || it.title() == self.text);
        if found.is_empty() {
            return self.in_file(catalog);
        }
        let is_there = |it: &Torrent| it.missing_since.is_none();
        let sole = |is_it: &dyn Fn(&Torrent) -> bool| {
            let mut wanted = found.iter().filter(|torrent| is_it(torrent));
            wanted.next().filter(|_| wanted.next().is_none()).cloned()
        };
        let torrent = sole(&|it| is_there(it) && has_file(it)).or_else(|| sole(&is_there));
        match torrent.or_else(|| sole(&|_| true)) {
            Some(torrent) => Ok(Some(torrent)),
            None => Err(self.are_several(&found)),
        }
    }

    fn are_several(&self, found: &[Torrent]) -> CommandError {
        let told: Vec<_> =
            found.iter().map(|it| format!("{} ({})", it.canonical, place(it))).collect();
        CommandError::Failed(format!(
            "several torrents are called `{}`: {}; name one by its info-hash or by the path of its file",
            self.text,
            told.join(", ")
        ))
    }

    /// The torrent of a `.torrent` file, wherever that is.
    fn in_file(&self, catalog: &Catalog) -> Result<Option<Torrent>, CommandError> {
        let path = Path::new(self.text);
        if !is_torrent_file(path) {
            return Ok(None);
        }
        let failed = |problem: &dyn std::fmt::Display| {
            Err(CommandError::Failed(format!("{} {problem}", self.text)))
        };
        let metainfo = match read_named(&self.files, path, MOST_TORRENT_BYTES) {
            Ok((metainfo, _)) => metainfo,
            // That may have been meant for a name.
            Err(ReadError::NoFile(NoFile::Missing)) if !self.text.contains('/') => return Ok(None),
            Err(ReadError::NoFile(NoFile::Missing)) => {
                return failed(&"is neither a file that is there nor the name of a torrent");
            }
            Err(ReadError::Problem(Problem::Unreadable(source))) => {
                return failed(&format_args!(
                    "cannot be read as this user ({source}); name the torrent by its info-hash"
                ));
            }
            Err(problem) => return failed(&problem),
        };
        for info_hash in [Some(metainfo.canonical()), metainfo.alias()].into_iter().flatten() {
            if let Some(torrent) = catalog.torrent(info_hash)? {
                return Ok(Some(torrent));
            }
        }
        failed(&format_args!(
            "is a torrent that is not tracked (info-hash {}); `tracker torrent add FILE` tracks it, and `tracker \
             refresh --force` if it is in the torrents folder",
            metainfo.hashes
        ))
    }
}

/// Where a torrent's file is, in a list of several.
fn place(torrent: &Torrent) -> String {
    match torrent.missing_since {
        Some(_) => "its file is gone".to_owned(),
        None => match torrent.file_place() {
            FilePlace::Folder(file) => Harmless(file.display()).to_string(),
            FilePlace::Catalog => "in the database".to_owned(),
            FilePlace::Nowhere => "no file".to_owned(),
        },
    }
}

fn is_torrent_file(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("torrent"))
}

/// A torrent as the catalogue knows it by now.
pub(super) fn again(torrent: &Torrent, catalog: &Catalog) -> Result<Torrent, CommandError> {
    let hash = torrent.canonical;
    catalog.torrent(hash)?.ok_or_else(|| is_unknown(&hash.to_string()))
}

/// Why nothing is done about a torrent that nobody knows.
pub(in crate::cli) fn is_unknown(wanted: &str) -> CommandError {
    CommandError::Failed(format!(
        "there is no torrent `{wanted}`; `tracker torrent list --all` names them, and `tracker refresh --force` takes \
         in what is new in the torrents folder"
    ))
}

/// Reads an info-hash of either version as people write it.
pub(in crate::cli) fn parse_info_hash(text: &str) -> Option<InfoHash> {
    InfoHash::from_hex_of_any(text.trim().as_bytes())
}

/// Reads a `.torrent` file that was named to the command, and gives its content too.
pub(super) fn read_named(
    named: &NamedFiles,
    path: &Path,
    limit: u64,
) -> Result<(Metainfo, Vec<u8>), ReadError> {
    if let Some((file, _)) = named.at(path) {
        return Ok(read_open_torrent(file, limit)?);
    }
    let no_file = named.no_file(path).or_else(|| match path.metadata() {
        Ok(metadata) => metadata.is_dir().then_some(NoFile::Folder),
        Err(problem) => NoFile::of(&problem),
    });
    match no_file {
        Some(no_file) => Err(no_file.into()),
        None => Ok(read_torrent(path, limit)?),
    }
}
