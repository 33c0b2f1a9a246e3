//! Publishing the policy snapshot.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::format::{self, Facts, NewSection, Sequence};
use super::listing::{self, ListingChange};
use super::record::TorrentRecord;
use super::refused::Refused;
use super::texts::Texts;
use super::{PolicyError, PolicySnapshot, bans, clients, figures, index, reachability, switches};
use crate::catalog::{FileTime, Rules, Torrent, Watched};
use crate::platform::publication::TemporaryFile;
use crate::platform::threads::side_by_side;
use crate::protocol::{Generation, InfoHash, ScrapeFigures, Timestamp};

/// What a snapshot says beside the torrents.
#[derive(Clone, Debug)]
pub struct Publication<'a> {
    /// Every folder whose change may mean another torrent, as the scan saw them.
    pub watched: Vec<&'a Watched>,
    /// When that scan ended; `None` when no change since can have gone unseen.
    pub scanned: Option<FileTime>,
    /// When the last refresh was; 0 before the first.
    pub refreshed_at: Timestamp,
    /// The generation of the peer store now. Of each torrent's completed downloads the snapshot says how
    /// many this generation has counted.
    pub generation: Generation,
    /// Now.
    pub published_at: Timestamp,
    /// The owner's rules.
    pub rules: &'a Rules,
    /// Torrents that may not be announced.
    pub refused: Refused<'a>,
    /// How the peers of torrents, by their canonical info-hashes, got on at the last refresh; of none where the owner does
    /// not want that told.
    pub figures: &'a [(InfoHash, ScrapeFigures)],
}

/// The part of a snapshot that takes long to make: its torrents. `None` when a count or an offset does not fit, which
/// is said when it is published.
pub struct PolicyDraft {
    sections: Option<[NewSection; 4]>,
    listing_changes: Vec<ListingChange>,
}

/// Writes the policy snapshot at `path` from these torrents, whose files are there. Whoever opens it sees the old
/// one or the new one, whole; missing folders are made (mode 0700). Only one process at a time may.
///
/// # Errors
/// When the snapshot cannot be written; then the old one stays.
pub fn publish<'a>(
    path: &Path,
    torrents: impl IntoIterator<Item = &'a Torrent>,
    publication: &Publication<'_>,
) -> Result<(), PolicyError> {
    PolicyDraft::of(torrents, publication.generation, publication.published_at)
        .publish(path, publication)
}

impl PolicyDraft {
    /// Of these torrents, which are tracked, as they are at this time; of their completed downloads the snapshot says how many this
    /// generation of the peer store has counted.
    #[must_use]
    pub fn of<'a>(
        torrents: impl IntoIterator<Item = &'a Torrent>,
        generation: Generation,
        now: Timestamp,
    ) -> Self {
        let torrents: Vec<_> = torrents.into_iter().collect();
        let listing_changes = listing::changes_of(&torrents);
        Self { sections: sections_of(torrents, generation, now), listing_changes }
    }

    /// Writes the snapshot at `path`, as [`publish`] does, for the same generation of the peer store.
    ///
    /// # Errors
    /// As for [`publish`].
    pub fn publish(self, path: &Path, publication: &Publication<'_>) -> Result<(), PolicyError> {
        let sequence = next_sequence(path, publication.published_at);
        let snapshot = self
            .encode(publication, sequence)
            .ok_or_else(|| PolicyError::TooLarge { path: path.to_owned() })?;
        let write = || {
            let mut temporary = TemporaryFile::beside(path)?;
            temporary.file.write_all(&snapshot)?;
            temporary.replace(path)
        };
        write().map_err(|source| PolicyError::Io { doing: "write", path: path.to_owned(), source })
    }

    /// The bytes of a snapshot; `None` when a count, an offset or a path does not fit.
    pub(super) fn encode(
        self,
        publication: &Publication<'_>,
        sequence: Sequence,
    ) -> Option<Vec<u8>> {
        let mut watched = Vec::new();
        for Watched { path, modified } in &publication.watched {
            let path = path.as_os_str().as_bytes();
            watched.extend(modified.0.to_le_bytes());
            watched.extend(u32::try_from(path.len()).ok()?.to_le_bytes());
            watched.extend(path);
        }
        let facts = Facts {
            sequence,
            published_at: publication.published_at,
            refreshed_at: publication.refreshed_at,
            scanned: publication.scanned,
            generation: publication.generation,
        };
        let mut sections = Vec::from(self.sections?);
        sections.push(NewSection::of(format::WATCHED, 0, watched));
        let Rules { bans, client_rules, unreachable, switches: set } = publication.rules;
        let mut texts = Texts::default();
        let bans = bans::section_of(bans, &mut texts)?;
        sections.push(index::of_bans(&bans));
        sections.push(bans);
        sections.push(publication.refused.section(&mut texts)?);
        sections.extend(clients::sections_of(client_rules, &mut texts)?);
        sections.push(switches::section_of(set, &mut texts)?);
        sections.push(texts.into_section());
        sections.push(reachability::section_of(unreachable));
        sections.push(figures::section_of(publication.figures));
        sections.push(listing::section_of(&self.listing_changes, publication.refreshed_at));
        Some(format::assemble(facts, &sections))
    }
}

