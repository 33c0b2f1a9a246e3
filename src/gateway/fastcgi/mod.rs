//! A FastCGI 1.0 responder: records (`record`), the protocol on one connection (`connection`), and
//! the server that moves the bytes (`server`, `worker`, `client`, `pool`).

mod body;
mod client;
pub mod connection;
mod control;
mod output;
mod params;
mod pool;
pub mod record;
mod server;
mod slots;
mod socket;
#[cfg(test)]
mod testing;
mod web_servers;
mod worker;

pub use control::Control;
pub use params::Params;
pub use server::{Options, ServeError, serve, serve_until};
