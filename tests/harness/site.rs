//! A temporary site as an owner would lay it out: `cgi-bin`, `conf`, `data`, `www`.

use std::fs::{self, Permissions};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::http::request;
use super::process::Process;
use super::torrent::Torrent;
use super::{checkout, executable, folder_in_memory, free_port};

/// What differs between the sites of the tests.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The address that clients announce to.
    pub host: IpAddr,
    /// The tracker's path on the web server.
    pub script: &'static str,
    /// `tracker.torrents` of the configuration.
    pub torrents: &'static str,
    /// `refresh.on_request` of the configuration.
    pub refresh_on_request: bool,
    /// Whether peers are kept in shared memory.
    pub in_memory: bool,
    /// Whether the web server takes the addresses of its clients from X-Real-IP, as behind a proxy.
    pub behind_proxy: bool,
}

/// Where the tracker is when the web server starts it as a plain CGI.
pub const CGI: &str = "/cgi-bin/tracker.cgi";
/// Where the tracker is when Apache talks FastCGI to it.
pub const FCGI: &str = "/cgi-bin/tracker.fcgi";

/// The page of the site beside which the tracker is installed.
pub const OTHER_SITE: &str = "the owner's other site";

impl Layout {
    /// An open tracker on 127.0.0.1 that refreshes only when it is told to.
    pub fn open(script: &'static str) -> Self {
        let host = Ipv4Addr::LOCALHOST.into();
        Self {
            host,
            script,
            torrents: "open",
            refresh_on_request: false,
            in_memory: false,
            behind_proxy: false,
        }
    }

    /// The same with peers in shared memory.
    pub fn in_memory(self) -> Self {
        Self { in_memory: true, ..self }
    }

    /// The same behind a proxy, which here is each client itself.
    pub fn behind_proxy(self) -> Self {
        Self { behind_proxy: true, ..self }
    }

    /// A tracker for the torrents in its folder only.
    pub fn listed(script: &'static str, host: IpAddr) -> Self {
        Self { host, torrents: "listed", ..Self::open(script) }
    }
}

/// The folders of a site, and the port that its web server will have.
pub struct Site {
    folder: TempDir,
    memory: Option<TempDir>,
    layout: Layout,
    port: u16,
}

impl Site {
    /// Lays out a site with the executable under test and the pages as they are shipped.
    pub fn new(layout: Layout) -> Self {
        let folder = tempfile::Builder::new().prefix("tracker-site-").tempdir().expect("a folder");
        let memory = layout.in_memory.then(folder_in_memory);
        let site = Self { folder, memory, layout, port: free_port() };
        let root = site.root();
        fs::set_permissions(&root, Permissions::from_mode(0o755)).expect("the site's mode");
        for name in ["cgi-bin", "conf", "data", "run", "www/torrents", "default/below", "served"] {
            fs::create_dir_all(root.join(name)).expect("a folder of the site");
        }
        // The owner's other site, and what stands for /var/www.
        fs::write(root.join("default/index.html"), OTHER_SITE).expect("a page of the other site");
        symlink("../www", root.join("served/tracker")).expect("a link to the pages");
        for name in ["index.shtml", "rss.xml", "style.css"] {
            copy(&checkout().join("www").join(name), &root.join("www").join(name));
        }
        for name in ["bt_stats.inc", "bt_rss.inc"] {
            copy(&checkout().join("www/torrents").join(name), &site.torrents().join(name));
        }
        copy_executable(&root.join("cgi-bin/tracker.cgi"));
        copy(&checkout().join("cgi-bin/tracker.fcgi"), &root.join("cgi-bin/tracker.fcgi"));
        fs::write(root.join("conf/tracker.toml"), site.configuration()).expect("a configuration");
        site.give_to_the_server();
        site
    }

    fn configuration(&self) -> String {
        let store = match self.layout.in_memory {
            true => format!("[store]\nkind = \"shm\"\npath = {:?}\n\n", self.store()),
            false => String::new(),
        };
        format!(
            "[tracker]\nannounce_url = \"{}\"\ntorrents = \"{}\"\n\
             max_address_exempt = [\"127.0.0.1\", \"::1\"]\n\n\
             {store}[paths]\ntorrents_url = \"{}\"\n\n\
             [refresh]\non_request = {}\n",
            self.announce_url(),
            self.layout.torrents,
            self.url("/tracker/torrents"),
            self.layout.refresh_on_request
        )
    }

