//! What threads beside the event loops are given to do, and the way back of an answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use super::codec::OwnedRequest;
use crate::gateway::{Chore, Response};

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

impl SlowRequest {
    /// Sends the answer off.
    pub fn reply(self, response: Response) {
        let Self { number, ticket, reply_to, .. } = self;
        reply_to.put(SlowReply { number, ticket, response });
    }
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

/// A panic elsewhere leaves nothing half done behind these locks: each holds plain lists and counts
/// that are changed in one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
