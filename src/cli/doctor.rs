//! `tracker doctor`: checks an installation, from the configuration to a real announce through the
//! web server, and says how to mend what is wrong.

mod memory;
mod web;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::{CommandError, World};
use crate::catalog::{Catalog, PolicySnapshot, scan_folder};
use crate::config::{LoadedConfig, SAMPLE_SITE, StoreKind, Torrents, origin};
use crate::platform::files;
use crate::protocol::Timestamp;
use crate::site::counted;
use crate::store::StoreError;
use crate::terminal::Harmless;
use crate::tracker::{read_store, scan_rules};

/// Check this installation
#[derive(Debug, clap::Args)]
pub struct DoctorArguments {
    /// Ask nothing over the network
    #[arg(long)]
    offline: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
enum Outcome {
    /// All is well; what was found.
    Fine(String),
    /// It works, but an owner should know.
    Note(String),
    /// It does not work; what to do.
    Wrong(String),
}

use Outcome::{Fine, Note, Wrong};

/// A check's name and how it ended.
type Finding = (&'static str, Outcome);

impl DoctorArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let mut findings = Vec::new();
        match world.load_config() {
            Ok(loaded) => examine(&loaded, world.now, self.offline, &mut findings),
            Err(problem) => findings.push(("configuration", Wrong(problem.to_string()))),
        }
        let wrong = findings.iter().filter(|(_, outcome)| matches!(outcome, Wrong(_))).count();
        if self.json {
            let list = findings.iter().map(|(name, outcome)| {
                let (state, text) = outcome.parts();
                json!({ "check": name, "state": state, "text": text })
            });
            world.print_json(&list.collect())?;
        } else {
            for (name, outcome) in &findings {
                let (state, text) = outcome.parts();
                world.print(format_args!("{state:<5}  {name}: {}\n", Harmless(text)))?;
            }
        }
        if wrong == 0 {
            Ok(())
        } else {
            Err(CommandError::Failed(format!(
                "{} failed; what to do stands beside each",
                counted(wrong, "check")
            )))
        }
    }
}

impl Outcome {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Fine(text) => ("fine", text),
            Note(text) => ("note", text),
            Wrong(text) => ("WRONG", text),
        }
    }
}

fn examine(loaded: &LoadedConfig, now: Timestamp, offline: bool, findings: &mut Vec<Finding>) {
    findings.push(("configuration", configuration(loaded)));
    findings.push(("data folder", data_folder(loaded)));
    findings.push(("torrents folder", torrents_folder(loaded)));
    findings.push(("catalogue", catalogue(loaded)));
    findings.push(("peer store", peer_store(loaded)));
    if loaded.config.store.kind == StoreKind::Shm {
        findings.push(("shared memory", memory::files(loaded)));
        findings.push(("room for peers", memory::room(loaded)));
    }
    findings.push(("policy", policy(loaded, now)));
    findings.extend(last_refresh(loaded).map(|said| ("last refresh", Note(said))));
    for path in [&loaded.config.paths.stats_fragment, &loaded.config.paths.rss_fragment] {
        findings.push(("fragment", fragment(path)));
    }
    findings.push(("announce address", announce_address(loaded)));
    findings.extend(feed(loaded).map(|outcome| ("feed", outcome)));
    if !offline {
        findings.push(("announce", web::announce(loaded)));
        findings.push(("data over the web", web::data_is_not_served(loaded)));
    }
}

fn configuration(loaded: &LoadedConfig) -> Outcome {
    match &loaded.file {
        None => Note("no file found, built-in defaults are used; `tracker init` writes one".into()),
        Some(file) if !loaded.announce_url_is_set => Note(format!(
            "{} does not set tracker.announce_url, so no torrent is checked for naming this tracker",
            file.display()
        )),
        Some(file) => Fine(file.display().to_string()),
    }
}

fn data_folder(loaded: &LoadedConfig) -> Outcome {
    let Some(folder) = loaded.config.paths.catalog.parent() else {
        return Wrong("paths.catalog names no folder".into());
    };
    let mode = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => metadata.permissions().mode() & 0o777,
        Ok(_) => return Wrong(format!("{} is no folder; move it away", folder.display())),
        Err(problem) => {
            return Wrong(format!(
                "{}: {problem}; `tracker refresh` as the web server's user makes it",
                folder.display()
            ));
        }
    };
    if mode & 0o007 != 0 {
        return Wrong(format!(
            "{} is open to everybody on this machine (mode {mode:o}); chmod 700 it",
            folder.display()
        ));
    }
    if tempfile_in(folder).is_err() {
        return Wrong(format!(
            "{} cannot be written by this user; run doctor as the web server's user, or chown the folder to it",
            folder.display()
        ));
    }
    Fine(format!("{} (mode {mode:o})", folder.display()))
}

/// Makes and removes a file in a folder.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    fs::File::create_new(&path)?;
    fs::remove_file(&path)
}

