//! How the web server talks to us: CGI (RFC 3875) and FastCGI 1.0, bytes to `Request` and
//! `Response`. Knows nothing of what the requests are about.

mod body;
pub mod cgi;
mod chore;
mod client_address;
pub mod fastcgi;
mod guarded;
mod invocation;
mod listening;
mod rejection;
mod request;
mod response;
pub mod server;

use std::path::PathBuf;

pub use body::Body;
pub use cgi::Environment;
pub use chore::Chore;
pub use client_address::Proxies;
pub use invocation::Invocation;
pub use listening::{ListenAddress, ListenError, Listening};
pub use rejection::Rejection;
use rejection::content_length;
pub use request::{Method, Request, Variables};
pub use response::{Response, Status};

/// What answers requests. Each thread has one of its own.
pub trait Handler {
    /// How many bytes of body a request may bring at most; all that is known of the request but its body is in it.
    /// More is refused. 0: its body is of no use, so that nothing of it is kept, however much is sent. Asked
    /// only for methods that take a body. Must not wait.
    fn body_limit(&mut self, request: &Request<'_>) -> usize;

    /// Answers what is quick. Must not wait: for a lock, a disk, a network. Anything else is left to a handler
    /// on another thread, so that it delays nobody.
    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer;

    /// Answers what takes long. Must not wait for others either: `Answer::WouldWait` leaves it to a thread
    /// that does, and so does `Answer::Later`.
    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response) -> Answer;

    /// Answers any request, and waits where it has to.
    fn answer_patiently(&mut self, request: &Request<'_>, response: &mut Response);

    /// Refuses a request because too many others wait to be answered. Must be quick. The body is not in the
    /// request any more.
    fn refuse(&mut self, request: &Request<'_>, response: &mut Response);

    /// Says in the words of its own that a request is rejected: of its variables there may be a part only, and of its body
    /// there is nothing. Must be quick.
    fn reject(&mut self, request: &Request<'_>, rejection: Rejection, response: &mut Response) {
        let _ = request;
        rejection.fill(response);
    }

    /// Does at once what was left until a reply was out: in a process that answers one request, before its chores.
    fn after_reply(&mut self) {}

    /// Whether a chore waits to be done now that replies are out. Must be cheap.
    fn is_due(&mut self, chore: Chore) -> bool;

    /// Notes that a chore is about to be done, so that nobody else begins it as well.
    fn claim(&mut self, chore: Chore);

    /// Does a chore; never on a thread that answers announces.
    fn run_chore(&mut self, chore: Chore);

    /// The file that takes what chores log when they run in a process that the web server does not
    /// hear: after a CGI's reply. The next such process shows it to the web server.
    fn chores_log(&self) -> Option<PathBuf>;

    /// Reads the configuration again for the handlers of all threads (SIGHUP); never on a thread that answers
    /// announces.
    fn reload(&mut self);
}

/// Whether a response is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The response is filled in.
    Ready,
    /// It takes long; nothing was filled in.
    Later,
    /// It has to wait for others, such as the holder of a lock; nothing was filled in.
    WouldWait,
}
