//! What every store that is measured can do.

use tracker_cgi::protocol::Timestamp;
use tracker_cgi::store::{PeerAnnounce, PeerSample, PeerStore, Want};

use crate::crowd::{Crowd, WANT};
use crate::latency::Latencies;

/// Whatever takes announces.
pub trait Store {
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    );

    /// Lets a crowd arrive, and says how long each announce took.
    fn fill(&mut self, crowd: Crowd) -> Latencies {
        let mut latencies = Latencies::with_room_for(crowd.peers);
        let mut sample = PeerSample::default();
        for (announce, now) in crowd.arrivals() {
            latencies.time_work(|| self.announce(&announce, now, WANT, &mut sample));
        }
        latencies
    }
}

impl<S: PeerStore> Store for S {
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) {
        PeerStore::announce(self, announce, now, want, sample).expect("an announce");
    }
}
