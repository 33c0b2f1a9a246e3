//! `tracker export`: torrents, totals and bans in forms that other programs read.

mod cells;
mod sink;
mod xbt;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Value, json};

use self::cells::Column;
use self::sink::Sink;
use super::{CommandError, World, own_files};
use crate::catalog::{Ban, BanFormat, Catalog, Torrent};
use crate::platform::order::Order as _;
use crate::protocol::Timestamp;

/// Print torrents, totals or bans for other programs
///
/// Torrents are those that are tracked; totals also those of torrents that are gone or retired. Of a hybrid torrent
/// opentracker's forms have both info-hashes.
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    /// What to print
    #[arg(value_enum)]
    what: What,
    /// The form: `list` for torrents and bans, `csv` for totals, unless you say
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write a file instead, whole or not at all
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Torrents,
    Bans,
    Totals,
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An info-hash a line, as opentracker's white list; of bans a network a line
    List,
    /// Info-hash, minute and completed downloads a line, as opentracker's `-l` reads it
    State,
    /// Rows for XBT's tables as they are today: xbt_torrents, and bans with the addresses as `int unsigned`
    Xbt,
    /// JSON
    Json,
    /// Comma-separated values with a line of names; cells that a spreadsheet would take for formulas begin with '
    Csv,
}

/// What is printed of a torrent.
const TORRENT: &[Column<Torrent>] = &[
    ("info_hash", |it| json!(it.canonical.to_string())),
    ("info_hash_v1", |it| json!(it.v1.map(|hash| hash.to_string()))),
    ("info_hash_v2", |it| json!(it.v2.map(|hash| hash.to_string()))),
    ("name", |it| json!(it.name)),
    ("title", |it| json!(it.title())),
    ("category", |it| json!(it.category())),
    ("size", |it| json!(it.size)),
    ("hidden", |it| json!(it.hidden)),
    ("file", |it| json!(it.has_file().then(|| it.file.to_string_lossy()))),
    ("in_database", |it| json!(it.stored_size.is_some())),
    ("first_seen", |it| json!(it.first_seen.0)),
    ("completed", |it| json!(it.totals.completed)),
    ("uploaded", |it| json!(it.totals.uploaded)),
    ("downloaded", |it| json!(it.totals.downloaded)),
];

/// What is printed of a torrent's totals.
const TOTALS: &[Column<Torrent>] = &[
    ("info_hash", |it| json!(it.canonical.to_string())),
    ("title", |it| json!(it.title())),
    ("tracked", |it| json!(it.is_tracked())),
    ("completed", |it| json!(it.totals.completed)),
    ("uploaded", |it| json!(it.totals.uploaded)),
    ("downloaded", |it| json!(it.totals.downloaded)),
];

/// What is printed of a ban.
const BAN: &[Column<Ban>] = &[
    ("range", |it| json!(it.range.to_string())),
    ("reason", |it| json!(it.reason)),
    ("since", |it| json!(it.since.0)),
    ("until", |it| json!(it.until.map(|until| until.0))),
    ("list", |it| json!((!it.list.is_empty()).then_some(&it.list))),
];

impl ExportArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let usual = if self.what == What::Totals { Format::Csv } else { Format::List };
        let format = self.format.unwrap_or(usual);
        let makes_sense = match self.what {
            What::Torrents => true,
            What::Bans => format != Format::State,
            What::Totals => format != Format::List,
        };
        if !makes_sense {
            return Err(CommandError::Usage("there is no such form of that".into()));
        }
        let loaded = world.load_owner_config()?;
        if let Some(file) = &self.output {
            own_files::refuse(file, &loaded)?;
        }
        let catalog = Catalog::read(&loaded.config.paths.catalog)?;
        let now = world.now;
        let mut sink = Sink::begin(self.output, world)?;
        match self.what {
            What::Torrents => {
                let mut torrents = catalog.torrents()?;
                torrents.retain(Torrent::is_tracked);
                write_torrents(&mut torrents, format, TORRENT, now, &mut sink)?;
            }
            What::Totals => {
                write_torrents(&mut catalog.all_torrents()?, format, TOTALS, now, &mut sink)?;
            }
            What::Bans => {
                let mut bans = catalog.bans()?;
                bans.retain(|ban| ban.is_in_force(now));
                write_bans(&bans, format, &mut sink)?;
            }
        }
        sink.finish()
    }
}

fn write_torrents(
    torrents: &mut [Torrent],
    format: Format,
    columns: &[Column<Torrent>],
    now: Timestamp,
    sink: &mut Sink<'_, '_>,
) -> Result<(), CommandError> {
    match format {
        Format::Json => return write_json(torrents, columns, sink),
        Format::Csv => return write_csv(torrents, columns, sink),
        Format::Xbt => return xbt::write_torrents(torrents, now, sink),
        Format::List | Format::State => {}
    }
    // opentracker knows nothing of hybrids: each info-hash is a torrent of its own there.
    let mut hashes: Vec<_> = torrents
        .iter()
        .flat_map(|torrent| {
            let own = (torrent.canonical, torrent.totals.completed);
            std::iter::once(own).chain(torrent.aliases().map(|alias| (alias, 0)))
        })
        .collect();
    hashes.order();
    for (info_hash, completed) in hashes {
        match format {
            Format::State => {
                let digits = info_hash.to_string().to_uppercase();
                sink.put(format_args!("{digits}:{}:{completed}\n", now.0 / 60))?;
            }
            _ => sink.put(format_args!("{info_hash}\n"))?,
        }
    }
    Ok(())
}

fn write_bans(bans: &[Ban], format: Format, sink: &mut Sink<'_, '_>) -> Result<(), CommandError> {
    match format {
        Format::Json => write_json(bans, BAN, sink),
        Format::Csv => write_csv(bans, BAN, sink),
        Format::Xbt => xbt::write_bans(bans, sink),
        Format::List | Format::State => sink.put(BanFormat::Cidr.text(bans)),
    }
}

fn write_json<T>(
    rows: &[T],
    columns: &[Column<T>],
    sink: &mut Sink<'_, '_>,
) -> Result<(), CommandError> {
    sink.put("[")?;
    for (number, row) in rows.iter().enumerate() {
        let object = columns.iter().map(|(name, value)| ((*name).to_owned(), value(row))).collect();
        let object = crate::platform::terminal::harmless_json(&Value::Object(object));
        sink.put(format_args!("{}\n{object}", if number > 0 { "," } else { "" }))?;
    }
    sink.put(if rows.is_empty() { "]\n" } else { "\n]\n" })
}

fn write_csv<T>(
    rows: &[T],
    columns: &[Column<T>],
    sink: &mut Sink<'_, '_>,
) -> Result<(), CommandError> {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    sink.put(format_args!("{}\n", names.join(",")))?;
    for row in rows {
        let cells: Vec<_> = columns.iter().map(|(_, value)| cells::cell(&value(row))).collect();
        sink.put(format_args!("{}\n", cells.join(",")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
