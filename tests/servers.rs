//! Every web server that we ship a configuration for, started with it, and asked over HTTP.

mod load;
mod memory;
mod pages;
mod root;

use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::harness::apache::{self, Mpm};
use crate::harness::bencode::{self, Value};
use crate::harness::http::{Reply, encode, request};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, FCGI, Layout, Site};
use crate::harness::torrent::Torrent;
use crate::harness::{caddy, lighttpd, nginx, poll};

/// A site and the programs that serve it; they stop before the site's folder goes.
struct Served {
    _processes: Vec<Process>,
    site: Site,
}

impl Served {
    fn ask(&self, method: &str, target: &str) -> Reply {
        request(self.site.address(), method, target, &[])
            .unwrap_or_else(|error| panic!("{method} {target}: {error}\n{}", self.error_log()))
    }

    fn tracker(&self, rest: &str) -> Reply {
        self.ask("GET", &format!("{}{rest}", self.site.script()))
    }

    /// The bencoded answer of the tracker, which comes with status 200 whatever it says.
    fn answer(&self, rest: &str) -> Value {
        self.answer_of(self.site.script(), rest)
    }

    fn answer_of(&self, script: &str, rest: &str) -> Value {
        let reply = self.ask("GET", &format!("{script}{rest}"));
        assert_eq!(reply.status, 200, "{rest}: {}\n{}", reply.text(), self.error_log());
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{rest}");
        assert!(
            reply.header("content-length").is_some(),
            "some clients know nothing else: {reply:?}"
        );
        bencode::parse(&reply.body).unwrap_or_else(|error| panic!("{rest}: {error}: {reply:?}"))
    }

    fn announce(&self, info_hash: &[u8], peer: &Peer, extra: &str) -> Value {
        self.answer(&format!("/announce?{}", peer.query(info_hash, extra)))
    }

    fn error_log(&self) -> String {
        fs::read_to_string(self.site.run("error.log")).unwrap_or_default()
    }
}

/// A client of the tests.
struct Peer {
    id: [u8; 20],
    port: u16,
    left: u32,
}

impl Peer {
    fn new(number: u8, left: u32) -> Self {
        let mut id = *b"-XX0001-............";
        id[19] = number;
        Self { id, port: 6000 + u16::from(number), left }
    }

    fn query(&self, info_hash: &[u8], extra: &str) -> String {
        format!(
            "info_hash={}&peer_id={}&port={}&uploaded=0&downloaded=0&left={}&compact=1{extra}",
            encode(info_hash),
            encode(&self.id),
            self.port,
            self.left
        )
    }
}

/// Thirteen info-hashes that hold every byte from 0 to 255 between them.
fn info_hashes_of_every_byte() -> Vec<[u8; 20]> {
    let byte = |index: usize| u8::try_from(index % 256).expect("less than 256");
    (0..13).map(|row| std::array::from_fn(|column| byte(row * 20 + column))).collect()
}

/// All that must hold behind any web server.
fn behaves(served: &Served) {
    peers_find_each_other(served);
    the_root_of_the_site_announces(served);
    every_byte_arrives(served);
    failures_come_with_status_200(served);
    methods_are_those_of_a_tracker(served);
    arguments_are_ignored(served);
    pages::pages_include_the_fragments(served);
    pages::what_pages_link_to_is_there(served);
    pages::no_folder_is_listed(served);
    pages::feeds_have_their_types(served);
    pages::pages_run_nothing_and_are_not_framed(served);
    pages::readers_of_the_feed_are_told_what_is_no_news(served);
}

