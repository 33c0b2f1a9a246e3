//! What announces have of it: who cannot be reached is told so, and is not handed out where the owner wants that.

use std::net::IpAddr;

use crate::config::ReachabilityCheck;
use crate::protocol::Endpoint;
use crate::store::{Action, PeerAnnounce};
use crate::tracker::Tracker;

/// What the person behind a client that cannot be reached is told.
const WARNING: &str = "others cannot connect to you at the port that your client announces; forward that port in your \
                       router, or allow it in your firewall";

impl Tracker {
    /// Whether there are peers that are not to be handed out.
    pub(in crate::tracker) fn withholds(&self) -> bool {
        self.reachability == ReachabilityCheck::Withhold
            && self.policy.as_ref().is_some_and(|policy| policy.has_unreachable())
    }

    /// Leaves of the sample those that others can connect to.
    #[inline(never)]
    pub(in crate::tracker) fn withhold(&mut self) {
        if let Some(policy) = &self.policy {
            let is_there = |ip: IpAddr, port| !policy.is_unreachable(Endpoint::from((ip, port)));
            self.sample.retain(is_there);
        }
    }

    /// What a client is told that cannot be reached at one of its addresses.
    pub(in crate::tracker) fn warning_for(&self, announce: &PeerAnnounce) -> Option<&'static str> {
        if self.reachability == ReachabilityCheck::Off || announce.action == Action::Leave {
            return None;
        }
        let policy = self.policy.as_ref().filter(|policy| policy.has_unreachable())?;
        let endpoints = [announce.v4.map(Endpoint::from), announce.v6.map(Endpoint::from)];
        let cannot_be_reached = |endpoint: Endpoint| policy.is_unreachable(endpoint);
        endpoints.into_iter().flatten().any(cannot_be_reached).then_some(WARNING)
    }
}
