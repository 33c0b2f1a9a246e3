//! The shipped balancers: each swarm ends up on exactly one of three responders, however a client writes the
//! bytes of its info-hash.

use std::fs;
use std::process::Command;

use crate::harness::bencode;
use crate::harness::http::{encode, request};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site, shipped};
use crate::harness::{free_port, nginx, program};

/// A host behind the balancer.
struct Host {
    site: Site,
    port: u16,
    _responder: Process,
}

/// The first one has the administration, as the owner's host.
fn hosts() -> [Host; 3] {
    std::array::from_fn(|number| {
        let (site, port) = (Site::new(Layout::open(CGI)), free_port());
        let file = site.root().join("conf/tracker.toml");
        let text = fs::read_to_string(&file).expect("a configuration");
        let admin = format!("{text}\n[admin]\nenabled = {}\n", number == 0);
        fs::write(file, admin).expect("a configuration");
        let responder = responder::own_socket(&site, &Listen::Tcp(port));
        Host { site, port, _responder: responder }
    })
}

/// A shipped file with these hosts in it.
fn with_hosts(name: &str, hosts: &[Host; 3], changes: &[(&str, &str)]) -> String {
    let mut text = shipped(name, changes);
    for (number, host) in (1..).zip(hosts) {
        let shipped = format!("192.0.2.{number}:9000");
        assert!(text.contains(&shipped), "{name} does not name {shipped}");
        text = text.replace(&shipped, &format!("127.0.0.1:{}", host.port));
    }
    text
}

/// The ways in which clients write bytes.
const WRITTEN: [fn(&[u8]) -> String; 4] = [
    encode,
    |bytes| encode(bytes).to_lowercase(),
    |bytes| written(bytes, b"-._~", false),
    |bytes| written(bytes, b"-._~!$'()*,;:@/?", true),
];

/// With letters, digits and these as they are.
fn written(bytes: &[u8], plain: &[u8], lower: bool) -> String {
    let byte = |&byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || plain.contains(&byte) => char::from(byte).into(),
        byte if lower => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(byte).collect()
}

/// Info-hashes that hold every byte at their first and at their second place.
fn info_hashes() -> Vec<[u8; 20]> {
    let hash = |number: u8| {
        let mut hash = [number.wrapping_mul(37); 20];
        (hash[0], hash[1]) = (number, number.wrapping_mul(91).wrapping_add(5));
        hash
    };
    (0..=255).map(hash).collect()
}

/// Announces each swarm with one peer in each way of writing, and looks where the peers are.
fn each_swarm_is_on_one_host(balancer: &Site, hosts: &[Host; 3]) {
    for info_hash in info_hashes() {
        for (number, written) in (1_u16..).zip(WRITTEN) {
            let target = format!(
                "/announce?peer_id=-XX0001-{number:012}&port={}&uploaded=0&downloaded=0&left=1&info_hash={}",
                7000 + number,
                written(&info_hash)
            );
            let reply = request(balancer.address(), "GET", &target, &[]).expect("an answer");
            let answer = bencode::parse(&reply.body)
                .unwrap_or_else(|error| panic!("{target}: {error}: {reply:?}"));
            let others = answer.number("incomplete");
            assert_eq!(others, i64::from(number), "{target}: not the host of the ones before");
        }
    }
    let swarms = hosts.each_ref().map(|host| {
        let info = host.site.tracker(&["store", "info", "--json"]);
        let info: serde_json::Value = serde_json::from_str(&info).expect("JSON");
        assert_eq!(info["peers"].as_u64(), info["swarms"].as_u64().map(|swarms| 4 * swarms));
        info["swarms"].as_u64().expect("a number")
    });
    assert_eq!(swarms.iter().sum::<u64>(), 256, "each is on one host only");
    assert!(swarms.iter().all(|&swarms| swarms > 30), "none has nearly all: {swarms:?}");
}

/// Whoever administers comes to the owner's host, however often they ask.
fn the_administration_is_the_owners(balancer: &Site) {
    for _ in 0..6 {
        for page in ["login", "admin.css", "nothing/here"] {
            let target = format!("{CGI}/admin/{page}");
            let reply = request(balancer.address(), "GET", &target, &[]).expect("an answer");
            // HAProxy makes each way elsewhere a 302.
            assert!([200, 302, 303].contains(&reply.status), "{page}: {reply:?}");
        }
    }
}

#[test]
fn nginx_sends_each_swarm_to_one_host() {
    let (site, hosts) = (Site::new(Layout::open(CGI)), hosts());
    let upstream = with_hosts("conf/nginx-balancer.conf", &hosts, &[]);
    let locations =
        shipped("conf/nginx.conf", &[]) + &shipped("conf/nginx-balancer-owner.conf", &[]);
    let server =
        format!("{upstream}\nserver {{\nlisten 127.0.0.1:{};\n{locations}\n}}\n", site.port());
    let mut command = nginx::command_with(&site, &server);
    let mut process = Process::start("nginx", &mut command, &site.run("nginx.log"));
    process.wait_for("an answer", || request(site.address(), "GET", "/scrape", &[]).ok());
    each_swarm_is_on_one_host(&site, &hosts);
    the_administration_is_the_owners(&site);
}

#[test]
fn haproxy_sends_each_swarm_to_one_host() {
    let (site, hosts) = (Site::new(Layout::open(CGI)), hosts());
    let bind = format!("bind 127.0.0.1:{}", site.port());
    let sections = with_hosts("conf/haproxy.cfg", &hosts, &[("bind :80", &bind)]);
    let file = site.run("haproxy.cfg");
    fs::write(&file, format!("global\n\ndefaults\n    timeout client 10s\n{sections}"))
        .expect("a configuration");
    let mut command = Command::new(program("haproxy"));
    command.arg("-db").arg("-f").arg(&file);
    let mut process = Process::start("haproxy", &mut command, &site.run("haproxy.log"));
    process.wait_for("an answer", || {
        let reply = request(site.address(), "GET", "/scrape", &[]).ok()?;
        (reply.status == 200).then_some(())
    });
    each_swarm_is_on_one_host(&site, &hosts);
    the_administration_is_the_owners(&site);
}
