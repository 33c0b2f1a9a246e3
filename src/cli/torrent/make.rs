//! `tracker torrent make`: a `.torrent` file of content on this machine.

mod replaced;

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use self::replaced::Replaced;
use super::{act_for_owner_of, place_in};
use crate::cli::progress::ByteBar;
use crate::cli::{CommandError, World, own_files};
use crate::config::LoadedConfig;
use crate::platform::privilege;
use crate::platform::publication::TemporaryFile;
use crate::platform::terminal::Harmless;
use crate::protocol::{
    HttpUrl, Magnet, Metainfo, NewInfo, NewTorrent, PieceLength, TorrentVersion, Url,
};
use crate::site::{bytes, counted, url_below};
use crate::tracker::{Content, Selection, check_name};

/// Make a .torrent file of a file or folder
#[derive(Debug, clap::Args)]
pub struct MakeArguments {
    /// The file or folder
    path: PathBuf,
    /// Version 1, which all clients know (usual)
    #[arg(long, conflicts_with_all = ["hybrid", "v2"])]
    v1: bool,
    /// Both versions: for old clients, and with version 2's hash of each file; takes several times as long. Clients
    /// that do not know padding files show them in a folder `.pad`, and ask web seeds for them
    #[arg(long, conflicts_with = "v2")]
    hybrid: bool,
    /// Version 2 only: older clients cannot read it
    #[arg(long)]
    v2: bool,
    /// Bytes of a piece: a power of two from 16K to 64M; otherwise such that there are at most 2048, and 16M at most
    #[arg(long, value_name = "SIZE", value_parser = piece_length)]
    piece_length: Option<PieceLength>,
    /// Where clients announce, instead of the configured announce_url; several are several trackers
    #[arg(long, value_name = "URL", value_parser = announce_url)]
    announce: Vec<Url>,
    /// Where a web server gives the content: the address of the folder that it is in, with a slash at the end. What
    /// lies below the torrents folder gets its own address without this
    #[arg(long, value_name = "URL")]
    web_seed: Vec<HttpUrl>,
    /// Name no web seed
    #[arg(long, conflicts_with = "web_seed")]
    no_web_seed: bool,
    /// Clients are to take peers from the tracker only
    #[arg(long)]
    private: bool,
    /// What you have to say about it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The torrent's name, instead of that of the file or folder
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// The file to write, or the folder to write it in, instead of beside PATH
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Take in files and folders whose names begin with a dot
    #[arg(long)]
    hidden: bool,
    /// Take in what symbolic links in the folder lead to
    #[arg(long)]
    follow_links: bool,
}

fn piece_length(text: &str) -> Result<PieceLength, String> {
    let digits = text.trim_end_matches(|unit: char| !unit.is_ascii_digit());
    let unit: u64 = match text.get(digits.len()..).map(str::trim) {
        Some("" | "B") => 1,
        Some("K" | "k" | "KiB") => 1 << 10,
        Some("M" | "m" | "MiB") => 1 << 20,
        _ => 0,
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    bytes
        .and_then(PieceLength::new)
        .ok_or_else(|| "write a power of two from 16K to 64M, such as 256K or 4M".into())
}

pub(super) fn announce_url(text: &str) -> Result<Url, String> {
    Url::try_from(text.to_owned()).map_err(|problem| problem.to_string())
}

fn name(text: &str) -> Result<String, String> {
    match check_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(problem) => Err(format!("clients would save it under another name, as it {problem}")),
    }
}

/// Where clients are to announce: what is given, else what is configured.
pub(super) fn announce_urls(
    given: &[Url],
    loaded: &LoadedConfig,
) -> Result<Vec<Url>, CommandError> {
    match (given, &loaded.config.tracker.announce_url) {
        ([], Some(own)) => Ok(vec![(**own).clone()]),
        ([], None) => Err(failed(
            "nobody knows where clients are to announce; set announce_url in [tracker], or give --announce",
        )),
        (given, _) => Ok(given.to_vec()),
    }
}

pub(super) fn failed(problem: impl std::fmt::Display) -> CommandError {
    CommandError::Failed(problem.to_string())
}

