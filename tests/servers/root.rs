//! The tracker at the root of a web server whose owner wrote the configuration: the place of a request is
//! told by other variables than PATH_INFO then, or by PATH_INFO that says more than it should.

use std::process::Command;

use super::{Peer, Served};
use crate::harness::apache::{Apache, Mpm};
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::{http, lighttpd, nginx};

const INFO_HASH: &[u8; 20] = b"at the root of all..";

/// A responder, and a web server that gives it everything.
fn served(server: impl FnOnce(&Site, u16) -> Command) -> Served {
    let site = Site::new(Layout::open(CGI));
    let listen = Listen::tcp();
    let tracker = responder::own_socket(&site, &listen);
    let Listen::Tcp(port) = listen else { unreachable!("it listens on a port") };
    let mut process = Process::start("the web server", &mut server(&site, port), &site.run("log"));
    process.wait_for("an answer", || {
        http::request(site.address(), "GET", "/stats", &[]).ok().filter(|reply| reply.status == 200)
    });
    Served { _processes: vec![process, tracker], site }
}

/// All that must hold wherever the web server has put the tracker.
fn is_found(served: &Served) {
    let seeder = format!("/announce?{}", Peer::new(1, 0).query(INFO_HASH, "&event=started"));
    assert_eq!(served.answer_of("", &seeder).number("complete"), 1);
    let scrape = format!("/scrape?info_hash={}", http::encode(INFO_HASH));
    let reply = served.answer_of("", &scrape);
    let swarm = reply.get("files").and_then(|files| files.get(INFO_HASH));
    assert_eq!(swarm.map(|swarm| swarm.number("complete")), Some(1), "no announce: {reply:?}");
    let stats = served.ask("GET", "/stats");
    assert_eq!(stats.status, 200, "{stats:?}");
    assert!(stats.text().contains("<html"), "{stats:?}");
    assert!(served.ask("GET", "/metrics").text().contains("tracker_high_load"));
    for target in ["/", "//", "//evil.example", "//evil.example/", "/%5cevil.example"] {
        let reply = served.ask("GET", target);
        let Some(location) = reply.header("location") else {
            assert!((400..500).contains(&reply.status), "{target}: {reply:?}");
            continue;
        };
        let path = location.strip_prefix(&served.site.url("")).unwrap_or(location);
        assert!(path.starts_with('/') && !path.starts_with("//"), "{target}: {location}");
        let shown = served.ask("GET", path);
        assert_eq!(shown.status, 200, "{target} leads to {location}: {shown:?}");
    }
}

fn nginx_with(locations: &str) -> Served {
    served(|site, port| {
        let own = site.port();
        let listens = format!("listen 127.0.0.1:{own};\nlisten [::1]:{own};");
        let root = site.www().display().to_string();
        let locations = locations.replace("BACKEND", &format!("127.0.0.1:{port}"));
        nginx::command_with(site, &format!("server {{\n{listens}\nroot {root};\n{locations}\n}}\n"))
    })
}

#[test]
fn of_nginx_with_its_own_parameters() {
    is_found(&nginx_with(
        "location / { include /etc/nginx/fastcgi_params; fastcgi_pass BACKEND; }",
    ));
}

#[test]
fn of_nginx_behind_files_that_are_tried_first() {
    let served = nginx_with(
        "location / { try_files $uri @tracker; }\n\
         location @tracker { include /etc/nginx/fastcgi_params; fastcgi_pass BACKEND; }",
    );
    is_found(&served);
    assert_eq!(served.ask("GET", "/style.css").status, 200, "a file");
}

#[test]
fn of_apache_that_passes_everything_on() {
    is_found(&served(|site, port| {
        let configuration = Apache::new(Mpm::Event)
            .modules(&["env", "proxy", "proxy_fcgi"])
            // As the shipped snippets say: else Apache drops the Content-Length.
            .line("SetEnv ap_trust_cgilike_cl 1")
            .line(&format!("ProxyPass \"/\" \"fcgi://127.0.0.1:{port}/\""))
            .write(site);
        let mut command = Command::new(crate::harness::program("apache2"));
        command.arg("-f").arg(configuration).arg("-DFOREGROUND");
        command
    }));
}

#[test]
fn of_lighttpd() {
    is_found(&served(|site, port| {
        let backend = format!("\"host\" => \"127.0.0.1\", \"port\" => {port}");
        lighttpd::command_with(
            site,
            &format!(
                // As the shipped files say: else it takes an info-hash for an attack.
                "server.http-parseopts := ( \"url-ctrls-reject\" => \"disable\", \
                 \"url-invalid-utf8-reject\" => \"disable\" )\n\
                 server.modules += ( \"mod_fastcgi\" )\n\
                 fastcgi.server = ( \"/\" => (( {backend}, \"check-local\" => \"disable\" )) )\n"
            ),
        )
    }));
}
