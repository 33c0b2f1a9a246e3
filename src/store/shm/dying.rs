//! For tests: a thread or a process that dies at any write it is told to, with the lock that it holds,
//! or is stopped there.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<Option<u64>> = const { Cell::new(None) };
    static MANNER: Cell<fn()> = const { Cell::new(|| {}) };
    static IS_DEAD: Cell<bool> = const { Cell::new(false) };
}

/// What a thread that dies panics with.
pub(super) struct Died;

/// Has this thread die at the write after so many.
pub(super) fn thread_after(steps: u64) {
    MANNER.set(|| {
        IS_DEAD.set(true);
        std::panic::resume_unwind(Box::new(Died));
    });
    STEPS.set(Some(steps));
}

/// Has this process killed at the write after so many.
pub(super) fn process_after(steps: u64) {
    MANNER.set(|| {
        let own = std::process::id().cast_signed();
        // SAFETY: kill touches no memory, least of all that of who is killed by it.
        unsafe { libc::kill(own, libc::SIGKILL) };
    });
    STEPS.set(Some(steps));
}

/// Has this process stopped at the write after so many.
pub(super) fn stop_process_after(steps: u64) {
    MANNER.set(|| {
        // SAFETY: raise touches no memory.
        unsafe { libc::raise(libc::SIGSTOP) };
    });
    STEPS.set(Some(steps));
}

/// Whether this thread is as dead as a killed process, and gives nothing back.
pub(super) fn is_dead() -> bool {
    IS_DEAD.get()
}

/// A write is about to happen.
pub(super) fn step() {
    match STEPS.get() {
        None => {}
        Some(0) => {
            STEPS.set(None);
            MANNER.get()();
        }
        Some(steps) => STEPS.set(Some(steps - 1)),
    }
}
