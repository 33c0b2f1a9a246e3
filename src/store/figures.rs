//! What a store tells: the figures of swarms and peers, walks in bounded parts, and the store itself.

use std::fmt;

use super::{Role, StoreError};
use crate::protocol::{CompactV4, CompactV6, Generation, InfoHash, PeerId, Timestamp};

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
    /// All peers.
    #[must_use]
    pub fn peers(&self) -> u64 {
        let Self { seeders, leechers, partial_seeds, .. } = *self;
        [seeders, leechers, partial_seeds].map(u64::from).iter().sum()
    }

    /// The count of the peers that are this to the swarm.
    pub(crate) fn of_role(&mut self, role: Role) -> &mut u32 {
        match role {
            Role::Leecher => &mut self.leechers,
            Role::PartialSeed => &mut self.partial_seeds,
            Role::Seeder => &mut self.seeders,
        }
    }
}

impl fmt::Display for SwarmCounts {
    /// The peers, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeders, leechers, partial_seeds, .. } = *self;
        let ending = |count| if count == 1 { "" } else { "s" };
        write!(f, "{seeders} seeder{}, {leechers} leecher{}", ending(seeders), ending(leechers))?;
        match partial_seeds {
            0 => Ok(()),
            count => write!(f, ", {count} partial seed{}", ending(count)),
        }
    }
}

/// Counts of a swarm that were not those of its peers, and were corrected. What its peers have moved may have differed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The swarm.
    pub info_hash: InfoHash,
    /// What the store said.
    pub said: SwarmCounts,
    /// What there is.
    pub found: SwarmCounts,
}

/// What an announce brings back besides the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The swarm after the announce.
    pub counts: SwarmCounts,
    /// The generation of the store that it is in.
    pub generation: Generation,
    /// About how many announces came in the last minute, as known within the last second.
    pub announces_in_the_last_minute: u64,
}

/// The figures of one swarm. Sums saturate. All but the live ones only ever grow during one generation
/// of the store, so that they can be carried elsewhere twice without harm.
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

/// What there is to tell about a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// The kind of the store, as the configuration names it.
    pub kind: &'static str,
    /// Where it is, as the owner names it: a file's path.
    pub location: String,
    /// What it takes of a disk or of the memory.
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
    pub fn none(kind: &'static str, location: String) -> Self {
        Self { kind, location, bytes: 0, room: None, swarms: 0, peers: 0, anomalies: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_in_words() {
        let counts = SwarmCounts { seeders: 1, leechers: 77, ..SwarmCounts::default() };
        assert_eq!(counts.to_string(), "1 seeder, 77 leechers");
        let counts = SwarmCounts { leechers: 1, partial_seeds: 2, ..SwarmCounts::default() };
        assert_eq!(counts.to_string(), "0 seeders, 1 leecher, 2 partial seeds");
    }
}
