//! The catalogue's torrents as their owner looks for them: chosen, sorted, a page at a time. For all that show them.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;

use super::{OverviewError, read_store};
use crate::catalog::{Catalog, FilePlace, Torrent, UnlistedCounts, natural};
use crate::config::LoadedConfig;
use crate::protocol::{InfoHash, Timestamp};
use crate::store::{StoreError, SwarmCounts, if_any};

/// Swarms counted in one go.
const BATCH: usize = 500;

/// Which torrents are wanted, in which order. The usual one wants all whose files are there, by their paths.
#[derive(Clone, Debug, Default)]
pub struct TorrentQuery {
    /// What stands in name, title, file or an info-hash, in whatever case; all have an empty text.
    pub text: String,
    /// A category; folders below it belong to it.
    pub category: Option<String>,
    /// What all of these say must be true.
    pub states: Vec<TorrentState>,
    /// Also those whose files are gone.
    pub all: bool,
    /// By what they are sorted.
    pub order: TorrentOrder,
    /// The other way round.
    pub reverse: bool,
    /// Which page, the first where there is none.
    pub page: Option<NonZeroUsize>,
    /// Torrents of a page; all where there is no number.
    pub rows: Option<NonZeroUsize>,
}

/// What may be true of a torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TorrentState {
    /// It is in listings now.
    Listed,
    /// It is left out of them: hidden, or by a date.
    Hidden,
    /// Its owner has retired it.
    Retired,
    /// Its file is gone.
    Missing,
    /// It is tracked without a file.
    NoFile,
    /// Its clients may ask only this tracker for peers.
    Private,
    /// Other trackers are asked about it.
    External,
    /// Its sidecar or a checksum file of it is broken.
    Faulty,
}

/// By what torrents are sorted: texts from A, figures from the largest, dates from the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TorrentOrder {
    /// The path of the file.
    #[default]
    File,
    /// What people call it.
    Name,
    /// Bytes of content.
    Size,
    /// Peers that have everything.
    Seeders,
    /// Peers that want data.
    Leechers,
    /// Completed downloads.
    Completed,
    /// When it came.
    Added,
}

/// A page of torrents.
#[derive(Debug)]
pub struct TorrentPage {
    /// Those of this page.
    pub torrents: Vec<TorrentWithPeers>,
    /// Why their peers are not known, where they are not.
    pub fault: Option<StoreError>,
    /// How many there are on all pages.
    pub matching: usize,
    /// Of these, those that stand in no listing.
    pub unlisted: UnlistedCounts,
    /// How many pages there are; at least one.
    pub pages: usize,
}

/// A torrent, and who is there now.
#[derive(Clone, Debug)]
pub struct TorrentWithPeers {
    /// The torrent.
    pub torrent: Torrent,
    /// Its peers, where the store can be read; the completed downloads are those of this store only.
    pub peers: Option<SwarmCounts>,
}

impl TorrentState {
    /// All, with the names that people know them by.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("listed", Self::Listed),
        ("hidden", Self::Hidden),
        ("retired", Self::Retired),
        ("missing", Self::Missing),
        ("no-file", Self::NoFile),
        ("private", Self::Private),
        ("external", Self::External),
        ("faulty", Self::Faulty),
    ];

    fn is_of(self, torrent: &Torrent, external: &HashSet<InfoHash>, now: Timestamp) -> bool {
        match self {
            Self::Listed => torrent.is_tracked() && torrent.is_listed(now),
            Self::Hidden => !torrent.is_listed(now),
            Self::Retired => torrent.details().retired().is_some(),
            Self::Missing => torrent.missing_since.is_some(),
            Self::NoFile => torrent.file_place() == FilePlace::Nowhere,
            Self::Private => torrent.private,
            Self::External => external.contains(&torrent.canonical),
            Self::Faulty => torrent.companions().is_faulty(),
        }
    }
}

impl TorrentOrder {
    /// All, with the names that people know them by.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("file", Self::File),
        ("name", Self::Name),
        ("size", Self::Size),
        ("seeders", Self::Seeders),
        ("leechers", Self::Leechers),
        ("completed", Self::Completed),
        ("added", Self::Added),
    ];

    /// Sorts those that are sorted by their files; what is equal stays as it is.
    fn sort(self, torrents: &mut [TorrentWithPeers]) {
        let largest_first = |torrents: &mut [TorrentWithPeers],
                             of: fn(&TorrentWithPeers) -> u64| {
            torrents.sort_by_key(|it| std::cmp::Reverse(of(it)));
        };
        match self {
            Self::File => {}
            Self::Name => {
                torrents.sort_by_cached_key(|it| NaturalKey(it.torrent.title().to_lowercase()))
            }
            Self::Size => largest_first(torrents, |it| it.torrent.size),
            Self::Seeders => {
                largest_first(torrents, |it| it.peers.map_or(0, |it| it.seeders.into()))
            }
            Self::Leechers => {
                largest_first(torrents, |it| it.peers.map_or(0, |it| it.leechers.into()))
            }
            Self::Completed => largest_first(torrents, |it| it.torrent.totals.completed),
            Self::Added => largest_first(torrents, |it| it.torrent.first_seen.0),
        }
    }

    fn needs_peers(self) -> bool {
        matches!(self, Self::Seeders | Self::Leechers)
    }
}

