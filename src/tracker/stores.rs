//! The peer store that a configuration names: how it is opened, and what is said when it is new.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::config::{LimitsConfig, LoadedConfig, StoreKind, Torrents};
use crate::platform::log::{self, Level};
use crate::store::shm::{ShmOptions, ShmStore};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{
    Access, Allowance, AnnounceLimit, Caps, FileOptions, PATIENCE, PeerRules, StoreError,
    StoreMaintenance,
};

/// What a configuration holds peers to, wherever they are.
fn rules(loaded: &LoadedConfig) -> PeerRules {
    let config = &loaded.config;
    let is_open = config.tracker.torrents == Torrents::Open;
    PeerRules {
        expiry: config.tracker.expiry,
        address_peers: config.address_peers().0.get(),
        exempt: config.tracker.max_address_exempt.clone().into(),
        max_rate: Some(config.tracker.max_rate.bytes_a_second()),
        announces: announces(&config.limits),
        caps: Caps {
            peers: config.store.max_peers.get(),
            swarm_peers: config.store.max_swarm_peers.get(),
            // Those of the catalogue are as many as its owner wants.
            swarms: config.store.max_swarms.get().filter(|_| is_open),
        },
    }
}

/// How many announces of one network count.
fn announces(limits: &LimitsConfig) -> Option<AnnounceLimit> {
    let allowance = Allowance::a_minute(limits.announces.get()?, limits.announces_at_once);
    Some(AnnounceLimit { allowance, exempt: limits.exempt.clone().into() })
}

/// How a configuration wants a store to be opened that is a file.
fn file(loaded: &LoadedConfig, access: Access) -> FileOptions {
    let config = &loaded.config;
    let site = config.paths.catalog.parent().map(Path::to_owned);
    FileOptions { path: config.store.path.clone(), site, access, patience: PATIENCE }
}

/// The same for a store in shared memory.
fn shm(loaded: &LoadedConfig, file: FileOptions) -> ShmOptions {
    let store = &loaded.config.store;
    ShmOptions { file, rules: rules(loaded), max_size: store.max_size.0 }
}

/// The same for a SQLite file.
fn sqlite(loaded: &LoadedConfig, file: FileOptions) -> SqliteOptions {
    SqliteOptions { file, rules: rules(loaded) }
}

/// Opens the peer store that the configuration names. One that is not there yet is made, and what a
/// store of another kind has left is told to the owner.
///
/// # Errors
/// When it cannot be opened or made.
pub fn open_store(loaded: &LoadedConfig) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    open_patiently(loaded, PATIENCE)
}

/// The same for a caller that waits for others no longer than this.
pub(super) fn open_patiently(
    loaded: &LoadedConfig,
    patience: Duration,
) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    let is_new = !loaded.config.store.path.exists();
    let store = open(loaded, FileOptions { patience, ..file(loaded, Access::Full) })?;
    if is_new {
        log::list(Level::Info, others_left(loaded));
    }
    Ok(store)
}

/// Opens it without a word.
pub(super) fn open_quietly(loaded: &LoadedConfig) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    open(loaded, file(loaded, Access::Full))
}

/// Opens the peer store for reading only: makes, moves and replaces nothing.
///
/// # Errors
/// When it is missing, of another kind or broken, or cannot be opened.
pub fn read_store(loaded: &LoadedConfig) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    open(loaded, file(loaded, Access::Read))
}

fn open(loaded: &LoadedConfig, file: FileOptions) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    Ok(match loaded.config.store.kind {
        StoreKind::Sqlite => Box::new(SqliteStore::open(&sqlite(loaded, file))?),
        StoreKind::Shm => Box::new(ShmStore::open(&shm(loaded, file))?),
    })
}

/// Puts an empty store in the place of the one that the configuration names, whatever that holds.
///
/// # Errors
/// When it cannot be replaced or made.
pub fn rebuild_store(loaded: &LoadedConfig) -> Result<Box<dyn StoreMaintenance>, StoreError> {
    let file = file(loaded, Access::Full);
    Ok(match loaded.config.store.kind {
        StoreKind::Sqlite => Box::new(SqliteStore::rebuild(&sqlite(loaded, file))?),
        StoreKind::Shm => Box::new(ShmStore::rebuild(&shm(loaded, file))?),
    })
}

