//! Making a list index.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use super::format::{self, header};
use super::words::folded;
use super::{ListFacts, ListIndexError};
use crate::catalog::{Torrent, natural};
use crate::platform::publication::TemporaryFile;

/// Bytes of what is said of a torrent that a search looks at, at most.
const LONGEST_TEXT: usize = 2000;

/// A torrent of a list, and who is there.
#[derive(Clone, Copy, Debug)]
pub struct ListEntry<'a> {
    /// The torrent, with its totals.
    pub torrent: &'a Torrent,
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
}

/// A list index that is not written yet.
pub struct ListIndexDraft(Vec<u8>);

impl ListIndexDraft {
    /// Makes one of the torrents that are listed.
    pub fn of<'a>(facts: &ListFacts, entries: impl Iterator<Item = ListEntry<'a>>) -> Self {
        let mut keyed: Vec<(String, ListEntry<'a>)> =
            entries.map(|entry| (folded(&entry.torrent.title()), entry)).collect();
        keyed.sort_unstable_by(|(a_title, a), (b_title, b)| {
            natural::compare(a_title, b_title)
                .then_with(|| a.torrent.canonical.cmp(&b.torrent.canonical))
        });
        let mut texts = Texts::default();
        let torrents = keyed.iter().map(|(_, entry)| entry.torrent);
        let categories = Places::of(torrents.clone().map(Torrent::category_name));
        let groups = Places::of(torrents.map(|torrent| torrent.details().group.clone()));
        let mut records = Vec::with_capacity(keyed.len() * format::TORRENT_LEN);
        let mut hashes = Vec::with_capacity(keyed.len() * format::HASHES_LEN);
        for (title, entry) in &keyed {
            let text = texts.add(&words(title, entry.torrent));
            let group = groups.number_of(entry.torrent.details().group.as_deref());
            let category = categories.number_of(entry.torrent.category_name().as_deref());
            put_torrent(&mut records, entry, [category, group], text);
            hashes.extend(entry.torrent.v1.map(|hash| hash.0).unwrap_or_default());
            hashes.extend(entry.torrent.v2.map(|hash| hash.0).unwrap_or_default());
        }
        let counts = [keyed.len(), categories.0.len(), groups.0.len()].map(number);
        let mut names = Texts::default();
        let [categories, groups] = [categories, groups].map(|places| places.records(&mut names));
        let names_len = names.0.len();
        let texts = texts.0.into_bytes();
        let parts = [records, hashes, categories, groups, names.0.into_bytes(), texts];
        let length = parts.iter().map(Vec::len).sum::<usize>() + format::HEADER_LEN;
        let checksums = parts.each_ref().map(|part| format::checksum(part));
        let mut bytes = header_of(facts, counts, [length, names_len], checksums);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Puts it in the place of the one before, for the holder of the refresh's lock. That it reaches the disk is not waited
    /// for: what a power failure takes is made again.
    ///
    /// # Errors
    /// When it cannot be written; the one before stays.
    pub fn publish(self, path: &Path) -> Result<(), ListIndexError> {
        let write = || {
            let mut temporary = TemporaryFile::of_only_writer(path)?;
            temporary.file.write_all(&self.0)?;
            temporary.close().put_in_place_of(path)
        };
        write().map_err(|source| ListIndexError::Io {
            doing: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// Puts it where none is, for whoever has missed one. One that somebody else has put there meanwhile stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_where_none_is(&self, path: &Path) -> Result<(), ListIndexError> {
        let write = || {
            let mut temporary = TemporaryFile::beside(path)?;
            temporary.file.write_all(&self.0)?;
            temporary.close().place_if_absent(path).map(|_| ())
        };
        write().map_err(|source| ListIndexError::Io {
            doing: "write",
            path: path.to_owned(),
            source,
        })
    }
}

/// The names of categories or of groups in their order, each with its number of torrents.
struct Places(Vec<(String, usize)>);

impl Places {
    fn of(names: impl Iterator<Item = Option<String>>) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for name in names.flatten() {
            *counts.entry(name).or_default() += 1;
        }
        let mut places: Vec<_> = counts.into_iter().collect();
        places.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(places)
    }

    /// Counted from 1.
    fn number_of(&self, name: Option<&str>) -> u32 {
        let found =
            name.and_then(|name| self.0.binary_search_by(|(it, _)| it.as_str().cmp(name)).ok());
        found.map_or(0, |index| number(index + 1))
    }

    fn records(self, names: &mut Texts) -> Vec<u8> {
        let mut records = Vec::new();
        for (name, torrents) in self.0 {
            names.add(&name).iter().for_each(|part| records.extend(part.to_le_bytes()));
            records.extend(number(torrents).to_le_bytes());
        }
        records
    }
}

/// All texts, each a line or several.
#[derive(Default)]
struct Texts(String);

impl Texts {
    /// Where it stands then: offset and length. Behind 4 GiB no text has room.
    fn add(&mut self, text: &str) -> [u32; 2] {
        match (u32::try_from(self.0.len()), u32::try_from(text.len())) {
            (Ok(offset), Ok(length)) => {
                self.0.push_str(text);
                self.0.push('\n');
                [offset, length]
            }
            _ => [0, 0],
        }
    }
}

/// What a torrent is found by.
fn words(title: &str, torrent: &Torrent) -> String {
    let mut words = title.to_owned();
    let name = folded(&torrent.name);
    let others = [
        Some(name).filter(|name| name != title),
        torrent.category_name().as_deref().map(folded),
        torrent.details().group.as_deref().map(folded),
    ];
    for other in others.into_iter().flatten() {
        words.push('\n');
        words.push_str(&other);
    }
    words.truncate(words.floor_char_boundary(LONGEST_TEXT));
    words
}

fn put_torrent(records: &mut Vec<u8>, entry: &ListEntry<'_>, places: [u32; 2], text: [u32; 2]) {
    let torrent = entry.torrent;
    records.extend(torrent.canonical.0);
    let (completed, added) = (torrent.totals.completed, torrent.first_seen.0);
    for figure in [torrent.size, entry.seeders, entry.leechers, completed, added] {
        records.extend(figure.to_le_bytes());
    }
    places.iter().chain(&text).for_each(|number| records.extend(number.to_le_bytes()));
}

fn header_of(
    facts: &ListFacts,
    [torrents, categories, groups]: [u32; 3],
    lengths: [usize; 2],
    checksums: [u32; 6],
) -> Vec<u8> {
    let [length, names] = lengths.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
    let mut bytes = vec![0; format::HEADER_LEN];
    let mut put = |at: usize, field: &[u8]| {
        if let Some(place) = bytes.get_mut(at..at + field.len()) {
            place.copy_from_slice(field);
        }
    };
    put(0, &format::MAGIC);
    put(header::VERSION_AT, &format::VERSION.to_le_bytes());
    put(header::TORRENTS_AT, &torrents.to_le_bytes());
    put(header::LEN_AT, &length.to_le_bytes());
    put(header::COUNTED_AT, &facts.counted_at.0.to_le_bytes());
    put(header::NEXT_AT, &facts.next_in.0.to_le_bytes());
    if let Some(load) = facts.high_load {
        put(header::ANNOUNCES_AT, &load.announces.to_le_bytes());
        put(header::INTERVAL_AT, &load.interval.0.to_le_bytes());
    }
    put(header::CATEGORIES_AT, &categories.to_le_bytes());
    put(header::GROUPS_AT, &groups.to_le_bytes());
    put(header::NAMES_LEN_AT, &names.to_le_bytes());
    put(header::CHECKSUMS_AT, &checksums.map(u32::to_le_bytes).concat());
    let checksum = format::checksum_of_header(&bytes);
    if let Some(place) = bytes.get_mut(header::CHECKSUM_AT..) {
        place.copy_from_slice(&checksum.to_le_bytes());
    }
    bytes
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
