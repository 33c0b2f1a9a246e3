//! What is done to torrents, to one or to several at once: hidden, listed again, retired, restored, removed, put into a
//! category. Retiring and removing ask first.

use askama::Template;

use super::view::View;
use super::{list, peers_in_words, scope, titles};
use crate::accounts::Permission;
use crate::catalog::detail_values;
use crate::catalog::{Author, Catalog, Torrent, User};
use crate::gateway::Status;
use crate::protocol::InfoHash;
use crate::site::admin::confirm::Question;
use crate::site::admin::errors::Errors;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::frame::{Frame, Section};
use crate::site::admin::reply::{Failed, Reply};
use crate::site::language::Texts;
use crate::tracker::TorrentWithPeers;
use crate::tracker::decisions::{self, EditError, Edits, Kept, RemoveError, why_kept};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Hide,
    Unhide,
    Retire,
    Restore,
    Remove,
    SetCategory,
}

/// Where somebody is who does it: which form is sent, and where they come back to.
struct Place {
    /// The page that the form is sent to.
    action: String,
    /// What the form sends besides.
    fields: Vec<(String, String)>,
    /// The page to come back to when nothing is done.
    back: String,
    /// The page to come back to when something is done.
    done: String,
}

/// What is done to which, and what was typed for it.
struct Task {
    action: Action,
    hashes: Vec<InfoHash>,
    reason: String,
    edits: Edits,
}

impl Action {
    /// All, with the words that forms have for them.
    const NAMES: [(&'static str, Self); 6] = [
        ("hide", Self::Hide),
        ("unhide", Self::Unhide),
        ("category", Self::SetCategory),
        ("retire", Self::Retire),
        ("restore", Self::Restore),
        ("remove", Self::Remove),
    ];

    fn permission(self) -> Permission {
        match self {
            Self::Hide | Self::Unhide => Permission::HideTorrents,
            Self::Retire => Permission::RetireTorrents,
            Self::Restore => Permission::RestoreTorrents,
            Self::Remove => Permission::RemoveTorrents,
            Self::SetCategory => Permission::EditTorrents,
        }
    }

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, it)| *it == self).map_or("", |(name, _)| name)
    }

    fn in_words(self, texts: &Texts) -> &'static str {
        let words = &texts.admin.torrents;
        match self {
            Self::Hide => words.hide,
            Self::Unhide => words.unhide,
            Self::Retire => words.retire,
            Self::Restore => words.restore,
            Self::Remove => words.remove,
            Self::SetCategory => words.set_category,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, action)| *action)
    }
}

/// What somebody may do to several torrents, in words.
pub(super) fn possible(user: &User, texts: &Texts) -> Vec<(&'static str, &'static str)> {
    let all = Action::NAMES.into_iter();
    let may = all.filter(|(_, action)| user.role.may(action.permission()));
    may.map(|(name, action)| (name, action.in_words(texts))).collect()
}

/// What was done just now, as the address says it.
pub(super) fn notice(exchange: &Exchange<'_>) -> Option<String> {
    let texts = exchange.texts;
    let words = &texts.admin.torrents;
    let count: u64 = exchange.query.text("count").parse().ok()?;
    let count = texts.counted(count, texts.counts.torrents);
    let said = match Action::named(exchange.query.text("done"))? {
        Action::Hide => words.is_hidden,
        Action::Unhide => words.is_unhidden,
        Action::Retire => words.is_retired,
        Action::Restore => words.is_restored,
        Action::Remove => words.is_removed,
        Action::SetCategory => words.is_categorised,
    };
    Some(said.with(count))
}

