//! Real BitTorrent clients of different make find each other through the tracker alone: one seeds a
//! file, the other downloads it. DHT, peer exchange and local discovery are off in both.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::apache::{self, Mpm};
use crate::harness::bencode::{self, Value};
use crate::harness::http::{encode, request};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, FCGI, Layout, Site};
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, free_port, nginx, program};

/// The makes of client. Transmission can only seed here: it refuses to connect to 127.0.0.0/8 and
/// to ::1, but takes connections from there. libtorrent leaves the brackets of [::1] out of its Host
/// header, which web servers answer with 400, so that it takes no part over IPv6.
#[derive(Clone, Copy, Debug)]
pub enum Make {
    Aria2,
    Libtorrent,
    Rtorrent,
    Transmission,
}

/// A running client with a folder of its own.
pub struct Client {
    process: Process,
    folder: TempDir,
}

impl Client {
    /// A client that has the torrent's file already.
    fn seeding(make: Make, torrent: &Torrent, host: IpAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(&torrent.name), &torrent.content).expect("the file to seed");
        Self::start(make, torrent, host, folder)
    }

    /// A client that has nothing.
    fn downloading(make: Make, torrent: &Torrent, host: IpAddr) -> Self {
        Self::start(make, torrent, host, tempfile::tempdir().expect("a folder"))
    }

    /// A client that has nothing but a magnet link.
    fn by_magnet(make: Make, magnet: &str, host: IpAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::run(make, magnet, host, folder)
    }

    fn start(make: Make, torrent: &Torrent, host: IpAddr, folder: TempDir) -> Self {
        let metainfo = folder.path().join("metainfo");
        fs::create_dir(&metainfo).expect("a folder");
        let metainfo = metainfo.join(torrent.file_name());
        fs::write(&metainfo, &torrent.metainfo).expect("a .torrent file");
        Self::run(make, metainfo.to_str().expect("a path"), host, folder)
    }

    /// `source` is a .torrent file or a magnet link.
    fn run(make: Make, source: &str, host: IpAddr, folder: TempDir) -> Self {
        let mut command = match make {
            Make::Aria2 => aria2(source, folder.path()),
            Make::Libtorrent => libtorrent(source, folder.path(), host),
            Make::Rtorrent => rtorrent(source, folder.path(), host),
            Make::Transmission => transmission(Path::new(source), folder.path()),
        };
        // Whatever the surroundings say about proxies is not for 127.0.0.1.
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(name);
        }
        let log = folder.path().join("log");
        Self { process: Process::start(&format!("{make:?}"), &mut command, &log), folder }
    }

    fn file(&self, torrent: &Torrent) -> PathBuf {
        self.folder.path().join(&torrent.name)
    }
}

fn aria2(source: &str, folder: &Path) -> Command {
    let mut command = Command::new(program("aria2c"));
    command.args(["--no-conf", "--enable-dht=false", "--enable-dht6=false"]);
    command.args(["--enable-peer-exchange=false", "--bt-enable-lpd=false"]);
    command.args(["--file-allocation=none", "--check-integrity=true", "--seed-ratio=0.0"]);
    command.arg(format!("--listen-port={}", free_port()));
    command.arg(format!("--dir={}", folder.display())).arg(source);
    command
}

fn libtorrent(source: &str, folder: &Path, host: IpAddr) -> Command {
    let interface = std::net::SocketAddr::new(host, free_port()).to_string();
    // Debian's Python, which is the one that has Debian's libtorrent.
    let mut command = Command::new(program("python3"));
    command.arg(checkout().join("tests/clients/libtorrent_client.py"));
    command.arg(source).arg(folder).arg(interface);
    command
}

