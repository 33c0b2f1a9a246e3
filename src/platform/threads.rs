//! Two things done at the same time.

use std::thread;

/// Does both, `other` in a thread of its own. Where the system gives no further thread, one after the other.
pub fn side_by_side<A: Send, B>(
    mut other: impl FnMut() -> A + Send,
    this: impl FnOnce() -> B,
) -> (A, B) {
    let mut theirs = None;
    let mine = thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, &mut other);
        let mine = this();
        theirs = started
            .ok()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        mine
    });
    (theirs.unwrap_or_else(other), mine)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn both_are_under_way_at_once() {
        let both = Barrier::new(2);
        let outcome = side_by_side(
            || {
                both.wait();
                1
            },
            || {
                both.wait();
                2
            },
        );
        assert_eq!(outcome, (1, 2));
    }
}
