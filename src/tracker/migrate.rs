//! Taking the peers and totals of one store to another, of the same kind or of another.
//!
//! The source is read and goes on as it is. The target is recreated and given the source's generation
//! first of all, so that the catalogue's totals count on, and so that a migration that was killed is known
//! by it and may be done again.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::refresh::{BATCH, Progress};
use super::stores::{open_quietly, rebuild_store};
use crate::config::LoadedConfig;
use crate::platform::lock::{self, LockError};
use crate::protocol::Timestamp;
use crate::store::{Cursor, Generation, PeerStore, StoreError, StoreMaintenance, SwarmSummary};

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Swarms, also those that have only totals left.
    pub swarms: usize,
    /// Peers.
    pub peers: usize,
    /// Peers that the target held before, which are gone.
    pub replaced: u64,
}

/// What can stop a migration. The source is as it was then.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Source and target are the same file.
    #[error("{} is the peer store in use itself; choose another file to migrate to", path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// The target has peers of its own.
    #[error("the peer store {} holds {peers} peers, which would be lost; choose another file, or force it", path.display())]
    Inhabited {
        /// The target.
        path: PathBuf,
        /// How many.
        peers: u64,
    },
    /// Another process is at it.
    #[error("another migration is under way; wait for its end")]
    Busy,
    /// Nobody can be kept from migrating at the same time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// One of the stores refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes all peers that are not silent, and all totals, from the peer store of one configuration to
/// that of another. A target with peers is only replaced when forced, or when they came from there.
///
/// # Errors
/// When the target is the source or has peers, or one of the stores cannot be used.
pub fn migrate(
    from: &LoadedConfig,
    to: &LoadedConfig,
    now: Timestamp,
    force: bool,
    progress: &mut dyn Progress,
) -> Result<Migrated, MigrateError> {
    let target_path = &to.config.store.path;
    if is_same_file(&from.config.store.path, target_path) {
        return Err(MigrateError::SameFile { path: target_path.clone() });
    }
    let lock = from.config.paths.catalog.with_file_name("migrate.lock");
    let _lock = lock::within(&lock, Duration::ZERO)?.ok_or(MigrateError::Busy)?;
    let mut source = open_quietly(from)?;
    expire_all(source.as_mut(), now)?;
    let generation = source.generation()?;
    let replaced = clear(to, generation, now, force)?;
    let mut target = rebuild_store(to)?;
    target.import_generation(generation)?;
    let done = Migrated { swarms: 0, peers: 0, replaced };
    Move { source, target, progress, done }.all_swarms(now)
}

/// A migration under way.
struct Move<'a> {
    source: Box<dyn StoreMaintenance>,
    target: Box<dyn StoreMaintenance>,
    progress: &'a mut dyn Progress,
    done: Migrated,
}

impl Move<'_> {
    fn all_swarms(mut self, now: Timestamp) -> Result<Migrated, MigrateError> {
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            let batch = self.source.visit_swarms(from, BATCH, now)?;
            batch.items.iter().try_for_each(|swarm| self.swarm(swarm))?;
            next = batch.next;
        }
        Ok(self.done)
    }

    /// Takes one swarm over, some peers at a time.
    fn swarm(&mut self, swarm: &SwarmSummary) -> Result<(), StoreError> {
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            let batch = self.source.export_peers(swarm.info_hash, from, BATCH)?;
            self.target.import_swarm(swarm, &batch.items)?;
            self.done.peers += batch.items.len();
            self.progress.peers(self.done.peers);
            next = batch.next;
        }
        self.done.swarms += 1;
        Ok(())
    }
}

/// Makes sure that the target may be recreated, and says how many peers are lost with it.
fn clear(
    to: &LoadedConfig,
    generation: Generation,
    now: Timestamp,
    force: bool,
) -> Result<u64, MigrateError> {
    let path = &to.config.store.path;
    if !path.exists() {
        return Ok(0);
    }
    let mut target = open_quietly(to)?;
    expire_all(target.as_mut(), now)?;
    let peers = target.info()?.peers;
    if peers > 0 && !force && target.generation()? != generation {
        return Err(MigrateError::Inhabited { path: path.clone(), peers });
    }
    Ok(peers)
}

