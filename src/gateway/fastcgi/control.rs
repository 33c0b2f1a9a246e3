//! The way to tell running workers to stop or to reload.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use mio::Waker;

use super::server::STOP_LIMIT;

/// A handle on a responder that runs.
#[derive(Debug, Default)]
pub struct Control {
    stopped_at: OnceLock<Instant>,
    reloads: AtomicU64,
    wakers: Mutex<Vec<Arc<Waker>>>,
}

impl Control {
    /// For a responder that is to be started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accept no more, finish what is in flight, end.
    pub fn stop(&self) {
        self.stopped_at.get_or_init(Instant::now);
        self.wake();
    }

    /// Have every handler look at its configuration anew.
    pub fn reload(&self) {
        self.reloads.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    /// Whether it is to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopped_at.get().is_some()
    }

    /// Until when requests in flight may take: some seconds after the first word to stop.
    pub(super) fn deadline(&self) -> Instant {
        self.stopped_at.get().copied().unwrap_or_else(Instant::now) + STOP_LIMIT
    }

    /// How often it was to reload.
    pub(super) fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::SeqCst)
    }

    /// Has `waker` woken on every change from now on.
    pub(super) fn tell(&self, waker: Arc<Waker>) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    fn wake(&self) {
        for waker in &*self.wakers.lock().unwrap_or_else(PoisonError::into_inner) {
            log_failure(waker.wake());
        }
    }
}

fn log_failure(woken: io::Result<()>) {
    if let Err(error) = woken {
        crate::error!("cannot wake a worker: {error}");
    }
}
