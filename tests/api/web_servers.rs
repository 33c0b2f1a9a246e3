//! The header with the token reaches the tracker through each kind of web server, as the shipped files configure it.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use serde_json::json;
use tracker_cgi::catalog::{Catalog, Role, UserDetails};

use crate::harness::apache::{self, Mpm};
use crate::harness::http::request_with;
use crate::harness::program::{check, new_token, value};
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, FCGI, Layout, Site};
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, nginx, program};
use crate::snippets::SharedHost;

fn site(script: &'static str) -> Site {
    let site = Site::new(Layout::listed(script, Ipv4Addr::LOCALHOST.into()));
    site.tracker(&["refresh", "--force"]);
    site
}

/// A token of an administrator. Where the data folder can be fetched, what is in it lies deeper.
fn token(site: &Site, scopes: &str) -> String {
    let entries = fs::read_dir(site.data()).expect("a folder").map(|it| it.expect("it").path());
    let hidden = entries.into_iter().find(|path| path.join("catalog.db").exists());
    let path = hidden.unwrap_or_else(|| site.data()).join("catalog.db");
    let mut catalog = Catalog::open(&path).expect("a catalogue");
    new_token(&mut catalog, "ingrid", &UserDetails::new(Role::Administrator), scopes, None)
}

/// Adds, sees and removes a ban at the tracker of a site; panics where anything is lost on the way.
fn bans(site: &Site, script: &str) {
    let token = token(site, "bans");
    let header = format!("Bearer {token}");
    let send = |method: &str, path: &str, header: &str, body: &str| {
        let headers = [("Authorization", header), ("Content-Type", "application/json")];
        let target = format!("{script}/api/v1/{path}");
        let reply = request_with(site.address(), method, &target, &headers, body.as_bytes());
        let reply = reply.expect("an answer");
        check(method, path, &reply);
        reply
    };
    let ban = json!({"range": "198.51.100.0/24", "reason": "no"}).to_string();
    assert_eq!(send("POST", "bans", "", &ban).status, 401);
    let added = send("POST", "bans", &header, &ban);
    assert_eq!(added.status, 201, "{script}: {added:?}");
    let found = send("GET", "bans/198.51.100.0/24", &header, "");
    assert_eq!((found.status, &value(&found)["reason"]), (200, &json!("no")), "{found:?}");
    assert_eq!(send("DELETE", "bans/198.51.100.0/24", &header, "").status, 204);
    assert_eq!(send("DELETE", "bans/198.51.100.0/24", &header, "").status, 404);
}

#[test]
fn apache_with_cgi_passes_the_token_on() {
    let site = site(CGI);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    bans(&site, CGI);
}

#[test]
fn apache_with_mod_fcgid_passes_the_token_on() {
    let site = site(FCGI);
    let _apache = apache::fcgid().start(&site);
    bans(&site, FCGI);
}

#[test]
fn apache_with_a_responder_passes_the_token_on() {
    let site = site(FCGI);
    let listen = Listen::unix(&site);
    let _tracker = own_socket(&site, &listen);
    let _apache = apache::proxy_fcgi(&listen).start(&site);
    bans(&site, FCGI);
}

#[test]
fn nginx_passes_the_token_on() {
    let site = site(CGI);
    let listen = Listen::unix(&site);
    let _tracker = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    bans(&site, CGI);
}

/// Shared hosting, where nothing but a file can be put up.
#[test]
fn apache_with_the_htaccess_file_alone_passes_the_token_on() {
    let host = SharedHost::new();
    host.site.tracker(&["refresh", "--force"]);
    bans(&host.site, CGI);
    bans(&host.site, FCGI);
}

/// What people copy from the README does what it says.
#[test]
fn the_examples_of_the_readme_are_done() {
    let site = site(CGI);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let readme = fs::read_to_string(checkout().join("README.md")).expect("a README");
    let (_, rest) = readme.split_once("### Changes by programs").expect("a section");
    let (_, rest) = rest.split_once("```sh\n").expect("examples");
    let (examples, _) = rest.split_once("```").expect("their end");
    let examples = examples
        .replace("https://tracker.example/cgi-bin/tracker.cgi", &site.url(CGI))
        .replace("tct_...", &token(&site, "read,torrents,bans"))
        .replace("INFO_HASH", &"ab".repeat(20));
    assert_eq!(examples.matches(&site.url(CGI)).count(), 1);
    let folder = site.root().join("examples");
    fs::create_dir(&folder).expect("a folder");
    for name in ["one", "two"] {
        let torrent = Torrent::new(name, 1000, &site.announce_url());
        fs::write(folder.join(format!("{name}.torrent")), torrent.metainfo).expect("a file");
    }
    let mut command = Command::new(program("sh"));
    let ran = command.args(["-eu", "-c", &examples]).current_dir(&folder).output().expect("sh");
    let output = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{output}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(output.matches("\"verdict\":\"added\"").count(), 3, "{output}");
    assert!(output.contains("\"retired\":\"use version 2\""), "{output}");
}