fn rtorrent(source: &str, folder: &Path, host: IpAddr) -> Command {
    let session = folder.join("session");
    fs::create_dir(&session).expect("a folder");
    let port = free_port();
    // It takes no IPv6 address there, but listens at all addresses without one.
    let bind = match host {
        IpAddr::V4(host) => format!("network.bind_address.set = {host}\n"),
        IpAddr::V6(_) => String::new(),
    };
    let settings = format!(
        "system.daemon.set = true\nsession.path.set = {}\ndirectory.default.set = {}\n\
         network.port_range.set = {port}-{port}\nnetwork.port_random.set = no\n\
         pieces.hash.on_completion.set = no\n{bind}dht.mode.set = disable\nprotocol.pex.set = no\n\
         trackers.use_udp.set = no\nload.start = \"{source}\"\n",
        session.display(),
        folder.display(),
    );
    let file = folder.join("rtorrent.rc");
    fs::write(&file, settings).expect("settings");
    let mut command = Command::new(program("rtorrent"));
    command.arg("-n").arg("-o").arg(format!("import={}", file.display()));
    command.env("HOME", folder).env("TERM", "dumb");
    command
}

fn transmission(metainfo: &Path, folder: &Path) -> Command {
    let configuration = folder.join("transmission");
    fs::create_dir(&configuration).expect("a folder");
    let watched = metainfo.parent().expect("a folder");
    let settings = format!(
        r#"{{ "dht-enabled": false, "pex-enabled": false, "lpd-enabled": false,
              "utp-enabled": false, "port-forwarding-enabled": false, "rpc-enabled": false,
              "peer-port": {}, "watch-dir": "{}", "watch-dir-enabled": true,
              "download-dir": "{}", "start-added-torrents": true }}"#,
        free_port(),
        watched.display(),
        folder.display()
    );
    fs::write(configuration.join("settings.json"), settings).expect("settings");
    let mut command = Command::new(program("transmission-daemon"));
    command.arg("--foreground").arg("--config-dir").arg(configuration);
    command
}

/// What the tracker says about a torrent.
fn scrape(site: &Site, torrent: &Torrent) -> Option<Value> {
    let target = format!("{}/scrape?info_hash={}", site.script(), encode(&torrent.info_hash));
    let reply = request(site.address(), "GET", &target, &[]).ok()?;
    bencode::parse(&reply.body).ok()?.get("files")?.get(torrent.info_hash).cloned()
}

/// The figure in a column of the torrent's row on the page.
fn figure(site: &Site, torrent: &Torrent, column: &str) -> String {
    let page = request(site.address(), "GET", "/tracker/", &[]).expect("the page").text();
    let link = format!(">{}</a>", torrent.name);
    let row = page.split("<tr").find(|row| row.contains(&link));
    let cell = row.and_then(|row| row.split("<td").find(|cell| cell.contains(column)));
    let text = cell.and_then(|cell| cell.split(['>', '<']).nth(1));
    text.unwrap_or_else(|| panic!("no {column} of {} on the page: {page}", torrent.name)).into()
}

/// `seeder` has a file, `leecher` gets it, the tracker and its page count it.
fn transfer(site: &Site, host: IpAddr, seeder: Make, leecher: Make) {
    let torrent = Torrent::new("shared-file", 1_500_000, &site.announce_url());
    transfer_of(site, &torrent, seeder, host, || Client::downloading(leecher, &torrent, host));
}

/// A client of this make that has the torrent and has told the tracker so.
pub fn seeding(site: &Site, make: Make, torrent: &Torrent) -> Client {
    seeding_at(site, torrent, IPV4, make)
}

fn seeding_at(site: &Site, torrent: &Torrent, host: IpAddr, make: Make) -> Client {
    let mut seeding = Client::seeding(make, torrent, host);
    seeding.process.wait_for("an announce as a seeder", || {
        scrape(site, torrent).filter(|swarm| swarm.number("complete") == 1)
    });
    seeding
}

/// The same of any torrent, by a client that is started once the seeder is there.
fn transfer_of(
    site: &Site,
    torrent: &Torrent,
    seeder: Make,
    host: IpAddr,
    leecher: impl FnOnce() -> Client,
) {
    site.add(torrent);
    let _seeding = seeding_at(site, torrent, host, seeder);
    let mut downloading = leecher();
    let file = downloading.file(torrent);
    // rtorrent leaves half a minute between two announces, whatever has happened: also where two that connect to
    // each other at once have both hung up.
    let most = Duration::from_secs(100);
    downloading.process.wait_up_to(most, "the whole file", || {
        fs::read(&file).ok().filter(|content| *content == torrent.content)
    });
    let swarm = downloading.process.wait_up_to(most, "an announce of its completion", || {
        scrape(site, torrent).filter(|swarm| swarm.number("complete") == 2)
    });
    assert_eq!((swarm.number("downloaded"), swarm.number("incomplete")), (1, 0), "{swarm:?}");

    site.tracker(&["refresh", "--force"]);
    assert_eq!(figure(site, torrent, "class=\"completed\""), "1", "completed once");
    assert_eq!(figure(site, torrent, "class=\"seeders\""), "2");
}

