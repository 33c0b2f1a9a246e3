//! Some workers at once on one store, which are killed, or die, and are replaced.

use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::*;
use super::worker::{Answers, Habit, Worker, answers_of, options};
use super::{WORKERS, expected};
use crate::store::shm::tests::fresh_file;

/// How long to wait for what must happen before the test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Workers on a store, and a memory of those that there were.
pub(super) struct Storm {
    /// Those that were not yet seen dead.
    pub(super) workers: Vec<Worker>,
    /// How many were started; their serial numbers are below.
    started: u32,
    /// The store's generation, where it was there before them.
    id: Option<Generation>,
    options: ShmOptions,
    random: Random,
    began: Instant,
    /// Last: it goes when the workers have gone.
    _home: tempfile::TempDir,
}

impl Storm {
    /// On a store where all want the same lock.
    pub(super) fn on_one_shard() -> Self {
        let (home, options) = fresh_file(1);
        let id = ShmStore::open(&options).unwrap().generation().unwrap();
        Self::with(home, options, Some(id))
    }

    /// On a store that is still to be made.
    pub(super) fn on_no_file() -> Self {
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let options = options(&home.path().join("t.d/peers"));
        Self::with(home, options, None)
    }

    fn with(home: tempfile::TempDir, options: ShmOptions, id: Option<Generation>) -> Self {
        let (random, began) = (Random::new(), Instant::now());
        Self { workers: Vec::new(), started: 0, id, options, random, began, _home: home }
    }

    pub(super) fn open(&self) -> ShmStore {
        ShmStore::open(&self.options).unwrap()
    }

    /// One more worker, which ends by itself after some steps.
    pub(super) fn worker(&mut self, habit: Habit, steps: u32) -> Worker {
        let serial = self.started;
        self.started += 1;
        Worker::start(&self.options.file.path, habit, serial, steps)
    }

    /// One more worker, which has too much to do to end by itself before it is killed.
    pub(super) fn start(&mut self, habit: Habit) {
        let worker = self.worker(habit, 2_000_000);
        self.workers.push(worker);
    }

    fn answers(&self) -> File {
        answers_of(&self.options.file.path)
    }

    /// How many steps of a worker were answered.
    pub(super) fn answered(&self, serial: u32) -> u32 {
        Answers::read(&self.answers(), serial).steps
    }

    /// How often a worker was told that the store is busy.
    pub(super) fn refused(&self, serial: u32) -> u32 {
        Answers::read(&self.answers(), serial).refusals
    }

    /// Kills one of those that are at work, at any instant. Returns how long it took until one of the
    /// others had made a whole step since it was dead.
    pub(super) fn kill_one(&mut self) -> Duration {
        let file = self.answers();
        let is_at_work = |worker: &Worker| Answers::read(&file, worker.serial).steps > 0;
        let mut at_work = Vec::new();
        wait_for("workers to begin", || {
            let places = 0..self.workers.len();
            at_work = places.filter(|&place| is_at_work(&self.workers[place])).collect();
            at_work.len() >= WORKERS
        });
        let victim = usize::try_from(self.random.below(at_work.len() as u64)).unwrap();
        std::thread::sleep(Duration::from_micros(self.random.below(10_000)));
        let killed = Instant::now();
        self.kill(at_work[victim]);
        let steps = |worker: &Worker| Answers::read(&file, worker.serial).steps;
        let before: Vec<u32> = self.workers.iter().map(steps).collect();
        wait_for("the others to go on", || {
            // The first answer may be to a step that was made before.
            let now = self.workers.iter().map(steps);
            now.zip(&before).any(|(now, &before)| now >= before + 2)
        });
        killed.elapsed()
    }

    pub(super) fn kill(&mut self, place: usize) {
        self.workers.swap_remove(place).kill();
    }

    pub(super) fn kill_all(&mut self) {
        self.workers.drain(..).for_each(Worker::kill);
    }

    /// Waits until some have died by themselves; forgets them and says how many.
    pub(super) fn wait_for_deaths(&mut self) -> usize {
        let before = self.workers.len();
        wait_for("a death", || {
            self.workers.retain_mut(|worker| !worker.is_dead());
            self.workers.len() < before
        });
        before - self.workers.len()
    }

    pub(super) fn wait_for_all_deaths(&mut self) -> usize {
        let mut deaths = 0;
        while !self.workers.is_empty() {
            deaths += self.wait_for_deaths();
        }
        deaths
    }

    /// Notes steps that no worker has made.
    pub(super) fn count_as_answered(&mut self, serial: u32, steps: u32) {
        self.started = self.started.max(serial + 1);
        Answers { steps, refusals: 0 }.write(&self.answers(), serial);
    }

    /// Whether the store is in order, was never recreated, and holds what was answered.
    pub(super) fn check(&self) {
        let mut store = self.open();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        let id = store.generation().unwrap();
        assert!(self.id.is_none_or(|before| before == id), "it was recreated");
        let answered: Vec<u32> = (0..self.started).map(|serial| self.answered(serial)).collect();
        expected::check(&mut store, &answered);
    }

    /// How often a lock was taken over from who died with it.
    pub(super) fn repairs(&self) -> u64 {
        let store = self.open();
        store.file.as_ref().unwrap().header(header::REPAIRS).unwrap()
    }

    /// What happened, in a few words.
    pub(super) fn report(&self) -> String {
        let file = self.answers();
        let answers = (0..self.started).map(|serial| Answers::read(&file, serial));
        let (steps, refusals) = answers.fold((0, 0), |(steps, refusals), answers| {
            (steps + answers.steps, refusals + answers.refusals)
        });
        let (workers, seconds) = (self.started, self.began.elapsed().as_secs_f32());
        format!("{workers} workers, {steps} steps, {refusals} times busy, {seconds:.1} s")
    }
}

/// Waits until something is so, and fails when it is not so for too long.
pub(super) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Keeps a test from running at the same time as another one that takes the whole machine.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
