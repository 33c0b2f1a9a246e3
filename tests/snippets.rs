//! Every file in `apache-snippets` and `conf` is loaded by the program that it is for.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use crate::harness::apache::{self, Apache, Mpm, PAGE_SNIPPETS};
use crate::harness::http::{Reply, request};
use crate::harness::process::Process;
use crate::harness::responder::Listen;
use crate::harness::site::{CGI, FCGI, Layout, Site, shipped, wait_until_served};
use crate::harness::torrent::Torrent;
use crate::harness::{caddy, checkout, executable, lighttpd, nginx, program};

fn succeeds(what: &str, output: &Output) {
    let text = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{what}:\n{}", String::from_utf8_lossy(&text));
}

fn apache_accepts(name: &str, configuration: &Apache) {
    let site = Site::new(Layout::open(CGI));
    let mut command = Command::new(program("apache2"));
    command.arg("-t").arg("-f").arg(configuration.write(&site));
    succeeds(name, &command.output().expect("apache2 runs"));
}

fn files_of(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(checkout().join(folder)).expect("a folder of the checkout");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("ASCII"))
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn no_shipped_configuration_is_without_a_test() {
    let snippets = ["cgi.conf", "fcgid.conf", "proxy-fcgi.conf", "htaccess"];
    let pages = PAGE_SNIPPETS.map(|(name, _)| name);
    assert_eq!(files_of("apache-snippets"), set(&[&snippets[..], &pages[..]].concat()));
    let conf = [
        "caddy.conf",
        "crontab",
        "haproxy.cfg",
        "lighttpd-cgi.conf",
        "lighttpd.conf",
        "nginx-balancer-owner.conf",
        "nginx-balancer.conf",
        "nginx-fcgiwrap.conf",
        "nginx-upstream.conf",
        "nginx.conf",
        "tracker.service",
        "tracker.socket",
        "tracker.toml",
    ];
    assert_eq!(files_of("conf"), set(&conf));
}

#[test]
fn apache_accepts_each_page_snippet_alone() {
    for (name, modules) in PAGE_SNIPPETS {
        apache_accepts(name, &Apache::new(Mpm::Event).modules(modules).snippet(name));
    }
}

#[test]
fn apache_accepts_each_tracker_snippet_with_the_modules_it_names() {
    apache_accepts("cgi.conf", &Apache::new(Mpm::Event).cgi_module().snippet("cgi.conf"));
    apache_accepts("cgi.conf", &Apache::new(Mpm::Prefork).cgi_module().snippet("cgi.conf"));
    apache_accepts(
        "fcgid.conf",
        &Apache::new(Mpm::Event).modules(&["env", "fcgid"]).snippet("fcgid.conf"),
    );
    apache_accepts("proxy-fcgi.conf", &apache::proxy_fcgi(&Listen::Tcp(9000)));
}

/// Debian's Apache has an alias for all of /cgi-bin/ before it reads ours.
#[test]
fn apache_warns_of_no_addresses_that_overlap() {
    let site = Site::new(Layout::open(CGI));
    let configuration = Apache::new(Mpm::Event)
        .cgi_module()
        .modules(&["env", "fcgid"])
        .line("ScriptAlias /cgi-bin/ \"${TRACKER_CGI_BIN}/\"")
        .snippet("cgi.conf")
        .snippet("fcgid.conf")
        .write(&site);
    let mut command = Command::new(program("apache2"));
    let output = command.arg("-t").arg("-f").arg(configuration).output().expect("apache2 runs");
    succeeds("apache2 -t", &output);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "Syntax OK");
}

