//! `/metrics` as Debian's Prometheus takes it: judged by promtool, and gathered by the server itself as README says.

use std::fs;

use crate::harness::http::{encode, request};
use crate::harness::installation::Installation;
use crate::harness::nginx;
use crate::harness::prometheus::{Prometheus, faults};
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

fn announce(info_hash: &[u8; 20]) -> String {
    let hash = encode(info_hash);
    format!("info_hash={hash}&peer_id=-XX0000-000000000000&port=6881&left=0&event=started")
}

#[test]
fn promtool_finds_nothing_wrong() {
    const METRICS_FILE: &str = "paths.metrics_file = '../node/tracker.prom'";
    for new in [Installation::new, Installation::in_memory] {
        let settings = ["paths.pages = '../www'", "access.metrics_torrents = 10", METRICS_FILE];
        let tracker = new(&settings);
        let torrent = tracker.add("\"awkward\\ name", 1000);
        // Before anything has happened, and afterwards.
        for round in 0..2 {
            let figures = tracker.get("/metrics", "").send().reply.body;
            assert_eq!(faults(&figures), "", "{round}: {}", String::from_utf8_lossy(&figures));
            tracker.get("/announce", announce(&torrent.info_hash)).value();
            tracker.get("/announce", "info_hash=short").send();
            tracker.refresh();
        }
        assert_eq!(faults(tracker.text("node/tracker.prom").as_bytes()), "");
    }
    assert_ne!(faults(b"tracker_announces_total 1\n"), "", "it would find something");
}

/// The configuration in README, for a tracker at this address.
fn configuration(address: &str) -> String {
    let readme = crate::harness::checkout().join("README.md");
    let readme = fs::read_to_string(readme).expect("README.md");
    let (_, rest) = readme.split_once("```yaml\nscrape_configs:\n").expect("a configuration");
    let (jobs, _) = rest.split_once("```").expect("its end");
    assert!(jobs.contains("\"tracker.example\""), "{jobs}");
    let jobs = jobs.replace("tracker.example", address);
    format!("global:\n  scrape_interval: 1s\nscrape_configs:\n{jobs}")
}

#[test]
fn a_prometheus_gathers_them_over_fastcgi() {
    let site = Site::new(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let torrent = Torrent::new("x", 1000, &site.announce_url());
    site.add(&torrent);
    let listen = Listen::unix(&site);
    let _responder = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    let target = format!("{}/announce?{}", site.script(), announce(&torrent.info_hash));
    request(site.address(), "GET", &target, &[]).expect("an answer");
    site.tracker(&["refresh", "--force"]);
    let mut prometheus = Prometheus::start(&configuration(&site.address().to_string()));
    assert_eq!(prometheus.figure("tracker_torrents"), "1");
    assert_eq!(prometheus.figure("tracker_peers{role=\"seeder\",job=\"tracker\"}"), "1");
    assert_eq!(prometheus.figure("tracker_announces_total{family=\"ipv4\"}"), "1");
    assert_eq!(prometheus.figure("up{job=\"tracker\"}"), "1");
    let health = prometheus.wait_for("target", "/api/v1/targets", |data| {
        let target = data["activeTargets"].get(0)?;
        assert_eq!(target["lastError"], "", "{target}");
        target["health"].as_str().map(str::to_owned).filter(|health| health != "unknown")
    });
    assert_eq!(health, "up");
}
