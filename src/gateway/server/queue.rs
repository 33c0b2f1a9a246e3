//! Jobs that wait for threads, and how many of both there may be.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::job::{Job, lock};
use crate::gateway::Chore;

/// A queue of jobs and the number of its threads, which are started when first needed.
#[derive(Debug)]
pub struct Queue {
    most_threads: usize,
    most_requests: usize,
    state: Mutex<State>,
    job_there: Condvar,
    job_done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    busy: usize,
    /// Those that wait or are being done: once is enough.
    chores: Vec<Chore>,
}

impl State {
    /// Whether what the job is for will be done without it.
    fn covers(&self, job: &Job) -> bool {
        match job {
            Job::Answer(_) => false,
            Job::Chore(chore) => self.chores.contains(chore),
            // One that is under way may have read the files before they changed.
            Job::Reload => self.jobs.iter().any(|other| matches!(other, Job::Reload)),
        }
    }
}

impl Queue {
    /// Of so many threads at most, at least one, and with room for so many requests. Chores and reloads need no
    /// limit: none waits twice.
    #[must_use]
    pub fn new(most_threads: usize, most_requests: usize) -> Self {
        Self {
            most_threads: most_threads.max(1),
            most_requests,
            state: Mutex::default(),
            job_there: Condvar::new(),
            job_done: Condvar::new(),
        }
    }

    /// Puts a job in; has a thread started when all are busy.
    ///
    /// # Errors
    /// The job itself, when too many requests wait or there is no thread to be had.
    pub fn put(&self, job: Job, start_thread: impl FnOnce() -> io::Result<()>) -> Result<(), Job> {
        let mut state = lock(&self.state);
        if state.covers(&job) {
            return Ok(());
        }
        if matches!(job, Job::Answer(_)) && state.jobs.len() >= self.most_requests {
            crate::warning!(
                "{} requests wait to be answered; further ones are refused",
                self.most_requests
            );
            return Err(job);
        }
        let idle = state.threads - state.busy;
        if state.jobs.len() >= idle && state.threads < self.most_threads {
            match start_thread() {
                Ok(()) => state.threads += 1,
                Err(error) => crate::warning!("cannot start a thread for what takes long: {error}"),
            }
        }
        if state.threads == 0 {
            return Err(job);
        }
        if let Job::Chore(chore) = job {
            state.chores.push(chore);
        }
        state.jobs.push_back(job);
        self.job_there.notify_one();
        Ok(())
    }

    /// Waits for a job; [`done`](Self::done) follows.
    pub fn take(&self) -> Job {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.busy += 1;
                return job;
            }
            state = self.job_there.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A thread has done its job, perhaps a chore.
    pub fn done(&self, chore: Option<Chore>) {
        let mut state = lock(&self.state);
        state.busy -= 1;
        state.chores.retain(|&known| Some(known) != chore);
        self.job_done.notify_all();
    }

    /// Waits until nothing is left to do, or until `deadline`.
    pub fn finish(&self, deadline: Instant) {
        let mut state = lock(&self.state);
        while !state.jobs.is_empty() || state.busy > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.job_done.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
