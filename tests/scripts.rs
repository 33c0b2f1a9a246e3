//! The scripts that owners run: `scripts/install`, `scripts/demo`, and `scripts/target` for `scripts/build`.

mod host;
mod install;
mod install_trouble;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness::{checkout, executable, free_port};

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn where_there_is_no_compiler_for_musl_executables_are_for_glibc() {
    let empty = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/bin/bash", empty.path().join("bash")).expect("a link");
    let mut command = Command::new("/usr/bin/env");
    command.arg(checkout().join("scripts/target"));
    let output = command.env("PATH", empty.path()).env("HOME", empty.path()).output();
    let output = output.expect("scripts/target runs");
    assert_eq!(output.stdout, b"x86_64-unknown-linux-gnu\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("apt-get install musl-tools"), "{said}");
}

/// A demo in a folder of its own; it ends with the value.
struct Demo {
    folder: TempDir,
    port: u16,
}

impl Demo {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), port: free_port() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let demo = self.folder.path().join("demo");
        make_reachable(self.folder.path());
        Command::new(checkout().join("scripts/demo"))
            .args(arguments)
            .env("TRACKER_EXECUTABLE", executable())
            .env("TRACKER_DEMO_DIR", demo)
            .env("TRACKER_DEMO_PORT", self.port.to_string())
            .output()
            .expect("scripts/demo runs")
    }
}

fn make_reachable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("the folder's mode");
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.run(&["stop"]);
    }
}

#[test]
fn the_demo_starts_twice_and_stops() {
    let demo = Demo::new();
    for _ in 0..2 {
        let output = demo.run(&[]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains(&format!("http://127.0.0.1:{}/", demo.port)));
    }
    let output = demo.run(&["stop"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(!demo.folder.path().join("demo").exists(), "the demo's folder is removed");
    assert!(std::net::TcpStream::connect(("127.0.0.1", demo.port)).is_err(), "nobody listens");
}

#[test]
fn the_demo_says_when_its_port_is_taken() {
    let demo = Demo::new();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", demo.port)).expect("the port");
    let output = demo.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains(&format!("port {} is taken", demo.port)), "{}", text(&output));
}
