//! How the web server talks to us: CGI (RFC 3875) and FastCGI 1.0, bytes to `Request` and
//! `Response`. Knows nothing of what the requests are about.

pub mod cgi;
mod client_address;
mod face;
pub mod fastcgi;
mod guarded;
mod listening;
mod refusal;
mod request;
mod response;

use std::path::PathBuf;

pub use cgi::Environment;
pub use client_address::Proxies;
pub use face::Face;
pub use listening::{ListenAddress, ListenError, Listening};
pub use refusal::Refusal;
use refusal::content_length;
pub use request::{Method, Request, Variables};
pub use response::Response;

/// What answers requests. Each worker thread has one of its own.
pub trait Handler {
    /// Whether a request's body is of use; all that is known of the request but its body is in it. Of
    /// any other request nothing is kept, however much is sent.
    fn wants_body(&mut self, request: &Request<'_>) -> bool;

    /// Answers what is quick. `Answer::Later` means that it may take long: the request is then given
    /// to `answer_slowly` of a handler on another thread, so that it delays nobody.
    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer;

    /// Answers what `answer` left.
    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response);

    /// Whether something waits to be done now that the reply is out. Must be cheap.
    fn chores_due(&mut self) -> bool;

    /// Notes that it is about to be done, so that no other process begins it as well.
    fn claim_chores(&mut self);

    /// Does it; never on a thread that answers announces.
    fn do_chores(&mut self);

    /// The file that takes what chores log when they run in a process that the web server does not
    /// hear: after a CGI's reply. The next such process shows it to the web server.
    fn chores_log(&self) -> Option<PathBuf>;

    /// Looks at the configuration anew (SIGHUP).
    fn reload(&mut self);
}

/// Whether a response is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The response is filled in.
    Ready,
    /// It would take long; nothing was filled in.
    Later,
}
