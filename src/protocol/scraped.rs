//! What another tracker says in reply to a scrape (BEP 48), with all that is wrong with it.

mod fault;

use std::collections::HashSet;

use super::bencode::{BencodeError, Value};
use super::{InfoHash, Seconds};
pub use fault::{ScrapeFault, ScrapeFaults};

/// Keys that the BEP does not know are kept, so many of each dictionary at most.
const MOST_OTHERS: usize = 16;

/// The figures of one torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapedTorrent {
    /// Which.
    pub info_hash: InfoHash,
    /// Peers that have all of it.
    pub complete: Option<u32>,
    /// Peers that do not.
    pub incomplete: Option<u32>,
    /// How often it was downloaded.
    pub downloaded: Option<u32>,
    /// Its name.
    pub name: Option<String>,
    /// What else there is, as text.
    pub others: Vec<(String, String)>,
}

/// A reply that has figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scraped {
    /// In the order of the reply.
    pub torrents: Vec<ScrapedTorrent>,
    /// How long the tracker wants to be left alone.
    pub min_request_interval: Option<Seconds>,
    /// The flags, and what else there is beside the torrents, as text.
    pub others: Vec<(String, String)>,
    /// What is wrong with the reply.
    pub faults: ScrapeFaults,
}

/// Why a reply has no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotScraped {
    /// There is none.
    #[error("an empty reply")]
    Empty,
    /// For a browser.
    #[error("a web page instead of a reply of a tracker")]
    WebPage,
    /// Neither one of a tracker nor a page.
    #[error("a reply that no client can read: {0}")]
    NotBencode(BencodeError),
    /// Bencode of something else.
    #[error("a reply without \"files\", in which the figures of a scrape stand")]
    NoFiles,
    /// The tracker refuses.
    #[error("a refusal: {0}")]
    Refused(String),
}

impl Scraped {
    /// Reads the body of a reply to a request for these torrents, or for all of them.
    ///
    /// # Errors
    /// When it has no figures.
    pub fn parse(body: &[u8], asked: &[InfoHash]) -> Result<Self, NotScraped> {
        let (value, rest) = value(body)?;
        if let Some(reason) = value.get(b"failure reason").map(Value::string) {
            return Err(NotScraped::Refused(lossy(reason.unwrap_or_default())));
        }
        let files = value.get(b"files").ok_or(NotScraped::NoFiles)?;
        let mut scraped = Self::default();
        if !body.starts_with(b"d") {
            scraped.faults.note(ScrapeFault::BytesBefore, String::new);
        }
        if !rest.is_empty() {
            scraped.faults.note(ScrapeFault::BytesAfter, || format!("{} bytes", rest.len()));
        }
        scraped.read_outside(value);
        scraped.read_files(files);
        scraped.compare(asked);
        Ok(scraped)
    }

    /// Notes which of the torrents that were asked for are not there, and which there are beside them.
    pub fn compare(&mut self, asked: &[InfoHash]) {
        let found: HashSet<InfoHash> = self.torrents.iter().map(|it| it.info_hash).collect();
        for missing in asked.iter().filter(|info_hash| !found.contains(info_hash)) {
            self.faults.note(ScrapeFault::Missing, || missing.to_string());
        }
        let asked: HashSet<&InfoHash> = asked.iter().collect();
        for torrent in self.torrents.iter().filter(|_| !asked.is_empty()) {
            if !asked.contains(&torrent.info_hash) {
                self.faults.note(ScrapeFault::Unasked, || torrent.info_hash.to_string());
            }
        }
    }

    /// Takes in the reply to a further request of the same scrape.
    pub fn join(&mut self, other: Self) {
        self.torrents.extend(other.torrents);
        self.min_request_interval = self.min_request_interval.max(other.min_request_interval);
        self.faults.join(other.faults);
    }

    fn read_outside(&mut self, value: Value<'_>) {
        self.faults.note_order(value, "the outermost dictionary");
        for (key, value) in value.entries() {
            match key {
                b"files" => {}
                b"flags" => self.read_flags(value),
                _ => push(&mut self.others, key, value),
            }
        }
    }

