//! What the event loop asks of a protocol on stream connections: bytes in, requests out, replies as bytes.

use std::fmt;

use super::output::{Framing, Output};
use crate::gateway::{Body, Environment, Rejection, Request, Response, Variables};

/// What a connection accepts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of parameters in a request at most.
    pub params: usize,
    /// Connections at once at most; all workers together.
    pub connections: usize,
}

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole request is there: see [`Codec::request`]; wants [`Codec::reply`].
    Request,
    /// A request breaks a limit or a rule: [`Codec::request`] has what is known of it; wants [`Codec::reply`].
    Rejected(Rejection),
    /// The web server wants no reply any more; the request has ended.
    Aborted,
}

/// What is to be done with the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// It is kept.
    Open,
    /// It is closed once the output is written.
    Close,
    /// The same, but the web server is still sending; what it sends must be read, or it may never
    /// see the reply.
    DrainAndClose,
}

/// Says how many bytes of body a request may bring at most; 0: nothing of it is kept.
pub type BodyLimit<'a> = &'a mut dyn FnMut(&Request<'_>) -> usize;

/// A protocol on one connection. Does no I/O and reads no clock. Reusable: its buffers live longer than the
/// connections they serve.
pub trait Codec {
    /// Why there is no way on with a peer.
    type Error: fmt::Display;
    /// The variables of a request.
    type Variables<'a>: Variables
    where
        Self: 'a;
    /// What stands between the pieces of a large reply.
    type Framing: Framing;

    /// For a connection on which nothing has been said.
    fn new(limits: Limits) -> Self;

    /// Makes it ready for another peer.
    fn reset(&mut self);

    /// Room for what is read next; empty while a whole request waits for the reply to the one before.
    fn room(&mut self) -> &mut [u8];

    /// Takes over the first `length` bytes of [`room`](Self::room).
    fn filled(&mut self, length: usize);

    /// The next event; `None` when more bytes are needed, or a reply. What the protocol itself
    /// answers is appended to `output`.
    ///
    /// # Errors
    /// When there is no way on; the connection must be closed.
    fn next(
        &mut self,
        output: &mut Output<Self::Framing>,
        body_limit: BodyLimit<'_>,
    ) -> Result<Option<Event>, Self::Error>;

    /// Whether the transport stays after what has been put out so far.
    fn transport(&self) -> Transport;

    /// Whether a request is being sent or answered.
    fn is_busy(&self) -> bool;

    /// The variables and the body of the request that wants a reply.
    fn request(&self) -> (Self::Variables<'_>, &[u8]);

    /// The same to keep, for another thread. The body is not here any more afterwards.
    fn take_request(&mut self) -> OwnedRequest;

    /// Puts the reply to the request out, and ends it. Of a large one the content is taken out of
    /// `response`.
    fn reply(&mut self, response: &mut Response, output: &mut Output<Self::Framing>);
}

/// A request that outlives its connection.
#[derive(Debug)]
pub struct OwnedRequest {
    variables: Environment,
    body: Body,
}

impl OwnedRequest {
    /// A copy of the variables, with the body itself.
    #[must_use]
    pub fn new(variables: &dyn Variables, body: Body) -> Self {
        Self { variables: Environment::copy_of(variables), body }
    }

    /// It, to be answered.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request::new(&self.variables, self.body.bytes())
    }
}
