//! Totals that nobody can believe, set to nothing: in the catalogue, and in the store that they would
//! come from again.

use super::refresh::BATCH;
use super::{RefreshError, Turn, open_store};
use crate::catalog::{Author, Catalog, Period, Torrent};
use crate::config::LoadedConfig;
use crate::protocol::{InfoHash, Timestamp};
use crate::store::{Peer, StoreError, StoreMaintenance, SwarmCounts, SwarmSummary, walk};

/// Sets what a torrent has counted to nothing. The peers that are here stay; of what they say that they
/// moved stays what their lines can have carried. Whoever has the turn keeps a refresh from carrying the
/// old figures over meanwhile. Killed half-way, it can be done again.
///
/// # Errors
/// When the catalogue or the store cannot be used.
pub fn reset_totals(
    loaded: &LoadedConfig,
    _turn: &Turn,
    torrent: &Torrent,
    author: &Author<'_>,
) -> Result<(), RefreshError> {
    let mut store = open_store(loaded)?;
    let generation = store.generation()?;
    let max_rate = loaded.config.tracker.max_rate.bytes_a_second();
    let peers = reset_swarm(store.as_mut(), torrent.canonical, max_rate, author.at)?;
    let moved = peers.iter().map(|peer| peer.uploaded.saturating_add(peer.downloaded));
    let transferred = moved.fold(0, u64::saturating_add);
    let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
    let period = Period { transferred, completed: 0 };
    catalog.reset_totals(torrent.canonical, generation, period, author)?;
    Ok(())
}

/// Recreates the swarm from its own peers, and gives them back. Who announces in between is in it
/// already, and stays as announced.
fn reset_swarm(
    store: &mut dyn StoreMaintenance,
    info_hash: InfoHash,
    max_rate: u64,
    now: Timestamp,
) -> Result<Vec<Peer>, StoreError> {
    let swarms = walk(|from| store.visit_swarms(from, BATCH, now))?;
    let Some(swarm) = swarms.into_iter().find(|swarm| swarm.info_hash == info_hash) else {
        return Ok(Vec::new());
    };
    let mut peers = walk(|from| store.export_peers(info_hash, from, BATCH))?;
    for peer in &mut peers {
        let seconds = u64::from(now.since(peer.first_seen).0).max(1);
        let most = max_rate.saturating_mul(seconds);
        (peer.uploaded, peer.downloaded) = (peer.uploaded.min(most), peer.downloaded.min(most));
    }
    let totals = SwarmSummary {
        counts: SwarmCounts::default(),
        expired: 0,
        departed_uploaded: 0,
        departed_downloaded: 0,
        ..swarm
    };
    store.remove_swarm(info_hash)?;
    peers.chunks(BATCH).try_for_each(|peers| store.import_swarm(&totals, peers))?;
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreKind;
    use crate::protocol::{CompactV4, PeerId};
    use crate::store::{Action, PeerAnnounce, PeerSample, Role, Want};

    const NOW: Timestamp = Timestamp(1_700_000_000);
    const SWARM: InfoHash = InfoHash([1; 20]);
    const OTHER: InfoHash = InfoHash([2; 20]);

    fn announce(store: &mut dyn StoreMaintenance, info_hash: InfoHash, number: u8, action: Action) {
        let announce = PeerAnnounce {
            v4: Some(CompactV4([10, 0, 0, number, 0x1a, 0xe1])),
            left: Some(if action == Action::Stay { 5 } else { 0 }),
            uploaded: 7,
            downloaded: 8,
            role: if action == Action::Stay { Role::Leecher } else { Role::Seeder },
            action,
            ..PeerAnnounce::new(info_hash, PeerId([number; 20]))
        };
        let want = Want { peers: 0, seeders: true, peer_ids: false };
        store.announce(&announce, NOW, want, &mut PeerSample::default()).unwrap();
    }

    fn summary(store: &mut dyn StoreMaintenance, info_hash: InfoHash) -> SwarmSummary {
        let swarms = walk(|from| store.visit_swarms(from, 10, NOW)).unwrap();
        swarms.into_iter().find(|swarm| swarm.info_hash == info_hash).unwrap()
    }

    /// Two who stay and one who has completed and left, with figures that no line carries.
    fn make_absurd(store: &mut dyn StoreMaintenance) {
        for number in [1, 2, 3] {
            announce(store, SWARM, number, Action::Stay);
        }
        announce(store, SWARM, 3, Action::Complete);
        announce(store, SWARM, 3, Action::Leave);
        let swarm = summary(store, SWARM);
        let mut peers = walk(|from| store.export_peers(SWARM, from, 10)).unwrap();
        peers.iter_mut().filter(|peer| peer.peer_id.0[0] == 2).for_each(|peer| {
            (peer.uploaded, peer.downloaded) = (u64::MAX, u64::MAX / 2);
        });
        store.remove_swarm(SWARM).unwrap();
        let absurd = SwarmSummary { departed_uploaded: u64::MAX, expired: 9, ..swarm };
        store.import_swarm(&absurd, &peers).unwrap();
    }

    #[test]
    fn totals_go_and_peers_stay_with_what_they_can_have_moved() {
        for kind in StoreKind::ALL {
            let home = tempfile::tempdir().unwrap();
            let text = format!("[store]\nkind = '{}'\npath = '../data/peers'", kind.name());
            let file = home.path().join("conf/tracker.toml");
            let loaded = LoadedConfig::parse(&text, &file).unwrap();
            crate::config::lay_out_missing(&loaded).unwrap();
            let mut store = open_store(&loaded).unwrap();
            announce(store.as_mut(), OTHER, 9, Action::Stay);
            make_absurd(store.as_mut());
            let other = summary(store.as_mut(), OTHER);
            assert!(summary(store.as_mut(), SWARM).live_uploaded > 1 << 62);

            let max_rate = loaded.config.tracker.max_rate.bytes_a_second();
            let now = Timestamp(NOW.0 + 10);
            let peers = reset_swarm(store.as_mut(), SWARM, max_rate, now).unwrap();
            let after = summary(store.as_mut(), SWARM);
            let counts = SwarmCounts { leechers: 2, ..SwarmCounts::default() };
            assert_eq!((after.counts, after.expired), (counts, 0));
            assert_eq!((after.departed_uploaded, after.departed_downloaded), (0, 0));
            let most = 10 * max_rate;
            assert_eq!((after.live_uploaded, after.live_downloaded), (7 + most, 8 + most));
            assert_eq!(peers.len(), 2);
            assert_eq!(summary(store.as_mut(), OTHER), other);
            assert_eq!(store.check().unwrap(), Vec::<String>::new());
            assert_eq!(reset_swarm(store.as_mut(), InfoHash([3; 20]), 1, now).unwrap(), []);
        }
    }
}