    fn read_flags(&mut self, flags: Value<'_>) {
        self.faults.note_order(flags, "flags");
        for (key, value) in flags.entries() {
            if key == b"min_request_interval" {
                let seconds = value.integer().and_then(|seconds| u32::try_from(seconds).ok());
                self.min_request_interval = seconds.map(Seconds);
            }
            push(&mut self.others, key, value);
        }
    }

    fn read_files(&mut self, files: Value<'_>) {
        if !files.is_dictionary() {
            self.faults.note(ScrapeFault::FilesNotADictionary, || shown(files));
        }
        self.faults.note_order(files, "files");
        let mut known = HashSet::new();
        for (key, value) in files.entries() {
            let Some(info_hash) = self.info_hash(key) else { continue };
            if !value.is_dictionary() {
                self.faults.note(ScrapeFault::NotATorrent, || info_hash.to_string());
            } else if !known.insert(info_hash) {
                self.faults.note(ScrapeFault::Repeated, || info_hash.to_string());
            } else {
                self.read_torrent(info_hash, value);
            }
        }
    }

    /// Which torrent a key names; some trackers write hexadecimal digits there.
    fn info_hash(&mut self, key: &[u8]) -> Option<InfoHash> {
        match <[u8; 20]>::try_from(key) {
            Ok(bytes) => Some(InfoHash(bytes)),
            Err(_) => {
                self.faults.note(ScrapeFault::InfoHashLength, || lossy(key));
                InfoHash::from_hex(key)
            }
        }
    }

    fn read_torrent(&mut self, info_hash: InfoHash, value: Value<'_>) {
        self.faults.note_order(value, "a torrent");
        let mut torrent = ScrapedTorrent::without_figures(info_hash);
        let mut seen = [false; 3];
        for (key, value) in value.entries() {
            let (count, seen) = match key {
                b"complete" => (&mut torrent.complete, &mut seen[0]),
                b"incomplete" => (&mut torrent.incomplete, &mut seen[1]),
                b"downloaded" => (&mut torrent.downloaded, &mut seen[2]),
                b"name" => {
                    torrent.name = value.string().map(lossy);
                    continue;
                }
                _ => {
                    push(&mut torrent.others, key, value);
                    continue;
                }
            };
            *seen = true;
            *count = value.integer().and_then(|count| u32::try_from(count).ok());
            if count.is_none() {
                let example = || format!("{} of {info_hash} is {}", lossy(key), shown(value));
                self.faults.note(ScrapeFault::WrongCount, example);
            }
        }
        for (seen, key) in seen.into_iter().zip(["complete", "incomplete", "downloaded"]) {
            if !seen {
                self.faults.note(ScrapeFault::NoCount, || format!("{key} of {info_hash}"));
            }
        }
        self.torrents.push(torrent);
    }
}

impl ScrapedTorrent {
    /// One of which nothing is said.
    #[must_use]
    pub fn without_figures(info_hash: InfoHash) -> Self {
        let (complete, incomplete, downloaded) = (None, None, None);
        Self { info_hash, complete, incomplete, downloaded, name: None, others: Vec::new() }
    }
}

/// The dictionary of a reply, and what follows it. White space and a byte order mark before it are passed over.
fn value(body: &[u8]) -> Result<(Value<'_>, &[u8]), NotScraped> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    if text.is_empty() {
        return Err(NotScraped::Empty);
    }
    if text.starts_with(b"<") {
        return Err(NotScraped::WebPage);
    }
    let value = Value::parse(text).map_err(NotScraped::NotBencode)?;
    Ok((value, text.get(value.bytes().len()..).unwrap_or_default()))
}

fn push(others: &mut Vec<(String, String)>, key: &[u8], value: Value<'_>) {
    if others.len() < MOST_OTHERS {
        others.push((lossy(key), shown(value)));
    }
}

/// A value as people read it, in a line.
fn shown(value: Value<'_>) -> String {
    let text = value.string().map(lossy);
    text.unwrap_or_else(|| match value.bytes() {
        [b'i', digits @ .., b'e'] => lossy(digits),
        bytes => lossy(bytes),
    })
}

/// The first hundred bytes as text.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..100).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests;
