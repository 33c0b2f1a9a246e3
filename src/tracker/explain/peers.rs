//! Of which peers an answer would be drawn.

use std::net::IpAddr;

use crate::protocol::{AnnounceRequest, Endpoint, InfoHash, Timestamp};
use crate::store::{PeerSummary, Role, Want, walk};
use crate::tracker::access::Caller;
use crate::tracker::peer_rules::PeerRules;
use crate::tracker::{Refusal, Tracker};

/// Peers looked at in one go.
const BATCH: usize = 500;

/// Numbers of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Of IPv4.
    pub v4: u32,
    /// Of IPv6.
    pub v6: u32,
}

/// The peers of a swarm as a client could be told of them. A peer with two addresses counts in both families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeersAtHand {
    /// Peers that may be told of with one address at least.
    pub peers: u32,
    /// Seeders that may be told.
    pub seeders: Addresses,
    /// Leechers that may be told.
    pub leechers: Addresses,
    /// Partial seeds that may be told (BEP 21).
    pub partial_seeds: Addresses,
    /// Whether the client itself is among the peers: it is not told of itself.
    pub knows_client: bool,
    /// Addresses without a port, which nobody is told of.
    pub without_port: u32,
    /// Addresses of seeders and partial seeds, of which other seeders are not told.
    pub seeds_for_leechers: u32,
    /// Addresses that the rules on addresses and ports keep from this client, or at which nobody can be reached.
    pub kept_by_rules: u32,
}

impl PeersAtHand {
    /// How many addresses there are to draw from.
    #[must_use]
    pub fn total(&self) -> u32 {
        [self.seeders, self.leechers, self.partial_seeds].iter().map(|it| it.v4 + it.v6).sum()
    }

    fn count(
        &mut self,
        role: Role,
        (ip, port): (IpAddr, u16),
        seeds: bool,
        kept: impl Fn(IpAddr, u16) -> bool,
    ) {
        let counts = match role {
            Role::Seeder => &mut self.seeders,
            Role::PartialSeed => &mut self.partial_seeds,
            Role::Leecher => &mut self.leechers,
        };
        let count = match ip {
            _ if port == 0 => &mut self.without_port,
            _ if role != Role::Leecher && !seeds => &mut self.seeds_for_leechers,
            _ if kept(ip, port) => &mut self.kept_by_rules,
            IpAddr::V4(_) => &mut counts.v4,
            IpAddr::V6(_) => &mut counts.v6,
        };
        *count = count.saturating_add(1);
    }
}

fn endpoints(peer: &PeerSummary) -> impl Iterator<Item = (IpAddr, u16)> {
    let v4 = peer.v4.map(|it| (IpAddr::from(it.ip()), it.port()));
    let v6 = peer.v6.map(|it| (IpAddr::from(it.ip()), it.port()));
    v4.into_iter().chain(v6)
}

/// Looks at all peers of a swarm.
pub(super) fn at_hand(
    tracker: &mut Tracker,
    caller: &Caller<'_>,
    request: &AnnounceRequest,
    (swarm, want): (InfoHash, Want),
    now: Timestamp,
) -> Result<PeersAtHand, Refusal> {
    let peers = tracker
        .store()
        .and_then(|store| walk(|from| store.visit_peers(swarm, from, BATCH, now)))
        .map_err(|problem| tracker.refusal(&problem))?;
    let rules: Option<PeerRules<'_>> = tracker.peer_rules();
    let unreachable = tracker.policy.as_ref().filter(|_| tracker.withholds());
    let kept = |ip, port| {
        rules.is_some_and(|it| !it.hands_out((ip, port), caller.address))
            || unreachable.is_some_and(|it| it.is_unreachable(Endpoint::from((ip, port))))
    };
    let own = caller.address.map(|from| (from, request.port));
    let mut at_hand = PeersAtHand::default();
    for peer in &peers {
        if is_client(peer, caller, request) {
            at_hand.knows_client = true;
            continue;
        }
        let before = at_hand.total();
        // An endpoint that another peer had is the client's from now on.
        for endpoint in endpoints(peer).filter(|endpoint| Some(*endpoint) != own) {
            at_hand.count(peer.role, endpoint, want.seeders, kept);
        }
        at_hand.peers += u32::from(at_hand.total() > before);
    }
    Ok(at_hand)
}

/// Whether a peer is the client itself, as far as its peer id and its address tell.
fn is_client(peer: &PeerSummary, caller: &Caller<'_>, request: &AnnounceRequest) -> bool {
    let is_there = endpoints(peer).any(|(ip, _)| Some(ip) == caller.address);
    peer.peer_id == request.peer_id && is_there
}
