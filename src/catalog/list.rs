//! All torrents of the catalogue, read once for a refresh and passed on from step to step.

use std::collections::HashSet;
use std::path::PathBuf;

use rusqlite::OptionalExtension;

use super::file_state::FileState;
use super::folder::{Detail, Fingerprints, KnownFiles};
use super::rows::{COLUMNS, Columns, torrent_of};
use super::{
    Carried, Catalog, CatalogError, Companions, DetailLayers, Details, FoundTorrent, Period,
    Torrent, Totals,
};
use crate::protocol::{InfoHash, Timestamp};

/// The most that SQLite's signed integers hold.
const MOST: u64 = i64::MAX.cast_unsigned();

/// All torrents as the catalogue has them, also the missing ones. Who reads and changes it has to keep others
/// from writing to the catalogue meanwhile.
#[derive(Debug)]
pub struct TorrentList {
    pub(super) listed: Vec<Listed>,
    /// The rules of this scan, where those of the scan before were others.
    pub(super) outdated_rules: Option<String>,
    /// Those that the owner's list denies.
    denied: HashSet<InfoHash>,
}

/// A torrent with what a scan has to know of its file.
#[derive(Debug)]
pub(super) struct Listed {
    /// As its owner has it, by decisions and in its sidecar.
    pub(super) torrent: Torrent,
    /// Whether the name of the file hides it.
    pub(super) hidden_by_file: bool,
    /// The state of the file when it was read; `None` when it has to be read again.
    pub(super) state: Option<FileState>,
}

/// What a torrent leaves that turns out to be another's other info-hash.
#[derive(Debug)]
pub(super) struct Heritage {
    added: bool,
    stored_size: Option<u64>,
    decision: Details,
}

impl Catalog {
    /// Reads all torrents for a scan by rules that have this fingerprint.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn list(&self, rules: &str) -> Result<TorrentList, CatalogError> {
        let query = format!("SELECT {COLUMNS}, file_state FROM torrents");
        let read = || {
            let before: Option<String> = self
                .connection
                .query_row("SELECT rules FROM scan_rules", [], |row| row.get(0))
                .optional()?;
            let is_outdated = before.is_none_or(|before| before != rules);
            let mut layers = self.layers()?;
            let mut query = self.connection.prepare(&query)?;
            let mut rows = query.query([])?;
            let mut listed = Vec::new();
            while let Some(row) = rows.next()? {
                let mut row = Columns::of(row);
                let mut torrent = torrent_of(&mut row)?;
                let state = row.next::<Option<_>>()?.filter(|_| !is_outdated);
                let hidden_by_file = torrent.hidden;
                if !layers.is_empty() {
                    torrent.follow(layers.remove(&torrent.canonical));
                }
                listed.push(Listed { torrent, hidden_by_file, state });
            }
            Ok(TorrentList {
                listed,
                outdated_rules: is_outdated.then(|| rules.to_owned()),
                denied: HashSet::new(),
            })
        };
        read().map_err(self.failed("read the torrents from"))
    }
}

