//! FastCGI 1.0: records (`record`), and the protocol on one connection (`codec`) for the event loop of
//! `server`.

mod codec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod params;
pub mod record;
#[cfg(test)]
pub(super) mod testing;

pub use codec::FastCgi;
pub use params::Params;
