//! A handler behind a wall: a panic in it becomes a 500 and a log line, and the handler is recreated.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use super::{Answer, Chore, Handler, Rejection, Request, Response, Status};

/// Has panics logged as all else is: Rust's own way knows no limit.
pub(super) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| crate::error!("{panic}")));
}

/// A handler and the way to make another.
pub(super) struct Guarded<'a, H> {
    make: &'a dyn Fn() -> H,
    handler: Option<H>,
}

impl<'a, H: Handler> Guarded<'a, H> {
    /// Makes the handler right away, on this thread.
    pub(super) fn new(make: &'a dyn Fn() -> H) -> Self {
        let mut guarded = Self { make, handler: None };
        guarded.run("starting", |_| ());
        guarded
    }

    /// [`Handler::body_limit`] of a method that takes a body, and 0 of others; 0 when that panics.
    pub(super) fn body_limit(&mut self, request: &Request<'_>) -> usize {
        if !request.method.takes_body() {
            return 0;
        }
        self.run("asking for the limit of a body", |handler| handler.body_limit(request))
            .unwrap_or_default()
    }

    /// [`Handler::answer`] into a cleared response; a panic is an answer too.
    pub(super) fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        self.fill("answering a request", response, |handler, response| {
            handler.answer(request, response)
        })
    }

    /// [`Handler::answer_slowly`] into a cleared response.
    pub(super) fn answer_slowly(
        &mut self,
        request: &Request<'_>,
        response: &mut Response,
    ) -> Answer {
        self.fill("answering a request slowly", response, |handler, response| {
            handler.answer_slowly(request, response)
        })
    }

    /// [`Handler::answer_patiently`] into a cleared response.
    pub(super) fn answer_patiently(&mut self, request: &Request<'_>, response: &mut Response) {
        self.fill("answering a request patiently", response, |handler, response| {
            handler.answer_patiently(request, response);
            Answer::Ready
        });
    }

    /// [`Handler::refuse`] into a cleared response.
    pub(super) fn refuse(&mut self, request: &Request<'_>, response: &mut Response) {
        self.fill("refusing a request", response, |handler, response| {
            handler.refuse(request, response);
            Answer::Ready
        });
    }

    /// [`Handler::reject`] into a cleared response.
    pub(super) fn reject(
        &mut self,
        request: &Request<'_>,
        rejection: Rejection,
        response: &mut Response,
    ) {
        self.fill("rejecting a request", response, |handler, response| {
            handler.reject(request, rejection, response);
            Answer::Ready
        });
    }

    fn fill(
        &mut self,
        task: &str,
        response: &mut Response,
        answer: impl FnOnce(&mut H, &mut Response) -> Answer,
    ) -> Answer {
        response.clear();
        self.run(task, |handler| answer(handler, response)).unwrap_or_else(|| {
            response.refuse(Status::InternalServerError, "Internal error; it has been logged.");
            Answer::Ready
        })
    }

    /// [`Handler::after_reply`].
    pub(super) fn after_reply(&mut self) {
        self.run("finishing a reply", Handler::after_reply);
    }

    /// The chores for which [`Handler::is_due`]; none when that panics.
    pub(super) fn chores_due(&mut self) -> Vec<Chore> {
        let due = |handler: &mut H| {
            Chore::ALL.into_iter().filter(|&chore| handler.is_due(chore)).collect()
        };
        self.run("looking for chores", due).unwrap_or_default()
    }

    /// [`Handler::claim`].
    pub(super) fn claim(&mut self, chore: Chore) {
        self.run("claiming a chore", |handler| handler.claim(chore));
    }

    /// [`Handler::run_chore`].
    pub(super) fn run_chore(&mut self, chore: Chore) {
        self.run("doing a chore", |handler| handler.run_chore(chore));
    }

    /// [`Handler::chores_log`].
    pub(super) fn chores_log(&mut self) -> Option<PathBuf> {
        self.run("asking for the log of chores", |handler| handler.chores_log()).flatten()
    }

    /// [`Handler::reload`].
    pub(super) fn reload(&mut self) {
        self.run("reloading", Handler::reload);
    }

    /// Runs `work`, on a new handler when the last one panicked. `None`: it panicked.
    ///
    /// Whatever state a panic leaves half changed is in the handler, which is dropped, or in the
    /// response, which is cleared; so nothing broken is seen afterwards.
    fn run<T>(&mut self, task: &str, work: impl FnOnce(&mut H) -> T) -> Option<T> {
        let make = self.make;
        let handler = &mut self.handler;
        match catch_unwind(AssertUnwindSafe(|| work(handler.get_or_insert_with(make)))) {
            Ok(value) => Some(value),
            Err(panic) => {
                crate::error!("panic while {task}: {}; please report it", panic_text(&*panic));
                let broken = self.handler.take();
                if catch_unwind(AssertUnwindSafe(|| drop(broken))).is_err() {
                    crate::error!("panic while dropping a handler that had panicked");
                }
                None
            }
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "(no message)"
    }
}
