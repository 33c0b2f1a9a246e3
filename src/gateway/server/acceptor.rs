//! One worker's copy of the socket that listens: whether anybody waits there, and who is let in.

use std::time::{Duration, Instant};

use super::socket::{AcceptFailure, Listener, Socket, accept_failure};
use super::web_servers::WebServers;

/// How long to wait for descriptors to become free.
const PAUSE: Duration = Duration::from_millis(200);

/// The socket that listens, until it is closed.
#[derive(Debug)]
pub struct Acceptor {
    listener: Option<Listener>,
    web_servers: WebServers,
    /// Somebody may be waiting.
    ready: bool,
    /// Not before this.
    paused_until: Option<Instant>,
}

/// What one attempt to accept a connection gave.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Socket(Socket),
    /// One that was refused or is gone; there may be another.
    Lost,
    /// Nobody waits, or none can be accepted just now.
    Nobody,
}

impl Acceptor {
    /// Accepts from these web servers.
    #[must_use]
    pub fn new(listener: Listener, web_servers: WebServers) -> Self {
        Self { listener: Some(listener), web_servers, ready: true, paused_until: None }
    }

    /// Whether it accepts no more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.listener.is_none()
    }

    /// Accepts no more.
    pub fn close(&mut self) {
        self.listener = None;
    }

    /// Somebody may be waiting.
    pub fn on_ready(&mut self) {
        self.ready = true;
    }

    /// How long from `now` until it is worth trying; `None` until somebody comes.
    #[must_use]
    pub fn next_attempt(&self, now: Instant) -> Option<Duration> {
        if self.listener.is_none() || !self.ready {
            return None;
        }
        Some(self.paused_until.map_or(Duration::ZERO, |until| until.duration_since(now)))
    }

    /// Accepts one connection, without waiting.
    pub fn accept(&mut self, now: Instant) -> Accepted {
        let Some(listener) = &self.listener else { return Accepted::Nobody };
        if !self.ready || self.paused_until.is_some_and(|until| now < until) {
            return Accepted::Nobody;
        }
        self.paused_until = None;
        let error = match listener.accept() {
            Ok((socket, peer)) if self.web_servers.allow(peer) => return Accepted::Socket(socket),
            Ok((_, peer)) => {
                crate::warning!("connection refused: {peer:?} is not one of our web servers");
                return Accepted::Lost;
            }
            Err(error) => error,
        };
        match accept_failure(&error) {
            AcceptFailure::Nobody => self.ready = false,
            AcceptFailure::Connection => return Accepted::Lost,
            AcceptFailure::Process => {
                crate::error!("cannot accept connections, pausing: {error}");
                self.paused_until = Some(now + PAUSE);
            }
        }
        Accepted::Nobody
    }
}
