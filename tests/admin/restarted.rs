//! What happens in the middle: the responder is started again, the site is upgraded, the catalogue is locked for a while.
//! Who is signed in goes on.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tracker_cgi::protocol::InfoHash;

use super::window::{Window, add_administrator, setup_token};
use crate::harness::http::{encode, request};
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site, server_account};
use crate::harness::torrent::Torrent;

/// The button that saves.
const SAVE: &str = "main form button.main";

/// A site that is served by nginx.
struct Served {
    nginx: Process,
    responder: Process,
    listen: Listen,
    torrent: Torrent,
    site: Site,
}

impl Served {
    fn new() -> Self {
        Self::serve(Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into())))
    }

    fn serve(site: Site) -> Self {
        let torrent = Torrent::new("One", 5000, &site.announce_url());
        site.add(&torrent);
        site.tracker(&["refresh", "--force"]);
        let listen = Listen::unix(&site);
        let responder = own_socket(&site, &listen);
        let nginx = nginx::start(&site, "conf/nginx.conf", &listen);
        Self { nginx, responder, listen, torrent, site }
    }

    /// A browser in which Ingrid has signed in and looks at the torrent.
    fn ingrid(&self) -> Window {
        add_administrator(&self.site, "Ingrid");
        let mut window = Window::of(&self.site);
        window.open(&format!("torrents/{}", InfoHash(self.torrent.info_hash)));
        window.sign_in("Ingrid");
        assert_eq!(window.heading(), "One");
        window
    }

    /// Kills the responder and starts another one.
    fn restart(self) -> Self {
        let Self { nginx, responder, listen, torrent, site } = self;
        responder.kill();
        let responder = own_socket(&site, &listen);
        Self { nginx, responder, listen, torrent, site }
    }

    /// Announces the torrent; panics when that is not answered.
    fn announce(&self) {
        let target = format!(
            "/announce?info_hash={}&peer_id=-TR4060-000000000001&port=6881&left=0&compact=1",
            encode(&self.torrent.info_hash)
        );
        let reply = request(self.site.address(), "GET", &target, &[]).expect("an answer");
        let is_announced = reply.body.windows(7).any(|part| part == b"5:peers");
        assert!(is_announced, "{reply:?}");
    }
}

#[test]
fn who_is_signed_in_stays_so_when_the_responder_is_started_again_and_an_open_form_is_saved() {
    let served = Served::new();
    let mut ingrid = served.ingrid();
    ingrid.fill_in(&[("title", "Before it, and after it")]);
    let served = served.restart();
    ingrid.press(SAVE);
    assert_eq!(ingrid.notice(), "Saved.");
    assert_eq!(ingrid.heading(), "Before it, and after it");
    let served = served.restart();
    ingrid.reload();
    assert_eq!(ingrid.heading(), "Before it, and after it");
    served.announce();
}

/// While another process has the catalogue for five seconds, as a backup on a slow disk may.
#[test]
fn a_form_waits_for_a_catalogue_that_is_locked_and_announces_do_not() {
    let served = Served::new();
    let mut ingrid = served.ingrid();
    ingrid.fill_in(&[("title", "After five seconds")]);
    let other = Connection::open(served.site.data().join("catalog.db")).expect("the catalogue");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let begin = Instant::now();
    let clicked = ingrid.browser.begin_click(SAVE);
    let mut announces = 0;
    while begin.elapsed() < Duration::from_secs(5) {
        let asked = Instant::now();
        served.announce();
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        announces += 1;
    }
    assert!(announces > 20, "{announces}");
    other.execute_batch("ROLLBACK").expect("it ends");
    ingrid.browser.end_click(clicked);
    assert_eq!(ingrid.all("[role=status]"), ["Saved."], "{}", ingrid.page());
    assert_eq!(ingrid.heading(), "After five seconds");
    assert_eq!(ingrid.browser.complaints(), [""; 0]);
}

/// The same where each request is a process, which may take ten seconds on shared hosting.
#[test]
fn a_process_waits_for_a_catalogue_that_is_locked_too() {
    let tracker = super::site();
    let mut admin = super::administrator(&tracker);
    let other = Connection::open(tracker.path("data/catalog.db")).expect("the catalogue");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let begin = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_secs(5));
            other.execute_batch("ROLLBACK").expect("it ends");
        });
        let reply = admin.post("bans", &[("range", "192.0.2.9"), ("reason", ""), ("for", "7d")]);
        assert_eq!(reply.status, 303, "{reply:?}");
    });
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(admin.page("bans").contains("192.0.2.9"));
}

/// The catalogue in the fixtures is one of the version before there was an administration.
#[test]
fn an_upgraded_site_has_no_administration_until_its_owner_wants_one() {
    let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
    let file = site.data().join("catalog.db");
    fs::write(&file, include_bytes!("../../src/catalog/fixtures/catalog-6.db")).expect("a file");
    if let Some((user, group)) = server_account() {
        chown(&file, Some(user), Some(group)).expect("its owner");
    }
    let served = Served::serve(site);
    served.announce();
    assert_eq!(setup_token(&served.site.data()), None);
    let mut window = Window::of(&served.site);
    window.open("");
    assert_eq!(window.heading(), "Sign in");
    assert_eq!(window.all("a[href$=setup]"), [""; 0], "nobody is offered to be the first");
    window.browser.open(&served.site.url(&format!("{CGI}/admin/setup")));
    window.assert_refused("404");
    // The owner has no shell, but can put a file into the data folder.
    let wish = served.site.data().join("new-setup");
    fs::write(&wish, "").expect("a file");
    window.set_up(&served.site, "Ingrid");
    window.press("nav.side a[href$='torrents']");
    assert!(window.all("tbody th a").contains(&"One".to_owned()));
}

/// The site is upgraded while somebody is at a form, and catalogue and snapshot are made anew by the new version.
#[test]
fn an_upgrade_in_the_middle_keeps_sessions_and_open_forms() {
    let served = Served::new();
    let mut ingrid = served.ingrid();
    ingrid.fill_in(&[("title", "Through the upgrade")]);
    // What an upgrade does: another file in the place of the executable, a refresh by it, and a restart.
    let program = served.site.root().join("cgi-bin/tracker.cgi");
    let new = program.with_extension("new");
    let copied = std::process::Command::new("cp").arg(&program).arg(&new).status();
    assert!(copied.expect("cp runs").success());
    fs::rename(&new, &program).expect("the executable is replaced");
    fs::remove_file(served.site.data().join("policy.snapshot")).expect("the snapshot");
    served.site.tracker(&["refresh", "--force"]);
    let served = served.restart();
    ingrid.press(SAVE);
    assert_eq!(ingrid.notice(), "Saved.");
    assert_eq!(ingrid.heading(), "Through the upgrade");
    served.announce();
}
