//! How far a transfer from somebody else's server may go.

use std::io;
use std::time::{Duration, Instant};

/// What is given to one server at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a reply, and of what it is unpacked to.
    pub bytes: usize,
    /// Time for all together: the look-up of its name, connections, requests, replies.
    pub time: Duration,
    /// Which addresses may be asked.
    pub targets: Targets,
}

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Whatever the person who typed the URL names.
    Any,
    /// Hosts in the Internet only: what strangers name must not lead into a private network.
    Public,
}

/// When the time for all together is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The time that is left; an error of time when none is.
    pub(super) fn left(self) -> io::Result<Duration> {
        match self.0.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}
