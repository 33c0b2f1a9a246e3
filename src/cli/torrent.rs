//! `tracker torrent`: the catalogue's torrents, and `.torrent` files anywhere.

mod add;
mod checksums;
mod edit;
mod hide;
mod list;
mod make;
mod named;
mod retire;
mod rewrite;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub(super) use self::named::{NamedTorrent, is_unknown, parse_info_hash};
use self::named::{ReadError, again, read_named};
use super::{CommandError, World};
use crate::catalog::{
    Author, Catalog, ChecksumFile, Companions, Details, FilePlace, ScanRules, Torrent,
};
use crate::config::{LoadedConfig, act_for_owner};
use crate::platform::named_files::NamedFiles;
use crate::platform::privilege::{self, User};
use crate::platform::process;
use crate::platform::terminal::Harmless;
use crate::protocol::{Metainfo, Timestamp};
use crate::site::{PublishError, bytes, clock, in_words, publish};
use crate::tracker::{Quiet, TorrentWithPeers, Turn, Urgency, reset_totals, scan_rules};

/// The catalogue's torrents
#[derive(Debug, clap::Subcommand)]
pub enum TorrentCommand {
    List(list::ListArguments),
    /// Show one torrent
    Show {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Add(add::AddArguments),
    /// Change what is said of a torrent; an empty text takes back what was said
    Edit {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
        #[command(flatten)]
        changes: Box<edit::Changes>,
    },
    /// Leave a torrent out of listings, as `*.secret.torrent` files are
    Hide {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
    },
    /// Hide a torrent no longer, whatever its sidecar or the name of its file says; dates may still keep it from listings
    Unhide {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
    },
    /// Track a torrent no longer, and tell its clients why
    Retire {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
        /// Why, instead of the configured reason
        #[arg(long, default_value = "", value_name = "TEXT", value_parser = crate::catalog::detail_values::reason)]
        reason: String,
    },
    /// Track a torrent again that was retired, also by its sidecar
    Restore {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
    },
    /// Forget a torrent that has no file, with its figures
    Remove {
        /// Its info-hash, its .torrent file, or its name
        torrent: String,
    },
    Make(make::MakeArguments),
    Rewrite(rewrite::RewriteArguments),
    /// Read .torrent files and say what is wrong with them
    Verify {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl TorrentCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::List(arguments) => arguments.run(world),
            Self::Show { torrent, json } => show(&torrent, json, world),
            Self::Add(arguments) => arguments.run(world),
            Self::Edit { torrent, changes } => changes.run(&torrent, world),
            Self::Retire { torrent, reason } => retire::retire(&torrent, &reason, world),
            Self::Restore { torrent } => retire::restore(&torrent, world),
            Self::Remove { torrent } => retire::remove(&torrent, world),
            Self::Hide { torrent } => hide::hide(&torrent, world),
            Self::Unhide { torrent } => hide::unhide(&torrent, world),
            Self::Make(arguments) => arguments.run(world),
            Self::Rewrite(arguments) => arguments.run(world),
            Self::Verify { files, json } => verify(&files, json, world),
        }
    }
}

fn show(wanted: &str, json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let loaded = world.load_owner_config()?;
    let catalog = Catalog::read(&loaded.config.paths.catalog)?;
    let torrent = wanted.find(&catalog)?;
    let with_peers = TorrentWithPeers::now(&loaded, torrent, world.now);
    if json {
        return world.print_json(&torrent_json(&with_peers, world.now));
    }
    let TorrentWithPeers { torrent, peers } = with_peers;
    let hash = |hash: Option<String>| hash.unwrap_or_else(|| "none".into());
    world.print(format_args!("name          {}\n", Harmless(&torrent.name)))?;
    let file = match torrent.file_place() {
        FilePlace::Folder(file) => file.display().to_string(),
        FilePlace::Catalog => format!("in the database, {}", bytes(torrent.file_size, 2)),
        FilePlace::Nowhere => "none".into(),
    };
    world.print(format_args!("file          {}\n", Harmless(file)))?;
    world
        .print(format_args!("info-hash v1  {}\n", hash(torrent.v1.map(|hash| hash.to_string()))))?;
    world
        .print(format_args!("info-hash v2  {}\n", hash(torrent.v2.map(|hash| hash.to_string()))))?;
    world.print(format_args!("size          {}\n", bytes(torrent.size, 2)))?;
    world
        .print(format_args!("age           {}\n", in_words(world.now.since(torrent.first_seen))))?;
    if let Some(peers) = peers {
        world.print(format_args!("seeders       {}\n", peers.seeders))?;
        world.print(format_args!("leechers      {}\n", peers.leechers))?;
        world.print(format_args!("partial seeds {}\n", peers.partial_seeds))?;
    }
    world.print(format_args!("completed     {}\n", torrent.totals.completed))?;
    world.print(format_args!("uploaded      {}\n", bytes(torrent.totals.uploaded, 2)))?;
    world.print(format_args!("downloaded    {}\n", bytes(torrent.totals.downloaded, 2)))?;
    print_details(&torrent, world)?;
    if torrent.missing_since.is_some() {
        let heirs = catalog.torrents()?;
        let heir = heirs.iter().find(|it| torrent.has_file() && it.file == torrent.file);
        let heir =
            heir.map(|it| format!(", and its place has another torrent now ({})", it.canonical));
        world.print(format_args!(
            "its file is gone{}; its totals are kept for when it comes back\n",
            heir.unwrap_or_default()
        ))?;
    }
    Ok(())
}

