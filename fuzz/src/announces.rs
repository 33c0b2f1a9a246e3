//! A thousand announces, each with a number, for stores of either kind.

use tracker_cgi::protocol::{ClientKey, CompactV4, CompactV6, InfoHash, PeerId, Timestamp};
use tracker_cgi::store::{
    Action, Cursor, PeerAnnounce, PeerSample, PeerStore, Role, StoreError, StoreMaintenance,
    SwarmSummary, Under, Want,
};

/// One of 40 swarms; most numbers are of the first.
pub fn swarm(number: usize) -> InfoHash {
    let number = if number % 2 == 0 { 0 } else { number / 2 % 40 };
    InfoHash([u8::try_from(number).unwrap(); 20])
}

pub fn announce(store: &mut dyn PeerStore, number: usize, now: Timestamp) {
    let _ = try_announce(store, number, now);
}

pub fn try_announce(
    store: &mut dyn PeerStore,
    number: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    let want = Want {
        peers: [0, 1, 20][number / 8 % 3],
        seeders: !number.is_multiple_of(3),
        peer_ids: true,
    };
    store.announce(&what(number), now, want, &mut PeerSample::default()).map(drop)
}

/// The announce of a number; there are 1000.
pub fn what(number: usize) -> PeerAnnounce {
    let number = number % 1000;
    let bytes = u16::try_from(number).unwrap().to_be_bytes();
    let mut peer_id = PeerId([7; 20]);
    peer_id.0[..2].copy_from_slice(&bytes);
    // Some share an address.
    let v4 = CompactV4([10, 0, bytes[0], bytes[1] / 4, bytes[1], 80]);
    let mut v6 = CompactV6([0x20; 18]);
    v6.0[6..8].copy_from_slice(&bytes);
    PeerAnnounce {
        under: if number.is_multiple_of(9) { Under::Second } else { Under::First },
        v4: (!number.is_multiple_of(5)).then_some(v4),
        v6: number.is_multiple_of(4).then_some(v6),
        key: number.is_multiple_of(6).then(|| ClientKey::of(&bytes)).flatten(),
        left: (!number.is_multiple_of(7)).then_some(number as u64 % 3),
        uploaded: number as u64,
        downloaded: u64::MAX >> (number % 64),
        role: [Role::Leecher, Role::Seeder, Role::Leecher, Role::PartialSeed][number % 4],
        action: match number % 11 {
            9 => Action::Complete,
            10 => Action::Leave,
            _ => Action::Stay,
        },
        ..PeerAnnounce::new(swarm(number), peer_id)
    }
}

/// Takes a swarm out to another one as an owner's command does.
pub fn take_over(store: &mut dyn StoreMaintenance, info_hash: InfoHash, now: Timestamp) {
    let Ok(peers) = store.export_peers(info_hash, Cursor(0), 100) else { return };
    let Ok(swarms) = store.visit_swarms(Cursor(0), 3, now) else { return };
    for summary in swarms.items {
        let totals = SwarmSummary { info_hash: swarm(1), ..summary };
        let _ = store.import_swarm(&totals, &peers.items);
    }
}
