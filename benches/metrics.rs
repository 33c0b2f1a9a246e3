//! How long `/metrics` takes while ten million peers are there, as text and as OpenMetrics, over FastCGI and as a CGI,
//! against the same with a thousand peers.
//!
//! `cargo bench --bench metrics` takes about a minute and a gigabyte of shared memory; `-- --quick` has a tenth of the
//! peers. `TRACKER_EXECUTABLE` names the build to measure, such as the static one of a release.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/harness/mod.rs"]
mod harness;

use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use harness::fastcgi::{Responder, body, head, read_reply};
use harness::http::Reply;
use harness::installation::Installation;
use tracker_cgi::config::LoadedConfig;
use tracker_cgi::protocol::{CompactV4, InfoHash, PeerId, Timestamp};
use tracker_cgi::store::{PeerAnnounce, PeerSample, Role, Want};
use tracker_cgi::tracker::open_store;

const TORRENTS: usize = 1_000;

/// Requests of each kind.
const ROUNDS: usize = 201;

/// What scrapers accept.
const FORMATS: [(&str, &str); 2] = [
    ("text", "text/plain;version=0.0.4"),
    ("OpenMetrics", "application/openmetrics-text;version=1.0.0"),
];

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    for peers in [1_000, if quick { 1_000_000 } else { 10_000_000 }] {
        let tracker = site(peers);
        // Those of a thousand torrents too, which is the most.
        for torrents in [0, 1_000] {
            configure(&tracker, torrents);
            let refreshed = Instant::now();
            tracker.refresh();
            let refreshed = refreshed.elapsed();
            println!(
                "{peers} peers, figures of {torrents} torrents (refreshed in {refreshed:.2?}):"
            );
            measure(&tracker, peers);
        }
    }
}

fn configure(tracker: &Installation, torrents: usize) {
    tracker.configure(&[&format!("access.metrics_torrents = {torrents}")]);
}

/// A tracker that so many peers have announced themselves to.
fn site(peers: u32) -> Installation {
    let tracker = Installation::in_memory(&[]);
    let hashes: Vec<[u8; 20]> =
        (0..TORRENTS).map(|number| tracker.add(&number.to_string(), 1_000).info_hash).collect();
    tracker.refresh();
    let file = tracker.path("conf/tracker.toml");
    let loaded = LoadedConfig::parse(&tracker.text("conf/tracker.toml"), &file);
    let mut store = open_store(&loaded.expect("a configuration")).expect("the store opens");
    let want = Want { peers: 0, seeders: true, peer_ids: false };
    for (number, hash) in (0..peers).zip(hashes.iter().cycle()) {
        let [a, b, c, d] = number.to_be_bytes();
        let mut peer_id = *b"-XX0001-000000000000";
        peer_id[16..].copy_from_slice(&[a, b, c, d]);
        let seeds = number.is_multiple_of(4);
        let announce = PeerAnnounce {
            v4: Some(CompactV4([11, b, c, d, 0x1a, 0xe1])),
            left: Some(if seeds { 0 } else { 4_096 }),
            role: if seeds { Role::Seeder } else { Role::Leecher },
            ..PeerAnnounce::new(InfoHash(*hash), PeerId(peer_id))
        };
        store.announce(&announce, now(), want, &mut PeerSample::default()).expect("an announce");
    }
    tracker
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Timestamp(since.as_secs())
}

fn measure(tracker: &Installation, peers: u32) {
    let responder = Responder::start(tracker, &["--workers", "1"]);
    for (format, accept) in FORMATS {
        let over_fastcgi = || {
            let mut stream = responder.connect();
            stream.write_all(&request(accept)).expect("a request is sent");
            read_reply(&mut stream)
        };
        report(&format!("{format}, FastCGI"), times(over_fastcgi, peers));
        let as_cgi = || tracker.get("/metrics", "").with("HTTP_ACCEPT", accept).send().reply;
        report(&format!("{format}, CGI"), times(as_cgi, peers));
    }
    responder.stop();
}

fn request(accept: &str) -> Vec<u8> {
    let params = [
        ("REQUEST_METHOD", "GET"),
        ("SCRIPT_NAME", "/tracker.cgi"),
        ("PATH_INFO", "/metrics"),
        ("QUERY_STRING", ""),
        ("REMOTE_ADDR", "192.0.2.1"),
        ("HTTP_ACCEPT", accept),
    ];
    [head(&params), body(b"")].concat()
}

fn times(ask: impl Fn() -> Reply, peers: u32) -> Vec<Duration> {
    let once = |_| {
        let begun = Instant::now();
        let reply = ask();
        let took = begun.elapsed();
        let counted = format!("\ntracker_store_peers {peers}\n");
        assert!(reply.status == 200 && reply.text().contains(&counted), "{reply:?}");
        took
    };
    (0..ROUNDS).map(once).collect()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "  {what}: median {:.2?}, 99 % within {:.2?}, longest {:.2?} (to reach: 5 ms)",
        at(50),
        at(99),
        at(100)
    );
}
