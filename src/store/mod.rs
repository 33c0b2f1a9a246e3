//! Where peers live: one trait, `PeerStore`, and the backends behind it. Knows nothing of HTTP,
//! users or pages.

mod addresses;
mod announce;
mod aside;
#[cfg(test)]
mod conformance;
mod files;
mod identity;
mod kind;
#[cfg(test)]
mod model;
mod network;
mod peer;
mod rate;
pub mod shm;
mod spread;
pub mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;

use crate::platform::network::Network;
use crate::protocol::{CompactV4, CompactV6, InfoHash, PeerId, Seconds, Timestamp};

pub use addresses::{Addresses, Seen};
pub use announce::{Action, PeerAnnounce, Role, Under, Want};
pub use aside::{SetAside, set_aside};
pub use identity::Proof;
pub use kind::{expect_kind, kind_at};
pub use peer::{Hashes, Peer};

/// One address family of a sample, in wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilySample<A> {
    /// Addresses, ready for a compact reply.
    pub addresses: Vec<A>,
    /// The peer id of each address; empty unless wanted.
    pub peer_ids: Vec<PeerId>,
}

impl<A> Default for FamilySample<A> {
    fn default() -> Self {
        Self { addresses: Vec::new(), peer_ids: Vec::new() }
    }
}

/// Some peers of a swarm. A peer with both families stands in both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerSample {
    /// IPv4 addresses.
    pub v4: FamilySample<CompactV4>,
    /// IPv6 addresses.
    pub v6: FamilySample<CompactV6>,
}

impl PeerSample {
    /// Empties the sample and keeps its memory for the next announce.
    pub fn clear(&mut self) {
        self.v4.addresses.clear();
        self.v4.peer_ids.clear();
        self.v6.addresses.clear();
        self.v6.peer_ids.clear();
    }
}

/// How many peers a swarm has. A peer with two addresses counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwarmCounts {
    /// Peers that have everything (`complete`).
    pub seeders: u32,
    /// Peers that want data.
    pub leechers: u32,
    /// Peers that have what they want (BEP 21). `incomplete` is leechers plus partial seeds.
    pub partial_seeds: u32,
    /// Downloads that ended since the store was made.
    pub completed: u64,
}

impl SwarmCounts {
    /// The count of the peers that are this to the swarm.
    pub(crate) fn of_role(&mut self, role: Role) -> &mut u32 {
        match role {
            Role::Leecher => &mut self.leechers,
            Role::PartialSeed => &mut self.partial_seeds,
            Role::Seeder => &mut self.seeders,
        }
    }
}

/// Names one life of a store: made anew, a store has a new one, and its totals start from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StoreId(pub u64);

/// The figures of one swarm. Sums saturate. All but the live ones only ever grow during one life of
/// the store, so that whoever carries them elsewhere can do it twice without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwarmSummary {
    /// The swarm.
    pub info_hash: InfoHash,
    /// Peers in it now, and completed downloads since the store was made.
    pub counts: SwarmCounts,
    /// Peers that fell silent and were expired since the store was made.
    pub expired: u64,
    /// Uploaded bytes of peers that left or expired since the store was made.
    pub departed_uploaded: u64,
    /// Downloaded bytes of peers that left or expired since the store was made.
    pub departed_downloaded: u64,
    /// Uploaded bytes of the peers here now.
    pub live_uploaded: u64,
    /// Downloaded bytes of the peers here now.
    pub live_downloaded: u64,
    /// Bytes that the leechers and partial seeds here now still lack, as far as they know.
    pub left: u64,
    /// When a peer last announced. Where the clock has stepped back since, it may still be the latest
    /// time that an announce came at.
    pub last_announce: Timestamp,
}

/// One peer, in full, for the owner's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerSummary {
    /// The peer.
    pub peer_id: PeerId,
    /// Its IPv4 address.
    pub v4: Option<CompactV4>,
    /// Its IPv6 address.
    pub v6: Option<CompactV6>,
    /// Bytes still to download, when known.
    pub left: Option<u64>,
    /// Uploaded bytes as it said last.
    pub uploaded: u64,
    /// Downloaded bytes as it said last.
    pub downloaded: u64,
    /// When it announced first.
    pub first_seen: Timestamp,
    /// When it announced last, over either family.
    pub last_seen: Timestamp,
    /// What it is to the swarm.
    pub role: Role,
}

