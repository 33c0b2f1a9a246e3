//! The sites of those who answer: the tracker's configuration, and a store that is full before anything
//! is measured.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::SystemTime;

use tracker_cgi::config::{LoadedConfig, StoreKind};
use tracker_cgi::protocol::Timestamp;
use tracker_cgi::store::{PeerSample, Want};
use tracker_cgi::tracker::open_store;

use crate::crowd::{Crowd, WANT};
use crate::harness::site::{Layout, Site, server_account};
use crate::load::peer;

/// The tracker's settings in everything that is measured here, beside its folders and its kind of store.
/// No load is high here, but looked at as by default.
pub const SETTINGS: [&str; 2] = ["tracker.torrents = 'open'", "tracker.high_load = 1000000"];

/// Lays out a site with a store of some kind, in which a crowd is.
pub fn filled_site(script: &'static str, kind: StoreKind, crowd: Crowd) -> Site {
    let site = empty_site(script, kind);
    let file = site.root().join("conf/tracker.toml");
    let text = configuration(&site, kind);
    fill(&LoadedConfig::parse(&text, &file).expect("a configuration that is right"), crowd);
    give_to_the_server(&site.store());
    site
}

/// Lays out a site whose store is still to be made.
pub fn empty_site(script: &'static str, kind: StoreKind) -> Site {
    let layout = Layout::open(script).behind_proxy();
    let is_in_memory = kind == StoreKind::Shm;
    let site = Site::new(if is_in_memory { layout.in_memory() } else { layout });
    let file = site.root().join("conf/tracker.toml");
    fs::write(file, configuration(&site, kind)).expect("a configuration");
    site
}

fn configuration(site: &Site, kind: StoreKind) -> String {
    format!(
        "tracker.announce_url = {:?}\n\
         store.kind = {:?}\n\
         store.path = {:?}\n\
         paths.torrents_url = {:?}\n\
         refresh.on_request = false\n\
         {}\n",
        site.announce_url(),
        kind.name(),
        site.store(),
        site.url("/torrents"),
        SETTINGS.join("\n"),
    )
}

/// By the library, which takes seconds where a web server takes minutes.
fn fill(loaded: &LoadedConfig, crowd: Crowd) {
    let mut store = open_store(loaded).expect("the store opens");
    let (want, mut sample) = (Want { peers: 0, ..WANT }, PeerSample::default());
    for number in 0..crowd.peers {
        let announced = store.announce(&peer(crowd, number), now(), want, &mut sample);
        assert!(announced.is_ok(), "peer {number} is not taken: {announced:?}");
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Timestamp(since.as_secs())
}

/// What was made by this process must be the web server's.
fn give_to_the_server(store: &Path) {
    let Some((user, group)) = server_account() else { return };
    let folder = store.parent().expect("a file is in a folder");
    let files = fs::read_dir(folder).expect("the store's folder");
    let files = files.map(|file| file.expect("a file").path());
    for path in files.chain([folder.to_owned()]) {
        chown(path, Some(user), Some(group)).expect("the owner of the store");
    }
}