impl TorrentList {
    /// How many there are, also missing ones.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listed.len()
    }

    /// The torrents that are not missing, also those that may not be announced.
    pub(super) fn present(&self) -> impl Iterator<Item = &Torrent> {
        let all = self.listed.iter().map(|listed| &listed.torrent);
        all.filter(|torrent| torrent.missing_since.is_none())
    }

    /// The torrents that may be announced.
    pub fn tracked(&self) -> impl Iterator<Item = &Torrent> {
        self.listed.iter().map(|listed| &listed.torrent).filter(|it| is_tracked(it, &self.denied))
    }

    /// The same, to be taken out.
    pub fn into_tracked(self) -> impl Iterator<Item = Torrent> {
        let Self { listed, denied, .. } = self;
        listed.into_iter().map(|listed| listed.torrent).filter(move |it| is_tracked(it, &denied))
    }

    /// Those that their owner has retired, whether or not their files are there.
    pub fn retired(&self) -> impl Iterator<Item = &Torrent> {
        let all = self.listed.iter().map(|listed| &listed.torrent);
        all.filter(|torrent| torrent.details().retired().is_some())
    }

    /// Those of them that are shown at this time: neither hidden nor denied.
    pub fn shown_retired(&self, now: Timestamp) -> impl Iterator<Item = &Torrent> {
        self.retired().filter(move |it| it.is_listed(now) && !is_denied(it, &self.denied))
    }

    /// Those that have been missing since this time or for longer, and of which nothing but figures would be lost.
    #[must_use]
    pub fn missing_since(&self, at: Timestamp) -> Vec<InfoHash> {
        let all = self.listed.iter().map(|listed| &listed.torrent);
        let is_old = |torrent: &&Torrent| torrent.missing_since.is_some_and(|since| since <= at);
        let old = all.filter(is_old).filter(|torrent| torrent.decision() == Details::NONE);
        old.map(|torrent| torrent.canonical).collect()
    }

    /// All info-hashes of torrents that are denied by one of them.
    pub fn denied_hashes(&self) -> impl Iterator<Item = InfoHash> {
        let all = self.listed.iter().map(|listed| &listed.torrent);
        all.filter(|torrent| is_denied(torrent, &self.denied))
            .flat_map(|torrent| std::iter::once(torrent.canonical).chain(torrent.aliases()))
    }

    /// Has these not be tracked, whatever else is said about them.
    pub fn deny(&mut self, denied: &HashSet<InfoHash>) {
        self.denied.clone_from(denied);
    }

    /// The canonical info-hashes, also those of missing torrents.
    #[must_use]
    pub fn info_hashes(&self) -> HashSet<InfoHash> {
        self.listed.iter().map(|listed| listed.torrent.canonical).collect()
    }

    /// Whether a date lies after `latest`.
    pub(super) fn is_ahead_of(&self, latest: Timestamp) -> bool {
        self.listed.iter().any(|Listed { torrent, .. }| {
            torrent.first_seen > latest || torrent.missing_since.is_some_and(|at| at > latest)
        })
    }

    /// What a scan of a listing that looks so closely need not read again.
    #[must_use]
    pub fn fingerprints(&self, detail: Detail) -> Fingerprints {
        let files = self.listed.iter().map(|Listed { torrent, state, .. }| {
            (torrent, state.filter(|_| torrent.missing_since.is_none()))
        });
        Fingerprints::of(files, detail)
    }

    /// The same with the torrents, for a scan.
    #[must_use]
    pub fn known_files(&self, fingerprints: Fingerprints) -> KnownFiles<'_> {
        KnownFiles::new(self.listed.iter().map(|listed| &listed.torrent).collect(), fingerprints)
    }
}

fn is_tracked(torrent: &Torrent, denied: &HashSet<InfoHash>) -> bool {
    torrent.is_tracked() && !is_denied(torrent, denied)
}

fn is_denied(torrent: &Torrent, denied: &HashSet<InfoHash>) -> bool {
    !denied.is_empty()
        && (denied.contains(&torrent.canonical)
            || torrent.aliases().any(|alias| denied.contains(&alias)))
}

fn companions_after(before: &Companions, found: &FoundTorrent, is_new: bool) -> Companions {
    before.after(found.sidecar.as_deref(), &found.checksum_files, is_new)
}

impl Listed {
    pub(super) fn new(found: &FoundTorrent, first_seen: Timestamp) -> Self {
        let mut listed = Self::of_file(found, first_seen);
        listed.layer(Details::default(), companions_after(Companions::NONE, found, true));
        listed
    }

    /// As the file alone has it.
    fn of_file(found: &FoundTorrent, first_seen: Timestamp) -> Self {
        let metainfo = &found.metainfo;
        let torrent = Torrent {
            file: found.file.clone(),
            canonical: metainfo.canonical(),
            v1: metainfo.v1(),
            v2: metainfo.v2(),
            name: metainfo.name.clone(),
            size: metainfo.size.min(MOST),
            file_size: found.file_size.min(MOST),
            stored_size: None,
            hidden: found.hidden,
            private: metainfo.private,
            has_web_seed: metainfo.has_web_seed,
            added: false,
            details: None,
            info_page: found.info_page.clone(),
            first_seen,
            missing_since: None,
            totals: Totals::default(),
            carried: Carried::default(),
            period: Period::default(),
        };
        let (hidden_by_file, state) = (found.hidden, found.state);
        Self { torrent, hidden_by_file, state }
    }

