//! The BitTorrent tracker protocol, pure: no I/O, no clock, no configuration.

mod announce;
mod client;
mod identity;
mod query;
mod reply;
mod scrape;
mod time;

pub use announce::{AnnounceError, AnnounceRequest, Event, StatedAddresses};
pub use client::ClientName;
pub use identity::{ClientKey, CompactV4, CompactV6, InfoHash, InfoHashV2, PeerId};
pub use query::{Parameters, percent_decoded};
pub use reply::{
    AnnounceReply, Failure, FamilyPeers, PeerList, RetryIn, ScrapeEntry, ScrapeReply, interval_for,
};
pub use scrape::{ScrapeError, ScrapeRequest};
pub use time::{Seconds, Timestamp};
