//! What the tests stand on: temporary sites, real web servers in front of them, a small HTTP client.
//! Everything started here stops, and everything written here vanishes, when its value is dropped.

pub mod admin;
pub mod apache;
pub mod archive;
pub mod bencode;
pub mod browser;
pub mod caddy;
#[path = "../../src/platform/cannot_run.rs"]
pub mod cannot_run;
pub mod exposition;
pub mod fastcgi;
pub mod feed_reader;
pub mod fragments;
pub mod http;
pub mod installation;
pub mod lighttpd;
pub mod list_index;
pub mod load;
pub mod nginx;
pub mod opentracker;
pub mod process;
pub mod program;
pub mod prometheus;
pub mod responder;
pub mod schema;
pub mod site;
pub mod stopped;
pub mod torrent;

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The executable under test. `TRACKER_EXECUTABLE` names another build of it, such as a release.
pub fn executable() -> PathBuf {
    match std::env::var_os("TRACKER_EXECUTABLE") {
        Some(path) => path.into(),
        None => env!("CARGO_BIN_EXE_tracker").into(),
    }
}

/// The checkout: the folder of `Cargo.toml`.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program that `scripts/test` installs.
pub fn program(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is not installed; scripts/test installs it"))
}

/// A folder in memory, for what belongs there.
pub fn folder_in_memory() -> TempDir {
    let folder = tempfile::Builder::new().prefix("tracker-test-").tempdir_in("/dev/shm");
    folder.expect("a folder in /dev/shm")
}

/// A port that is free on 127.0.0.1 and on [::1], and given to nobody else in this run.
pub fn free_port() -> u16 {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    for _ in 0..100 {
        let ipv4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on 127.0.0.1");
        let port = ipv4.local_addr().expect("a bound port").port();
        let both = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_ok();
        if both && GIVEN.lock().expect("the ports given so far").insert(port) {
            return port;
        }
    }
    panic!("no port is free on both 127.0.0.1 and [::1]");
}

/// Asks until the answer is there, at most for `limit`.
pub fn poll<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