fn peers_find_each_other(served: &Served) {
    let info_hash = *b"peers find each othe";
    served.announce(&info_hash, &Peer::new(1, 0), "&event=started");
    let reply = served.announce(&info_hash, &Peer::new(2, 100), "&event=started");
    assert_eq!((reply.number("complete"), reply.number("incomplete")), (1, 1), "{reply:?}");
    match served.site.address().ip() {
        IpAddr::V4(_) => assert_eq!(reply.bytes("peers"), [127, 0, 0, 1, 0x17, 0x71]),
        IpAddr::V6(_) => {
            let peer = [&Ipv6Addr::LOCALHOST.octets()[..], &[0x17, 0x71]].concat();
            assert_eq!(reply.bytes("peers6"), peer);
        }
    }
    served.announce(&info_hash, &Peer::new(1, 0), "&event=stopped");
    let reply = served.announce(&info_hash, &Peer::new(2, 0), "&event=completed");
    assert_eq!((reply.number("complete"), reply.number("downloaded")), (1, 1), "{reply:?}");
    assert_eq!(reply.bytes("peers"), b"", "the only other peer has left");
}

/// Clients announce to a local address only when its path begins with /announce.
fn the_root_of_the_site_announces(served: &Served) {
    for info_hash in info_hashes_of_every_byte() {
        let query = Peer::new(9, 0).query(&info_hash, "&event=started");
        let reply = served.answer_of("", &format!("/announce?{query}"));
        assert_eq!(reply.number("complete"), 1, "{reply:?}");
        let reply = served.answer_of("", &format!("/scrape?info_hash={}", encode(&info_hash)));
        let swarm = reply.get("files").and_then(|files| files.get(info_hash));
        assert_eq!(swarm.map(|swarm| swarm.number("complete")), Some(1), "{reply:?}");
        let query = Peer::new(9, 0).query(&info_hash, "&event=stopped");
        served.answer_of("", &format!("/announce?{query}"));
    }
    for page in ["/announced", "/announce/", "/scrape.html"] {
        let reply = served.ask("GET", page);
        assert_eq!(reply.status, 404, "{page} is the site's own: {reply:?}");
    }
}

fn every_byte_arrives(served: &Served) {
    let info_hashes = info_hashes_of_every_byte();
    for info_hash in &info_hashes {
        served.announce(info_hash, &Peer::new(3, 0), "");
    }
    for info_hash in &info_hashes {
        let reply = served.answer(&format!("/scrape?info_hash={}", encode(info_hash)));
        let swarm = reply.get("files").and_then(|files| files.get(info_hash));
        let swarm = swarm.unwrap_or_else(|| panic!("{info_hash:02x?} is not in {reply:?}"));
        assert_eq!((swarm.number("complete"), swarm.number("incomplete")), (1, 0));
    }
    let all: Vec<_> =
        info_hashes.iter().map(|hash| format!("info_hash={}", encode(hash))).collect();
    let reply = served.answer(&format!("/scrape?{}", all.join("&")));
    let Some(Value::Dictionary(files)) = reply.get("files") else { panic!("{reply:?}") };
    assert_eq!(files.len(), info_hashes.len(), "a scrape of many info-hashes");
}

fn failures_come_with_status_200(served: &Served) {
    let peer = Peer::new(4, 0);
    for query in ["/announce", "/announce?info_hash=short", "/announce?info_hash=%zz&peer_id=%"] {
        let reply = served.answer(query);
        assert!(!reply.bytes("failure reason").is_empty(), "{query}: {reply:?}");
    }
    let reply = served.announce(b"nineteen bytes only", &peer, "");
    let reason = String::from_utf8_lossy(reply.bytes("failure reason"));
    assert!(reason.contains("info_hash"), "{reason}");
    assert!(!reason.contains('/'), "no path in {reason}");
}

fn methods_are_those_of_a_tracker(served: &Served) {
    let info_hash = *b"methods of a tracker";
    let query = Peer::new(5, 0).query(&info_hash, "");
    let target = format!("{}/announce?{query}", served.site.script());
    let head = served.ask("HEAD", &target);
    assert_eq!(head.status, 200, "HEAD");
    assert!(head.body.is_empty(), "HEAD has no body");
    let reply = served.answer(&format!("/scrape?info_hash={}", encode(&info_hash)));
    let swarm = reply.get("files").and_then(|files| files.get(info_hash)).expect("open mode");
    assert_eq!(swarm.number("complete"), 0, "HEAD must not make a peer");

    let options = served.ask("OPTIONS", &target);
    assert!([200, 204].contains(&options.status), "OPTIONS: {options:?}");
    for method in ["POST", "PUT", "DELETE"] {
        let reply = served.ask(method, &target);
        assert_eq!(reply.status, 405, "{method}: {}", reply.text());
        assert!(reply.header("allow").is_some_and(|allow| allow.contains("GET")), "{reply:?}");
    }
}

