//! How long a refresh of 1,000 torrents and 100 thousand peers takes while announces go on, and what a refresh
//! and a torrent that is dropped in cost among 50,000; and what pages for visitors add.
//!
//! `cargo bench --bench refresh` prints medians of five; `-- --quick` does a tenth of it.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use sha1::{Digest, Sha1};
use tracker_cgi::catalog::{FoundFigures, RefreshFigures, Sample, record_history};
use tracker_cgi::config::LoadedConfig;
use tracker_cgi::protocol::{CompactV4, InfoHash, PeerId, Seconds, Timestamp};
use tracker_cgi::site::publish;
use tracker_cgi::store::{PeerAnnounce, PeerSample, PeerStore, Role, Want};
use tracker_cgi::tracker::{Quiet, Urgency, open_store, rescan};

const ROUNDS: usize = 5;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (torrents, peers, many) =
        if quick { (100, 10_000, 5_000) } else { (1_000, 100_000, 50_000) };
    while_announces_go_on(torrents, peers);
    among_many(many);
    with_pages(torrents, peers, torrents);
    with_pages(many, many, many / 100);
}

fn while_announces_go_on(torrents: usize, peers: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loaded = Arc::new(site(folder.path()));
    let hashes = make_torrents(&loaded.config.paths.torrents, torrents, 1024);
    let mut store = open_store(&loaded).expect("the store opens");
    for number in 0..peers {
        announce(store.as_mut(), &hashes, number);
    }
    drop(store);

    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let announcer = {
        let (loaded, hashes) = (Arc::clone(&loaded), hashes.clone());
        let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
        std::thread::spawn(move || announce_until(&loaded, &hashes, peers, &stop, &answered))
    };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let before = answered.load(Ordering::Relaxed);
        let begun = Instant::now();
        publish(&loaded, Urgency::Now, &mut Quiet).expect("a refresh");
        let took = begun.elapsed();
        let during = answered.load(Ordering::Relaxed) - before;
        println!("refresh {took:.3?}, {during} announces answered meanwhile");
        times.push(took);
    }
    stop.store(true, Ordering::Relaxed);
    let slowest = announcer.join().expect("the announcer ends");
    times.sort();
    println!(
        "{torrents} torrents, {peers} peers: median {:.3?} (to reach: under 2 s); \
         slowest announce meanwhile {slowest:.3?}",
        times[ROUNDS / 2]
    );
}

/// A refresh when nothing or one file is new, and what a miss costs that has a torrent taken in: all that an
/// announce does for it beside the announce.
fn among_many(torrents: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loaded = site(folder.path());
    let torrents_folder = loaded.config.paths.torrents.clone();
    make_torrents(&torrents_folder, torrents, 100);
    // As if they had been there for a while: what was written just now is read once more.
    let long_ago = SystemTime::now() - Duration::from_secs(100);
    let refresh = || {
        let begun = Instant::now();
        publish(&loaded, Urgency::Now, &mut Quiet).expect("a refresh");
        begun.elapsed()
    };
    println!("{torrents} torrents: the first refresh {:.3?}", refresh());
    std::thread::sleep(Duration::from_secs(3));
    println!("{torrents} torrents: the second one {:.3?}", refresh());
    let mut next = torrents;
    let mut drop_in = || {
        let file = make_torrent(&torrents_folder, next, 100).1;
        let file = fs::File::options().write(true).open(file).expect("a torrent");
        file.set_modified(long_ago).expect("a time");
        next += 1;
    };
    let report = |what: &str, mut times: Vec<Duration>, target: &str| {
        times.sort();
        let median = times[times.len() / 2];
        println!(
            "{torrents} torrents, {what}: median {median:.3?} (to reach for 50,000: {target})"
        );
    };
    report("nothing changed", (0..ROUNDS).map(|_| refresh()).collect(), "0.25 s");
    let with_one = |_| {
        drop_in();
        refresh()
    };
    report("one new file", (0..ROUNDS).map(with_one).collect(), "0.3 s");
    let missed = |_| {
        drop_in();
        let begun = Instant::now();
        rescan(&loaded, now()).expect("the torrent is taken in");
        begun.elapsed()
    };
    report("a torrent just dropped in", (0..ROUNDS).map(missed).collect(), "100 ms");
}

/// Refreshes that write pages with charts of a year, when some torrents have other peers than before.
fn with_pages(torrents: usize, peers: usize, changed: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut loaded = site(folder.path());
    loaded.config.paths.pages = Some(folder.path().join("www"));
    // All of them announce within a minute, and charts are left out under high load.
    loaded.config.tracker.high_load = 0;
    let hashes = make_torrents(&loaded.config.paths.torrents, torrents, 100);
    let mut store = open_store(&loaded).expect("the store opens");
    for number in 0..peers {
        announce(store.as_mut(), &hashes, number);
    }
    a_year_of_history(&loaded, &hashes, changed);
    let refresh = || {
        let begun = Instant::now();
        publish(&loaded, Urgency::Now, &mut Quiet).expect("a refresh");
        begun.elapsed()
    };
    println!(
        "{torrents} torrents and {peers} peers, with pages: the first refresh {:.3?}",
        refresh()
    );
    std::thread::sleep(Duration::from_secs(3));
    let mut next = peers;
    let mut times: [Vec<Duration>; 2] = std::array::from_fn(|_| Vec::new());
    for round in 0..ROUNDS {
        for number in 0..changed {
            // Another swarm of each hundred in each round.
            let swarm = (number * (torrents / changed) + round) % hashes.len();
            announce(store.as_mut(), &hashes[swarm..=swarm], next);
            next += 1;
        }
        times[0].push(refresh());
        times[1].push(refresh());
    }
    for (what, mut times) in ["peers came to", "nothing changed, after"].into_iter().zip(times) {
        times.sort();
        let median = times[ROUNDS / 2];
        println!(
            "{torrents} torrents and {peers} peers, with pages: {what} {changed} swarms: median {median:.3?} (to \
             reach: 1 s for 1,000 torrents, 3 s for 50,000)"
        );
    }
}

