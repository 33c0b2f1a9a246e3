//! Debian's Prometheus, which asks a tracker for its figures, and promtool, which judges them.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tempfile::TempDir;

use super::http::request;
use super::process::Process;
use super::{free_port, program};

/// What promtool finds wrong with figures in Prometheus' text format; nothing where all is right.
pub fn faults(figures: &[u8]) -> String {
    let mut child = Command::new(program("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("its stdin").write_all(figures).expect("it reads the figures");
    let output = child.wait_with_output().expect("its output");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{}: {said}", output.status);
    said
}

/// A running Prometheus, and its folder.
pub struct Prometheus {
    process: Process,
    _folder: TempDir,
    address: SocketAddr,
}

impl Prometheus {
    /// One with this configuration.
    pub fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, configuration).expect("its configuration");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = Command::new(program("prometheus"));
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.arg(format!("--web.listen-address={address}"));
        let log = folder.path().join("log");
        let mut process = Process::start("prometheus", &mut command, &log);
        process.wait_for("an open port", || TcpStream::connect(address).ok());
        Self { process, _folder: folder, address }
    }

    /// Asks until what its API says at an address is an answer.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        path: &str,
        answer: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let address = self.address;
        self.process.wait_for(what, || {
            let reply = request(address, "GET", path, &[]).ok()?;
            answer(serde_json::from_slice::<Value>(&reply.body).ok()?.get("data")?)
        })
    }

    /// Waits until it has a series, and says its last figure.
    pub fn figure(&mut self, series: &str) -> String {
        let series = utf8_percent_encode(series, NON_ALPHANUMERIC).to_string();
        self.wait_for("series", &format!("/api/v1/query?query={series}"), |data| {
            let figure = data["result"].get(0)?["value"].get(1)?;
            figure.as_str().map(str::to_owned)
        })
    }
}
