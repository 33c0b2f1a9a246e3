//! Pages, feed and torrents as files, and the site beside which they are.

use std::fs;
use std::time::{Duration, SystemTime};

use super::Served;
use crate::harness::http::{encode, request};
use crate::harness::poll;
use crate::harness::site::{OTHER_SITE, Site};
use crate::harness::torrent::Torrent;

pub(super) fn pages_include_the_fragments(served: &Served) {
    let page = served.ask("GET", "/tracker/");
    assert_eq!(page.status, 200, "the index is found: {}", served.error_log());
    assert!(page.text().contains("Nothing here yet"), "{}", page.text());

    let torrent = Torrent::new("<b>&name", 100_000, &served.site.announce_url());
    served.site.add(&torrent);
    say_where_the_feed_is(&served.site);
    served.site.tracker(&["refresh", "--force"]);
    let page = served.ask("GET", "/tracker/");
    assert_eq!(page.status, 200, "{}", served.error_log());
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(page.text().contains("class=\"tracker-stats\""), "{}", page.text());
    assert!(page.text().contains("name</a>"), "{}", page.text());
    assert!(!page.text().contains("<b>"), "names are escaped: {}", page.text());

    let feed = served.ask("GET", "/tracker/rss.xml");
    let kind = feed.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/rss+xml"), "{kind}");
    assert!(feed.text().contains("<item>") && feed.text().contains("</rss>"), "{}", feed.text());

    let name = encode(torrent.file_name().as_bytes());
    let file = served.ask("GET", &format!("/tracker/torrents/{name}"));
    assert_eq!(file.header("content-type"), Some("application/x-bittorrent"));
    assert_eq!(file.body, torrent.metainfo);
}

/// As `scripts/install` does, long ago: of a feed that is put together, the newest part counts.
fn say_where_the_feed_is(site: &Site) {
    let file = site.www().join("rss.xml");
    let text = fs::read_to_string(&file).expect("the feed's page");
    let text = text.replace("http://127.0.0.1:8080", &site.url("/tracker"));
    fs::write(&file, text).expect("the feed's page");
    let file = fs::File::open(file).expect("the feed's page");
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).expect("its time");
}

/// The addresses that a page or a feed names: in its attributes and in its elements `link`.
fn links(text: &str) -> Vec<String> {
    let text: String = text
        .split("<!--")
        .map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest))
        .collect();
    let begin = ["href=\"", "url=\"", "<link>", "<guid isPermaLink=\"false\">"];
    let links = begin.iter().flat_map(|begin| text.split(begin).skip(1));
    let links = links.filter_map(|rest| rest.split(['"', '<']).next());
    links.map(|link| link.replace("&amp;", "&")).collect()
}

pub(super) fn what_pages_link_to_is_there(served: &Served) {
    let mut followed = Vec::new();
    for page in ["/tracker/", "/tracker/rss.xml"] {
        for link in links(&served.ask("GET", page).text()) {
            let path = match link.strip_prefix(&served.site.url("")) {
                Some(path) => path.to_owned(),
                None if link.contains(':') => continue,
                None => format!("/tracker/{link}"),
            };
            let reply = served.ask("GET", &path);
            assert_eq!(reply.status, 200, "{page} links to {link}: {reply:?}");
            followed.push(path);
        }
    }
    for end in ["/tracker/", ".torrent"] {
        assert!(followed.iter().any(|path| path.ends_with(end)), "no {end}: {followed:?}");
    }
}

/// Neither with a slash at the end nor without, nor below; and the tracker's own folder is nowhere.
pub(super) fn no_folder_is_listed(served: &Served) {
    fs::create_dir_all(served.site.torrents().join("below")).expect("a folder");
    fs::write(served.site.torrents().join("below/x.secret.torrent"), "secret").expect("a file");
    for folder in ["torrents/", "torrents", "torrents/below/", "torrents/below", "torrents//"] {
        let mut path = format!("/tracker/{folder}");
        let mut reply = served.ask("GET", &path);
        if let Some(target) = reply.header("location") {
            path = target.strip_prefix(&served.site.url("")).unwrap_or(target).to_owned();
            reply = served.ask("GET", &path);
        }
        assert!([403, 404].contains(&reply.status), "{path}: {reply:?}");
        assert!(!reply.text().contains("secret"), "{path}: {reply:?}");
    }
    for path in ["/data/catalog.db", "/tracker/data/catalog.db", "/tracker/../data/catalog.db"] {
        let reply = served.ask("GET", path);
        assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
    }
}

