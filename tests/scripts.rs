//! The scripts that owners run: `scripts/install`, `scripts/demo`, and `scripts/target` for `scripts/build`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness::{checkout, executable, free_port, program};

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// A host that is nothing but folders.
struct Host {
    root: TempDir,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("etc/apache2/conf-available"))
            .expect("Apache's folder");
        Self { root }
    }

    fn install(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(checkout().join("scripts/install"));
        command.arg("--executable").arg(executable()).arg("--root").arg(self.root.path());
        let output = command.args(arguments).output().expect("scripts/install runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    fn read(&self, path: &str) -> String {
        let path = self.root.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every file with its content; folders and links with what stands for it.
    fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(self.root.path(), self.root.path(), &mut all);
        all
    }
}

fn collect(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below the root").display().to_string();
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            all.insert(name, target.display().to_string().into_bytes());
        } else if path.is_dir() {
            all.insert(name + "/", Vec::new());
            collect(root, &path, all);
        } else {
            all.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

#[test]
fn an_installation_has_all_that_a_site_needs() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let at = |path: &str| host.root.path().join(path);
    assert_eq!(fs::read(at("usr/lib/cgi-bin/tracker.cgi")).ok(), fs::read(executable()).ok());
    let mode =
        |path: &str| fs::metadata(at(path)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("usr/lib/cgi-bin/tracker.cgi"), 0o755);
    assert_eq!(mode("usr/lib/cgi-bin/tracker.fcgi"), 0o755);
    assert_eq!(mode("var/lib/tracker"), 0o700, "the data folder is nobody else's");
    let command = fs::read_link(at("usr/local/bin/tracker")).expect("the command");
    assert_eq!(command, Path::new("/usr/lib/cgi-bin/tracker.cgi"));
    let feed = host.read("var/www/tracker/rss.xml");
    assert!(feed.contains("<link>http://tracker.example/tracker/</link>"), "{feed}");
    assert!(host.read("var/www/tracker/torrents/bt_stats.inc").contains("tracker-empty"));
}

/// What the installed configuration says, in the words of the tracker itself.
#[test]
fn the_installed_configuration_is_understood_and_names_the_installed_folders() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let file = host.root.path().join("etc/tracker/tracker.toml");
    let mut command = Command::new(executable());
    let output = command.arg("--config").arg(&file).args(["config", "show"]).output();
    let output = output.expect("tracker config show runs");
    assert!(output.status.success(), "{}", text(&output));
    let shown = text(&output);
    for value in [
        "http://tracker.example/announce",
        "http://tracker.example/tracker/torrents",
        "/var/lib/tracker/peers.db",
        "/var/lib/tracker/catalog.db",
        "/var/lib/tracker/policy.snapshot",
        "/var/www/tracker/torrents",
        "/var/www/tracker/torrents/bt_stats.inc",
        "/var/www/tracker/torrents/bt_rss.inc",
    ] {
        assert!(shown.contains(&format!("\"{value}\"")), "{value} is not in\n{shown}");
    }
    assert!(!shown.contains("../"), "{shown}");
}

#[test]
fn apache_accepts_the_installed_configuration() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    // The paths in it are those of the host that it is for.
    let root = host.root.path().display().to_string();
    let snippet = host.read("etc/apache2/conf-available/tracker.conf");
    let snippet = snippet.replace(" /usr/", &format!(" {root}/usr/"));
    let mut text = format!(
        "ServerRoot \"{root}\"\nServerName x\nListen 127.0.0.1:1\n\
         ErrorLog \"{root}/error.log\"\n"
    );
    let modules =
        "mpm_event authz_core mime dir alias env include expires filter deflate cgid fcgid";
    for module in modules.split(' ') {
        text += &format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n");
    }
    let file = host.root.path().join("apache.conf");
    fs::write(&file, text + &snippet.replace("IncludeOptional", "Include")).expect("a file");
    let output = Command::new(program("apache2")).arg("-t").arg("-f").arg(&file).output();
    let output = output.expect("apache2 runs");
    assert!(output.status.success(), "{}", self::text(&output));
}

