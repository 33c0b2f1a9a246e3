//! Several processes on one file, and what is left when they are killed at any instant.
//!
//! A worker is this test binary started again, told by an environment variable what to do. It writes
//! the number of each peer on standard output once its announce was answered.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::platform::random::Random;
use crate::store::conformance::{EXPIRY, NOON, leecher, peer_id, peers, swarm};

const TASK: &str = "TRACKER_TEST_STORE_WORKER";
const SWARMS: u32 = 3;

/// What a worker does with the file between two announces.
#[derive(Clone, Copy)]
enum Habit {
    /// Keeps it open, as under FastCGI.
    Keep,
    /// Opens it again, as a CGI does.
    Reopen,
    /// Only sweeps, in transactions that are longer than an announce's.
    Sweep,
}

struct Worker {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(path: &Path, habit: Habit, first: u32, announces: u32) -> Self {
        let habit = match habit {
            Habit::Keep => "keep",
            Habit::Reopen => "reopen",
            Habit::Sweep => "sweep",
        };
        let task = format!("{habit} {first} {announces} {}", path.display());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::sqlite::processes::worker", "--nocapture"])
            .env(TASK, task)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    /// The next peers whose announce was answered; fewer when the worker has ended.
    fn answered(&mut self, at_most: usize) -> Vec<u32> {
        let lines = (&mut self.answers).lines().map(Result::unwrap);
        lines.filter_map(|line| line.strip_prefix("peer ")?.parse().ok()).take(at_most).collect()
    }

    fn finish(mut self) -> Vec<u32> {
        let answered = self.answered(usize::MAX);
        assert!(self.child.wait().unwrap().success());
        answered
    }

    /// Kills it anywhere within one of its first announces.
    fn kill_after(mut self, random: &mut Random, at_most: u64) -> Vec<u32> {
        let mut answered = self.answered(usize::try_from(random.below(at_most)).unwrap());
        let (started, within) = (Instant::now(), Duration::from_micros(random.below(2000)));
        while started.elapsed() < within {
            std::hint::spin_loop();
        }
        self.child.kill().unwrap();
        answered.extend(self.answered(usize::MAX));
        self.child.wait().unwrap();
        answered
    }
}

/// Not a test by itself: the part of the tests below that runs in other processes.
#[test]
fn worker() {
    let Ok(task) = std::env::var(TASK) else { return };
    let mut words = task.splitn(4, ' ');
    let habit = words.next().unwrap().to_owned();
    let first: u32 = words.next().unwrap().parse().unwrap();
    let announces: u32 = words.next().unwrap().parse().unwrap();
    let options = SqliteOptions::new(words.next().unwrap().into(), EXPIRY);
    let mut store = SqliteStore::open(&options).unwrap();
    if habit == "sweep" {
        // With no memory to speak of, changed pages go to the file all through a transaction, so that
        // most kills meet a file that is half changed.
        store.database.as_ref().unwrap().execute_batch("PRAGMA cache_size = 5").unwrap();
    }
    for number in first..first + announces {
        match habit.as_str() {
            "sweep" => assert!(store.expire(NOON + EXPIRY, 300).unwrap() <= 300),
            "reopen" => store = SqliteStore::open(&options).unwrap(),
            _ => {}
        }
        if habit != "sweep" {
            announce(&mut store, number, NOON);
        }
        std::io::stdout().write_all(format!("\npeer {number}\n").as_bytes()).unwrap();
    }
}

fn announce(store: &mut SqliteStore, number: u32, now: Timestamp) {
    let announce = PeerAnnounce { info_hash: swarm_of(number), ..leecher(number) };
    let want = Want { peers: 50, seeders: true, peer_ids: false };
    store.announce(&announce, now, want, &mut PeerSample::default()).unwrap();
}

fn swarm_of(number: u32) -> InfoHash {
    swarm(u8::try_from(number % SWARMS).unwrap())
}

fn check_answered(path: &Path, answered: &[u32]) {
    let mut store = SqliteStore::open(&SqliteOptions::new(path.into(), EXPIRY)).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let present: BTreeSet<PeerIdIn> = (0..SWARMS)
        .flat_map(|number| {
            let info_hash = swarm_of(number);
            let found = peers(&mut store, info_hash, 500, NOON);
            found.into_keys().map(move |id| (info_hash, id))
        })
        .collect();
    for &number in answered {
        let stands = present.contains(&(swarm_of(number), peer_id(number)));
        assert!(stands, "the answered announce of peer {number} is not in the store");
    }
}

type PeerIdIn = (InfoHash, crate::protocol::PeerId);

#[test]
fn several_processes_at_once_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("peers.db");
    // The file is not there yet: they also make it together.
    let workers = [
        Worker::start(&path, Habit::Keep, 0, 200),
        Worker::start(&path, Habit::Reopen, 1000, 200),
        Worker::start(&path, Habit::Keep, 2000, 200),
        Worker::start(&path, Habit::Reopen, 3000, 200),
    ];
    let answered: Vec<u32> = workers.into_iter().flat_map(Worker::finish).collect();
    assert_eq!(answered.len(), 800);
    check_answered(&path, &answered);
}

#[test]
fn killed_processes_break_nothing_and_keep_what_they_answered() {
    // Those that keep a file open give it a write-ahead log; the others have a rollback journal.
    for habits in [[Habit::Keep, Habit::Reopen], [Habit::Reopen, Habit::Reopen]] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("peers.db");
        let mut random = Random::new();
        let mut answered = Vec::new();
        for round in 0..10 {
            let start = |(number, habit)| Worker::start(&path, habit, number, 5000);
            let workers =
                [round * 10_000, round * 10_000 + 5000].into_iter().zip(habits).map(start);
            for worker in workers.collect::<Vec<_>>() {
                answered.extend(worker.kill_after(&mut random, 100));
            }
            check_answered(&path, &answered);
        }
        assert!(answered.len() > 100, "the workers hardly worked: {}", answered.len());
    }
}

#[test]
fn a_process_that_is_killed_while_it_sweeps_breaks_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("peers.db");
    let mut random = Random::new();
    let mut store = SqliteStore::open(&SqliteOptions::new(path.clone(), EXPIRY)).unwrap();
    let silent = NOON.before(Seconds(1));
    (0..6000).for_each(|number| announce(&mut store, number, silent));
    (6000..6100).for_each(|number| announce(&mut store, number, NOON));
    drop(store);
    for _ in 0..10 {
        Worker::start(&path, Habit::Sweep, 0, 20).kill_after(&mut random, 3);
        check_answered(&path, &(6000..6100).collect::<Vec<_>>());
    }
}
