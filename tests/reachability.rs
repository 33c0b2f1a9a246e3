//! Whether others can connect to peers: real clients that listen, ports where nobody does, and what both are told.

use serde_json::Value;

use crate::clients::{IPV4, Make, seeding};
use crate::harness::apache::{self, Mpm};
use crate::harness::bencode;
use crate::harness::http::{encode, request};
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;
use crate::harness::{free_port, nginx, poll};

/// A site in a private network, whose peers are tried. Where they are only marked, requests have it refreshed.
fn site(check: &str) -> Site {
    let on_request = check == "mark";
    let site = Site::new(Layout { refresh_on_request: on_request, ..Layout::listed(CGI, IPV4) });
    let path = site.root().join("conf/tracker.toml");
    let before = std::fs::read_to_string(&path).expect("a configuration");
    let added = format!(
        "[network]\nprivate_addresses = \"lan\"\n\n[reachability]\ncheck = \"{check}\"\n\n{before}"
    );
    std::fs::write(&path, added).expect("a configuration");
    site
}

fn target(site: &Site, torrent: &Torrent, number: u8, port: u16) -> String {
    format!(
        "{}/announce?info_hash={}&peer_id=-XX0001-{number:012}&port={port}&uploaded=0&downloaded=0&left=1&compact=1",
        site.script(),
        encode(&torrent.info_hash)
    )
}

/// What is said of such an announce.
fn explained(site: &Site, torrent: &Torrent, number: u8, port: u16) -> Value {
    let target = target(site, torrent, number, port);
    let told = site.tracker(&["explain", &target, "--from", "127.0.0.1", "--json"]);
    serde_json::from_str(&told).expect("JSON")
}

/// A client announces through the web server.
fn announce(site: &Site, torrent: &Torrent, number: u8, port: u16) -> bencode::Value {
    let target = target(site, torrent, number, port);
    let reply = request(site.address(), "GET", &target, &[]).expect("an answer");
    bencode::parse(&reply.body).expect("a bencoded reply")
}

/// The ports that a reply hands out.
fn ports(reply: &bencode::Value) -> Vec<u16> {
    let peers = reply.bytes("peers");
    let mut ports: Vec<u16> =
        peers.chunks(6).map(|peer| u16::from_be_bytes([peer[4], peer[5]])).collect();
    ports.sort_unstable();
    ports
}

/// How each peer was found, by its port.
fn found(site: &Site, torrent: &Torrent) -> Vec<(u16, Option<bool>)> {
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let peers: Value =
        serde_json::from_str(&site.tracker(&["peers", &hash, "--json"])).expect("JSON");
    let port = |peer: &Value| {
        let address = peer["addresses"][0].as_str().expect("an address");
        address.rsplit(':').next().expect("a port").parse().expect("a port")
    };
    let peers = peers.as_array().expect("a list").iter();
    let mut found: Vec<_> = peers.map(|peer| (port(peer), peer["reachable"].as_bool())).collect();
    found.sort_unstable();
    found
}

fn is_warned(reply: &bencode::Value) -> bool {
    let has = reply.get("warning message").is_some();
    assert!(!has || reply.bytes("warning message").starts_with(b"others cannot connect to you"));
    has
}

/// A client of this make that listens is found; one behind a closed port is told, and not handed out.
fn a_client_is_told_from_a_closed_port(make: Make) {
    let site = site("withhold");
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let torrent = Torrent::new("shared-file", 100_000, &site.announce_url());
    site.add(&torrent);
    let _client = seeding(&site, make, &torrent);
    let closed = free_port();
    let before = announce(&site, &torrent, 1, closed);
    assert!(!is_warned(&before), "nobody has tried yet");
    let [open] = ports(&before)[..] else { panic!("{before:?}") };
    assert_eq!(ports(&announce(&site, &torrent, 2, 0)), {
        let mut all = [open, closed];
        all.sort_unstable();
        all
    });
    site.tracker(&["refresh", "--force"]);
    let mut expected = [(open, Some(true)), (closed, Some(false))];
    expected.sort_unstable();
    let of_port_0 = |it: &(u16, Option<bool>)| it.0 != 0;
    assert_eq!(found(&site, &torrent).into_iter().filter(of_port_0).collect::<Vec<_>>(), expected);
    assert!(is_warned(&announce(&site, &torrent, 1, closed)));
    assert!(explained(&site, &torrent, 1, closed)["reply"]["warning_message"].is_string());
    let other = announce(&site, &torrent, 2, 0);
    assert_eq!((ports(&other), is_warned(&other)), (vec![open], false));
    let other = explained(&site, &torrent, 2, 0);
    assert!(other["reply"]["warning_message"].is_null(), "{other}");
    assert_eq!(
        (&other["peers"]["peers"], &other["peers"]["kept_by_rules"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn libtorrent_is_told_from_a_closed_port() {
    a_client_is_told_from_a_closed_port(Make::Libtorrent);
}

#[test]
fn rtorrent_is_told_from_a_closed_port() {
    a_client_is_told_from_a_closed_port(Make::Rtorrent);
}

#[test]
fn transmission_is_told_from_a_closed_port() {
    a_client_is_told_from_a_closed_port(Make::Transmission);
}

#[test]
fn aria2_is_told_from_a_closed_port() {
    a_client_is_told_from_a_closed_port(Make::Aria2);
}

#[test]
fn a_responder_has_its_peers_tried_by_another_process_and_marks_them_only() {
    let site = site("mark");
    let listen = Listen::unix(&site);
    let _tracker = responder::own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    requests_have_peers_marked(&site);
}

#[test]
fn a_cgi_has_its_peers_tried_after_its_reply_and_marks_them_only() {
    let site = site("mark");
    let _apache = apache::cgi(Mpm::Event).start(&site);
    requests_have_peers_marked(&site);
}

/// Without a command: announces have a refresh done, and that has peers tried.
fn requests_have_peers_marked(site: &Site) {
    let torrent = Torrent::new("shared-file", 100_000, &site.announce_url());
    site.add(&torrent);
    let _client = seeding(site, Make::Libtorrent, &torrent);
    let closed = free_port();
    announce(site, &torrent, 1, closed);
    // What is new makes the next refresh due at once.
    let another = Torrent::new("another-file", 1000, &site.announce_url());
    site.add(&another);
    announce(site, &another, 3, 0);
    let told = poll(std::time::Duration::from_secs(30), || {
        is_warned(&announce(site, &torrent, 1, closed)).then_some(())
    });
    assert!(told.is_some());
    assert_eq!(ports(&announce(site, &torrent, 2, 0)).len(), 2, "it is only marked");
    let listed = site.tracker(&["reachability", "list"]);
    assert!(listed.contains(&format!("127.0.0.1:{closed}  cannot be reached")), "{listed}");
}

#[test]
fn nobody_is_tried_where_that_is_off_or_another_process_is_at_it() {
    let site = site("withhold");
    site.tracker(&["refresh", "--force"]);
    let lock =
        std::fs::File::options().write(true).open(site.root().join("data/reachability.lock"));
    let lock = lock.expect("the lock of who tries peers");
    lock.lock().expect("nobody else has it");
    assert!(site.tracker(&["reachability", "check"]).contains("another process is at it"));
    drop(lock);
    assert!(site.tracker(&["reachability", "check"]).contains("tried: 0 can be reached"));
    let path = site.root().join("conf/tracker.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, text.replace("\"withhold\"", "\"off\"")).expect("a configuration");
    assert!(site.tracker(&["reachability", "check"]).contains("is \"off\""));
    assert_eq!(site.tracker(&["reachability", "list"]), "0 peers tried\n");
}
