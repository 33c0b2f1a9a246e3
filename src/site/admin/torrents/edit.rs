//! The page of one torrent: what is decided about it is changed there.

use askama::Template;
use sha2::{Digest as _, Sha256};

use super::facts::Facts;
use super::fields::{self, Kind, Maker, Part};
use super::{action, peers_in_words, scope};
use crate::accounts::Permission;
use crate::catalog::{Details, Torrent};
use crate::gateway::Status;
use crate::platform::date;
use crate::site::admin::errors::Errors;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::frame::{Frame, Section};
use crate::site::admin::reply::{Failed, Reply};
use crate::tracker::TorrentWithPeers;
use crate::tracker::decisions::{self, EditError, Edits, NeverListed};

#[derive(Template)]
#[template(path = "admin/torrent.html")]
struct Page {
    frame: Frame,
    errors: Errors,
    hash: String,
    category: Option<String>,
    /// Of the decision that the form was filled from.
    version: String,
    is_changed: bool,
    parts: Vec<Part>,
    facts: Facts,
    peers: Option<String>,
    is_public: bool,
    is_hidden: bool,
    /// Why it is retired.
    retired: Option<String>,
    may: May,
}

/// What whoever looks may do.
struct May {
    edit: bool,
    hide: bool,
    retire: bool,
    restore: bool,
    remove: bool,
    see_peers: bool,
}

/// What is in the form, and what is wrong with it.
#[derive(Default)]
struct Filled {
    errors: Errors,
    /// Whether it was filled in; else it shows what is decided.
    is_typed: bool,
    /// Whether somebody else was faster.
    is_changed: bool,
}

/// What came of saving.
enum Saved {
    Done,
    /// Somebody else has changed it meanwhile.
    Changed,
    Never(NeverListed),
    /// Whoever saved would not see it any more.
    ForeignGroup,
}

/// Which decision a form was filled from.
fn version(decision: &Details) -> String {
    let digest = Sha256::digest(format!("{decision:?}"));
    data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or_default())
}

pub(in crate::site::admin) fn show(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let torrent = exchange.torrent_of(signed_in, 0)?;
    page(exchange, signed_in, torrent, Filled::default())
}

fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    torrent: Torrent,
    filled: Filled,
) -> Result<Reply, Failed> {
    let (texts, user) = (exchange.texts, &signed_in.user);
    let words = &texts.admin.torrent;
    let catalog = exchange.catalog()?;
    let decided = |name| fields::written(torrent.decision(), name);
    let value = |name| match filled.is_typed {
        true => exchange.form.text(name).to_owned(),
        false => decided(name),
    };
    let saved = |name| {
        let is_other = filled.is_changed && decided(name) != exchange.form.text(name);
        is_other.then(|| decided(name))
    };
    let parts = Maker::new(&torrent, user, &catalog, texts)?.parts(&value, &saved);
    let may = |permission| user.role.may(permission);
    let facts = Facts::of(&torrent, exchange, signed_in, &catalog)?;
    let retired = torrent.details().retired().map(|reason| match reason {
        "" => texts.admin.torrents.usual_reason.to_owned(),
        reason => reason.to_owned(),
    });
    let title = torrent.title().into_owned();
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Torrents, &title);
    frame.has_errors = !filled.errors.is_empty() || filled.is_changed;
    frame.notice = match exchange.query.text("done") {
        "saved" => Some(texts.admin.frame.saved.to_owned()),
        "reset" => Some(words.is_reset.to_owned()),
        _ => action::notice(exchange),
    };
    let status = if frame.has_errors { Status::UnprocessableContent } else { Status::Ok };
    let (hash, category) = (torrent.canonical.to_string(), torrent.category_name());
    let (version, is_hidden) = (version(torrent.decision()), torrent.hidden);
    let is_public = torrent.is_tracked();
    let torrent = TorrentWithPeers::now(exchange.loaded(), torrent, exchange.call.now);
    let peers = torrent.peers.map(|_| {
        let (seeders, leechers) = peers_in_words(std::slice::from_ref(&torrent), texts);
        format!("{seeders}, {leechers}")
    });
    Reply::page_of(
        status,
        &Page {
            frame,
            errors: filled.errors,
            hash,
            category,
            version,
            is_changed: filled.is_changed,
            parts,
            facts,
            peers,
            is_public,
            is_hidden,
            retired,
            may: May {
                edit: may(Permission::EditTorrents),
                hide: may(Permission::HideTorrents),
                retire: may(Permission::RetireTorrents),
                restore: may(Permission::RestoreTorrents),
                remove: may(Permission::RemoveTorrents),
                see_peers: may(Permission::SeePeers),
            },
        },
    )
}

/// Saves what was filled in, unless something is wrong with it.
pub(in crate::site::admin) fn save(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let torrent = exchange.torrent_of(signed_in, 0)?;
    let mut filled = Filled { is_typed: true, ..Filled::default() };
    if version(torrent.decision()) != exchange.form.text("version") {
        filled.is_changed = true;
        return page(exchange, signed_in, torrent, filled);
    }
    let words = &exchange.texts.admin.torrent;
    let mut edits = Edits::default();
    for name in fields::NAMES {
        let typed = exchange.form.text(name);
        // What nobody has touched is not decided anew.
        if exchange.form.has(name) && typed != fields::written(torrent.decision(), name) {
            filled.errors.take(name, edits.set(name, typed), |problem| words.error(problem));
        }
    }
    if !filled.errors.is_empty() {
        return page(exchange, signed_in, torrent, filled);
    }
    let place = format!("torrents/{}?done=saved", torrent.canonical);
    if edits.are_none() {
        return Ok(Reply::To(place));
    }
    let saved = exchange.change(signed_in, |catalog, author| {
        let now = scope::torrents_of(&signed_in.user, catalog, &[torrent.canonical])?;
        let Some(now_decided) = now.first() else { return Err(Failed::NotFound) };
        if now_decided.decision() != torrent.decision() {
            return Ok(Saved::Changed);
        }
        if !stays_theirs(signed_in, now_decided, &edits) {
            return Ok(Saved::ForeignGroup);
        }
        match decisions::edit(catalog, &now, &edits, author) {
            Ok(_) => Ok(Saved::Done),
            Err(EditError::NeverListed(never)) => Ok(Saved::Never(never)),
            Err(problem) => Err(problem.into()),
        }
    })?;
    match saved {
        Saved::Done => return Ok(Reply::To(place)),
        Saved::Changed => filled.is_changed = true,
        Saved::ForeignGroup => filled.errors.add("group", words.not_your_group),
        Saved::Never(NeverListed { from, until }) => {
            let (from, until) = (date::shortest(from.0), date::shortest(until.0));
            filled.errors.add("list_until", words.never_listed.with(from, until));
        }
    }
    let torrent = exchange.torrent_of(signed_in, 0)?;
    page(exchange, signed_in, torrent, filled)
}

/// Whether whoever edits a torrent still looks after it then.
fn stays_theirs(signed_in: &SignedIn, torrent: &Torrent, edits: &Edits) -> bool {
    let mut decision = torrent.decision().clone();
    edits.apply(&mut decision);
    let group = decision.or(&torrent.companions().details()).group;
    scope::has_group(&signed_in.user, group.as_deref())
}
