//! A sketch of Bitstorm's way: all peers of all swarms in one file, which each announce reads whole,
//! changes and writes back. Bitstorm itself does so without the lock, and loses updates.
//!
//! JSON stands in for PHP's `serialize`: text of about the same size, read into the same hash table.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use tracker_cgi::protocol::{CompactV4, InfoHash, Timestamp};
use tracker_cgi::store::{PeerAnnounce, PeerSample, Role, Want};

use crate::crowd::{Crowd, EXPIRY};
use crate::latency::Latencies;
use crate::taker::Store;

/// All peers, by a hash of peer id and info-hash.
type Peers = HashMap<String, Record>;

#[derive(Serialize, Deserialize)]
struct Record {
    info_hash: String,
    peer_id: String,
    ip: String,
    port: u16,
    key: String,
    expires: u64,
    seeds: bool,
}

/// Peers in a file that is always read and written whole.
pub struct Bitstorm(PathBuf);

impl Bitstorm {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Changes the file under its lock.
    fn change(&self, change: impl FnOnce(&mut Peers)) -> std::io::Result<()> {
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&self.0)?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut peers =
            if bytes.is_empty() { Peers::default() } else { serde_json::from_slice(&bytes)? };
        change(&mut peers);
        let bytes = serde_json::to_vec(&peers)?;
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(&bytes)
    }
}

impl Store for Bitstorm {
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) {
        let change = |peers: &mut Peers| {
            sample.clear();
            peers.retain(|_, peer| peer.expires >= now.0);
            put(peers, announce, now);
            fill(peers, announce, want, sample);
        };
        self.change(change).expect("the file is changed");
    }

    /// All at once: one by one, this would take longer than all the rest.
    fn fill(&mut self, crowd: Crowd) -> Latencies {
        let change = |peers: &mut Peers| {
            crowd.arrivals().for_each(|(announce, now)| put(peers, &announce, now));
        };
        self.change(change).expect("the file is filled");
        Latencies::with_room_for(0)
    }
}

fn put(peers: &mut Peers, announce: &PeerAnnounce, now: Timestamp) {
    let name = Sha1::new().chain_update(announce.peer_id.0).chain_update(announce.info_hash.0);
    let address = announce.v4.expect("Bitstorm knows IPv4 only");
    let record = Record {
        info_hash: hexadecimal(announce.info_hash.0),
        peer_id: hexadecimal(announce.peer_id.0),
        ip: address.ip().to_string(),
        port: address.port(),
        key: String::new(),
        expires: now.0 + u64::from(EXPIRY.0),
        seeds: announce.role == Role::Seeder,
    };
    peers.insert(hexadecimal(name.finalize().into()), record);
}

/// Hands out the first peers of the swarm.
fn fill(peers: &Peers, announce: &PeerAnnounce, want: Want, sample: &mut PeerSample) {
    let info_hash = hexadecimal(announce.info_hash.0);
    let asker = hexadecimal(announce.peer_id.0);
    let others = peers.values().filter(|peer| peer.info_hash == info_hash && peer.peer_id != asker);
    for peer in others.take(want.peers as usize) {
        let ip: std::net::Ipv4Addr = peer.ip.parse().expect("an address");
        let mut address = [0; 6];
        address[..4].copy_from_slice(&ip.octets());
        address[4..].copy_from_slice(&peer.port.to_be_bytes());
        sample.v4.addresses.push(CompactV4(address));
    }
}

/// Twenty bytes, readable.
fn hexadecimal(bytes: [u8; 20]) -> String {
    InfoHash(bytes).to_string()
}
