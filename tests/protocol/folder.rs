//! The torrents folder: what is dropped in works, what is taken out does not, and nothing in it can
//! break the rest.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::{client, counts, scraped};
use crate::harness::fragments::Element;
use crate::harness::installation::{ANNOUNCE_URL, Installation, complaints};
use crate::harness::torrent::Torrent;

const UNLISTED: &str = "this tracker does not track that torrent";

/// A torrent of this tracker that nobody has put anywhere yet.
fn torrent(name: &str) -> Torrent {
    Torrent::new(name, 1000, ANNOUNCE_URL)
}

fn is_tracked(tracker: &Installation, torrent: &Torrent) -> bool {
    let answer = client(1).of(torrent.info_hash).call(tracker, "").value();
    match answer.get("failure reason") {
        None => true,
        Some(_) if answer.bytes("failure reason") == UNLISTED.as_bytes() => false,
        Some(_) => panic!("{answer:?}"),
    }
}

fn names(tracker: &Installation) -> Vec<String> {
    tracker.refresh();
    tracker.table().names()
}

#[test]
fn a_torrent_that_is_dropped_in_works_at_its_next_announce() {
    let tracker = Installation::listed();
    let [first, second, third] = ["first", "second", "third"].map(torrent);
    assert!(!is_tracked(&tracker, &first), "not yet");
    tracker.drop_in("first.torrent", &first.metainfo);
    assert!(is_tracked(&tracker, &first));
    tracker.drop_in("second.torrent", &second.metainfo);
    assert!(is_tracked(&tracker, &second));
    tracker.drop_in("deep/below/third.torrent", &third.metainfo);
    assert!(is_tracked(&tracker, &third));
    assert!(is_tracked(&tracker, &first), "still");
}

#[test]
fn a_torrent_works_that_is_dropped_in_within_the_second_of_a_refresh() {
    let tracker = Installation::listed();
    for number in 0..8 {
        let torrent = torrent(&format!("number {number}"));
        tracker.refresh();
        tracker.drop_in(torrent.file_name(), &torrent.metainfo);
        assert!(is_tracked(&tracker, &torrent), "{number}");
    }
}

#[test]
fn a_refresh_stays_due_after_another_look_at_the_folder() {
    let tracker = Installation::listed();
    tracker.refresh();
    let torrent = torrent("dropped in");
    tracker.drop_in(torrent.file_name(), &torrent.metainfo);
    assert!(is_tracked(&tracker, &torrent));
    fs::write(tracker.path("www/torrents/note.txt"), "no torrent").expect("a file");
    assert!(!is_tracked(&tracker, &self::torrent("not there")));
    let ran = tracker.run(&["refresh"]);
    assert!(ran.output.starts_with("refreshed: 1 torrent"), "{ran:?}");
}

#[test]
fn a_torrent_works_whose_upload_was_seen_half_done() {
    let tracker = Installation::listed();
    let torrent = torrent("slow upload");
    let path = tracker.path("www/torrents/slow.torrent");
    fs::write(&path, &torrent.metainfo[..100]).expect("half a file");
    assert!(!is_tracked(&tracker, &torrent));
    // Written on in place, which does not show on the folder.
    fs::write(&path, &torrent.metainfo).expect("the whole file");
    assert!(is_tracked(&tracker, &torrent));
}

#[test]
fn a_torrent_that_is_taken_out_is_refused_after_a_refresh() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    assert!(is_tracked(&tracker, &torrent));
    fs::remove_file(tracker.path("www/torrents/a.torrent")).expect("the file is there");
    assert_eq!(names(&tracker), Vec::<String>::new());
    assert!(!is_tracked(&tracker, &torrent));
}

#[test]
fn a_torrent_that_is_taken_out_is_refused_once_a_miss_has_shown_the_change() {
    let tracker = Installation::listed();
    let gone = tracker.add("gone", 1000);
    assert!(is_tracked(&tracker, &gone));
    fs::remove_file(tracker.path("www/torrents/gone.torrent")).expect("the file is there");
    assert!(!is_tracked(&tracker, &torrent("never there")));
    assert!(!is_tracked(&tracker, &gone));
}

