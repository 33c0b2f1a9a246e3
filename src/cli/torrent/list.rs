//! `tracker torrent list`: prints the torrents that are looked for.

use std::num::NonZeroUsize;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::Value;

use super::torrent_json;
use crate::catalog::{FilePlace, Torrent};
use crate::cli::{CommandError, World};
use crate::platform::date;
use crate::platform::terminal::Harmless;
use crate::protocol::Timestamp;
use crate::site::{bytes, counted};
use crate::tracker::{TorrentOrder, TorrentPage, TorrentQuery, TorrentState, TorrentWithPeers};

/// List the torrents
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// Only those with this in their name, title, file or info-hash
    #[arg(default_value = "", hide_default_value = true)]
    text: String,
    /// Only those of a category, and of those below it
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,
    /// Only those of which this is true; several times: all of it
    #[arg(long, value_name = "STATE", value_parser = one_of(TorrentState::NAMES))]
    state: Vec<TorrentState>,
    /// Also those whose file is gone
    #[arg(long)]
    all: bool,
    /// Sort them: texts from A, figures from the largest, dates from the newest
    #[arg(long, value_name = "KEY", value_parser = one_of(TorrentOrder::NAMES))]
    sort: Option<TorrentOrder>,
    /// Sort them the other way round
    #[arg(long)]
    reverse: bool,
    /// Print so many of them
    #[arg(long, value_name = "NUMBER")]
    rows: Option<NonZeroUsize>,
    /// Print the second so many, the third and so on
    #[arg(long, value_name = "NUMBER", requires = "rows")]
    page: Option<NonZeroUsize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Takes one of these names for what it means.
fn one_of<T: Copy + Send + Sync + 'static, const COUNT: usize>(
    names: [(&'static str, T); COUNT],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names.map(|(name, _)| name)).try_map(move |given| {
        let meant = names.iter().find(|(name, _)| *name == given);
        meant.map(|(_, meant)| *meant).ok_or("it is none of these")
    })
}

impl ListArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let (json, sort) = (self.json, self.sort);
        let loaded = world.load_owner_config()?;
        let page = self.query().find(&loaded, world.now)?;
        if let Some(fault) = &page.fault {
            crate::warning!("seeders and leechers are not known: {fault}");
        }
        if json {
            let row = |it: &TorrentWithPeers| torrent_json(it, world.now);
            return world.print_json(&Value::Array(page.torrents.iter().map(row).collect()));
        }
        print(&page, sort, world)
    }

    fn query(self) -> TorrentQuery {
        let Self { text, category, state, all, sort, reverse, rows, page, .. } = self;
        TorrentQuery {
            text,
            category,
            states: state,
            all,
            order: sort.unwrap_or_default(),
            reverse,
            page,
            rows,
        }
    }
}

/// What they are sorted by, where no other column shows it: its heading, and what stands there.
fn sorted_by(sort: Option<TorrentOrder>, torrent: &Torrent) -> Option<(&'static str, String)> {
    Some(match sort? {
        TorrentOrder::File => ("file", Harmless(torrent.file.display()).to_string()),
        TorrentOrder::Completed => ("completed", torrent.totals.completed.to_string()),
        TorrentOrder::Added => ("added", date::rfc_3339(torrent.first_seen.0)),
        TorrentOrder::Name | TorrentOrder::Size => return None,
        TorrentOrder::Seeders | TorrentOrder::Leechers => return None,
    })
}

fn print(
    page: &TorrentPage,
    sort: Option<TorrentOrder>,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let keys: Vec<_> = page.torrents.iter().map(|it| sorted_by(sort, &it.torrent)).collect();
    let lengths = keys.iter().flatten().map(|(head, key)| head.len().max(key.chars().count()));
    let width = lengths.max().unwrap_or_default();
    let column = |text: &str| if width == 0 { String::new() } else { format!("  {text:<width$}") };
    if let Some(first) = keys.first() {
        let head = column(first.as_ref().map_or("", |(head, _)| head));
        let size = "size";
        world.print(format_args!(
            "{:<40}  {size:>12}  seeders leechers{head}  name\n",
            "info-hash"
        ))?;
    }
    for (TorrentWithPeers { torrent, peers }, key) in page.torrents.iter().zip(&keys) {
        world.print(format_args!(
            "{}  {:>12}  {:>7} {:>8}{}  {}{}\n",
            torrent.canonical,
            torrent.known_size().map_or_else(String::new, |size| bytes(size, 2)),
            peers.map_or_else(|| "?".into(), |peers| peers.seeders.to_string()),
            peers.map_or_else(|| "?".into(), |peers| peers.leechers.to_string()),
            column(key.as_ref().map_or("", |(_, key)| key)),
            Harmless(if torrent.name.is_empty() && torrent.details().title.is_none() {
                "".into()
            } else {
                torrent.title()
            }),
            note(torrent, world.now)
        ))?;
    }
    let notes =
        if page.unlisted.is_empty() { String::new() } else { format!(" ({})", page.unlisted) };
    let pages = if page.pages > 1 { format!(" on {} pages", page.pages) } else { String::new() };
    world.print(format_args!("{}{notes}{pages}\n", counted(page.matching, "torrent")))
}

/// What is unusual about a torrent.
fn note(torrent: &Torrent, now: Timestamp) -> String {
    let mut note = match (torrent.missing_since, torrent.hidden) {
        _ if torrent.details().retired().is_some() => "  (retired)",
        (Some(_), _) => "  (its file is gone)",
        (None, true) => "  (hidden)",
        (None, false) if !torrent.is_listed(now) => "  (not listed at this date)",
        (None, false) if torrent.file_place() == FilePlace::Nowhere => "  (no file)",
        (None, false) => "",
    }
    .to_owned();
    if torrent.companions().is_faulty() {
        note.push_str("  (a file beside it is not used)");
    }
    note
}
