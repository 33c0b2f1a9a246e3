//! Replies to announces and scrapes, bencoded straight into the caller's buffer.
//!
//! Keys stand in byte order, as BEP 3 wants them; nothing is allocated but the buffer's growth.

use std::io::Write as _;
use std::net::IpAddr;

use super::bencode::write::{integer, length, string};
use super::identity::fnv1a;
use super::{CompactV4, CompactV6, InfoHash, PeerId, Seconds};

/// When a client may try again after a failure (BEP 31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryIn {
    /// After so many minutes. BEP 31 wants a positive number, so 0 is sent as 1.
    Minutes(u32),
    /// It will be in vain.
    Never,
}

/// A refusal; legal as the answer to an announce and to a scrape. The intervals are for clients that
/// do not know BEP 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Shown to the person in front of the client.
    pub reason: &'a str,
    /// When to try again, if that is known.
    pub retry_in: Option<RetryIn>,
    /// Until the next announce.
    pub interval: Seconds,
    /// The least time until the next announce.
    pub min_interval: Seconds,
}

impl Failure<'_> {
    /// Appends the bencoded reply to `out`. `retry in` is an integer of minutes, or the string
    /// "never": BEP 31 words it so, although its examples show the minutes as a string.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"d14:failure reason");
        string(out, self.reason.as_bytes());
        out.extend_from_slice(b"8:interval");
        integer(out, self.interval.0);
        out.extend_from_slice(b"12:min interval");
        integer(out, self.min_interval.0);
        match self.retry_in {
            Some(RetryIn::Minutes(minutes)) => {
                out.extend_from_slice(b"8:retry in");
                integer(out, minutes.max(1));
            }
            Some(RetryIn::Never) => out.extend_from_slice(b"8:retry in5:never"),
            None => {}
        }
        out.push(b'e');
    }
}

/// The answer to an announce that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceReply<'a> {
    /// Seeders.
    pub complete: u32,
    /// Downloads that ended.
    pub downloaded: u64,
    /// The address that the tracker sees the client at (BEP 24).
    pub external_ip: Option<IpAddr>,
    /// Peers that are no seeders.
    pub incomplete: u32,
    /// Until the next announce.
    pub interval: Seconds,
    /// The least time until the next announce.
    pub min_interval: Seconds,
    /// Some peers of the swarm.
    pub peers: PeerList<'a>,
    /// Shown to the person in front of the client; the announce counts all the same.
    pub warning: Option<&'a str>,
}

/// Peers in one of the two forms that clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerList<'a> {
    /// Strings of addresses: `peers` (BEP 23) and, unless empty, `peers6` (BEP 7).
    Compact {
        /// IPv4 addresses.
        v4: &'a [CompactV4],
        /// IPv6 addresses.
        v6: &'a [CompactV6],
    },
    /// One list of dictionaries, an entry for each address (BEP 3).
    Dictionaries {
        /// IPv4 addresses.
        v4: FamilyPeers<'a, CompactV4>,
        /// IPv6 addresses.
        v6: FamilyPeers<'a, CompactV6>,
    },
}

/// The addresses of one family and whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyPeers<'a, A> {
    /// The addresses.
    pub addresses: &'a [A],
    /// The peer id of each address, in the same order; empty to leave peer ids out.
    pub peer_ids: &'a [PeerId],
}

impl AnnounceReply<'_> {
    /// Appends the bencoded reply to `out`. `peers` is always there, if only as an empty string;
    /// `external ip` is raw bytes, 4 or 16 of them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"d8:complete");
        integer(out, self.complete);
        out.extend_from_slice(b"10:downloaded");
        integer(out, self.downloaded);
        match self.external_ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => {
                out.extend_from_slice(b"11:external ip4:");
                out.extend_from_slice(&ip.octets());
            }
            Some(IpAddr::V6(ip)) => {
                out.extend_from_slice(b"11:external ip16:");
                out.extend_from_slice(&ip.octets());
            }
            None => {}
        }
        out.extend_from_slice(b"10:incomplete");
        integer(out, self.incomplete);
        out.extend_from_slice(b"8:interval");
        integer(out, self.interval.0);
        out.extend_from_slice(b"12:min interval");
        integer(out, self.min_interval.0);
        self.peers.encode(out);
        if let Some(warning) = self.warning {
            out.extend_from_slice(b"15:warning message");
            string(out, warning.as_bytes());
        }
        out.push(b'e');
    }
}

impl PeerList<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"5:peers");
        match self {
            PeerList::Compact { v4, v6 } => {
                addresses(out, v4, |address| address.0);
                if !v6.is_empty() {
                    out.extend_from_slice(b"6:peers6");
                    addresses(out, v6, |address| address.0);
                }
            }
            PeerList::Dictionaries { v4, v6 } => {
                out.push(b'l');
                v4.encode(out, |address| (address.ip().into(), address.port()));
                v6.encode(out, |address| (address.ip().into(), address.port()));
                out.push(b'e');
            }
        }
    }
}

