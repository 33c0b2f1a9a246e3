//! The tracker protocol as clients meet it: each rule of BEP 3, 7, 21, 23, 24, 31, 48 and 52 that a
//! tracker has to keep, and what this one decides where they leave room. The executable is started
//! as a CGI for every request.

mod addresses;
mod bans;
mod both;
mod catalogue;
mod clients;
mod event_log;
mod explain;
mod folder;
mod formulas;
mod http;
mod imports;
mod limits;
mod list;
mod listed;
mod load;
mod metrics;
mod named;
mod opentracker;
mod peer_rules;
mod refresh;
mod reply;
mod request;
mod scrape;
mod stores;
mod swarm;
mod switches;
mod torrents;
mod trouble;
mod unidentified;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::harness::bencode::Value;
use crate::harness::http::encode;
use crate::harness::installation::{Call, Installation};

/// A swarm for tests that need but one.
const INFO_HASH: [u8; 20] = *b"one swarm of a test.";

/// A BitTorrent client in one swarm.
#[derive(Clone, Debug)]
pub struct Client {
    info_hash: [u8; 20],
    peer_id: [u8; 20],
    address: IpAddr,
    port: u16,
    key: &'static str,
}

/// Client `number` of the swarm, at 10.0.0.NUMBER, port 10000 and NUMBER, with a key of its own.
pub fn client(number: u8) -> Client {
    let peer_id = format!("-XX0001-{number:012}").into_bytes();
    Client {
        info_hash: INFO_HASH,
        peer_id: peer_id.try_into().expect("20 bytes"),
        address: Ipv4Addr::new(10, 0, 0, number).into(),
        port: 10_000 + u16::from(number),
        key: "",
    }
}

impl Client {
    pub fn of(self, info_hash: [u8; 20]) -> Self {
        Self { info_hash, ..self }
    }

    pub fn at(self, address: &str) -> Self {
        Self { address: address.parse().expect("an address"), ..self }
    }

    /// The same client over IPv6.
    fn over_ipv6(self) -> Self {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, self.port).into();
        Self { address, ..self }
    }

    fn with_key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    /// The query of its announce; of a parameter that `more` repeats, that value counts.
    fn query(&self, more: &str) -> String {
        let key = if self.key.is_empty() { String::new() } else { format!("&key={}", self.key) };
        format!(
            "info_hash={}&peer_id={}&port={}&uploaded=0&downloaded=0&left=1000{key}&{more}",
            encode(&self.info_hash),
            encode(&self.peer_id),
            self.port,
        )
    }

    /// Its announce, ready to be sent.
    fn call(&self, tracker: &Installation, more: &str) -> Call {
        tracker.get("/announce", self.query(more)).from(&self.address.to_string())
    }

    /// Announces as a leecher that lacks 1000 bytes, or as `more` says.
    pub fn announce(&self, tracker: &Installation, more: &str) -> Value {
        let value = self.call(tracker, more).value();
        assert_eq!(value.get("failure reason"), None, "{value:?}");
        value
    }

    /// Announces that it has everything.
    fn seed(&self, tracker: &Installation) -> Value {
        self.announce(tracker, "left=0")
    }

    /// The reason why its announce is refused.
    pub fn refused(&self, tracker: &Installation, more: &str) -> String {
        self.call(tracker, more).refusal()
    }

    fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// `complete`, `incomplete` and `downloaded` of an announce's or scrape's answer.
fn counts(value: &Value) -> (i64, i64, i64) {
    (value.number("complete"), value.number("incomplete"), value.number("downloaded"))
}

/// The addresses in a compact answer, in order of address.
fn peers(value: &Value) -> Vec<SocketAddr> {
    let ipv6 = value.get("peers6").map_or(&[][..], |_| value.bytes("peers6"));
    let mut peers: Vec<_> = entries::<6>(value.bytes("peers")).collect();
    peers.extend(entries::<18>(ipv6));
    peers.sort_unstable();
    peers
}

fn entries<const LENGTH: usize>(bytes: &[u8]) -> impl Iterator<Item = SocketAddr> {
    let (entries, rest) = bytes.as_chunks::<LENGTH>();
    assert!(rest.is_empty(), "{LENGTH} bytes an entry: {}", bytes.escape_ascii());
    entries.iter().map(|entry| {
        let (ip, port) = entry.split_at(LENGTH - 2);
        let ip = match <[u8; 4]>::try_from(ip) {
            Ok(ipv4) => IpAddr::from(ipv4),
            Err(_) => IpAddr::from(<[u8; 16]>::try_from(ip).expect("an IPv6 address")),
        };
        SocketAddr::new(ip, u16::from_be_bytes([port[0], port[1]]))
    })
}

/// The addresses of some clients, in order of address.
fn sockets(clients: &[&Client]) -> Vec<SocketAddr> {
    let mut sockets: Vec<_> = clients.iter().map(|client| client.socket()).collect();
    sockets.sort_unstable();
    sockets
}

/// One torrent's entry in the answer to a scrape of it.
fn scraped(tracker: &Installation, info_hash: [u8; 20]) -> Value {
    let answer = tracker.get("/scrape", format!("info_hash={}", encode(&info_hash))).value();
    let entry = answer.get("files").and_then(|files| files.get(info_hash));
    entry.unwrap_or_else(|| panic!("not scraped: {answer:?}")).clone()
}
