//! Sites for tests.

use crate::config::{LoadedConfig, StoreKind, lay_out_missing};

/// An open tracker with a store of this kind, in a folder of its own.
pub(super) fn open_site(kind: StoreKind) -> (tempfile::TempDir, LoadedConfig) {
    let home = tempfile::tempdir().unwrap();
    let text = format!(
        "tracker.torrents = 'open'\n[store]\nkind = '{}'\npath = 'memory/peers'",
        kind.name()
    );
    let loaded = LoadedConfig::parse(&text, &home.path().join("conf/tracker.toml")).unwrap();
    lay_out_missing(&loaded).unwrap();
    (home, loaded)
}