impl<A: Copy> FamilyPeers<'_, A> {
    fn encode(&self, out: &mut Vec<u8>, ip_and_port: impl Fn(A) -> (IpAddr, u16)) {
        let mut peer_ids = self.peer_ids.iter();
        for &address in self.addresses {
            let (ip, port) = ip_and_port(address);
            out.extend_from_slice(b"d2:ip");
            address_text(out, ip);
            if let Some(peer_id) = peer_ids.next() {
                out.extend_from_slice(b"7:peer id20:");
                out.extend_from_slice(&peer_id.0);
            }
            out.extend_from_slice(b"4:port");
            integer(out, port);
            out.push(b'e');
        }
    }
}

/// The figures of one swarm in a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeEntry<'a> {
    /// The swarm.
    pub info_hash: InfoHash,
    /// Seeders.
    pub complete: u32,
    /// Downloads that ended.
    pub downloaded: u64,
    /// Peers that want data: `incomplete` without the partial seeds (BEP 21).
    pub downloaders: u32,
    /// Peers that are no seeders.
    pub incomplete: u32,
    /// The torrent's name.
    pub name: Option<&'a str>,
    /// How its peers get on, where the owner wants that told.
    pub figures: Option<ScrapeFigures>,
}

/// How the peers of a swarm get on, as PHPBTTracker+ tells it in scrapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeFigures {
    /// How much of the content those have on average who download, in percent: 0 to 100.
    pub average_done: u32,
    /// Bytes a second that all peers together receive.
    pub speed: u64,
    /// Bytes that all peers ever received.
    pub transferred: u64,
}

/// The answer to a scrape (BEP 48).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeReply<'a> {
    /// The swarms, in any order; of those with one info-hash only one is sent.
    pub entries: Vec<ScrapeEntry<'a>>,
    /// The least time until the next scrape.
    pub min_request_interval: Seconds,
}

impl ScrapeReply<'_> {
    /// Appends the bencoded reply to `out`, sorted by info-hash.
    pub fn encode(mut self, out: &mut Vec<u8>) {
        self.entries.sort_by_key(|entry| entry.info_hash);
        self.entries.dedup_by_key(|entry| entry.info_hash);
        out.extend_from_slice(b"d5:filesd");
        for entry in &self.entries {
            entry.encode(out);
        }
        out.extend_from_slice(b"e5:flagsd20:min_request_interval");
        integer(out, self.min_request_interval.0);
        out.extend_from_slice(b"ee");
    }
}

impl ScrapeEntry<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"20:");
        out.extend_from_slice(&self.info_hash.0);
        out.push(b'd');
        if let Some(figures) = self.figures {
            out.extend_from_slice(b"11:averagedone");
            integer(out, figures.average_done);
        }
        out.extend_from_slice(b"8:complete");
        integer(out, self.complete);
        out.extend_from_slice(b"10:downloaded");
        integer(out, self.downloaded);
        out.extend_from_slice(b"11:downloaders");
        integer(out, self.downloaders);
        out.extend_from_slice(b"10:incomplete");
        integer(out, self.incomplete);
        if let Some(name) = self.name {
            out.extend_from_slice(b"4:name");
            string(out, name.as_bytes());
        }
        if let Some(figures) = self.figures {
            out.extend_from_slice(b"5:speed");
            integer(out, figures.speed);
            out.extend_from_slice(b"9:speedunit1:B11:transferred");
            integer(out, figures.transferred);
            out.extend_from_slice(b"15:transferredunit1:B");
        }
        out.push(b'e');
    }
}

/// The interval that `peer` is told: `base` plus up to a tenth of it, always the same for one peer,
/// so that clients which came at once after an outage drift apart.
#[must_use]
pub fn interval_for(base: Seconds, peer: PeerId) -> Seconds {
    let digest = fnv1a(&peer.0);
    let steps = u64::from(base.0 / 10) + 1;
    let extra = (digest ^ (digest >> 32)) % steps;
    Seconds(base.0.saturating_add(u32::try_from(extra).unwrap_or(0)))
}

fn addresses<A: Copy, const N: usize>(
    out: &mut Vec<u8>,
    addresses: &[A],
    bytes: impl Fn(A) -> [u8; N],
) {
    length(out, N * addresses.len());
    let start = out.len();
    out.resize(start + N * addresses.len(), 0);
    let (slots, _) = out[start..].as_chunks_mut::<N>();
    for (slot, &address) in slots.iter_mut().zip(addresses) {
        *slot = bytes(address);
    }
}

fn address_text(out: &mut Vec<u8>, ip: IpAddr) {
    const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();
    let mut text = [0; LONGEST];
    let mut room = text.as_mut_slice();
    // It fits, so it cannot fail.
    _ = write!(room, "{ip}");
    let unused = room.len();
    string(out, &text[..LONGEST - unused]);
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
