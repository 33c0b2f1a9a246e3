//! The BitTorrent tracker protocol, pure: no I/O, no clock, no configuration.

mod announce;
pub mod bencode;
mod checksums;
mod client;
mod endpoint;
mod generation;
mod handshake;
mod identity;
mod magnet;
mod metainfo;
mod new_torrent;
mod parameter;
mod passkey;
mod pieces;
mod query;
mod reply;
mod rewrite;
mod scrape;
mod scrape_url;
mod scraped;
mod time;
pub mod udp;
mod url;

pub use announce::{AnnounceError, AnnounceRequest, Event, StatedAddresses};
pub use bencode::BencodeError;
pub use checksums::{Checksum, ChecksumList, ChecksumListError, ChecksumListKind, Checksums};
pub use client::{
    BOUND_LEN, Bound, ClientClass, ClientName, ClientPattern, NoPattern, SeenClient, agent_fits,
    agent_pairs, names_client, pattern_pairs,
};
pub use endpoint::{ENDPOINT_LEN, Endpoint};
pub use generation::Generation;
pub use handshake::{HANDSHAKE_LEN, Handshake, NotAHandshake};
pub use identity::{ClientKey, CompactV4, CompactV6, InfoHash, InfoHashV2, PeerId};
pub use magnet::{Magnet, MagnetError};
pub use metainfo::name::{is_invisible, sanitized as shown_name};
#[cfg(test)]
pub(crate) use metainfo::sample;
pub use metainfo::{
    ContentCheck, ContentFile, Contents, Flaw, InfoHashes, Metainfo, MetainfoError, SoleFile,
    sole_file,
};
pub use new_torrent::{ContentHashes, MOST_LEVELS, NewFile, NewInfo, NewTorrent};
pub use parameter::{Standing, UnderstoodParameter, without_secrets};
pub use passkey::Passkey;
pub use pieces::{PieceLength, TorrentVersion, V1Hash, V2Hash};
pub use query::{Parameters, percent_decoded};
pub use reply::{
    AnnounceReply, Failure, FamilyPeers, PeerList, RetryIn, ScrapeEntry, ScrapeFigures,
    ScrapeReply, interval_for,
};
pub use rewrite::NewAddresses;
pub use scrape::{ScrapeError, ScrapeRequest};
pub use scrape_url::MOST_ASKED;
pub use scraped::{NotScraped, ScrapeFault, ScrapeFaults, Scraped, ScrapedTorrent};
pub use time::{CLOCK_TOLERANCE, Seconds, Timestamp};
pub use url::{HttpUrl, Url, UrlError, origin};
