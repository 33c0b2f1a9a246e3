//! `tracker torrent edit`: what is said of a torrent beside its metainfo.

use std::path::PathBuf;

use super::checksums::Source;
use super::{NamedTorrent, again, reset};
use crate::catalog::detail_values::{self, DetailError, description, one_line, page_address};
use crate::catalog::{Catalog, Details, Torrent};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::protocol::Checksums;
use crate::tracker::decisions::{self, EditError, Edits};

/// Change what is said of a torrent; an empty text takes back what was said
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true, id = "what")]
pub struct Changes {
    /// What it is called instead of its name
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    title: Option<String>,
    /// What it is, for its page and the feed: Markdown, of several lines if need be
    #[arg(long, value_name = "TEXT", value_parser = description)]
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
    /// content, when that is the file: it must have the hashes of the torrent, where its .torrent file is there
    #[arg(long, value_name = "FILE")]
    checksums: Option<PathBuf>,
    /// Until then its file is linked to: 2027-01-31, or 2027-01-31T18:00:00+01:00; tracking goes on
    #[arg(long, value_name = "DATE", value_parser = time)]
    link_until: Option<String>,
    /// From then on it stands in listings
    #[arg(long, value_name = "DATE", value_parser = time)]
    list_from: Option<String>,
    /// Until then it stands in listings; tracking goes on
    #[arg(long, value_name = "DATE", value_parser = time)]
    list_until: Option<String>,
    /// Take back what commands have decided, so that sidecar, checksum files and folder speak again: `all`, or a key as
    /// `tracker torrent show` names it, such as hidden, retired or title; several times for several keys
    #[arg(long, value_name = "KEY", value_parser = key)]
    take_back: Vec<Key>,
    /// Set what it has counted to nothing: completed downloads, uploaded and downloaded bytes
    #[arg(long)]
    reset_totals: bool,
}

/// What can be said of a torrent, by the names that people know.
const NAMES: [&str; 15] = Details::NAMES;

impl Changes {
    pub(super) fn run(self, wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
        self.refuse_contradictions()?;
        let wanted = NamedTorrent::new(wanted);
        if self.reset_totals {
            reset(&wanted, world)?;
        }
        if !self.says_something() {
            return Ok(());
        }
        let read = self.checksums(&wanted, world)?;
        let edits = self.edits(read).map_err(|problem| CommandError::Usage(problem.to_string()))?;
        let (before, torrent) = change(world, |catalog, author| {
            let before = wanted.find(catalog)?;
            let torrents = std::slice::from_ref(&before);
            decisions::edit(catalog, torrents, &edits, author).map_err(
                |problem| match problem {
                    EditError::NeverListed(problem) => CommandError::Failed(problem.to_string()),
                    EditError::Catalog(problem) => problem.into(),
                },
            )?;
            let after = again(&before, catalog)?;
            Ok((before, after))
        })?;
        let mut said = self.taken_back(before.decision(), &torrent);
        if NAMES.iter().any(|name| self.says(name)) {
            said.extend(torrent.details().in_words().into_iter().filter_map(|(name, value)| {
                let is_told = !self.take_back.contains(&Key::One(name));
                value.filter(|_| is_told).map(|value| format!("{name}: {value}"))
            }));
        }
        let said: String = said.iter().map(|line| format!("\n  {}", Harmless(line))).collect();
        world.print(format_args!("{}:{said}\n", Harmless(torrent.title())))
    }

    /// The checksums that `--checksums` brings.
    fn checksums(
        &self,
        wanted: &NamedTorrent<'_>,
        world: &World<'_>,
    ) -> Result<Checksums, CommandError> {
        let Some(path) = &self.checksums else { return Ok(Checksums::default()) };
        // Whoever has named the file may read it.
        let source = Source::open(path)?;
        let loaded = world.load_owner_config()?;
        let torrent = wanted.find(&Catalog::read(&loaded.config.paths.catalog)?)?;
        source.of(&torrent, &loaded)
    }

    fn says_something(&self) -> bool {
        !self.take_back.is_empty() || NAMES.iter().any(|name| self.says(name))
    }

