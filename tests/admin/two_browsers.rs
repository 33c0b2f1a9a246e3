//! Two administrators at once, each with a real browser of their own: nothing of what either has saved or typed is lost.

use std::net::Ipv4Addr;

use tracker_cgi::protocol::InfoHash;

use super::window::{Window, add_administrator};
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

/// The button that saves.
const SAVE: &str = "main form button.main";

/// A site with a torrent and two administrators, served by nginx; the page of the torrent; their browsers.
struct Two {
    ingrid: Window,
    tomas: Window,
    page: String,
    _processes: [Process; 2],
    site: Site,
}

impl Two {
    fn new() -> Self {
        let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
        let torrent = Torrent::new("One", 5000, &site.announce_url());
        site.add(&torrent);
        site.tracker(&["refresh", "--force"]);
        let listen = Listen::unix(&site);
        let processes =
            [own_socket(&site, &listen), nginx::start(&site, "conf/nginx.conf", &listen)];
        let [ingrid, tomas] = ["Ingrid", "Tomas"].map(|name| {
            add_administrator(&site, name);
            let mut window = Window::of(&site);
            window.open("");
            window.sign_in(name);
            window
        });
        let page = format!("torrents/{}", InfoHash(torrent.info_hash));
        Self { ingrid, tomas, page, _processes: processes, site }
    }

    /// What is decided about the torrent.
    fn decided(&self) -> serde_json::Value {
        let shown = self.site.tracker(&["torrent", "show", "One.torrent", "--json"]);
        let mut shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        shown["decision"].take()
    }
}

#[test]
fn who_saves_after_somebody_else_is_told_and_keeps_what_was_typed() {
    let mut two = Two::new();
    let Two { ingrid, tomas, page, .. } = &mut two;
    ingrid.open(page);
    tomas.open(page);
    ingrid.send(&[("title", "Mine")], SAVE);
    assert_eq!(ingrid.notice(), "Saved.");
    tomas.fill_in(&[("title", "No, mine"), ("description", "A *collection*")]);
    tomas.press_in_vain(SAVE, "422");
    assert!(tomas.browser.text("[role=alert]").contains("Somebody else was faster"));
    assert!(tomas.browser.text("#title-hint").contains("Saved meanwhile: “Mine”."));
    let kept = ["title", "description"].map(|id| tomas.value(id));
    assert_eq!(kept, ["No, mine", "A *collection*"]);
    assert_eq!(two.decided()["title"], "Mine");

    // Now Tomas has seen it; and Ingrid's page is the old one.
    let Two { ingrid, tomas, .. } = &mut two;
    tomas.press(SAVE);
    assert_eq!(tomas.notice(), "Saved.");
    ingrid.fill_in(&[("category", "linux")]);
    ingrid.press_in_vain(SAVE, "422");
    assert!(ingrid.browser.text("#title-hint").contains("“No, mine”"));
    assert_eq!([ingrid.value("title"), ingrid.value("category")], ["Mine", "linux"]);
    assert_eq!(two.decided()["title"], "No, mine");
}

#[test]
fn of_two_who_save_in_the_same_moment_one_is_told() {
    let mut two = Two::new();
    for round in 0..3 {
        let Two { ingrid, tomas, page, .. } = &mut two;
        let titles = ["Ingrid", "Tomas"].map(|name| format!("{name}'s {round}"));
        for (window, title) in [&mut *ingrid, &mut *tomas].into_iter().zip(&titles) {
            window.open(page);
            window.fill_in(&[("title", title)]);
        }
        let clicked = [&mut *ingrid, &mut *tomas].map(|it| it.browser.begin_click(SAVE));
        let windows = [ingrid, tomas];
        let saved = windows.into_iter().zip(clicked).map(|(window, clicked)| {
            window.browser.end_click(clicked);
            let is_saved = window.all("[role=status]") == ["Saved."];
            assert!(is_saved || window.page().contains("Somebody else was faster"));
            is_saved
        });
        let saved: Vec<bool> = saved.collect();
        assert_eq!(saved.iter().filter(|it| **it).count(), 1, "{saved:?}");
        let winner = if saved[0] { &titles[0] } else { &titles[1] };
        assert_eq!(two.decided()["title"], **winner);
    }
}

#[test]
fn who_changes_a_user_after_somebody_else_is_told() {
    let mut two = Two::new();
    two.site.tracker(&["user", "add", "olive", "--no-password"]);
    let Two { ingrid, tomas, .. } = &mut two;
    for window in [&mut *ingrid, &mut *tomas] {
        window.open("people/3");
        assert_eq!(window.heading(), "olive");
    }
    ingrid.send(&[("role", "editor")], SAVE);
    assert_eq!(ingrid.value("role"), "editor", "{}", ingrid.page());
    tomas.fill_in(&[("language", "ru")]);
    tomas.press_in_vain(SAVE, "422");
    assert!(tomas.page().contains("Somebody else has changed this meanwhile."));
    assert_eq!(tomas.value("language"), "ru");
    let list = two.site.tracker(&["user", "list", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("JSON");
    let olive = list.iter().find(|user| user["name"] == "olive").expect("a user");
    assert_eq!(olive["role"], "editor", "{olive}");
    assert_eq!(olive["language"], serde_json::Value::Null, "{olive}");
}
