//! One process: this test binary started again, told by an environment variable what to do.
//!
//! Its steps are the same whenever they are repeated. After each it writes down, in a file that all
//! workers share, how many were answered: what was written stays when it is killed.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::super::*;
use crate::store::conformance::{EXPIRY, NOON, leecher, swarm};
use crate::store::{Action, Role};

const TASK: &str = "TRACKER_TEST_SHM_WORKER";

/// Peers of one worker.
pub(super) const CROWD: u32 = 2000;

/// Swarms that all workers share.
const SWARMS: u32 = 3;

/// How a worker goes about its steps.
#[derive(Clone, Copy)]
pub(super) enum Habit {
    /// Keeps the file open, as under FastCGI.
    Keep,
    /// Opens it for each, as a CGI does.
    Reopen,
    /// Is killed at the write after so many.
    DieAfter(u64),
    /// Is stopped at the write after so many.
    StopAfter(u64),
}

impl Habit {
    fn as_task(self) -> String {
        match self {
            Self::Keep => "keep 0".to_owned(),
            Self::Reopen => "reopen 0".to_owned(),
            Self::DieAfter(writes) => format!("die {writes}"),
            Self::StopAfter(writes) => format!("stop {writes}"),
        }
    }
}

/// The process as the one that started it sees it.
pub(super) struct Worker {
    pub(super) serial: u32,
    child: Child,
}

impl Worker {
    /// Starts one that ends after so many steps, if nothing else happens to it.
    pub(super) fn start(path: &Path, habit: Habit, serial: u32, steps: u32) -> Self {
        let task = format!("{} {steps} {serial} {}", habit.as_task(), path.display());
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::shm::processes::worker::works", "--nocapture"])
            .env(TASK, task)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { serial, child }
    }

    pub(super) fn finish(mut self) {
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it and waits until it is dead.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        check_killed(self.child.wait().unwrap());
    }

    /// Whether it is dead; nothing but SIGKILL may be the cause.
    pub(super) fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().map(check_killed).is_some()
    }

    pub(super) fn wait_until_stopped(&self) {
        let mut status = 0;
        // SAFETY: the status is writable, and the child is ours and not yet waited for.
        let stopped = unsafe { libc::waitpid(self.process(), &raw mut status, libc::WUNTRACED) };
        assert_eq!(stopped, self.process());
        assert!(libc::WIFSTOPPED(status), "it ended with status {status}");
    }

    pub(super) fn go_on(&self) {
        // SAFETY: kill touches no memory, and the child is ours and not yet waited for.
        assert_eq!(unsafe { libc::kill(self.process(), libc::SIGCONT) }, 0);
    }

    fn process(&self) -> libc::pid_t {
        self.child.id().cast_signed()
    }
}

impl Drop for Worker {
    /// None outlives a test that fails.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check_killed(status: ExitStatus) {
    assert_eq!(status.signal(), Some(libc::SIGKILL), "a worker ended by itself: {status}");
}

/// Options of the store at a path.
pub(super) fn options(path: &Path) -> ShmOptions {
    ShmOptions { max_size: 64 << 20, ..ShmOptions::new(path.to_owned(), EXPIRY) }
}

/// What a worker has written down.
#[derive(Clone, Copy, Default)]
pub(super) struct Answers {
    /// Steps that were answered.
    pub(super) steps: u32,
    /// How often it was told that the store is busy, and tried again.
    pub(super) refusals: u32,
}

impl Answers {
    /// One write of a few bytes, which is never seen by halves.
    pub(super) fn write(self, file: &std::fs::File, serial: u32) {
        let bytes = (u64::from(self.refusals) << 32 | u64::from(self.steps)).to_ne_bytes();
        file.write_all_at(&bytes, u64::from(serial) * 8).unwrap();
    }

    /// Nothing when it has not begun.
    pub(super) fn read(file: &std::fs::File, serial: u32) -> Self {
        let mut bytes = [0; 8];
        if file.read_exact_at(&mut bytes, u64::from(serial) * 8).is_err() {
            return Self::default();
        }
        let both = u64::from_ne_bytes(bytes);
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap();
        Self { steps: half(both), refusals: half(both >> 32) }
    }
}

/// The file that the workers on a store write their answers to.
pub(super) fn answers_of(path: &Path) -> std::fs::File {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false);
    how.open(path.with_file_name("answers")).unwrap()
}

/// A worker's step: always the same for the same numbers.
pub(super) fn step(serial: u32, number: u32) -> PeerAnnounce {
    let mut random = Random::seeded(u64::from(serial) << 32 | u64::from(number));
    let kind = random.below(20);
    let earlier = u32::try_from(random.below(u64::from(CROWD.min(number + 1)))).unwrap();
    let peer = serial * CROWD + if kind < 10 { number % CROWD } else { earlier };
    let stays = PeerAnnounce {
        info_hash: swarm(u8::try_from(peer % SWARMS).unwrap()),
        // So that one can see which of its announces a peer was left by.
        uploaded: number.into(),
        downloaded: number.into(),
        ..leecher(peer)
    };
    let seeds = PeerAnnounce { role: Role::Seeder, left: Some(0), ..stays };
    match kind {
        0..12 => stays,
        12..15 => seeds,
        15 => PeerAnnounce { action: Action::Complete, ..seeds },
        16 => PeerAnnounce { role: Role::PartialSeed, ..stays },
        _ => PeerAnnounce { action: Action::Leave, ..stays },
    }
}

/// Makes a step, and now and then looks whether it is seen.
fn make(store: &mut ShmStore, number: u32, announce: &PeerAnnounce) -> Result<(), StoreError> {
    let want = Want { peers: 20, seeders: true, peer_ids: false };
    let mut counts = store.announce(announce, NOON, want, &mut PeerSample::default())?.counts;
    if number.is_multiple_of(16) {
        counts = store.counts(&[announce.info_hash], NOON)?[0];
    }
    let stays = announce.action != Action::Leave;
    assert!(!stays || *counts.of_role(announce.role) > 0, "{announce:?} is not counted");
    Ok(())
}

/// Not a test by itself: what the tests' workers do.
#[test]
fn works() {
    let Ok(task) = std::env::var(TASK) else { return };
    let words: Vec<&str> = task.splitn(5, ' ').collect();
    let [habit, writes, steps, serial, path] = words[..] else { panic!("{task}") };
    let (writes, serial) = (writes.parse().unwrap(), serial.parse().unwrap());
    let options = options(Path::new(path));
    let mut store = ShmStore::open(&options).unwrap();
    let file = answers_of(&options.file.path);
    match habit {
        "die" => dying::process_after(writes),
        "stop" => dying::stop_process_after(writes),
        _ => {}
    }
    let mut answers = Answers::default();
    for number in 0..steps.parse().unwrap() {
        if habit == "reopen" {
            store = ShmStore::open(&options).unwrap();
        }
        let announce = step(serial, number);
        // Made twice, a step does no more than once.
        while let Err(error) = make(&mut store, number, &announce) {
            assert!(matches!(error, StoreError::WouldWait { .. }), "{error}");
            answers.refusals += 1;
            answers.write(&file, serial);
        }
        answers.steps += 1;
        answers.write(&file, serial);
    }
}