    /// Whether something is said under a name of details.
    fn says(&self, name: &str) -> bool {
        match name {
            "title" => self.title.is_some(),
            "description" => self.description.is_some(),
            "category" => self.category.is_some(),
            "group" => self.group.is_some(),
            "mirror" => self.mirror.is_some(),
            "info_url" => self.info_url.is_some(),
            "crc32" => self.crc32.is_some() || self.checksums.is_some(),
            "md5" => self.md5.is_some() || self.checksums.is_some(),
            "sha1" => self.sha1.is_some() || self.checksums.is_some(),
            "sha256" => self.sha256.is_some() || self.checksums.is_some(),
            "link_until" => self.link_until.is_some(),
            "list_from" => self.list_from.is_some(),
            "list_until" => self.list_until.is_some(),
            _ => false,
        }
    }

    fn refuse_contradictions(&self) -> Result<(), CommandError> {
        let one = |key: &Key| match key {
            Key::One(name) if self.says(name) => Some(*name),
            Key::One(_) | Key::All => None,
        };
        match self.take_back.iter().find_map(one) {
            None => Ok(()),
            Some(name) => Err(CommandError::Usage(format!(
                "--take-back {name} takes back what the other options say about {name}; give only one of them"
            ))),
        }
    }

    /// What has become of each decision that is taken back.
    fn taken_back(&self, before: &Details, torrent: &Torrent) -> Vec<String> {
        let decided = before.in_words();
        let was_decided =
            |wanted: &str| decided.iter().any(|(name, value)| *name == wanted && value.is_some());
        let all = self.take_back.contains(&Key::All);
        let chosen = |name: &'static str| match all {
            true => was_decided(name) && !self.says(name),
            false => self.take_back.contains(&Key::One(name)),
        };
        let said = torrent.explained();
        let tell = |name: &str| {
            let now = said.iter().find(|it| it.name == name);
            match (was_decided(name), now) {
                (true, Some(now)) => {
                    format!("{name}: the decision is taken back; {} ({})", now.value, now.layer)
                }
                (true, None) => format!("{name}: the decision is taken back; nothing says it now"),
                (false, Some(now)) => {
                    format!("{name}: no command has decided it; {} ({})", now.value, now.layer)
                }
                (false, None) => format!("{name}: no command has decided it, and nothing says it"),
            }
        };
        let mut told: Vec<String> =
            NAMES.into_iter().filter(|name| chosen(name)).map(tell).collect();
        if all && told.is_empty() {
            told.push("no command has decided anything that could be taken back".to_owned());
        }
        told
    }

    /// What the options say.
    fn edits(&self, read: Checksums) -> Result<Edits, DetailError> {
        let mut edits = Edits::default();
        for key in &self.take_back {
            match key {
                Key::All => edits.take_all_back(),
                Key::One(name) => edits.take_back(name),
            }
        }
        edits.set_checksums(read);
        for (name, said) in [
            ("title", &self.title),
            ("description", &self.description),
            ("category", &self.category),
            ("group", &self.group),
            ("mirror", &self.mirror),
            ("info_url", &self.info_url),
            ("crc32", &self.crc32),
            ("md5", &self.md5),
            ("sha1", &self.sha1),
            ("sha256", &self.sha256),
            ("link_until", &self.link_until),
            ("list_from", &self.list_from),
            ("list_until", &self.list_until),
        ] {
            said.iter().try_for_each(|said| edits.set(name, said))?;
        }
        Ok(edits)
    }
}

fn digits<const COUNT: usize>(text: &str) -> Result<String, DetailError> {
    detail_values::digits(text, COUNT)
}

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    All,
    /// One of the names of details.
    One(&'static str),
}

fn key(text: &str) -> Result<Key, String> {
    // Options are written with a hyphen.
    let wanted = text.replace('-', "_");
    match NAMES.into_iter().find(|name| *name == wanted) {
        Some(name) => Ok(Key::One(name)),
        None if text == "all" => Ok(Key::All),
        None => Err(format!("write all, or one of {}", NAMES.join(", "))),
    }
}

fn time(text: &str) -> Result<String, DetailError> {
    detail_values::time(text).map(|_| text.to_owned())
}