/// A name, by the order that people expect.
#[derive(PartialEq, Eq)]
struct NaturalKey(String);

impl Ord for NaturalKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        natural::compare(&self.0, &other.0)
    }
}

impl PartialOrd for NaturalKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl TorrentQuery {
    /// Looks for the torrents in catalogue and peer store. A page after the last one is empty.
    ///
    /// # Errors
    /// When the catalogue cannot be read, or the store where they are sorted by their peers.
    pub fn find(
        &self,
        loaded: &LoadedConfig,
        now: Timestamp,
    ) -> Result<TorrentPage, OverviewError> {
        let catalog = Catalog::read(&loaded.config.paths.catalog)?;
        let all = self.all || self.states.contains(&TorrentState::Missing);
        let torrents = if all { catalog.all_torrents()? } else { catalog.torrents()? };
        let external = if self.states.contains(&TorrentState::External) {
            catalog.external()?.into_iter().map(|it| it.info_hash).collect()
        } else {
            HashSet::new()
        };
        let wanted = self.chosen(torrents, &external, now);
        let mut wanted: Vec<TorrentWithPeers> =
            wanted.into_iter().map(|torrent| TorrentWithPeers { torrent, peers: None }).collect();
        if self.order.needs_peers() {
            count_peers(loaded, &mut wanted, now)?;
            return Ok(self.page_of(wanted, now));
        }
        let mut page = self.page_of(wanted, now);
        page.fault = count_peers(loaded, &mut page.torrents, now).err();
        Ok(page)
    }

    fn chosen(
        &self,
        mut torrents: Vec<Torrent>,
        external: &HashSet<InfoHash>,
        now: Timestamp,
    ) -> Vec<Torrent> {
        let text = self.text.to_lowercase();
        torrents.retain(|torrent| {
            self.states.iter().all(|state| state.is_of(torrent, external, now))
                && self.category.as_deref().is_none_or(|wanted| is_in(torrent, wanted))
                && (text.is_empty() || has_text(torrent, &text))
        });
        torrents
    }

    fn page_of(&self, mut torrents: Vec<TorrentWithPeers>, now: Timestamp) -> TorrentPage {
        self.order.sort(&mut torrents);
        if self.reverse {
            torrents.reverse();
        }
        let matching = torrents.len();
        let unlisted = UnlistedCounts::of(torrents.iter().map(|it| &it.torrent), now);
        let rows = self.rows.map_or(usize::MAX, NonZeroUsize::get);
        let before = self.page.map_or(0, |page| page.get() - 1).saturating_mul(rows);
        let torrents = torrents.into_iter().skip(before).take(rows).collect();
        let pages = matching.div_ceil(rows).max(1);
        TorrentPage { torrents, fault: None, matching, unlisted, pages }
    }
}

/// Whether a torrent is in a category or one below it.
fn is_in(torrent: &Torrent, wanted: &str) -> bool {
    let category = torrent.category();
    let below = category.as_deref().and_then(|it| it.strip_prefix(wanted));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a text in lower case stands in what a torrent is known by.
fn has_text(torrent: &Torrent, text: &str) -> bool {
    let file = String::from_utf8_lossy(torrent.file.as_os_str().as_bytes());
    let names = [torrent.name.as_str(), &torrent.title(), &file];
    if names.iter().any(|name| name.to_lowercase().contains(text)) {
        return true;
    }
    let v1 = torrent.v1.map(|hash| hash.to_string());
    let v2 = torrent.v2.map(|hash| hash.to_string());
    [Some(torrent.canonical.to_string()), v1, v2].into_iter().flatten().any(|it| it.contains(text))
}

impl TorrentWithPeers {
    /// A torrent with the peers that it has now, where the store can be read.
    #[must_use]
    pub fn now(loaded: &LoadedConfig, torrent: Torrent, now: Timestamp) -> Self {
        let mut one = [Self { torrent, peers: None }];
        // Who asks for the torrent is told of that without them.
        let _ = count_peers(loaded, &mut one, now);
        let [one] = one;
        one
    }

    /// Several with their peers, in their order. Without peers, where the store cannot be read.
    #[must_use]
    pub fn all_now(loaded: &LoadedConfig, torrents: Vec<Torrent>, now: Timestamp) -> Vec<Self> {
        let mut all: Vec<Self> =
            torrents.into_iter().map(|torrent| Self { torrent, peers: None }).collect();
        let _ = count_peers(loaded, &mut all, now);
        all
    }
}

/// Notes the peers that these torrents have now: none where there is no store yet.
fn count_peers(
    loaded: &LoadedConfig,
    torrents: &mut [TorrentWithPeers],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut store = if_any(read_store(loaded))?;
    for batch in torrents.chunks_mut(BATCH) {
        let hashes: Vec<InfoHash> = batch.iter().map(|it| it.torrent.canonical).collect();
        let counts = store.as_mut().map(|store| store.counts(&hashes, now)).transpose()?;
        let mut counts = counts.into_iter().flatten();
        for torrent in batch {
            torrent.peers = Some(counts.next().unwrap_or_default());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
