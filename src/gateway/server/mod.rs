//! A responder on stream sockets: one event loop a worker, a pool for what takes long, and a codec for what is
//! spoken. A transport of datagrams and HTTP/1.1 will stand beside FastCGI on the same loop.

mod acceptor;
mod codec;
mod connection;
mod connections;
mod control;
mod job;
mod options;
mod output;
mod pool;
mod queue;
mod serve;
mod socket;
#[cfg(test)]
mod tests;
mod web_servers;
mod worker;

pub use codec::{BodyLimit, Codec, Event, Limits, OwnedRequest, Transport};
pub use control::Control;
pub use options::{Options, ServeError};
pub use output::{Framing, LARGE, Output};
pub use serve::{serve, serve_until};
pub use web_servers::WebServers;
