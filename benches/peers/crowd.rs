//! Who announces, when, and what: the same peers for every store.

use tracker_cgi::protocol::{CompactV4, InfoHash, PeerId, Seconds, Timestamp};
use tracker_cgi::store::{PeerAnnounce, Role, Want};

/// Nobody expires while it is measured: the crowd arrives within 1800 seconds, and the visits after
/// that take less than 900 seconds of its clock.
pub const EXPIRY: Seconds = Seconds(2700);

/// What an asker wants.
pub const WANT: Want = Want { peers: 50, seeders: true, peer_ids: false };

/// The swarms of a crowd, where nothing else is said.
pub const SWARMS: u64 = 1000;

/// When the first peer arrives, in seconds since 1970.
pub const START: u64 = 1_700_000_000;

/// Seconds from the first arrival to the last.
pub const ARRIVAL: u64 = 1800;

/// Seconds of the crowd's clock between two rounds of visits.
const ROUND: u64 = 30;

/// Peers, spread evenly over swarms; a quarter of them are seeders.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub peers: u64,
    pub swarms: u64,
}

impl Crowd {
    /// As many peers in the usual number of swarms.
    pub fn of(peers: u64) -> Self {
        Self { peers, swarms: SWARMS }
    }

    /// As many peers in fewer swarms where that is needed for answers that are full.
    pub fn with_full_answers(peers: u64) -> Self {
        let room = u64::from(2 * WANT.peers);
        Self { peers, swarms: (peers / room).clamp(1, SWARMS) }
    }

    /// Every peer with the instant when it announces itself first, in that order.
    pub fn arrivals(self) -> impl Iterator<Item = (PeerAnnounce, Timestamp)> {
        (0..self.peers).map(move |number| {
            (self.announce(number), Timestamp(START + number * ARRIVAL / self.peers))
        })
    }

    /// Random peers that announce again, while the clock goes on slowly. The same round and seed
    /// have the same peers for every store.
    pub fn visits(
        self,
        round: u64,
        seed: u64,
        count: u64,
    ) -> impl Iterator<Item = (PeerAnnounce, Timestamp)> {
        let begun = START + ARRIVAL + round * ROUND;
        let mut random = Random(scramble(round) ^ seed);
        (0..count).map(move |number| {
            let now = Timestamp(begun + number * ROUND / count);
            (self.announce(random.next() % self.peers), now)
        })
    }

    /// What a peer says.
    pub fn announce(self, number: u64) -> PeerAnnounce {
        let mut info_hash = [7; 20];
        let swarm = Random(number % self.swarms).next();
        info_hash[..8].copy_from_slice(&swarm.to_le_bytes());
        let mut peer_id = *b"-XX0001-000000000000";
        peer_id[12..].copy_from_slice(&number.to_be_bytes());
        let [.., a, b, c] = number.to_be_bytes();
        // Thrown for, so that small swarms have both kinds too.
        let seeds = Random(!number).next().is_multiple_of(4);
        PeerAnnounce {
            v4: Some(CompactV4([10, a, b, c, 0x1a, 0xe1])),
            left: Some(if seeds { 0 } else { 1 << 30 }),
            uploaded: number << 20,
            downloaded: number << 19,
            role: if seeds { Role::Seeder } else { Role::Leecher },
            ..PeerAnnounce::new(InfoHash(info_hash), PeerId(peer_id))
        }
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }
}

/// Each bit of the input moves half of the output's.
pub fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
