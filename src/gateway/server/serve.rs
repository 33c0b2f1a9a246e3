//! Starts the workers of a responder and waits for their end.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::codec::Codec;
use super::control::Control;
use super::options::{Options, ServeError};
use super::pool::Pool;
use super::socket::Listener;
use super::worker::{Shared, Worker};
use crate::gateway::Handler;
use crate::gateway::guarded::log_panics;
use crate::gateway::listening::{Listening, ListeningSocket};
use crate::platform::signals::Signals;

/// How much longer threads get to notice that the time is over.
const GRACE: Duration = Duration::from_millis(250);

/// Answers requests that come as `C` on a socket, until a signal says stop (SIGTERM, SIGINT or SIGUSR1);
/// SIGHUP reloads. Stops within 5 s, whatever handlers do on other threads.
///
/// `signals` are best collected before the socket is made: who finds the socket may send one.
/// `make_handler` is called on each thread that needs a handler.
///
/// # Errors
/// [`ServeError`].
pub fn serve<C: Codec, H: Handler + 'static>(
    listening: Listening,
    signals: Signals,
    options: Options,
    make_handler: impl Fn() -> H + Send + Sync + 'static,
) -> Result<(), ServeError> {
    log_panics();
    let shared = share(options, Arc::default(), make_handler);
    run::<C, H>(listening, Some(signals), &shared)
}

/// The same until `control` says stop, without regard to signals.
///
/// # Errors
/// [`ServeError`].
pub fn serve_until<C: Codec, H: Handler + 'static>(
    listening: Listening,
    control: Arc<Control>,
    options: Options,
    make_handler: impl Fn() -> H + Send + Sync + 'static,
) -> Result<(), ServeError> {
    run::<C, H>(listening, None, &share(options, control, make_handler))
}

fn share<H: Handler + 'static>(
    options: Options,
    control: Arc<Control>,
    make_handler: impl Fn() -> H + Send + Sync + 'static,
) -> Shared<H> {
    let pool = Arc::new(Pool::new(&options, make_handler));
    Shared { options: Arc::new(options), control, pool }
}

fn run<C: Codec, H: Handler + 'static>(
    listening: Listening,
    signals: Option<Signals>,
    shared: &Shared<H>,
) -> Result<(), ServeError> {
    let Listening { socket, path: _removed_at_the_end } = listening;
    let own = Listener::copy(&socket).map_err(ServeError::Listening)?;
    let others = start_workers::<C, H>(shared, &socket);
    // Workers have copies; the original would keep the queue open after they have stopped.
    drop(socket);
    let outcome = match &others {
        Ok(_) => work::<C, H>(shared, own, signals),
        Err(_) => Ok(()),
    };
    shared.control.stop();
    let deadline = shared.control.deadline() + GRACE;
    let outcome = outcome.and(wait_for_workers(&others?, deadline));
    shared.pool.finish(deadline);
    outcome
}

/// Starts all workers but the first, which is the calling thread. Their outcomes can be received.
fn start_workers<C: Codec, H: Handler + 'static>(
    shared: &Shared<H>,
    socket: &ListeningSocket,
) -> Result<Receiver<Result<(), ServeError>>, ServeError> {
    let (sender, receiver) = mpsc::channel();
    for number in 1..shared.options.workers {
        let listener = Listener::copy(socket).map_err(ServeError::Listening)?;
        let (shared, sender) = (shared.share(), sender.clone());
        let body = move || {
            let outcome = work::<C, H>(&shared, listener, None);
            // One that ends ends all, also when it could not start.
            shared.control.stop();
            // Nobody receives after the deadline; then the process ends anyway.
            let _ = sender.send(outcome);
        };
        let thread = thread::Builder::new().name(format!("worker {number}"));
        thread.spawn(body).map_err(ServeError::Thread)?;
    }
    Ok(receiver)
}

fn work<C: Codec, H: Handler + 'static>(
    shared: &Shared<H>,
    listener: Listener,
    signals: Option<Signals>,
) -> Result<(), ServeError> {
    Worker::<C, H>::new(shared, listener, signals)?.run()
}

/// The first failure among the workers; those that have not ended at the deadline are left behind.
fn wait_for_workers(
    outcomes: &Receiver<Result<(), ServeError>>,
    deadline: Instant,
) -> Result<(), ServeError> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match outcomes.recv_timeout(left) {
            Ok(outcome) => outcome?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                crate::warning!("stopped while a worker was still answering");
                return Ok(());
            }
        }
    }
}
