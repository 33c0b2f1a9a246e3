//! What is found in another tracker's files, whichever tracker it was.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;

use crate::catalog::totals::Totals;
use crate::catalog::{Details, Retirement};
use crate::platform::address_range::AddressRange;
use crate::platform::terminal::is_harmful;
use crate::protocol::{InfoHash, Timestamp};

/// Torrents of one import at most: all of them are in memory until they are written.
pub const MOST_TORRENTS: usize = 5_000_000;

/// Bans of one import at most, for the same reason.
pub(super) const MOST_BANS: usize = 1_000_000;

/// Bytes of all that is said about the torrents and bans of one import at most: with small texts packed well, a small
/// file could fill the memory.
pub(super) const MOST_TEXT: usize = 512 << 20;

/// Entries that were passed over of which line and reason are kept.
const SHOWN: usize = 10;

/// Why a torrent is not tracked that was not tracked elsewhere any more.
const RETIRED: &str = "this torrent has been retired";

/// Bytes of a name or another text at most; the longest that any of the trackers has are 255 characters.
const LONGEST: usize = 1024;

/// The most that SQLite's signed integers hold.
pub(super) const MOST: u64 = i64::MAX.cast_unsigned();

/// All that was found in another tracker's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The torrents, by the info-hashes that they have there.
    pub torrents: HashMap<InfoHash, ImportedTorrent>,
    /// The bans that are not over.
    pub bans: Vec<ImportedBan>,
    /// Entries that cannot be used.
    pub skipped: Skipped,
    /// What else the owner should know.
    pub notes: Vec<String>,
    /// Bytes of all that is said about torrents and bans.
    pub(in crate::catalog) text: usize,
}

/// A torrent as another tracker knew it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedTorrent {
    /// Its name; empty where the other tracker had none.
    pub name: Box<str>,
    /// Bytes of content; 0: unknown.
    pub size: u64,
    /// When it came to the other tracker.
    pub first_seen: Option<Timestamp>,
    /// What was counted there.
    pub totals: Totals,
    /// What its owner said about it there.
    pub details: Option<Box<Details>>,
    /// Where it is tracked, if that is elsewhere: the URL of a scrape; empty where that is not known.
    pub external: Option<Box<str>>,
}

/// A ban that another tracker had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedBan {
    /// Who is banned.
    pub range: AddressRange,
    /// Why; may be empty.
    pub reason: String,
    /// From then on it is over; `None`: never.
    pub until: Option<Timestamp>,
}

/// Entries that cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub shown: Vec<SkippedEntry>,
}

/// An entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedEntry {
    /// The line that it begins in, from 1.
    pub line: u64,
    /// Why.
    pub reason: &'static str,
}

/// Why a file is not taken at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Another kind of file, and what to do with it.
    #[error("{0}")]
    Form(&'static str),
    /// It ends within something.
    #[error(
        "it is cut off: it ends within {what} that begins in line {line}; fetch or make it once more"
    )]
    Cut {
        /// Within what.
        what: &'static str,
        /// Where that begins.
        line: u64,
    },
    /// What cannot stand there.
    #[error("line {line}: {what}")]
    Broken {
        /// Where.
        line: u64,
        /// What is wrong, and what to do.
        what: &'static str,
    },
    /// A row that does not fit its table.
    #[error(
        "line {line}: a row of `{table}` has {found} values, and the table {wanted} columns; make the dump once more, with --complete-insert"
    )]
    Columns {
        /// Where.
        line: u64,
        /// The table.
        table: String,
        /// Values of the row.
        found: usize,
        /// Columns of the table.
        wanted: usize,
    },
    /// The tables are there in more than one database.
    #[error(
        "the databases `{one}` and `{other}` both have such tables; name one of them with --database"
    )]
    Databases {
        /// The first.
        one: String,
        /// The second.
        other: String,
    },
    /// More than [`MOST_TORRENTS`].
    #[error("it has more than {MOST_TORRENTS} torrents; divide it")]
    TooMany,
    /// More bans than there may be.
    #[error("it has more than {MOST_BANS} bans; divide it")]
    TooManyBans,
    /// More texts than the memory is to hold.
    #[error(
        "what it says about its torrents and bans has more than {} MiB; divide it",
        MOST_TEXT >> 20
    )]
    TooMuchText,
    /// Nothing in it is a torrent or a ban.
    #[error("there is {what} in it; is it the right file, and the right kind?")]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
}

