//! The BitTorrent tracker protocol, pure: no I/O, no clock, no configuration.

mod announce;
mod identity;
mod time;

pub use announce::{AnnounceError, AnnounceRequest, Event, StatedAddresses};
pub use identity::{ClientKey, CompactV4, CompactV6, InfoHash, InfoHashV2, PeerId};
pub use time::{Seconds, Timestamp};
