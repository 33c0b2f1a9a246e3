//! What is asked: each announce of another peer, each answer a full one. What is fast and wrong is
//! worth nothing.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use tracker_cgi::protocol::InfoHash;

use crate::crowd::{Crowd, scramble};
use crate::harness::load::{Clients, Requests, run};

/// What each full answer has in it: 50 peers in the compact form.
const FULL: &[u8] = b"5:peers300:";

/// The announce of each peer of a crowd.
pub fn announces(crowd: Crowd, host: SocketAddr, path: &str) -> Requests {
    let target = |number| {
        let announce = crowd.announce(number);
        // All come from one address, so their ports are what tells those of a swarm apart.
        let port = 1024 + number / crowd.swarms;
        let (hash, id) = (escaped(&announce.info_hash.0), escaped(&announce.peer_id.0));
        let left = announce.left.unwrap_or(0);
        format!(
            "{path}?info_hash={hash}&peer_id={id}&port={port}&uploaded=0&downloaded=0&left={left}\
             &compact=1&numwant=50"
        )
    };
    Requests::new(host, (0..crowd.peers).map(target))
}

/// The info-hashes of a crowd.
pub fn info_hashes(crowd: Crowd) -> impl Iterator<Item = InfoHash> {
    (0..crowd.swarms).map(move |number| crowd.announce(number).info_hash)
}

fn escaped(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What a run came to.
pub struct Outcome {
    pub took: Duration,
    /// Of each answer, in nanoseconds.
    pub latencies: Vec<u32>,
}

impl Outcome {
    pub fn answers(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// In microseconds.
    pub fn percentile(&mut self, share: f64) -> f64 {
        self.latencies.sort_unstable();
        let place = (self.latencies.len().saturating_sub(1) as f64 * share) as usize;
        self.latencies.get(place).map_or(0.0, |&nanoseconds| f64::from(nanoseconds) / 1000.0)
    }
}

/// Announces every peer once.
pub fn fill(requests: &Requests, clients: Clients) {
    let numbers = AtomicUsize::new(0);
    let next = || Some(numbers.fetch_add(1, Relaxed)).filter(|&number| number < requests.count());
    run(requests, clients, &|body| body.starts_with(b"d8:complete"), &next);
}

/// Announces random peers for a time.
pub fn announce(requests: &Requests, clients: Clients, time: Duration, seed: u64) -> Outcome {
    let (until, numbers) = (Instant::now() + time, AtomicU64::new(0));
    let next = || {
        let random = scramble(numbers.fetch_add(1, Relaxed) ^ scramble(seed));
        (Instant::now() < until).then_some((random % requests.count() as u64) as usize)
    };
    let is_full = |body: &[u8]| body.windows(FULL.len()).any(|part| part == FULL);
    let begun = Instant::now();
    let latencies = run(requests, clients, &is_full, &next);
    Outcome { took: begun.elapsed(), latencies }
}
