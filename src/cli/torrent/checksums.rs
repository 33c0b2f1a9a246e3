//! The checksums of `tracker torrent edit --checksums`: out of a list, or of the content itself.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use crate::catalog::Torrent;
use crate::cli::CommandError;
use crate::cli::progress::ByteBar;
use crate::config::LoadedConfig;
use crate::platform::files;
use crate::platform::terminal::Harmless;
use crate::protocol::{ChecksumList, ChecksumListKind, Checksums, SoleFile};
use crate::tracker::{checksums_of, is_file_of, torrent_file};

/// The file that was named.
pub(super) struct Source<'a> {
    path: &'a Path,
    content: Content,
}

enum Content {
    /// A list of the checksums of several files.
    List(ChecksumList),
    /// What may be the content of the torrent.
    File(File, Metadata),
}

/// Bytes of a piece at most.
const LONGEST_PIECE: u64 = 64 << 20;

/// Bytes of a list at most.
const MOST_LIST_BYTES: u64 = 4 << 20;

impl<'a> Source<'a> {
    /// Reads a list, and opens what is none by its name.
    pub(super) fn open(path: &'a Path) -> Result<Self, CommandError> {
        let content = match ChecksumListKind::of_file(path) {
            Some(kind) => files::read_linked(path, MOST_LIST_BYTES)
                .map_err(|problem| refused(path, &problem))
                .and_then(|text| {
                    ChecksumList::read(&text, kind).map_err(|problem| refused(path, &problem))
                })
                .map(Content::List)?,
            None => {
                let opened = files::open_linked(path, File::options().read(true));
                let (file, metadata) = opened.map_err(|problem| refused(path, &problem))?;
                Content::File(file, metadata)
            }
        };
        Ok(Self { path, content })
    }

    /// The checksums of a torrent.
    pub(super) fn of(
        self,
        torrent: &Torrent,
        loaded: &LoadedConfig,
    ) -> Result<Checksums, CommandError> {
        let (path, name) = (self.path, Harmless(&torrent.name));
        match self.content {
            Content::File(file, metadata) if may_be_content(metadata.len(), torrent) => {
                let sole = sole_file(torrent, loaded);
                let computed = of_content(file, &metadata, sole.as_ref());
                computed.map_err(|problem| refused(path, &problem))?.ok_or_else(|| {
                    let told =
                        format!("it is not the content of {name}, by the hashes of that torrent");
                    refused(path, &told)
                })
            }
            Content::File(_, metadata) => Err(refused(
                path,
                &format_args!(
                    "it is neither a list of checksums by its name (.sfv, .md5, SHA256SUMS and the like) nor the content of \
                     {name}: that has {} bytes, and it has {}",
                    torrent.size,
                    metadata.len()
                ),
            )),
            Content::List(list) => match list.of(&torrent.name) {
                none if none == Checksums::default() => Err(refused(
                    path,
                    &format_args!("it has no checksum of {name}, or several that differ"),
                )),
                checksums => Ok(checksums),
            },
        }
    }
}

fn refused(path: &Path, problem: &dyn std::fmt::Display) -> CommandError {
    CommandError::Failed(format!("{}: {problem}; nothing was changed", path.display()))
}

/// Whether a file of this size may be a torrent's content. Version 2 counts it with what fills up its last piece.
fn may_be_content(size: u64, torrent: &Torrent) -> bool {
    let padding = if torrent.v2.is_some() { LONGEST_PIECE - 1 } else { 0 };
    torrent.known_size().is_none_or(|known| (size..=size.saturating_add(padding)).contains(&known))
}

/// What its `.torrent` file says of the only file of a torrent, where it is at hand.
fn sole_file(torrent: &Torrent, loaded: &LoadedConfig) -> Option<SoleFile> {
    let content = torrent_file(torrent, loaded).ok()??;
    SoleFile::of(&content).filter(|_| is_file_of(&content, torrent))
}

/// The checksums of a file; `None` where it is another one than that of the torrent.
fn of_content(
    file: File,
    metadata: &Metadata,
    sole: Option<&SoleFile>,
) -> io::Result<Option<Checksums>> {
    let bar = ByteBar::new(metadata.len());
    let mut check = sole.map(SoleFile::check);
    let computed = checksums_of(file, metadata, &mut |block| {
        bar.advance(block.len() as u64);
        if let Some(check) = &mut check {
            check.update(block);
        }
    });
    bar.finish();
    let checksums = computed?;
    Ok(check.is_none_or(|check| check.is_the_file()).then_some(checksums))
}
