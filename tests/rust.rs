//! How the scripts get Rust where there is none: from rustup's server, here a small one of our own.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::harness::checkout;

/// Installs programs that do no more than `need_rust` looks at.
const INSTALLER: &str = r#"#!/bin/sh
echo "rustup-init $*"
mkdir -p "$HOME/.cargo/bin"
printf '#!/bin/sh\necho rustc WANTED\n' >"$HOME/.cargo/bin/rustc"
printf '#!/bin/sh\nexit 0\n' >"$HOME/.cargo/bin/cargo"
chmod 755 "$HOME/.cargo/bin/rustc" "$HOME/.cargo/bin/cargo"
"#;

/// The version that the scripts want.
fn wanted() -> String {
    let file = fs::read_to_string(checkout().join("rust-toolchain.toml")).expect("the pin");
    let line = file.lines().find_map(|line| line.strip_prefix("channel = ")).expect("a channel");
    line.trim_matches('"').to_owned()
}

/// A user with an older Rust, as distributions have it, and without rustup. Nobody can install packages.
struct User {
    home: TempDir,
}

impl User {
    fn new() -> Self {
        let user = Self { home: tempfile::tempdir().expect("a folder") };
        user.program("rustc", "echo rustc 1.63.0");
        user.program("cargo", "exit 0");
        user.program("apt-get", "echo \"apt-get $*\"; exit 1");
        user.program("apache2", "exit 1");
        user
    }

    /// A program early on the user's PATH.
    fn program(&self, name: &str, script: &str) {
        let path = self.home.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("its mode");
    }

    /// Runs a script of shell in the checkout; `server` is where rustup's installer is.
    fn run(&self, script: &str, server: &str) -> (Option<i32>, String) {
        let path = format!("{}:/usr/bin:/bin", self.home.path().display());
        let mut command = Command::new("/bin/bash");
        command.args(["-euo", "pipefail", "-c", &format!("{script} 2>&1")]).current_dir(checkout());
        command.env_clear().env("HOME", self.home.path()).env("PATH", path);
        command.env("TRACKER_DEMO_DIR", self.home.path().join("demo"));
        command.env("RUSTUP_UPDATE_ROOT", server).env("no_proxy", "*");
        let Output { status, stdout, .. } = command.output().expect("bash runs");
        (status.code(), String::from_utf8_lossy(&stdout).into_owned())
    }
}

/// Serves the installer and its checksum, both once, and gives the address.
fn serve(installer: String, checksum: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    std::thread::spawn(move || {
        for connection in listener.incoming().take(2) {
            let connection = connection.expect("a connection");
            let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let request = lines.next().expect("a request");
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let is_checksum = request.contains("/rustup-init.sha256 ");
            let body = if is_checksum { &checksum } else { &installer };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
            let reply = format!("{head}Connection: close\r\n\r\n{body}");
            (&connection).write_all(reply.as_bytes()).expect("curl reads");
        }
    });
    format!("http://{address}")
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits} *rustup-init\n")
}

const NEED_RUST: &str = "source scripts/rust; need_rust; echo have $(rustc --version)";

#[test]
fn rust_is_installed_by_rustup_where_there_is_none_or_an_older_one() {
    let (user, version) = (User::new(), wanted());
    let installer = INSTALLER.replace("WANTED", &version);
    let server = serve(installer.clone(), checksum(&installer));
    let (status, said) = user.run(&format!("{{ {NEED_RUST}; }}"), &server);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(&format!("Installing Rust {version} with rustup")), "{said}");
    let options = format!("--default-toolchain {version} --component clippy,rustfmt");
    assert!(said.contains(&options), "{said}");
    assert!(said.ends_with(&format!("have rustc {version}\n")), "{said}");
}

#[test]
fn a_newer_rust_without_rustup_will_do() {
    let user = User::new();
    user.program("rustc", "echo rustc 1.1000.0");
    let (status, said) = user.run(&format!("{{ {NEED_RUST}; }}"), "http://127.0.0.1:1");
    assert_eq!((status, said.as_str()), (Some(0), "have rustc 1.1000.0\n"));
}

#[test]
fn an_installer_that_came_damaged_is_not_run() {
    let user = User::new();
    let server = serve(INSTALLER.to_owned(), checksum("another one"));
    let (status, said) = user.run(&format!("{{ {NEED_RUST}; }}"), &server);
    assert_eq!(status, Some(1), "{said}");
    assert!(!said.contains("rustup-init -y"), "{said}");
}

#[test]
fn where_rust_cannot_be_fetched_nothing_else_is_installed() {
    let user = User::new();
    for script in ["scripts/demo", "scripts/test", "scripts/bench", "scripts/build"] {
        let (status, said) = user.run(script, "http://127.0.0.1:1");
        assert_eq!(status, Some(1), "{script}: {said}");
        assert!(said.contains("could not be installed"), "{script}: {said}");
        assert!(!said.contains("apt-get "), "{script}: {said}");
        assert!(!user.home.path().join("demo").exists(), "{script} begins nothing");
    }
}
