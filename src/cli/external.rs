//! `tracker external`: torrents that are tracked elsewhere too.

use serde_json::{Value, json};

use super::change::change;
use super::torrent::NamedTorrent;
use super::{CommandError, World};
use crate::catalog::{Catalog, External};
use crate::platform::terminal::Harmless;
use crate::protocol::Url;
use crate::site::{counted, in_words};
use crate::tracker::external::refresh_external;

/// Figures of other trackers, which refreshes ask about torrents that you name
#[derive(Debug, clap::Subcommand)]
pub enum ExternalCommand {
    /// Have another tracker be asked about a torrent
    Approve {
        /// Its info-hash, its file below the torrents folder, or its name
        torrent: String,
        /// The other tracker's announce URLs (http, https or udp)
        #[arg(required = true, value_name = "URL", value_parser = url)]
        trackers: Vec<Url>,
    },
    /// List what other trackers say
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask no more, and forget what was said
    Remove {
        /// Its info-hash, its file below the torrents folder, or its name
        torrent: String,
        /// These trackers, instead of all
        #[arg(value_name = "URL", value_parser = url)]
        trackers: Vec<Url>,
    },
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::try_from(text.to_owned()).map_err(|problem| problem.to_string())?;
    match url.scrape_url() {
        Some(_) => Ok(url),
        None => Err("nobody can ask it: its last part must begin with `announce` (BEP 48)".into()),
    }
}

impl ExternalCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Approve { torrent, trackers } => approve(&torrent, &trackers, world),
            Self::List { json } => list(json, world),
            Self::Remove { torrent, trackers } => remove(&torrent, &trackers, world),
        }
    }
}

fn approve(wanted: &str, trackers: &[Url], world: &mut World<'_>) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let torrent = change(world, |catalog, author| {
        let torrent = wanted.find(catalog)?;
        for tracker in trackers {
            catalog.approve_external(torrent.canonical, tracker, author)?;
        }
        Ok(torrent)
    })?;
    let loaded = world.load_owner_config()?;
    refresh_external(&loaded, world.now)?;
    let catalog = Catalog::read(&loaded.config.paths.catalog)?;
    let all = catalog.external()?;
    let asked = all.iter().filter(|it| it.info_hash == torrent.canonical);
    asked.into_iter().try_for_each(|it| print(it, &torrent.title(), world))
}

fn remove(wanted: &str, trackers: &[Url], world: &mut World<'_>) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let removed = change(world, |catalog, author| {
        let torrent = wanted.find(catalog)?;
        if trackers.is_empty() {
            return Ok(catalog.remove_external(torrent.canonical, None, author)?);
        }
        let mut removed = 0;
        for tracker in trackers {
            removed += catalog.remove_external(torrent.canonical, Some(tracker), author)?;
        }
        Ok(removed)
    })?;
    if removed == 0 {
        return Err(CommandError::Failed(
            "no tracker is asked about it; `tracker external list` shows what there is".into(),
        ));
    }
    world.print(format_args!("{} no longer asked\n", counted(removed, "tracker")))
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let catalog = Catalog::read(&world.load_owner_config()?.config.paths.catalog)?;
    let all = catalog.external()?;
    if json {
        return world.print_json(&Value::Array(all.iter().map(external_json).collect()));
    }
    for external in &all {
        let title = match catalog.torrent(external.info_hash)? {
            Some(torrent) => torrent.title().into_owned(),
            None => external.info_hash.to_string(),
        };
        print(external, &title, world)?;
    }
    world.print(format_args!("{}\n", counted(all.len(), "external torrent")))
}

fn print(external: &External, title: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let said = match (external.approved, external.figures) {
        (false, _) => "not asked: `tracker external approve` has it be asked".to_owned(),
        (true, None) => "no figures yet".to_owned(),
        (true, Some(figures)) => format!(
            "{} seeders, {} leechers, {} ago",
            figures.complete,
            figures.incomplete,
            in_words(world.now.since(figures.at))
        ),
    };
    let fault = external.fault.as_ref().map(|fault| format!("; now: {fault}")).unwrap_or_default();
    let (title, tracker) = (Harmless(title).to_string(), Harmless(&external.tracker).to_string());
    world.print(format_args!("{title}  {tracker}  {said}{}\n", Harmless(fault)))
}

fn external_json(external: &External) -> Value {
    json!({
        "info_hash": external.info_hash.to_string(),
        "tracker": external.tracker.as_str(),
        "approved": external.approved,
        "complete": external.figures.map(|it| it.complete),
        "incomplete": external.figures.map(|it| it.incomplete),
        "downloaded": external.figures.and_then(|it| it.downloaded),
        "counted_at": external.figures.map(|it| it.at.0),
        "asked_at": external.asked_at.map(|at| at.0),
        "failures": external.failures,
        "fault": external.fault,
        "next_at": external.next_at.0,
    })
}
