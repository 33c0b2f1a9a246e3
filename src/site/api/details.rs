//! `GET /api/v1/torrents/<hash>`: all that everybody may know of one torrent, as it is now.

use std::collections::BTreeMap;

use serde::Serialize;

use super::torrents::About;
use super::{Failed, Found, Problem, given};
use crate::catalog::{Catalog, Torrent};
use crate::config::LoadedConfig;
use crate::platform::log::{self, Level};
use crate::protocol::{Contents, InfoHash, Timestamp};
use crate::site::shown::{Shown, retirement};
use crate::site::static_pages::contents;
use crate::site::{Call, Ready};
use crate::tracker::{Refusal, Tracker};

/// Files named at most; all are counted.
const MOST_FILES: usize = 1000;

/// A torrent.
#[derive(Serialize)]
pub(super) struct Details {
    #[serde(flatten)]
    about: About,
    description: Option<String>,
    checksums: BTreeMap<&'static str, Option<String>>,
    link_until: Option<u64>,
    list_until: Option<u64>,
    swarm: Option<Swarm>,
    files: Option<Files>,
    piece_length: Option<u64>,
    trackers: Vec<String>,
    web_seeds: Vec<String>,
}

#[derive(Serialize)]
struct Swarm {
    seeders: u32,
    leechers: u32,
    partial_seeds: u32,
    completed: u64,
}

#[derive(Serialize)]
struct Files {
    count: usize,
    size: u64,
    list: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: Vec<String>,
    size: u64,
}

/// Says all of a torrent.
pub(super) fn of(
    ready: &mut Ready,
    info_hash: InfoHash,
    call: &Call<'_>,
) -> Result<Found<Details>, Failed> {
    given(call, &[])?;
    let torrent = listed(&ready.tracker, info_hash, call.now)?;
    let swarm = match ready.tracker.swarm_of(&torrent, call.now) {
        Ok(counts) => Some(Swarm {
            seeders: counts.seeders,
            leechers: counts.leechers,
            partial_seeds: counts.partial_seeds,
            completed: counts.completed,
        }),
        Err(Refusal::WouldWait) => return Err(Failed::WouldWait),
        Err(refusal) => {
            let said = format!("who is in swarms is not known for /api: {refusal}");
            log::line_once_a_minute(Level::Error, &said);
            None
        }
    };
    let content = Details::new(&torrent, swarm, ready.tracker.config(), call.now);
    Ok(Found { content, keep: "no-cache" })
}

/// The torrent that everybody may see, by any of its info-hashes.
pub(super) fn listed(
    tracker: &Tracker,
    info_hash: InfoHash,
    now: Timestamp,
) -> Result<Box<Torrent>, Problem> {
    let config = &tracker.config().config;
    let catalog = Catalog::read(&config.paths.catalog).map_err(Problem::log)?;
    match Shown::find(tracker, &catalog, info_hash, now).map_err(Problem::log)? {
        Shown::Listed(torrent) => Ok(torrent),
        Shown::Retired(torrent) => {
            let reason = retirement(&torrent, &config.access.retired_reason).to_owned();
            Err(Problem::Retired { reason })
        }
        Shown::Nothing => Err(Problem::NoSuchTorrent),
    }
}

impl Details {
    fn new(torrent: &Torrent, swarm: Option<Swarm>, loaded: &LoadedConfig, now: Timestamp) -> Self {
        let said = torrent.details();
        let contents = contents(torrent, loaded, MOST_FILES);
        Self {
            about: About::new(torrent, loaded, now),
            description: said.description.clone(),
            checksums: said.checksums.in_digits().into_iter().collect(),
            link_until: said.link_until.map(|at| at.0),
            list_until: said.list_until.map(|at| at.0),
            swarm,
            files: contents.as_ref().map(Files::from),
            piece_length: contents.as_ref().and_then(|it| it.piece_length),
            web_seeds: contents
                .as_ref()
                .filter(|_| torrent.may_be_linked(now))
                .map(|it| it.web_seeds.clone())
                .unwrap_or_default(),
            trackers: contents.map(|it| it.trackers).unwrap_or_default(),
        }
    }
}

impl From<&Contents> for Files {
    fn from(contents: &Contents) -> Self {
        let file =
            |file: &crate::protocol::ContentFile| File { path: file.path.clone(), size: file.size };
        let list = contents.files.iter().map(file).collect();
        Self { count: contents.count, size: contents.size, list }
    }
}
