//! Lists of torrents in opentracker's forms: info-hashes in upper case, ascending, none that is hidden or denied.

use std::fmt::Write as _;

use crate::platform::order::Order as _;
use crate::protocol::{InfoHash, ScrapeEntry, Timestamp};

/// The form of a list of all torrents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListFormat {
    /// `HASH:SEEDS:LEECHERS`.
    Txt,
    /// The same, and completed downloads.
    Txtp,
    /// The same as `Txt`, with the hash as an announce has it.
    Url,
    /// 20 bytes of the hash, and seeds and leechers as four bytes each, the most significant one first.
    Bin,
    /// A scrape of all torrents.
    Ben,
}

impl ListFormat {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"txt" => Self::Txt,
            b"txtp" => Self::Txtp,
            b"url" => Self::Url,
            b"bin" => Self::Bin,
            b"ben" => Self::Ben,
            _ => return None,
        })
    }
}

/// A torrent.
struct Entry {
    info_hash: InfoHash,
    seeds: u32,
    leechers: u32,
    completed: u64,
}

/// What torrents are sorted by.
type Figure = fn(&Entry) -> u64;

/// All torrents, by their info-hashes.
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    pub(super) fn of(scraped: &[ScrapeEntry<'_>]) -> Self {
        let entry = |it: &ScrapeEntry<'_>| Entry {
            info_hash: it.info_hash,
            seeds: it.complete,
            leechers: it.incomplete,
            completed: it.downloaded,
        };
        let mut entries: Vec<Entry> = scraped.iter().map(entry).collect();
        entries.order_by_key(|entry| entry.info_hash);
        Self(entries)
    }

    /// Those with the most peers and with the most seeds; of equal ones the first hashes, without those that have none.
    pub(super) fn top(&self, most: usize) -> Vec<u8> {
        let mut text = String::new();
        let kinds: [(&str, Figure); 2] = [
            ("peers", |entry| u64::from(entry.seeds) + u64::from(entry.leechers)),
            ("seeds", |entry| entry.seeds.into()),
        ];
        for (name, of) in kinds {
            let mut sorted: Vec<&Entry> = self.0.iter().filter(|entry| of(entry) > 0).collect();
            sorted.order_by_key(|entry| std::cmp::Reverse(of(entry)));
            // Writing to a string does not fail.
            let _ = writeln!(text, "Top {most} torrents by {name}:");
            for entry in sorted.into_iter().take(most) {
                let _ = writeln!(text, "\t{}\t{}", of(entry), digits(entry.info_hash));
            }
        }
        text.into_bytes()
    }

    pub(super) fn torrentwise(&self, format: ListFormat) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.0.len() * 64);
        for entry in &self.0 {
            let Entry { info_hash, seeds, leechers, completed } = *entry;
            let line = match format {
                ListFormat::Txtp => {
                    format!("{}:{seeds}:{leechers}:{completed}\n", digits(info_hash))
                }
                ListFormat::Url => format!("{}:{seeds}:{leechers}\n", in_url(info_hash)),
                ListFormat::Txt | ListFormat::Ben => {
                    format!("{}:{seeds}:{leechers}\n", digits(info_hash))
                }
                ListFormat::Bin => {
                    body.extend_from_slice(&info_hash.0);
                    body.extend_from_slice(&seeds.to_be_bytes());
                    body.extend_from_slice(&leechers.to_be_bytes());
                    continue;
                }
            };
            body.extend_from_slice(line.as_bytes());
        }
        body
    }

    /// What opentracker loads when it starts: torrents, the minute at which they were last seen, which is now, and their completed
    /// downloads.
    pub(super) fn state(&self, now: Timestamp) -> Vec<u8> {
        let minute = now.0 / 60;
        let line = |it: &Entry| format!("{}:{minute}:{}\n", digits(it.info_hash), it.completed);
        self.0.iter().map(line).collect::<String>().into_bytes()
    }
}

fn digits(info_hash: InfoHash) -> String {
    info_hash.0.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A hash as it stands in an announce; these characters stand for themselves.
fn in_url(info_hash: InfoHash) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"$-./_=~".contains(&byte);
    let escaped = |byte: u8| {
        if bare(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") }
    };
    info_hash.0.iter().map(|&byte| escaped(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that some writers of addresses would treat otherwise.
    const ODD: [u8; 20] = *b"\x00\x01\x09\x0a\x0d %&+-.:=_az~\x7f\x80\xff";

    fn entries() -> Entries {
        let entry = |info_hash, complete, incomplete, downloaded| ScrapeEntry {
            info_hash: InfoHash(info_hash),
            complete,
            downloaded,
            downloaders: incomplete,
            incomplete,
            name: None,
            figures: None,
        };
        Entries::of(&[
            entry([0xde; 20], 0, 0, 1),
            entry([0x11; 20], 2, 4, 1),
            entry(ODD, 0, 2, 0),
            entry([0xa0; 20], 1, 1, 0),
        ])
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lists_are_in_opentrackers_forms() {
        let (one, odd) = ("11".repeat(20), "0001090A0D2025262B2D2E3A3D5F617A7E7F80FF");
        let (a0, de) = ("A0".repeat(20), "DE".repeat(20));
        let list = |format| text(entries().torrentwise(format));
        assert_eq!(list(ListFormat::Txt), format!("{odd}:0:2\n{one}:2:4\n{a0}:1:1\n{de}:0:0\n"));
        assert_eq!(
            list(ListFormat::Txtp),
            format!("{odd}:0:2:0\n{one}:2:4:1\n{a0}:1:1:0\n{de}:0:0:1\n")
        );
        let url = list(ListFormat::Url);
        let first = url.lines().next();
        assert_eq!(first, Some("%00%01%09%0a%0d%20%25%26%2b-.%3a=_az~%7f%80%ff:0:2"));
        let bin = entries().torrentwise(ListFormat::Bin);
        assert_eq!(bin.len(), 4 * 28);
        assert_eq!(bin[28..56], [&[0x11; 20][..], &[0, 0, 0, 2, 0, 0, 0, 4]].concat());
        assert_eq!(
            text(entries().state(Timestamp(1_700_000_000))),
            format!("{odd}:28333333:0\n{one}:28333333:1\n{a0}:28333333:0\n{de}:28333333:1\n")
        );
        assert_eq!(
            text(entries().top(10)),
            format!(
                "Top 10 torrents by peers:\n\t6\t{one}\n\t2\t{odd}\n\t2\t{a0}\n\
                 Top 10 torrents by seeds:\n\t2\t{one}\n\t1\t{a0}\n"
            )
        );
        let none = Entries(Vec::new());
        assert_eq!(text(none.top(10)), "Top 10 torrents by peers:\nTop 10 torrents by seeds:\n");
        assert!(none.torrentwise(ListFormat::Txt).is_empty());
    }
}
