//! Torrents by command: added, described, retired, restored and removed, as clients and pages see it.

use std::fs;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::client;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;

const HASH: [u8; 20] = [0xab; 20];

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_torrent_that_is_added_by_its_hash_is_tracked_without_a_file() {
    let tracker = Installation::listed();
    tracker.refresh();
    let unlisted = "this tracker does not track that torrent";
    assert_eq!(client(1).of(HASH).refused(&tracker, ""), unlisted);
    let told = tracker.run(&["torrent", "add", &hex(&HASH), "--title", "by its hash"]).done();
    assert!(told.contains("is tracked from now on"), "{told}");
    client(1).of(HASH).announce(&tracker, "");
    tracker.refresh();
    client(2).of(HASH).announce(&tracker, "");
    let listed = tracker.run(&["torrent", "list"]).done();
    assert!(listed.contains("by its hash  (no file)"), "{listed}");
    let page = tracker.text("www/torrents/bt_list.inc");
    assert!(page.contains("by its hash") && page.contains("magnet:?xt=urn:btih:ab"), "{page}");
    assert!(!page.contains("type=\"application/x-bittorrent\""), "{page}");

    let told = tracker.run(&["torrent", "remove", &hex(&HASH)]).done();
    assert!(told.contains("is removed"), "{told}");
    assert_eq!(client(1).of(HASH).refused(&tracker, ""), unlisted);
}

#[test]
fn a_magnet_link_brings_its_name_and_its_size() {
    let tracker = Installation::listed();
    let magnet = format!("magnet:?xt=urn:btih:{}&dn=a%20name&xl=1000", hex(&HASH));
    tracker.run(&["torrent", "add", &magnet]).done();
    let shown = tracker.run(&["torrent", "show", "a name", "--json"]).json();
    assert_eq!((&shown["size"], &shown["added"]), (&1000.into(), &true.into()));
    client(1).of(HASH).announce(&tracker, "");
}

#[test]
fn a_file_that_is_added_goes_into_the_torrents_folder() {
    let tracker = Installation::listed();
    let torrent = Torrent::new("elsewhere", 1000, ANNOUNCE_URL);
    let file = tracker.path("data/elsewhere.torrent");
    fs::write(&file, &torrent.metainfo).expect("a file");
    let file = file.to_str().expect("a path in UTF-8");
    tracker.run(&["torrent", "add", file]).done();
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let there = tracker.path("www/torrents/elsewhere.torrent");
    assert_eq!(fs::read(&there).expect("a file"), torrent.metainfo);
    assert!(tracker.run(&["torrent", "add", file]).done().contains("already"));
    let again = tracker.path("data/again.torrent");
    fs::write(&again, &torrent.metainfo).expect("a file");
    let again = again.to_str().expect("a path in UTF-8");
    assert!(tracker.run(&["torrent", "add", again]).done().contains("is tracked already"));
    assert!(!tracker.path("www/torrents/again.torrent").exists());
    let other = Torrent::new("other", 1000, ANNOUNCE_URL);
    fs::write(file, &other.metainfo).expect("a file");
    let refused = tracker.run(&["torrent", "add", file]).failure();
    assert!(refused.contains("another torrent has the name"), "{refused}");
    assert_eq!(fs::read(&there).expect("a file"), torrent.metainfo);
    let foreign = Torrent::new("foreign", 1000, "http://other.example/announce");
    fs::write(file, &foreign.metainfo).expect("a file");
    let refused = tracker.run(&["torrent", "add", file]).failure();
    assert!(refused.contains("announces to another tracker"), "{refused}");
    let refused = tracker.run(&["torrent", "add", "/nowhere/x.torrent"]).failure();
    assert!(refused.contains("there is no such file"), "{refused}");
    let hidden = tracker.path("data/.hidden.torrent");
    fs::write(&hidden, &torrent.metainfo).expect("a file");
    let refused = tracker.run(&["torrent", "add", hidden.to_str().expect("a path")]).failure();
    assert!(refused.contains("begin with a dot"), "{refused}");
    let refused = tracker.run(&["torrent", "remove", ""]).failure();
    assert!(refused.contains("there is no torrent"), "{refused}");
    let refused = tracker.run(&["torrent", "remove", "elsewhere"]).failure();
    assert!(refused.contains("remove that file first"), "{refused}");
}

