//! Starts the workers of a responder and waits for their end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::control::Control;
use super::pool::Pool;
use super::socket::Listener;
use super::web_servers::{self, WebServers};
use super::worker::Worker;
use crate::gateway::Handler;
use crate::gateway::guarded::log_panics;
use crate::gateway::listening::{Listening, ListeningSocket};
use crate::platform::system::Signals;

/// How long requests in flight may still take once the responder is to stop.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(4);
/// How much longer threads get to notice that the time is over.
const GRACE: Duration = Duration::from_millis(250);

/// Limits of a responder.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that answer; at least one is started.
    pub workers: usize,
    /// Bytes of parameters in a request at most.
    pub max_params: usize,
    /// Bytes of a request's body at most.
    pub max_body: usize,
    /// Connections at once at most.
    pub max_connections: usize,
    /// How long a connection may be idle, half-sent, or not read by the web server.
    pub timeout: Duration,
}

/// Why a responder cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No signals.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] io::Error),
    /// The socket cannot be used.
    #[error("cannot use the socket to listen on: {0}")]
    Listening(#[source] io::Error),
    /// No event queue.
    #[error("cannot wait for events: {0}")]
    Events(#[source] io::Error),
    /// No thread.
    #[error("cannot start a worker thread: {0}; try fewer workers")]
    Thread(#[source] io::Error),
}

/// What all threads of a responder share.
#[derive(Debug)]
pub(super) struct Server<F> {
    pub(super) options: Options,
    pub(super) web_servers: WebServers,
    pub(super) control: Arc<Control>,
    pub(super) pool: Pool,
    pub(super) make_handler: F,
}

/// Answers requests on a socket until a signal says stop (SIGTERM, SIGINT or SIGUSR1); SIGHUP
/// reloads. Stops within 5 s, whatever handlers do on other threads.
///
/// `signals` are best collected before the socket is made: who finds the socket may send one.
/// `make_handler` is called on each thread that needs a handler.
///
/// # Errors
/// [`ServeError`].
pub fn serve<F, H>(
    listening: Listening,
    signals: Signals,
    options: Options,
    make_handler: F,
) -> Result<(), ServeError>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    log_panics();
    run(listening, options, Arc::default(), Some(signals), make_handler)
}

/// The same until `control` says stop, without regard to signals.
///
/// # Errors
/// [`ServeError`].
pub fn serve_until<F, H>(
    listening: Listening,
    options: Options,
    control: Arc<Control>,
    make_handler: F,
) -> Result<(), ServeError>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    run(listening, options, control, None, make_handler)
}

fn run<F, H>(
    listening: Listening,
    options: Options,
    control: Arc<Control>,
    signals: Option<Signals>,
    make_handler: F,
) -> Result<(), ServeError>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    let web_servers = WebServers::parse(std::env::var(web_servers::VARIABLE).ok().as_deref());
    let server =
        Arc::new(Server { options, web_servers, control, pool: Pool::default(), make_handler });
    let Listening { socket, path: _removed_at_the_end } = listening;
    let own = Listener::copy(&socket).map_err(ServeError::Listening)?;
    let others = start_workers(&server, &socket);
    // Workers have copies; the original would keep the queue open after they have stopped.
    drop(socket);
    let outcome = match &others {
        Ok(_) => work(&server, own, signals),
        Err(_) => Ok(()),
    };
    server.control.stop();
    let deadline = server.control.deadline() + GRACE;
    let outcome = outcome.and(wait_for_workers(&others?, deadline));
    server.pool.finish(deadline);
    outcome
}

/// Starts all workers but the first, which is the calling thread. Their outcomes can be received.
fn start_workers<F, H>(
    server: &Arc<Server<F>>,
    socket: &ListeningSocket,
) -> Result<Receiver<Result<(), ServeError>>, ServeError>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    let (sender, receiver) = mpsc::channel();
    for number in 1..server.options.workers {
        let listener = Listener::copy(socket).map_err(ServeError::Listening)?;
        let (server, sender) = (Arc::clone(server), sender.clone());
        let body = move || {
            let outcome = work(&server, listener, None);
            // One that ends ends all, also when it could not start.
            server.control.stop();
            // Nobody receives after the deadline; then the process ends anyway.
            let _ = sender.send(outcome);
        };
        let thread = thread::Builder::new().name(format!("worker {number}"));
        thread.spawn(body).map_err(ServeError::Thread)?;
    }
    Ok(receiver)
}

fn work<F, H>(
    server: &Arc<Server<F>>,
    listener: Listener,
    signals: Option<Signals>,
) -> Result<(), ServeError>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    let make = || (server.make_handler)();
    Worker::new(server, &make, listener, signals)?.run()
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

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
