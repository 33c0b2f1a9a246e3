//! Pages in several languages: which one a visitor gets from the script, and from web servers.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::apache::{self, Mpm};
use crate::harness::browser;
use crate::harness::fastcgi::{Responder, get, read_reply};
use crate::harness::http::{Reply, request};
use crate::harness::installation::Installation;
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::Listen;
use crate::harness::site::{CGI, Layout, Site, shipped, wait_until_served};
use crate::harness::torrent::Torrent;

const PAGES: &str = "paths.pages = '../www'";
const BOTH: &str = "pages.languages = ['en', 'ru']";

/// What a visitor reads in each language on pages of the script.
const ENGLISH: &str = "<html lang=\"en\">";
const RUSSIAN: &str = "<html lang=\"ru\">";

fn hex(torrent: &Torrent) -> String {
    torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer to a browser that asks for these languages.
fn asked(tracker: &Installation, path: &str, query: &str, languages: &str) -> Reply {
    let answer = tracker.get(path, query).with("HTTP_ACCEPT_LANGUAGE", languages).send();
    assert_eq!(answer.log, "", "{path}?{query}");
    answer.reply
}

#[test]
fn the_script_speaks_as_its_address_says_or_as_the_browser_asks() {
    let tracker = Installation::new(&[PAGES, BOTH, "pages.static_torrents = 0"]);
    let torrent = format!("/t/{}", hex(&tracker.add("x", 80_000)));
    tracker.refresh();
    for path in ["/list", &torrent] {
        for (query, languages, expected, varies) in [
            ("", "", ENGLISH, true),
            ("", "de, en;q=0.5", ENGLISH, true),
            ("", "ru-RU,ru;q=0.9,en;q=0.8", RUSSIAN, true),
            ("lang=ru", "en", RUSSIAN, false),
            ("lang=en", "ru", ENGLISH, false),
            ("lang=de", "ru", RUSSIAN, true),
            ("lang=%3Cb%3E", "", ENGLISH, true),
            ("", "\u{fffd};q=ru,,;", ENGLISH, true),
        ] {
            let reply = asked(&tracker, path, query, languages);
            let what = format!("{path}?{query} for {languages:?}: {reply:?}");
            assert_eq!(reply.status, 200, "{what}");
            let text = reply.text();
            assert!(text.contains(expected), "{what}");
            let tag = if expected == RUSSIAN { "ru" } else { "en" };
            assert_eq!(reply.header("content-language"), Some(tag), "{what}");
            assert_eq!(reply.header("vary"), varies.then_some("Accept-Language"), "{what}");
            let other = if tag == "ru" { "en" } else { "ru" };
            assert!(text.contains(&format!("lang=\"{other}\" hreflang=\"{other}\">")), "{what}");
        }
    }
    let gone = asked(&tracker, &format!("/t/{}", "0".repeat(40)), "", "ru");
    assert!(gone.status == 404 && gone.text().contains("Такого торрента здесь нет."), "{gone:?}");
}

#[test]
fn what_is_chosen_goes_on_from_page_to_page() {
    let tracker = Installation::new(&[PAGES, BOTH, "pages.static_torrents = 0"]);
    let hash = hex(&tracker.add("x", 80_000));
    tracker.refresh();
    let list = asked(&tracker, "/list", "q=x&lang=ru", "en").text();
    for part in [
        "<input type=\"hidden\" name=\"lang\" value=\"ru\">",
        "<a href=\"list?q=x&#38;lang=en\" lang=\"en\" hreflang=\"en\">English</a>",
        &format!("href=\"t/{hash}?lang=ru\""),
        "href=\"list?q=x&#38;sort=size&#38;lang=ru\"",
        "1 торрент по запросу «<bdi>x</bdi>»",
    ] {
        assert!(list.contains(part), "{part} in {list}");
    }
    let nothing = asked(&tracker, "/list", "q=nothing&lang=ru", "en").text();
    assert!(nothing.contains("href=\"list?lang=ru\">Все торренты (1)"), "{nothing}");
    let front = tracker.text("www/index.ru.html");
    assert!(front.contains("name=\"lang\" value=\"ru\""), "{front}");
    assert!(front.contains(&format!("/t/{hash}?lang=ru\"")), "{front}");
    // What is asked for without a word of languages stays that way.
    let usual = asked(&tracker, "/list", "q=x", "ru").text();
    assert!(usual.contains(RUSSIAN) && !usual.contains("lang=ru"), "{usual}");
}

#[test]
fn with_one_language_nothing_is_said_of_others() {
    let tracker = Installation::new(&[PAGES, "pages.languages = ['ru']"]);
    let path = format!("/t/{}", hex(&tracker.add("x", 80_000)));
    tracker.refresh();
    for query in ["", "lang=en"] {
        let reply = asked(&tracker, &path, query, "en");
        let text = reply.text();
        assert!(reply.status == 200 && text.contains(RUSSIAN), "{reply:?}");
        assert!(!text.contains("hreflang") && reply.header("vary").is_none(), "{reply:?}");
    }
    assert!(tracker.text("www/index.html").contains(RUSSIAN));
}

#[test]
fn a_responder_speaks_to_each_visitor_in_their_language() {
    let tracker = Installation::new(&[PAGES, BOTH]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    for (query, expected) in [("lang=ru", RUSSIAN), ("", ENGLISH), ("lang=ru", RUSSIAN)] {
        let mut stream = responder.connect();
        std::io::Write::write_all(&mut stream, &get("/list", query)).expect("a request");
        let reply = read_reply(&mut stream);
        assert!(reply.text().contains(expected), "{query}: {reply:?}");
    }
}

/// A site with a torrent, whose pages are in both languages.
fn site() -> Site {
    let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let text = text.replace("[paths]\n", "[paths]\npages = \"../www\"\n");
    fs::write(&file, text + "\n[pages]\nlanguages = [\"en\", \"ru\"]\n").expect("a configuration");
    fs::set_permissions(site.www(), Permissions::from_mode(0o777)).expect("its mode");
    fs::create_dir(site.torrents().join("books")).expect("a category");
    let torrent = Torrent::new("x", 80_000, &site.announce_url());
    fs::write(site.torrents().join("books/x.torrent"), &torrent.metainfo).expect("a .torrent file");
    site.tracker(&["refresh", "--force"]);
    site
}

/// Who asks for a folder gets the page that they can read; who asks for a page gets that one.
fn gives_each_their_language(site: &Site, root: &str) {
    let page = |path: &str, languages: &str| {
        let path = format!("{root}{path}");
        let headers = [("Accept-Language", languages)];
        let reply = request(site.address(), "GET", &path, &headers).expect("an answer");
        assert_eq!(reply.status, 200, "{path} for {languages}: {reply:?}");
        reply
    };
    for folder in ["/", "/c/books/"] {
        for (languages, expected) in
            [("ru-RU,ru;q=0.9,en;q=0.8", RUSSIAN), ("en", ENGLISH), ("de,ru;q=0.1", ENGLISH)]
        {
            let reply = page(folder, languages);
            assert!(reply.text().contains(expected), "{folder} for {languages}: {reply:?}");
            let mut vary = reply.headers.iter().filter(|(name, _)| name == "vary");
            let varies = vary.any(|(_, value)| value.contains("Accept-Language"));
            assert!(varies, "{folder} for {languages}: {reply:?}");
        }
        assert!(page(&format!("{folder}index.html"), "ru").text().contains(ENGLISH));
        assert!(page(&format!("{folder}index.ru.html"), "en").text().contains(RUSSIAN));
    }
}

/// Beside all that the release has for Apache.
#[test]
fn apache_gives_each_visitor_their_language() {
    let site = site();
    let www = site.www().display().to_string();
    let example = shipped("www/examples/apache-languages.conf", &[("/var/www/tracker", &www)]);
    let _apache =
        apache::cgi(Mpm::Event).modules(&["rewrite", "headers"]).line(&example).start(&site);
    gives_each_their_language(&site, "/tracker");
    let feed = request(site.address(), "GET", "/tracker/rss.xml", &[]).expect("an answer");
    assert!(feed.status == 200 && feed.header("last-modified").is_some(), "{feed:?}");
    let shown = browser::load(&site.url("/tracker/index.ru.html"), 390);
    assert_eq!(shown.console, Vec::<String>::new());
    assert!(shown.dom.contains("<dt>Раздают</dt>"), "{}", shown.dom);
}

/// With the changes that the example asks for in the release's own file.
#[test]
fn nginx_gives_each_visitor_their_language() {
    let site = site();
    let example = shipped("www/examples/nginx-languages.conf", &[]);
    let lines: Vec<_> = example.lines().filter_map(|line| line.strip_prefix("#     ")).collect();
    let [index, vary] = lines.try_into().expect("two lines");
    let server = nginx::configuration(&site, "conf/nginx.conf", &Listen::unix(&site));
    let mut changed = server.clone();
    let policy = "frame-ancestors 'none'\";";
    for (line, other) in [
        ("    index index.shtml index.html;", format!("{index}\n{vary}")),
        (policy, format!("{policy}\n{vary}")),
    ] {
        assert_eq!(changed.matches(line).count(), 1, "{line} in {changed}");
        changed = changed.replace(line, &other);
    }
    let mut command = nginx::command_with(&site, &format!("{example}\n{changed}"));
    let mut nginx = Process::start("nginx", &mut command, &site.run("nginx.log"));
    wait_until_served(&site, &mut nginx);
    gives_each_their_language(&site, "/tracker");
}
