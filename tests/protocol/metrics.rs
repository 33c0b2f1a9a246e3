//! `/metrics`: figures for Prometheus, in both of its formats, of requests that a CGI and a responder have answered.

use super::{Client, client};
use crate::harness::exposition::Figures;
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, encode};
use crate::harness::installation::Installation;

const SETTINGS: &[&str] = &["network.refused_ports = [6666]", "paths.pages = '../www'"];

/// How requests reach the tracker.
enum Way {
    Cgi,
    FastCgi(Responder),
}

impl Way {
    fn get(&self, tracker: &Installation, from: &str, path: &str, query: &str) -> Reply {
        match self {
            Self::Cgi => tracker.get(path, query).from(from).send().reply,
            Self::FastCgi(responder) => responder.get_from(from, path, query),
        }
    }

    fn announce(&self, tracker: &Installation, client: &Client, more: &str) -> String {
        let from = client.address.to_string();
        self.get(tracker, &from, "/announce", &client.query(more)).text()
    }

    fn figures(&self, tracker: &Installation) -> Figures {
        let reply = self.get(tracker, "192.0.2.1", "/metrics", "");
        assert_eq!(reply.status, 200, "{reply:?}");
        let kind = reply.header("content-type");
        assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
        Figures::of_text(&reply.text())
    }
}

fn each_store_and_way(test: fn(&Installation, &Way)) {
    for new in [Installation::new, Installation::in_memory] {
        test(&new(SETTINGS), &Way::Cgi);
        let tracker = new(SETTINGS);
        let responder = Responder::start(&tracker, &["--workers", "2"]);
        test(&tracker, &Way::FastCgi(responder));
    }
}

#[test]
fn every_request_is_counted_once() {
    each_store_and_way(|tracker, way| {
        let torrent = tracker.add("a", 1000).info_hash;
        tracker.refresh();
        let of = |number| client(number).of(torrent);
        for number in 1..=7 {
            assert!(way.announce(tracker, &of(number), "event=started").contains("8:complete"));
        }
        for number in 8..=12 {
            let client = of(number).over_ipv6();
            assert!(way.announce(tracker, &client, "left=0").contains("8:complete"));
        }
        way.announce(tracker, &of(7), "event=stopped");
        for _ in 0..3 {
            way.announce(tracker, &client(1), "");
        }
        way.announce(tracker, &of(1), "port=6666");
        way.announce(tracker, &of(1), "port=6666");
        let malformed = way.get(tracker, "192.0.2.1", "/announce", "info_hash=short&port=1");
        assert!(malformed.text().contains("failure reason"));
        for _ in 0..4 {
            way.get(tracker, "192.0.2.1", "/scrape", &format!("info_hash={}", encode(&torrent)));
        }
        way.get(tracker, "192.0.2.1", "/scrape", "");
        way.get(tracker, "192.0.2.1", "/scrape", "");
        let figures = way.figures(tracker);
        for (series, count) in [
            ("tracker_announces_total{family=\"ipv4\"}", 8.0),
            ("tracker_announces_total{family=\"ipv6\"}", 5.0),
            ("tracker_announce_events_total{event=\"started\"}", 7.0),
            ("tracker_announce_events_total{event=\"stopped\"}", 1.0),
            ("tracker_announce_events_total{event=\"completed\"}", 0.0),
            ("tracker_scrapes_total", 4.0),
            ("tracker_full_scrapes_total", 2.0),
            ("tracker_pages_total", 0.0),
            ("tracker_refusals_total{reason=\"torrents\"}", 3.0),
            ("tracker_refusals_total{reason=\"refused_ports\"}", 2.0),
            ("tracker_refusals_total{reason=\"malformed\"}", 1.0),
            ("tracker_refusals_total{reason=\"ban\"}", 0.0),
        ] {
            assert_eq!(figures.value(series), count, "{series}");
        }
        let again = way.figures(tracker);
        assert_eq!(again.value("tracker_pages_total"), 1.0, "that these were asked for");
        assert_eq!(again.value("tracker_announces_total{family=\"ipv4\"}"), 8.0);
    });
}

#[test]
fn a_responder_measures_some_of_its_announces() {
    let tracker = Installation::new(SETTINGS);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let torrent = tracker.add("a", 1000).info_hash;
    tracker.refresh();
    let way = Way::FastCgi(responder);
    for _ in 0..100 {
        way.announce(&tracker, &client(1).of(torrent), "");
    }
    let figures = way.figures(&tracker);
    let measured = figures.value("tracker_announce_duration_seconds_count");
    assert!((1.0..=20.0).contains(&measured), "{measured}");
    assert!(figures.value("tracker_announce_duration_seconds_sum") > 0.0);
}