#[test]
fn a_torrent_that_returns_has_its_totals_again() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    let peer = client(1).of(torrent.info_hash);
    peer.announce(&tracker, "event=started");
    peer.announce(&tracker, "left=0&event=completed");
    peer.announce(&tracker, "left=0&uploaded=70&downloaded=30&event=stopped");
    tracker.refresh();
    fs::remove_file(tracker.path("www/torrents/a.torrent")).expect("the file is there");
    tracker.refresh();
    tracker.drop_in("under another name.torrent", &torrent.metainfo);
    assert_eq!(scraped_after_announce(&tracker, &torrent), 1);
    tracker.refresh();
    let table = tracker.table();
    assert_eq!(table.row("a").cell("completed"), "1");
    assert_eq!(table.row("a").cell("transferred"), "100 B");
}

fn scraped_after_announce(tracker: &Installation, torrent: &Torrent) -> i64 {
    assert!(is_tracked(tracker, torrent));
    scraped(tracker, torrent.info_hash).number("downloaded")
}

#[test]
fn a_secret_torrent_is_tracked_and_shown_nowhere() {
    for file in ["a.secret.torrent", "sub/b.SECRET.Torrent"] {
        let tracker = Installation::listed();
        let secret = torrent("hush");
        tracker.drop_in(file, &secret.metainfo);
        tracker.add("open", 1000);
        assert!(is_tracked(&tracker, &secret), "{file}");
        assert_eq!(names(&tracker), ["open"], "{file}");
        assert_eq!(tracker.table().totals.expect("totals").cell("leechers"), "0", "{file}");
        assert_eq!(tracker.feed().all("item").len(), 1, "{file}");
        let full = tracker.get("/scrape", "").value();
        assert!(full.get("files").is_some_and(|it| it.get(secret.info_hash).is_none()), "{file}");
        assert_eq!(counts(&scraped(&tracker, secret.info_hash)), (0, 1, 0), "{file}");
        assert!(!tracker.get("/stats", "").send().reply.text().contains("hush"), "{file}");
    }
}

#[test]
fn broken_files_are_named_and_the_rest_goes_on() {
    let tracker = Installation::listed();
    let whole = tracker.add("whole", 1000);
    let huge = vec![b'd'; 10 * 1024 * 1024 + 1];
    let deep = [vec![b'l'; 200_000], vec![b'e'; 200_000]].concat();
    let deep_info = [b"d4:info".as_slice(), &deep, b"e"].concat();
    let endless = b"d4:infod6:lengthi5e4:name99999999999999999999:x".as_slice();
    let files: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("text", b"this is not a torrent"),
        ("cut short", &whole.metainfo[..whole.metainfo.len() / 2]),
        ("huge", &huge),
        ("deep", &deep),
        ("deep info", &deep_info),
        ("endless", endless),
        ("nothing in it", &torrent_of_length_0()),
        ("list", b"le"),
    ];
    for (name, content) in files {
        tracker.drop_in(format!("{name}.torrent"), content);
    }
    let ran = tracker.refresh();
    for (name, _) in files {
        let lines: Vec<_> =
            ran.errors.lines().filter(|line| line.contains(&format!("{name}.torrent "))).collect();
        assert_eq!(lines.len(), 1, "{name}: {ran:?}");
        assert!(lines[0].starts_with("tracker: warning: "), "{ran:?}");
    }
    assert_eq!(complaints(&ran.errors).len(), files.len(), "{ran:?}");
    assert_eq!(tracker.table().names(), ["whole"]);
    assert!(is_tracked(&tracker, &whole));
}

fn torrent_of_length_0() -> Vec<u8> {
    let info = "d6:lengthi0e4:name5:empty12:piece lengthi16384e6:pieces0:e";
    format!("d8:announce{}:{ANNOUNCE_URL}4:info{info}e", ANNOUNCE_URL.len()).into_bytes()
}

#[test]
fn a_size_of_0_is_never_divided_by() {
    let tracker = Installation::listed();
    tracker.drop_in("empty.torrent", &torrent_of_length_0());
    let ran = tracker.refresh();
    let text = tracker.text("www/torrents/bt_stats.inc");
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    assert!(ran.errors.contains("empty.torrent"), "tracked or told about: {ran:?}");
}