/// The other site has its own index, lists its folders, and runs nothing of ours.
pub(super) fn the_other_site_is_as_it_was(served: &Served) {
    let page = served.ask("GET", "/");
    assert_eq!((page.status, page.text().as_str()), (200, OTHER_SITE), "{page:?}");
    fs::write(served.site.root().join("default/below/x.shtml"), "<!--#echo -->").expect("a file");
    let listing = served.ask("GET", "/below/");
    assert!(listing.status == 200 && listing.text().contains("x.shtml"), "{listing:?}");
    assert!(served.ask("GET", "/below/x.shtml").text().contains("<!--#echo"), "no includes there");
    let redirect = served.ask("GET", "/tracker");
    assert!(
        redirect.header("location").is_some_and(|to| to.ends_with("/tracker/")),
        "{redirect:?}"
    );
}

/// Also below the folders of categories, and whatever the distribution's list of types says of their endings.
pub(super) fn feeds_have_their_types(served: &Served) {
    let folder = served.site.www().join("c/books");
    fs::create_dir_all(&folder).expect("a folder");
    for kind in ["rss", "atom"] {
        for path in [format!("feed.{kind}"), format!("c/books/feed.{kind}")] {
            fs::write(served.site.www().join(&path), "<feed/>").expect("a feed");
            let reply = served.ask("GET", &format!("/tracker/{path}"));
            let found = reply.header("content-type").unwrap_or_default();
            let is_right = found.starts_with(&format!("application/{kind}+xml"));
            assert!(reply.status == 200 && is_right, "{path}: {reply:?}");
        }
    }
}

/// The pages that refreshes write, at their own addresses and those of their folders; not pages of the owner's.
pub(super) fn pages_run_nothing_and_are_not_framed(served: &Served) {
    let www = served.site.www();
    let pages = [
        "t/x-12345678/index.html",
        "t/x-12345678/index.ru.html",
        "c/books/2.html",
        "page/2.html",
        "statistics.html",
        "how-to-download.ru.html",
    ];
    for page in pages.into_iter().chain(["mine.html", "blog/index.html"]) {
        let path = www.join(page);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, "<!DOCTYPE html><title>x</title>").expect("a page");
    }
    for path in pages.into_iter().chain(["t/x-12345678/"]) {
        let reply = served.ask("GET", &format!("/tracker/{path}"));
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        let policy = reply.header("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none';", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {reply:?}");
        }
    }
    for mine in ["mine.html", "blog/index.html"] {
        let mine = served.ask("GET", &format!("/tracker/{mine}"));
        assert!(mine.status == 200 && mine.header("content-security-policy").is_none(), "{mine:?}");
    }
}

/// 304 for who has the feed, and never for who has an older one.
pub(super) fn readers_of_the_feed_are_told_what_is_no_news(served: &Served) {
    for (round, encoding) in ["identity", "gzip", "br"].into_iter().enumerate() {
        for file in ["bt_rss.inc", "bt_rss.xml"] {
            // Servers count in seconds, and this test is faster than any reader.
            let file = fs::File::open(served.site.torrents().join(file)).expect("a file");
            file.set_modified(SystemTime::now() - Duration::from_secs(100)).expect("its time");
        }
        let ask = |header: (&str, &str)| {
            let headers = [("Accept-Encoding", encoding), header];
            request(served.site.address(), "GET", "/tracker/rss.xml", &headers).expect("an answer")
        };
        let first = ask(("Accept", "*/*"));
        let kind = first.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/rss+xml"), "{kind}");
        let known = [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")];
        let known = known.map(|(header, of)| {
            (header, first.header(of).unwrap_or_else(|| panic!("no {of}: {first:?}")).to_owned())
        });
        for (header, value) in &known {
            let again = ask((header, value));
            assert_eq!((again.status, again.body.len()), (304, 0), "{encoding}: {header}: {value}");
        }
        let name = format!("news {round}");
        served.site.add(&Torrent::new(&name, 1000, &served.site.announce_url()));
        served.site.tracker(&["refresh", "--force"]);
        for (header, value) in &known {
            // lighttpd looks at a file again once a second.
            let news = || (ask((header, value)).status == 200).then_some(());
            let seen = poll(Duration::from_secs(5), news);
            assert!(seen.is_some(), "{encoding}: {header}: {value}");
        }
        let whole = served.ask("GET", "/tracker/rss.xml");
        assert!(whole.text().contains(&name), "{}", whole.text());
    }
}
