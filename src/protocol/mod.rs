//! The BitTorrent tracker protocol, pure: no I/O, no clock, no configuration.

mod announce;
pub mod bencode;
mod identity;
mod metainfo;
mod time;

pub use announce::{AnnounceError, AnnounceRequest, Event, StatedAddresses};
pub use bencode::BencodeError;
pub use identity::{ClientKey, CompactV4, CompactV6, InfoHash, InfoHashV2, PeerId};
#[cfg(test)]
pub(crate) use metainfo::sample;
pub use metainfo::{InfoHashes, MAX_FILE, Metainfo, MetainfoError};
pub use time::{Seconds, Timestamp};