#[test]
fn what_is_no_file_is_named_and_not_waited_for() {
    let tracker = Installation::listed();
    fs::create_dir(tracker.path("www/torrents/folder.torrent")).expect("a folder");
    let pipe = tracker.path("www/torrents/pipe.torrent");
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.as_ref().is_ok_and(std::process::ExitStatus::success), "{made:?}");
    symlink("/nowhere", tracker.path("www/torrents/link.torrent")).expect("a link");
    tracker.add("whole", 1000);
    let inside = torrent("inside");
    tracker.drop_in("folder.torrent/inside.torrent", &inside.metainfo);
    let ran = tracker.refresh();
    for name in ["pipe.torrent", "link.torrent"] {
        assert_eq!(ran.errors.lines().filter(|line| line.contains(name)).count(), 1, "{ran:?}");
    }
    assert_eq!(tracker.table().names(), ["inside", "whole"]);
}

#[test]
fn links_are_followed_and_never_in_circles() {
    let tracker = Installation::listed();
    let elsewhere = tracker.path("elsewhere/more");
    fs::create_dir_all(&elsewhere).expect("a folder");
    let [linked, below] = ["linked", "below"].map(torrent);
    fs::write(tracker.path("elsewhere/linked file"), &linked.metainfo).expect("a file");
    fs::write(elsewhere.join("below.torrent"), &below.metainfo).expect("a file");
    let folder = tracker.path("www/torrents");
    symlink(tracker.path("elsewhere/linked file"), folder.join("linked.torrent")).expect("a link");
    symlink(&elsewhere, folder.join("more")).expect("a link");
    symlink(&folder, elsewhere.join("up")).expect("a link");
    symlink(".", folder.join("here")).expect("a link");
    symlink("loop.torrent", folder.join("loop.torrent")).expect("a link to itself");
    let ran = tracker.refresh();
    assert_eq!(tracker.table().names(), ["linked", "below"]);
    assert!(ran.errors.contains("loop.torrent"), "{ran:?}");
    assert!(is_tracked(&tracker, &below));
}

#[test]
fn a_torrent_of_another_tracker_is_refused_and_reported() {
    let tracker = Installation::listed();
    let foreign = Torrent::new("foreign", 1000, "http://elsewhere.test/announce");
    let nobodys = Torrent::new("nobody's", 1000, "");
    tracker.drop_in("foreign.torrent", &foreign.metainfo);
    tracker.drop_in("none.torrent", &nobodys.metainfo);
    tracker.add("ours", 1000);
    let ran = tracker.refresh();
    assert_eq!(tracker.table().names(), ["ours"]);
    let told = "foreign.torrent announces to another tracker (http://elsewhere.test/announce)";
    assert!(ran.errors.contains(told), "{ran:?}");
    assert!(ran.errors.contains("none.torrent "), "{ran:?}");
    assert!(!is_tracked(&tracker, &foreign));

    tracker.configure(&["tracker.accept_foreign = true"]);
    let ran = tracker.refresh();
    assert_eq!(ran.errors, "", "who accepts them knows");
    assert_eq!(names(&tracker), ["foreign", "nobody's", "ours"]);
    assert!(is_tracked(&tracker, &foreign));
}

#[test]
fn a_passkey_in_the_announce_url_is_ours() {
    let tracker = Installation::listed();
    let url = ANNOUNCE_URL.replace("/announce", "/0123456789abcdef0123456789abcdef/announce");
    let torrent = Torrent::new("with a passkey", 1000, &url);
    tracker.drop_in("a.torrent", &torrent.metainfo);
    assert!(is_tracked(&tracker, &torrent));
}

#[test]
fn a_vanished_folder_wipes_nothing() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    let peer = client(1).of(torrent.info_hash);
    peer.announce(&tracker, "event=started");
    peer.announce(&tracker, "left=0&event=completed");
    tracker.refresh();
    // The fragments lie elsewhere, as an owner may have it, so that they can be written.
    let elsewhere = ["stats", "rss"].map(|it| format!("paths.{it}_fragment = '../www/{it}.inc'"));
    tracker.configure(&[&elsewhere[0], &elsewhere[1]]);
    let [here, away] = ["www/torrents", "www/unmounted"].map(|name| tracker.path(name));
    fs::rename(&here, &away).expect("the folder is moved");
    for _ in 0..2 {
        let ran = tracker.refresh();
        assert!(ran.errors.contains("cannot read the torrents folder"), "{ran:?}");
        assert!(!here.exists(), "missed, and not made again");
        assert!(is_tracked(&tracker, &torrent));
        assert!(tracker.text("www/stats.inc").contains(">a</a>"));
    }
    assert_eq!(tracker.run(&["torrent", "list"]).done().lines().count(), 3);
    let published =
        || fs::metadata(tracker.path("data/policy.snapshot")).and_then(|it| it.modified());
    let before = published().expect("a policy");
    assert!(!is_tracked(&tracker, &self::torrent("never there")));
    assert_eq!(published().expect("a policy"), before, "it is known that the folder is away");
    fs::rename(&away, &here).expect("the folder is back");
    let ran = tracker.refresh();
    assert_eq!(ran.errors, "");
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 1);
    // What is put in later works as ever.
    assert!(is_tracked(&tracker, &tracker.add("b", 1000)));
}

