//! Searching a list index: which torrents fit, and those of one page in an order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::format::{self, HASHES_LEN, TORRENT_LEN, text_at, torrent, u32_at, u64_at};
use super::words::Initial;
use super::{ListIndex, ListIndexError, ListPlace};
use crate::protocol::InfoHash;

/// Digits from which on a word may be the beginning of an info-hash.
const SHORTEST_HASH: usize = 6;

/// Which torrents of a list are wanted, in which order. The usual one wants all, those with the most seeders first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSearch {
    /// Words that must all stand in what a torrent is found by, or begin one of its info-hashes; as
    /// [`words_of`](super::words_of) gives them.
    pub words: Vec<String>,
    /// A category; those below it belong to it.
    pub category: Option<String>,
    /// A group.
    pub group: Option<String>,
    /// With what titles begin.
    pub initial: Option<Initial>,
    /// By what they are sorted.
    pub order: ListOrder,
    /// The other way round.
    pub reverse: bool,
}

/// By what a list is sorted: names from A, figures from the largest, dates from the newest. Those that are equal stand in
/// the order of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// What people call them.
    Name,
    /// Bytes of content.
    Size,
    /// Peers that have everything.
    #[default]
    Seeders,
    /// Peers that want data.
    Leechers,
    /// Completed downloads.
    Completed,
    /// When they came.
    Added,
}

impl ListOrder {
    /// All, with the words for them in addresses.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("name", Self::Name),
        ("size", Self::Size),
        ("seeders", Self::Seeders),
        ("leechers", Self::Leechers),
        ("completed", Self::Completed),
        ("added", Self::Added),
    ];

    /// Where that stands in a torrent's record; names are in order already.
    fn field(self) -> Option<usize> {
        match self {
            Self::Name => None,
            Self::Size => Some(torrent::SIZE_AT),
            Self::Seeders => Some(torrent::SEEDERS_AT),
            Self::Leechers => Some(torrent::LEECHERS_AT),
            Self::Completed => Some(torrent::COMPLETED_AT),
            Self::Added => Some(torrent::ADDED_AT),
        }
    }
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHits {
    /// How many torrents fit.
    pub matching: usize,
    /// Those of the page.
    pub hits: Vec<ListHit>,
}

/// A torrent that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHit {
    /// Its canonical info-hash.
    pub info_hash: InfoHash,
    /// Seeders at the last refresh.
    pub seeders: u64,
    /// Leechers then.
    pub leechers: u64,
    /// Completed downloads until then.
    pub completed: u64,
}

/// A torrent that fits: what it is sorted by, and its place among the names.
type Found = (u64, u32);

impl ListIndex {
    /// Looks for torrents, and gives those that stand at these places among all that fit, counted from 0.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn search(
        &self,
        search: &ListSearch,
        page: Range<usize>,
    ) -> Result<ListHits, ListIndexError> {
        let records = self.part(&self.layout.torrents)?;
        let Some(filter) = Filter::of(self, search)? else {
            return Ok(ListHits { matching: 0, hits: Vec::new() });
        };
        let field = search.order.field();
        let mut found: Vec<Found> = Vec::new();
        for (place, record) in (0_u32..).zip(records.chunks_exact(TORRENT_LEN)) {
            if filter.takes(place, record) {
                found.push((field.map_or(0, |at| u64_at(record, at)), place));
            }
        }
        let matching = found.len();
        let order = |a: &Found, b: &Found| compare(search, *a, *b);
        if page.end < found.len() {
            // Whoever turns the pages pays for the order of what stands before, not for that of all.
            found.select_nth_unstable_by(page.end, order);
            found.truncate(page.end);
        }
        found.sort_unstable_by(order);
        let of_page = found.get(page.start.min(found.len())..).unwrap_or_default();
        let hits = of_page.iter().filter_map(|&(_, place)| hit(&records, place)).collect();
        Ok(ListHits { matching, hits })
    }
}

fn compare(search: &ListSearch, (a, a_place): Found, (b, b_place): Found) -> Ordering {
    match (search.order, search.reverse) {
        (ListOrder::Name, false) => a_place.cmp(&b_place),
        (ListOrder::Name, true) => b_place.cmp(&a_place),
        (_, false) => b.cmp(&a).then(a_place.cmp(&b_place)),
        (_, true) => a.cmp(&b).then(a_place.cmp(&b_place)),
    }
}

fn hit(records: &[u8], place: u32) -> Option<ListHit> {
    let begin = usize::try_from(place).ok()?.checked_mul(TORRENT_LEN)?;
    let record = records.get(begin..)?.get(..TORRENT_LEN)?;
    Some(ListHit {
        info_hash: InfoHash(*record.first_chunk()?),
        seeders: u64_at(record, torrent::SEEDERS_AT),
        leechers: u64_at(record, torrent::LEECHERS_AT),
        completed: u64_at(record, torrent::COMPLETED_AT),
    })
}