fn sections_of(
    mut torrents: Vec<&Torrent>,
    generation: Generation,
    now: Timestamp,
) -> Option<[NewSection; 4]> {
    // The catalogue has them in this order, in one run or two.
    torrents.sort_by_key(|torrent| torrent.canonical);
    let (others, records) = side_by_side(
        || Some((aliases_of(&torrents)?, names_of(&torrents))),
        || records_of(&torrents, generation, now),
    );
    let (aliases, names) = others?;
    let torrents = records?;
    Some([index::of_torrents(&torrents), torrents, aliases, names])
}

fn records_of(torrents: &[&Torrent], generation: Generation, now: Timestamp) -> Option<NewSection> {
    let mut records = Vec::with_capacity(torrents.len().saturating_mul(format::TORRENT_LEN));
    let mut name_at = 0;
    for torrent in torrents {
        record_of(torrent, (generation, now), name_at)?.write(&mut records);
        name_at += name_of(torrent).len();
    }
    Some(NewSection::of(format::TORRENTS, format::TORRENT_LEN, records))
}

fn aliases_of(torrents: &[&Torrent]) -> Option<NewSection> {
    let mut aliases: Vec<(InfoHash, u32)> = Vec::new();
    for (position, torrent) in torrents.iter().enumerate() {
        let position = u32::try_from(position).ok()?;
        aliases.extend(torrent.aliases().map(|alias| (alias, position)));
    }
    aliases.sort_unstable();
    aliases.dedup_by_key(|&mut (alias, _)| alias);
    let aliases =
        aliases.iter().flat_map(|(alias, at)| alias.0.into_iter().chain(at.to_le_bytes()));
    Some(NewSection::of(format::ALIASES, format::ALIAS_LEN, aliases.collect()))
}

/// The names one after the other, as the records count them.
fn names_of(torrents: &[&Torrent]) -> NewSection {
    let mut names = Vec::new();
    for torrent in torrents {
        names.extend(name_of(torrent).as_bytes());
    }
    NewSection::of(format::NAMES, 0, names)
}

/// Higher than the number of the snapshot at `path`, and not below the microseconds since 1970. So numbers go
/// on rising where that file was lost, and where the catalogue comes from a backup or has moved to another host.
fn next_sequence(path: &Path, now: Timestamp) -> Sequence {
    let Sequence(last) = PolicySnapshot::open(path).map_or(Sequence(0), |last| last.sequence());
    Sequence(now.0.saturating_mul(1_000_000).max(last.saturating_add(1)))
}

/// The title; of a torrent without a name, nothing.
fn name_of(torrent: &Torrent) -> &str {
    torrent.details().title.as_deref().unwrap_or(&torrent.name)
}

fn flags_of(torrent: &Torrent, now: Timestamp) -> u32 {
    let hidden = if !torrent.is_listed(now) { format::HIDDEN } else { 0 };
    hidden | if torrent.known_size().is_none() { format::SIZE_IS_UNKNOWN } else { 0 }
}

fn record_of(
    torrent: &Torrent,
    (generation, now): (Generation, Timestamp),
    name_offset: usize,
) -> Option<TorrentRecord> {
    let Torrent { totals, carried, .. } = torrent;
    let carried_completed = carried.within(generation).completed;
    Some(TorrentRecord {
        canonical: torrent.canonical.0,
        flags: flags_of(torrent, now),
        size: torrent.size,
        completed: totals.completed,
        carried_completed: carried_completed.min(totals.completed),
        name_offset: u32::try_from(name_offset).ok()?,
        name_len: u32::try_from(name_of(torrent).len()).ok()?,
    })
}