/// A bounded part of a walk. The walk goes on from `next`, and is over when that is `None`.
/// What comes or goes during the walk may be seen or not; what stays is seen exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// What was met.
    pub items: Vec<T>,
    /// Where to go on.
    pub next: Option<Cursor>,
}

/// A place in a walk; holds no lock and outlives the call that gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u64);

/// Goes all the way of a walk whose next part `step` gives.
///
/// # Errors
/// The first one of `step`.
pub fn walk<T>(
    mut step: impl FnMut(Cursor) -> Result<Batch<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut items = Vec::new();
    let mut next = Some(Cursor::default());
    while let Some(from) = next {
        let batch = step(from)?;
        items.extend(batch.items);
        next = batch.next;
    }
    Ok(items)
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The store's file. Missing folders are made, with mode 0700.
    pub path: PathBuf,
    /// Seconds of silence after which a peer, or one address of it, is gone.
    pub expiry: Seconds,
    /// Bytes that the store may take; for a store in shared memory.
    pub max_size: u64,
    /// How many peers there may be.
    pub caps: Caps,
    /// Bytes a second that a peer can upload, and download, at most; `None`: whatever it says.
    pub max_rate: Option<u64>,
    /// Addresses that `Caps::address_peers` is not for.
    pub exempt: Arc<Network>,
    /// A folder of the site, whose owner may own the store's file and its folder too, besides the user that
    /// this process runs as.
    pub site: Option<PathBuf>,
    /// What may be done there.
    pub access: Access,
}

/// What may be done at the path of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// A store that is missing or cannot be used is made anew; the old file is set aside.
    #[default]
    Full,
    /// The store is read as it is. Nothing is made, moved or replaced.
    Read,
}

/// How many peers there may be. When a cap is reached, the peer that was silent for longest goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// In all swarms together; for a store in shared memory.
    pub peers: Option<u32>,
    /// In one swarm; for a store in shared memory.
    pub swarm_peers: Option<u32>,
    /// In one swarm at one IPv4 address or in one IPv6 /64; four times as many in one IPv6 /48.
    pub address_peers: Option<u32>,
}

impl StoreOptions {
    /// What a store may take when nobody says: 1 GiB, some 12 million peers.
    pub const MAX_SIZE: u64 = 1 << 30;

    /// A store without caps, of the usual size.
    #[must_use]
    pub fn new(path: PathBuf, expiry: Seconds) -> Self {
        Self {
            path,
            expiry,
            max_size: Self::MAX_SIZE,
            caps: Caps::default(),
            max_rate: None,
            exempt: Arc::default(),
            site: None,
            access: Access::default(),
        }
    }
}

/// What there is to tell about a store's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// The kind of the store, as the configuration names it.
    pub kind: &'static str,
    /// Its file.
    pub path: PathBuf,
    /// What the file takes of its disk or of the memory.
    pub bytes: u64,
    /// About how many peers fit in before it is full; `None` when only the disk sets a limit.
    pub room: Option<u64>,
    /// Swarms, also those that have only totals left.
    pub swarms: u64,
    /// Peers, also silent ones that no sweep has met yet.
    pub peers: u64,
    /// Announces since the store was made that said more than a line or the torrent allows.
    pub anomalies: u64,
}

impl StoreInfo {
    /// What there is to tell about one that is not there yet.
    #[must_use]
    pub fn none(kind: &'static str, path: PathBuf) -> Self {
        Self { kind, path, bytes: 0, room: None, swarms: 0, peers: 0, anomalies: 0 }
    }
}

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder cannot be made, opened or written.
    #[error("cannot {doing} the peer store {}: {source}; {remedy}", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot {doing} the peer store {}: {source}; {remedy}", path.display())]
    Sqlite {
        /// What was being done, a verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// There is no room for one more peer, neither in the file's limit nor where it is.
    #[error("the peer store {} is full: {remedy}", path.display())]
    Full {
        /// The store.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
    },
    /// There is no store yet, and whoever asks is not to make one.
    #[error("there is no peer store {} yet; the first announce makes it", path.display())]
    Missing {
        /// Where it will be.
        path: PathBuf,
    },
    /// The file is broken or of another version, and whoever asks is not to replace it.
    #[error("the peer store {} cannot be used: {reason}; the next announce starts a new one", path.display())]
    Unusable {
        /// The store.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is of another kind than the configuration says.
    #[error("{} is {}, and [store] has kind = \"{kind}\"; set kind = \"{found}\", or give \"{kind}\" a file of its own \
        (name it as `path`, or leave `path` out): until then nothing is moved or made", path.display(), kind::described(found))]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// The kind that the configuration says.
        kind: &'static str,
        /// The kind that it is.
        found: &'static str,
    },
    /// Other processes held the store for too long; the announce may be tried again.
    #[error("the peer store {} was busy for too long; if this repeats, look for a stopped process that holds it, or keep it on a local disk: NFS without its lock service has no locks", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
}