/// Does something to those that were chosen in the list.
pub(in crate::site::admin) fn several(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.torrents;
    let view = View::of_text(exchange.form.text("back"));
    let action = Action::named(exchange.form.text("do")).ok_or(Failed::NotFound)?;
    let hashes = chosen(exchange)?;
    if hashes.is_empty() {
        return list(exchange, signed_in, view, Some(words.nothing_chosen));
    }
    let category = exchange.form.text("category");
    let mut edits = Edits::default();
    if action == Action::SetCategory && edits.set("category", category).is_err() {
        let error = exchange.texts.admin.torrent.one_line;
        return list(exchange, signed_in, view, Some(error));
    }
    let mut fields =
        vec![("do".to_owned(), action.name().to_owned()), ("back".into(), view.query())];
    fields.extend(hashes.iter().map(|hash| ("chosen".to_owned(), hash.to_string())));
    let back = view.at_page(view.page);
    let place = Place { action: "torrents".into(), fields, done: format!("{back}&"), back };
    let reason = exchange.form.text("reason").to_owned();
    run(exchange, signed_in, Task { action, hashes, reason, edits }, place)
}

/// The torrents that were chosen, each once.
pub(super) fn chosen(exchange: &Exchange<'_>) -> Result<Vec<InfoHash>, Failed> {
    let mut hashes: Vec<InfoHash> = Vec::new();
    for text in exchange.form.texts("chosen") {
        let hash = InfoHash::from_hex(text.as_bytes()).ok_or(Failed::NotFound)?;
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    Ok(hashes)
}

/// Does something to the torrent of the address.
fn to_one(exchange: &Exchange<'_>, signed_in: &SignedIn, action: Action) -> Result<Reply, Failed> {
    let hash = exchange.torrent_of(signed_in, 0)?.canonical;
    let page = format!("torrents/{hash}");
    let done = if action == Action::Remove { "torrents?".into() } else { format!("{page}?") };
    let place =
        Place { action: format!("{page}/{}", action.name()), fields: Vec::new(), back: page, done };
    let reason = exchange.form.text("reason").to_owned();
    let task = Task { action, hashes: vec![hash], reason, edits: Edits::default() };
    run(exchange, signed_in, task, place)
}

pub(in crate::site::admin) fn hide(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    to_one(exchange, signed_in, Action::Hide)
}

pub(in crate::site::admin) fn unhide(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    to_one(exchange, signed_in, Action::Unhide)
}

pub(in crate::site::admin) fn retire(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    to_one(exchange, signed_in, Action::Retire)
}

pub(in crate::site::admin) fn restore(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    to_one(exchange, signed_in, Action::Restore)
}

pub(in crate::site::admin) fn remove(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    to_one(exchange, signed_in, Action::Remove)
}

/// Asks where that is due, and does it.
fn run(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    mut task: Task,
    place: Place,
) -> Result<Reply, Failed> {
    if !signed_in.user.role.may(task.action.permission()) {
        return Err(Failed::NotAllowed);
    }
    let torrents = scope::torrents_of(&signed_in.user, &*exchange.catalog()?, &task.hashes)?;
    match task.action {
        Action::Retire => {
            let mut errors = Errors::default();
            let reason = detail_values::reason(&task.reason);
            let say = |problem: &_| exchange.texts.admin.torrent.error(problem);
            match errors.take("reason", reason, say) {
                Some(reason) if exchange.is_sure() => task.reason = reason,
                _ => {
                    return ask_to_retire(
                        exchange,
                        signed_in,
                        torrents,
                        (task.reason, place, errors),
                    );
                }
            }
        }
        Action::Remove if torrents.iter().any(|it| why_kept(it).is_some()) => {
            return say_what_is_kept(exchange, signed_in, &torrents, &place);
        }
        Action::Remove if !exchange.is_sure() => {
            return ask_to_remove(exchange, signed_in, torrents, place);
        }
        _ => {}
    }
    let count = exchange.change(signed_in, |catalog, author| {
        let torrents = scope::torrents_of(&signed_in.user, catalog, &task.hashes)?;
        task.run(exchange, catalog, &torrents, author)
    })?;
    Ok(Reply::To(format!("{}done={}&count={count}", place.done, task.action.name())))
}

impl Task {
    /// Does it. Returns to how many it was done.
    fn run(
        &self,
        exchange: &Exchange<'_>,
        catalog: &mut Catalog,
        torrents: &[Torrent],
        author: &Author<'_>,
    ) -> Result<usize, Failed> {
        Ok(match self.action {
            Action::Hide => decisions::hide(catalog, torrents, author)?,
            Action::Unhide => decisions::unhide(catalog, torrents, author)?,
            Action::Retire => decisions::retire(catalog, torrents, &self.reason, author)?,
            Action::Restore => decisions::restore(catalog, torrents, author)?,
            Action::Remove => {
                decisions::remove(exchange.loaded(), catalog, torrents, author)?;
                torrents.len()
            }
            Action::SetCategory => decisions::edit(catalog, torrents, &self.edits, author)?,
        })
    }
}

impl From<EditError> for Failed {
    fn from(problem: EditError) -> Self {
        Self::Broken(problem.to_string())
    }
}

impl From<RemoveError> for Failed {
    fn from(problem: RemoveError) -> Self {
        Self::Broken(problem.to_string())
    }
}

/// Asks for the reason, and says what will happen.
#[derive(Template)]
#[template(path = "admin/retire.html")]
struct Retire {
    frame: Frame,
    errors: Errors,
    consequences: [String; 3],
    subjects: Vec<String>,
    reason: String,
    reason_hint: String,
    place: Place,
}

fn ask_to_retire(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    torrents: Vec<Torrent>,
    (reason, place, errors): (String, Place, Errors),
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.torrents;
    let title = words.retire_title.with(texts.counted(torrents.len(), texts.counts.torrents));
    let subjects = titles(&torrents);
    let torrents = TorrentWithPeers::all_now(exchange.loaded(), torrents, exchange.call.now);
    let (seeders, leechers) = peers_in_words(&torrents, texts);
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Torrents, &title);
    frame.has_errors = !errors.is_empty();
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(
        status,
        &Retire {
            frame,
            errors,
            consequences: [
                words.retire_lists.to_owned(),
                words.retire_peers.with(seeders, leechers),
                words.retire_figures.to_owned(),
            ],
            subjects,
            reason,
            reason_hint: words.reason_hint.with(&exchange.loaded().config.access.retired_reason),
            place,
        },
    )
}

