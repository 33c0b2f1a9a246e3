//! The shipped pages in a real browser and in a real feed reader, through Apache.

use std::fs;

use crate::harness::apache::{self, Mpm};
use crate::harness::browser;
use crate::harness::feed_reader;
use crate::harness::http::request;
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

/// The name of a torrent that breaks pages which do not escape.
const AWKWARD: &str = "Tom & Jerry's \"<i>best<b>\" ünïcode";

/// A site with two torrents on its page.
fn site_with_torrents() -> (Process, Site, [Torrent; 2]) {
    let site = Site::new(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let torrents =
        ["plain-name", AWKWARD].map(|name| Torrent::new(name, 80_000, &site.announce_url()));
    let files = ["plain.torrent", "awkward.torrent"];
    for (torrent, file) in torrents.iter().zip(files) {
        fs::write(site.torrents().join(file), &torrent.metainfo).expect("a .torrent file");
    }
    fs::write(site.torrents().join("plain.html"), "About it.").expect("an info page");
    site.tracker(&["refresh", "--force"]);
    let apache = apache::cgi(Mpm::Event).start(&site);
    (apache, site, torrents)
}

#[test]
fn the_browser_shows_every_torrent_and_has_nothing_to_complain_about() {
    let (_apache, site, torrents) = site_with_torrents();
    let page = browser::load(&site.url("/index.shtml"), 1200);
    assert_eq!(page.console, Vec::<String>::new());
    assert_eq!(page.dom.matches("<tr class=\"torrent").count(), 2, "{}", page.dom);
    for torrent in &torrents {
        let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(page.dom.contains(&format!("urn:btih:{hash}")), "a magnet link: {}", page.dom);
    }
    assert!(page.dom.contains(">plain-name</a>"), "{}", page.dom);
    assert!(page.dom.contains("plain.html"), "the info link: {}", page.dom);
    assert!(!page.dom.contains("<i>best"), "the name is no markup: {}", page.dom);
    assert!(page.dom.contains("ünïcode"), "{}", page.dom);
    let headings: Vec<_> = page.dom.split("<th scope=\"col\" class=\"").skip(1).collect();
    assert!(headings[0].starts_with("name"), "the name comes first: {}", page.dom);
}

/// The test above can only fail when the browser's complaints reach it.
#[test]
fn the_console_is_heard() {
    let (_apache, site, _) = site_with_torrents();
    let page = "<!DOCTYPE html><title>x</title><script>console.error('heard')</script>";
    fs::write(site.www().join("bad.html"), page).expect("a page");
    let page = browser::load(&site.url("/bad.html"), 1200);
    assert!(page.console.iter().any(|line| line.contains("heard")), "{page:?}");
}

/// Nothing sticks out sideways on a phone, also of a long figure's place, and the columns keep their
/// headings.
#[test]
fn the_page_fits_a_phone() {
    let (_apache, site, _) = site_with_torrents();
    let probe = "<script>addEventListener('load', () => {\
        const page = document.querySelector('iframe').contentDocument.documentElement;\
        const cells = [...page.querySelectorAll('tbody td')];\
        cells.forEach(cell => cell.textContent = '1023.99 MiB/s');\
        const isWide = element => element.scrollWidth > element.clientWidth;\
        document.title = [page, ...cells].some(isWide) ? 'too wide' : 'fits';\
        const style = page.ownerDocument.defaultView.getComputedStyle(\
            page.querySelector('td.seeders'), '::before');\
        document.title += ` heading ${style.content}`;\
    })</script><iframe src=\"/index.shtml\" style=\"width:390px;height:640px;border:0\"></iframe>";
    fs::write(site.www().join("probe.html"), format!("<!DOCTYPE html>{probe}")).expect("a page");
    let page = browser::load(&site.url("/probe.html"), 1200);
    assert!(page.dom.contains("<title>fits heading"), "{}", page.dom);
    assert!(page.dom.contains("heading \"Seeders\""), "{}", page.dom);
}

#[test]
fn a_feed_reader_reads_the_feed() {
    let (_apache, site, torrents) = site_with_torrents();
    let feed = request(site.address(), "GET", "/rss.xml", &[]).expect("the feed");
    let read = feed_reader::read(&feed.body);
    assert_eq!(read["version"], "rss20", "{}", feed.text());
    let mut found = feed_reader::titles(&read);
    found.sort_unstable();
    let mut titles: Vec<_> = torrents.iter().map(|torrent| torrent.name.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(found, titles, "{}", feed.text());
    let entries = feed_reader::entries(&read);
    assert!(entries.iter().all(|it| it["id"].is_string() && it["published_parsed"].is_array()));
    for torrent in &torrents {
        let length = torrent.metainfo.len().to_string();
        let is_enclosed = |link: &serde_json::Value| {
            link["type"] == "application/x-bittorrent" && link["length"] == length
        };
        let links = entries.iter().filter_map(|entry| entry["links"].as_array());
        assert!(
            links.flatten().any(is_enclosed),
            "BEP 36: the length of the .torrent file, {length}: {read}"
        );
    }
}

/// A feed without its items is still a feed: nothing but a comment stands in their place.
#[test]
fn the_feed_of_an_empty_site_is_valid() {
    let site = Site::new(Layout::open(CGI));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let feed = request(site.address(), "GET", "/rss.xml", &[]).expect("the feed");
    assert!(feed_reader::entries(&feed_reader::read(&feed.body)).is_empty());
    site.tracker(&["refresh", "--force"]);
    let feed = request(site.address(), "GET", "/rss.xml", &[]).expect("the feed");
    assert!(feed_reader::entries(&feed_reader::read(&feed.body)).is_empty());
}