/// Apache hands `?refresh` to a CGI as an argument (RFC 3875, 4.4). It must not become a command.
fn arguments_are_ignored(served: &Served) {
    let fragment = served.site.torrents().join("bt_stats.inc");
    let before = fs::metadata(&fragment).and_then(|data| data.modified()).expect("a fragment");
    for query in ["?refresh", "?refresh+--force", "?force-refresh", "?--version"] {
        let reply = served.tracker(query);
        assert!((300..400).contains(&reply.status), "{query}: a browser is redirected: {reply:?}");
        let reply = served.answer(&format!("/announce{query}"));
        assert!(reply.get("failure reason").is_some(), "{query}: {reply:?}");
    }
    let after = fs::metadata(&fragment).and_then(|data| data.modified()).expect("a fragment");
    assert_eq!(before, after, "a visitor's ?refresh has run the command");
}

fn apache(layout: Layout, configuration: apache::Apache) -> Served {
    let site = Site::new(layout);
    Served { _processes: vec![configuration.start(&site)], site }
}

fn apache_proxy(listen: impl Fn(&Site) -> Listen) -> Served {
    let site = Site::new(Layout::open(FCGI));
    let listen = listen(&site);
    let tracker = responder::own_socket(&site, &listen);
    let server = apache::proxy_fcgi(&listen).start(&site);
    Served { _processes: vec![server, tracker], site }
}

fn nginx_with(
    layout: Layout,
    start: impl Fn(&Site, &Listen) -> Process,
    listen: impl Fn(&Site) -> Listen,
) -> Served {
    let site = Site::new(layout);
    let listen = listen(&site);
    let tracker = start(&site, &listen);
    let server = nginx::start(&site, "conf/nginx.conf", &listen);
    Served { _processes: vec![server, tracker], site }
}

fn caddy_with(start: impl Fn(&Site, &Listen) -> Process) -> Served {
    let site = Site::new(Layout::open(CGI));
    let listen = Listen::unix(&site);
    let tracker = start(&site, &listen);
    let server = caddy::start(&site, &listen);
    Served { _processes: vec![server, tracker], site }
}

/// Debian's lighttpd, nginx and Caddy have a site of their own, which goes on beside the tracker.
fn behaves_beside_another_site(served: &Served) {
    pages::the_other_site_is_as_it_was(served);
    behaves(served);
}

fn lighttpd_with(configuration: &str) -> Served {
    let site = Site::new(Layout::open(CGI));
    Served { _processes: vec![lighttpd::start(&site, configuration)], site }
}

#[test]
fn apache_prefork_with_mod_cgi() {
    behaves(&apache(Layout::open(CGI), apache::cgi(Mpm::Prefork)));
}

#[test]
fn apache_event_with_mod_cgid() {
    behaves(&apache(Layout::open(CGI), apache::cgi(Mpm::Event)));
}

#[test]
fn apache_with_mod_fcgid() {
    behaves(&apache(Layout::open(FCGI), apache::fcgid()));
}

#[test]
fn apache_with_mod_proxy_fcgi_to_a_unix_socket() {
    behaves(&apache_proxy(Listen::unix));
}

#[test]
fn apache_with_mod_proxy_fcgi_to_a_port() {
    behaves(&apache_proxy(|_| Listen::tcp()));
}

#[test]
fn nginx_to_a_unix_socket() {
    behaves_beside_another_site(&nginx_with(
        Layout::open(CGI),
        responder::own_socket,
        Listen::unix,
    ));
}

#[test]
fn nginx_to_a_port() {
    behaves(&nginx_with(Layout::open(CGI), responder::own_socket, |_| Listen::tcp()));
}

