//! A torrent as a row of a list.

use super::places::{Places, Way};
use super::swarm::Swarm;
use crate::platform::date;
use crate::protocol::{Seconds, Timestamp};
use crate::site::language::Texts;
use crate::tracker::Row;

/// For how long a torrent is called new.
const NEW: Seconds = Seconds(7 * 24 * 60 * 60);

/// A row, ready to be shown.
#[derive(Clone, Debug)]
pub(super) struct RowView {
    pub(super) title: String,
    /// The page about it.
    pub(super) page: Option<String>,
    pub(super) tags: Vec<Tag>,
    pub(super) group: Option<GroupLink>,
    /// What other trackers say of it.
    pub(super) elsewhere: Option<String>,
    pub(super) mirror: Option<String>,
    pub(super) info: Option<String>,
    /// The kinds of its checksums.
    pub(super) checksums: Option<String>,
    pub(super) swarm: Swarm,
    pub(super) size: String,
    pub(super) completed: String,
    pub(super) completed_word: &'static str,
    pub(super) date: String,
    pub(super) machine_date: String,
    pub(super) magnet: Option<String>,
    pub(super) torrent: Option<String>,
}

/// A group, and the list of its torrents.
#[derive(Clone, Debug)]
pub(super) struct GroupLink {
    pub(super) name: String,
    pub(super) page: Option<String>,
}

/// A word behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) class: &'static str,
    pub(super) text: &'static str,
}

impl RowView {
    pub(super) fn new(row: &Row, places: &Places<'_>, way: Way, now: Timestamp) -> Self {
        let torrent = &row.torrent;
        let links = way.links(torrent, places.loaded, now);
        let details = torrent.details();
        let checksums: Vec<&str> = details
            .checksums
            .in_digits()
            .into_iter()
            .filter_map(|(name, digits)| digits.map(|_| checksum_name(name)))
            .collect();
        let added = torrent.first_seen.no_later_than(now);
        let texts = places.texts;
        Self {
            title: torrent.title().into_owned(),
            page: places.page_of(torrent, way),
            tags: tags(row, now, texts),
            group: details
                .group
                .clone()
                .map(|name| GroupLink { page: places.group_page(&name, way), name }),
            elsewhere: places.elsewhere(torrent.canonical),
            mirror: details.mirror.clone().filter(|_| torrent.may_be_linked(now)),
            info: links.info,
            checksums: (!checksums.is_empty()).then(|| checksums.join(", ")),
            swarm: Swarm::new(row.figures.seeders, row.figures.leechers, texts),
            size: torrent.known_size().map(|size| texts.bytes(size, 2)).unwrap_or_default(),
            completed: texts.number(row.figures.completed),
            completed_word: texts.word(row.figures.completed, texts.counts.completed),
            date: texts.day(added),
            machine_date: day(added),
            magnet: links.magnet,
            torrent: links.torrent,
        }
    }

    /// Whether there is a line below the name.
    pub(super) fn has_more(&self) -> bool {
        let parts = [&self.elsewhere, &self.mirror, &self.info, &self.checksums];
        self.group.is_some() || parts.iter().any(|part| part.is_some())
    }
}

/// The day of a time, for programs.
pub(super) fn day(at: Timestamp) -> String {
    let mut day = date::rfc_3339(at.0);
    day.truncate("1970-01-01".len());
    day
}

/// A checksum's name as people write it.
pub(super) fn checksum_name(key: &str) -> &str {
    match key {
        "crc32" => "CRC-32",
        "md5" => "MD5",
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        other => other,
    }
}

fn tags(row: &Row, now: Timestamp, texts: &Texts) -> Vec<Tag> {
    let words = &texts.list;
    let mut tags = Vec::new();
    if row.age < NEW {
        tags.push(Tag { class: "new", text: words.is_new });
    }
    if row.figures.seeders == 0 {
        let has_mirror = row.torrent.details().mirror.is_some() && row.torrent.may_be_linked(now);
        tags.push(match (row.torrent.has_web_seed, has_mirror) {
            (true, _) => Tag { class: "warn", text: words.has_web_seed },
            (false, true) => Tag { class: "warn", text: words.has_mirror },
            (false, false) => Tag { class: "bad", text: words.has_no_seeders },
        });
    }
    if row.torrent.private {
        tags.push(Tag { class: "", text: words.is_private });
    }
    tags
}
