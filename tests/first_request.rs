//! A site that was only put up by FTP: what its first requests make, and what they say where they cannot.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::apache::{Apache, Mpm};
use crate::harness::bencode;
use crate::harness::cannot_run::cannot_run;
use crate::harness::http::{Reply, encode, request};
use crate::harness::installation::{Answer, Call, Installation};
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site, as_the_server, server_account};
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, executable};

const PEER: &str = "peer_id=-XX0001-000000000001&port=6881&left=1";

/// A site below Apache's document root, with nothing but what an owner puts up, and Apache's own user for CGIs.
struct Uploaded {
    site: Site,
    apache: Process,
}

impl Uploaded {
    /// With a .htaccess, or with a server that passes over it; the torrents folder is there.
    fn new(htaccess: bool) -> Self {
        let site = Site::new(Layout::open(CGI));
        let root = site.root();
        for made in ["data", "conf"] {
            fs::remove_dir_all(root.join(made)).expect("a folder that is not put up");
        }
        if htaccess {
            let file = checkout().join("apache-snippets/htaccess");
            fs::copy(file, root.join(".htaccess")).expect(".htaccess is put up");
        }
        let overrides = if htaccess { "All" } else { "None" };
        let apache = Apache::new(Mpm::Event)
            .cgi_module()
            .modules(&["include", "expires", "filter", "deflate", "rewrite", "headers"])
            .line(&format!("DocumentRoot \"{}\"", root.display()))
            .line(&format!("<Directory \"{}\">", root.display()))
            .line(&format!("AllowOverride {overrides}"))
            .line("Options FollowSymLinks Indexes ExecCGI")
            .line("Require all granted")
            .line("</Directory>")
            .line(&format!("<Directory \"{}/cgi-bin\">", root.display()))
            .line("SetHandler cgi-script")
            .line("</Directory>")
            .line("DirectoryIndex index.html index.shtml")
            .line("Alias /style.css \"${TRACKER_WWW}/style.css\"")
            .start(&site);
        Self { site, apache }
    }

    /// Lets the web server's user make what is missing.
    fn open_to_the_server(&self) {
        let mode = Permissions::from_mode(0o777);
        fs::set_permissions(self.site.root(), mode).expect("a mode");
    }

    fn get(&self, target: &str) -> Reply {
        request(self.site.address(), "GET", target, &[]).expect("an answer")
    }

    fn announce(&self, torrent: &Torrent) -> bencode::Value {
        let query = format!("info_hash={}&{PEER}", encode(&torrent.info_hash));
        let reply = self.get(&format!("{CGI}/announce?{query}"));
        bencode::parse(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
    }

    /// The folder that nobody can guess.
    fn hidden(&self) -> PathBuf {
        let entries = fs::read_dir(self.site.data()).expect("the data folder");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        paths.find(|path| path.is_dir()).expect("a folder in it")
    }

    /// Runs the command line as the web server's user, in the same place.
    fn tracker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(self.site.root().join("cgi-bin/tracker.cgi"));
        let output = as_the_server(command.args(arguments)).output().expect("the command runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn data_below_a_document_root_cannot_be_guessed_even_where_it_is_served() {
    let host = Uploaded::new(false);
    host.open_to_the_server();
    let torrent = Torrent::new("a", 1000, &host.site.announce_url());
    host.site.add(&torrent);
    let answer = host.announce(&torrent);
    assert_eq!(answer.number("incomplete"), 1, "{answer:?}");
    let hidden = host.hidden();
    let name = hidden.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("private-") && name.len() == 40, "{name}");
    assert!(hidden.join("peers.db").is_file() && hidden.join("catalog.db").is_file());
    // Nothing denies it here, and yet nothing can be found.
    for file in ["peers.db", "catalog.db", "policy.snapshot", "refresh.log"] {
        assert_eq!(host.get(&format!("/data/{file}")).status, 404, "{file}");
    }
    let listing = host.get("/data/");
    assert!(listing.status == 200 && listing.body.is_empty(), "{listing:?}");
    // Later requests and commands find it.
    assert_eq!(host.announce(&torrent).number("incomplete"), 1);
    assert!(host.tracker(&["stats"]).contains("1 swarm,"), "{}", host.tracker(&["stats"]));
    assert_eq!(host.hidden(), hidden);
    let log = host.apache.output();
    assert!(log.contains("nobody can guess") && log.contains("tracker: warning: "), "{log}");
    assert_eq!(log.matches("nobody can guess").count(), 1, "{log}");
    // With a configuration that names the defaults, too.
    fs::create_dir(host.site.root().join("conf")).expect("a folder");
    let sample = checkout().join("conf/tracker.toml");
    fs::copy(sample, host.site.root().join("conf/tracker.toml")).expect("the configuration");
    assert!(host.tracker(&["stats"]).contains("1 swarm,"), "{}", host.tracker(&["stats"]));
}

#[test]
fn a_site_that_is_in_use_stays_where_it_is() {
    let host = Uploaded::new(true);
    let data = host.site.data();
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, Permissions::from_mode(0o777)).expect("a mode");
    let torrents = Permissions::from_mode(0o777);
    fs::set_permissions(host.site.torrents(), torrents).expect("a mode");
    fs::write(data.join("peers.db"), "of an earlier version").expect("a file");
    let torrent = Torrent::new("a", 1000, &host.site.announce_url());
    host.site.add(&torrent);
    assert_eq!(host.announce(&torrent).number("incomplete"), 1);
    assert!(data.join("catalog.db").is_file());
    let folders = fs::read_dir(&data)
        .expect("the data folder")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir()));
    assert_eq!(folders.count(), 0);
}

