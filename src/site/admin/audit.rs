//! The audit list: who has changed what, when, and how it was before and is now.

use askama::Template;
use serde::Serialize;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::spreadsheet::cell;
use crate::catalog::{Catalog, Change, ChangeSearch};
use crate::platform::date;
use crate::protocol::InfoHash;
use crate::site::language::Texts;

/// Changes on a page.
const ROWS: u32 = 100;

/// Changes in an exported file at most.
const MOST_EXPORTED: u32 = 1_000_000;

/// A change as it is shown.
pub(super) struct Shown {
    pub(super) at: String,
    pub(super) who: String,
    pub(super) what: String,
    /// What was changed: of a torrent its title.
    pub(super) subject: String,
    /// The page of that, from the folder of the administration.
    pub(super) page: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Audit {
    frame: Frame,
    /// Who has changed anything, and kinds of changes with their words; which of them are chosen.
    people: Vec<(String, bool)>,
    kinds: Vec<(String, String, bool)>,
    subject: String,
    changes: Vec<Shown>,
    /// The address of the changes before these.
    older: Option<String>,
    /// What was chosen, for the exported files.
    chosen: String,
    is_filtered: bool,
}

impl Shown {
    pub(super) fn of(change: &Change, catalog: &Catalog, texts: &Texts) -> Self {
        let torrent = InfoHash::from_hex(change.subject.as_bytes());
        let title = torrent.and_then(|hash| catalog.torrent(hash).ok().flatten());
        Self {
            at: texts.moment(change.at),
            who: change.who.clone(),
            what: texts.admin.audit.in_words(&change.what),
            subject: title.map_or_else(|| change.subject.clone(), |it| it.title().into_owned()),
            page: torrent.map(|hash| format!("torrents/{hash}")),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let catalog = exchange.catalog()?;
    let texts = exchange.texts;
    let search = search(exchange);
    let mut found = catalog.find_changes(&search, ROWS + 1)?;
    let has_older = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let (people, kinds) = catalog.who_changed_what()?;
    let chosen = chosen(&search);
    let older = found.last().filter(|_| has_older);
    let title = texts.admin.audit.title;
    Reply::page(&Audit {
        changes: found.iter().map(|change| Shown::of(change, &catalog, texts)).collect(),
        older: older.map(|last| format!("audit?{chosen}before={}", last.number)),
        people: people.into_iter().map(|it| (it.clone(), search.who == Some(&*it))).collect(),
        kinds: kinds
            .into_iter()
            .map(|it| (it.clone(), texts.admin.audit.in_words(&it), search.what == Some(&*it)))
            .collect(),
        subject: search.subject.unwrap_or_default().to_owned(),
        is_filtered: !chosen.is_empty() || search.before.is_some(),
        chosen,
        frame: Frame::new(exchange, Some(signed_in), Section::Audit, title),
    })
}

/// What was asked for.
fn search<'e>(exchange: &'e Exchange<'_>) -> ChangeSearch<'e> {
    let given = |name| Some(exchange.query.text(name)).filter(|text| !text.is_empty());
    ChangeSearch {
        who: given("who"),
        what: given("what"),
        subject: given("subject"),
        before: given("before").and_then(|text| text.parse().ok()),
    }
}

/// The same for another address, with a `&` behind each part.
fn chosen(search: &ChangeSearch<'_>) -> String {
    let parts = [("who", search.who), ("what", search.what), ("subject", search.subject)];
    let given = parts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let encoded = |(name, value): (&str, &str)| {
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        format!("{name}={value}&")
    };
    given.map(encoded).collect()
}

/// A change for programs.
#[derive(Serialize)]
struct Exported<'a> {
    at: String,
    who: &'a str,
    what: &'a str,
    subject: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// All that was chosen as a file: JSON lines, or CSV for spreadsheets.
pub(super) fn export(exchange: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    let found = exchange.catalog()?.find_changes(&search(exchange), MOST_EXPORTED)?;
    let rows = found.iter().map(|change| Exported {
        at: date::rfc_3339(change.at.0),
        who: &change.who,
        what: &change.what,
        subject: &change.subject,
        before: change.before.as_deref(),
        after: change.after.as_deref(),
    });
    match exchange.query.text("format") {
        "json" => {
            let lines: Vec<String> =
                rows.filter_map(|row| serde_json::to_string(&row).ok()).collect();
            Ok(Reply::File {
                name: "audit.jsonl".into(),
                content_type: "application/jsonl",
                content: lines.join("\n").into_bytes(),
            })
        }
        "" | "csv" => {
            let mut text = String::from("at,who,what,subject,before,after\r\n");
            for row in rows {
                let cells = [
                    &*row.at,
                    row.who,
                    row.what,
                    row.subject,
                    row.before.unwrap_or_default(),
                    row.after.unwrap_or_default(),
                ];
                text += &cells.map(cell).join(",");
                text += "\r\n";
            }
            Ok(Reply::File {
                name: "audit.csv".into(),
                content_type: "text/csv; charset=utf-8",
                content: text.into_bytes(),
            })
        }
        _ => Err(Failed::NotFound),
    }
}
