//! The way to tell running workers to stop or to reload.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mio::Waker;

/// How long requests in flight may still take once the responder is to stop.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(4);

/// A handle on a responder that runs.
#[derive(Debug, Default)]
pub struct Control {
    stopped_at: OnceLock<Instant>,
    reload: AtomicBool,
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
        self.wake_all();
    }

    /// Have the configuration read again.
    pub fn reload(&self) {
        self.reload.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Whether it is to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopped_at.get().is_some()
    }

    /// Until when requests in flight may take: some seconds after the first word to stop.
    pub(super) fn deadline(&self) -> Instant {
        self.stopped_at.get().copied().unwrap_or_else(Instant::now) + STOP_LIMIT
    }

    /// Whether a reload was asked for; of all who ask, one gets it.
    pub(super) fn take_reload(&self) -> bool {
        self.reload.load(Ordering::SeqCst) && self.reload.swap(false, Ordering::SeqCst)
    }

    /// Has `waker` woken on every change from now on.
    pub(super) fn add_waker(&self, waker: Arc<Waker>) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    fn wake_all(&self) {
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
