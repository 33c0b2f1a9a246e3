//! `tracker scrape`: real trackers, and what else answers at such addresses.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};

use serde_json::Value;
use tracker_cgi::catalog::External;
use tracker_cgi::protocol::{InfoHash, Seconds, Timestamp, Url};
use tracker_cgi::tracker::external::{Asking, Bounds, Targets, ask_external};

use crate::doctor::tls::{Served, https};
use crate::harness::apache::{self, Mpm};
use crate::harness::executable;
use crate::harness::http::encode;
use crate::harness::http::request;
use crate::harness::opentracker::Opentracker;
use crate::harness::site::{CGI, FCGI, Layout, Site};
use crate::harness::torrent::Torrent;

fn hex(info_hash: &[u8; 20]) -> String {
    info_hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(executable());
    command.arg("scrape").args(arguments);
    // Whatever the surroundings say about proxies is not for trackers.
    for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    command.output().expect("the command runs")
}

/// What is said of a scrape that brings figures.
fn scraped(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Why there are none.
fn failure(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Seeders, leechers and downloads of a torrent.
fn figures(scraped: &Value, info_hash: &[u8; 20]) -> [u64; 3] {
    let torrents = scraped["torrents"].as_array().expect("torrents");
    let torrent = torrents.iter().find(|torrent| torrent["info_hash"] == hex(info_hash));
    let torrent = torrent.unwrap_or_else(|| panic!("{} is not in {scraped}", hex(info_hash)));
    ["complete", "incomplete", "downloaded"].map(|key| torrent[key].as_u64().expect("a number"))
}

fn faults(scraped: &Value) -> Vec<&str> {
    let faults = scraped["faults"].as_array().expect("faults");
    faults.iter().map(|fault| fault["fault"].as_str().expect("a text")).collect()
}

const A: [u8; 20] = *b"ABCDEFGHIJKLMNOPQR \xff";
const B: [u8; 20] = [0; 20];
const UNKNOWN: [u8; 20] = [b'u'; 20];

fn opentracker() -> Opentracker {
    let tracker = Opentracker::start(&[A, B]);
    tracker.announce(A, 1, "left=0");
    tracker.announce(A, 2, "left=5");
    tracker.announce(A, 3, "left=5");
    tracker.announce(A, 3, "left=0&event=completed");
    tracker.announce(B, 4, "left=5");
    tracker
}

#[test]
fn opentracker_is_scraped_over_http() {
    let tracker = opentracker();
    let url = format!("http://{}/announce", tracker.address());
    let one = scraped(&[&url, &hex(&A)]);
    assert_eq!((figures(&one, &A), faults(&one)), ([2, 1, 1], vec![]), "{one}");
    assert_eq!(one["address"], tracker.address().to_string());
    assert_eq!(one["url"], format!("http://{}/scrape", tracker.address()));
    let all = scraped(&[&url]);
    assert_eq!(all["torrents"].as_array().map(Vec::len), Some(2), "{all}");
    assert_eq!(figures(&all, &B), [0, 1, 0]);
    let missing = scraped(&[&url, &hex(&B), &hex(&UNKNOWN)]);
    assert_eq!(figures(&missing, &B), [0, 1, 0]);
    assert!(faults(&missing)[0].contains("does not know it"), "{missing}");
    assert_eq!(missing["faults"][0]["about"], hex(&UNKNOWN));
}

#[test]
fn opentracker_is_scraped_over_udp() {
    let tracker = opentracker();
    let url = format!("udp://{}/announce", tracker.address());
    let found = scraped(&[&url, &hex(&A), &hex(&UNKNOWN), &hex(&B)]);
    assert_eq!(figures(&found, &A), [2, 1, 1]);
    assert_eq!((figures(&found, &B), figures(&found, &UNKNOWN)), ([0, 1, 0], [0, 0, 0]));
    assert_eq!(
        (found["address"].as_str(), faults(&found)),
        (Some(&*tracker.address().to_string()), vec![])
    );
    assert!(failure(&[&url]).contains("name info-hashes"));
}

#[test]
fn more_torrents_than_one_request_takes_are_asked_for_in_several() {
    let many: Vec<[u8; 20]> = (0..120).map(|number| [number; 20]).collect();
    let tracker = Opentracker::start(&many);
    for (peer, info_hash) in many.iter().enumerate() {
        tracker.announce(*info_hash, u8::try_from(peer % 90).expect("a small number"), "left=0");
    }
    let hashes: Vec<String> = many.iter().map(hex).collect();
    for (url, requests) in [("http", 3), ("udp", 1)] {
        let url = format!("{url}://{}/announce", tracker.address());
        let arguments: Vec<&str> =
            std::iter::once(&*url).chain(hashes.iter().map(String::as_str)).collect();
        let found = scraped(&arguments);
        assert_eq!(found["requests"].as_array().map(Vec::len), Some(requests), "{url}");
        assert_eq!(faults(&found), <[&str; 0]>::default(), "{url}");
        for info_hash in &many {
            assert_eq!(figures(&found, info_hash), [1, 0, 0], "{url}");
        }
    }
}

#[test]
fn a_refresh_is_told_by_opentracker_what_it_tracks() {
    let tracker = opentracker();
    let asked = ["http", "udp"].map(|scheme| {
        let url = format!("{scheme}://{}/announce", tracker.address()).try_into();
        let url: Url = url.expect("an announce URL");
        [A, B, UNKNOWN].map(|info_hash| External::new(InfoHash(info_hash), url.clone(), true))
    });
    let refresh = Asking::of_a_refresh(Seconds(1800));
    // This machine is one that a refresh does not ask.
    let asking = Asking { each: Bounds { targets: Targets::Any, ..refresh.each }, ..refresh };
    let now = Timestamp(1_700_000_000);
    let answered = ask_external(&asked.concat(), &asking, now);
    assert_eq!(answered.len(), 6);
    for entry in &answered {
        let figures = entry.figures.map(|it| (it.complete, it.incomplete, it.downloaded));
        let expected = match entry.info_hash.0 {
            A => Some((2, 1, Some(1))),
            B => Some((0, 1, Some(0))),
            // Over UDP zeros stand for it.
            _ => entry.tracker.as_str().starts_with("udp").then_some((0, 0, Some(0))),
        };
        assert_eq!((figures, entry.failures), (expected, 0), "{entry:?}");
        assert_eq!(entry.fault.is_some(), expected.is_none(), "{entry:?}");
        assert!(entry.next_at >= now + Seconds(1800));
    }
    assert!(ask_external(&answered, &asking, now + Seconds(1799)).is_empty(), "not yet again");
    let forbidden = ask_external(&asked.concat(), &refresh, now);
    let faults = forbidden.iter().filter_map(|entry| entry.fault.as_deref());
    assert_eq!(faults.filter(|fault| fault.contains("a loopback address")).count(), 6);
}

/// Our own tracker behind Apache, with one torrent and a seeder of it.
fn our_own(script: &'static str, host: std::net::IpAddr) -> (Site, Torrent) {
    let site = Site::new(Layout::listed(script, host));
    let torrent = Torrent::new("scraped-file", 1000, &site.announce_url());
    site.add(&torrent);
    (site, torrent)
}

fn announce(site: &Site, torrent: &Torrent) {
    let hash = encode(&torrent.info_hash);
    let target =
        format!("/announce?info_hash={hash}&peer_id={hash}&port=6881&left=0&event=started");
    let reply = request(site.address(), "GET", &target, &[]).expect("an answer");
    assert!(reply.text().contains("8:complete"), "{reply:?}");
}

#[test]
fn our_own_tracker_has_no_fault_over_cgi_and_fastcgi_and_both_families() {
    for (script, host) in
        [(CGI, [127, 0, 0, 1].into()), (FCGI, std::net::Ipv6Addr::LOCALHOST.into())]
    {
        let (site, torrent) = our_own(script, host);
        let _apache = match script {
            CGI => apache::cgi(Mpm::Event).start(&site),
            _ => apache::fcgid().start(&site),
        };
        announce(&site, &torrent);
        for arguments in
            [vec![site.announce_url()], vec![site.announce_url(), hex(&torrent.info_hash)]]
        {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let found = scraped(&arguments);
            assert_eq!(figures(&found, &torrent.info_hash), [1, 0, 0]);
            assert_eq!(faults(&found), <[&str; 0]>::default(), "{found}");
            assert!(found["min_request_interval"].as_u64() > Some(0), "{found}");
            assert_eq!(found["address"], site.address().to_string());
        }
        let told = String::from_utf8(run(&[&site.announce_url()]).stdout).expect("text");
        assert!(told.contains("seeders 1  leechers 0  completed 0"), "{told}");
        let refused = failure(&[&site.announce_url(), &hex(&UNKNOWN)]);
        assert!(refused.contains("a refusal: "), "{refused}");
    }
}

#[test]
fn a_tracker_is_scraped_over_https_when_its_certificate_is_good() {
    let served = Served::new("2");
    let url = format!("{}/announce", https(&served.site));
    let scrape = |bundle: &std::path::Path, path: &str| {
        let mut command = Command::new(executable());
        command.args(["scrape", &url, "--json"]).env("CURL_CA_BUNDLE", bundle);
        if !path.is_empty() {
            command.env("PATH", path);
        }
        command.output().expect("the command runs")
    };
    let output = scrape(&served.site.run("cert.pem"), "");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["torrents"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(
        (faults(&found), found["address"].as_str()),
        (vec![], Some(&*served.site.address().to_string()))
    );
    for (bundle, path, said) in [
        ("/etc/ssl/certs/ca-certificates.crt", "", "certificate"),
        ("", "/nowhere", "install curl"),
    ] {
        let output = scrape(bundle.as_ref(), path);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains(said), "{errors}");
    }
}

/// A server that answers one request with this, and what it was asked.
fn server(reply: Vec<u8>) -> (SocketAddr, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = vec![0; 16 << 10];
        let length = stream.read(&mut request).expect("a request");
        // The client closes early where the reply is too long.
        let _ = stream.write_all(&reply);
        request.truncate(length);
        String::from_utf8_lossy(&request).into_owned()
    });
    (address, asked)
}

