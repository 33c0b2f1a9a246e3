//! `tracker torrent add`: torrents from files anywhere, info-hashes and magnet links.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{ReadError, read_named};
use crate::catalog::{Added, Author, Catalog, ScanChanges, TorrentByHash, read_torrent};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::config::LoadedConfig;
use crate::platform::named_files::{NamedFiles, NoFile};
use crate::platform::publication::TemporaryFile;
use crate::platform::terminal::Harmless;
use crate::protocol::{InfoHash, InfoHashV2, InfoHashes, Magnet, Metainfo};
use crate::tracker::event_log::note_torrents;
use crate::tracker::scan_rules;

/// Track torrents: a .torrent file is put into the torrents folder; one that is named by its info-hash or by a magnet
/// link is tracked without a file
#[derive(Debug, clap::Args)]
pub struct AddArguments {
    /// .torrent files, info-hashes (40 or 64 hexadecimal digits) or magnet links
    #[arg(required = true, value_name = "FILE|HASH|MAGNET")]
    torrents: Vec<String>,
    /// What the torrent is called, instead of its name; for one torrent
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// What is to be tracked.
enum Source {
    /// The content of a file, and its name.
    File { name: PathBuf, content: Vec<u8>, metainfo: Box<Metainfo> },
    /// A torrent without a file.
    Hash(TorrentByHash),
}

impl AddArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if self.title.is_some() && self.torrents.len() > 1 {
            return Err(CommandError::Failed(
                "one title cannot be that of several torrents; add them one by one".into(),
            ));
        }
        let named = NamedFiles::open(self.torrents.iter().map(Path::new))?;
        // Root has become the owner of the site by now, so that nothing is published that the owner cannot read.
        let loaded = world.load_owner_config()?;
        let sources: Result<Vec<Source>, CommandError> =
            self.torrents.iter().map(|text| source(text, &named, &loaded, world)).collect();
        let sources = sources?;
        let told = change(world, |catalog, author| {
            let mut told = Vec::new();
            for source in &sources {
                let (hash, note) = source.track(catalog, author, &loaded)?;
                if let Some(title) = &self.title {
                    catalog.decide(hash, "edit", |it| it.title = Some(title.clone()), author)?;
                }
                told.push((hash, source.name(), note));
            }
            Ok(told)
        })?;
        told.iter().try_for_each(|(hash, name, note)| {
            let blank = if name.is_empty() { "" } else { "  " };
            world.print(format_args!("{hash}{blank}{}: {note}\n", Harmless(name)))
        })
    }
}

impl Source {
    /// The torrent's own name; may be empty.
    fn name(&self) -> &str {
        match self {
            Self::File { metainfo, .. } => &metainfo.name,
            Self::Hash(torrent) => &torrent.name,
        }
    }

    /// Has it be tracked. Returns the info-hash that the catalogue knows it by, and what has become of it.
    fn track(
        &self,
        catalog: &mut Catalog,
        author: &Author<'_>,
        loaded: &LoadedConfig,
    ) -> Result<(InfoHash, &'static str), CommandError> {
        let torrent = match self {
            Self::File { name, content, metainfo } => {
                return Ok((metainfo.canonical(), put(loaded, name, content)?));
            }
            Self::Hash(torrent) => torrent,
        };
        let Added { info_hash, is_new } = catalog.add(torrent, author)?;
        let added = if is_new { vec![info_hash] } else { Vec::new() };
        note_torrents(loaded, &ScanChanges { added, ..ScanChanges::default() }, author.at);
        let known = catalog.torrent(info_hash)?;
        let is_retired =
            known.as_ref().is_some_and(|torrent| torrent.details().retired().is_some());
        let note = match is_new {
            _ if is_retired => "is known, but retired: `tracker torrent restore` ends that",
            true => "is tracked from now on",
            false if known.is_some_and(|torrent| torrent.has_file()) => {
                "is tracked already, and stays when its file goes"
            }
            false => "is tracked already",
        };
        Ok((info_hash, note))
    }
}

/// What somebody has named.
fn source(
    text: &str,
    named: &NamedFiles,
    loaded: &LoadedConfig,
    world: &World<'_>,
) -> Result<Source, CommandError> {
    let failed = |problem: &dyn std::fmt::Display| {
        CommandError::Failed(format!("{text}: {problem}; nothing was added"))
    };
    let digits = text.trim().as_bytes();
    let hashes = InfoHash::from_hex(digits)
        .map(InfoHashes::V1)
        .or_else(|| InfoHashV2::from_hex(digits).map(InfoHashes::V2));
    let new = |hashes, name, size| TorrentByHash { hashes, name, size, first_seen: world.now };
    if let Some(hashes) = hashes {
        return Ok(Source::Hash(new(hashes, String::new(), None)));
    }
    if text.starts_with("magnet:") {
        let magnet = Magnet::parse(text).map_err(|problem| failed(&problem))?;
        return Ok(Source::Hash(new(magnet.hashes, magnet.name.unwrap_or_default(), magnet.size)));
    }
    let path = Path::new(text);
    let rules = scan_rules(loaded);
    let (metainfo, content) = match read_named(named, path, rules.max_torrent_bytes) {
        Ok(read) => read,
        Err(ReadError::NoFile(NoFile::Missing)) => {
            return Err(failed(&format_args!(
                "there is no such file, and it is neither an info-hash (40 or 64 hexadecimal digits) nor a magnet link"
            )));
        }
        Err(problem) => return Err(failed(&problem)),
    };
    if let Some(problem) = rules.complaint(&metainfo) {
        return Err(failed(&format_args!(
            "it {problem}; `tracker torrent rewrite` changes where it announces"
        )));
    }
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    if name.as_os_str().as_bytes().starts_with(b".") {
        return Err(failed(&"names that begin with a dot are not looked at; give it another one"));
    }
    // Other names are not looked at by scans.
    let name = if name.extension().is_some_and(|it| it.eq_ignore_ascii_case("torrent")) {
        name
    } else {
        let mut name = name.into_os_string();
        name.push(".torrent");
        name.into()
    };
    Ok(Source::File { name, content, metainfo: Box::new(metainfo) })
}

/// Puts a file into the torrents folder, unless another one has its name there.
fn put(loaded: &LoadedConfig, name: &Path, content: &[u8]) -> Result<&'static str, CommandError> {
    let target = loaded.config.paths.torrents.join(name);
    let failed = |problem: io::Error| {
        CommandError::Failed(format!(
            "cannot put {} into the torrents folder: {problem}; its folder must be writable for the user that the \
             tracker runs as, or copy the file there yourself",
            target.display()
        ))
    };
    let is_placed = (|| {
        let mut temporary = TemporaryFile::beside(&target)?;
        temporary.file.write_all(content)?;
        // Visitors download it.
        temporary.file.set_permissions(Permissions::from_mode(0o644))?;
        temporary.file.sync_all()?;
        temporary.close().place_if_absent(&target)
    })();
    if is_placed.map_err(failed)? {
        return Ok("is in the torrents folder, and tracked from now on");
    }
    let limit = loaded.config.catalog.max_torrent_bytes.0;
    if read_torrent(&target, limit).is_ok_and(|(_, there)| there == content) {
        return Ok("is in the torrents folder already");
    }
    Err(CommandError::Failed(format!(
        "another torrent has the name {} already; rename the file, and add it again",
        target.display()
    )))
}
