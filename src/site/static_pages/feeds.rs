//! The feeds (RSS 2.0, Atom 1.0) of all torrents, of each category and of each group: the newest of them, for people
//! and for BitTorrent clients (BEP 36, Media RSS, the namespace of ezRSS).
//!
//! Some clients look at no item of a feed that says the date it said before. So that date changes with the feed, and
//! with nothing else.

use askama::Template;
use sha2::{Digest as _, Sha256};

use super::markdown;
use super::places::{Places, Way};
use super::scope::Scope;
use super::slug;
use super::{PagesError, put, render};
use crate::platform::date;
use crate::protocol::{Seconds, Timestamp};
use crate::site::fragments::xml_text;
use crate::site::language::Texts;
use crate::site::page_folder::PageFolder;
use crate::site::rows::first;
use crate::tracker::{Report, Row};

/// The names of the feeds' files.
pub(super) const RSS_FILE: &str = "feed.rss";
const ATOM_FILE: &str = "feed.atom";

/// Bytes of a torrent's description at most.
const LONGEST_DESCRIPTION: usize = 4_000;

/// A feed, whatever its format.
struct Feed {
    texts: &'static Texts,
    /// What all pages are called.
    site: String,
    /// The category or group.
    name: Option<String>,
    home: String,
    /// What leads to this feed's files, where that address is known.
    address: Option<String>,
    /// The same for ever, wherever the feed moves.
    id: String,
    ttl_minutes: u32,
    items: Vec<Item>,
    version: &'static str,
}

/// A torrent in a feed.
struct Item {
    title: String,
    /// The page about it, or what it is got by.
    link: Option<String>,
    /// Never changes for one torrent, wherever its file moves.
    guid: String,
    published: Timestamp,
    categories: Vec<String>,
    /// HTML, which readers take it for.
    description: String,
    enclosure: Option<Enclosure>,
    torrent: TorrentElement,
}

/// What a client begins with.
struct Enclosure {
    /// The address of the `.torrent` file, or else a magnet link.
    url: String,
    /// Bytes of the `.torrent` file.
    length: u64,
}

/// What the namespace of ezRSS says of a torrent.
struct TorrentElement {
    /// The name of the `.torrent` file.
    file_name: Option<String>,
    /// Bytes of content.
    size: Option<u64>,
    info_hash: String,
    /// The same where it is a SHA-1 digest, as Media RSS has it.
    sha1: Option<String>,
    magnet: Option<String>,
}

#[derive(Template)]
#[template(path = "feeds/rss.xml")]
struct Rss<'a> {
    feed: &'a Feed,
    updated: Timestamp,
}

#[derive(Template)]
#[template(path = "feeds/atom.xml")]
struct Atom<'a> {
    feed: &'a Feed,
    updated: Timestamp,
}

#[derive(Template)]
#[template(path = "feeds/description.html")]
struct Description<'a> {
    texts: &'static Texts,
    /// What its owner says of it, as HTML.
    said: String,
    size: Option<String>,
    checksums: Vec<(&'a str, String)>,
}

/// Writes the feeds of a scope.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write(
    folder: &mut PageFolder,
    scope: &Scope<'_>,
    places: &Places<'_>,
    report: &Report,
) -> Result<(), PagesError> {
    let feed = Feed::new(scope, places, report);
    let rss_path = format!("{}{RSS_FILE}", scope.folder);
    let atom_path = format!("{}{ATOM_FILE}", scope.folder);
    let atom = |updated| render(&atom_path, &Atom { feed: &feed, updated });
    let before = folder.content(&atom_path);
    let stated = before.as_deref().and_then(stated_date);
    let updated = match stated {
        Some(stated) if before.as_deref() == Some(atom(stated)?.as_bytes()) => {
            // All that is in the one is in the other.
            if folder.leave_alone(&atom_path) && folder.leave_alone(&rss_path) {
                return Ok(());
            }
            stated
        }
        // Twice in a second. What a wrong clock wrote is passed over.
        Some(stated) if stated >= report.at && !stated.is_ahead_of(report.at) => {
            stated + Seconds(1)
        }
        _ => report.at,
    };
    put(folder, atom_path.clone(), &Atom { feed: &feed, updated })?;
    put(folder, rss_path, &Rss { feed: &feed, updated })
}

/// The date that a feed of ours in Atom says of itself.
fn stated_date(feed: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(feed).ok()?;
    let (date, _) = text.split_once("<updated>")?.1.split_once("</updated>")?;
    date::parse(date).ok().map(Timestamp)
}

