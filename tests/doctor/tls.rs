//! Addresses with HTTPS, on nginx with a certificate made on the spot.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use super::{Diagnosis, change};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{FCGI, Layout, Site, as_the_server};
use crate::harness::torrent::Torrent;
use crate::harness::{nginx, program};

/// A site whose addresses are HTTPS, and nginx with a certificate for it.
pub struct Served {
    _processes: [Process; 2],
    pub site: Site,
}

impl Served {
    /// With a certificate that is good for so many days from now.
    pub fn new(days: &str) -> Self {
        let site = Site::new(Layout::listed(FCGI, [127, 0, 0, 1].into()));
        make_certificate(&site, days);
        let file = site.root().join("conf/tracker.toml");
        change(&file, "http://", "https://");
        change(&site.www().join("rss.xml"), "http://127.0.0.1:8080", &https(&site));
        site.add(&Torrent::new("well", 1000, &format!("{}/announce", https(&site))));
        site.tracker(&["refresh", "--force"]);
        let listen = Listen::unix(&site);
        let tracker = responder::own_socket(&site, &listen);
        let mut command = nginx::command(&site, "conf/nginx.conf", &listen);
        let configuration = site.run("tracker.conf");
        let root = site.root().display().to_string();
        change(
            &configuration,
            &format!("127.0.0.1:{}", site.port()),
            &format!("127.0.0.1:{} ssl", site.port()),
        );
        change(
            &configuration,
            &format!("[::1]:{}", site.port()),
            &format!("[::1]:{} ssl", site.port()),
        );
        change(
            &site.run("nginx.conf"),
            "gzip on;",
            &format!(
                "gzip on; ssl_certificate {root}/run/cert.pem; ssl_certificate_key {root}/run/key.pem;"
            ),
        );
        let mut server = Process::start("nginx", &mut command, &site.run("nginx.log"));
        server.wait_for("a connection", || TcpStream::connect(site.address()).ok());
        Self { _processes: [server, tracker], site }
    }

    fn diagnosis(&self, change: impl Fn(&mut Command)) -> Diagnosis {
        let mut command = Command::new(self.site.root().join("cgi-bin/tracker.cgi"));
        command.args(["doctor", "--json"]);
        // Who signed the certificate is trusted.
        command.env("CURL_CA_BUNDLE", self.site.run("cert.pem"));
        change(&mut command);
        Diagnosis::from(as_the_server(&mut command).output().expect("doctor runs"))
    }
}

pub fn https(site: &Site) -> String {
    site.url("").replace("http://", "https://")
}

fn make_certificate(site: &Site, days: &str) {
    let openssl = |arguments: &[&str]| {
        let mut openssl = Command::new(program("openssl"));
        let output = openssl.current_dir(site.run("")).args(arguments).output();
        let output = output.expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    let key = [
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "request.pem",
    ];
    openssl(&[&key[..], &name].concat());
    let sign = ["x509", "-req", "-signkey", "key.pem", "-copy_extensions", "copy", "-days", days];
    openssl(&[&sign[..], &["-in", "request.pem", "-out", "cert.pem"]].concat());
}

#[test]
fn a_site_with_https_passes_and_one_without_a_certificate_that_counts_does_not() {
    let served = Served::new("2");
    let found = served.diagnosis(|_| {});
    found.assert_nothing_wrong();
    for check in ["announce", "reply", "client address", "torrents address", "pages", "feed"] {
        found.assert(check, "fine", &[]);
    }
    let found = served.diagnosis(|command| {
        command.env_remove("CURL_CA_BUNDLE");
    });
    found.assert_only_wrong("announce", &["certificate", "that clients accept"]);
    // Without the program that speaks HTTPS.
    let found = served.diagnosis(|command| {
        command.env("PATH", "/nowhere");
    });
    found.assert_nothing_wrong().assert("announce", "not checked", &["install curl"]);
}

#[test]
fn a_certificate_that_has_expired_is_named() {
    let served = Served::new("-1");
    let parts = ["certificate has expired", "renew the certificate"];
    served.diagnosis(|_| {}).assert_only_wrong("announce", &parts);
}

#[test]
fn http_where_https_is_spoken_is_named() {
    let served = Served::new("2");
    let file = served.site.root().join("conf/tracker.toml");
    change(&file, "announce_url = \"https://", "announce_url = \"http://");
    let parts = ["HTTPS is spoken at that port", "to \"https://127.0.0.1"];
    served.diagnosis(|_| {}).assert_only_wrong("announce", &parts);
}

#[test]
fn a_redirect_to_https_is_named() {
    let site = Site::new(Layout::listed(FCGI, [127, 0, 0, 1].into()));
    site.tracker(&["refresh", "--force"]);
    let listen = Listen::unix(&site);
    let server = format!(
        "server {{ listen {}; return 301 https://tracker.example$request_uri; }}",
        site.address()
    );
    let mut command = nginx::command(&site, "conf/nginx.conf", &listen);
    fs::write(site.run("tracker.conf"), server).expect("a configuration");
    let mut server = Process::start("nginx", &mut command, &site.run("nginx.log"));
    server.wait_for("a connection", || TcpStream::connect(site.address()).ok());
    let parts = [
        "not all clients follow",
        "to the address that answers itself, such as \"https://tracker.example/announce\"",
    ];
    Diagnosis::of(&site).assert_only_wrong("announce", &parts);
}