/// What a torrent must be like, with the parts of the index that tell it.
struct Filter<'i> {
    words: Vec<Word<'i>>,
    initial: Option<Initial>,
    /// For each category whether it is wanted, where not all are.
    categories: Option<Vec<bool>>,
    /// The number of the group.
    group: Option<u32>,
    texts: &'i str,
    hashes: Cow<'i, [u8]>,
}

/// A word, and whether it may begin an info-hash.
struct Word<'i> {
    text: &'i str,
    digits: Option<Digits>,
}

impl<'i> Filter<'i> {
    /// `None` where nothing can fit.
    fn of(index: &'i ListIndex, search: &'i ListSearch) -> Result<Option<Self>, ListIndexError> {
        let words: Vec<Word<'_>> =
            search.words.iter().map(|text| Word { text, digits: Digits::of(text) }).collect();
        let needs_texts = !words.is_empty() || search.initial.is_some();
        let needs_hashes = words.iter().any(|word| word.digits.is_some());
        let categories = match &search.category {
            None => None,
            Some(wanted) => Some(wanted_of(&index.categories()?, wanted)),
        };
        let group = match &search.group {
            None => None,
            Some(wanted) => match number_of(&index.groups()?, wanted) {
                None => return Ok(None),
                number => number,
            },
        };
        Ok(Some(Self {
            words,
            initial: search.initial,
            categories,
            group,
            texts: if needs_texts { index.texts()? } else { "" },
            hashes: if needs_hashes { index.part(&index.layout.hashes)? } else { (&[][..]).into() },
        }))
    }

    fn takes(&self, place: u32, record: &[u8]) -> bool {
        if let Some(wanted) = &self.categories {
            let number = usize::try_from(u32_at(record, torrent::CATEGORY_AT)).unwrap_or(0);
            if !number.checked_sub(1).and_then(|index| wanted.get(index)).is_some_and(|&it| it) {
                return false;
            }
        }
        if self.group.is_some_and(|group| group != u32_at(record, torrent::GROUP_AT)) {
            return false;
        }
        if self.words.is_empty() && self.initial.is_none() {
            return true;
        }
        let text = text_at(record, torrent::TEXT_AT, self.texts);
        self.initial.is_none_or(|initial| initial == Initial::of(text))
            && self.words.iter().all(|word| text.contains(word.text) || self.has_hash(place, word))
    }

    fn has_hash(&self, place: u32, word: &Word<'_>) -> bool {
        let Some(digits) = &word.digits else { return false };
        let begin = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(HASHES_LEN);
        let hashes = self.hashes.get(begin..).and_then(|rest| rest.get(..HASHES_LEN));
        let (v1, v2) = hashes.unwrap_or_default().split_at_checked(20).unwrap_or_default();
        // Zeros stand for none.
        [v1, v2].iter().any(|hash| hash.iter().any(|&byte| byte != 0) && digits.begin(hash))
    }
}

fn wanted_of(categories: &[ListPlace], wanted: &str) -> Vec<bool> {
    let is_in = |place: &ListPlace| {
        let below = place.name.strip_prefix(wanted);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    categories.iter().map(is_in).collect()
}

/// The number of a place, counted from 1.
fn number_of(places: &[ListPlace], wanted: &str) -> Option<u32> {
    let index = places.iter().position(|place| place.name == wanted)?;
    u32::try_from(index + 1).ok()
}

/// The beginning of an info-hash.
struct Digits {
    bytes: Vec<u8>,
    /// The first half of the byte behind these.
    half: Option<u8>,
}

impl Digits {
    /// Those of a word in lower case, if it can be the beginning of an info-hash.
    fn of(word: &str) -> Option<Self> {
        if !(SHORTEST_HASH..=64).contains(&word.len()) {
            return None;
        }
        let values =
            word.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok()));
        let values: Vec<u8> = values.collect::<Option<_>>()?;
        let pairs = values.chunks_exact(2);
        let half = pairs.remainder().first().copied();
        let bytes =
            pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        Some(Self { bytes, half })
    }

    fn begin(&self, hash: &[u8]) -> bool {
        let Some(rest) = hash.strip_prefix(self.bytes.as_slice()) else { return false };
        self.half.is_none_or(|half| rest.first().is_some_and(|byte| byte >> 4 == half))
    }
}

// The record's last field is the length of its words.
const _: () = assert!(torrent::TEXT_AT + 8 == format::TORRENT_LEN);