/// What is said about a torrent, who says so, and what that hides.
fn print_details(torrent: &Torrent, world: &mut World<'_>) -> Result<(), CommandError> {
    let said = torrent.explained();
    if said.iter().all(|it| it.name != "hidden") {
        world.print(format_args!("hidden        no\n"))?;
    }
    for detail in said {
        world.print(format_args!("{:<12}  {}\n", detail.name, Harmless(&detail)))?;
    }
    match torrent.unlisted(world.now) {
        None => world.print(format_args!("listed        yes\n"))?,
        Some(unlisted) => world.print(format_args!("listed        no: {unlisted}\n"))?,
    }
    let Companions { sidecar, checksum_files } = torrent.companions();
    if let Some(fault) = sidecar.as_ref().and_then(|sidecar| sidecar.fault.as_ref()) {
        world.print(format_args!("sidecar       is not used: {}\n", Harmless(fault)))?;
    }
    for file in checksum_files {
        if let Some(fault) = &file.fault {
            let name = format!(".{} file", file.ending);
            world.print(format_args!("{name:<12}  is not used: {}\n", Harmless(fault)))?;
        }
    }
    Ok(())
}

/// Bytes of a `.torrent` file at most that somebody names.
const MOST_TORRENT_BYTES: u64 = 64 << 20;

/// Resets the totals, and has table and policy show it.
fn reset(wanted: &NamedTorrent<'_>, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_owner_config()?;
    let torrent = {
        let turn = Turn::wait_for(&loaded).map_err(PublishError::from)?;
        let torrent = wanted.find(&Catalog::open(&loaded.config.paths.catalog)?)?;
        let author = Author { name: &process::person(), at: clock() };
        reset_totals(&loaded, &turn, &torrent, &author).map_err(PublishError::from)?;
        torrent
    };
    publish(&loaded, Urgency::Now, &mut Quiet)?;
    let totals = torrent.totals;
    world.print(format_args!(
        "{}: the totals are reset; they were {} completed, {} uploaded, {} downloaded\n",
        Harmless(torrent.title()),
        totals.completed,
        bytes(totals.uploaded, 2),
        bytes(totals.downloaded, 2)
    ))
}

/// A torrent for programs; figures that are not known are null.
fn torrent_json(TorrentWithPeers { torrent, peers }: &TorrentWithPeers, now: Timestamp) -> Value {
    json!({
        "info_hash": torrent.canonical.to_string(),
        "info_hash_v1": torrent.v1.map(|hash| hash.to_string()),
        "info_hash_v2": torrent.v2.map(|hash| hash.to_string()),
        "name": torrent.name,
        "file": torrent.has_file().then(|| torrent.file.to_string_lossy()),
        "in_database": torrent.stored_size.is_some(),
        "size": torrent.known_size(),
        "title": torrent.details().title,
        "retired": torrent.details().retired(),
        "added": torrent.added,
        "category": torrent.category(),
        "details": details_json(torrent.details()),
        "sidecar": torrent.sidecar().map(|sidecar| {
            json!({ "details": details_json(&sidecar.details), "fault": sidecar.fault })
        }),
        "checksum_files": checksum_files_json(&torrent.companions().checksum_files),
        "decision": details_json(torrent.decision()),
        "hidden": torrent.hidden,
        "listed": torrent.unlisted(now).is_none(),
        "private": torrent.private,
        "first_seen": torrent.first_seen.no_later_than(now).0,
        "missing_since": torrent.missing_since.map(|at| at.no_later_than(now).0),
        "seeders": peers.map(|peers| peers.seeders),
        "leechers": peers.map(|peers| peers.leechers),
        "partial_seeds": peers.map(|peers| peers.partial_seeds),
        "completed": torrent.totals.completed,
        "uploaded": torrent.totals.uploaded,
        "downloaded": torrent.totals.downloaded,
    })
}

