//! What the owner's rules cost: a million listed torrents, a hundred thousand banned ranges and a thousand rules on
//! clients, against a tracker with as many torrents as are announced and no rules.
//!
//! `cargo bench --bench policy`, about two minutes; `-- --quick` does a hundredth of it.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used, clippy::cast_possible_truncation)]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sha1::{Digest, Sha1};
use tracker_cgi::catalog::{
    AddressList, Author, Catalog, ClientRule, Import, ImportKind, Keep, Place, PolicyDraft,
    PolicySnapshot, Publication, Refused, SeenClients, Verdict,
};
use tracker_cgi::config::{LoadedConfig, lay_out_missing};
use tracker_cgi::protocol::{AnnounceRequest, Generation, InfoHash, SeenClient, Timestamp};
use tracker_cgi::site::publish;
use tracker_cgi::tracker::access::Caller;
use tracker_cgi::tracker::{Quiet, Tracker, Urgency};

const NOW: Timestamp = Timestamp(1_700_000_000);
const AUTHOR: Author<'_> = Author { name: "bench", at: NOW };

/// Torrents that are announced, anywhere among all.
const ANNOUNCED: u32 = 10_000;
const ROUNDS: usize = 21;

/// How much the owner has decided.
#[derive(Clone, Copy)]
struct Size {
    torrents: u32,
    ranges: u32,
    client_rules: u32,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let part = if quick { 100 } else { 1 };
    let announced = ANNOUNCED / part;
    let none = Size { torrents: announced, ranges: 0, client_rules: 0 };
    let many =
        Size { torrents: 1_000_000 / part, ranges: 100_000 / part, client_rules: 1_000 / part };
    let home = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let [without, with] = [("without", none), ("with", many)].map(|(name, size)| {
        let loaded = site(&home.path().join(name));
        decide(&loaded, size);
        loaded
    });
    let step = many.torrents / announced;
    announces(&without, &with, announced, step);
    look_ups(&without, &with, announced, step);
    parts(&with, announced, step);
}

fn site(folder: &Path) -> LoadedConfig {
    let text = "store.kind = 'shm'\nstore.path = '../peers.d/peers'";
    let file = folder.join("conf/tracker.toml");
    let loaded = LoadedConfig::parse(text, &file).expect("a configuration");
    lay_out_missing(&loaded).expect("a site");
    loaded
}

/// Has the catalogue have so much, and publishes it.
fn decide(loaded: &LoadedConfig, size: Size) {
    let mut list = String::new();
    for number in 0..size.torrents {
        writeln!(list, "{}", hash(number)).expect("memory");
    }
    let import = Import::read(ImportKind::OpentrackerList, list.as_bytes(), None, NOW);
    let import = import.expect("a list of torrents");
    let mut catalog = Catalog::open(&loaded.config.paths.catalog).expect("a catalogue");
    catalog
        .take_over(&import, "opentracker-list", Keep::All, &AUTHOR, &mut |_| {})
        .expect("room for it");
    ban(&mut catalog, size.ranges);
    for number in 0..size.client_rules {
        // Most lists name beginnings of peer ids.
        let pattern = match number % 20 {
            0..16 => format!("-X{}{:03}", char::from(b'A' + (number % 20) as u8), number / 20),
            16..19 => format!("Transmission < 0.{number}"),
            _ => format!("ua:*spy{number}*"),
        };
        let rule = ClientRule {
            pattern: pattern.parse().expect("a pattern"),
            verdict: Verdict::Deny,
            reason: "too old".into(),
            since: NOW,
        };
        catalog.rule_on_clients(&rule, Place::Last, &AUTHOR).expect("room for it");
    }
    drop(catalog);
    publish(loaded, Urgency::Now, &mut Quiet).expect("a refresh");
    if size.ranges > 0 {
        publishing(loaded);
    }
}

fn ban(catalog: &mut Catalog, ranges: u32) {
    if ranges == 0 {
        return;
    }
    let mut list = String::new();
    for number in 0..ranges {
        // Gaps between them, or they would be one.
        let first = Ipv4Addr::from(0x1000_0000 + number * 512);
        writeln!(list, "{first}-{}", Ipv4Addr::from(u32::from(first) + 255)).expect("memory");
    }
    let begun = Instant::now();
    let list = AddressList::read(list.as_bytes()).expect("a list of ranges");
    catalog.import_bans("bench", &list.ranges, "floods", &AUTHOR).expect("room for it");
    println!("{ranges} ranges read and written: {:.3?}", begun.elapsed());
}

/// The snapshot alone, without what a refresh does besides.
fn publishing(loaded: &LoadedConfig) {
    let catalog = Catalog::read(&loaded.config.paths.catalog).expect("the catalogue");
    let torrents = catalog.torrents().expect("torrents");
    let rules = catalog.rules().expect("rules");
    let path = loaded.config.paths.policy.with_file_name("another.snapshot");
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            let begun = Instant::now();
            let publication = Publication {
                watched: Vec::new(),
                scanned: None,
                refreshed_at: NOW,
                generation: Generation(1),
                published_at: NOW,
                rules: &rules,
                refused: Refused::default(),
                figures: &[],
            };
            let draft = PolicyDraft::of(&torrents, Generation(1), NOW);
            draft.publish(&path, &publication).expect("a snapshot");
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let bytes = fs::metadata(&path).expect("a snapshot").len();
    println!(
        "the snapshot of {} torrents, {} MiB, made and written: {:.3?} (to reach: under 1 s)",
        torrents.len(),
        bytes >> 20,
        times[1]
    );
}