fn torrents_folder(loaded: &LoadedConfig) -> Outcome {
    let config = &loaded.config;
    match scan_folder(&config.paths.torrents, &scan_rules(loaded), &mut |_| {}) {
        Err(problem) => Wrong(problem.to_string()),
        Ok(scan) if scan.problems.is_empty() => {
            let torrents = counted(scan.torrents.len(), "torrent");
            Fine(format!("{torrents} in {}", config.paths.torrents.display()))
        }
        Ok(scan) => {
            let problems: Vec<String> = scan.problems.iter().map(ToString::to_string).collect();
            let torrents = counted(scan.torrents.len(), "torrent");
            Note(format!("{torrents}; {}", problems.join("; ")))
        }
    }
}

fn catalogue(loaded: &LoadedConfig) -> Outcome {
    let path = &loaded.config.paths.catalog;
    if matches!(path.try_exists(), Ok(false)) {
        return Note("not there yet; the first refresh makes it".into());
    }
    match Catalog::read(path).and_then(|catalog| catalog.torrents()) {
        Ok(torrents) => Fine(counted(torrents.len(), "torrent")),
        Err(problem) => Wrong(problem.to_string()),
    }
}

fn peer_store(loaded: &LoadedConfig) -> Outcome {
    match read_store(loaded).and_then(|mut store| store.check()) {
        Ok(violations) if violations.is_empty() => {
            Fine(loaded.config.store.path.display().to_string())
        }
        Ok(violations) => {
            Wrong(format!("{}; `tracker store rebuild` starts anew", violations.join("; ")))
        }
        Err(problem @ StoreError::Missing { .. }) => Note(problem.to_string()),
        Err(problem) => Wrong(problem.to_string()),
    }
}

fn policy(loaded: &LoadedConfig, now: Timestamp) -> Outcome {
    let policy = match PolicySnapshot::open(&loaded.config.paths.policy) {
        Ok(policy) => policy,
        Err(problem) => return Wrong(problem.to_string()),
    };
    if let Err(problem) = policy.verify() {
        return Wrong(problem.to_string());
    }
    let age = now.since(policy.refreshed_at());
    if age > loaded.config.tracker.interval {
        return Note(format!(
            "the last refresh was {age} seconds ago; is the cron line of conf/crontab in place?"
        ));
    }
    let scope = match loaded.config.tracker.torrents {
        Torrents::Listed => "listed torrents only",
        Torrents::Open => "any torrent",
    };
    Fine(format!("refreshed {age} seconds ago, {scope}"))
}

/// What the last refresh after a CGI's reply had to say, which no web server has heard.
fn last_refresh(loaded: &LoadedConfig) -> Option<String> {
    let text = String::from_utf8(files::read(&loaded.refresh_log()).ok()?).ok()?;
    (!text.trim().is_empty()).then(|| text.trim().replace('\n', "; "))
}

/// Whether all clients announce to an address like that, wherever the tracker is.
fn announce_address(loaded: &LoadedConfig) -> Outcome {
    let url = &loaded.config.tracker.announce_url;
    let site = origin(url);
    if url.strip_prefix(site).is_some_and(|path| path.starts_with("/announce")) {
        return Fine(format!("{url}, which clients accept in any network"));
    }
    Note(format!(
        "clients built on libtorrent, such as qBittorrent and Deluge, announce to an address of their own \
         machine or local network only when its path begins with /announce, lest a torrent have them send \
         requests to other services there (request forgery); have the web server pass /announce and \
         /scrape at the root of the site to the tracker, as the shipped configurations do, and set \
         announce_url to \"{site}/announce\" for new torrents; those that name {url} stay this tracker's \
         when also_announce_urls names it"
    ))
}

/// Whether the page of the feed says where it is; `None` when there is no page.
fn feed(loaded: &LoadedConfig) -> Option<Outcome> {
    let page = &loaded.config.paths.feed_page;
    let text = fs::read_to_string(page).ok()?;
    let page = page.display();
    let Some(site) = loaded.site_url() else {
        return Some(Note(format!(
            "set torrents_url in [paths], so that the feed's links are absolute, and write the address of \
             your pages into {page}: in <link> and <atom:link>"
        )));
    };
    let names = |address: &str| text.contains(address);
    let origins = [origin(site), origin(&loaded.config.tracker.announce_url)];
    let is_right = origins.into_iter().any(names) && (site == SAMPLE_SITE || !names(SAMPLE_SITE));
    Some(if is_right {
        Fine(page.to_string())
    } else {
        Note(format!(
            "{page} does not name the address of this site; write {site} into <link> and <atom:link>, in \
             the place of {SAMPLE_SITE} if that is there"
        ))
    })
}

fn fragment(path: &Path) -> Outcome {
    match fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o004 == 0 => {
            Wrong(format!("{} cannot be read by the web server; chmod 644 it", path.display()))
        }
        Ok(_) => Fine(path.display().to_string()),
        Err(problem) => {
            Wrong(format!("{}: {problem}; `tracker refresh --force` writes it", path.display()))
        }
    }
}
