//! What is asked: each announce of another peer, each answer a full one. What is fast and wrong is
//! worth nothing.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use tracker_cgi::protocol::{CompactV4, InfoHash};
use tracker_cgi::store::PeerAnnounce;

use crate::crowd::{Crowd, scramble};
use crate::harness::load::{Clients, Requests, run, run_at_leisure};

/// What each full answer has in it: 50 peers in the compact form.
const FULL: &[u8] = b"5:peers300:";

/// What a peer of a crowd says here. All come from one address, so their ports are what tells those of
/// a swarm apart.
pub fn peer(crowd: Crowd, number: u64) -> PeerAnnounce {
    let port = u16::try_from(1024 + number / crowd.swarms).expect("a port for each of a swarm");
    let [high, low] = port.to_be_bytes();
    let v4 = Some(CompactV4([127, 0, 0, 1, high, low]));
    PeerAnnounce { v4, uploaded: 0, downloaded: 0, ..crowd.announce(number) }
}

/// So many announces of peers of a crowd: of each as often as of the others, or of random ones where
/// there are more.
pub fn announces(crowd: Crowd, count: u64, host: SocketAddr, path: &str) -> Requests {
    let target = |visit| {
        let number = if count < crowd.peers { scramble(visit) } else { visit } % crowd.peers;
        let PeerAnnounce { info_hash, peer_id, v4, left, .. } = peer(crowd, number);
        let (hash, id) = (escaped(&info_hash.0), escaped(&peer_id.0));
        let port = v4.map_or(0, |v4| u16::from_be_bytes([v4.0[4], v4.0[5]]));
        let left = left.unwrap_or(0);
        format!(
            "{path}?info_hash={hash}&peer_id={id}&port={port}&uploaded=0&downloaded=0&left={left}\
             &compact=1&numwant=50"
        )
    };
    Requests::new(host, (0..count).map(target))
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

/// Announces all of them once.
pub fn fill(requests: &Requests, clients: Clients) {
    let numbers = AtomicUsize::new(0);
    let next = || Some(numbers.fetch_add(1, Relaxed)).filter(|&number| number < requests.count());
    run(requests, clients, &|body| body.starts_with(b"d8:complete"), &next);
}

/// Announces random ones for a time.
pub fn announce(requests: &Requests, clients: Clients, time: Duration, seed: u64) -> Outcome {
    timed(requests, time, seed, |next| run(requests, clients, &is_full, next))
}

/// The same where answers need not be full; also a refusal is one.
pub fn announce_any(requests: &Requests, clients: Clients, time: Duration, seed: u64) -> Outcome {
    timed(requests, time, seed, |next| run(requests, clients, &|body| body.starts_with(b"d"), next))
}

/// The same with clients that leave the machine time.
pub fn announce_at_leisure(
    requests: &Requests,
    clients: Clients,
    time: Duration,
    seed: u64,
) -> Outcome {
    let Clients { threads, pause, .. } = clients;
    timed(requests, time, seed, |next| run_at_leisure(requests, threads, pause, &is_full, next))
}

fn is_full(body: &[u8]) -> bool {
    body.windows(FULL.len()).any(|part| part == FULL)
}

/// Says for a time which are next, at random.
fn timed(
    requests: &Requests,
    time: Duration,
    seed: u64,
    run: impl FnOnce(&(dyn Fn() -> Option<usize> + Sync)) -> Vec<u32>,
) -> Outcome {
    let (begun, numbers) = (Instant::now(), AtomicU64::new(0));
    let latencies = run(&|| {
        let random = scramble(numbers.fetch_add(1, Relaxed) ^ scramble(seed));
        (begun.elapsed() < time).then_some((random % requests.count() as u64) as usize)
    });
    Outcome { took: begun.elapsed(), latencies }
}