fn http(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat()
}

const FIGURES: &str = "8:completei1e10:downloadedi2e10:incompletei3e";

#[test]
fn faults_of_a_reply_are_named() {
    let torrent = format!("20:{}d{FIGURES}e", "a".repeat(20));
    let good = format!("d5:filesd{torrent}ee");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(good.as_bytes()).expect("gzip");
    let packed = packed.finish().expect("gzip");
    let unsorted = format!("d5:flagsdee5:filesd{torrent}ee").replace("ee5:f", "e5:f");
    for (reply, said) in [
        (http("200 OK", unsorted.as_bytes()), "keys are not sorted (BEP 3)"),
        (http("200 OK\r\nContent-Encoding: gzip", &packed), "packed by gzip"),
        (http("404 Not Found", good.as_bytes()), "status is not 200"),
        (http("200 OK\r\nContent-Length: 999", good.as_bytes()), "shorter than its Content-Length"),
        (http("200 OK", format!("{good}\n").as_bytes()), "after the dictionary"),
    ] {
        let (address, asked) = server(reply);
        let found = scraped(&[&format!("http://{address}/x/announce.php?key=1"), &"61".repeat(20)]);
        assert_eq!(figures(&found, &[b'a'; 20]), [1, 3, 2]);
        assert!(matches!(&*faults(&found), [fault] if fault.contains(said)), "{said}: {found}");
        let target = format!("GET /x/scrape.php?key=1&info_hash={} ", "a".repeat(20));
        assert!(asked.join().expect("a request").starts_with(&target));
    }
}