/// `tracker init` has the pages at the root of a server of their own.
#[test]
fn nginx_serves_a_site_of_init() {
    let site = Site::new(Layout::open(CGI));
    let made = site.root().join("made by init/tracker/site");
    let mut init = Command::new(executable());
    succeeds("tracker init", &init.arg("init").arg(&made).output().expect("it runs"));
    let port = site.port();
    let server = fs::read_to_string(made.join("conf/nginx.conf")).expect("a configuration");
    let server = server
        .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
        .replace("listen [::]:80;", &format!("listen [::1]:{port};"));
    let mut command = nginx::command_with(&site, &server);
    let mut process = Process::start("nginx", &mut command, &site.run("nginx.log"));
    wait_until_served(&site, &mut process);
    let get = |path: &str| request(site.address(), "GET", path, &[]).expect("an answer");
    assert!(get("/").text().contains("tracker-empty"), "{:?}", get("/"));
    assert_eq!(get("/rss.xml").header("content-type"), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(get("/torrents/").status, 403, "the folder is not listed");
    assert_eq!(get("/announce").status, 502, "the responder is asked, which does not run");
    assert_eq!(get("/tracker/").status, 404);
}

#[test]
fn nginx_accepts_its_configurations() {
    for name in ["conf/nginx.conf", "conf/nginx-fcgiwrap.conf"] {
        let site = Site::new(Layout::open(CGI));
        let mut command = nginx::command(&site, name, &Listen::unix(&site));
        succeeds(name, &command.arg("-t").output().expect("nginx runs"));
    }
}

#[test]
fn lighttpd_accepts_its_configurations() {
    for name in ["conf/lighttpd.conf", "conf/lighttpd-cgi.conf"] {
        let site = Site::new(Layout::open(CGI));
        let mut command = lighttpd::command(&site, name);
        let output = command.arg("-tt").output().expect("lighttpd runs");
        succeeds(name, &output);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn caddy_accepts_its_configuration() {
    let site = Site::new(Layout::open(CGI));
    let mut command = caddy::command(&site, &Listen::unix(&site), "validate");
    succeeds("conf/caddy.conf", &command.output().expect("caddy runs"));
}

#[test]
fn systemd_accepts_the_units() {
    let site = Site::new(Layout::open(CGI));
    let tracker = site.root().join("cgi-bin/tracker.cgi").display().to_string();
    let changes = [("/usr/lib/cgi-bin/tracker.cgi", tracker.as_str())];
    fs::write(site.run("tracker.service"), shipped("conf/tracker.service", &changes))
        .expect("unit");
    fs::write(site.run("tracker.socket"), shipped("conf/tracker.socket", &[])).expect("unit");
    let mut command = Command::new(program("systemd-analyze"));
    command.args(["verify", "--recursive-errors=no", "--man=no"]);
    command.arg(site.run("tracker.service")).arg(site.run("tracker.socket"));
    let output = command.output().expect("systemd-analyze runs");
    succeeds("systemd-analyze verify", &output);
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!complaints.contains("tracker."), "{complaints}");
}

/// A crontab in the form of /etc/cron.d: five fields, a user, a command that exists.
#[test]
fn the_crontab_line_runs_a_command_that_the_tracker_has() {
    let crontab = shipped("conf/crontab", &[]);
    let lines: Vec<_> = crontab
        .lines()
        .filter(|line| line.starts_with(|c: char| c == '*' || c.is_ascii_digit()))
        .collect();
    assert_eq!(lines.len(), 1, "{crontab}");
    let fields: Vec<_> = lines[0].split_whitespace().collect();
    assert_eq!(fields[5], "www-data", "{}", lines[0]);
    assert!(fields[6].ends_with("/tracker"), "{}", lines[0]);
    let mut command = Command::new(executable());
    succeeds(lines[0], &command.args(&fields[7..]).arg("--help").output().expect("it runs"));
}

/// Shared hosting: the whole release lies in the served folder, and only a .htaccess can be written.
pub struct SharedHost {
    _apache: Process,
    pub site: Site,
}

impl SharedHost {
    pub fn new() -> Self {
        Self::serve(Site::new(Layout::open(CGI)))
    }

    /// The same with a site that is made already.
    pub fn serve(site: Site) -> Self {
        let htaccess = checkout().join("apache-snippets/htaccess");
        fs::copy(htaccess, site.root().join(".htaccess")).expect(".htaccess is put up");
        let apache = Apache::new(Mpm::Event)
            .cgi_module()
            .modules(&["fcgid", "include", "expires", "filter", "deflate", "rewrite", "headers"])
            .line(&format!("DocumentRoot \"{}\"", site.root().display()))
            .line(&format!("<Directory \"{}\">", site.root().display()))
            .line("AllowOverride AuthConfig FileInfo Indexes Limit Options=ExecCGI,IncludesNOEXEC,Indexes")
            .line("Options FollowSymLinks Indexes")
            .line("Require all granted")
            .line("</Directory>")
            .line("Alias /style.css \"${TRACKER_WWW}/style.css\"")
            .start(&site);
        Self { _apache: apache, site }
    }

    fn get(&self, target: &str) -> Reply {
        request(self.site.address(), "GET", target, &[]).expect("an answer")
    }
}

#[test]
fn shared_hosting_works_with_the_htaccess_file_alone() {
    let host = SharedHost::new();
    for script in [CGI, FCGI, ""] {
        let reply = host.get(&format!("{script}/scrape?info_hash={}", "%00".repeat(20)));
        assert!(reply.status == 200 && reply.body.starts_with(b"d"), "{script}: {reply:?}");
    }
    let page = host.get("/www/");
    assert!(page.status == 200 && page.text().contains("tracker-empty"), "{page:?}");
    // As it is before the first refresh.
    fs::remove_file(host.site.torrents().join("bt_rss.xml")).expect("the whole feed");
    let feed = host.get("/www/rss.xml");
    assert_eq!(feed.header("content-type"), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(feed.header("etag"), None, "it is put together for each reader");
    host.site.tracker(&["refresh", "--force"]);
    let whole = host.get("/www/rss.xml");
    assert_eq!(whole.header("content-type"), Some("application/rss+xml; charset=utf-8"));
    assert!(whole.header("etag").is_some() && whole.text().contains("<ttl>"), "{whole:?}");
    assert_eq!(host.get("/www/torrents/").status, 403, "the folder is not listed");
}

#[test]
fn shared_hosting_serves_neither_data_nor_settings() {
    let host = SharedHost::new();
    fs::write(host.site.data().join("peers.db"), "secret").expect("a file in the data folder");
    for path in ["/conf/tracker.toml", "/data/peers.db", "/data/", "/conf/"] {
        let reply = host.get(path);
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
}

#[test]
fn the_data_folder_is_never_served_even_when_it_lies_among_the_pages() {
    let site = Site::new(Layout::open(CGI));
    let inside = site.www().join("data");
    fs::create_dir(&inside).expect("a folder");
    fs::write(inside.join("peers.db"), "secret").expect("a file");
    let _apache = apache::cgi(Mpm::Event)
        .line(&format!("Define TRACKER_DATA {}", inside.display()))
        .snippet("data-deny.conf")
        .start(&site);
    let reply = request(site.address(), "GET", "/data/peers.db", &[]).expect("an answer");
    assert_eq!(reply.status, 403, "{}", reply.text());
}

#[test]
fn pages_expire_and_are_compressed_and_tracker_replies_are_not() {
    let site = Site::new(Layout::open(CGI));
    let torrent = Torrent::new("expires", 1000, &site.announce_url());
    site.add(&torrent);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let accept = [("Accept-Encoding", "gzip, br")];
    let get = |target: &str| request(site.address(), "GET", target, &accept).expect("an answer");
    let page = get("/");
    assert_eq!(page.header("cache-control"), Some("max-age=900"), "{page:?}");
    assert!(page.header("content-encoding").is_some(), "{page:?}");
    let file = get("/torrents/expires.torrent");
    assert_eq!(file.header("cache-control"), Some("max-age=3600"), "{file:?}");
    assert_eq!(file.body, torrent.metainfo);
    let reply = get(&format!("{CGI}/scrape?info_hash={}", "%00".repeat(20)));
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
    assert_eq!(reply.header("content-encoding"), None, "{reply:?}");
    assert!(reply.header("content-length").is_some(), "{reply:?}");
}

#[test]
fn nginx_compresses_pages_and_feed() {
    for name in ["conf/nginx.conf", "conf/nginx-fcgiwrap.conf"] {
        let site = Site::new(Layout::open(CGI));
        let _nginx = nginx::start(&site, name, &Listen::unix(&site));
        let accept = [("Accept-Encoding", "gzip")];
        let assert_compressed = |target: &str| {
            let reply = request(site.address(), "GET", target, &accept).expect("an answer");
            let encoding = reply.header("content-encoding");
            assert_eq!((reply.status, encoding), (200, Some("gzip")), "{name}: {target}");
        };
        assert_compressed("/tracker/rss.xml");
        site.tracker(&["refresh", "--force"]);
        for target in ["", "index.shtml", "style.css", "rss.xml"] {
            assert_compressed(&format!("/tracker/{target}"));
        }
    }
}

/// Files whose names end in one way and say another in the middle, with what must never be followed.
const TRICKY: [&str; 8] = [
    "x.shtml.torrent",
    "x.cgi.torrent",
    "x.fcgi.torrent",
    "x.html.torrent",
    "x.php.torrent",
    "tracker.cgi.torrent",
    "X.TORRENT",
    "X.SHTML.Torrent",
];
const INSTRUCTIONS: &[u8] =
    b"#!/bin/sh\necho; echo run\n<!--#echo var=\"DOCUMENT_URI\" --><!--#include virtual=\"/style.css\" -->\n";

fn put_tricky_files(site: &Site) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(site.torrents().join("below")).expect("a folder");
    let scripts = ["x.cgi", "x.fcgi", "tracker.cgi", "tracker.fcgi", "x.shtml", "rss.xml"];
    for name in TRICKY.iter().chain(&scripts) {
        for folder in ["", "below"] {
            let file = site.torrents().join(folder).join(name);
            fs::write(&file, INSTRUCTIONS).expect("a file");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
    }
}

/// Torrents are served as they are; what has the name of a script or a page is never followed.
fn serves_names_as_they_are(site: &Site, folder: &str) {
    let get = |name: &str| {
        let target = format!("{folder}/{name}");
        request(site.address(), "GET", &target, &[]).expect("an answer")
    };
    for name in TRICKY {
        for name in [name.to_owned(), format!("below/{name}")] {
            let reply = get(&name);
            assert_eq!(reply.status, 200, "{name}: {reply:?}");
            assert_eq!(reply.body, INSTRUCTIONS, "{name}: {reply:?}");
            let content_type = reply.header("content-type").unwrap_or_default();
            assert_eq!(content_type, "application/x-bittorrent", "{name}");
        }
    }
    for name in ["x.cgi", "x.fcgi", "tracker.cgi", "tracker.fcgi", "x.shtml", "rss.xml"] {
        for name in [name.to_owned(), format!("below/{name}")] {
            let reply = get(&name);
            let untouched = reply.status == 200 && reply.body == INSTRUCTIONS;
            assert!(untouched || (400..500).contains(&reply.status), "{name}: {reply:?}");
        }
    }
}

/// What Debian's Apache and careless hosts say for the whole server, before anything of ours.
const CARELESS: &str = "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\n\
     AddHandler cgi-script .cgi\nAddHandler fcgid-script .fcgi";

#[test]
fn apache_serves_torrents_as_they_are_whatever_their_names() {
    for careless in ["", CARELESS] {
        let site = Site::new(Layout::open(CGI));
        put_tricky_files(&site);
        let configuration =
            Apache::new(Mpm::Event).cgi_module().modules(&["fcgid", "include"]).line(careless);
        let _apache = configuration.snippet("cgi.conf").snippet("fcgid.conf").pages().start(&site);
        serves_names_as_they_are(&site, "/torrents");
    }
}

#[test]
fn shared_hosting_serves_torrents_as_they_are_whatever_their_names() {
    let host = SharedHost::new();
    put_tricky_files(&host.site);
    serves_names_as_they_are(&host.site, "/www/torrents");
}

#[test]
fn nginx_serves_torrents_as_they_are_whatever_their_names() {
    for name in ["conf/nginx.conf", "conf/nginx-fcgiwrap.conf"] {
        let site = Site::new(Layout::open(CGI));
        put_tricky_files(&site);
        let _nginx = nginx::start(&site, name, &Listen::unix(&site));
        serves_names_as_they_are(&site, "/tracker/torrents");
    }
}

#[test]
fn lighttpd_serves_torrents_as_they_are_whatever_their_names() {
    for name in ["conf/lighttpd.conf", "conf/lighttpd-cgi.conf"] {
        let site = Site::new(Layout::open(CGI));
        put_tricky_files(&site);
        let _lighttpd = lighttpd::start(&site, name);
        serves_names_as_they_are(&site, "/tracker/torrents");
    }
}

#[test]
fn caddy_serves_torrents_as_they_are_whatever_their_names() {
    let site = Site::new(Layout::open(CGI));
    put_tricky_files(&site);
    let _caddy = caddy::start(&site, &Listen::unix(&site));
    serves_names_as_they_are(&site, "/tracker/torrents");
}
