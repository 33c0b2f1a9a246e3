//! `tracker torrent edit`: what is said of a torrent beside its metainfo.

use std::path::{Path, PathBuf};

use super::{NamedTorrent, again, reset};
use crate::catalog::detail_values::{self, DetailError, one_line, page_address};
use crate::catalog::{Details, Torrent};
use crate::cli::change::change;
use crate::cli::progress::ByteBar;
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::platform::{date, files};
use crate::protocol::{ChecksumList, ChecksumListKind, Checksums, Timestamp};
use crate::tracker::checksums_of;

/// Change what is said of a torrent; an empty text takes back what was said
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true, id = "what")]
pub struct Changes {
    /// What it is called instead of its name
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    title: Option<String>,
    /// A sentence about it, for the feed
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    description: Option<String>,
    /// Its category, instead of its folder
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    category: Option<String>,
    /// The group that it belongs to
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    group: Option<String>,
    /// Another address of the file or its content
    #[arg(long, value_name = "URL", value_parser = page_address)]
    mirror: Option<String>,
    /// The address of a page about it
    #[arg(long, value_name = "URL", value_parser = page_address)]
    info_url: Option<String>,
    /// The CRC32 of its content, 8 hexadecimal digits
    #[arg(long, value_name = "DIGITS", value_parser = digits::<8>)]
    crc32: Option<String>,
    /// The MD5 of its content, 32 hexadecimal digits
    #[arg(long, value_name = "DIGITS", value_parser = digits::<32>)]
    md5: Option<String>,
    /// The SHA-1 of its content, 40 hexadecimal digits
    #[arg(long, value_name = "DIGITS", value_parser = digits::<40>)]
    sha1: Option<String>,
    /// The SHA-256 of its content, 64 hexadecimal digits
    #[arg(long, value_name = "DIGITS", value_parser = digits::<64>)]
    sha256: Option<String>,
    /// Checksums from a list beside the content (.sfv, .md5, .sha256, SHA256SUMS and the like), or computed of the
    /// content, when that is the file
    #[arg(long, value_name = "FILE")]
    checksums: Option<PathBuf>,
    /// Until then its file is linked to: 2027-01-31, or 2027-01-31T18:00:00+01:00; tracking goes on
    #[arg(long, value_name = "DATE", value_parser = time)]
    link_until: Option<When>,
    /// From then on it stands in listings
    #[arg(long, value_name = "DATE", value_parser = time)]
    list_from: Option<When>,
    /// Until then it stands in listings; tracking goes on
    #[arg(long, value_name = "DATE", value_parser = time)]
    list_until: Option<When>,
    /// Take back what commands have decided, so that sidecar, checksum files and folder speak again: `all`, or a key as
    /// `tracker torrent show` names it, such as hidden, retired or title; several times for several keys
    #[arg(long, value_name = "KEY", value_parser = key)]
    take_back: Vec<Key>,
    /// Set what it has counted to nothing: completed downloads, uploaded and downloaded bytes
    #[arg(long)]
    reset_totals: bool,
}

impl Changes {
    pub(super) fn run(self, wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
        let wanted = NamedTorrent::new(wanted);
        if self.reset_totals {
            reset(&wanted, world)?;
        }
        if !self.says_something() {
            return Ok(());
        }
        let read = self.checksums.as_deref().map(Source::read).transpose()?;
        let torrent = change(world, |catalog, author| {
            let torrent = wanted.find(catalog)?;
            let read = read.as_ref().map(|read| read.of(&torrent)).transpose()?;
            let apply = |details: &mut Details| self.apply(details, read.unwrap_or_default());
            catalog.decide(torrent.canonical, "edit", apply, author)?;
            again(&torrent, catalog)
        })?;
        let said = torrent.details().in_words().into_iter().filter_map(|(name, value)| {
            value.map(|value| format!("\n  {name}: {}", Harmless(value)))
        });
        let said: String = said.collect();
        world.print(format_args!("{}:{said}\n", Harmless(torrent.title())))
    }

    fn says_something(&self) -> bool {
        let texts = [
            &self.title,
            &self.description,
            &self.category,
            &self.group,
            &self.mirror,
            &self.info_url,
            &self.crc32,
            &self.md5,
            &self.sha1,
            &self.sha256,
        ];
        let times = [self.link_until, self.list_from, self.list_until];
        self.checksums.is_some()
            || !self.take_back.is_empty()
            || texts.iter().any(|it| it.is_some())
            || times.iter().any(Option::is_some)
    }