#[test]
fn a_vanished_subfolder_behind_a_link_wipes_nothing() {
    let tracker = Installation::listed();
    let disk = tracker.path("disk");
    fs::create_dir(&disk).expect("a folder");
    let torrent = torrent("on a disk");
    fs::write(disk.join("a.torrent"), &torrent.metainfo).expect("a file");
    symlink(&disk, tracker.path("www/torrents/disk")).expect("a link");
    assert_eq!(names(&tracker), ["on a disk"]);
    fs::rename(&disk, tracker.path("unmounted")).expect("the disk goes away");
    let ran = tracker.refresh();
    assert!(ran.errors.contains("disk cannot be looked into"), "{ran:?}");
    assert_eq!(tracker.table().names(), ["on a disk"]);
    assert!(is_tracked(&tracker, &torrent));
}

#[test]
fn a_torrent_in_two_files_is_reported_and_counts_once() {
    let tracker = Installation::listed();
    let torrent = torrent("twice");
    for file in ["a.torrent", "b.torrent"] {
        tracker.drop_in(file, &torrent.metainfo);
    }
    let ran = tracker.refresh();
    assert!(ran.errors.contains("b.torrent is the same torrent as a.torrent"), "{ran:?}");
    assert_eq!(tracker.table().names(), ["twice"]);
}

#[test]
fn the_first_file_of_a_torrent_stays_its_file_when_another_comes() {
    let tracker = Installation::listed();
    let torrent = torrent("twice");
    tracker.drop_in("b.torrent", &torrent.metainfo);
    tracker.refresh();
    tracker.drop_in("a.torrent", &torrent.metainfo);
    let ran = tracker.refresh();
    assert!(ran.errors.contains("a.torrent is the same torrent as b.torrent"), "{ran:?}");
    let file = || tracker.run(&["torrent", "show", "--json", "twice"]).json()["file"].clone();
    assert_eq!(file(), "b.torrent");
    fs::remove_file(tracker.path("www/torrents/b.torrent")).expect("it was there");
    tracker.refresh();
    assert_eq!(file(), "a.torrent");
}

#[test]
fn names_are_text_in_the_table_and_the_feed_whatever_they_hold() {
    let awkward = [
        "<script>alert(1)</script>",
        "\"quotes\" & 'apostrophes'",
        "<!--#exec cmd=\"id\" -->",
        "]]>&lt;",
        "ünï \u{1f980} côdé",
    ];
    let tracker = Installation::listed();
    for (number, name) in (0..).zip(awkward) {
        tracker.drop_in(format!("{number}.torrent"), &torrent(name).metainfo);
    }
    let shown = awkward.map(|name| name.replace('/', ""));
    assert_eq!(names(&tracker), shown);
    let feed = tracker.feed();
    let mut titles: Vec<_> =
        feed.all("item").iter().map(|it| it.one("title").text.clone()).collect();
    let mut expected = shown.to_vec();
    titles.sort_unstable();
    expected.sort_unstable();
    assert_eq!(titles, expected);
    // What a reader takes for HTML is the name once it is read as such.
    let described = |item: &&Element| {
        let html = &item.one("description").text;
        let text = Element::parse(html).unwrap_or_else(|error| panic!("{error}: {html}")).text;
        text == format!("{} (1000 B)", item.one("title").text)
    };
    assert_eq!(feed.all("item").into_iter().filter(described).count(), shown.len(), "{feed:?}");
    for fragment in ["bt_stats.inc", "bt_rss.inc"] {
        let text = tracker.text(&format!("www/torrents/{fragment}"));
        assert!(!text.contains("<script") && !text.contains("<!--"), "{text}");
    }
}

