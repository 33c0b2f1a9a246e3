//! The peers of a torrent with their addresses: only here, and for those who may see the torrent.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::spreadsheet::cell;
use crate::accounts::Permission;
use crate::catalog::{Role, Torrent, is_same_group};
use crate::platform::order::Order as _;
use crate::protocol::Timestamp;
use crate::site::language::Texts;
use crate::tracker::{PeerRow, peer_rows};

/// Peers on the page.
const MOST: usize = 1_000;

#[derive(Template)]
#[template(path = "admin/peers.html")]
struct Peers {
    frame: Frame,
    /// The torrent's page and title.
    torrent: String,
    title: String,
    count: String,
    only_some: Option<String>,
    /// Orders: what the address has, the word, and whether it is chosen.
    orders: Vec<(&'static str, &'static str, bool)>,
    peers: Vec<Shown>,
    may_ban: bool,
}

/// A peer as it is shown.
struct Shown {
    /// Addresses with ports, and the addresses alone.
    addresses: Vec<(String, String)>,
    client: String,
    progress: String,
    uploaded: String,
    downloaded: String,
    reachable: &'static str,
    class: &'static str,
    first_seen: String,
    last_seen: String,
}

/// The torrent, where whoever asks may see its peers.
fn torrent(exchange: &Exchange<'_>, signed_in: &SignedIn) -> Result<Torrent, Failed> {
    let torrent = exchange.torrent(0)?;
    let user = &signed_in.user;
    let is_theirs = torrent
        .details()
        .group
        .as_deref()
        .is_some_and(|group| user.groups.iter().any(|own| is_same_group(own, group)));
    if user.role != Role::Editor || is_theirs { Ok(torrent) } else { Err(Failed::NotFound) }
}

/// Its peers.
fn read(exchange: &Exchange<'_>, torrent: &Torrent) -> Result<Vec<PeerRow>, Failed> {
    let peers = peer_rows(exchange.loaded(), torrent.canonical, exchange.call.now);
    peers.map_err(|problem| Failed::Broken(problem.to_string()))
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let torrent = torrent(exchange, signed_in)?;
    let mut peers = read(exchange, &torrent)?;
    let (texts, order) = (exchange.texts, exchange.query.text("sort"));
    let words = &texts.admin.peers;
    sort(&mut peers, order);
    let count = peers.len();
    let shown = peers.iter().take(MOST);
    let order = if order.is_empty() { "last" } else { order };
    let orders = [
        ("last", words.last_seen),
        ("first", words.first_seen),
        ("progress", words.progress),
        ("uploaded", words.uploaded),
        ("downloaded", words.downloaded),
        ("client", words.client),
    ];
    let title = torrent.title().into_owned();
    Reply::page(&Peers {
        torrent: format!("torrents/{}", torrent.canonical),
        count: texts.counted(count, words.peers),
        only_some: (count > MOST).then(|| words.only_some.with(texts.number(MOST))),
        orders: orders.map(|(name, word)| (name, word, name == order)).into(),
        peers: shown.map(|peer| Shown::of(peer, &torrent, exchange)).collect(),
        may_ban: signed_in.user.role.may(Permission::EditBans),
        frame: Frame::new(exchange, Some(signed_in), Section::Torrents, &words.title.with(&title)),
        title,
    })
}

fn sort(peers: &mut [PeerRow], order: &str) {
    match order {
        "first" => peers.order_by_key(|peer| peer.first_seen),
        "progress" => peers.order_by_key(|peer| (peer.left.is_none(), peer.left)),
        "uploaded" => peers.order_by_key(|peer| std::cmp::Reverse(peer.uploaded)),
        "downloaded" => peers.order_by_key(|peer| std::cmp::Reverse(peer.downloaded)),
        "client" => peers.order_by(|one, other| one.client.cmp(&other.client)),
        _ => peers.order_by_key(|peer| std::cmp::Reverse(peer.last_seen)),
    }
}

impl Shown {
    fn of(row: &PeerRow, torrent: &Torrent, exchange: &Exchange<'_>) -> Self {
        let texts = exchange.texts;
        let words = &texts.admin.peers;
        let alone = |address: &String| {
            let alone = address.parse::<std::net::SocketAddr>();
            let alone = alone.map_or_else(|_| String::new(), |it| it.ip().to_string());
            (address.clone(), alone)
        };
        let ago = |at: u64| words.ago.with(texts.duration(exchange.call.now.since(Timestamp(at))));
        let (reachable, class) = match row.reachable {
            Some(true) => (words.reachable_yes, "good"),
            Some(false) => (words.reachable_no, "warn"),
            None => (words.not_known, ""),
        };
        Self {
            addresses: row.addresses.iter().map(alone).collect(),
            client: row.client.clone(),
            progress: progress(row.left, torrent.size, texts),
            uploaded: texts.bytes(row.uploaded, 2),
            downloaded: texts.bytes(row.downloaded, 2),
            reachable,
            class,
            first_seen: texts.moment(Timestamp(row.first_seen)),
            last_seen: ago(row.last_seen),
        }
    }
}

/// How much of a torrent of so many bytes a peer has.
fn progress(left: Option<u64>, size: u64, texts: &Texts) -> String {
    match left {
        Some(0) => texts.percent(100.0),
        Some(left) if size > 0 => {
            // Precision does not matter: one decimal is shown.
            #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
            let share = size.saturating_sub(left) as f64 / size as f64;
            texts.percent(share * 100.0)
        }
        _ => texts.admin.peers.not_known.to_owned(),
    }
}

/// All of them as a file: JSON as `tracker peers --json` has it, or CSV for spreadsheets.
pub(super) fn export(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let torrent = torrent(exchange, signed_in)?;
    let rows = read(exchange, &torrent)?;
    let name = torrent.canonical;
    match exchange.query.text("format") {
        "json" => Ok(Reply::File {
            name: format!("peers-{name}.json"),
            content_type: "application/json",
            content: serde_json::to_vec_pretty(&rows)
                .map_err(|problem| Failed::Broken(problem.to_string()))?,
        }),
        "" | "csv" => Ok(Reply::File {
            name: format!("peers-{name}.csv"),
            content_type: "text/csv; charset=utf-8",
            content: csv(&rows).into_bytes(),
        }),
        _ => Err(Failed::NotFound),
    }
}

fn csv(rows: &[PeerRow]) -> String {
    let mut text = String::from(
        "peer_id,client,addresses,left,uploaded,downloaded,first_seen,last_seen,reachable,seeder,partial_seed\r\n",
    );
    for row in rows {
        let cells = [
            row.peer_id.clone(),
            row.client.clone(),
            row.addresses.join(" "),
            row.left.map(|left| left.to_string()).unwrap_or_default(),
            row.uploaded.to_string(),
            row.downloaded.to_string(),
            row.first_seen.to_string(),
            row.last_seen.to_string(),
            row.reachable.map(|it| it.to_string()).unwrap_or_default(),
            row.seeder.to_string(),
            row.partial_seed.to_string(),
        ];
        text += &cells.map(|it| cell(&it)).join(",");
        text += "\r\n";
    }
    text
}
