//! `tracker torrent`: the catalogue's torrents, and `.torrent` files anywhere.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::peers::parse_info_hash;
use super::{CommandError, World};
use crate::catalog::{Catalog, Torrent, read_metainfo};
use crate::protocol::Metainfo;
use crate::site::{age, bytes, counted};
use crate::terminal::Harmless;

/// The catalogue's torrents
#[derive(Debug, clap::Subcommand)]
pub enum TorrentCommand {
    /// List the torrents
    List {
        /// Also those whose file is gone
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one torrent
    Show {
        /// Its info-hash, its file below the torrents folder, or its name
        torrent: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
            Self::List { all, json } => list(all, json, world),
            Self::Show { torrent, json } => show(&torrent, json, world),
            Self::Verify { files, json } => verify(&files, json, world),
        }
    }
}

fn list(all: bool, json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let catalog = Catalog::open(&world.load_config()?.config.paths.catalog)?;
    let torrents = if all { catalog.all_torrents()? } else { catalog.torrents()? };
    if json {
        return world.print_json(&Value::Array(torrents.iter().map(torrent_json).collect()));
    }
    for torrent in &torrents {
        let note = match (torrent.missing_since, torrent.hidden) {
            (Some(_), _) => "  (its file is gone)",
            (None, true) => "  (hidden)",
            (None, false) => "",
        };
        world.print(format_args!(
            "{}  {:>12}  {}{note}\n",
            torrent.canonical,
            bytes(torrent.size, 2),
            Harmless(&torrent.name)
        ))?;
    }
    world.print(format_args!("{}\n", counted(torrents.len(), "torrent")))?;
    Ok(())
}

fn show(wanted: &str, json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let by_hash = match parse_info_hash(wanted) {
        Ok(info_hash) => catalog.torrent(info_hash)?,
        Err(_) => None,
    };
    let named = |torrent: &Torrent| torrent.file == Path::new(wanted) || torrent.name == wanted;
    let torrent = match by_hash {
        Some(torrent) => torrent,
        None => catalog.all_torrents()?.into_iter().find(named).ok_or_else(|| {
            CommandError::Failed(format!(
                "there is no torrent `{wanted}`; `tracker torrent list --all` names them"
            ))
        })?,
    };
    if json {
        return world.print_json(&torrent_json(&torrent));
    }
    let hash = |hash: Option<String>| hash.unwrap_or_else(|| "none".into());
    world.print(format_args!("name          {}\n", Harmless(&torrent.name)))?;
    world.print(format_args!("file          {}\n", Harmless(torrent.file.display())))?;
    world
        .print(format_args!("info-hash v1  {}\n", hash(torrent.v1.map(|hash| hash.to_string()))))?;
    world
        .print(format_args!("info-hash v2  {}\n", hash(torrent.v2.map(|hash| hash.to_string()))))?;
    world.print(format_args!("size          {}\n", bytes(torrent.size, 2)))?;
    world.print(format_args!("age           {}\n", age(world.now.since(torrent.first_seen))))?;
    world.print(format_args!("completed     {}\n", torrent.totals.completed))?;
    world.print(format_args!("uploaded      {}\n", bytes(torrent.totals.uploaded, 2)))?;
    world.print(format_args!("downloaded    {}\n", bytes(torrent.totals.downloaded, 2)))?;
    world.print(format_args!("hidden        {}\n", if torrent.hidden { "yes" } else { "no" }))?;
    if torrent.missing_since.is_some() {
        world.print(format_args!(
            "its file is gone; its totals are kept for when it comes back\n"
        ))?;
    }
    Ok(())
}

fn torrent_json(torrent: &Torrent) -> Value {
    json!({
        "info_hash": torrent.canonical.to_string(),
        "info_hash_v1": torrent.v1.map(|hash| hash.to_string()),
        "info_hash_v2": torrent.v2.map(|hash| hash.to_string()),
        "name": torrent.name,
        "file": torrent.file.to_string_lossy(),
        "size": torrent.size,
        "hidden": torrent.hidden,
        "private": torrent.private,
        "first_seen": torrent.first_seen.0,
        "missing_since": torrent.missing_since.map(|at| at.0),
        "completed": torrent.totals.completed,
        "uploaded": torrent.totals.uploaded,
        "downloaded": torrent.totals.downloaded,
    })
}

fn verify(files: &[PathBuf], json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let mut bad = 0;
    let mut found = Vec::new();
    for file in files {
        let outcome = read_metainfo(file);
        bad += usize::from(outcome.is_err());
        let (metainfo, problem) = match outcome {
            Ok(metainfo) => (Some(metainfo), None),
            Err(problem) => (None, Some(problem.to_string())),
        };
        if json {
            let metainfo = metainfo.as_ref();
            found.push(json!({
                "file": file.to_string_lossy(),
                "ok": problem.is_none(),
                "info_hash_v1": metainfo.and_then(Metainfo::v1).map(|hash| hash.to_string()),
                "info_hash_v2": metainfo.and_then(Metainfo::v2).map(|hash| hash.to_string()),
                "name": metainfo.map(|it| it.name.as_str()),
                "size": metainfo.map(|it| it.size),
                "problem": problem,
            }));
        } else if let Some(metainfo) = metainfo {
            let size = bytes(metainfo.size, 2);
            let hash = metainfo.canonical();
            let (file, name) = (Harmless(file.display()), Harmless(&metainfo.name));
            world.print(format_args!("{file}: {hash}  {size}  {name}\n"))?;
        } else if let Some(problem) = problem {
            let (file, problem) = (Harmless(file.display()), Harmless(problem));
            world.print(format_args!("{file}: {problem}\n"))?;
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
