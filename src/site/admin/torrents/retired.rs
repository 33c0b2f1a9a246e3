//! The retired torrents, why and since when they are, and how they are brought back.

use std::collections::HashMap;

use askama::Template;

use super::view::{ROWS, View};
use super::{action, scope};
use crate::accounts::Permission;
use crate::catalog::{Retirement, Standing, Torrent};
use crate::protocol::Timestamp;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::frame::{Frame, Section};
use crate::site::admin::reply::{Failed, Reply};
use crate::site::language::Texts;
use crate::tracker::decisions;

#[derive(Template)]
#[template(path = "admin/retired.html")]
struct Retired {
    frame: Frame,
    rows: Vec<Row>,
    range: String,
    back: Option<usize>,
    next: Option<usize>,
    may_restore: bool,
}

/// A retired torrent.
struct Row {
    hash: String,
    title: String,
    reason: String,
    since: String,
    by: String,
    completed: String,
}

impl Row {
    fn new(torrent: &Torrent, last: &HashMap<String, (Timestamp, String)>, texts: &Texts) -> Self {
        let words = &texts.admin.torrents;
        let hash = torrent.canonical.to_string();
        let is_decided = matches!(torrent.decision().retirement, Some(Retirement::Retired(_)));
        let change = last.get(&hash).filter(|_| is_decided);
        let reason = torrent.details().retired().unwrap_or_default();
        let by = match change {
            Some((_, who)) => who.clone(),
            None if is_decided => String::new(),
            None => words.by_sidecar.to_owned(),
        };
        Self {
            title: torrent.title().into_owned(),
            reason: if reason.is_empty() { words.usual_reason } else { reason }.to_owned(),
            since: change.map(|(at, _)| texts.day(*at)).unwrap_or_default(),
            by,
            completed: texts.number(torrent.totals.completed),
            hash,
        }
    }
}

pub(in crate::site::admin) fn show(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let view = View { standing: Standing::Retired, ..View::of(&exchange.query) };
    let catalog = exchange.catalog()?;
    let search = view.search(scope::groups(&signed_in.user));
    let found = catalog.search_torrents(&search, exchange.call.now)?;
    let torrents = catalog.torrents_named(&found.hashes)?;
    let last = catalog.last_changes("retire")?;
    let first = (view.page - 1).saturating_mul(ROWS);
    let end = first + torrents.len();
    let title = texts.admin.frame.retired;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Retired, title);
    frame.notice = action::notice(exchange);
    let (from, to) = (texts.number(first.saturating_add(1)), texts.number(end));
    Reply::page(&Retired {
        frame,
        rows: torrents.iter().map(|torrent| Row::new(torrent, &last, texts)).collect(),
        range: texts.admin.torrents.range.with(from, to, texts.number(found.all)),
        back: (view.page > 1).then(|| view.page - 1),
        next: (end < found.all).then(|| view.page.saturating_add(1)),
        may_restore: signed_in.user.role.may(Permission::RestoreTorrents),
    })
}

/// Brings back those that were chosen, or the one whose button it was.
pub(in crate::site::admin) fn restore_several(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let one = crate::protocol::InfoHash::from_hex(exchange.form.text("one").as_bytes());
    let hashes = match one {
        Some(one) => vec![one],
        None => action::chosen(exchange)?,
    };
    if hashes.is_empty() {
        return Ok(Reply::To("retired".into()));
    }
    let count = exchange.change(signed_in, |catalog, author| {
        let torrents = scope::torrents_of(&signed_in.user, catalog, &hashes)?;
        Ok::<_, Failed>(decisions::restore(catalog, &torrents, author)?)
    })?;
    Ok(Reply::To(format!("retired?done=restore&count={count}")))
}