/// `None` where there is no store yet.
///
/// # Errors
/// Any other than that.
pub fn if_any<T>(outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Err(StoreError::Missing { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// A place for peers that many processes and threads use at once. Each thread opens its own.
///
/// A peer counts until more than `expiry` has passed since its last announce, whether or not its
/// record has been swept, and so does each of its addresses; `now` may step back, which must neither
/// lose nor revive peers for longer than the step.
pub trait PeerStore: Send {
    /// This life of the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn id(&mut self) -> Result<StoreId, StoreError>;

    /// Puts the peer in or takes it out, counts, and fills `sample`: one atomic step.
    ///
    /// An announce is of a known peer when the peer id is the same and either the key is the same or it
    /// was seen from one of that peer's addresses; else it is of another peer. So nothing is refused.
    /// An endpoint (address and port, not 0) that a peer was seen at is taken from all others; one that
    /// has no address left goes. At one address there are no more peers than `Caps` say: when one more is
    /// seen there, the one that was silent for longest goes; of those that state it, one of them.
    /// A completed download is counted when a known leecher or partial seed says that it has completed
    /// and is a seeder, or becomes one, perhaps while it leaves, with a `left` known before and more
    /// downloaded than before. One peer is counted once while it stays. Of what a peer says that it
    /// moved no more counts than `max_rate` allows for the time since it came, and of downloads no more
    /// than a few times the torrent's size.
    /// On `Action::Leave` the sample is empty and the counts are without the asker.
    /// The sample holds peers that announced under the same info-hash as the asker, each endpoint once
    /// and never the asker's own. Of the wanted peers at most a quarter is at one address (IPv4, IPv6
    /// /48), as far as there are others. Leechers are handed seeders and leechers, neither of them
    /// left out however rare they are.
    /// Some expired peers of the swarm are swept in passing.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing of the announce is in it.
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<SwarmCounts, StoreError>;

    /// About how many announces came in the last minute. They are counted by chance, so that few are
    /// told from none only roughly.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError>;

    /// Counts for each info-hash, in order; an unknown one counts zeros.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError>;

    /// Walks over all swarms, at most `limit` at a time and fewer where they are large, also those
    /// that have only totals left. Silent peers are not in the live figures, and not in the totals
    /// either until they are swept.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn visit_swarms(
        &mut self,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError>;

    /// Walks over the peers of one swarm, some at a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError>;

    /// Forgets a swarm: its peers and its totals.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError>;

    /// Sweeps at most `budget` expired peers and returns how many it swept; fewer than the budget
    /// means that none is left. Who was seen in the future, by a clock that was ahead, counts as seen now
    /// from then on.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError>;

    /// Names every invariant that does not hold; empty when all is well.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn check(&mut self) -> Result<Vec<String>, StoreError>;

    /// What there is to tell about the file.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn info(&mut self) -> Result<StoreInfo, StoreError>;

    /// Walks over the peers of one swarm as they are kept, to take them to another store.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError>;

    /// Goes on with the life of another store, whose totals are to come: so they count on.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn import_id(&mut self, id: StoreId) -> Result<(), StoreError>;

    /// Takes the totals of a swarm over from another store, in place of its own, and puts peers in
    /// that came from there; a peer that is here already stays as it is. Peers that their store
    /// knew are not lost to a cap.
    ///
    /// # Errors
    /// When the store cannot be written; some of the peers may be in it then.
    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError>;
}