/// What checksum files say, by their endings.
fn checksum_files_json(files: &[ChecksumFile]) -> Value {
    let of = |file: &ChecksumFile| {
        let checksums = Details { checksums: file.checksums, ..Details::default() };
        let said = json!({ "details": details_json(&checksums), "fault": file.fault });
        (file.ending.to_owned(), said)
    };
    files.iter().map(of).collect()
}

/// All that is said of a torrent; dates as RFC 3339 has them.
fn details_json(details: &Details) -> Value {
    let said = details.in_words().into_iter();
    said.filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect()
}

/// Has root become the user in whose folders these files are, or are to be: root's own are written by root. Where that is
/// not one user, or where everybody writes, it acts for the site's owner.
fn act_for_owner_of<'a>(
    files: impl IntoIterator<Item = &'a Path>,
    loaded: &LoadedConfig,
) -> Result<(), CommandError> {
    let folder = |file: &Path| std::path::absolute(file).ok()?.parent().map(Path::to_owned);
    let folders: Vec<PathBuf> = files.into_iter().filter_map(folder).collect();
    match privilege::owner_of(folders.iter().map(PathBuf::as_path)) {
        Ok(owner) => Ok(owner.map_or(Ok(()), User::become_it)?),
        Err(_) => Ok(act_for_owner(loaded)?),
    }
}

/// Where a file is written: something in the folder, where `--output` names one.
fn place_in(output: &Path) -> PathBuf {
    if output.is_dir() { output.join(".torrent") } else { output.to_owned() }
}

fn verify(files: &[PathBuf], json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let named = NamedFiles::open(files.iter().map(PathBuf::as_path))?;
    let loaded = world.load_config()?;
    let rules = scan_rules(&loaded);
    let mut bad = 0;
    let mut found = Vec::new();
    for file in files {
        let outcome =
            read_named(&named, file, rules.max_torrent_bytes).map(|(metainfo, _)| metainfo);
        let warnings = outcome.as_ref().map_or_else(|_| Vec::new(), |it| warnings(it, &rules));
        bad += usize::from(outcome.is_err());
        if json {
            found.push(verdict_json(file, &outcome, &warnings));
        } else {
            print_verdict(file, &outcome, &warnings, world)?;
        }
    }
    if json {
        world.print_json(&Value::Array(found))?;
    }
    if bad == 0 {
        Ok(())
    } else {
        Err(CommandError::Failed(format!("{bad} of {} files cannot be used", files.len())))
    }
}

/// What the owner should know of a file that can be used.
fn warnings(metainfo: &Metainfo, rules: &ScanRules<'_>) -> Vec<String> {
    let flaws = metainfo.flaws.iter().map(ToString::to_string);
    flaws.chain(rules.complaint(metainfo).map(|problem| format!("it {problem}"))).collect()
}

/// What may be wrong with a file that is `ok` stands under `problem` too.
fn verdict_json(file: &Path, outcome: &Result<Metainfo, ReadError>, warnings: &[String]) -> Value {
    let metainfo = outcome.as_ref().ok();
    let problem = match outcome {
        Ok(_) => (!warnings.is_empty()).then(|| warnings.join("; ")),
        Err(problem) => Some(problem.to_string()),
    };
    json!({
        "file": file.to_string_lossy(),
        "ok": outcome.is_ok(),
        "info_hash_v1": metainfo.and_then(Metainfo::v1).map(|hash| hash.to_string()),
        "info_hash_v2": metainfo.and_then(Metainfo::v2).map(|hash| hash.to_string()),
        "name": metainfo.map(|it| it.name.as_str()),
        "size": metainfo.map(|it| it.size),
        "problem": problem,
    })
}

fn print_verdict(
    file: &Path,
    outcome: &Result<Metainfo, ReadError>,
    warnings: &[String],
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let file = Harmless(file.display());
    match outcome {
        Err(problem) => world.print(format_args!("{file}: {}\n", Harmless(problem))),
        Ok(metainfo) => {
            let (hash, size) = (metainfo.canonical(), bytes(metainfo.size, 2));
            let name = Harmless(&metainfo.name);
            world.print(format_args!("{file}: {hash}  {size}  {name}\n"))?;
            warnings.iter().try_for_each(|warning| {
                world.print(format_args!("{file}: warning: {}\n", Harmless(warning)))
            })
        }
    }
}
