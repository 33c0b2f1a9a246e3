//! Looking things up in a policy snapshot.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapOptions};

use super::clients::{ClientRules, PolicyClientRule};
use super::format::{
    self, Digest, Fault, Fields, HASH_LEN, HIDDEN, Layout, RecordsAt, SIZE_IS_UNKNOWN, Sequence,
    UnvalidatedHeader,
};
use super::index;
use super::record::{BanRecord, TextAt, TorrentRecord};
use super::records::{EVERYWHERE, Records};
use super::seen_clients::SeenClients;
use super::{ListingChange, PolicyError, figures, listing, switches};
use crate::catalog::{FileTime, Switches, has_changed};
use crate::platform::FileMark;
use crate::platform::address_range::key;
use crate::platform::files;
use crate::protocol::{Endpoint, Generation, InfoHash, ScrapeFigures, SeenClient, Timestamp};

/// The policy as it was published at one instant; later publications do not change it.
///
/// Opening reads the header only. A file that was damaged behind it can give wrong answers, until
/// [`PolicySnapshot::verify`] is asked, but never a crash.
#[derive(Debug)]
pub struct PolicySnapshot {
    map: Mmap,
    layout: Layout,
    path: PathBuf,
    mark: FileMark,
}

/// A torrent that may be announced, as the policy knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyTorrent<'a> {
    /// The info-hash that names its swarm, whichever was asked for.
    pub canonical: InfoHash,
    /// Bytes of content, where they are known.
    pub size: Option<u64>,
    /// Left out of listings.
    pub hidden: bool,
    /// Completed downloads over all generations of the peer store, as of the last refresh.
    pub completed: u64,
    /// How many of these the generation [`PolicySnapshot::generation`] has counted; never more than all.
    pub carried_completed: u64,
    name: &'a [u8],
}

/// A ban that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyBan<'a> {
    /// From then on it is over; `None`: never.
    pub until: Option<Timestamp>,
    /// What a client is told; may be empty.
    pub reason: &'a str,
}

/// What the times of the torrents folder say about it since the last scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderChange {
    /// It is as it was.
    None,
    /// It was modified so shortly before the scan that one more change would not show.
    Perhaps,
    /// It was modified, or is gone.
    Certain,
}

impl<'a> PolicyTorrent<'a> {
    /// The name in the metainfo; read only when asked for.
    #[must_use]
    pub fn name(&self) -> &'a str {
        // Names are written as UTF-8; only a damaged file has others.
        std::str::from_utf8(self.name).unwrap_or_default()
    }
}

impl PolicySnapshot {
    /// Opens the snapshot at `path`, at a cost that does not depend on how much is in it: the header
    /// and the section table are checked, the sections are not.
    ///
    /// # Errors
    /// When there is none, or it cannot be read, is damaged or has another version.
    pub fn open(path: &Path) -> Result<Self, PolicyError> {
        let io = |source: io::Error| PolicyError::from_reading(path, source);
        let (file, metadata) =
            files::open(path, File::options().read(true)).map_err(|error| io(error.into()))?;
        let broken = |what| PolicyError::Broken { path: path.to_owned(), what };
        let length = usize::try_from(metadata.len()).map_err(|_| broken("it is too large"))?;
        if length == 0 {
            // Nothing cannot be mapped.
            return Err(broken("it is empty"));
        }
        // SAFETY: the file at this path is written by this tracker only, which writes another file, whole, and
        // renames it: the bytes behind the mapping do not change, and are not cut short, while it lives. What
        // another host's tracker has published is never mapped: see `delivery`.
        let map = unsafe { MmapOptions::new().len(length).map(&file) }.map_err(io)?;
        let layout = UnvalidatedHeader::read(&map)
            .and_then(|header| header.validate())
            .map_err(|fault| fault_of(path, fault))?;
        Ok(Self { map, layout, path: path.to_owned(), mark: FileMark::from(&metadata) })
    }

    /// What tells the file from what will take its place.
    #[must_use]
    pub fn mark(&self) -> FileMark {
        self.mark
    }

