//! The feeds beside the pages for visitors, in a real feed reader and through a real web server.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::harness::apache::{self, Mpm};
use crate::harness::feed_reader::{entries, read, titles};
use crate::harness::fragments::Element;
use crate::harness::http::{encode, request};
use crate::harness::installation::Installation;
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

const AWKWARD: &str = "Tom & Jerry's \"<i>best<b>\" ünïcode ]]>";

fn hex(torrent: &Torrent) -> String {
    torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tracker(settings: &[&str]) -> Installation {
    Installation::new(&[&["paths.pages = '../www'"], settings].concat())
}

/// Has a torrent be so old at its first scan.
fn came_at(tracker: &Installation, file: &str, seconds: u64) {
    let file = fs::File::open(tracker.path("www/torrents").join(file)).expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("its time");
}

fn feed(tracker: &Installation, path: &str) -> Value {
    read(tracker.text(&format!("www/{path}")).as_bytes())
}

/// A whole document, read strictly.
fn element(text: &str) -> Element {
    let (declaration, rest) = text.split_once('\n').expect("a first line");
    assert_eq!(declaration, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    Element::parse(rest).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_feed_reader_finds_all_that_a_client_needs() {
    let tracker = tracker(&["pages.title = 'Songs & <more>'"]);
    let torrent = tracker.add("album", 100_000);
    came_at(&tracker, "album.torrent", 1_500_000_000);
    let about = format!("title = '''{AWKWARD}'''\ndescription = 'One <b>'\ncategory = 'music'");
    tracker.drop_in("album.toml", format!("{about}\nlist_from = 2024-02-29T12:00:00Z").as_bytes());
    tracker.refresh();
    let (hash, length) = (hex(&torrent), torrent.metainfo.len().to_string());
    for (file, version) in [("feed.rss", "rss20"), ("feed.atom", "atom10")] {
        for folder in ["", "c/music/"] {
            let read = feed(&tracker, &format!("{folder}{file}"));
            assert_eq!(read["version"], version);
            let title = read["feed"]["title"].as_str().expect("a title");
            let name = if folder.is_empty() { "" } else { "music – " };
            assert_eq!(title, format!("{name}Songs & <more>"), "{read}");
            assert_eq!(read["feed"]["link"], format!("http://tracker.test/{folder}index.html"));
            let own = format!("http://tracker.test/{folder}{file}");
            let links = read["feed"]["links"].as_array().expect("links");
            assert!(links.iter().any(|it| it["rel"] == "self" && it["href"] == own), "{read}");
            let [entry] = entries(&read) else { panic!("{read}") };
            assert_eq!(entry["title"], AWKWARD, "{read}");
            assert_eq!(entry["id"], format!("urn:btih:{hash}"));
            assert_eq!(entry["published_parsed"], json!([2024, 2, 29, 12, 0, 0, 3, 60, 0]));
            assert_eq!(entry["tags"][0]["term"], "music");
            let text = entry["summary"].as_str().expect("a summary");
            assert!(
                text.contains("<p dir=\"auto\">One &#60;b&#62;</p>\n<p>Size: 97.66 KiB</p>"),
                "{text}"
            );
            let enclosures: Vec<&Value> = entry["links"]
                .as_array()
                .expect("links")
                .iter()
                .filter(|it| it["rel"] == "enclosure")
                .collect();
            let file = "http://tracker.test/torrents/album.torrent";
            let is_file = |it: &&Value| {
                it["href"] == file
                    && it["type"] == "application/x-bittorrent"
                    && it["length"] == length
            };
            assert!(enclosures.len() == 1 && enclosures.iter().all(is_file), "{read}");
            let page = entry["link"].as_str().expect("a link");
            assert!(page.starts_with("http://tracker.test/t/tom-jerry-s-"), "{page}");
            assert_eq!(entry["torrent_infohash"], hash, "{read}");
            assert_eq!(entry["torrent_contentlength"], "100000");
            assert_eq!(entry["torrent_filename"], "album.torrent");
            let magnet = entry["torrent_magneturi"].as_str().expect("a magnet link");
            assert!(magnet.starts_with(&format!("magnet:?xt=urn:btih:{hash}&")), "{magnet}");
            assert_eq!(entry["media_hash"]["algo"], "sha-1", "{read}");
            let content = &entry["media_content"][0];
            assert_eq!((&content["url"], &content["filesize"]), (&json!(file), &json!("100000")));
        }
    }
    let text = tracker.text("www/feed.rss");
    assert_eq!(element(&text).one("media:hash").text, hash);
}

/// Feeds are of what the lists show, and of groups too.
#[test]
fn nothing_is_in_a_feed_that_is_not_in_the_lists() {
    let tracker = tracker(&["pages.feed_items = 2"]);
    for (name, about) in [
        ("one", ""),
        ("two", "group = 'A/B'\nlist_from = 2021-01-01"),
        ("three", "list_from = 2020-01-01"),
        ("hidden", "hidden = true"),
        ("embargo", "list_from = 2999-01-01"),
        ("retired", "retired = true"),
    ] {
        tracker.add(name, 1000);
        came_at(&tracker, &format!("{name}.torrent"), 1_500_000_000);
        tracker.drop_in(format!("{name}.toml"), format!("category = 'c'\n{about}").as_bytes());
    }
    tracker.refresh();
    for file in ["feed.rss", "c/c/feed.rss", "feed.atom", "c/c/feed.atom"] {
        let read = feed(&tracker, file);
        assert_eq!(titles(&read), ["two", "three"], "{file}: an embargo counts from its end");
    }
    let groups: Vec<_> = fs::read_dir(tracker.path("www/g")).expect("the groups").collect();
    assert_eq!(groups.len(), 1);
    let group = groups[0].as_ref().expect("a group").path();
    let read = read(&fs::read(group.join("feed.atom")).expect("its feed"));
    assert_eq!(titles(&read), ["two"]);
    assert_eq!(read["feed"]["title"], "A/B – Torrents");
    tracker.run(&["torrent", "hide", "two"]).done();
    tracker.refresh();
    assert!(!group.exists(), "its last torrent is gone from the lists");
}

/// Whatever is in a name, the feed is well-formed, and says it as it is where XML can.
#[test]
fn no_name_breaks_a_feed() {
    let tracker = tracker(&[]);
    for (number, name) in
        ["a\u{1}b", "a\u{fffe}b", "a\u{7f}b", "\u{202e}right", "]]>", "&amp;"].iter().enumerate()
    {
        let torrent = Torrent::new(name, 1000 + number, "http://tracker.test/tracker.cgi/announce");
        tracker.drop_in(format!("{number}.torrent"), &torrent.metainfo);
    }
    tracker.add(&"ä".repeat(100), 5000);
    let long = format!("description = '{}'", "ä<".repeat(6_000));
    tracker.drop_in("0.toml", long.as_bytes());
    tracker.refresh();
    for file in ["feed.rss", "feed.atom"] {
        let text = tracker.text(&format!("www/{file}"));
        assert!(text.len() < 30_000, "a long description is cut");
        let items = element(&text).all(if file == "feed.rss" { "item" } else { "entry" }).len();
        assert_eq!(items, 7, "{text}");
        let read = read(text.as_bytes());
        let all = titles(&read);
        for name in ["a_b", "a\u{fffd}b", "right", "]]>", "&amp;"] {
            assert!(all.contains(&name), "{name}: {all:?}");
        }
        assert!(!text.contains('\u{fffe}') && !text.contains('\u{1}'), "{text}");
    }
}

/// The file is not touched, so that readers are told that they have it; and not by what figures do.
#[test]
fn a_feed_changes_when_its_torrents_do_and_not_otherwise() {
    let tracker = tracker(&[]);
    let torrent = tracker.add("first", 1000);
    tracker.add("hidden", 1000);
    tracker.run(&["refresh", "--force"]);
    tracker.run(&["torrent", "hide", "hidden"]).done();
    tracker.refresh();
    let state = || {
        ["feed.rss", "feed.atom"].map(|file| {
            let modified =
                fs::metadata(tracker.path("www").join(file)).and_then(|it| it.modified());
            (modified.expect("its time"), tracker.text(&format!("www/{file}")))
        })
    };
    let before = state();
    let peer = "peer_id=-XX0000-000000000000&port=6881&left=0&uploaded=0&downloaded=0";
    tracker.get("/announce", format!("info_hash={}&{peer}", encode(&torrent.info_hash))).value();
    tracker.refresh();
    assert!(tracker.text("www/index.html").contains("1<span class=\"w\"> seeder</span>"));
    assert_eq!(state(), before);
    // Its date is not newer than that of the other one; qBittorrent looks at nothing else.
    tracker.run(&["torrent", "unhide", "hidden"]).done();
    tracker.refresh();
    for (file, element_name) in [("feed.rss", "lastBuildDate"), ("feed.atom", "updated")] {
        let of = |text: &str| element(text).all(element_name)[0].text.clone();
        let index = usize::from(file == "feed.atom");
        let (old, new) = (of(&before[index].1), of(&tracker.text(&format!("www/{file}"))));
        assert_ne!(old, new, "{file}");
    }
}

/// Where nobody knows the address of the pages, a feed claims none, and its links lead from where it is.
#[test]
fn without_an_address_links_are_relative() {
    let tracker = Installation::new(&[]);
    fs::write(
        tracker.path("conf/tracker.toml"),
        "tracker.accept_foreign = true\npaths.pages = '../www'\n",
    )
    .expect("a configuration");
    tracker.add("x", 1000);
    tracker.drop_in("x.toml", b"category = 'books'");
    tracker.refresh();
    for file in ["feed.rss", "feed.atom"] {
        let text = tracker.text(&format!("www/c/books/{file}"));
        assert!(!text.contains("rel=\"self\""), "{text}");
        for link in ["../../c/books/index.html", "../../t/x-", "../../torrents/x.torrent"] {
            assert!(text.contains(link), "{link}: {text}");
        }
        assert!(!text.contains("\"http://tracker") && !text.contains(">http://"), "{text}");
    }
}

#[test]
fn pages_name_their_feeds() {
    let tracker = tracker(&[]);
    tracker.add("x", 1000);
    tracker.drop_in("x.toml", b"category = 'books'");
    tracker.refresh();
    let named = |page: &str| {
        let text = tracker.text(page);
        let alternate =
            |kind| format!("<link rel=\"alternate\" type=\"application/{kind}+xml\" title=");
        let href = |kind: &'static str| {
            let line = text.lines().find(|line| line.contains(&alternate(kind))).expect("a line");
            line.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
        };
        [href("rss"), href("atom")].map(|href| href.expect("an address"))
    };
    assert_eq!(named("www/index.html"), ["feed.rss", "feed.atom"]);
    assert_eq!(named("www/c/books/index.html"), ["feed.rss", "feed.atom"]);
    assert!(tracker.text("www/c/books/index.html").contains("title=\"New torrents: books (RSS)\""));
    let pages = fs::read_dir(tracker.path("www/t")).expect("a page");
    let page =
        pages.map(|it| it.expect("an entry").file_name().into_string().expect("ASCII")).next();
    let page = format!("www/t/{}/index.html", page.expect("a page"));
    assert_eq!(named(&page), ["../../feed.rss", "../../feed.atom"]);
}

/// 304 for who has it, also compressed, and never for who has an older one.
#[test]
fn a_web_server_gives_feeds_with_their_types_and_says_what_is_no_news() {
    let site = Site::new(Layout::listed(CGI, Ipv4Addr::LOCALHOST.into()));
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    fs::write(&file, text.replace("[paths]\n", "[paths]\npages = \"../www/share\"\n"))
        .expect("a configuration");
    fs::create_dir(site.www().join("share")).expect("the folder of the pages");
    fs::set_permissions(site.www().join("share"), Permissions::from_mode(0o777)).expect("its mode");
    site.add(&Torrent::new("first", 1000, &site.announce_url()));
    site.tracker(&["refresh", "--force"]);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let mut round = 0;
    for (name, kind) in [("feed.rss", "application/rss+xml"), ("feed.atom", "application/atom+xml")]
    {
        for encoding in ["identity", "gzip", "br"] {
            let file = fs::File::options().write(true).open(site.www().join("share").join(name));
            // Servers count in seconds, and this test is faster than any reader.
            let earlier = SystemTime::now() - Duration::from_secs(100);
            file.expect("the feed").set_modified(earlier).expect("its time");
            let ask = |header: (&str, &str)| {
                let headers = [("Accept-Encoding", encoding), header];
                let path = format!("/share/{name}");
                request(site.address(), "GET", &path, &headers).expect("an answer")
            };
            let first = ask(("Accept", "*/*"));
            let found = first.header("content-type").unwrap_or_default();
            assert!(first.status == 200 && found.starts_with(kind), "{name}: {first:?}");
            assert!(
                encoding == "identity" || first.header("content-encoding") == Some(encoding),
                "{first:?}"
            );
            let known = [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")]
                .map(|(header, of)| (header, first.header(of).expect("what tells it").to_owned()));
            for (header, value) in &known {
                let again = ask((header, value));
                assert_eq!(
                    (again.status, again.body.len()),
                    (304, 0),
                    "{name}, {encoding}: {header}: {value}"
                );
            }
            round += 1;
            site.add(&Torrent::new(&format!("news {round}"), 1000, &site.announce_url()));
            site.tracker(&["refresh", "--force"]);
            for (header, value) in &known {
                assert_eq!(
                    ask((header, value)).status,
                    200,
                    "{name}, {encoding}: {header}: {value}"
                );
            }
        }
        let whole = request(site.address(), "GET", &format!("/share/{name}"), &[]).expect("it");
        assert!(titles(&read(&whole.body)).contains(&"news 1"));
    }
}