    fn apply(&self, details: &mut Details, read: Checksums) {
        for key in &self.take_back {
            match key {
                Key::All => *details = Details::default(),
                Key::One(name) => {
                    details.take_back(name);
                }
            }
        }
        let set = |place: &mut Option<String>, said: &Option<String>| {
            if let Some(said) = said {
                *place = Some(said.clone()).filter(|said| !said.is_empty());
            }
        };
        set(&mut details.title, &self.title);
        set(&mut details.description, &self.description);
        set(&mut details.category, &self.category);
        set(&mut details.group, &self.group);
        set(&mut details.mirror, &self.mirror);
        set(&mut details.info_url, &self.info_url);
        let mut digits = read.or(details.checksums).in_digits().map(|(_, digits)| digits);
        let said = [&self.crc32, &self.md5, &self.sha1, &self.sha256];
        digits.iter_mut().zip(said).for_each(|(place, said)| set(place, said));
        details.checksums = Checksums::from_digits(digits.each_ref().map(Option::as_deref));
        let set = |place: &mut Option<Timestamp>, said: Option<When>| {
            if let Some(When(at)) = said {
                *place = at;
            }
        };
        set(&mut details.link_until, self.link_until);
        set(&mut details.list_from, self.list_from);
        set(&mut details.list_until, self.list_until);
    }
}

/// Where checksums come from.
enum Source {
    /// A list of those of several files.
    List(ChecksumList),
    /// The content itself, of so many bytes.
    Content(Checksums, u64),
}

impl Source {
    fn read(path: &Path) -> Result<Self, CommandError> {
        let failed = |problem: &dyn std::fmt::Display| {
            CommandError::Failed(format!("{}: {problem}; nothing was changed", path.display()))
        };
        if let Some(kind) = ChecksumListKind::of_file(path) {
            let text =
                files::read_linked(path, MOST_LIST_BYTES).map_err(|problem| failed(&problem))?;
            let list = ChecksumList::read(&text, kind).map_err(|problem| failed(&problem))?;
            return Ok(Self::List(list));
        }
        let size = std::fs::metadata(path).map_err(|problem| failed(&problem))?.len();
        let bar = ByteBar::new(size);
        let computed = checksums_of(path, &mut |bytes| bar.advance(bytes));
        bar.finish();
        computed.map(|it| Self::Content(it, size)).map_err(|problem| failed(&problem))
    }

    fn of(&self, torrent: &Torrent) -> Result<Checksums, CommandError> {
        match self {
            Self::Content(checksums, size) if may_be_content(*size, torrent) => Ok(*checksums),
            Self::Content(_, size) => Err(CommandError::Failed(format!(
                "it is neither a list of checksums by its name (.sfv, .md5, SHA256SUMS and the like) nor the content of \
                 {}: that has {} bytes, and it has {size}; nothing was changed",
                Harmless(&torrent.name),
                torrent.size
            ))),
            Self::List(list) => match list.of(&torrent.name) {
                none if none == Checksums::default() => Err(CommandError::Failed(format!(
                    "the list has no checksum of {}, or several that differ; nothing was changed",
                    Harmless(&torrent.name)
                ))),
                checksums => Ok(checksums),
            },
        }
    }
}

/// Whether a file of this size may be a torrent's content. Version 2 counts it with what fills up its last piece.
fn may_be_content(size: u64, torrent: &Torrent) -> bool {
    let padding = if torrent.v2.is_some() { LONGEST_PIECE - 1 } else { 0 };
    torrent.known_size().is_none_or(|known| (size..=size.saturating_add(padding)).contains(&known))
}

/// Bytes of a piece at most.
const LONGEST_PIECE: u64 = 64 << 20;

/// Bytes of a list at most.
const MOST_LIST_BYTES: u64 = 4 << 20;

fn digits<const COUNT: usize>(text: &str) -> Result<String, DetailError> {
    detail_values::digits(text, COUNT)
}

/// A date, or none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct When(Option<Timestamp>);

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    All,
    /// One of the names of details.
    One(&'static str),
}

fn key(text: &str) -> Result<Key, String> {
    let names = Details::default().in_words().map(|(name, _)| name);
    // Options are written with a hyphen.
    let wanted = text.replace('-', "_");
    match names.into_iter().find(|name| *name == wanted) {
        Some(name) => Ok(Key::One(name)),
        None if text == "all" => Ok(Key::All),
        None => Err(format!("write all, or one of {}", names.join(", "))),
    }
}

fn time(text: &str) -> Result<When, String> {
    if text.is_empty() {
        return Ok(When(None));
    }
    date::parse(text).map(|at| When(Some(Timestamp(at)))).map_err(|problem| problem.to_string())
}
