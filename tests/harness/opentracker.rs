//! Debian's opentracker, over HTTP and UDP.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::http::{encode, request};
use super::process::Process;
use super::{free_port, poll, program};

/// A running opentracker, and its folder.
pub struct Opentracker {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

impl Opentracker {
    /// One that tracks these torrents, as Debian's takes none but listed ones.
    pub fn start(info_hashes: &[[u8; 20]]) -> Self {
        let hex = |hash: &[u8; 20]| hash.iter().map(|byte| format!("{byte:02X}")).collect();
        let list: Vec<String> = info_hashes.iter().map(hex).collect();
        Self::with_list(&(list.join("\n") + "\n"))
    }

    /// The same, with a list that is written already.
    pub fn with_list(list: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("list"), list).expect("its list");
        // It gives up root's rights before it reads the list.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), mode).expect("its folder's mode");
        let port = free_port();
        let number = port.to_string();
        let mut command = Command::new(program("opentracker"));
        command.args(["-i", "127.0.0.1", "-p", &number, "-P", &number, "-w", "list"]);
        // Else Debian's shows its statistics to nobody.
        command.args(["-A", "127.0.0.1"]);
        command.arg("-d").arg(folder.path()).current_dir(folder.path());
        let log = folder.path().join("log");
        let mut process = Process::start("opentracker", &mut command, &log);
        process.wait_for("an open port", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        Self { _process: process, _folder: folder, port }
    }

    /// Its address, the same for TCP and UDP.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// A client announces by HTTP, and is served. At first it may be refused, as the port is open before the list
    /// is read.
    pub fn announce(&self, info_hash: [u8; 20], peer: u8, more: &str) {
        let mut last = String::new();
        let served = poll(Duration::from_secs(30), || {
            last = self.answer_to(info_hash, peer, more);
            last.contains("8:complete").then_some(())
        });
        assert!(served.is_some(), "{last}");
    }

    /// What a client is told.
    pub fn answer_to(&self, info_hash: [u8; 20], peer: u8, more: &str) -> String {
        let target = format!(
            "/announce?info_hash={}&peer_id={}&port=70{peer:02}&{more}",
            encode(&info_hash),
            encode(&[peer; 20])
        );
        request(self.address(), "GET", &target, &[]).expect("an answer").text()
    }
}