    /// Checks every byte, at a cost that grows with the file: for processes that live long, and for
    /// the site's owner.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn verify(&self) -> Result<(), PolicyError> {
        verify(&self.map, &self.layout).map_err(|fault| fault_of(&self.path, fault))
    }

    /// Has the processor fetch what [`PolicySnapshot::prefetch`] will look at, where torrents are so many that it would have
    /// to wait for that.
    pub fn prefetch_index(&self, info_hash: InfoHash) {
        index::prefetch(self.records(&self.layout.torrent_index), info_hash);
    }

    /// Has the processor fetch what [`PolicySnapshot::find`] will look at, as before.
    pub fn prefetch(&self, info_hash: InfoHash) {
        let index = self.records(&self.layout.torrent_index);
        if !index.is_empty() {
            self.records(&self.layout.torrents).prefetch(&index::places_of(index, info_hash));
        }
    }

    /// The torrent that clients announce with `info_hash`, its canonical one or an alias.
    #[must_use]
    pub fn find(&self, info_hash: InfoHash) -> Option<PolicyTorrent<'_>> {
        let torrents = self.records(&self.layout.torrents);
        if torrents.is_empty() {
            // Then none has another info-hash either.
            return None;
        }
        let places = index::places_of(self.records(&self.layout.torrent_index), info_hash);
        let position = torrents.position_of(info_hash, places).or_else(|| {
            let aliases = self.records(&self.layout.aliases);
            let alias = aliases.get(aliases.position_of(info_hash, EVERYWHERE)?)?;
            let mut fields = Fields(alias.get(HASH_LEN..)?);
            usize::try_from(fields.u32()?).ok()
        })?;
        self.torrent_of(torrents.get(position)?)
    }

    /// The ban of an address, if it has one at this time.
    #[must_use]
    pub fn ban_of(&self, address: IpAddr, now: Timestamp) -> Option<PolicyBan<'_>> {
        let bans = self.records(&self.layout.bans);
        if bans.is_empty() {
            return None;
        }
        let address = key(address);
        let places = index::bans_around(self.records(&self.layout.ban_index), address);
        let address = address.octets();
        let behind = bans.up_to(&address, &places);
        let record = BanRecord::read(bans.get(behind.checked_sub(1)?)?)?;
        let is_banned = address <= record.last && now.0 < record.until;
        is_banned.then(|| PolicyBan {
            until: Some(Timestamp(record.until)).filter(|until| until.0 != u64::MAX),
            reason: record.reason.of(&self.map, &self.layout),
        })
    }

    /// Why a torrent is refused that is not among the torrents: `Some("")` when the owner has listed it so, another
    /// reason when it was retired.
    #[must_use]
    pub fn refusal_of(&self, info_hash: InfoHash) -> Option<&str> {
        let refused = self.records(&self.layout.refused);
        let record = refused.get(refused.position_of(info_hash, EVERYWHERE)?)?;
        Some(TextAt::read(&mut Fields(record.get(HASH_LEN..)?))?.of(&self.map, &self.layout))
    }

    /// The torrents that the owner's list refuses, sorted.
    pub fn denied(&self) -> impl Iterator<Item = InfoHash> {
        self.records(&self.layout.refused).iter().filter_map(|record| {
            let mut fields = Fields(record);
            let hash = fields.array()?;
            (TextAt::read(&mut fields)?.len == 0).then_some(InfoHash(hash))
        })
    }

    /// Whether there are rules on clients.
    #[must_use]
    pub fn has_client_rules(&self) -> bool {
        !self.client_rules().is_empty()
    }

    /// The first rule that means a client.
    #[must_use]
    pub fn client_rule(&self, client: &SeenClient<'_>) -> Option<PolicyClientRule<'_>> {
        self.client_rule_by(client, &mut SeenClients::default())
    }

    /// The same, for who asks about many clients.
    pub fn client_rule_by(
        &self,
        client: &SeenClient<'_>,
        seen: &mut SeenClients,
    ) -> Option<PolicyClientRule<'_>> {
        let rules = self.client_rules();
        seen.rule_on(client, rules).map(|rule| rules.told(rule))
    }

    fn client_rules(&self) -> ClientRules<'_> {
        ClientRules { file: &self.map, layout: &self.layout }
    }

    /// What is set over the configuration.
    #[must_use]
    pub fn switches(&self) -> Switches {
        switches::read(&self.map, &self.layout)
    }

    /// Whether there are peers that nobody can connect to.
    #[must_use]
    pub fn has_unreachable(&self) -> bool {
        !self.records(&self.layout.unreachable).is_empty()
    }

    /// Whether nobody could connect to a peer there.
    #[must_use]
    pub fn is_unreachable(&self, endpoint: Endpoint) -> bool {
        let unreachable = self.records(&self.layout.unreachable);
        let of = |record: &[u8]| record.first_chunk().copied().map(Endpoint);
        let before =
            unreachable.partition_point(|record| of(record).is_some_and(|it| it < endpoint));
        unreachable.get(before).and_then(of) == Some(endpoint)
    }

    /// How the peers of a torrent got on at the last refresh, by its canonical info-hash; `None` where the owner does not
    /// want that told.
    #[must_use]
    pub fn figures_of(&self, canonical: InfoHash) -> Option<ScrapeFigures> {
        let all = self.records(&self.layout.figures);
        let (_, figures) = figures::read(all.get(all.position_of(canonical, EVERYWHERE)?)?)?;
        Some(figures)
    }

    /// The same of all torrents, sorted.
    pub fn figures(&self) -> impl Iterator<Item = (InfoHash, ScrapeFigures)> {
        self.records(&self.layout.figures).iter().filter_map(figures::read)
    }

    /// The torrents that come into the lists or leave them between the last refresh and this time, in the order of time.
    pub fn listing_changes(&self, now: Timestamp) -> impl Iterator<Item = ListingChange> {
        let changes = self.records(&self.layout.listing_changes);
        changes.iter().filter_map(listing::read).take_while(move |change| change.at <= now)
    }

    /// All torrents, sorted by canonical info-hash.
    pub fn torrents(&self) -> impl Iterator<Item = PolicyTorrent<'_>> {
        self.records(&self.layout.torrents).iter().filter_map(|record| self.torrent_of(record))
    }

    /// Its number: higher than that of every snapshot that the same owner has published before.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.layout.facts.sequence
    }

    /// The checksum of its header, which stands for all of it.
    pub(super) fn digest(&self) -> Digest {
        self.layout.digest
    }

    /// When the last refresh was; 0 before the first.
    #[must_use]
    pub fn refreshed_at(&self) -> Timestamp {
        self.layout.facts.refreshed_at
    }

    /// When the snapshot was published.
    #[must_use]
    pub fn published_at(&self) -> Timestamp {
        self.layout.facts.published_at
    }

    /// The generation of the peer store that [`PolicyTorrent::carried_completed`] speaks of.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.layout.facts.generation
    }

    /// Whether a torrent may have come, gone or changed since the scan behind this snapshot. Where
    /// nothing is watched, the folder could not be seen; perhaps it can be now.
    #[must_use]
    pub fn folder_change(&self) -> FolderChange {
        let mut rest = Fields(self.section(&self.layout.watched));
        if rest.0.is_empty() {
            return FolderChange::Perhaps;
        }
        let mut change = FolderChange::None;
        while !rest.0.is_empty() {
            let Some((path, modified)) = next_watched(&mut rest) else {
                return FolderChange::Certain;
            };
            if has_changed(path, modified) {
                return FolderChange::Certain;
            }
            if self.layout.facts.scanned.is_some_and(|scanned| modified.may_hide_a_change(scanned))
            {
                change = FolderChange::Perhaps;
            }
        }
        change
    }

    fn records(&self, at: &RecordsAt) -> Records<'_> {
        Records::of(&self.map, at)
    }

    fn torrent_of(&self, record: &[u8]) -> Option<PolicyTorrent<'_>> {
        let record = TorrentRecord::read(record)?;
        let mut names = Fields(self.section(&self.layout.names));
        let name = names.bytes(record.name_offset).and_then(|_| names.bytes(record.name_len));
        Some(PolicyTorrent {
            canonical: InfoHash(record.canonical),
            size: (record.flags & SIZE_IS_UNKNOWN == 0).then_some(record.size),
            hidden: record.flags & HIDDEN != 0,
            completed: record.completed,
            carried_completed: record.carried_completed.min(record.completed),
            name: name.unwrap_or_default(),
        })
    }

    fn section(&self, bytes: &std::ops::Range<usize>) -> &[u8] {
        self.map.get(bytes.clone()).unwrap_or_default()
    }
}

/// Checks each section of a file against its checksum.
pub(super) fn verify(file: &[u8], layout: &Layout) -> Result<(), Fault> {
    let whole = layout.sections.iter().all(|section| {
        let bytes = file.get(section.bytes.clone());
        bytes.is_some_and(|bytes| format::digest_of(&[bytes]) == section.digest)
    });
    if whole { Ok(()) } else { Err(Fault::Broken("the checksum of a section is wrong")) }
}

/// What is said of a file with a fault.
pub(super) fn fault_of(path: &Path, fault: Fault) -> PolicyError {
    let path = path.to_owned();
    match fault {
        Fault::Broken(what) => PolicyError::Broken { path, what },
        Fault::Version(found) => PolicyError::Version { path, found },
        Fault::Rule(section) => PolicyError::Rule { path, section },
    }
}

fn next_watched<'a>(rest: &mut Fields<'a>) -> Option<(&'a Path, FileTime)> {
    let modified = FileTime(rest.i64()?);
    let len = rest.u32()?;
    Some((Path::new(OsStr::from_bytes(rest.bytes(len)?)), modified))
}
