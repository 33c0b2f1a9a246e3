//! The threads beside the event loops, each with a handler of its own: some for what takes long, and one that waits
//! for others, so that nothing else does.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::job::{Job, SlowRequest};
use super::options::Options;
use super::queue::Queue;
use crate::gateway::guarded::Guarded;
use crate::gateway::{Answer, Handler, Response};
use crate::platform::process::give_way;

/// Makes a handler for the thread that calls it.
type MakeHandler<H> = dyn Fn() -> H + Send + Sync;

/// Threads that wait for others. What they wait for is mostly the same, and once it is there, one thread answers
/// all that came meanwhile sooner than several that are in each other's way.
const WAITING_THREADS: usize = 1;

/// A request keeps its connection until it is answered. Of all connections, this part may be kept by what takes long: a
/// burst of visitors to a page that has to be made first.
const WORK_SHARE: usize = 2;

/// And this part by what waits for others. The rest is left for what is answered at once.
const WAITING_SHARE: usize = 4;

/// Which threads are to do a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those for what takes long. Nothing there waits for others but chores and reloads.
    Work,
    /// The one that waits.
    Wait,
}

/// The jobs and the threads that do them.
pub struct Pool<H> {
    make_handler: Box<MakeHandler<H>>,
    work: Queue,
    waiting: Queue,
}

impl<H: Handler + 'static> Pool<H> {
    /// As many threads for what takes long as configured, at most, each with a handler that `make_handler` makes.
    #[must_use]
    pub fn new(options: &Options, make_handler: impl Fn() -> H + Send + Sync + 'static) -> Self {
        let most_requests = |share: usize| (options.limits.connections / share).max(1);
        Self {
            make_handler: Box::new(make_handler),
            work: Queue::new(options.pool_threads, most_requests(WORK_SHARE)),
            waiting: Queue::new(WAITING_THREADS, most_requests(WAITING_SHARE)),
        }
    }

    /// A handler for the calling thread.
    pub fn new_handler(&self) -> Guarded<'_, H> {
        Guarded::new(&*self.make_handler)
    }

    /// Has a job done.
    ///
    /// # Errors
    /// The job itself: a request when too many wait, any job when there is no thread to be had.
    pub fn submit(self: &Arc<Self>, lane: Lane, job: Job) -> Result<(), Job> {
        self.queue(lane).put(job, || self.start_thread(lane))
    }

    /// Waits until nothing is left to do, or until `deadline`.
    pub fn finish(&self, deadline: Instant) {
        // In this order: what takes long may turn out to have to wait.
        self.work.finish(deadline);
        self.waiting.finish(deadline);
    }

    fn queue(&self, lane: Lane) -> &Queue {
        match lane {
            Lane::Work => &self.work,
            Lane::Wait => &self.waiting,
        }
    }

    fn start_thread(self: &Arc<Self>, lane: Lane) -> io::Result<()> {
        let pool = Arc::clone(self);
        thread::Builder::new().name("pool".to_owned()).spawn(move || pool.work(lane)).map(drop)
    }

    /// One thread. It ends with the process.
    fn work(self: &Arc<Self>, lane: Lane) {
        give_way();
        let mut handler = self.new_handler();
        loop {
            let job = self.queue(lane).take();
            let chore = if let Job::Chore(chore) = job { Some(chore) } else { None };
            self.run(job, lane, &mut handler);
            self.queue(lane).done(chore);
        }
    }

    fn run(self: &Arc<Self>, job: Job, lane: Lane, handler: &mut Guarded<'_, H>) {
        match job {
            Job::Answer(slow) => {
                self.answer(slow, lane, handler);
                // Only this handler knows what it has done.
                for chore in handler.chores_due() {
                    // Refused only where no thread can be had, which the log tells.
                    let _ = self.submit(Lane::Work, Job::Chore(chore));
                }
            }
            Job::Chore(chore) => {
                handler.claim(chore);
                handler.run_chore(chore);
            }
            Job::Reload => handler.reload(),
        }
    }

    fn answer(self: &Arc<Self>, slow: SlowRequest, lane: Lane, handler: &mut Guarded<'_, H>) {
        let mut response = Response::default();
        let request = slow.request.request();
        match lane {
            Lane::Wait => handler.answer_patiently(&request, &mut response),
            Lane::Work => {
                if handler.answer_slowly(&request, &mut response) != Answer::Ready {
                    return self.pass_on(slow, handler);
                }
            }
        }
        slow.reply(response);
    }

    /// Leaves a request to the thread that waits.
    fn pass_on(self: &Arc<Self>, slow: SlowRequest, handler: &mut Guarded<'_, H>) {
        if let Err(Job::Answer(slow)) = self.submit(Lane::Wait, Job::Answer(slow)) {
            let mut response = Response::default();
            handler.refuse(&slow.request.request(), &mut response);
            slow.reply(response);
        }
    }
}

impl<H> fmt::Debug for Pool<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pool = formatter.debug_struct("Pool");
        pool.field("work", &self.work).field("waiting", &self.waiting).finish_non_exhaustive()
    }
}