impl MakeArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.read_config()?;
        // Nothing here is the site's, unless it is read or written there.
        let output = self.output.as_deref().map(place_in);
        let content = self.path.join("content");
        let places = output.as_deref().into_iter().chain([self.path.as_path(), &content]);
        act_for_owner_of(places, &loaded)?;
        if self.follow_links && privilege::is_root() {
            return Err(failed(
                "root follows no links, as others may have made them; run this as the user whose content it is \
                 (sudo -u USER …)",
            ));
        }
        let announce = announce_urls(&self.announce, &loaded)?;
        let selection = Selection { hidden: self.hidden, linked: self.follow_links };
        let content = Content::find(&self.path, self.name.as_deref(), selection).map_err(failed)?;
        let target = self.target(&content, &loaded)?;
        let web_seeds = self.web_seeds(&content, &loaded);
        let version = self.version();
        let piece_length =
            self.piece_length.unwrap_or_else(|| PieceLength::for_size(content.size()));

        let bar = ByteBar::new(content.size());
        let hashes = content.hash(version, piece_length, &|done| bar.advance(done));
        bar.finish();
        let torrent = NewTorrent {
            announce: &announce,
            web_seeds: &web_seeds,
            comment: self.comment.as_deref(),
            created_by: concat!("tracker.cgi/", env!("CARGO_PKG_VERSION")),
            created: world.now,
        };
        let files = content.files();
        let torrent = torrent.encode(&NewInfo {
            version,
            name: &content.name,
            files: &files,
            piece_length,
            hashes: &hashes.map_err(failed)?,
            private: self.private,
        });
        let replaced = Replaced::at(&target, &loaded, world.now);
        // For a web server, which is to give it to everybody.
        match publish(&target, &torrent, 0o644, self.force) {
            Ok(true) => {}
            Ok(false) => return Err(is_there(&target)),
            Err(problem) => {
                return Err(failed(format!("cannot write {}: {problem}", target.display())));
            }
        }
        let made = Made { content, target, torrent, piece_length, announce, web_seeds, replaced };
        made.tell(&loaded, world)
    }

    fn version(&self) -> TorrentVersion {
        match (self.hybrid, self.v2) {
            (true, _) => TorrentVersion::Hybrid,
            (_, true) => TorrentVersion::V2,
            _ => TorrentVersion::V1,
        }
    }

    /// Where the file is to be, if it may be there.
    fn target(&self, content: &Content, loaded: &LoadedConfig) -> Result<PathBuf, CommandError> {
        let file = format!("{}.torrent", content.name);
        let target = match &self.output {
            Some(folder) if folder.is_dir() => folder.join(file),
            Some(target) => target.clone(),
            None => real_place(&self.path)?.with_file_name(file),
        };
        own_files::refuse(&target, loaded)?;
        let shown = target.display();
        if !self.force && target.symlink_metadata().is_ok() {
            return Err(is_there(&target));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let cannot = |problem: io::Error| failed(format!("cannot write {shown}: {problem}"));
        let folder = folder.canonicalize().map_err(cannot)?;
        let inside = self.path.canonicalize().is_ok_and(|path| folder.starts_with(path));
        if content.is_folder() && inside {
            return Err(failed(format!(
                "{shown} would lie in the folder that it describes; give another --output"
            )));
        }
        // Rather now than after an hour of hashing.
        TemporaryFile::beside(&target).map_err(cannot)?;
        Ok(target)
    }

    fn web_seeds(&self, content: &Content, loaded: &LoadedConfig) -> Vec<HttpUrl> {
        match &*self.web_seed {
            [] if self.no_web_seed => Vec::new(),
            [] => own_web_seed(&self.path, content, self.version(), loaded).into_iter().collect(),
            given => given.to_vec(),
        }
    }
}

/// A path with the name that the thing has: for `.` and `..` too.
fn real_place(path: &Path) -> Result<PathBuf, CommandError> {
    match path.file_name() {
        Some(_) => Ok(path.to_owned()),
        None => path
            .canonicalize()
            .map_err(|problem| failed(format!("cannot read {}: {problem}", path.display()))),
    }
}