    /// What the web server's user writes to is owned by it, and the data folder is closed to others.
    fn give_to_the_server(&self) {
        fs::set_permissions(self.data(), Permissions::from_mode(0o700)).expect("the data's mode");
        let Some((user, group)) = server_account() else { return };
        let memory = self.memory.as_ref().map(|memory| memory.path().to_owned());
        let folders = [self.data(), self.torrents(), self.root().join("run")];
        for folder in folders.into_iter().chain(memory) {
            chown(&folder, Some(user), Some(group)).expect("the owner of a folder");
        }
    }

    /// Whether its web server takes the addresses of clients from X-Real-IP.
    pub fn is_behind_proxy(&self) -> bool {
        self.layout.behind_proxy
    }

    /// The site's folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The folder of the tracker's state.
    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// The file of the peers.
    pub fn store(&self) -> PathBuf {
        match &self.memory {
            Some(memory) => memory.path().join("tracker.d/peers"),
            None => self.data().join("peers.db"),
        }
    }

    /// The folder of the pages.
    pub fn www(&self) -> PathBuf {
        self.root().join("www")
    }

    /// The folder of .torrent files.
    pub fn torrents(&self) -> PathBuf {
        self.root().join("www/torrents")
    }

    /// A file for sockets, logs and the web server's own configuration.
    pub fn run(&self, name: &str) -> PathBuf {
        self.root().join("run").join(name)
    }

    /// The address of the web server.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.layout.host, self.port)
    }

    /// The web server's port, the same on 127.0.0.1 and on [::1].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The tracker's path on the web server.
    pub fn script(&self) -> &'static str {
        self.layout.script
    }

    /// An absolute address on the web server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// What clients announce to.
    pub fn announce_url(&self) -> String {
        self.url("/announce")
    }

    /// Puts a .torrent into the folder.
    pub fn add(&self, torrent: &Torrent) -> PathBuf {
        let path = self.torrents().join(torrent.file_name());
        fs::write(&path, &torrent.metainfo).expect("a .torrent file");
        path
    }

    /// Runs the command line as the web server's user and gives back its output.
    pub fn tracker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(self.root().join("cgi-bin/tracker.cgi"));
        let output = as_the_server(command.args(arguments)).output().expect("the command runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tracker {arguments:?}: {}\n{errors}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Has a command run as the user of web servers, when there is a choice.
pub fn as_the_server(command: &mut Command) -> &mut Command {
    match server_account() {
        Some((user, group)) => command.uid(user).gid(group),
        None => command,
    }
}

/// User and group of web servers; none unless the tests run as root, when servers stay who we are.
pub fn server_account() -> Option<(u32, u32)> {
    // SAFETY: geteuid touches no memory and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    root.then(|| {
        let accounts = fs::read_to_string("/etc/passwd").expect("the list of accounts");
        let line = accounts.lines().find(|line| line.starts_with("www-data:"));
        let fields: Vec<_> = line.expect("the account www-data").split(':').collect();
        let id = |field: usize| fields[field].parse().expect("a number in the list of accounts");
        (id(2), id(3))
    })
}

/// By a process of its own: one that is started while this process writes an executable inherits the
/// descriptor, and the executable cannot be run before that one is gone.
fn copy_executable(to: &Path) {
    let copied = Command::new("cp").arg(executable()).arg(to).status().expect("cp runs");
    assert!(copied.success(), "the executable is not copied");
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{} is not copied: {error}", from.display()));
}

/// Waits until the site's web server answers.
pub fn wait_until_served(site: &Site, server: &mut Process) {
    server.wait_for("an answer", || request(site.address(), "GET", "/tracker/style.css", &[]).ok());
}

/// A shipped file with some of its lines changed as its comments tell the owner to.
pub fn shipped(name: &str, changes: &[(&str, &str)]) -> String {
    let path = checkout().join(name);
    let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (from, to) in changes {
        assert!(text.contains(from), "{name} does not say {from:?}");
        text = text.replace(from, to);
    }
    text
}