fn a_year_of_history(loaded: &LoadedConfig, hashes: &[InfoHash], changed: usize) {
    let (year, days) = (365 * 86_400, 2 * 86_400);
    let until_now = |before| now().before(Seconds(before));
    let moments = (1..365).map(|day| until_now(year - day * 86_400 + days));
    let latest = (1..192).map(|quarter| until_now(days - quarter * 900));
    for (number, at) in (0..).zip(moments.chain(latest)) {
        let sample = |swarm: usize| Sample {
            seeders: (number * 7 + swarm as u64) % 90,
            leechers: (number * 5 + swarm as u64) % 11,
            completed: number,
            downloaded: number << 30,
        };
        let torrents: Vec<FoundFigures> = (0..changed)
            .map(|it| it * (hashes.len() / changed))
            .map(|swarm| FoundFigures {
                info_hash: hashes[swarm],
                sample: sample(swarm),
                is_listed: true,
            })
            .collect();
        let all = sample(0);
        let found = RefreshFigures { at, all, torrents: &torrents, forgotten: &[] };
        assert_eq!(record_history(&loaded.history(), &found), None);
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Timestamp(since.as_secs())
}

fn site(folder: &Path) -> LoadedConfig {
    let mut loaded = LoadedConfig::built_in(folder);
    let config = &mut loaded.config;
    let at = |name: &str| folder.join(name);
    config.store.path = at("data/peers.db");
    config.paths.catalog = at("data/catalog.db");
    config.paths.policy = at("data/policy.snapshot");
    config.paths.torrents = at("www/torrents");
    config.paths.stats_fragment = at("www/torrents/bt_stats.inc");
    config.paths.rss_fragment = at("www/torrents/bt_rss.inc");
    fs::create_dir_all(&config.paths.torrents).expect("a folder for torrents");
    loaded
}

fn make_torrents(folder: &Path, count: usize, pieces: usize) -> Vec<InfoHash> {
    (0..count).map(|number| make_torrent(folder, number, pieces).0).collect()
}

/// The info-hash of a new torrent of so many pieces, and its file.
fn make_torrent(folder: &Path, number: usize, pieces: usize) -> (InfoHash, PathBuf) {
    let (name, bytes) = (format!("torrent-{number:05}"), 20 * pieces);
    let mut info = format!(
        "d6:lengthi{}e4:name{}:{name}12:piece lengthi1048576e6:pieces{bytes}:",
        pieces << 20,
        name.len()
    )
    .into_bytes();
    info.extend(std::iter::repeat_n(b'p', bytes));
    info.push(b'e');
    let hash = InfoHash(Sha1::digest(&info).into());
    let content = [b"d8:announce14:http://x/a/ann4:info".as_slice(), &info, b"e"].concat();
    let file = folder.join(format!("{name}.torrent"));
    fs::write(&file, content).expect("a torrent");
    (hash, file)
}

fn announce(store: &mut dyn PeerStore, hashes: &[InfoHash], number: usize) {
    let seeds = number.is_multiple_of(3);
    let serial = u32::try_from(number).expect("few enough");
    let mut peer_id = *b"-qB4620-000000000000";
    peer_id[16..].copy_from_slice(&serial.to_be_bytes());
    let [_, a, b, c] = serial.to_be_bytes();
    let announce = PeerAnnounce {
        v4: Some(CompactV4([10, a, b, c, 0x1a, 0xe1])),
        left: Some(if seeds { 0 } else { 4096 }),
        uploaded: 1,
        downloaded: 1,
        role: if seeds { Role::Seeder } else { Role::Leecher },
        ..PeerAnnounce::new(hashes[number % hashes.len()], PeerId(peer_id))
    };
    let want = Want { peers: 50, seeders: true, peer_ids: false };
    store.announce(&announce, now(), want, &mut PeerSample::default()).expect("an announce");
}

/// Announces about 200 times a second, and returns the slowest answer.
fn announce_until(
    loaded: &LoadedConfig,
    hashes: &[InfoHash],
    peers: usize,
    stop: &AtomicBool,
    answered: &AtomicU64,
) -> Duration {
    let mut store = open_store(loaded).expect("the store opens");
    let mut slowest = Duration::ZERO;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        announce(store.as_mut(), hashes, number % peers);
        slowest = slowest.max(begun.elapsed());
        answered.fetch_add(1, Ordering::Relaxed);
        number += 7;
        std::thread::sleep(Duration::from_millis(5));
    }
    slowest
}