#[test]
fn what_is_no_scrape_says_what_it_is() {
    let bomb = {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..20).for_each(|_| packed.write_all(&zeros).expect("gzip"));
        packed.finish().expect("gzip")
    };
    for (reply, said) in [
        (http("200 OK", b"<html>\x1b[2J"), "200 with a web page"),
        (http("200 OK", b""), "an empty reply"),
        (http("200 OK", b"offline"), "no client can read: it is not bencode"),
        (http("200 OK", b"d14:failure reason6:closede"), "a refusal: closed"),
        (
            http("302 Found\r\nLocation: http://127.0.0.1/\x07", b""),
            "leads to http://127.0.0.1/\\u{7}",
        ),
        (http("200 OK", &bomb), "more than 16777216 bytes"),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), "no HTTP comes from"),
        (vec![], "it closes the connection"),
    ] {
        let (address, _) = server(reply);
        let told = failure(&[&format!("http://{address}/announce"), &hex(&A)]);
        assert!(told.contains(said) && told.matches('\n').count() == 1, "{said}: {told}");
        assert!(!told.contains(['\x1b', '\x07']), "{told:?}");
    }
    let closed = format!("http://127.0.0.1:{}/announce", crate::harness::free_port());
    assert!(failure(&[&closed]).contains("no connection to 127.0.0.1"));
}
