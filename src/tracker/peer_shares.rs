//! What the peers of listed torrents have in common: programs, address families and ports, as numbers of peers. Of
//! very many only some are looked at, of each swarm as many as its share is.

use std::collections::HashMap;

use crate::platform::order::Order as _;
use crate::protocol::{ClientName, Timestamp};
use crate::store::{Cursor, PeerStore, PeerSummary, StoreError, SwarmSummary};

/// Peers that are looked at, at most.
const MOST: u64 = 20_000;

/// Peers read in one go, so that announces are never held up for long.
const BATCH: usize = 500;

/// How many peers are what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerShares {
    /// How many were looked at.
    pub counted: u64,
    /// How many there are.
    pub all: u64,
    /// The programs that are known, those of the most peers first. Peer ids are easily forged.
    pub clients: Vec<(String, u64)>,
    /// How they can be reached.
    pub families: FamilyShares,
    /// Where they listen.
    pub ports: PortShares,
}

/// Peers by the families of their addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyShares {
    /// IPv4 only.
    pub v4: u64,
    /// IPv6 only.
    pub v6: u64,
    /// Both.
    pub both: u64,
}

/// Peers by classes of ports, so that none of them is told by its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortShares {
    /// 6881 to 6889, which BitTorrent used first.
    pub first: u64,
    /// 51413, Transmission's.
    pub transmission: u64,
    /// Below 1024.
    pub low: u64,
    /// Any other.
    pub other: u64,
    /// 0: nobody can connect to them.
    pub none: u64,
}

