//! `tracker doctor` on installations that are well, and on some that are not.

use std::fs;
use std::process::{Command, Output};

use crate::harness::apache::{self, Mpm};
use crate::harness::site::{CGI, Layout, Site, as_the_server};
use crate::harness::torrent::Torrent;

fn doctor(site: &Site) -> Output {
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    as_the_server(command.arg("doctor")).output().expect("doctor runs")
}

/// What doctor says of one check.
fn verdict(output: &Output, check: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.contains(&format!("  {check}: ")));
    line.unwrap_or_else(|| panic!("no {check} in {text}")).to_owned()
}

#[test]
fn an_installation_that_is_well_passes_through_the_web_server() {
    let site = Site::new(Layout::listed(CGI, [127, 0, 0, 1].into()));
    site.add(&Torrent::new("well", 1000, &site.announce_url()));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    site.tracker(&["refresh", "--force"]);
    let output = doctor(&site);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(verdict(&output, "announce").starts_with("fine"), "{text}");
    assert!(verdict(&output, "data over the web").starts_with("fine"), "{text}");
    let left = site.tracker(&["stats", "--json"]);
    assert!(left.contains("\"leechers\": 0"), "doctor leaves no peer behind: {left}");
}

#[test]
fn a_data_folder_among_the_pages_is_found_by_fetching_it() {
    let site = Site::new(Layout::open(CGI));
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration").replace(
        "[paths]\n",
        "[store]\npath = \"../www/data/peers.db\"\n\n[paths]\ncatalog = \"../www/data/catalog.db\"\n",
    );
    fs::write(&file, text).expect("the configuration");
    fs::create_dir(site.www().join("data")).expect("a folder");
    let mut chown = Command::new("chown");
    chown.args(["--reference", &site.data().display().to_string()]).arg(site.www().join("data"));
    assert!(chown.status().expect("chown runs").success());
    let _apache = apache::cgi(Mpm::Event).start(&site);
    site.tracker(&["refresh", "--force"]);
    let output = doctor(&site);
    assert_eq!(output.status.code(), Some(1));
    let verdict = verdict(&output, "data over the web");
    assert!(verdict.starts_with("WRONG") && verdict.contains("/data/"), "{verdict}");
}

#[test]
fn a_web_server_that_does_not_run_is_named_as_the_reason() {
    let site = Site::new(Layout::open(CGI));
    site.tracker(&["refresh", "--force"]);
    let output = doctor(&site);
    assert_eq!(output.status.code(), Some(1));
    let verdict = verdict(&output, "announce");
    assert!(verdict.contains("is the web server running"), "{verdict}");
}

#[test]
fn why_the_announce_address_should_be_at_the_root_is_explained() {
    let site = Site::new(Layout::open(CGI));
    let address = || {
        let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
        let output = as_the_server(command.args(["doctor", "--offline"])).output();
        verdict(&output.expect("doctor runs"), "announce address")
    };
    site.tracker(&["refresh", "--force"]);
    assert!(address().starts_with("fine"), "{}", address());
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let script = text.replace(&site.announce_url(), &site.url("/cgi-bin/tracker.cgi/announce"));
    fs::write(&file, script).expect("the configuration");
    let said = address();
    let advice = format!("set announce_url to \"{}\"", site.announce_url());
    for part in ["libtorrent", "request forgery", "also_announce_urls", &advice] {
        assert!(said.starts_with("note") && said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_feed_that_does_not_say_where_it_is_is_named() {
    let site = Site::new(Layout::open(CGI));
    site.tracker(&["refresh", "--force"]);
    let verdict_on_the_feed = || {
        let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
        let output = as_the_server(command.args(["doctor", "--offline"])).output();
        verdict(&output.expect("doctor runs"), "feed")
    };
    let said = verdict_on_the_feed();
    let expected = format!("does not name the address of this site; write {}", site.url(""));
    assert!(said.starts_with("note") && said.contains(&expected), "{said}");
    let page = site.www().join("rss.xml");
    let text = fs::read_to_string(&page).expect("the feed");
    fs::write(&page, text.replace("http://127.0.0.1:8080", &site.url(""))).expect("the feed");
    assert!(verdict_on_the_feed().starts_with("fine"), "{}", verdict_on_the_feed());
    // What the web server serves says it in any case.
    let whole = fs::read_to_string(site.torrents().join("bt_rss.xml")).expect("the whole feed");
    assert!(whole.contains(&format!("<link>{}/</link>", site.url("/tracker"))), "{whole}");
}

#[test]
fn a_broken_configuration_is_the_first_thing_said() {
    let site = Site::new(Layout::open(CGI));
    fs::write(site.root().join("conf/tracker.toml"), "[tracker]\nintervall = 5\n").expect("a file");
    let output = doctor(&site);
    assert_eq!(output.status.code(), Some(1));
    let verdict = verdict(&output, "configuration");
    assert!(verdict.contains("line 2") && verdict.contains("did you mean `interval`"), "{verdict}");
}

#[test]
fn what_root_runs_leaves_nothing_that_the_web_server_cannot_write() {
    let site = Site::new(Layout::open(CGI));
    let mut refresh = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    // As whoever runs the tests: root, where the web server has a user of its own.
    assert!(refresh.args(["refresh", "--force"]).status().expect("refresh runs").success());
    site.tracker(&["refresh", "--force"]);
    site.tracker(&["store", "check"]);
}