#[test]
fn clients_of_a_retired_torrent_are_told_why_and_never_to_ask_again() {
    let tracker = Installation::new(&["access.retired_reason = 'it is over'"]);
    let torrent = tracker.add("a", 1000);
    client(1).of(torrent.info_hash).announce(&tracker, "left=0");
    tracker.run(&["torrent", "retire", "a", "--reason", "use version 2"]).done();
    let failure = client(1).of(torrent.info_hash).call(&tracker, "").value();
    assert_eq!(failure.bytes("failure reason"), b"use version 2");
    assert_eq!(failure.bytes("retry in"), b"never");
    let scraped =
        tracker.get("/scrape", format!("info_hash={}", hex(&torrent.info_hash))).refusal();
    assert_eq!(scraped, "use version 2");
    assert!(!tracker.text("www/torrents/bt_list.inc").contains(">a<"));
    assert!(tracker.run(&["torrent", "list"]).done().contains("(retired)"));
    tracker.run(&["torrent", "retire", "a"]).done();
    assert_eq!(client(1).of(torrent.info_hash).refused(&tracker, ""), "it is over");
    tracker.run(&["torrent", "restore", "a"]).done();
    client(2).of(torrent.info_hash).announce(&tracker, "");
    assert!(tracker.text("www/torrents/bt_list.inc").contains(">a<"));
    let told = tracker.run(&["torrent", "restore", "a"]).done();
    assert!(told.contains("is not retired; nothing had to be done"), "{told}");
}

#[test]
fn what_is_said_of_a_torrent_is_shown_and_its_dates_are_kept() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let edit = |words: &[&str]| tracker.run(&[&["torrent", "edit", "a"], words].concat());
    edit(&["--title", "A <title>", "--category", "music", "--info-url", "http://info.example/"])
        .done();
    let page = tracker.text("www/torrents/bt_list.inc");
    assert!(page.contains("A &#60;title&#62;") && page.contains("http://info.example/"), "{page}");
    assert!(tracker.text("www/torrents/bt_rss.inc").contains("<category>music</category>"));
    let link = "type=\"application/x-bittorrent\"";
    edit(&["--link-until", "2020-01-01"]).done();
    let page = tracker.text("www/torrents/bt_list.inc");
    assert!(
        page.contains("A &#60;title&#62;") && !page.contains(link) && !page.contains("magnet:"),
        "{page}"
    );
    edit(&["--link-until", "", "--list-until", "2020-01-01T00:00:00Z"]).done();
    assert!(!tracker.text("www/torrents/bt_list.inc").contains("title"));
    client(1).of(torrent.info_hash).announce(&tracker, "");
    edit(&["--list-until", "", "--list-from", "2999-01-01"]).done();
    assert!(!tracker.text("www/torrents/bt_list.inc").contains("title"));
    edit(&["--list-from", ""]).done();
    assert!(tracker.text("www/torrents/bt_list.inc").contains(link));
    for (words, said) in [
        (&["--link-until", "2027-01-31T18:00:00"][..], "which time zone"),
        (&["--link-until", "soon"], "it is no date"),
        (&["--crc32", "12"], "write 8 hexadecimal digits"),
        (&["--info-url", "javascript:alert(1)"], "http"),
        (&[], "required"),
    ] {
        let ran = edit(words);
        assert!(ran.status == 2 && ran.errors.contains(said), "{ran:?}");
    }
}

#[test]
fn a_sidecar_says_what_commands_say_and_they_win() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.drop_in("a.toml", b"title = 'A title'\ncategory = 'music'\nretired = 'it is old'");
    tracker.refresh();
    let refused = || client(1).of(torrent.info_hash).refused(&tracker, "");
    assert_eq!(refused(), "it is old");
    let told = tracker.run(&["torrent", "show", "a"]).done();
    assert!(told.contains("title         A title  (sidecar)\n"), "{told}");
    tracker.run(&["torrent", "retire", "a", "--reason", "by command"]).done();
    assert_eq!(refused(), "by command");
    let told = tracker.run(&["torrent", "edit", "a", "--take-back", "retired"]).done();
    assert!(told.contains("retired: the decision is taken back; it is old (sidecar)\n"), "{told}");
    assert_eq!(refused(), "it is old");

    // What is broken changes nothing.
    tracker.drop_in("a.toml", b"titel = 'B title'");
    let wrong = "a.toml is not used: line 1: unknown key `titel`; did you mean `title`?";
    let ran = tracker.run(&["refresh", "--force"]);
    assert!(ran.errors.contains(wrong), "{ran:?}");
    assert_eq!(refused(), "it is old");
    let told = tracker.run(&["doctor", "--offline"]);
    assert!(told.output.contains(wrong), "{told:?}");
    let shown = tracker.run(&["torrent", "show", "a", "--json"]).json();
    assert!(shown["sidecar"]["fault"].as_str().is_some_and(|it| it.contains("titel")), "{shown}");
    assert_eq!(shown["details"]["title"], "A title");

    tracker.drop_in("a.toml", b"title = 'B title'\nlist_until = 2999-01-01");
    tracker.refresh();
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let page = || tracker.text("www/torrents/bt_list.inc");
    assert!(page().contains("B title"));
    tracker.run(&["torrent", "edit", "a", "--title", "by command"]).done();
    assert!(page().contains("by command"));
    tracker.drop_in("a.toml", b"hidden = true");
    tracker.refresh();
    assert!(!page().contains("by command"));
    fs::remove_file(tracker.path("www/torrents/a.toml")).expect("it was there");
    tracker.drop_in("lone.toml", b"title = 'of nothing'");
    let ran = tracker.run(&["refresh", "--force"]);
    assert!(ran.errors.contains("lone.toml is beside no torrent"), "{ran:?}");
    assert!(page().contains("by command"));
}