#[test]
fn where_nothing_can_be_written_the_owner_is_told_what_to_do() {
    let host = Uploaded::new(true);
    let root = host.site.root();
    for folder in [root.clone(), host.site.torrents()] {
        if server_account().is_some() {
            chown(&folder, Some(0), Some(0)).expect("an owner");
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("a mode");
    }
    for page in [CGI.to_owned(), format!("{CGI}/"), format!("{CGI}/stats")] {
        let reply = host.get(&page);
        assert_eq!(reply.status, 503, "{page}: {reply:?}");
        let text = reply.text();
        assert!(text.contains("Make the folder <code>data</code>"), "{text}");
        assert!(text.contains("the folder <code>www/torrents</code>"), "{text}");
        assert!(text.contains("<code>777</code>"), "{text}");
        assert!(!text.contains(&root.display().to_string()) && !text.contains("/tmp"), "{text}");
    }
    let torrent = Torrent::new("a", 1000, &host.site.announce_url());
    let refused = host.announce(&torrent);
    assert!(refused.get("failure reason").is_some(), "{refused:?}");
    // As the page says; the owner may write to the site.
    fs::set_permissions(&root, Permissions::from_mode(0o755)).expect("a mode");
    fs::create_dir(host.site.data()).expect("a folder");
    fs::set_permissions(host.site.data(), Permissions::from_mode(0o777)).expect("a mode");
    for page in [CGI.to_owned(), format!("{CGI}/stats"), CGI.to_owned()] {
        let reply = host.get(&page);
        assert_eq!(reply.status, 503, "half of it is not enough: {reply:?}");
        let text = reply.text();
        assert!(text.contains("the folder <code>www/torrents</code>"), "{text}");
        assert!(!text.contains("<code>data</code>") && !text.contains("tracker.toml"), "{text}");
    }
    fs::set_permissions(host.site.torrents(), Permissions::from_mode(0o777)).expect("a mode");
    host.site.add(&torrent);
    let answer = host.announce(&torrent);
    assert_eq!(answer.number("incomplete"), 1, "{answer:?}");
    assert_eq!(host.get(&format!("{CGI}/stats")).status, 200);
    // What is in it is closed to others, though the folder that the owner made is not.
    let mode = fs::metadata(host.hidden()).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// A CGI on a machine whose /etc is another folder; `None` where no such machine can be made.
fn with_etc(etc: &Path, call: Call) -> Option<Output> {
    let command = call.command();
    let mut machine = Command::new("unshare");
    machine.args(["--mount", "sh", "-c", "mount --bind \"$1\" /etc && exec \"$2\"", "sh"]);
    machine.arg(etc).arg(command.get_program()).env_clear().env("PATH", "/usr/bin:/bin");
    for (name, value) in command.get_envs() {
        machine.env(name, value.expect("a value"));
    }
    machine.output().ok().filter(|output| output.status.success())
}

#[test]
fn a_site_without_a_configuration_of_its_own_is_told_that_it_goes_by_the_machines() {
    let site = Installation::bare();
    for folder in ["cgi-bin", "www/torrents", "etc/tracker", "machine"] {
        fs::create_dir_all(site.path(folder)).expect("a folder");
    }
    let data = site.path("machine");
    let settings = format!(
        "tracker.torrents = 'open'\nstore.path = '{0}/peers.db'\n[paths]\n\
         catalog = '{0}/catalog.db'\npolicy = '{0}/policy.snapshot'\ntorrents = '{0}/torrents'\n\
         stats_fragment = '{0}/stats.inc'\nrss_fragment = '{0}/rss.inc'\n",
        data.display()
    );
    fs::write(site.path("etc/tracker/tracker.toml"), settings).expect("a configuration");
    let script = site.path("cgi-bin/tracker.cgi");
    symlink(executable(), &script).expect("a link");
    let announce = || {
        let query = format!("info_hash=aaaaaaaaaaaaaaaaaaaa&{PEER}");
        site.get("/announce", query).without("TRACKER_CONFIG").with("SCRIPT_FILENAME", &script)
    };
    let Some(output) = with_etc(&site.path("etc"), announce()) else {
        return cannot_run("the configuration of a machine", "it takes root and namespaces");
    };
    let answer = Answer::of(&output);
    assert_eq!(answer.value().number("incomplete"), 1, "{answer:?}");
    let own = site.path("conf/tracker.toml").display().to_string();
    let told: Vec<_> = answer.log.lines().filter(|line| line.contains("goes by")).collect();
    assert!(told.len() == 1 && told[0].contains(&own), "{answer:?}");
    assert!(told[0].contains("/etc/tracker/tracker.toml"), "{told:?}");
    let again = Answer::of(&with_etc(&site.path("etc"), announce()).expect("the same machine"));
    assert!(!again.log.contains("goes by"), "{again:?}");
    // A refresh after the reply must not write into what is removed.
    let lock = fs::File::open(data.join("refresh.lock")).expect("the lock of refreshes");
    lock.lock().expect("it is free in the end");
}
