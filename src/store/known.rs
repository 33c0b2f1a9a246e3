//! The peers that a store knows, for an announce: which of them it may be of, and which have to go for it.

use std::net::IpAddr;

use super::identity::Identity;
use super::{Peer, PeerAnnounce};
use crate::platform::network::Network;
use crate::protocol::{CompactV4, CompactV6, Timestamp};

impl PeerAnnounce {
    /// The endpoints that are the asker's from now on: those that it was seen at, but for what it had
    /// and did not state before.
    pub(super) fn takes(&self, known: Option<&Peer>) -> (Option<CompactV4>, Option<CompactV6>) {
        let (v4, v6) = self.seen_at();
        let owned = known.filter(|known| !known.is_stated).map(|known| known.addresses.endpoints());
        let (own_v4, own_v6) = owned.unwrap_or_default();
        (v4.filter(|_| v4 != own_v4), v6.filter(|_| v6 != own_v6))
    }

    /// Which of the peers that are at one of its addresses have to go before it may come there, where so
    /// many may be there: those that were silent for longest. Where it was not seen itself, only peers
    /// that state that address too. Who is exempt neither counts nor goes.
    pub(super) fn too_many(
        &self,
        ip: IpAddr,
        mut there: Vec<Peer>,
        most: usize,
        exempt: &Network,
    ) -> Vec<Peer> {
        let is_seen = self.seen_from() == Some(ip);
        let is_exempt = |peer: &Peer| peer.addresses.all().any(|ip| exempt.contains(ip));
        there.retain(|peer| (is_seen || peer.is_stated) && !is_exempt(peer));
        let more = (there.len() + 1).saturating_sub(most);
        if more > 0 {
            there.sort_by_key(|peer| peer.last_seen);
        }
        there.truncate(more);
        there
    }

    /// The likeliest of the peers that the announce may be of, by where it came from: one that has its
    /// endpoint, else the one that was seen last.
    pub(super) fn likelier(&self, one: &Peer, other: &Peer) -> std::cmp::Ordering {
        let rank = |peer: &Peer| {
            let (v4, v6) = peer.addresses.endpoints();
            let (own_v4, own_v6) = self.seen_at();
            let is_same = (own_v4.is_some() && own_v4 == v4) || (own_v6.is_some() && own_v6 == v6);
            (is_same, peer.last_seen, v4, v6, peer.proof)
        };
        rank(one).cmp(&rank(other))
    }
}

impl Peer {
    /// By what a store finds it.
    pub(super) fn identity(&self) -> Identity {
        Identity { peer_id: self.peer_id, proof: self.proof }
    }

    /// Whether an announce that proves nothing else may be of this peer: it was seen from one of its
    /// addresses. What a peer states proves nothing: others may be there.
    pub(super) fn may_send(&self, announce: &PeerAnnounce, cutoff: Timestamp) -> bool {
        let seen = announce.seen_from();
        self.peer_id == announce.peer_id
            && !self.is_stated
            && seen.is_some_and(|seen| self.addresses.since(cutoff).contains(seen))
    }
}
