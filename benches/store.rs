//! Announces a second of the SQLite store, against a bare loop of the same statements on the same
//! file system in the same run: how much of SQLite's speed is left to the tracker.
//!
//! 100 thousand peers in 1,000 swarms, replies of 50 peers, the connection kept open (FastCGI) and
//! opened for each announce (CGI). `cargo bench --bench store`, with `-- --quick` in seconds.

#![allow(clippy::expect_used, reason = "a benchmark that fails can only stop")]

#[allow(dead_code, reason = "another benchmark uses the rest")]
#[path = "peers/crowd.rs"]
mod crowd;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, Statement, params};
use tracker_cgi::protocol::{CompactV4, Timestamp};
use tracker_cgi::store::sqlite::{SqliteOptions, SqliteStore};
use tracker_cgi::store::{PeerAnnounce, PeerSample, PeerStore as _, Want};

use crate::crowd::{Crowd, EXPIRY, Random, START, SWARMS, WANT};

const REPLY: u32 = WANT.peers;

/// How much is measured.
struct Scale {
    peers: u64,
    kept: u64,
    opened: u64,
    rounds: usize,
}

const FULL: Scale = Scale { peers: 100_000, kept: 20_000, opened: 2_000, rounds: 7 };
const QUICK: Scale = Scale { peers: 20_000, kept: 2_000, opened: 200, rounds: 5 };

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let scale = if quick { QUICK } else { FULL };
    println!("{} peers in {SWARMS} swarms, replies of {REPLY}", scale.peers);
    println!("{:10} {:12} {:>12} {:>12} {:>6}", "", "", "store /s", "bare /s", "ratio");
    for (name, folder) in [("/dev/shm", "/dev/shm"), ("disk", env!("CARGO_TARGET_TMPDIR"))] {
        match tempfile::tempdir_in(folder) {
            Ok(home) => measure(name, home.path(), &scale),
            Err(reason) => println!("{name}: not measured, {reason}"),
        }
    }
}

fn measure(name: &str, home: &Path, scale: &Scale) {
    let ours = home.join("ours.db");
    let bare = home.join("bare.db");
    let peers = populate(&ours, &bare, scale.peers);
    let mut kept = [Vec::new(), Vec::new()];
    let mut opened = [Vec::new(), Vec::new()];
    let mut random = Random(42);
    let mut now = START + 1800;
    for _ in 0..scale.rounds {
        now += 60;
        kept[0].push(store_kept_open(&ours, &peers, scale.kept, now, &mut random));
        kept[1].push(bare_kept_open(&bare, &peers, scale.kept, now, &mut random));
        opened[0].push(store_opened_each_time(&ours, &peers, scale.opened, now, &mut random));
        opened[1].push(bare_opened_each_time(&bare, &peers, scale.opened, now, &mut random));
    }
    for (what, mut rates) in [("kept open", kept), ("opened each time", opened)] {
        let [ours, bare] = [median(&mut rates[0]), median(&mut rates[1])];
        println!("{name:10} {what:12} {ours:12.0} {bare:12.0} {:6.2}", ours / bare);
    }
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// A peer as the bare loop names it.
struct Known {
    announce: PeerAnnounce,
    class: i64,
    tag: i64,
}

/// Fills a store, copies it for the bare loop, and says who is in it.
fn populate(ours: &Path, bare: &Path, peers: u64) -> Vec<Known> {
    let mut store = open(ours);
    let mut sample = PeerSample::default();
    for number in 0..peers {
        let now = Timestamp(START + number * 1800 / peers);
        let want = Want { peers: 0, ..WANT };
        store
            .announce(&Crowd::of(peers).announce(number), now, want, &mut sample)
            .expect("the store is filled");
    }
    drop(store);
    std::fs::copy(ours, bare).expect("the store is copied");
    let connection = Connection::open(bare).expect("the copy is opened");
    let mut all = connection.prepare("SELECT peer_id, class, tag FROM peer").expect("a statement");
    let rows =
        all.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).expect("all peers");
    let of_peer: HashMap<Vec<u8>, (i64, i64)> = rows.map(|row| row.expect("a peer")).collect();
    (0..peers)
        .map(|number| {
            let announce = Crowd::of(peers).announce(number);
            let (class, tag) = of_peer[announce.peer_id.0.as_slice()];
            Known { announce, class, tag }
        })
        .collect()
}

fn open(path: &Path) -> SqliteStore {
    let options = SqliteOptions::new(path.to_owned(), EXPIRY);
    SqliteStore::open(&options).expect("the store is opened")
}

/// Announces a second.
fn rate(announces: u64, mut each: impl FnMut(u64)) -> f64 {
    let started = Instant::now();
    (0..announces).for_each(&mut each);
    announces as f64 / started.elapsed().as_secs_f64()
}

fn store_kept_open(
    path: &Path,
    peers: &[Known],
    announces: u64,
    now: u64,
    random: &mut Random,
) -> f64 {
    let mut store = open(path);
    let mut sample = PeerSample::default();
    let mut announce = |number: u64| {
        let peer = one_of(peers, random);
        let now = Timestamp(now + number / 1000);
        store.announce(&peer.announce, now, WANT, &mut sample).expect("an announce");
        assert!(!sample.v4.addresses.is_empty());
    };
    (0..announces / 10).for_each(&mut announce);
    rate(announces, announce)
}

fn store_opened_each_time(
    path: &Path,
    peers: &[Known],
    announces: u64,
    now: u64,
    random: &mut Random,
) -> f64 {
    rate(announces, |number| {
        let now = Timestamp(now + 30 + number / 1000);
        let mut sample = PeerSample::default();
        let announce = &one_of(peers, random).announce;
        open(path).announce(announce, now, WANT, &mut sample).expect("an announce");
    })
}

