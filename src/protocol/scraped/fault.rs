//! What can be wrong with a reply to a scrape that has figures all the same.

use std::fmt;

use crate::protocol::bencode::Value;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrapeFault {
    /// Over HTTP, another status than 200.
    Status,
    /// Packed by gzip, without being asked to.
    Compressed,
    /// Fewer bytes than announced.
    Cut,
    /// White space or a byte order mark before the dictionary.
    BytesBefore,
    /// Something after the dictionary.
    BytesAfter,
    /// Keys that do not stand in order (BEP 3).
    Unsorted,
    /// A key that stands there twice.
    Repeated,
    /// As PHP writes an empty array: a list.
    FilesNotADictionary,
    /// A name of a torrent that is not one of 20 bytes.
    InfoHashLength,
    /// Something else in the place of a torrent's figures.
    NotATorrent,
    /// Figures without one that the BEP asks for.
    NoCount,
    /// A figure that is no number, negative or beyond 32 bits.
    WrongCount,
    /// Asked for, and not there.
    Missing,
    /// There, and not asked for.
    Unasked,
    /// More or fewer entries than torrents that were asked for, where only their order says which is which.
    Entries,
    /// A further request of the same scrape failed.
    Unfinished,
}

impl fmt::Display for ScrapeFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Status => "the HTTP status is not 200; some clients read no further",
            Self::Compressed => "the reply is packed by gzip without being asked to",
            Self::Cut => "the reply is shorter than its Content-Length says",
            Self::BytesBefore => {
                "something stands before the dictionary; clients refuse such a reply"
            }
            Self::BytesAfter => {
                "something stands after the dictionary; some clients refuse such a reply"
            }
            Self::Unsorted => "keys are not sorted (BEP 3); some clients refuse such a reply",
            Self::Repeated => "a key stands there twice (BEP 3)",
            Self::FilesNotADictionary => "\"files\" is no dictionary",
            Self::InfoHashLength => "the name of a torrent is not an info-hash of 20 bytes",
            Self::NotATorrent => "a torrent has no dictionary",
            Self::NoCount => "a figure is not there (BEP 48)",
            Self::WrongCount => "a figure is no number from 0 to 4294967295",
            Self::Missing => {
                "a torrent was asked for and is not there: the tracker does not know it"
            }
            Self::Unasked => "a torrent is there and was not asked for",
            Self::Entries => "there are not as many entries as torrents that were asked for",
            Self::Unfinished => "a further request failed",
        })
    }
}

/// Faults of a reply, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrapeFaults(Vec<(ScrapeFault, String, usize)>);

impl ScrapeFaults {
    /// Notes a fault; of the first of its kind, with what it is about.
    pub fn note(&mut self, fault: ScrapeFault, example: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|(known, ..)| *known == fault) {
            Some((_, _, count)) => *count += 1,
            None => self.0.push((fault, example(), 1)),
        }
    }

    /// Each kind of fault, what the first of it is about, and how many there are.
    pub fn iter(&self) -> impl Iterator<Item = (ScrapeFault, &str, usize)> {
        self.0.iter().map(|(fault, example, count)| (*fault, example.as_str(), *count))
    }

    /// Takes in those of a further reply.
    pub(super) fn join(&mut self, other: Self) {
        for (fault, example, count) in other.0 {
            match self.0.iter_mut().find(|(known, ..)| *known == fault) {
                Some((_, _, so_far)) => *so_far += count,
                None => self.0.push((fault, example, count)),
            }
        }
    }

    /// Notes where the keys of a dictionary do not stand in order.
    pub(super) fn note_order(&mut self, dictionary: Value<'_>, which: &str) {
        let mut before: Option<&[u8]> = None;
        for (key, _) in dictionary.entries() {
            let example = || format!("{} in {which}", key.escape_ascii());
            match before.map(|before| before.cmp(key)) {
                Some(std::cmp::Ordering::Greater) => self.note(ScrapeFault::Unsorted, example),
                // Torrents are compared with all of them.
                Some(std::cmp::Ordering::Equal) if which != "files" => {
                    self.note(ScrapeFault::Repeated, example);
                }
                _ => {}
            }
            before = Some(key);
        }
    }
}
