//! The administration in a real browser without scripts, through Apache as CGI and through nginx over FastCGI.

use std::fs;
use std::net::Ipv4Addr;

use crate::harness::admin::PASSWORD;
use crate::harness::apache::{self, Mpm};
use crate::harness::browser::{Browser, View};
use crate::harness::nginx;
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{Layout, Site};
use crate::harness::torrent::Torrent;
use crate::looks::look_at;

const CGI: &str = "/cgi-bin/tracker.cgi";

/// A site with a torrent, and the pages of its administration.
fn site() -> Site {
    let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
    site.add(&Torrent::new("A collection", 5000, &site.announce_url()));
    site.tracker(&["refresh", "--force"]);
    site
}

fn admin(site: &Site, page: &str) -> String {
    site.url(&format!("{CGI}/admin/{page}"))
}

/// Makes the first administrator with the token of the data folder.
fn set_up(browser: &mut Browser, site: &Site) {
    let mut files = fs::read_dir(site.data()).expect("the data");
    let token = files.find_map(|entry| {
        let name = entry.expect("an entry").file_name().into_string().ok()?;
        name.strip_prefix("setup-").map(str::to_owned)
    });
    browser.open(&admin(site, ""));
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent"), "Sign in");
    browser.open(&admin(site, "setup"));
    browser.fill_in("#setup", &token.expect("a token"));
    browser.fill_in("#name", "Ingrid");
    browser.fill_in("#password", PASSWORD);
    browser.fill_in("#again", PASSWORD);
    browser.click("main button");
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent"), "Overview");
}

fn sign_in(browser: &mut Browser) {
    browser.fill_in("#name", "ingrid");
    browser.fill_in("#password", PASSWORD);
    browser.click("main button");
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent"), "Overview");
}

/// The addresses of all sections.
fn sections(browser: &mut Browser) -> Vec<String> {
    let found = browser.evaluate("[...document.querySelectorAll('.side a')].map(it => it.href)");
    let found = found.as_array().expect("a list").iter();
    found.map(|it| it.as_str().expect("an address").to_owned()).collect()
}

/// Goes through the first steps, and out and in again.
fn first_steps(site: &Site) -> Browser {
    let mut browser = Browser::start();
    browser.run_scripts(false);
    set_up(&mut browser, site);
    browser.click("form[action$=refresh] button");
    let notice = "document.querySelector('[role=status]').textContent";
    assert!(browser.evaluate(notice).as_str().is_some_and(|it| it.contains("up to date")));
    browser.click("form[action$=checkup] button");
    assert!(browser.evaluate("document.querySelectorAll('.health li').length").as_u64() > Some(5));
    browser.click("form[action$=logout] button");
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent"), "Sign in");
    sign_in(&mut browser);
    assert_eq!(browser.complaints(), [""; 0]);
    browser
}

#[test]
fn the_first_steps_work_through_apache_as_cgi_and_every_page_is_good_to_look_at() {
    let site = site();
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let mut browser = first_steps(&site);
    // What judges the pages is a script.
    browser.run_scripts(true);
    let mut pages = sections(&mut browser);
    assert!(pages.len() > 3, "{pages:?}");
    let others = [
        "people/1",
        "people?done=added",
        "account",
        "account/password",
        "account/codes",
        "account/tokens",
        "nothing",
    ];
    pages.extend(others.map(|page| admin(&site, page)));
    let mut found = Vec::new();
    for page in &pages {
        let all = look_at(&mut browser, page).into_iter();
        // A browser says of a page that is not there that it is not there.
        let noted = all.filter(|it| !(page.ends_with("nothing") && it.contains("404")));
        found.extend(noted.map(|it| format!("{page}: {it}")));
    }
    browser.see(View::screen(1280, false));
    browser.open(&admin(&site, ""));
    browser.click("form[action$=logout] button");
    for page in ["login", "password"] {
        let page = admin(&site, page);
        found.extend(look_at(&mut browser, &page).into_iter().map(|it| format!("{page}: {it}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_first_steps_work_through_nginx_over_fastcgi() {
    let site = site();
    let listen = Listen::unix(&site);
    let _responder = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    first_steps(&site);
}
