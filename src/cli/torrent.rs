//! `tracker torrent`: the catalogue's torrents, and `.torrent` files anywhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::peers::parse_info_hash;
use super::{CliError, Context};
use crate::catalog::{Catalog, Torrent, read_metainfo};
use crate::site::{age, bytes};

/// The catalogue's torrents
#[derive(clap::Subcommand)]
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

pub(super) fn run(command: &TorrentCommand, context: &mut Context<'_>) -> Result<(), CliError> {
    match command {
        TorrentCommand::List { all, json } => list(*all, *json, context),
        TorrentCommand::Show { torrent, json } => show(torrent, *json, context),
        TorrentCommand::Verify { files, json } => verify(files, *json, context),
    }
}

fn list(all: bool, json: bool, context: &mut Context<'_>) -> Result<(), CliError> {
    let catalog = Catalog::open(&context.load()?.config.paths.catalog)?;
    let torrents = if all { catalog.all_torrents()? } else { catalog.torrents()? };
    if json {
        return context.print_json(&Value::Array(torrents.iter().map(torrent_json).collect()));
    }
    for torrent in &torrents {
        let note = match (torrent.missing_since, torrent.hidden) {
            (Some(_), _) => "  (its file is gone)",
            (None, true) => "  (hidden)",
            (None, false) => "",
        };
        writeln!(
            context.out,
            "{}  {:>12}  {}{note}",
            torrent.canonical,
            bytes(torrent.size, 2),
            torrent.name
        )?;
    }
    writeln!(context.out, "{} torrents", torrents.len())?;
    Ok(())
}

fn show(wanted: &str, json: bool, context: &mut Context<'_>) -> Result<(), CliError> {
    let loaded = context.load()?;
    let catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let by_hash = match parse_info_hash(wanted) {
        Ok(info_hash) => catalog.torrent(info_hash)?,
        Err(_) => None,
    };
    let named = |torrent: &Torrent| torrent.file == Path::new(wanted) || torrent.name == wanted;
    let torrent = match by_hash {
        Some(torrent) => torrent,
        None => catalog
            .all_torrents()?
            .into_iter()
            .find(named)
            .ok_or_else(|| CliError::NoSuchTorrent { wanted: wanted.to_owned() })?,
    };
    if json {
        return context.print_json(&torrent_json(&torrent));
    }
    let hash = |hash: Option<String>| hash.unwrap_or_else(|| "none".into());
    writeln!(context.out, "name          {}", torrent.name)?;
    writeln!(context.out, "file          {}", torrent.file.display())?;
    writeln!(context.out, "info-hash v1  {}", hash(torrent.v1.map(|hash| hash.to_string())))?;
    writeln!(context.out, "info-hash v2  {}", hash(torrent.v2.map(|hash| hash.to_string())))?;
    writeln!(context.out, "size          {}", bytes(torrent.size, 2))?;
    writeln!(context.out, "age           {}", age(context.now.since(torrent.first_seen)))?;
    writeln!(context.out, "completed     {}", torrent.totals.completed)?;
    writeln!(context.out, "uploaded      {}", bytes(torrent.totals.uploaded, 2))?;
    writeln!(context.out, "downloaded    {}", bytes(torrent.totals.downloaded, 2))?;
    writeln!(context.out, "hidden        {}", if torrent.hidden { "yes" } else { "no" })?;
    if torrent.missing_since.is_some() {
        writeln!(context.out, "its file is gone; its totals are kept for when it comes back")?;
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

fn verify(files: &[PathBuf], json: bool, context: &mut Context<'_>) -> Result<(), CliError> {
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
                "info_hash_v1": metainfo.and_then(|it| it.v1).map(|hash| hash.to_string()),
                "info_hash_v2": metainfo.and_then(|it| it.v2).map(|hash| hash.to_string()),
                "name": metainfo.map(|it| it.name.as_str()),
                "size": metainfo.map(|it| it.size),
                "problem": problem,
            }));
        } else if let Some(metainfo) = metainfo {
            let size = bytes(metainfo.size, 2);
            let hash = metainfo.canonical();
            writeln!(context.out, "{}: {hash}  {size}  {}", file.display(), metainfo.name)?;
        } else if let Some(problem) = problem {
            writeln!(context.out, "{}: {problem}", file.display())?;
        }
    }
    if json {
        context.print_json(&Value::Array(found))?;
    }
    if bad == 0 { Ok(()) } else { Err(CliError::BadTorrents { bad, of: files.len() }) }
}