fn bare_kept_open(
    path: &Path,
    peers: &[Known],
    announces: u64,
    now: u64,
    random: &mut Random,
) -> f64 {
    let connection = bare_connection(path);
    connection.execute_batch("PRAGMA cache_size = -16384").expect("a pragma");
    let log = "PRAGMA journal_mode = WAL";
    connection.query_row(log, [], |_| Ok(())).expect("a write-ahead log");
    let mut bare = Bare::prepare(&connection).expect("statements");
    let mut sample = Vec::new();
    let mut announce = |number: u64| {
        let peer = one_of(peers, random);
        bare.announce(peer, now + number / 1000, random, &mut sample).expect("an announce");
    };
    (0..announces / 10).for_each(&mut announce);
    let rate = rate(announces, announce);
    drop(bare);
    let back = "PRAGMA journal_mode = DELETE";
    connection.query_row(back, [], |_| Ok(())).expect("a rollback journal");
    rate
}

fn bare_opened_each_time(
    path: &Path,
    peers: &[Known],
    announces: u64,
    now: u64,
    random: &mut Random,
) -> f64 {
    rate(announces, |number| {
        let connection = bare_connection(path);
        let mut sample = Vec::new();
        let peer = one_of(peers, random);
        Bare::prepare(&connection)
            .and_then(|mut bare| bare.announce(peer, now + 30 + number / 1000, random, &mut sample))
            .expect("an announce");
    })
}

fn bare_connection(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).expect("the file is opened");
    connection.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).expect("a setting");
    connection.execute_batch("PRAGMA synchronous = OFF").expect("a pragma");
    connection
}

/// The statements of an announce by a known peer, prepared and nothing else.
struct Bare<'a> {
    begin: Statement<'a>,
    swarm: Statement<'a>,
    peer: Statement<'a>,
    update: Statement<'a>,
    run: Statement<'a>,
    commit: Statement<'a>,
    addresses: Vec<u8>,
}

impl<'a> Bare<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            swarm: connection.prepare(
                "SELECT id, info_hash, salt, seeders, leechers, partial_seeds, completed, expired, \
                 departed_uploaded, departed_downloaded, last_announce, \
                 (SELECT min(last_seen) FROM peer WHERE swarm = swarm.id) \
                 FROM swarm WHERE info_hash = ?1",
            )?,
            peer: connection.prepare(
                "SELECT addresses, peer_id, proof, role, left, uploaded, downloaded, first_seen, \
                 last_seen, class, tag FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3",
            )?,
            update: connection.prepare(
                "UPDATE peer SET addresses = ?4, role = ?5, left = ?6, uploaded = ?7, \
                 downloaded = ?8, last_seen = ?9 \
                 WHERE swarm = ?1 AND class = ?2 AND tag = ?3",
            )?,
            run: connection.prepare(
                "SELECT addresses, tag FROM peer WHERE swarm = ?1 AND class = ?2 \
                 AND tag BETWEEN ?3 AND ?4 AND tag <> ?5 ORDER BY tag",
            )?,
            commit: connection.prepare("COMMIT")?,
            addresses: Vec::new(),
        })
    }

    fn announce(
        &mut self,
        peer: &Known,
        now: u64,
        random: &mut Random,
        sample: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        let announce = &peer.announce;
        let now = now.cast_signed();
        self.begin.execute([])?;
        let swarm: i64 = self.swarm.query_row(params![announce.info_hash.0], |row| row.get(0))?;
        let place = params![swarm, peer.class, peer.tag];
        let role: i64 = self.peer.query_row(place, |row| row.get(3))?;
        self.addresses.clear();
        // The marks of a peer that announced under the first info-hash.
        self.addresses.push(1);
        self.addresses.extend_from_slice(&announce.v4.unwrap_or(CompactV4([0; 6])).0);
        self.addresses.extend_from_slice(&now.to_be_bytes());
        self.update.execute(params![
            swarm,
            peer.class,
            peer.tag,
            self.addresses.as_slice(),
            role,
            announce.left.map(u64::cast_signed),
            announce.uploaded.cast_signed(),
            announce.downloaded.cast_signed(),
            now,
        ])?;
        sample.clear();
        for (class, most) in [(1, REPLY / 4), (0, REPLY - REPLY / 4)] {
            let start = (random.next() >> 1).cast_signed();
            let missing = self.run(swarm, (class, peer.tag), (start, i64::MAX), most, sample)?;
            if missing > 0 {
                self.run(swarm, (class, peer.tag), (0, start - 1), missing, sample)?;
            }
        }
        self.commit.execute([])?;
        Ok(())
    }

    fn run(
        &mut self,
        swarm: i64,
        (class, asker): (i64, i64),
        (from, to): (i64, i64),
        most: u32,
        sample: &mut Vec<u8>,
    ) -> rusqlite::Result<u32> {
        let mut rows = self.run.query(params![swarm, class, from, to, asker])?;
        let mut missing = most;
        while missing > 0 {
            let Some(row) = rows.next()? else { break };
            take(row, sample)?;
            missing -= 1;
        }
        Ok(missing)
    }
}

fn take(row: &Row<'_>, sample: &mut Vec<u8>) -> rusqlite::Result<()> {
    if let Some(address) = row.get_ref(0)?.as_blob().ok().and_then(|bytes| bytes.get(1..7)) {
        sample.extend_from_slice(address);
    }
    Ok(())
}

fn one_of<'a, T>(all: &'a [T], random: &mut Random) -> &'a T {
    let number = random.next() % all.len() as u64;
    &all[usize::try_from(number).expect("an index")]
}
