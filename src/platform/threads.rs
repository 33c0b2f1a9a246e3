//! Two things done at the same time.

use crate::platform::order::Order as _;

use std::iter;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Does both, `other` in a thread of its own. Where the system gives no further thread, one after the other.
pub fn side_by_side<A: Send, B>(
    mut other: impl FnMut() -> A + Send,
    this: impl FnOnce() -> B,
) -> (A, B) {
    let mut theirs = None;
    let mine = thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, &mut other);
        let mine = this();
        theirs =
            started.ok().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        mine
    });
    (theirs.unwrap_or_else(other), mine)
}

/// Makes something of each of many, in their order. Two threads are at it: who is done with one takes the next.
pub fn each_side_by_side<T: Send, U: Send>(many: Vec<T>, make: impl Fn(T) -> U + Sync) -> Vec<U> {
    let waiting = Mutex::new(many.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || iter::from_fn(next).map(|(place, it)| (place, make(it))).collect::<Vec<_>>();
    let (theirs, mut made) = side_by_side(work, work);
    made.extend(theirs);
    made.order_by_key(|(place, _)| *place);
    made.into_iter().map(|(_, it)| it).collect()
}

/// Work that a thread of its own does, while the one that has begun it goes on. Who drops it waits for its end.
#[derive(Debug)]
pub struct Meanwhile<T> {
    thread: Option<JoinHandle<T>>,
    /// What was made at once, where the system gave no further thread.
    made: Option<T>,
}

impl<T: Send + 'static> Meanwhile<T> {
    /// Begins to make something of `material`.
    pub fn begin<A: Send + Sync + 'static>(material: A, work: fn(&A) -> T) -> Self {
        let material = Arc::new(material);
        let theirs = Arc::clone(&material);
        match thread::Builder::new().spawn(move || work(&theirs)) {
            Ok(thread) => Self { thread: Some(thread), made: None },
            Err(_) => Self { thread: None, made: Some(work(&material)) },
        }
    }

    /// What was made, once it is.
    pub fn end(mut self) -> Option<T> {
        let thread = self.thread.take();
        let made = thread.map(|it| it.join().unwrap_or_else(|panic| resume_unwind(panic)));
        made.or(self.made.take())
    }
}

impl<T> Drop for Meanwhile<T> {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Its panic has been told, and what it has made nobody wants.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn what_is_made_of_many_comes_in_their_order() {
        for many in [0..0, 0..1, 0..7] {
            let doubled: Vec<i32> = many.clone().map(|it| it * 2).collect();
            assert_eq!(each_side_by_side(many.collect(), |it| it * 2), doubled);
        }
    }

    #[test]
    fn who_drops_what_goes_on_meanwhile_waits_for_it() {
        let both = Arc::new((Barrier::new(2), AtomicBool::new(false)));
        let work = |it: &Arc<(Barrier, AtomicBool)>| {
            it.0.wait();
            it.1.store(true, Ordering::Relaxed);
            7
        };
        let meanwhile = Meanwhile::begin(Arc::clone(&both), work);
        both.0.wait();
        drop(meanwhile);
        assert!(both.1.load(Ordering::Relaxed));
        assert_eq!(Meanwhile::begin(6, |it| it + 1).end(), Some(7));
    }
}