pub const IPV4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const IPV6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn over_cgi(host: IpAddr, seeder: Make, leecher: Make) {
    let site = Site::new(Layout::listed(CGI, host));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    transfer(&site, host, seeder, leecher);
}

fn over_mod_fcgid(host: IpAddr, seeder: Make, leecher: Make) {
    let site = Site::new(Layout::listed(FCGI, host));
    let _apache = apache::fcgid().start(&site);
    transfer(&site, host, seeder, leecher);
}

fn over_nginx(host: IpAddr, seeder: Make, leecher: Make) {
    let site = Site::new(Layout::listed(CGI, host));
    let listen = Listen::unix(&site);
    let _tracker = responder::own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    transfer(&site, host, seeder, leecher);
}

#[test]
fn transmission_to_aria2_over_cgi() {
    over_cgi(IPV4, Make::Transmission, Make::Aria2);
}

#[test]
fn aria2_to_libtorrent_over_mod_fcgid() {
    over_mod_fcgid(IPV4, Make::Aria2, Make::Libtorrent);
}

#[test]
fn libtorrent_to_aria2_over_nginx() {
    over_nginx(IPV4, Make::Libtorrent, Make::Aria2);
}

#[test]
fn transmission_to_aria2_over_cgi_and_ipv6() {
    over_cgi(IPV6, Make::Transmission, Make::Aria2);
}

#[test]
fn transmission_to_aria2_over_nginx_and_ipv6() {
    over_nginx(IPV6, Make::Transmission, Make::Aria2);
}

#[test]
fn rtorrent_to_libtorrent_over_mod_fcgid() {
    over_mod_fcgid(IPV4, Make::Rtorrent, Make::Libtorrent);
}

#[test]
fn aria2_to_rtorrent_over_cgi_and_ipv6() {
    over_cgi(IPV6, Make::Aria2, Make::Rtorrent);
}

/// One of them knows only version 1 of a hybrid torrent, the other one announces under both info-hashes.
fn hybrid_over_nginx(layout: Layout, seeder: Make, leecher: Make) {
    let site = Site::new(layout);
    let listen = Listen::unix(&site);
    let _tracker = responder::own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    let torrent = Torrent::hybrid("hybrid-file", 1_500_000, &site.announce_url());
    transfer_of(&site, &torrent, seeder, IPV4, || Client::downloading(leecher, &torrent, IPV4));
}

#[test]
fn a_hybrid_from_rtorrent_to_libtorrent() {
    hybrid_over_nginx(Layout::listed(CGI, IPV4), Make::Rtorrent, Make::Libtorrent);
}

#[test]
fn a_hybrid_from_rtorrent_to_libtorrent_with_peers_in_memory() {
    hybrid_over_nginx(Layout::listed(CGI, IPV4).in_memory(), Make::Rtorrent, Make::Libtorrent);
}

#[test]
fn a_hybrid_from_libtorrent_to_rtorrent() {
    hybrid_over_nginx(Layout::listed(CGI, IPV4), Make::Libtorrent, Make::Rtorrent);
}

#[test]
fn a_hybrid_from_libtorrent_to_rtorrent_with_peers_in_memory() {
    hybrid_over_nginx(Layout::listed(CGI, IPV4).in_memory(), Make::Libtorrent, Make::Rtorrent);
}

#[test]
fn a_magnet_link_is_enough_for_rtorrent() {
    let site = Site::new(Layout::listed(CGI, IPV4));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let torrent = Torrent::new("magnet-file", 1_500_000, &site.announce_url());
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let magnet =
        format!("magnet:?xt=urn:btih:{hash}&tr={}", encode(site.announce_url().as_bytes()));
    transfer_of(&site, &torrent, Make::Libtorrent, IPV4, || {
        Client::by_magnet(Make::Rtorrent, &magnet, IPV4)
    });
}
