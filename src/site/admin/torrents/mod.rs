//! The torrents: all of them, also those that stand in no listing, and what is done to several at once.

mod action;
mod edit;
mod facts;
mod fields;
mod reset;
mod retired;
pub(super) mod scope;
mod view;

pub(super) use action::{hide, remove, restore, retire, several, unhide};
pub(super) use edit::{save, show as show_one};
pub(super) use reset::reset;
pub(super) use retired::{restore_several, show as show_retired};

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::accounts::Permission;
use crate::catalog::{FoundOrder, Standing, Torrent, Unlisted};
use crate::gateway::Status;
use crate::protocol::Timestamp;
use crate::site::language::Texts;
use crate::tracker::TorrentWithPeers;
use view::{ROWS, View};

#[derive(Template)]
#[template(path = "admin/torrents.html")]
struct List {
    frame: Frame,
    view: View,
    standings: Vec<(&'static str, &'static str, bool)>,
    orders: Vec<(&'static str, &'static str, bool)>,
    categories: Vec<(String, bool)>,
    groups: Vec<(String, bool)>,
    rows: Vec<Row>,
    range: String,
    back: Option<String>,
    next: Option<String>,
    /// What can be done to those that are chosen, by the words of forms.
    actions: Vec<(&'static str, &'static str)>,
    may_add: bool,
    may_edit: bool,
    error: Option<&'static str>,
    /// The category that was typed.
    category: String,
}

/// A torrent of the list.
struct Row {
    hash: String,
    title: String,
    /// Category and file.
    about: String,
    tag: Option<String>,
    size: String,
    peers: Option<(String, String)>,
    completed: String,
    is_chosen: bool,
}

impl Row {
    fn new(
        TorrentWithPeers { torrent, peers }: &TorrentWithPeers,
        chosen: &[&str],
        (texts, now): (&Texts, Timestamp),
    ) -> Self {
        let number = |count: u32| texts.number(u64::from(count));
        let file = torrent.file.to_string_lossy();
        let hash = torrent.canonical.to_string();
        // A folder is seen in the path of the file.
        let category = torrent.details().category.clone();
        let parts = [category, torrent.details().group.clone(), Some(file.into_owned())];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        Self {
            title: torrent.title().into_owned(),
            about: parts.collect::<Vec<_>>().join(" · "),
            tag: torrent.unlisted(now).map(|unlisted| tag(unlisted, texts)),
            size: torrent.known_size().map(|size| texts.bytes(size, 1)).unwrap_or_default(),
            peers: peers.map(|peers| (number(peers.seeders), number(peers.leechers))),
            completed: texts.number(torrent.totals.completed),
            is_chosen: chosen.contains(&&*hash),
            hash,
        }
    }
}

/// Why a torrent stands in no listing, in few words.
pub(super) fn tag(unlisted: Unlisted, texts: &Texts) -> String {
    let words = &texts.admin.torrents;
    match unlisted {
        Unlisted::Retired => words.tag_retired.to_owned(),
        Unlisted::Missing => words.tag_missing.to_owned(),
        Unlisted::Hidden => words.tag_hidden.to_owned(),
        Unlisted::Never => words.tag_never.to_owned(),
        Unlisted::Before(from) => words.tag_before.with(texts.day(from)),
        Unlisted::Since(until) => words.tag_since.with(texts.day(until)),
    }
}

/// Peers that are here, in words.
fn peers_in_words(torrents: &[TorrentWithPeers], texts: &Texts) -> (String, String) {
    let peers = torrents.iter().filter_map(|it| it.peers);
    let (seeders, leechers) = peers.fold((0_u64, 0_u64), |(seeders, leechers), it| {
        (seeders + u64::from(it.seeders), leechers + u64::from(it.leechers))
    });
    let counts = &texts.counts;
    (texts.counted(seeders, counts.seeders), texts.counted(leechers, counts.leechers))
}

/// What stands where a torrent's title is looked for.
fn titles(torrents: &[Torrent]) -> Vec<String> {
    torrents.iter().map(|torrent| torrent.title().into_owned()).collect()
}

/// A page of the list.
pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let view = View::of(&exchange.query);
    list(exchange, signed_in, view, None)
}

/// The same, with what was chosen and what is wrong with that.
fn list(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    view: View,
    error: Option<&'static str>,
) -> Result<Reply, Failed> {
    let (texts, now) = (exchange.texts, exchange.call.now);
    let catalog = exchange.catalog()?;
    let found = catalog.search_torrents(&view.search(scope::groups(&signed_in.user)), now)?;
    let torrents = catalog.torrents_named(&found.hashes)?;
    let torrents = TorrentWithPeers::all_now(exchange.loaded(), torrents, now);
    let chosen: Vec<&str> = exchange.form.texts("chosen").collect();
    let words = &texts.admin.torrents;
    let may = |permission| signed_in.user.role.may(permission);
    let first = (view.page - 1).saturating_mul(ROWS);
    let last = first + torrents.len();
    let title = texts.admin.frame.torrents;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Torrents, title);
    frame.notice = action::notice(exchange);
    frame.has_errors = error.is_some();
    let options = |names: std::collections::BTreeSet<String>, chosen: &str| {
        names.into_iter().map(|name| (name.clone(), name == chosen)).collect()
    };
    let status = if error.is_some() { Status::UnprocessableContent } else { Status::Ok };
    Reply::page_of(
        status,
        &List {
            standings: Standing::NAMES
                .into_iter()
                .map(|(name, it)| (name, standing_in_words(it, texts), it == view.standing))
                .collect(),
            orders: FoundOrder::NAMES
                .into_iter()
                .map(|(name, it)| (name, order_in_words(it, texts), it == view.order))
                .collect(),
            categories: options(found.categories, &view.category),
            groups: options(found.groups, &view.group),
            rows: torrents.iter().map(|it| Row::new(it, &chosen, (texts, now))).collect(),
            range: words.range.with(
                texts.number(first.saturating_add(1)),
                texts.number(last),
                texts.number(found.all),
            ),
            back: (view.page > 1).then(|| view.at_page(view.page - 1)),
            next: (last < found.all).then(|| view.at_page(view.page.saturating_add(1))),
            actions: action::possible(&signed_in.user, texts),
            may_add: may(Permission::AddTorrents),
            may_edit: may(Permission::EditTorrents),
            error,
            category: exchange.form.text("category").to_owned(),
            view,
            frame,
        },
    )
}

fn standing_in_words(standing: Standing, texts: &Texts) -> &'static str {
    let words = &texts.admin.torrents;
    match standing {
        Standing::Any => words.any,
        Standing::Listed => words.listed,
        Standing::Unlisted => words.unlisted,
        Standing::Hidden => words.hidden,
        Standing::Retired => words.retired,
        Standing::Missing => words.missing,
    }
}

fn order_in_words(order: FoundOrder, texts: &Texts) -> &'static str {
    let words = &texts.admin.torrents;
    match order {
        FoundOrder::Newest => words.newest,
        FoundOrder::Title => words.by_title,
        FoundOrder::Size => words.by_size,
        FoundOrder::Completed => words.by_completed,
    }
}
