//! What may take long: a few threads, made when first needed, each with a handler of its own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use mio::Waker;

use super::codec::OwnedRequest;
use crate::gateway::guarded::Guarded;
use crate::gateway::{Chore, Handler, Response};
use crate::platform::process::give_way;

/// Makes a handler for the thread that calls it.
type MakeHandler<H> = dyn Fn() -> H + Send + Sync;

/// Something that may take long.
#[derive(Debug)]
pub enum Job {
    /// To answer a request.
    Answer(SlowRequest),
    /// To do a chore.
    Chore(Chore),
    /// To read the configuration again.
    Reload,
}

/// A request to be answered, and who waits for it.
#[derive(Debug)]
pub struct SlowRequest {
    /// The request.
    pub request: OwnedRequest,
    /// The connection's number with its worker.
    pub number: usize,
    /// Which answer it is.
    pub ticket: u64,
    /// The worker.
    pub reply_to: Arc<Mailbox>,
}

/// An answer on its way to its connection.
#[derive(Debug)]
pub struct SlowReply {
    /// The connection's number, if it is still there.
    pub number: usize,
    /// Which answer it is.
    pub ticket: u64,
    /// The answer.
    pub response: Response,
}

/// Where a worker gets its answers.
#[derive(Debug)]
pub struct Mailbox {
    replies: Mutex<Vec<SlowReply>>,
    waker: Arc<Waker>,
}

impl Mailbox {
    /// The mailbox of the worker that `waker` wakes.
    #[must_use]
    pub fn new(waker: Arc<Waker>) -> Self {
        Self { replies: Mutex::default(), waker }
    }

    /// Takes all that is there.
    pub fn take(&self) -> Vec<SlowReply> {
        std::mem::take(&mut *lock(&self.replies))
    }

    fn put(&self, reply: SlowReply) {
        lock(&self.replies).push(reply);
        if let Err(error) = self.waker.wake() {
            crate::error!("cannot wake a worker: {error}");
        }
    }
}

/// The jobs and the threads that do them.
pub struct Pool<H> {
    make_handler: Box<MakeHandler<H>>,
    most_threads: usize,
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

    fn add(&mut self, job: Job) {
        if let Job::Chore(chore) = job {
            self.chores.push(chore);
        }
        self.jobs.push_back(job);
    }
}

impl<H: Handler + 'static> Pool<H> {
    /// Of so many threads at most, each with a handler that `make_handler` makes.
    #[must_use]
    pub fn new(most_threads: usize, make_handler: impl Fn() -> H + Send + Sync + 'static) -> Self {
        Self {
            make_handler: Box::new(make_handler),
            most_threads: most_threads.max(1),
            state: Mutex::default(),
            job_there: Condvar::new(),
            job_done: Condvar::new(),
        }
    }

    /// A handler for the calling thread.
    pub fn new_handler(&self) -> Guarded<'_, H> {
        Guarded::new(&*self.make_handler)
    }

    /// Has a job done, starting a thread when all are busy. `false`: there is no thread to be had.
    pub fn submit(self: &Arc<Self>, job: Job) -> bool {
        let mut state = lock(&self.state);
        if state.covers(&job) {
            return true;
        }
        state.add(job);
        let idle = state.threads - state.busy;
        if state.jobs.len() > idle && state.threads < self.most_threads {
            let pool = Arc::clone(self);
            match thread::Builder::new().name("pool".to_owned()).spawn(move || pool.work()) {
                Ok(_) => state.threads += 1,
                Err(error) => crate::warning!("cannot start a thread for what takes long: {error}"),
            }
        }
        if state.threads == 0 {
            // The job is the only one: with no thread, none was ever left waiting.
            state.jobs.clear();
            state.chores.clear();
            return false;
        }
        self.job_there.notify_one();
        true
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

    /// One thread. It ends with the process.
    fn work(self: &Arc<Self>) {
        give_way();
        let mut handler = self.new_handler();
        loop {
            let job = self.next_job();
            let chore = if let Job::Chore(chore) = job { Some(chore) } else { None };
            self.run(job, &mut handler);
            self.done(chore);
        }
    }

    fn run(self: &Arc<Self>, job: Job, handler: &mut Guarded<'_, H>) {
        match job {
            Job::Answer(slow) => {
                let mut response = Response::default();
                handler.answer_slowly(&slow.request.request(), &mut response);
                let SlowRequest { number, ticket, .. } = slow;
                slow.reply_to.put(SlowReply { number, ticket, response });
                // Only this handler knows what it has done.
                for chore in handler.chores_due() {
                    self.submit(Job::Chore(chore));
                }
            }
            Job::Chore(chore) => {
                handler.claim(chore);
                handler.run_chore(chore);
            }
            Job::Reload => handler.reload(),
        }
    }

    fn next_job(&self) -> Job {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.busy += 1;
                return job;
            }
            state = self.job_there.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, chore: Option<Chore>) {
        let mut state = lock(&self.state);
        state.busy -= 1;
        state.chores.retain(|&known| Some(known) != chore);
        self.job_done.notify_all();
    }
}

impl<H> fmt::Debug for Pool<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A panic elsewhere leaves nothing half done behind these locks: each holds plain lists and counts
/// that are changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