#[test]
fn a_second_installation_overwrites_nothing_of_the_owners() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    let owners = [
        "etc/tracker/tracker.toml",
        "etc/apache2/conf-available/tracker.conf",
        "var/www/tracker/index.shtml",
        "var/www/tracker/torrents/bt_stats.inc",
    ];
    for path in owners {
        fs::write(host.root.path().join(path), "mine").expect("an edit");
    }
    fs::write(host.root.path().join("usr/lib/cgi-bin/tracker.cgi"), "an older one")
        .expect("a file");
    host.install(&["--url", "http://other.example"]);
    for path in owners {
        assert_eq!(host.read(path), "mine", "{path}");
    }
    let upgraded = fs::read(host.root.path().join("usr/lib/cgi-bin/tracker.cgi")).ok();
    assert_eq!(upgraded, fs::read(executable()).ok());
}

#[test]
fn a_dry_run_changes_nothing() {
    let host = Host::new();
    let before = host.content();
    let said = host.install(&["--dry-run"]);
    assert!(said.contains("usr/lib/cgi-bin/tracker.cgi"), "{said}");
    assert_eq!(host.content(), before);
    host.install(&[]);
    let installed = host.content();
    host.install(&["--uninstall", "--dry-run"]);
    assert_eq!(host.content(), installed);
}

#[test]
fn uninstalling_keeps_what_is_the_owners() {
    let host = Host::new();
    host.install(&[]);
    host.install(&["--uninstall"]);
    let left = host.content();
    for path in ["etc/tracker/tracker.toml", "var/lib/tracker/", "var/www/tracker/index.shtml"] {
        assert!(left.contains_key(path), "{path}");
    }
    for path in ["usr/lib/cgi-bin/tracker.cgi", "usr/local/bin/tracker", "usr/local/share/tracker/"]
    {
        assert!(!left.contains_key(path), "{path}");
    }
}

/// Somebody else's program of that name is not replaced.
#[test]
fn a_command_that_is_not_the_trackers_stops_the_installation() {
    let host = Host::new();
    let command = host.root.path().join("usr/local/bin/tracker");
    fs::create_dir_all(command.parent().expect("a folder")).expect("a folder");
    fs::write(&command, "another program").expect("a file");
    let output = Command::new(checkout().join("scripts/install"))
        .arg("--executable")
        .arg(executable())
        .arg("--root")
        .arg(host.root.path())
        .output()
        .expect("scripts/install runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(host.read("usr/local/bin/tracker"), "another program");
}

#[test]
fn the_newest_executable_is_installed_and_one_that_is_missing_is_named() {
    let copy = tempfile::tempdir().expect("a folder");
    let folder = copy.path();
    for entry in fs::read_dir(checkout()).expect("the checkout") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if !["target", "scripts"].iter().any(|other| name == *other) {
            std::os::unix::fs::symlink(path, folder.join(name)).expect("a link");
        }
    }
    fs::create_dir(folder.join("scripts")).expect("a folder");
    fs::copy(checkout().join("scripts/install"), folder.join("scripts/install")).expect("a copy");
    let host = Host::new();
    let install = |arguments: &[&str]| {
        let mut command = Command::new(folder.join("scripts/install"));
        command.arg("--root").arg(host.root.path()).args(arguments);
        command.output().expect("scripts/install runs")
    };
    let nothing = install(&[]);
    assert!(!nothing.status.success());
    assert!(text(&nothing).contains("make it with: scripts/build"), "{}", text(&nothing));

    let hour = std::time::Duration::from_secs(3600);
    for (age, place) in [(2, "release"), (1, "some-target/release"), (3, "other/release")] {
        let place = folder.join("target").join(place);
        fs::create_dir_all(&place).expect("a folder");
        fs::write(place.join("tracker"), format!("of {age}")).expect("an executable");
        let made = std::time::SystemTime::now() - hour * age;
        let file = fs::File::open(place.join("tracker")).expect("the executable");
        file.set_modified(made).expect("its time");
    }
    let installed = install(&[]);
    assert!(installed.status.success(), "{}", text(&installed));
    assert_eq!(host.read("usr/lib/cgi-bin/tracker.cgi"), "of 1");

    let missing = install(&["--executable", "/nowhere/tracker"]);
    assert!(!missing.status.success());
    assert!(text(&missing).contains("/nowhere/tracker"), "{}", text(&missing));
    assert_eq!(host.read("usr/lib/cgi-bin/tracker.cgi"), "of 1", "nothing is changed");
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