#[test]
fn a_sidecar_that_comes_with_its_torrent_is_in_force_at_the_first_announce() {
    let tracker = Installation::listed();
    tracker.refresh();
    let [retired, broken] = ["a", "b"].map(|name| Torrent::new(name, 1000, ANNOUNCE_URL));
    tracker.drop_in("a.toml", b"retired = true");
    tracker.drop_in("b.toml", b"hidden = true\nhiden = true");
    tracker.drop_in("a.torrent", &retired.metainfo);
    tracker.drop_in("b.torrent", &broken.metainfo);
    let usual = "this torrent has been retired";
    assert_eq!(client(1).of(retired.info_hash).refused(&tracker, ""), usual);
    client(1).of(broken.info_hash).announce(&tracker, "");
    tracker.run(&["refresh", "--force"]);
    assert!(!tracker.text("www/torrents/bt_list.inc").contains(">b<"), "it may be a secret");
    tracker.drop_in("b.toml", b"hidden = false");
    tracker.refresh();
    assert!(tracker.text("www/torrents/bt_list.inc").contains(">b<"));
}

#[test]
fn folders_are_categories_unless_somebody_says_otherwise() {
    let tracker = Installation::listed();
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    tracker.drop_in("linux/iso/a.torrent", &torrent.metainfo);
    let category = || {
        tracker.refresh();
        let feed = tracker.text("www/torrents/bt_rss.inc");
        let shown = tracker.run(&["torrent", "show", "a", "--json"]).json();
        let category = shown["category"].as_str().expect("a category").to_owned();
        assert!(feed.contains(&format!("<category>{category}</category>")), "{feed}");
        category
    };
    assert_eq!(category(), "linux/iso");
    tracker.drop_in("linux/iso/a.toml", b"category = 'images'");
    assert_eq!(category(), "images");
    tracker.run(&["torrent", "edit", "a", "--category", "discs"]).done();
    assert_eq!(category(), "discs");
}

#[test]
fn checksums_come_from_lists_or_from_the_content() {
    let tracker = Installation::listed();
    let torrent = tracker.add("album.iso", 1000);
    tracker.refresh();
    let shown = || tracker.run(&["torrent", "show", "album.iso", "--json"]).json();
    let edit = |file: &str| {
        let file = tracker.path(file).display().to_string();
        tracker.run(&["torrent", "edit", "album.iso", "--checksums", &file])
    };
    fs::write(tracker.path("album.sfv"), "; a comment\nother.iso 00000000\nALBUM.ISO DEADBEEF\n")
        .expect("a list");
    edit("album.sfv").done();
    assert_eq!(shown()["details"]["crc32"], "deadbeef");
    fs::write(tracker.path("album.iso"), "abc").expect("another content");
    let told = edit("album.iso").failure();
    assert!(told.contains("that has 1000 bytes, and it has 3; nothing was changed"), "{told}");
    fs::write(tracker.path("none.md5"), "nothing of the kind").expect("no list");
    assert!(edit("none.md5").failure().contains("there is no CRC-32, MD5"));
    assert_eq!(shown()["details"]["crc32"], "deadbeef");
    fs::write(tracker.path("album.iso"), "abc".repeat(333) + "a").expect("another content");
    let told = edit("album.iso").failure();
    assert!(
        told.contains("album.iso: it is not the content of album.iso, by the hashes"),
        "{told}"
    );
    assert_eq!(shown()["details"]["crc32"], "deadbeef");
    fs::write(tracker.path("album.iso"), &torrent.content).expect("the content");
    edit("album.iso").done();
    let details = &shown()["details"];
    assert_eq!(details["sha1"], hex(&Sha1::digest(&torrent.content)));
    assert_eq!(details["sha256"], hex(&Sha256::digest(&torrent.content)));
    // Without its file there is only the size to go by.
    let torrent_file = tracker.path("www/torrents/album.iso.torrent");
    fs::remove_file(torrent_file).expect("it was there");
    tracker.refresh();
    fs::write(tracker.path("album.iso"), "abc".repeat(333) + "a").expect("another content");
    edit("album.iso").done();
    assert_eq!(shown()["details"]["crc32"], "cc73a31f");
    assert_eq!(shown()["details"]["md5"], "7ced8cc6c3941954ce3400ee7f48a704");
    fs::write(tracker.path("x.md5"), "900150983cd24fb0d6963f7d28e17f72  another\n")
        .expect("a list");
    assert!(edit("x.md5").failure().contains("has no checksum of album.iso"));
    assert!(edit("nowhere").failure().contains("nothing was changed"));
    tracker.run(&["torrent", "edit", "album.iso", "--md5", ""]).done();
    assert_eq!(shown()["details"].get("md5"), None);
}