#[test]
fn file_names_that_are_not_utf_8_are_linked_byte_by_byte() {
    let tracker = Installation::listed();
    let torrent = torrent("odd");
    tracker.drop_in(OsStr::from_bytes(b"\xff\xfe 'a' \"b\"#?.torrent"), &torrent.metainfo);
    tracker.drop_in(OsStr::from_bytes(b"\xff\xfe 'a' \"b\"#?.nfo"), b"about it");
    assert!(is_tracked(&tracker, &torrent));
    assert_eq!(names(&tracker), ["odd"]);
    let table = tracker.table();
    let base = "http://tracker.test/torrents/%FF%FE%20%27a%27%20%22b%22%23%3F";
    assert_eq!(
        table.row("odd").find("name").all("a")[0].attribute("href"),
        format!("{base}.torrent")
    );
    assert_eq!(table.row("odd").find("info").one("a").attribute("href"), format!("{base}.nfo"));
}

#[test]
fn names_that_are_not_utf_8_or_hold_controls_are_shown_harmless() {
    let tracker = Installation::listed();
    let info = b"d6:lengthi5e4:name9:\xff\xfea\nb\x1b[2J12:piece lengthi16384e6:pieces20:\
                 aaaaaaaaaaaaaaaaaaaae";
    let head = format!("d8:announce{}:{ANNOUNCE_URL}4:info", ANNOUNCE_URL.len());
    tracker.drop_in("odd.torrent", &[head.as_bytes(), info, b"e"].concat());
    assert_eq!(names(&tracker), ["__a_b_[2J"]);
    assert_eq!(tracker.feed().one("item").one("title").text, "__a_b_[2J");
}

#[test]
fn the_info_link_leads_to_the_first_page_beside_the_torrent() {
    let tracker = Installation::listed();
    let files = [("a", vec!["html", "txt", "nfo"]), ("b", vec!["txt", "nfo"]), ("c", vec![])];
    for (name, pages) in &files {
        tracker.drop_in(format!("sub/{name}.torrent"), &torrent(name).metainfo);
        for page in pages {
            tracker.drop_in(format!("sub/{name}.{page}"), b"about it");
        }
    }
    tracker.refresh();
    let table = tracker.table();
    let link = |name: &str| {
        let links = table.row(name).find("info").all("a");
        links.first().map(|link| link.attribute("href").to_owned())
    };
    assert_eq!(link("a").as_deref(), Some("http://tracker.test/torrents/sub/a.html"));
    assert_eq!(link("b").as_deref(), Some("http://tracker.test/torrents/sub/b.txt"));
    assert_eq!(link("c"), None);
}

#[test]
fn a_row_has_a_magnet_link_with_hash_name_size_and_tracker() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a name", 1000);
    tracker.refresh();
    let table = tracker.table();
    let links = table.row("a name").find("name").all("a");
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = format!(
        "magnet:?xt=urn:btih:{hash}&dn=a%20name&xl=1000\
         &tr=http%3A%2F%2Ftracker.test%2Ftracker.cgi%2Fannounce"
    );
    assert_eq!(links[1].attribute("href"), expected);
}

#[test]
fn a_private_torrent_has_no_magnet_link_anywhere() {
    let tracker = Installation::listed();
    let head = format!("d8:announce{}:{ANNOUNCE_URL}4:info", ANNOUNCE_URL.len());
    let info = "d6:lengthi5e4:name6:secret12:piece lengthi16384e6:pieces20:\
                aaaaaaaaaaaaaaaaaaaa7:privatei1ee";
    tracker.drop_in("secret.torrent", format!("{head}{info}e").as_bytes());
    assert_eq!(names(&tracker), ["secret"]);
    assert_eq!(tracker.table().row("secret").find("name").all("a").len(), 1);
    let page = tracker.get("/stats", "").send().reply.text();
    let said = [
        tracker.text("www/torrents/bt_stats.inc"),
        tracker.text("www/torrents/bt_rss.inc"),
        page,
        tracker.run(&["torrent", "show", "--json", "secret"]).done(),
    ];
    for text in said {
        assert!(text.contains("secret") && !text.contains("magnet:"), "{text}");
    }
}