impl PeerShares {
    /// Counts the peers of these swarms.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn count<'a>(
        store: &mut dyn PeerStore,
        swarms: impl Iterator<Item = &'a SwarmSummary> + Clone,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::count_some(store, swarms, MOST, now)
    }

    fn count_some<'a>(
        store: &mut dyn PeerStore,
        swarms: impl Iterator<Item = &'a SwarmSummary> + Clone,
        most: u64,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let peers = |swarm: &SwarmSummary| swarm.counts.peers();
        let all: u64 = swarms.clone().map(peers).sum();
        let mut shares = Self { all, ..Self::default() };
        let mut clients = HashMap::new();
        let wanted = all.min(most);
        let (mut passed, mut due) = (0_u64, 0_u64);
        for swarm in swarms.filter(|swarm| peers(swarm) > 0) {
            passed += peers(swarm);
            // The shares of small swarms add up until one of them has a peer to give.
            let due_now = passed.saturating_mul(wanted) / all.max(1);
            let mut left = usize::try_from(due_now - due).unwrap_or(usize::MAX);
            due = due_now;
            let mut next = Some(Cursor::default());
            while let Some(from) = next.filter(|_| left > 0) {
                let batch = store.visit_peers(swarm.info_hash, from, left.min(BATCH), now)?;
                left = left.saturating_sub(batch.items.len());
                next = batch.next;
                batch.items.iter().for_each(|peer| shares.add(peer, &mut clients));
            }
        }
        shares.clients = clients.into_iter().collect();
        shares.clients.order_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
        Ok(shares)
    }

    fn add(&mut self, peer: &PeerSummary, clients: &mut HashMap<String, u64>) {
        self.counted += 1;
        let client = ClientName::from(peer.peer_id);
        if client.is_known() {
            *clients.entry(client.software().to_owned()).or_default() += 1;
        }
        *match (peer.v4, peer.v6) {
            (Some(_), Some(_)) => &mut self.families.both,
            (None, Some(_)) => &mut self.families.v6,
            _ => &mut self.families.v4,
        } += 1;
        let port = peer.v4.map(|it| it.port()).or(peer.v6.map(|it| it.port()));
        *match port.unwrap_or_default() {
            0 => &mut self.ports.none,
            6881..=6889 => &mut self.ports.first,
            51_413 => &mut self.ports.transmission,
            1..1024 => &mut self.ports.low,
            _ => &mut self.ports.other,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreKind;
    use crate::protocol::{CompactV4, CompactV6, InfoHash, PeerId};
    use crate::store::{PeerAnnounce, PeerSample, Want, walk};
    use crate::tracker::open_store;
    use crate::tracker::samples::open_site;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn peer(number: u16, id: &[u8; 8], port: u16) -> PeerAnnounce {
        let (number, port) = (number.to_be_bytes(), port.to_be_bytes());
        let mut peer_id = [b'0'; 20];
        peer_id[..8].copy_from_slice(id);
        peer_id[18..].copy_from_slice(&number);
        PeerAnnounce {
            v4: Some(CompactV4([10, 0, number[0], number[1], port[0], port[1]])),
            ..PeerAnnounce::new(InfoHash([1; 20]), PeerId(peer_id))
        }
    }

    #[test]
    fn peers_are_counted_by_program_family_and_port() {
        for kind in StoreKind::ALL {
            let (_home, loaded) = open_site(kind);
            let mut store = open_store(&loaded).unwrap();
            let mut v6 = [0; 18];
            (v6[0], v6[1], v6[15], v6[17]) = (0x20, 1, 9, 80);
            let both = PeerAnnounce { v6: Some(CompactV6(v6)), ..peer(3, b"-TR4060-", 51_413) };
            v6[15] = 8;
            let one = PeerAnnounce { v4: None, v6: Some(CompactV6(v6)), ..peer(4, b"-TR4060-", 0) };
            let peers = [peer(1, b"-qB5000-", 6881), peer(2, b"-TR4060-", 51_413), both, one];
            for announce in peers.into_iter().chain([peer(5, b"rudeword", 2000)]) {
                let want = Want { peers: 0, seeders: true, peer_ids: false };
                store.announce(&announce, NOW, want, &mut PeerSample::default()).unwrap();
            }
            let swarms = walk(|from| store.visit_swarms(from, 10, NOW)).unwrap();
            let shares = PeerShares::count(store.as_mut(), swarms.iter(), NOW).unwrap();
            let clients = [("Transmission".to_owned(), 3), ("qBittorrent".to_owned(), 1)];
            assert_eq!((shares.counted, shares.all), (5, 5), "{kind:?}");
            assert_eq!(shares.clients, clients, "{kind:?}");
            let families = FamilyShares { v4: 3, v6: 1, both: 1 };
            assert_eq!(shares.families, families, "{kind:?}");
            let ports = PortShares { first: 1, transmission: 2, low: 1, other: 1, none: 0 };
            assert_eq!(shares.ports, ports, "{kind:?}");
        }
    }

    #[test]
    fn of_very_many_each_swarm_gives_its_share() {
        let (_home, loaded) = open_site(StoreKind::Sqlite);
        let mut store = open_store(&loaded).unwrap();
        let mut announce = |swarm: u8, peers: std::ops::Range<u16>| {
            for number in peers {
                let announce = PeerAnnounce {
                    info_hash: InfoHash([swarm; 20]),
                    ..peer(number, if swarm == 1 { b"-qB5000-" } else { b"-TR4060-" }, 9000)
                };
                let want = Want { peers: 0, seeders: true, peer_ids: false };
                store.announce(&announce, NOW, want, &mut PeerSample::default()).unwrap();
            }
        };
        announce(1, 0..300);
        (2..102)
            .for_each(|swarm| announce(swarm, 1000 + u16::from(swarm)..1001 + u16::from(swarm)));
        let swarms = walk(|from| store.visit_swarms(from, 1000, NOW)).unwrap();
        let shares = PeerShares::count_some(store.as_mut(), swarms.iter(), 40, NOW).unwrap();
        assert_eq!((shares.counted, shares.all), (40, 400));
        let clients = [("qBittorrent".to_owned(), 30), ("Transmission".to_owned(), 10)];
        assert_eq!(shares.clients, clients);
        let none = PeerShares::count(store.as_mut(), [].iter(), NOW).unwrap();
        assert_eq!(none, PeerShares::default());
    }
}