fn ask_to_remove(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    torrents: Vec<Torrent>,
    place: Place,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.torrents;
    let title = words.remove_title.with(texts.counted(torrents.len(), texts.counts.torrents));
    let subjects = titles(&torrents);
    let completed = torrents.iter().map(|it| it.totals.completed).fold(0, u64::saturating_add);
    let torrents = TorrentWithPeers::all_now(exchange.loaded(), torrents, exchange.call.now);
    let (seeders, leechers) = peers_in_words(&torrents, texts);
    exchange.ask(
        signed_in,
        Question {
            section: Section::Torrents,
            title,
            consequences: vec![
                words.remove_for_good.to_owned(),
                words.remove_figures.with(texts.number(completed)),
                words.remove_peers.with(seeders, leechers),
                words.remove_rather.to_owned(),
            ],
            subjects,
            action: place.action,
            fields: place.fields,
            button: words.remove_now,
            back: place.back,
        },
    )
}

/// Says which torrents are not removed, and what to do.
#[derive(Template)]
#[template(path = "admin/kept.html")]
struct KeptPage {
    frame: Frame,
    /// The page of each, its title, and why it is kept.
    kept: Vec<(String, String, String)>,
    back: String,
}

fn say_what_is_kept(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    torrents: &[Torrent],
    place: &Place,
) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.torrents;
    let why = |torrent: &Torrent| match why_kept(torrent)? {
        Kept::ByFile => Some(words.kept_by_file.with(torrent.file.display())),
        Kept::ByList => Some(words.kept_by_list.to_owned()),
    };
    let kept = torrents.iter().filter_map(|torrent| {
        let page = format!("torrents/{}", torrent.canonical);
        Some((page, torrent.title().into_owned(), why(torrent)?))
    });
    let frame = Frame::new(exchange, Some(signed_in), Section::Torrents, words.not_removed);
    let page = KeptPage { frame, kept: kept.collect(), back: place.back.clone() };
    Reply::page_of(Status::UnprocessableContent, &page)
}