#[test]
fn a_torrent_with_bytes_after_its_end_is_tracked_and_its_owner_told() {
    let tracker = Installation::listed();
    let torrent = torrent("more");
    tracker.drop_in("more.torrent", &[&torrent.metainfo[..], b"e"].concat());
    assert!(is_tracked(&tracker, &torrent));
    let ran = tracker.run(&["refresh", "--force"]);
    let said = "more.torrent is tracked, but it goes on after its end at byte ";
    assert!(ran.errors.contains(said), "{ran:?}");
    let file = tracker.path("www/torrents/more.torrent").display().to_string();
    let verdict = tracker.run(&["torrent", "verify", "--json", &file]).json();
    assert_eq!(verdict[0]["ok"], true, "{verdict}");
    assert!(verdict[0]["problem"].as_str().is_some_and(|it| it.contains("after its end")));
    let output = tracker.run(&["torrent", "verify", &file]).done();
    assert!(output.contains("warning: it goes on after its end"), "{output}");
}

#[test]
fn the_feed_has_the_length_of_the_torrent_file_and_a_guid_that_stays() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let feed = tracker.feed();
    let enclosure = feed.one("enclosure");
    assert_eq!(enclosure.attribute("length"), torrent.metainfo.len().to_string());
    assert_eq!(enclosure.attribute("type"), "application/x-bittorrent");
    assert_eq!(enclosure.attribute("url"), "http://tracker.test/torrents/a.torrent");
    let folder = Path::new("www/torrents");
    let [before, after] = ["a.torrent", "renamed.torrent"].map(|it| tracker.path(folder.join(it)));
    fs::rename(before, after).expect("the file is renamed");
    tracker.refresh();
    assert_eq!(tracker.feed().one("guid").text, feed.one("guid").text);
    assert_eq!(tracker.feed().one("pubDate").text, feed.one("pubDate").text);
}

#[test]
fn torrents_from_before_the_tracker_have_the_dates_of_their_files_and_later_ones_are_new() {
    let tracker = Installation::listed();
    let written = SystemTime::now() - Duration::from_secs(30 * 86_400);
    let add_old = |name: &str| {
        tracker.add(name, 1000);
        let file = tracker.path("www/torrents").join(format!("{name}.torrent"));
        let file = fs::File::options().write(true).open(file).expect("the file");
        file.set_modified(written).expect("its time");
    };
    let dates = || {
        let feed = tracker.feed();
        let dates = feed.all("pubDate").into_iter().map(|date| date.text.clone());
        dates.collect::<Vec<_>>()
    };
    add_old("from before");
    tracker.refresh();
    assert_eq!(dates(), [httpdate::fmt_http_date(written)]);
    add_old("new");
    tracker.refresh();
    let [new, from_before] = &dates()[..] else { panic!("{:?}", dates()) };
    assert_eq!(*from_before, httpdate::fmt_http_date(written), "it stays");
    let age = httpdate::parse_http_date(new).expect("a date").elapsed().unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
}

#[test]
fn the_feed_has_the_newest_and_no_more_than_it_should() {
    let tracker = Installation::new(&["pages.feed_items = 2"]);
    let torrents = ["a", "b", "c", "d"].map(|name| tracker.add(name, 1000));
    tracker.refresh();
    let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
    for (torrent, age) in torrents.iter().zip([30, 10, 40, 20]) {
        let older = "UPDATE torrents SET first_seen = first_seen - ?2 WHERE info_hash = ?1";
        catalog.execute(older, (torrent.info_hash, age)).expect("it can be written");
    }
    tracker.refresh();
    let feed = tracker.feed();
    let titles: Vec<_> = feed.all("item").iter().map(|it| it.one("title").text.clone()).collect();
    assert_eq!(titles, ["b", "d"]);
    assert_eq!(tracker.table().rows.len(), 4);
}

#[test]
fn an_open_tracker_lists_only_the_torrents_of_its_folder() {
    let tracker = Installation::open();
    let listed = tracker.add("listed", 1000);
    client(1).announce(&tracker, "");
    client(2).of(listed.info_hash).announce(&tracker, "");
    assert_eq!(names(&tracker), ["listed"]);
    assert_eq!(tracker.table().row("listed").cell("leechers"), "1");
}
