//! What a responder is told at its start, and why it may not run.

use std::io;
use std::time::Duration;

use super::codec::Limits;
use super::web_servers::WebServers;

/// Limits of a responder.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that answer; at least one is started.
    pub workers: usize,
    /// Threads for what takes long, at most; at least one.
    pub pool_threads: usize,
    /// What connections accept.
    pub limits: Limits,
    /// How long a connection may be idle, half-sent, or not read by the web server.
    pub timeout: Duration,
    /// Who may connect.
    pub web_servers: WebServers,
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