#[test]
fn what_is_decided_against_a_sidecar_is_said_and_can_be_taken_back() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.drop_in("a.toml", b"title = 'A'\nhidden = true\nretired = 'it is old'");
    tracker.refresh();
    let show = || tracker.run(&["torrent", "show", "a"]).done();
    let told = tracker.run(&["torrent", "restore", "a"]).done();
    assert!(
        told.contains(
            "is tracked again, though the sidecar says otherwise (retired: \"it is old\")"
        ),
        "{told}"
    );
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let told = tracker.run(&["torrent", "unhide", "a"]).done();
    assert!(told.contains("the sidecar says otherwise (hidden = true); `tracker"), "{told}");
    assert!(told.contains("--take-back hidden` lets that count"), "{told}");
    assert!(show().contains("hidden        no  (command; sidecar: yes)\n"), "{}", show());
    assert!(show().contains("retired       no  (command; sidecar: it is old)\n"), "{}", show());
    let told = tracker.run(&["doctor", "--offline"]).output;
    assert!(told.contains("a.torrent (hidden, retired)"), "{told}");
    let decision = tracker.run(&["torrent", "show", "a", "--json"]).json()["decision"].clone();
    assert_eq!((&decision["hidden"], &decision["retired"]), (&"no".into(), &"no".into()));
    let told = tracker.run(&["torrent", "edit", "a", "--take-back", "colour"]);
    assert!(told.status == 2 && told.errors.contains("write all, or one of hidden"), "{told:?}");
    tracker.run(&["torrent", "edit", "a", "--take-back", "all"]).done();
    assert_eq!(client(1).of(torrent.info_hash).refused(&tracker, ""), "it is old");
    assert!(show().contains("hidden        yes  (sidecar)\n"), "{}", show());

    // Where nothing below says so, nothing is decided: what a sidecar says later counts.
    tracker.drop_in("a.toml", b"title = 'A'");
    tracker.refresh();
    tracker.run(&["torrent", "hide", "a"]).done();
    tracker.run(&["torrent", "retire", "a"]).done();
    tracker.run(&["torrent", "unhide", "a"]).done();
    tracker.run(&["torrent", "restore", "a"]).done();
    let told = tracker.run(&["torrent", "restore", "a"]).done();
    assert!(told.contains("is not retired; nothing had to be done"), "{told}");
    assert!(show().contains("hidden        no\n"), "{}", show());
    tracker.drop_in("a.toml", b"title = 'B'\nhidden = true\nretired = true");
    tracker.refresh();
    assert!(show().contains("hidden        yes  (sidecar)\n"), "{}", show());
    client(1).of(torrent.info_hash).refused(&tracker, "");
}