impl Import {
    /// Changes the torrent with this info-hash, which is there from now on.
    ///
    /// # Errors
    /// When it would be one too many, or too much is said about them.
    pub(super) fn torrent(
        &mut self,
        info_hash: InfoHash,
        change: impl FnOnce(&mut ImportedTorrent),
    ) -> Result<(), ImportError> {
        let known = self.torrents.len();
        let torrent = match self.torrents.entry(info_hash) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if known >= MOST_TORRENTS => return Err(ImportError::TooMany),
            Entry::Vacant(entry) => entry.insert(ImportedTorrent::default()),
        };
        let before = torrent.text();
        change(torrent);
        let after = torrent.text();
        self.hold(after, before)
    }

    /// Takes a ban, unless it is of everybody.
    ///
    /// # Errors
    /// When it is one too many, or too much is said about them.
    pub(super) fn ban(&mut self, line: u64, ban: ImportedBan) -> Result<(), ImportError> {
        if ban.range.is_everything() {
            self.skip(line, "it would ban everybody");
            return Ok(());
        }
        if self.bans.len() >= MOST_BANS {
            return Err(ImportError::TooManyBans);
        }
        self.hold(ban.reason.len(), 0)?;
        self.bans.push(ban);
        Ok(())
    }

    /// Counts bytes of texts, and those in whose place they are.
    fn hold(&mut self, more: usize, fewer: usize) -> Result<(), ImportError> {
        self.text = (self.text + more).saturating_sub(fewer);
        if self.text > MOST_TEXT { Err(ImportError::TooMuchText) } else { Ok(()) }
    }

    /// Passes an entry over.
    pub(super) fn skip(&mut self, line: u64, reason: &'static str) {
        self.skipped.count += 1;
        if self.skipped.shown.len() < SHOWN {
            self.skipped.shown.push(SkippedEntry { line, reason });
        }
    }
}

impl ImportedTorrent {
    /// What its owner said about it, which is there from now on.
    pub(in crate::catalog) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// Takes what its owner said there, beside what is known of that already.
    pub(in crate::catalog) fn say(&mut self, said: &Details) {
        if said != Details::NONE {
            let known = self.details.take().unwrap_or_default();
            self.details = Some(Box::new(known.or(said)));
        }
    }

    /// Bytes of what is said about it.
    fn text(&self) -> usize {
        let said = self.details.as_deref().map_or(0, |said| size_of::<Details>() + text_of(said));
        self.name.len() + self.external.as_ref().map_or(0, |url| url.len()) + said
    }

    /// No longer tracked.
    pub(super) fn retire(&mut self) {
        self.details().retirement = Some(Retirement::Retired(RETIRED.into()));
    }

    /// Takes the larger of these totals and those that it has: the same entry once more changes nothing.
    pub(super) fn count(&mut self, totals: Totals) {
        let most = |one: u64, other: u64| one.max(other).min(MOST);
        self.totals = Totals {
            completed: most(self.totals.completed, totals.completed),
            uploaded: most(self.totals.uploaded, totals.uploaded),
            downloaded: most(self.totals.downloaded, totals.downloaded),
        };
    }
}

/// Bytes of the texts of what is said about a torrent.
fn text_of(said: &Details) -> usize {
    let Details { title, description, category, group, mirror, info_url, .. } = said;
    let texts = [title, description, category, group, mirror, info_url];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    texts + said.retired().map_or(0, str::len)
}

/// A text of one line, without what could steer a terminal or turn the text round it.
pub(super) fn one_line(text: &str) -> String {
    let harmless =
        text.chars().map(|character| if is_harmful(character) { ' ' } else { character });
    let mut line: String = harmless.collect();
    line.truncate(line.floor_char_boundary(LONGEST));
    line.trim().to_owned()
}

/// The same, unless nothing is left.
pub(super) fn some_line(text: &str) -> Option<String> {
    Some(one_line(text)).filter(|line| !line.is_empty())
}

/// A text that is the address of a page.
pub(super) fn link(text: &str) -> Option<String> {
    let is_link = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    });
    some_line(text).filter(|line| is_link && !line.contains(' '))
}