impl Feed {
    fn new(scope: &Scope<'_>, places: &Places<'_>, report: &Report) -> Self {
        let way = Way::Included(scope.depth());
        let loaded = places.loaded;
        let root = way.root(loaded);
        let most = usize::try_from(loaded.config.pages.feed_items).unwrap_or(usize::MAX);
        let newest = first(&scope.rows, most, |a, b| {
            let newest_first = published(b, report.at).cmp(&published(a, report.at));
            newest_first.then_with(|| a.torrent.canonical.cmp(&b.torrent.canonical))
        });
        Self {
            texts: places.texts,
            site: xml_text(places.title()),
            name: scope.name.as_deref().map(xml_text),
            home: format!("{root}{}index.html", scope.folder),
            address: places.is_address_known().then(|| format!("{root}{}", scope.folder)),
            id: id(places, scope),
            ttl_minutes: report.next_in.in_minutes_rounded_up(),
            items: newest.into_iter().map(|row| Item::new(row, places, way, report.at)).collect(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The date of all of it, as RSS writes it.
    fn http(&self, at: &Timestamp) -> String {
        date::http(at.0)
    }

    /// The same as Atom writes it.
    fn rfc_3339(&self, at: &Timestamp) -> String {
        date::rfc_3339(at.0)
    }
}

/// When a torrent came into the lists: one with an embargo not before its end.
fn published(row: &Row, now: Timestamp) -> Timestamp {
    let torrent = &row.torrent;
    let listed = torrent.details().list_from.unwrap_or(torrent.first_seen);
    torrent.first_seen.max(listed).no_later_than(now)
}

/// A UUID (RFC 9562, version 8) of the tracker and the feed.
fn id(places: &Places<'_>, scope: &Scope<'_>) -> String {
    let config = &places.loaded.config;
    let mut digest = Sha256::new();
    match &config.tracker.announce_url {
        Some(url) => digest.update(url.as_str()),
        None => digest.update(config.paths.catalog.as_os_str().as_encoded_bytes()),
    }
    digest.update([0]);
    digest.update(&scope.folder);
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes: [u8; 16] = std::array::from_fn(|at| digest[at]);
    for (at, kept, set) in [(6, 0x0f, 0x80), (8, 0x3f, 0x80)] {
        bytes[at] = (bytes[at] & kept) | set;
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    format!("urn:uuid:{}", parts.join("-"))
}

impl Item {
    fn new(row: &Row, places: &Places<'_>, way: Way, now: Timestamp) -> Self {
        let torrent = &row.torrent;
        let links = way.links(torrent, places.loaded, now);
        let page = places.page_of(torrent, way);
        let file = links.torrent.is_some().then(|| match torrent.file.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => slug::file_name(torrent),
        });
        let url = links.torrent.or_else(|| links.magnet.clone());
        let v1 = torrent.hashes().v1();
        let group = torrent.details().group.clone();
        let category = torrent.category().map(std::borrow::Cow::into_owned);
        Self {
            title: xml_text(&torrent.title()),
            link: page.or_else(|| url.clone()),
            guid: format!("urn:btih:{}", torrent.canonical),
            published: published(row, now),
            categories: category.into_iter().chain(group).map(|name| xml_text(&name)).collect(),
            description: description(row, places.texts),
            enclosure: url.map(|url| Enclosure { url, length: torrent.file_size }),
            torrent: TorrentElement {
                file_name: file.map(|name| xml_text(&name)),
                size: torrent.known_size(),
                info_hash: torrent.canonical.to_string(),
                sha1: v1.map(|hash| hash.to_string()),
                magnet: links.magnet,
            },
        }
    }
}

/// What a reader shows of a torrent.
fn description(row: &Row, texts: &'static Texts) -> String {
    let details = row.torrent.details();
    let text = details.description.as_deref().unwrap_or_default();
    let text = text.get(..text.floor_char_boundary(LONGEST_DESCRIPTION)).unwrap_or_default();
    let checksums = details.checksums.in_digits().into_iter();
    let description = Description {
        texts,
        said: markdown::html(text),
        size: row.torrent.known_size().map(|size| texts.bytes(size, 2)),
        checksums: checksums
            .filter_map(|(name, digits)| Some((super::row::checksum_name(name), digits?)))
            .collect(),
    };
    // Memory takes all that is written to it.
    description.render().unwrap_or_default()
}