/// What there is to say about stores of other kinds at their usual places, once a store was made for a
/// site that is not new: then `kind` was perhaps changed. They are not opened, which could take long
/// and change them.
fn others_left(loaded: &LoadedConfig) -> Vec<String> {
    let store = &loaded.config.store;
    if !loaded.config.paths.policy.exists() {
        return Vec::new();
    }
    let others = StoreKind::ALL.into_iter().filter(|kind| *kind != store.kind);
    let files = others.map(|kind| (kind, loaded.usual_store(kind)));
    files
        .filter(|(_, file)| fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file()))
        .map(|(kind, file)| {
            format!(
                "the {} peer store {} was made and is empty; the {} store {} stays as it is, and its \
                 clients announce again within an interval. `tracker store migrate --to {}`, run \
                 before `kind` is changed, takes peers along",
                store.kind.name(),
                store.path.display(),
                kind.name(),
                file.display(),
                store.kind.name(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(root: &Path, settings: &str) -> LoadedConfig {
        LoadedConfig::parse(settings, &root.join("conf/tracker.toml")).unwrap()
    }

    #[test]
    fn the_configuration_is_what_the_store_is_told() {
        let root = Path::new("/srv");
        let options = |loaded: &LoadedConfig| shm(loaded, file(loaded, Access::Full));
        let plain = options(&loaded(root, "tracker.expiry = 4000"));
        assert_eq!(plain.file.path, Path::new("/srv/data/peers.db"));
        assert_eq!((plain.rules.expiry.0, plain.rules.address_peers), (4000, Some(100)));
        assert_eq!((plain.max_size, plain.rules.caps), (ShmOptions::MAX_SIZE, Caps::default()));
        let none = options(&loaded(root, "tracker.max_address_peers = 0"));
        assert_eq!(none.rules.address_peers, None);
        let open = options(&loaded(root, "tracker.torrents = 'open'")).rules.caps;
        assert_eq!(open, Caps { swarms: Some(1_000_000), ..Caps::default() });
        let text = "[store]\nkind = 'shm'\nmax_size = 5000000\nmax_peers = 3\n\
                    max_swarm_peers = 2\nmax_address_peers = 1";
        let shm = options(&loaded(root, text));
        let usual = StoreKind::Shm.usual_path(Path::new("catalog.db"));
        assert_eq!((shm.file.path, shm.max_size), (usual, 5_000_000));
        assert_eq!(shm.rules.caps, Caps { peers: Some(3), swarm_peers: Some(2), swarms: None });
        assert_eq!(shm.rules.address_peers, Some(1));
        assert!(shm.rules.announces.is_none());
        let text = "limits.announces = 60\nlimits.announces_at_once = 7\nlimits.exempt = ['::1']";
        let limit = options(&loaded(root, text)).rules.announces.unwrap();
        assert_eq!(limit.allowance, Allowance::a_minute(60, 7));
        assert!(limit.exempt.contains("::1".parse().unwrap()));
    }

    #[test]
    fn a_store_is_of_the_configured_kind() {
        for kind in StoreKind::ALL {
            let home = tempfile::tempdir().unwrap();
            let text = format!("[store]\nkind = '{}'\npath = 'memory/peers'", kind.name());
            let loaded = loaded(home.path(), &text);
            for store in [open_store(&loaded), rebuild_store(&loaded), open_store(&loaded)] {
                assert_eq!(store.unwrap().info().unwrap().kind, kind.name());
            }
        }
    }

    #[test]
    fn another_kind_at_its_usual_place_is_worth_a_line() {
        let home = tempfile::tempdir().unwrap();
        let loaded = loaded(home.path(), "[store]\nkind = 'shm'\npath = 'memory/peers'");
        let peers = home.path().join("data/peers.db");
        fs::create_dir_all(&peers).unwrap();
        fs::write(home.path().join("data/policy.snapshot"), "anything").unwrap();
        assert_eq!(others_left(&loaded), Vec::<String>::new(), "a folder is no store");
        fs::remove_dir(&peers).unwrap();
        assert_eq!(others_left(&loaded), Vec::<String>::new());
        fs::write(&peers, "anything").unwrap();
        let [line] = others_left(&loaded).try_into().unwrap();
        for part in ["conf/memory/peers was made", "data/peers.db stays", "migrate --to shm"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        fs::remove_file(home.path().join("data/policy.snapshot")).unwrap();
        assert_eq!(others_left(&loaded), Vec::<String>::new(), "a new site has changed nothing");
    }
}
