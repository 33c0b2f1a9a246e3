//! `tracker stats --history`: how it was, as a table, for programs, or as a picture.

use clap::ValueEnum;

use super::super::torrent::NamedTorrent;
use super::super::{CommandError, World};
use crate::catalog::{Catalog, Series, Span, Torrent};
use crate::config::Language;
use crate::platform::date;
use crate::platform::terminal::harmless_json;
use crate::site::charts::{Badge, Subject, badge, chart, figure, sparkline};
use crate::site::{bytes, history_csv, history_json};
use crate::tracker::history;

/// How far back.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SpanArgument {
    Day,
    Week,
    Year,
}

impl From<SpanArgument> for Span {
    fn from(argument: SpanArgument) -> Self {
        match argument {
            SpanArgument::Day => Self::Day,
            SpanArgument::Week => Self::Week,
            SpanArgument::Year => Self::Year,
        }
    }
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A table for people
    Table,
    /// JSON
    Json,
    /// Comma-separated values
    Csv,
    /// A chart as SVG
    Chart,
    /// A chart with a table behind it, for a page that has our style sheet
    Html,
    /// The seeders as a small line, SVG
    Sparkline,
    /// A badge as SVG: the seeders
    Badge,
    /// The leechers
    BadgeLeechers,
    /// How often it was downloaded
    BadgeCompleted,
    /// Whether it has enough seeders
    BadgeHealth,
}

/// What is asked for.
pub(super) struct Wanted {
    pub torrent: Option<String>,
    pub span: Span,
    pub form: Form,
}

/// Prints the history of a torrent, or of all.
pub(super) fn print(wanted: Wanted, world: &mut World<'_>) -> Result<(), CommandError> {
    let named = wanted.torrent.as_deref().map(NamedTorrent::new);
    let loaded = world.load_owner_config()?;
    let torrent = match &named {
        Some(named) => Some(named.find(&Catalog::read(&loaded.config.paths.catalog)?)?),
        None => None,
    };
    let info_hash = torrent.as_ref().map(|it| it.canonical);
    let found = history(&loaded, &[info_hash], wanted.span, world.now)?;
    let Some(series) = found.first() else { return Ok(()) };
    let title = torrent.as_ref().map(Torrent::title);
    let subject = title.as_deref().map_or(Subject::All, Subject::Torrent);
    let picture = match wanted.form {
        Form::Table => return print_table(series, world),
        Form::Json => format!("{}\n", harmless_json(&history_json(info_hash, series))),
        Form::Csv => history_csv(series),
        form => draw(form, subject, series, loaded.config.pages.languages.first())
            .map_err(|problem| CommandError::Failed(format!("cannot draw that: {problem}")))?,
    };
    world.print(picture)
}

fn draw(
    form: Form,
    subject: Subject<'_>,
    series: &Series,
    language: Language,
) -> askama::Result<String> {
    let last = series.points.last().and_then(|point| point.figures).map(|it| it.last);
    match form {
        Form::Html => figure(subject, series, language),
        Form::Sparkline => sparkline(subject, series, true, language),
        Form::Badge => badge(Badge::Seeders, last, language),
        Form::BadgeLeechers => badge(Badge::Leechers, last, language),
        Form::BadgeCompleted => badge(Badge::Completed, last, language),
        Form::BadgeHealth => badge(Badge::Health, last, language),
        Form::Table | Form::Json | Form::Csv | Form::Chart => chart(subject, series, language),
    }
}

fn print_table(series: &Series, world: &mut World<'_>) -> Result<(), CommandError> {
    world.print("seeders leechers completed  downloaded       speed  from\n")?;
    for point in &series.points {
        let at = date::for_people(point.at.0);
        world.print(match point.figures {
            Some(it) => format!(
                "{:>7} {:>8} {:>9} {:>11} {:>11}  {at}\n",
                it.last.seeders,
                it.last.leechers,
                it.last.completed,
                bytes(it.last.downloaded, 1),
                format!("{}/s", bytes(it.speed, 1)),
            ),
            None => format!("{:>7} {:>8} {:>9} {:>11} {:>11}  {at}\n", "-", "-", "-", "-", "-"),
        })?;
    }
    Ok(())
}