fn expire_all(store: &mut dyn PeerStore, now: Timestamp) -> Result<(), StoreError> {
    while store.expire(now, BATCH)? == BATCH {}
    Ok(())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let file = |path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    one == other || file(one).is_some_and(|one| file(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::StoreKind;
    use crate::protocol::{CompactV4, InfoHash, PeerId};
    use crate::store::{Action, Peer, PeerAnnounce, PeerSample, Proof, Role, Want, walk};
    use crate::tracker::{Quiet, open_store};

    const NOW: Timestamp = Timestamp(1_700_000_000);

    /// A site in a folder of its own, with a store of this kind.
    fn site(home: &tempfile::TempDir, kind: StoreKind) -> LoadedConfig {
        fs::create_dir_all(home.path().join("data")).unwrap();
        let text = format!("[store]\nkind = '{}'\npath = '../data/from'", kind.name());
        LoadedConfig::parse(&text, &home.path().join("conf/tracker.toml")).unwrap()
    }

    /// The same with a store of this kind beside the first one.
    fn beside(home: &tempfile::TempDir, from: &LoadedConfig, kind: StoreKind) -> LoadedConfig {
        from.with_store(kind, Some(home.path().join("data/to"))).unwrap()
    }

    fn announce(store: &mut dyn PeerStore, swarm: u8, number: u32, at: Timestamp, event: Action) {
        let mut peer_id = *b"-XX0001-000000000000";
        peer_id[16..].copy_from_slice(&number.to_be_bytes());
        let [_, a, b, c] = number.to_be_bytes();
        let is_complete = event == Action::Complete;
        let announce = PeerAnnounce {
            v4: Some(CompactV4([10, a, b, c, 0x1a, 0xe1])),
            left: Some(if is_complete { 0 } else { 1000 }),
            uploaded: number.into(),
            downloaded: 7,
            role: if is_complete { Role::Seeder } else { Role::Leecher },
            action: event,
            ..PeerAnnounce::new(InfoHash([swarm; 20]), PeerId(peer_id))
        };
        let want = Want { peers: 0, seeders: true, peer_ids: false };
        store.announce(&announce, at, want, &mut PeerSample::default()).unwrap();
    }

    /// Three swarms: more peers than are taken in one go, one peer among some that left or fell
    /// silent, and nobody.
    fn fill(loaded: &LoadedConfig) {
        let mut store = open_store(loaded).unwrap();
        for number in 0..u32::try_from(BATCH).unwrap() * 2 + 1 {
            announce(store.as_mut(), 1, number, NOW, Action::Stay);
        }
        let silent = Timestamp(NOW.0 - 3000);
        for (number, at, event) in [
            (1, silent, Action::Stay),
            (2, NOW, Action::Stay),
            (2, NOW, Action::Complete),
            (3, NOW, Action::Stay),
            (3, NOW, Action::Leave),
        ] {
            announce(store.as_mut(), 2, number, at, event);
        }
        announce(store.as_mut(), 3, 1, NOW, Action::Stay);
        announce(store.as_mut(), 3, 1, NOW, Action::Complete);
        announce(store.as_mut(), 3, 1, NOW, Action::Leave);
    }

    type Content = BTreeMap<[u8; 20], (SwarmSummary, BTreeMap<[u8; 20], Peer>)>;

    /// All that a store holds.
    fn content(loaded: &LoadedConfig) -> (Generation, Content) {
        let mut store = open_store(loaded).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        let swarms = walk(|from| store.visit_swarms(from, BATCH, NOW)).unwrap();
        let with_peers = |swarm: SwarmSummary| {
            let peers = walk(|from| store.export_peers(swarm.info_hash, from, BATCH)).unwrap();
            // Digests of addresses are each store's own.
            let proof =
                |proof| if matches!(proof, Proof::Key(_)) { proof } else { Proof::Address(0) };
            let peers = peers.into_iter().map(|peer| Peer { proof: proof(peer.proof), ..peer });
            let peers = peers.map(|peer| (peer.peer_id.0, peer)).collect();
            (swarm.info_hash.0, (swarm, peers))
        };
        let content = swarms.into_iter().map(with_peers).collect();
        (store.generation().unwrap(), content)
    }

    fn quietly(from: &LoadedConfig, to: &LoadedConfig) -> Result<Migrated, MigrateError> {
        migrate(from, to, NOW, false, &mut Quiet)
    }

    #[test]
    fn peers_totals_and_life_go_along_from_each_kind_to_each() {
        for from in StoreKind::ALL {
            for to in StoreKind::ALL {
                let home = tempfile::tempdir().unwrap();
                let from = site(&home, from);
                let to = beside(&home, &from, to);
                fill(&from);
                let done = quietly(&from, &to).unwrap();
                assert_eq!(done, Migrated { swarms: 3, peers: 2 * BATCH + 2, replaced: 0 });
                let target = content(&to);
                assert_eq!(target, content(&from), "the source is as it was, but for the silent");
                let (totals, peers) = &target.1[&[2; 20]];
                assert_eq!((totals.counts.completed, totals.expired, peers.len()), (1, 1, 1));
                assert_eq!(target.1[&[3; 20]].0.counts.completed, 1);
            }
        }
    }

    /// Ends a migration in its middle, as a kill would: nothing of it is cleaned up.
    struct Killer;

    impl Progress for Killer {
        fn files(&mut self, _count: usize) {}
        fn swarms(&mut self, _count: usize) {}
        fn peers(&mut self, count: usize) {
            assert!(count < BATCH, "killed");
        }
    }

    #[test]
    fn one_that_was_killed_is_done_again() {
        let home = tempfile::tempdir().unwrap();
        let from = site(&home, StoreKind::Sqlite);
        let to = beside(&home, &from, StoreKind::Shm);
        fill(&from);
        let half = std::panic::catch_unwind(|| migrate(&from, &to, NOW, false, &mut Killer));
        assert!(half.is_err());
        let (_, left) = content(&to);
        assert!(left.values().map(|(_, peers)| peers.len()).sum::<usize>() < 2 * BATCH);
        let done = quietly(&from, &to).unwrap();
        assert!(done.replaced > 0, "{done:?}");
        assert_eq!(content(&to), content(&from));
    }

    #[test]
    fn peers_of_another_store_are_lost_only_when_forced() {
        let home = tempfile::tempdir().unwrap();
        let from = site(&home, StoreKind::Sqlite);
        let to = beside(&home, &from, StoreKind::Shm);
        fill(&from);
        fill(&to);
        let before = content(&to);
        let refused = quietly(&from, &to).unwrap_err();
        assert!(matches!(refused, MigrateError::Inhabited { peers: 1002, .. }), "{refused}");
        assert_eq!(content(&to), before);
        let done = migrate(&from, &to, NOW, true, &mut Quiet).unwrap();
        assert_eq!(done.replaced, 1002);
        assert_eq!(content(&to), content(&from));
        // Whom nobody has heard of for so long is no loss.
        let much_later = Timestamp(NOW.0 + 10_000);
        let elsewhere =
            from.with_store(StoreKind::Sqlite, Some(home.path().join("data/3"))).unwrap();
        fill(&elsewhere);
        let done = migrate(&from, &elsewhere, much_later, false, &mut Quiet).unwrap();
        assert_eq!(done, Migrated { swarms: 3, peers: 0, replaced: 0 });
    }

    #[test]
    fn a_store_is_not_migrated_into_itself_whatever_it_is_called() {
        let home = tempfile::tempdir().unwrap();
        let from = site(&home, StoreKind::Sqlite);
        fill(&from);
        let before = content(&from);
        let link = home.path().join("data/to");
        fs::hard_link(&from.config.store.path, &link).unwrap();
        for (kind, path) in [
            (StoreKind::Sqlite, from.config.store.path.clone()),
            (StoreKind::Shm, from.config.store.path.clone()),
            (StoreKind::Sqlite, link),
        ] {
            let to = from.with_store(kind, Some(path)).unwrap();
            let refused = migrate(&from, &to, NOW, true, &mut Quiet).unwrap_err();
            assert!(matches!(refused, MigrateError::SameFile { .. }), "{refused}");
        }
        assert_eq!(content(&from), before);
    }

    #[test]
    fn of_two_at_once_one_works() {
        let home = tempfile::tempdir().unwrap();
        let from = site(&home, StoreKind::Sqlite);
        let to = beside(&home, &from, StoreKind::Shm);
        let lock = lock::within(&home.path().join("data/migrate.lock"), Duration::ZERO).unwrap();
        assert!(matches!(quietly(&from, &to), Err(MigrateError::Busy)));
        drop(lock);
        assert_eq!(quietly(&from, &to).unwrap(), Migrated::default());
    }
}
