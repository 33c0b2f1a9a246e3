//! What is asked: each announce of another peer, each answer a full one. What is fast and wrong is
//! worth nothing.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use tracker_cgi::protocol::InfoHash;
use tracker_cgi::store::PeerAnnounce;

use crate::crowd::{Crowd, scramble};
use crate::harness::load::{Clients, Requests, run, run_at_leisure};

/// What each full answer has in it: 50 peers in the compact form.
const FULL: &[u8] = b"5:peers300:";

/// What a peer of a crowd says here. opentracker, which no web server tells of the address, knows those
/// of a swarm by their ports.
pub fn peer(crowd: Crowd, number: u64) -> PeerAnnounce {
    let announce = crowd.announce(number);
    let port = u16::try_from(1024 + number / crowd.swarms).expect("a port for each of a swarm");
    let v4 = announce.v4.map(|v4| SocketAddrV4::new(v4.ip(), port).into());
    PeerAnnounce { v4, uploaded: 0, downloaded: 0, ..announce }
}

/// So many announces of peers of a crowd: of each as often as of the others, or of random ones where
/// there are more.
pub fn announces(crowd: Crowd, count: u64, host: SocketAddr, path: &str) -> Requests {
    let request = |visit| {
        let number = if count < crowd.peers { scramble(visit) } else { visit } % crowd.peers;
        let PeerAnnounce { info_hash, peer_id, v4, left, .. } = peer(crowd, number);
        let (hash, id) = (escaped(&info_hash.0), escaped(&peer_id.0));
        let v4 = v4.expect("each has an IPv4 address");
        let (port, left) = (v4.port(), left.unwrap_or(0));
        let target = format!(
            "{path}?info_hash={hash}&peer_id={id}&port={port}&uploaded=0&downloaded=0&left={left}\
             &compact=1&numwant=50"
        );
        (target, IpAddr::V4(v4.ip()))
    };
    Requests::from_many(host, (0..count).map(request))
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