#[test]
fn what_the_last_refresh_found_is_told() {
    each_store_and_way(|tracker, way| {
        let torrent = tracker.add("a", 1000).info_hash;
        let hidden = tracker.add("hidden", 1000).info_hash;
        tracker.add("nobody", 1000);
        tracker.refresh();
        tracker.run(&["torrent", "hide", "hidden"]).done();
        for (number, more) in [(1, "left=0"), (2, "left=0"), (3, ""), (4, "left=7&event=paused")] {
            way.announce(tracker, &client(number).of(torrent), more);
        }
        way.announce(tracker, &client(5).of(torrent).over_ipv6(), "");
        way.announce(tracker, &client(6).of(hidden), "");
        tracker.refresh();
        let figures = way.figures(tracker);
        for (series, value) in [
            ("tracker_torrents", 2.0),
            ("tracker_swarms", 1.0),
            ("tracker_peers{role=\"seeder\"}", 2.0),
            ("tracker_peers{role=\"leecher\"}", 2.0),
            ("tracker_peers{role=\"partial_seed\"}", 1.0),
            ("tracker_address_family_peers{family=\"ipv4\"}", 4.0),
            ("tracker_address_family_peers{family=\"ipv6\"}", 1.0),
            ("tracker_address_family_peers{family=\"both\"}", 0.0),
            ("tracker_completed_downloads", 0.0),
            ("tracker_interval_seconds", 1800.0),
            ("tracker_high_load", 0.0),
        ] {
            assert_eq!(figures.value(series), value, "{series}");
        }
        assert!(figures.value("tracker_refresh_age_seconds") < 600.0);
        assert!(figures.value("tracker_refresh_duration_seconds") < 600.0);
        assert!(figures.value("tracker_store_bytes") > 1000.0);
        let room = ["tracker_store_room_peers", "tracker_store_free_bytes"];
        assert_eq!(room.iter().filter(|series| figures.has(series)).count(), 1);
        assert!(figures.has("tracker_build_info{version=\"") && !figures.has("tracker_torrent_"));
    });
}

#[test]
fn an_open_trackers_swarms_count_too() {
    for new in [Installation::new, Installation::in_memory] {
        let tracker = new(&["tracker.torrents = 'open'"]);
        for (number, more) in [(1, "left=0"), (2, ""), (3, "")] {
            client(number).announce(&tracker, more);
        }
        tracker.refresh();
        let figures = Way::Cgi.figures(&tracker);
        let values = ["tracker_torrents", "tracker_swarms", "tracker_peers{role=\"leecher\"}"]
            .map(|series| figures.value(series));
        assert_eq!(values, [0.0, 1.0, 2.0]);
        assert!(!figures.has("tracker_address_family_peers"), "nobody looked at them");
    }
}

#[test]
fn single_torrents_have_figures_where_the_owner_wants_that() {
    each_store_and_way(|tracker, way| {
        let [a, b, c] = ["a", "b", "c"].map(|name| tracker.add(name, 1000));
        tracker.refresh();
        for (torrent, peers) in [(&a, 1..=1), (&b, 1..=3), (&c, 1..=2)] {
            for number in peers {
                way.announce(tracker, &client(number).of(torrent.info_hash), "");
            }
        }
        tracker.configure(&[SETTINGS, &["access.metrics_torrents = 2"]].concat());
        tracker.refresh();
        let listed = || -> Vec<String> {
            let reply = tracker.get("/metrics", "").send().reply.text();
            let figures = Figures::of_text(&reply);
            let torrents = figures.series().filter(|it| it.starts_with("tracker_torrent_leechers"));
            torrents.map(str::to_owned).collect()
        };
        let series = |info_hash: [u8; 20]| {
            let digits: String = info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("tracker_torrent_leechers{{info_hash=\"{digits}\"}}")
        };
        let mut expected = [series(b.info_hash), series(c.info_hash)];
        expected.sort();
        assert_eq!(listed(), expected);
        let found = tracker.text("data/refresh.json");
        tracker.run(&["torrent", "hide", "b"]).done();
        std::fs::write(tracker.path("data/refresh.json"), found).expect("what was found before");
        assert_eq!(listed(), [series(c.info_hash)], "hidden since");
    });
}

#[test]
fn who_asks_for_openmetrics_gets_it() {
    let tracker = Installation::new(SETTINGS);
    tracker.refresh();
    Way::Cgi.figures(&tracker);
    let asked = tracker.get("/metrics", "").with(
        "HTTP_ACCEPT",
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
    );
    let reply = asked.send().reply;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((reply.header("content-type"), reply.header("vary")), (Some(kind), Some("Accept")));
    let (open, text) = (Figures::of_openmetrics(&reply.text()), Way::Cgi.figures(&tracker));
    assert_eq!(open.series().collect::<Vec<_>>(), text.series().collect::<Vec<_>>());
}

#[test]
fn refreshes_write_them_for_node_exporter() {
    const SETTING: &str = "paths.metrics_file = '../node/tracker.prom'";
    for new in [Installation::new, Installation::in_memory] {
        let tracker = new(&[SETTINGS, &[SETTING]].concat());
        let torrent = tracker.add("a", 1000).info_hash;
        tracker.refresh();
        let before = tracker.text("node/tracker.prom");
        client(1).of(torrent).announce(&tracker, "left=0");
        assert_eq!(tracker.text("node/tracker.prom"), before, "it is as the refresh wrote it");
        tracker.refresh();
        let figures = Figures::of_text(&tracker.text("node/tracker.prom"));
        assert_eq!(figures.value("tracker_peers{role=\"seeder\"}"), 1.0);
        assert_eq!(figures.value("tracker_announces_total{family=\"ipv4\"}"), 1.0);
        assert!(!figures.has("tracker_refresh_age_seconds"), "nobody knows when it is read");
        let files = std::fs::read_dir(tracker.path("node")).expect("a folder");
        assert_eq!(files.count(), 1, "nothing is left of how it was written");

        std::fs::write(tracker.path("node/tracker.prom"), "mine 1\n").expect("the owner's");
        let ran = tracker.run(&["refresh", "--force"]);
        assert_eq!(ran.status, 0, "the rest is done: {ran:?}");
        let said = ran.errors;
        assert!(said.contains("tracker.prom is none of the tracker's files"), "{said}");
        assert!(said.contains("`metrics_file` in [paths]"), "{said}");
        assert_eq!(tracker.text("node/tracker.prom"), "mine 1\n");
    }
}