#[test]
fn nginx_to_a_responder_started_by_spawn_fcgi() {
    behaves(&nginx_with(Layout::open(CGI), responder::spawn_fcgi, Listen::unix));
}

#[test]
fn nginx_to_a_responder_started_through_a_systemd_socket() {
    behaves(&nginx_with(Layout::open(CGI), responder::systemd, Listen::unix));
}

#[test]
fn nginx_with_fcgiwrap() {
    let site = Site::new(Layout::open(CGI));
    let listen = Listen::Unix(site.run("fcgiwrap.sock").display().to_string());
    let wrapper = responder::fcgiwrap(&site, &listen);
    let server = nginx::start(&site, "conf/nginx-fcgiwrap.conf", &listen);
    behaves_beside_another_site(&Served { _processes: vec![server, wrapper], site });
}

#[test]
fn lighttpd_with_mod_cgi() {
    behaves_beside_another_site(&lighttpd_with("conf/lighttpd-cgi.conf"));
}

#[test]
fn lighttpd_with_mod_fastcgi() {
    behaves_beside_another_site(&lighttpd_with("conf/lighttpd.conf"));
}

#[test]
fn caddy_to_a_unix_socket() {
    behaves_beside_another_site(&caddy_with(responder::own_socket));
}

#[test]
fn caddy_to_a_responder_started_through_a_systemd_socket() {
    behaves(&caddy_with(responder::systemd));
}

#[test]
fn apache_over_ipv6() {
    let layout = Layout { host: Ipv6Addr::LOCALHOST.into(), ..Layout::open(CGI) };
    behaves(&apache(layout, apache::cgi(Mpm::Event)));
}

#[test]
fn nginx_over_ipv6() {
    let layout = Layout { host: Ipv6Addr::LOCALHOST.into(), ..Layout::open(CGI) };
    behaves(&nginx_with(layout, responder::own_socket, Listen::unix));
}

/// Whether the tracker takes announces for a torrent and its page shows it, sooner or later.
fn is_tracked_and_shown(served: &Served, torrent: &Torrent) -> bool {
    let link = format!(">{}</a>", torrent.name);
    let answer = poll(Duration::from_secs(20), || {
        let reply = served.announce(&torrent.info_hash, &Peer::new(6, 0), "");
        let tracked = reply.get("failure reason").is_none();
        (tracked && served.ask("GET", "/tracker/").text().contains(&link)).then_some(())
    });
    answer.is_some()
}

#[test]
fn torrents_dropped_in_are_tracked_and_shown_without_cron() {
    let host = std::net::Ipv4Addr::LOCALHOST.into();
    let layout = Layout { refresh_on_request: true, ..Layout::listed(CGI, host) };
    let by_cgi = apache(layout, apache::cgi(Mpm::Event));
    let by_fastcgi = nginx_with(layout, responder::own_socket, Listen::unix);
    for served in [by_cgi, by_fastcgi] {
        for name in ["first", "second"] {
            let torrent = Torrent::new(name, 70_000, &served.site.announce_url());
            let reply = served.announce(&torrent.info_hash, &Peer::new(6, 0), "");
            assert!(reply.get("failure reason").is_some(), "not listed yet: {reply:?}");
            served.site.add(&torrent);
            let page = || served.ask("GET", "/tracker/").text();
            assert!(is_tracked_and_shown(&served, &torrent), "{}\n{}", page(), served.error_log());
        }
    }
}

#[test]
fn a_responder_ends_with_status_0_when_it_is_told_to() {
    let site = Site::new(Layout::open(CGI));
    let listen = Listen::unix(&site);
    let mut tracker = responder::own_socket(&site, &listen);
    let served = Served { _processes: vec![nginx::start(&site, "conf/nginx.conf", &listen)], site };
    // Its socket is there before it minds signals; once it has answered, it does.
    served.announce(b"told to end, it ends", &Peer::new(7, 0), "");
    let status = tracker.terminate();
    assert_eq!(status.code(), Some(0), "{}", tracker.output());
}
