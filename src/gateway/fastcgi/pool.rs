//! What may take long: a few threads, made when first needed, each with a handler of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use mio::Waker;

use super::connection::OwnedRequest;
use super::server::Server;
use crate::gateway::guarded::Guarded;
use crate::gateway::{Handler, Request, Response};
use crate::platform::system::give_way;

/// Threads at most: one may be busy with chores, the other answers.
const MOST_THREADS: usize = 2;

/// Something that may take long.
#[derive(Debug)]
pub enum Job {
    /// To answer a request.
    Answer(SlowRequest),
    /// To do chores.
    Chores,
}

/// A request to be answered, and who waits for it.
#[derive(Debug)]
pub struct SlowRequest {
    /// The request.
    pub request: OwnedRequest,
    /// Where the connection is with its worker.
    pub slot: usize,
    /// Which answer it is.
    pub ticket: u64,
    /// The worker.
    pub reply_to: Arc<Mailbox>,
}

/// An answer on its way to its connection.
#[derive(Debug)]
pub struct SlowReply {
    /// Where the connection is, if it still is.
    pub slot: usize,
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
#[derive(Debug, Default)]
pub struct Pool {
    state: Mutex<State>,
    job_there: Condvar,
    job_done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    busy: usize,
    /// Chores wait or are being done: once is enough.
    chores: bool,
}

impl Pool {
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

    fn done(&self, chores: bool) {
        let mut state = lock(&self.state);
        state.busy -= 1;
        if chores {
            state.chores = false;
        }
        self.job_done.notify_all();
    }
}

impl<F, H> Server<F>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    /// Has a job done, starting a thread when all are busy. `false`: there is no thread to be had.
    pub fn submit(self: &Arc<Self>, job: Job) -> bool {
        let mut state = lock(&self.pool.state);
        if matches!(job, Job::Chores) && std::mem::replace(&mut state.chores, true) {
            return true;
        }
        state.jobs.push_back(job);
        let idle = state.threads - state.busy;
        if state.jobs.len() > idle && state.threads < MOST_THREADS {
            let server = Arc::clone(self);
            match thread::Builder::new().name("pool".to_owned()).spawn(move || work(&server)) {
                Ok(_) => state.threads += 1,
                Err(error) => crate::warning!("cannot start a thread for slow requests: {error}"),
            }
        }
        if state.threads == 0 {
            // The job is the only one: with no thread, none was ever left waiting.
            state.jobs.clear();
            state.chores = false;
            return false;
        }
        self.pool.job_there.notify_one();
        true
    }
}

/// A thread of the pool. It ends with the process.
fn work<F, H>(server: &Arc<Server<F>>)
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    give_way();
    let make = || (server.make_handler)();
    let mut reloads = server.control.reloads();
    let mut handler = Guarded::new(&make);
    loop {
        let job = server.pool.next_job();
        let asked = server.control.reloads();
        if asked != reloads {
            reloads = asked;
            handler.reload();
        }
        match job {
            Job::Chores => {
                handler.claim_chores();
                handler.do_chores();
                server.pool.done(true);
            }
            Job::Answer(slow) => {
                let mut response = Response::default();
                let params = slow.request.params();
                let request = Request::new(&params, slow.request.body());
                handler.answer_slowly(&request, &mut response);
                slow.reply_to.put(SlowReply { slot: slow.slot, ticket: slow.ticket, response });
                // Only this handler knows what it has done.
                if handler.chores_due() {
                    server.submit(Job::Chores);
                }
                server.pool.done(false);
            }
        }
    }
}

/// A panic elsewhere leaves nothing half done behind these locks: each holds plain lists and counts
/// that are changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
