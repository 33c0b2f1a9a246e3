//! The pages that refreshes write for visitors, as files, through a real web server, in a real browser, and those
//! that the script makes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::harness::apache::{self, Mpm};
use crate::harness::browser;
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, request};
use crate::harness::installation::Installation;
use crate::harness::process::Process;
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

/// A name that breaks pages which do not escape, and one that turns what stands beside it.
const AWKWARD: &str = "Tom & Jerry's \"<i>best<b>\" ünïcode";

fn hex(torrent: &Torrent) -> String {
    torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a torrent's folder.
fn folder_of(torrent: &Torrent, title: &str) -> String {
    format!("t/{title}-{}", &hex(torrent)[..8])
}

/// A tracker with pages, beside its torrents, and others.
fn tracker(settings: &[&str]) -> Installation {
    let pages = "paths.pages = '../www'";
    Installation::new(&[&[pages], settings].concat())
}

/// A site whose pages lie in a folder of their own, behind Apache.
fn served_site() -> (Process, Site, [Torrent; 2]) {
    let site = Site::new(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let address = site.url("/share");
    let pages = format!("[paths]\npages = \"../www/share\"\npages_url = \"{address}\"\n");
    let text = text.replace("[paths]\n", &pages);
    fs::write(&file, text).expect("a configuration");
    let share = site.www().join("share");
    fs::create_dir(&share).expect("the folder of the pages");
    fs::set_permissions(&share, Permissions::from_mode(0o777)).expect("its mode");
    fs::create_dir(site.torrents().join("books")).expect("a category");
    let torrents =
        ["plain-name", AWKWARD].map(|name| Torrent::new(name, 80_000, &site.announce_url()));
    let files = ["plain.torrent", "books/awkward.torrent"];
    for (torrent, file) in torrents.iter().zip(files) {
        fs::write(site.torrents().join(file), &torrent.metainfo).expect("a .torrent file");
    }
    site.tracker(&["refresh", "--force"]);
    (apache::cgi(Mpm::Event).start(&site), site, torrents)
}

fn get(site: &Site, path: &str) -> Reply {
    request(site.address(), "GET", path, &[]).expect("an answer")
}

/// The addresses that a page links to.
fn links(text: &str) -> Vec<String> {
    let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.map(|link| link.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

/// Follows the links of all pages, from the index on.
#[test]
fn whatever_a_page_links_to_is_there() {
    let (_apache, site, torrents) = served_site();
    let mut to_read = vec!["/share/index.html".to_owned()];
    let mut read = Vec::new();
    while let Some(path) = to_read.pop() {
        if read.contains(&path) {
            continue;
        }
        let reply = get(&site, &path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        read.push(path.clone());
        if !path.ends_with(".html") {
            continue;
        }
        for link in links(&reply.text()) {
            let link = link.split('#').next().unwrap_or_default().to_owned();
            match link.strip_prefix(&site.url("")) {
                Some(rest) => to_read.push(rest.to_owned()),
                None if link.is_empty() || link.contains(':') => {}
                None => to_read.push(resolved(&path, &link)),
            }
        }
    }
    let folder = folder_of(&torrents[0], "plain-name");
    let expected = [
        "/share/tracker.css",
        "/share/c/books/index.html",
        "/share/c/books/",
        "/share/statistics.html",
    ]
    .map(str::to_owned);
    for path in expected.into_iter().chain([format!("/share/{folder}/index.html")]) {
        assert!(read.contains(&path), "{path}: {read:?}");
    }
    assert!(read.iter().any(|path| path.contains("/scrape?info_hash=")), "{read:?}");
    let torrents = read.iter().filter(|path| path.ends_with(".torrent")).count();
    assert_eq!(torrents, 2, "{read:?}");
    let map = get(&site, "/share/sitemap.xml").text();
    let addresses: Vec<&str> =
        map.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next()).collect();
    assert_eq!(addresses.len(), 6, "{map}");
    for address in addresses {
        let path = address.strip_prefix(&site.url("")).expect("an address of the site");
        assert_eq!(get(&site, path).status, 200, "{address}");
    }
}

/// The path that a relative link on a page leads to.
fn resolved(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Such as about their policy.
#[test]
fn a_browser_shows_the_pages_and_has_nothing_to_complain_about() {
    let (_apache, site, torrents) = served_site();
    let torrent = format!("{}/index.html", folder_of(&torrents[1], "tom-jerry-s-i-best-b-n-code"));
    let others = ["statistics.html", "how-to-download.html"];
    for page in ["index.html", "c/books/index.html", &torrent].into_iter().chain(others) {
        let shown = browser::load(&site.url(&format!("/share/{page}")), 1200);
        assert_eq!(shown.console, Vec::<String>::new(), "{page}");
        let has_torrents = !others.contains(&page);
        assert_eq!(shown.dom.contains("ünïcode"), has_torrents, "{page}: {}", shown.dom);
        assert!(!shown.dom.contains("<i>best"), "{page}: {}", shown.dom);
    }
}

#[test]
fn a_torrents_page_says_what_is_said_about_it() {
    let tracker = tracker(&[]);
    let torrent = tracker.add("album", 100_000);
    tracker.drop_in(
        "album.toml",
        b"title = 'An <album>'\ndescription = 'Songs & <b>tunes</b>.'\ngroup = 'Folk'\n\
          mirror = 'https://mirror.example/album.tar'\ninfo_url = 'https://example.org/album'\n\
          md5 = '9e107d9d372bb6826bd81d3542a419d6'\nlist_until = 2999-01-01",
    );
    tracker.refresh();
    let page = tracker.text(&format!("www/{}/index.html", folder_of(&torrent, "an-album")));
    for part in [
        "<h1 itemprop=\"name\"><bdi>An &#60;album&#62;</bdi></h1>",
        "Songs &#38; &#60;b&#62;tunes&#60;/b&#62;.",
        "<bdi>Folk</bdi>",
        "href=\"https://mirror.example/album.tar\" rel=\"noreferrer\">mirror.example</a>",
        "href=\"https://example.org/album\"",
        "<b class=\"small\">MD5</b><span class=\"hash\">9e107d9d372bb6826bd81d3542a419d6</span>",
        "It leaves this list on 1 Jan 2999.",
        "<dt>Info-hash, v1</dt>",
        "magnet:?xt=urn:btih:",
        "<dt>Tracker</dt><dd class=\"mono\">http://tracker.test/tracker.cgi/announce</dd>",
        "<span><bdi>album</bdi></span><span>97.66 KiB</span>",
        "mirror only",
    ] {
        let index = tracker.text("www/index.html");
        assert!(page.contains(part) || index.contains(part), "{part}: {page}\n{index}");
    }
    tracker.drop_in("album.toml", b"mirror = 'https://mirror.example/x'\nlink_until = 2020-01-01");
    tracker.refresh();
    let page = tracker.text(&format!("www/{}/index.html", folder_of(&torrent, "album")));
    assert!(page.contains("not offered for download any more"), "{page}");
    for text in [page, tracker.text("www/index.html")] {
        for part in ["magnet:", ".torrent\"", "mirror.example"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
    assert!(!tracker.path("www").join(folder_of(&torrent, "an-album")).exists());
}

#[test]
fn a_torrent_without_a_static_page_is_shown_by_the_script() {
    let tracker = tracker(&["pages.static_torrents = 0"]);
    let torrent = tracker.add(AWKWARD, 100_000);
    let hidden = tracker.add("hidden", 1000);
    let retired = tracker.add("retired", 1000);
    tracker.refresh();
    tracker.run(&["torrent", "hide", "hidden"]).done();
    tracker.run(&["torrent", "retire", "retired", "--reason", "use <version 2>"]).done();
    tracker.refresh();
    assert!(!tracker.path("www/t").exists());
    let address = format!("/t/{}", hex(&torrent));
    let index = tracker.text("www/index.html");
    assert!(
        index.contains(&format!("href=\"http://tracker.test/tracker.cgi{address}\"")),
        "{index}"
    );

    let reply = tracker.get(&address, "").send().reply;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    let text = reply.text();
    assert!(text.contains("Tom &#38; Jerry&#39;s") && !text.contains("<i>best"), "{text}");
    assert!(text.contains("href=\"../tracker.css\""), "{text}");
    assert!(text.contains("http://tracker.test/index.html"), "the way to the pages: {text}");
    let peer = "peer_id=-XX0000-000000000000&port=6881&left=0&uploaded=0&downloaded=0";
    let announce = format!("info_hash={}&{peer}", crate::harness::http::encode(&torrent.info_hash));
    tracker.get("/announce", announce).value();
    let text = tracker.get(&address, "").send().reply.text();
    assert!(text.contains("<b class=\"seed\">1</b><span>seeder</span>"), "{text}");

    let style = tracker.get("/tracker.css", "").send().reply;
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
    for (query, words) in [
        ("", "torrent: 1 seeder"),
        ("show=leechers", "torrent: 0 leechers"),
        ("show=completed", "completed: 0 times"),
        ("show=health", "health: good, 1 : 0"),
        ("show=nothing", "torrent: 1 seeder"),
    ] {
        let badge = tracker.get(&format!("{address}/badge.svg"), query).send().reply;
        assert_eq!(badge.status, 200, "{badge:?}");
        assert_eq!(badge.header("content-type"), Some("image/svg+xml"));
        assert_eq!(badge.header("cache-control"), Some("max-age=300"));
        assert!(badge.text().contains(&format!("<title>{words}</title>")), "{badge:?}");
    }
    let chart = tracker.get(&format!("{address}/history.svg"), "").send().reply;
    assert_eq!((chart.status, chart.header("content-type")), (200, Some("image/svg+xml")));
    let policy = chart.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("script-src 'none'"), "{policy}");
    assert!(chart.text().contains("Tom &#38; Jerry"), "{chart:?}");
    let file = tracker.get(&format!("{address}.torrent"), "").send().reply;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("application/x-bittorrent"));
    assert_eq!(file.body, torrent.metainfo);
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    // Who may write to that folder may put something else there, or a link to what only the tracker may read.
    let stored = fs::read_dir(tracker.path("www/torrents"))
        .expect("the torrents folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes == torrent.metainfo))
        .expect("its file");
    for swap in ["text", "link"] {
        fs::remove_file(&stored).expect("the file is there");
        match swap {
            "text" => fs::write(&stored, "hello").expect("another file"),
            _ => std::os::unix::fs::symlink("../../data/peers.db", &stored).expect("a link"),
        }
        let reply = tracker.get(&format!("{address}.torrent"), "").send().reply;
        assert_eq!(reply.status, 404, "{swap}: {reply:?}");
    }
    fs::remove_file(&stored).expect("the link is there");
    fs::write(&stored, &torrent.metainfo).expect("the file as it was");
    let gone = tracker.get(&format!("/t/{}.torrent", hex(&retired)), "").send().reply;
    assert_eq!(gone.status, 410, "{gone:?}");
    let gone = tracker.get(&format!("/t/{}/badge.svg", hex(&retired)), "").send().reply;
    assert!(gone.status == 410 && gone.text().contains("torrent: retired"), "{gone:?}");
    for nothing in ["badge.svg", "history.svg"] {
        let nothing = format!("/t/{}/{nothing}", hex(&hidden));
        assert_eq!(tracker.get(&nothing, "").send().reply.status, 404, "{nothing}");
    }
    assert_eq!(tracker.get(&format!("/t/{}.torrent", hex(&hidden)), "").send().reply.status, 404);
    let gone = tracker.get(&format!("/t/{}", hex(&retired)), "").send().reply;
    assert_eq!(gone.status, 410, "{gone:?}");
    assert!(gone.text().contains("any more: use &#60;version 2&#62;."), "{gone:?}");
    assert!(!gone.text().contains("magnet:"), "{gone:?}");
    for nothing in [format!("/t/{}", hex(&hidden)), format!("/t/{}", "0".repeat(40)), "/t/x".into()]
    {
        let reply = tracker.get(&nothing, "").send().reply;
        assert_eq!(reply.status, 404, "{nothing}: {reply:?}");
        let text = reply.text().replace("aria-hidden", "");
        assert!(!text.contains("hidden"), "{reply:?}");
    }
    tracker.configure(&["paths.pages = '../www'", "access.stats_from = ['203.0.113.7']"]);
    assert_eq!(
        tracker.get(&address, "").send().reply.status,
        200,
        "static pages have no limit either"
    );
    let digits = address.trim_start_matches("/t/");
    fs::write(tracker.path("conf/deny"), format!("{digits}\n")).unwrap();
    tracker.configure(&["paths.pages = '../www'", "access.deny_list = 'deny'"]);
    tracker.refresh();
    assert_eq!(tracker.get(&address, "").send().reply.status, 404, "the owner denies it");
}

#[test]
fn a_retired_torrent_says_so_at_its_address_as_long_as_its_owner_shows_it() {
    let tracker = tracker(&["paths.pages_url = 'https://a.example'"]);
    let [old, new] = ["old", "new"].map(|name| tracker.add(name, 1000));
    tracker.refresh();
    let folder = format!("www/{}", folder_of(&old, "old"));
    assert!(tracker.text(&format!("{folder}/index.html")).contains("magnet:"));
    tracker.run(&["torrent", "retire", "old", "--reason", "take <new>"]).done();
    tracker.refresh();
    let page = tracker.text(&format!("{folder}/index.html"));
    assert!(page.contains("It is not tracked here any more: take &#60;new&#62;."), "{page}");
    assert!(page.contains("content=\"noindex\""), "{page}");
    assert!(!page.contains("magnet:") && !page.contains("id=\"share\""), "{page}");
    assert!(tracker.text(&format!("{folder}/badge.svg")).contains("torrent: retired"));
    for listing in ["www/index.html", "www/sitemap.xml"] {
        assert!(!tracker.text(listing).contains(&hex(&old)[..8]), "{listing}");
        assert!(tracker.text(listing).contains(&hex(&new)[..8]), "{listing}");
    }
    fs::write(tracker.path("conf/deny"), hex(&old) + "\n").expect("a list");
    let pages = "paths.pages = '../www'";
    tracker.configure(&[pages, "access.deny_list = 'deny'"]);
    tracker.refresh();
    assert!(!tracker.path(&folder).exists(), "the owner denies it");
    tracker.configure(&[pages]);
    tracker.refresh();
    assert!(tracker.path(&folder).exists());
    tracker.run(&["torrent", "hide", "old"]).done();
    tracker.refresh();
    assert!(!tracker.path(&folder).exists(), "the owner hides it");
}

#[test]
fn peers_are_listed_only_where_the_owner_wants_it_and_never_where_they_are() {
    let tracker = tracker(&[]);
    let torrent = tracker.add("x", 1000);
    let hash = crate::harness::http::encode(&torrent.info_hash);
    for (id, port, left) in
        [("-qB5000-000000000001", 51_413, 0), ("-TR4060-000000000002", 51_414, 250)]
    {
        let peer = format!("peer_id={id}&port={port}&left={left}&uploaded=2048&downloaded=0");
        tracker.get("/announce", format!("info_hash={hash}&{peer}")).value();
    }
    tracker.refresh();
    let address = format!("/t/{}", hex(&torrent));
    let page = || tracker.get(&address, "").send().reply.text();
    let text = page();
    assert!(!text.contains("id=\"peers\"") && !text.contains("qBittorrent</th>"), "{text}");
    let link = format!("{address}#peers");
    let folder = format!("www/{}/index.html", folder_of(&torrent, "x"));
    assert!(!tracker.text(&folder).contains(&link));
    tracker.configure(&["paths.pages = '../www'", "pages.peers = true"]);
    tracker.refresh();
    assert!(tracker.text(&folder).contains(&link));
    let text = page();
    let table = &text[text.find("<section id=\"peers\">").expect("a table")..];
    let table = &table[..table.find("</section>").expect("its end")];
    for part in [
        "qBittorrent</th><td data-l=\"Is\">seeder</td><td data-l=\"Has\">100 %",
        "Transmission</th><td data-l=\"Is\">leecher</td><td data-l=\"Has\">75 %",
        "2.00 KiB",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    for private in ["127.0.0.1", "192.0.2.", "51413", "51414", "000000000001"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}

/// Not by the event loop, which has announces to answer.
#[test]
fn a_responder_shows_a_torrent_too() {
    let tracker = tracker(&["pages.static_torrents = 0"]);
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    for _ in 0..3 {
        let reply = responder.get(&format!("/t/{}", hex(&torrent)), "");
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.text().contains("<bdi>x</bdi></h1>"), "{reply:?}");
    }
    responder.stop();
}

#[test]
fn without_the_key_nothing_is_written_and_with_it_taken_out_all_of_it_goes() {
    let tracker = Installation::new(&[]);
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    assert!(!tracker.path("www/index.html").exists() && !tracker.path("data/pages.json").exists());
    let page = format!("/t/{}", hex(&torrent));
    for nothing in [page.as_str(), "/tracker.css"] {
        assert_eq!(tracker.get(nothing, "").send().reply.status, 404);
    }
    tracker.configure(&["paths.pages = '../www'"]);
    tracker.refresh();
    assert!(tracker.path("www/index.html").exists() && tracker.path("data/pages.json").exists());
    fs::write(tracker.path("www/mine.html"), "mine").expect("a page of the owner's");
    tracker.configure(&[]);
    tracker.refresh();
    let left: Vec<_> = fs::read_dir(tracker.path("www"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left.len(), 2, "torrents and mine.html: {left:?}");
    assert_eq!(tracker.text("www/mine.html"), "mine");
    assert!(!tracker.path("data/pages.json").exists());
}

#[test]
fn a_page_of_the_owners_stays_and_is_named_by_refresh_and_doctor() {
    let tracker = tracker(&[]);
    tracker.add("x", 1000);
    fs::write(tracker.path("www/index.html"), "mine").expect("a page of the owner's");
    let refresh = tracker.refresh();
    assert!(refresh.errors.contains("index.html in "), "{refresh:?}");
    assert_eq!(tracker.text("www/index.html"), "mine");
    let doctor = || tracker.run(&["doctor", "--offline", "--json"]).output;
    let said = doctor();
    assert!(said.contains("yours, and so left out as pages: "), "{said}");
    assert!(said.contains("www/index.html"), "{said}");
    fs::remove_file(tracker.path("www/index.html")).expect("it goes");
    assert!(!doctor().contains("left out as pages"));
    tracker.refresh();
    assert!(tracker.text("www/index.html").contains("<bdi>x</bdi>"));
}

/// Announces, the table and the totals do not wait for pages that cannot be written.
#[test]
fn pages_that_cannot_be_written_keep_nothing_else_from_being_done() {
    let tracker = tracker(&[]);
    tracker.add("old", 1000);
    tracker.refresh();
    let before = tracker.text("www/index.html");
    // Not even root makes a file there.
    fs::create_dir(tracker.path("www/.tracker-page.new")).expect("what is in the way");
    let new = tracker.add("new", 1000);
    let refresh = tracker.run(&["refresh", "--force"]);
    let said = refresh.failure();
    assert!(said.contains("cannot write ") && said.contains("stay until there is room"), "{said}");
    assert_eq!(tracker.text("www/index.html"), before);
    assert!(tracker.text("www/torrents/bt_stats.inc").contains("new"));
    let peer = "peer_id=-XX0000-000000000000&port=6881&left=0&uploaded=0&downloaded=0";
    let announce = format!("info_hash={}&{peer}", crate::harness::http::encode(&new.info_hash));
    assert!(tracker.get("/announce", announce).value().number("interval") > 0);
    fs::remove_dir(tracker.path("www/.tracker-page.new")).expect("it goes");
    tracker.refresh();
    assert!(tracker.text("www/index.html").contains("<bdi>new</bdi>"));
}

/// Without it a tracker would take its own pages for the owner's, and leave them public.
#[test]
fn whatever_becomes_of_the_manifest_the_page_of_a_hidden_torrent_goes() {
    let damaged = |manifest: &str| manifest.get(..manifest.len() / 2).map(str::to_owned);
    let cases: [fn(&str) -> Option<String>; 2] = [|_| None, damaged];
    for case in cases {
        let tracker = tracker(&[]);
        let torrents = ["x", "y"].map(|name| tracker.add(name, 1000));
        tracker.refresh();
        let page = format!("www/{}/index.html", folder_of(&torrents[0], "x"));
        fs::write(tracker.path("www/mine.html"), "mine").expect("a page of the owner's");
        assert!(tracker.path(&page).exists());
        match case(&tracker.text("data/pages.json")) {
            Some(text) => fs::write(tracker.path("data/pages.json"), text).expect("damage"),
            None => fs::remove_file(tracker.path("data/pages.json")).expect("it goes"),
        }
        tracker.drop_in("x.toml", b"hidden = true");
        let said = tracker.refresh().errors;
        assert_eq!(said.matches("pages.json was missing or damaged").count(), 1, "{said}");
        assert!(!tracker.path(&page).exists());
        assert!(!tracker.text("www/index.html").contains("<bdi>x</bdi>"));
        assert!(tracker.text("www/index.html").contains("<bdi>y</bdi>"));
        assert_eq!(tracker.text("www/mine.html"), "mine");
        assert_eq!(tracker.refresh().errors, "");
    }
}