/// What an announce takes with and without, from its query on, in a process that stays.
fn announces(without: &LoadedConfig, with: &LoadedConfig, announced: u32, step: u32) {
    let mut trackers = [(without, 1), (with, step)]
        .map(|(loaded, step)| (Tracker::new(Arc::new(loaded.clone())), step));
    let mut times: [Vec<f64>; 2] = Default::default();
    for round in 0..ROUNDS {
        for ((tracker, step), times) in trackers.iter_mut().zip(&mut times) {
            let queries: Vec<String> =
                (0..announced).map(|number| query(shuffled(number, announced) * *step)).collect();
            let begun = Instant::now();
            for (query, last) in queries.iter().zip(0_u32..) {
                let request = AnnounceRequest::parse_ahead(query.as_bytes(), tracker.expect());
                let request = &request.expect("an announce");
                let address = IpAddr::from(Ipv4Addr::from(0xc000_0200 + last % 200));
                let caller = Caller {
                    address: Some(address),
                    user_agent: b"qBittorrent/4.6.0",
                    ..Caller::default()
                };
                let reply = tracker.announce(&caller, request, NOW).expect("peers");
                _ = black_box(reply.complete);
            }
            let each = begun.elapsed().as_secs_f64() * 1e9 / f64::from(announced);
            // In the first one the peers come.
            times.extend((round > 0).then_some(each));
        }
    }
    let [without, with] = times.map(median);
    println!(
        "an announce: {without:.0} ns without rules, {with:.0} ns with them: {:.0} ns more (to reach: under 300 ns)",
        with - without
    );
}

/// What each look-up takes in a process that stays.
fn parts(loaded: &LoadedConfig, announced: u32, step: u32) {
    let policy = PolicySnapshot::open(&loaded.config.paths.policy).expect("a policy");
    let requests: Vec<AnnounceRequest> =
        (0..announced).map(|number| request(shuffled(number, announced) * step)).collect();
    let each = |look_up: &dyn Fn(&AnnounceRequest, u32)| {
        let rounds = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            requests.iter().zip(0..).for_each(|(request, number)| look_up(request, number));
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(announced)
        });
        median(rounds.collect())
    };
    let torrent = each(&|request, _| {
        black_box(policy.find(request.info_hash));
    });
    let ban = each(&|_, number| {
        let address = IpAddr::from(Ipv4Addr::from(0xc000_0200 + number % 200));
        black_box(policy.ban_of(address, NOW));
    });
    let seen = RefCell::new(SeenClients::default());
    let client = each(&|request, _| {
        let client = SeenClient::new(request.peer_id, b"qBittorrent/4.6.0");
        black_box(policy.client_rule_by(&client, &mut seen.borrow_mut()));
    });
    println!(
        "of these: the torrent {torrent:.0} ns, the ban {ban:.0} ns, the rules on clients {client:.0} ns"
    );
}

/// What a process that has just mapped the snapshot takes to look one client up.
fn look_ups(without: &LoadedConfig, with: &LoadedConfig, announced: u32, step: u32) {
    let mut found: [(Vec<f64>, Vec<f64>); 2] = Default::default();
    for number in 0..announced.min(2_000) {
        for ((loaded, step), (times, faults)) in
            [(without, 1), (with, step)].into_iter().zip(&mut found)
        {
            let request = request(shuffled(number, announced) * step);
            let (before, begun) = (page_faults(), Instant::now());
            let policy = PolicySnapshot::open(&loaded.config.paths.policy).expect("a policy");
            let address = IpAddr::from(Ipv4Addr::from(0xc000_0200 + number % 200));
            let client = SeenClient::new(request.peer_id, b"qBittorrent/4.6.0");
            assert!(
                policy.find(request.info_hash).is_some() && policy.ban_of(address, NOW).is_none()
            );
            assert!(policy.client_rule(&client).is_none());
            times.push(begun.elapsed().as_secs_f64() * 1e6);
            faults.push(page_faults() - before);
        }
    }
    let [without, with] = found.map(|(times, faults)| (median(times), median(faults)));
    println!(
        "mapped and looked up by a new process: {:.1} us and {} pages without rules, {:.1} us and {} pages with them (to \
         reach: at most 15 us and 12 pages more)",
        without.0, without.1, with.0, with.1
    );
}

fn query(number: u32) -> String {
    let InfoHash(hash) = hash(number);
    format!(
        "info_hash={}&peer_id=-qB4600-{number:012}&port=6881&uploaded=0&downloaded=0&left=5&compact=1&numwant=50",
        percent_encode(&hash, NON_ALPHANUMERIC)
    )
}

fn request(number: u32) -> AnnounceRequest {
    AnnounceRequest::parse(query(number).as_bytes()).expect("a query")
}

fn hash(number: u32) -> InfoHash {
    InfoHash(Sha1::digest(number.to_be_bytes()).into())
}

/// Another number below `count`; each comes once.
fn shuffled(number: u32, count: u32) -> u32 {
    let product = u64::from(number) * 7919 % u64::from(count);
    u32::try_from(product).unwrap_or(number)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Pages that this thread has touched and that were in memory already.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn page_faults() -> f64 {
    // SAFETY: all zeros are an rusage, and the kernel writes one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage), 0);
        usage
    };
    usage.ru_minflt as f64
}