/// The address at which our web server gives the content (BEP 19): that of the folder it is in, to which clients add
/// the torrent's name; libtorrent reads no other one in version 2. A single file may have another name there.
fn own_web_seed(
    path: &Path,
    content: &Content,
    version: TorrentVersion,
    loaded: &LoadedConfig,
) -> Option<HttpUrl> {
    let torrents = loaded.config.paths.torrents.canonicalize().ok()?;
    let path = path.canonicalize().ok()?;
    let below = path.strip_prefix(torrents).ok()?;
    let base = loaded.torrents_url_for_readers();
    let url = if below.file_name()?.to_str() == Some(&content.name) {
        let folder = url_below(&base, below.parent()?);
        format!("{}/", folder.trim_end_matches('/'))
    } else if !content.is_folder() && version.has_v1() {
        url_below(&base, below)
    } else {
        return None;
    };
    url.parse().ok()
}

pub(super) fn is_there(target: &Path) -> CommandError {
    failed(format!(
        "{} is there already; --force replaces it, --output writes another file",
        target.display()
    ))
}

/// Puts a file in its place, whole and with this mode, whatever our mask is. False where something is there that is
/// not to be replaced.
pub(super) fn publish(target: &Path, content: &[u8], mode: u32, force: bool) -> io::Result<bool> {
    let mut temporary = TemporaryFile::beside(target)?;
    temporary.file.write_all(content)?;
    temporary.file.set_permissions(fs::Permissions::from_mode(mode & 0o777))?;
    if force {
        return temporary.replace(target).map(|()| true);
    }
    temporary.file.sync_all()?;
    temporary.close().place_if_absent(target)
}

/// What was made.
struct Made {
    content: Content,
    target: PathBuf,
    torrent: Vec<u8>,
    piece_length: PieceLength,
    announce: Vec<Url>,
    web_seeds: Vec<HttpUrl>,
    /// The torrent that had its place.
    replaced: Option<Replaced>,
}

impl Made {
    fn tell(self, loaded: &LoadedConfig, world: &mut World<'_>) -> Result<(), CommandError> {
        let metainfo = Metainfo::parse(&self.torrent).map_err(failed)?;
        let content = &self.content;
        let size = content.size();
        let mut tell = |what: &str, text: &dyn std::fmt::Display| {
            world.print(format_args!("{what:<13} {}\n", Harmless(text)))
        };
        tell("file", &self.target.display())?;
        if let Some(hash) = metainfo.v1() {
            tell("info-hash v1", &hash)?;
        }
        if let Some(hash) = metainfo.v2() {
            tell("info-hash v2", &hash)?;
        }
        tell(
            "size",
            &format_args!("{} in {}", bytes(size, 2), counted(content.files().len(), "file")),
        )?;
        tell("piece length", &bytes(self.piece_length.bytes(), 0))?;
        for url in &self.announce {
            tell("announce", url)?;
        }
        for url in &self.web_seeds {
            tell("web seed", url)?;
        }
        // Who begins with a magnet link asks everybody for peers before it can know that it should not (BEP 27).
        if !metainfo.private {
            tell("magnet", &self.magnet(&metainfo))?;
        }
        if content.left_out > 0 {
            let names = "files and folders whose names begin with a dot; --hidden takes them in";
            tell("left out", &format_args!("{names}: {}", content.left_out))?;
        }
        let replaced = self.replaced.filter(|it| it.info_hash != metainfo.canonical());
        if let Some(replaced) = replaced {
            tell("warning", &replaced.warning())?;
        }
        let limit = loaded.config.catalog.max_torrent_bytes.0;
        if self.torrent.len() as u64 > limit {
            let advice = "give a longer --piece-length, or raise max_torrent_bytes in [catalog]";
            tell(
                "warning",
                &format_args!("the tracker takes no file beyond {limit} bytes; {advice}"),
            )?;
        }
        Ok(())
    }

    fn magnet(&self, metainfo: &Metainfo) -> Magnet {
        Magnet {
            hashes: metainfo.hashes,
            name: Some(metainfo.name.clone()),
            size: Some(self.content.size()),
            trackers: self.announce.clone(),
            web_seeds: self.web_seeds.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