#[test]
fn checksum_files_beside_a_torrent_are_read_with_it() {
    let tracker = Installation::listed();
    tracker.add("album.iso", 1000);
    tracker.drop_in("album.iso.sfv", b"; made by hand\nalbum.iso DEADBEEF\n");
    tracker.drop_in("album.iso.md5sum", b"900150983cd24fb0d6963f7d28e17f72 *album.iso\n");
    tracker.refresh();
    let show = || tracker.run(&["torrent", "show", "album.iso"]).done();
    assert!(show().contains("crc32         deadbeef  (.sfv file)\n"), "{}", show());
    assert!(show().contains("900150983cd24fb0d6963f7d28e17f72  (.md5sum file)\n"), "{}", show());
    tracker.run(&["torrent", "edit", "album.iso", "--crc32", "00000001"]).done();
    assert!(show().contains("00000001  (command; .sfv file: deadbeef)\n"), "{}", show());
    tracker.drop_in("album.iso.sfv", b"other.iso 00000002\n");
    let wrong = "album.iso.sfv is not used: it has no checksum of `album.iso`";
    let ran = tracker.run(&["refresh", "--force"]);
    assert!(ran.errors.contains(wrong), "{ran:?}");
    assert!(show().contains("sfv file     is not used: it has no checksum"), "{}", show());
    let shown = tracker.run(&["torrent", "show", "album.iso", "--json"]).json();
    assert_eq!(shown["checksum_files"]["sfv"]["details"]["crc32"], "deadbeef");
    fs::remove_file(tracker.path("www/torrents/album.iso.sfv")).expect("it was there");
    tracker.refresh();
    tracker.run(&["torrent", "edit", "album.iso", "--take-back", "crc32"]).done();
    assert!(!show().contains("crc32"), "{}", show());
}

#[test]
fn a_torrent_is_named_by_its_file_wherever_that_is() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let inside = tracker.path("www/torrents/a.torrent").display().to_string();
    let elsewhere = tracker.path("copy.torrent").display().to_string();
    fs::copy(&inside, &elsewhere).expect("a copy");
    let hash = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for file in [inside.as_str(), &elsewhere, "a.torrent"] {
        let shown = tracker.run(&["torrent", "show", file, "--json"]).json();
        assert_eq!(shown["info_hash"], hash, "{file}");
    }
    tracker.run(&["torrent", "hide", &elsewhere]).done();
    fs::write(&elsewhere, "no torrent").expect("a file");
    assert!(
        tracker.run(&["torrent", "show", &elsewhere]).failure().contains("not a usable torrent")
    );
    let nowhere = tracker.run(&["torrent", "show", "nowhere.torrent"]).failure();
    assert!(nowhere.contains("there is no torrent"), "{nowhere}");
}

#[test]
fn a_list_shows_what_it_is_sorted_by() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let list = |sort: &str| tracker.run(&["torrent", "list", "--sort", sort]).done();
    assert!(list("completed").contains("leechers  completed  name\n"), "{}", list("completed"));
    assert!(list("completed").contains("  0          a\n"), "{}", list("completed"));
    assert!(list("file").contains("  a.torrent  a\n"), "{}", list("file"));
    assert!(list("added").contains("  added "), "{}", list("added"));
    assert!(list("size").contains("leechers  name\n"), "{}", list("size"));
}

#[test]
fn make_says_when_another_torrent_had_the_place() {
    let tracker = Installation::listed();
    let content = tracker.path("www/torrents/album.iso");
    let make = |text: &str| {
        fs::write(&content, text).expect("a content");
        tracker.run(&["torrent", "make", &content.display().to_string(), "--force"]).done()
    };
    assert!(!make("one").contains("warning"));
    let again = make("one");
    assert!(!again.contains("warning"), "{again}");
    let hash =
        again.lines().find_map(|line| line.strip_prefix("info-hash v1")).expect("a hash").trim();
    let other = make("two");
    assert!(other.contains(&format!("{hash} had this place. Give people")), "{other}");
    // The catalogue knows what was there, also when the file is gone.
    tracker.refresh();
    let shown = tracker.run(&["torrent", "show", "album.iso", "--json"]).json();
    let tracked = shown["info_hash"].as_str().expect("a hash");
    fs::remove_file(tracker.path("www/torrents/album.iso.torrent")).expect("it was there");
    let lost = format!("{tracked} had this place: it is no longer tracked. Give people");
    let third = make("three");
    assert!(third.contains(&lost), "{third}");
    assert!(third.contains(&format!("`tracker torrent add {tracked}` goes on")), "{third}");
    tracker.refresh();
    let hash = third.lines().find_map(|line| line.strip_prefix("info-hash v1")).expect("a hash");
    let hash: Vec<u8> = (0..20)
        .map(|at| u8::from_str_radix(&hash.trim()[2 * at..2 * at + 2], 16).expect("digits"))
        .collect();
    for number in [1, 2] {
        client(number).of(hash.as_slice().try_into().expect("20 bytes")).announce(&tracker, "");
    }
    let fourth = make("four");
    assert!(fourth.contains("no longer tracked, and its 2 peers are refused. Give"), "{fourth}");
    assert_eq!(fourth.matches("had this place").count(), 1, "{fourth}");
}