    /// One of the owner's list, of which only the info-hash is known.
    pub(super) fn by_hash(info_hash: InfoHash, now: Timestamp) -> Self {
        let torrent = Torrent::by_hash(info_hash, now);
        Self { torrent, hidden_by_file: false, state: None }
    }

    /// Has its owner say this about it, and nothing else.
    fn layer(&mut self, decision: Details, companions: Companions) {
        self.torrent.hidden = self.hidden_by_file;
        self.torrent.follow(DetailLayers::of(Some(decision), companions));
    }

    /// What the files beside it are when a scan finds this.
    fn companions_after(&self, found: &FoundTorrent) -> Companions {
        let is_new = self.torrent.missing_since.is_some();
        companions_after(self.torrent.companions(), found, is_new)
    }

    /// The files beside it are gone, and what they said with them.
    fn lose_companions(&mut self) {
        if self.torrent.companions() != Companions::NONE {
            self.layer(self.torrent.decision().clone(), Companions::default());
        }
    }

    /// Ends, because the same torrent is listed by its other info-hash. Leaves to that what the owner has said about it.
    pub(super) fn give_way(&mut self, now: Timestamp) -> Heritage {
        let decision = self.torrent.decision().clone();
        self.layer(Details::default(), Companions::default());
        let added = std::mem::take(&mut self.torrent.added);
        let stored_size = self.torrent.stored_size.take();
        self.torrent.missing_since = Some(now);
        Heritage { added, stored_size, decision }
    }

    /// Takes over what another has left, where nothing is said about this one.
    pub(super) fn inherit(&mut self, heritage: Option<Heritage>) {
        let Some(Heritage { added, stored_size, decision }) = heritage else { return };
        self.torrent.added |= added;
        self.torrent.stored_size = self.torrent.stored_size.or(stored_size);
        if self.torrent.decision() == Details::NONE {
            self.layer(decision, self.torrent.companions().clone());
        }
    }

    /// Goes on without its file in the folder.
    pub(super) fn lose_file(&mut self) {
        self.lose_companions();
        let torrent = &mut self.torrent;
        (torrent.file, torrent.info_page) = (PathBuf::new(), None);
        torrent.file_size = torrent.stored_size.unwrap_or(0);
        self.state = None;
    }

    /// Whether a scan that found `found` has nothing to write.
    pub(super) fn is_as_found(&self, found: &FoundTorrent) -> bool {
        let (torrent, metainfo) = (&self.torrent, &found.metainfo);
        torrent.missing_since.is_none()
            && self.state == found.state
            && self.hidden_by_file == found.hidden
            && torrent.file == found.file
            && torrent.info_page == found.info_page
            && torrent.file_size == found.file_size.min(MOST)
            && torrent.name == metainfo.name
            && torrent.size == metainfo.size.min(MOST)
            && torrent.private == metainfo.private
            && torrent.has_web_seed == metainfo.has_web_seed
            && (torrent.v1, torrent.v2) == (metainfo.v1(), metainfo.v2())
            && *torrent.companions() == self.companions_after(found)
    }

    /// Takes over what a scan found; decisions, dates and totals stay.
    pub(super) fn become_as_found(&mut self, found: &FoundTorrent) {
        let companions = self.companions_after(found);
        let before = &self.torrent;
        let mut new = Self::of_file(found, before.first_seen);
        (new.torrent.added, new.torrent.stored_size) = (before.added, before.stored_size);
        (new.torrent.totals, new.torrent.carried) = (before.totals, before.carried);
        new.torrent.period = before.period;
        new.layer(before.decision().clone(), companions);
        *self = new;
    }
}
