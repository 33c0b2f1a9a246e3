//! The administration of a farm, through a balancer that sends requests to its hosts in turn: with the snippet that sends
//! people to the owner's host, and without.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tracker_cgi::protocol::InfoHash;

use super::window::{Window, add_administrator};
use crate::harness::admin::PASSWORD;
use crate::harness::http::request;
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site, shipped};
use crate::harness::torrent::Torrent;

/// An owner's host, a replica, and a balancer before both.
struct Farm {
    _processes: Vec<Process>,
    owner: Site,
    _replica: Site,
    balancer: Site,
    page: String,
}

/// The host that a balancer chooses for what has no info-hash.
#[derive(Clone, Copy, Debug)]
enum Chosen {
    /// The owner's, as the snippet has it.
    Owner,
    /// The owner's for pages, the replica for forms, which is the worst that hosts in turn can be.
    OwnerForPages,
    /// The replica.
    Replica,
}

impl Farm {
    /// The owner's host is another one than the balancer's for a browser: its name differs, not only its port.
    fn new(chosen: Chosen) -> Self {
        let layout = |host: IpAddr| Layout::listed(CGI, host);
        let [owner, replica, balancer] = [
            Site::new(layout(Ipv6Addr::LOCALHOST.into())),
            Site::new(layout(Ipv4Addr::LOCALHOST.into())),
            Site::new(layout(Ipv4Addr::LOCALHOST.into())),
        ];
        let file = replica.root().join("conf/tracker.toml");
        let text = fs::read_to_string(&file).expect("a configuration");
        let farm = format!("[farm]\nrole = \"replica\"\nowner_url = \"{}\"\n", owner.url("/"));
        fs::write(&file, text + &farm).expect("a configuration");
        let torrent = Torrent::new("One", 5000, &owner.announce_url());
        owner.add(&torrent);
        owner.tracker(&["refresh", "--force"]);
        add_administrator(&owner, "Ingrid");
        let listen = [Listen::tcp(), Listen::tcp()];
        let mut processes = vec![
            responder::own_socket(&owner, &listen[0]),
            responder::own_socket(&replica, &listen[1]),
            nginx::start(&owner, "conf/nginx.conf", &listen[0]),
        ];
        let server = configuration(&balancer, chosen, &listen.each_ref().map(address));
        let mut command = nginx::command_with(&balancer, &server);
        let mut nginx = Process::start("nginx", &mut command, &balancer.run("nginx.log"));
        nginx.wait_for("an answer", || request(balancer.address(), "GET", "/scrape", &[]).ok());
        processes.push(nginx);
        let page = format!("torrents/{}", InfoHash(torrent.info_hash));
        Self { _processes: processes, owner, _replica: replica, balancer, page }
    }

    /// Whether a browser shows a page of the owner's own address.
    fn is_at_owner(&self, window: &mut Window) -> bool {
        let here = window.browser.evaluate("location.href");
        here.as_str().expect("an address").starts_with(&self.owner.url(CGI))
    }
}

fn address(listen: &Listen) -> String {
    listen.address()
}

/// The shipped balancer, which chooses so.
fn configuration(balancer: &Site, chosen: Chosen, [owner, replica]: &[String; 2]) -> String {
    let third = "    server 192.0.2.3:9000;\n";
    let upstream = shipped("conf/nginx-balancer.conf", &[(third, "")]);
    let upstream = upstream.replace("192.0.2.1:9000", owner).replace("192.0.2.2:9000", replica);
    let mut locations = shipped("conf/nginx.conf", &[]);
    let (pages, forms) = match chosen {
        Chosen::Owner => {
            locations += &shipped("conf/nginx-balancer-owner.conf", &[]);
            ("tracker", "tracker")
        }
        Chosen::OwnerForPages => ("tracker_owner", "tracker_replica"),
        Chosen::Replica => ("tracker_replica", "tracker_replica"),
    };
    locations = locations.replace("fastcgi_pass tracker;", "fastcgi_pass $tracker_chosen;");
    let port = balancer.port();
    format!(
        "{upstream}\nupstream tracker_replica {{ server {replica}; }}\n\
         map $request_method $tracker_chosen {{ default {pages}; POST {forms}; }}\n\
         server {{\nlisten 127.0.0.1:{port};\n{locations}\n}}\n"
    )
}

#[test]
fn with_the_snippet_all_of_it_is_at_the_balancer() {
    let farm = Farm::new(Chosen::Owner);
    let mut window = Window::of(&farm.balancer);
    window.open(&farm.page);
    window.sign_in("Ingrid");
    assert_eq!(window.heading(), "One");
    for number in 0..3 {
        window.send(&[("title", &format!("Number {number}"))], "main form button.main");
        assert_eq!(window.notice(), "Saved.");
        assert_eq!(window.heading(), format!("Number {number}"));
    }
    assert!(!farm.is_at_owner(&mut window));
    window.sign_out();
}

/// All that has no info-hash goes to one host, which may be a replica.
#[test]
fn without_it_a_replica_sends_people_to_the_owner_where_all_of_it_goes_on() {
    let farm = Farm::new(Chosen::Replica);
    let mut window = Window::of(&farm.balancer);
    window.open(&farm.page);
    assert!(farm.is_at_owner(&mut window));
    window.sign_in("Ingrid");
    assert_eq!(window.heading(), "One", "to the page that was wanted");
    window.send(&[("title", "Another")], "main form button.main");
    assert_eq!(window.notice(), "Saved.");
    window.sign_out();
    assert!(farm.is_at_owner(&mut window));
}

/// Where hosts take turns, a form may come to the replica though its page is the owner's. A browser would not take it to
/// another host, so they are told which that is.
#[test]
fn who_sends_a_form_to_a_replica_is_told_where_to_go_on() {
    let farm = Farm::new(Chosen::OwnerForPages);
    let mut window = Window::of(&farm.balancer);
    window.open(&farm.page);
    assert!(!farm.is_at_owner(&mut window));
    window.fill_in(&[("name", "Ingrid"), ("password", PASSWORD)]);
    window.press_in_vain("main button", "403");
    assert_eq!(window.heading(), "Nothing was changed");
    window.press("main a");
    assert!(farm.is_at_owner(&mut window));
    window.sign_in("Ingrid");
    assert_eq!(window.heading(), "Overview");
    window.press("nav.side a[href$='torrents']");
    window.press("tbody th a");
    window.send(&[("title", "Another")], "main form button.main");
    assert_eq!(window.notice(), "Saved.");
    assert!(farm.is_at_owner(&mut window));
}
