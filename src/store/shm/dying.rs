//! For tests: a process that dies at any write it is told to.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<Option<u64>> = const { Cell::new(None) };
    static MANNER: Cell<fn()> = const { Cell::new(|| {}) };
}

/// Has this thread die in a certain manner at the write after so many.
pub(super) fn after(steps: u64, manner: fn()) {
    MANNER.set(manner);
    STEPS.set(Some(steps));
}

/// Lets this thread live.
pub(super) fn never() {
    STEPS.set(None);
}

/// How many more writes there will be before it dies.
pub(super) fn left() -> Option<u64> {
    STEPS.get()
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
