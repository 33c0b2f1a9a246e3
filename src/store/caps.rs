//! How many peers and swarms a store may have, and what is said when there are as many.

use std::path::Path;

/// How many peers and swarms there may be. When a cap on peers is reached, the peer that was silent for longest
/// goes; when that on swarms is, one without peers, or else the one that nobody has announced to for longest.
/// Where looking at all would take long, some that chance takes are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Peers in all swarms together.
    pub peers: Option<u32>,
    /// Peers in one swarm.
    pub swarm_peers: Option<u32>,
    /// Swarms, also those that have only totals left.
    pub swarms: Option<u32>,
}

/// Swarms that are compared for the one that has to go, or has to give a peer.
pub(super) const COMPARED: usize = 64;

/// Others that one announce makes go at most: where a cap was lowered, not all go at once.
pub(super) const MOST_EVICTED: usize = 32;

/// A cap that leaves no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowd {
    /// `Caps::peers`.
    Peers,
    /// `Caps::swarm_peers`.
    SwarmPeers,
    /// `Caps::swarms`.
    Swarms,
}

impl Crowd {
    /// Logs that somebody has gone for somebody else: once a minute for each cap.
    #[cold]
    pub(super) fn tell(self, store: &Path) {
        let store = store.display();
        match self {
            Self::Peers => crate::warning!(
                "the peer store {store} has as many peers as max_peers in [store] allows; for each that \
                 comes, one goes that was silent for long"
            ),
            Self::SwarmPeers => crate::warning!(
                "a swarm of the peer store {store} has as many peers as max_swarm_peers in [store] allows; \
                 for each that comes, the one goes that was silent for longest"
            ),
            Self::Swarms => crate::warning!(
                "the peer store {store} has as many swarms as max_swarms in [store] allows; for each that \
                 comes, one goes that has no peers, or that nobody has announced to for long"
            ),
        }
    }
}

/// How dispensable a swarm is: whether it has peers, and when it was announced to last.
pub(super) fn rank(peers: u64, last_announce: u64) -> (bool, u64) {
    (peers > 0, last_announce)
}
