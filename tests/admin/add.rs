//! Torrents that are added in the browser.

use std::fs;

use tracker_cgi::catalog::{Author, Role, UserDetails, UserName};
use tracker_cgi::protocol::{InfoHash, Timestamp};

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::harness::archive::zip;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;
use crate::protocol::client;

/// Another tracker.
const FOREIGN: &str = "http://elsewhere.example/announce";

/// An editor in a group, or in none.
fn editor<'a>(tracker: &'a Installation, name: &str, groups: &[&str]) -> Admin<'a> {
    let author = Author { name: "test", at: Timestamp(1) };
    for group in groups {
        let group = UserName::parse(group).expect("a name");
        catalog(tracker).add_group(&group, &author).expect("a group");
    }
    let groups = groups.iter().map(|&it| it.to_owned()).collect();
    Admin::with_details(tracker, name, &UserDetails { groups, ..UserDetails::new(Role::Editor) })
}

#[test]
fn files_hashes_and_links_are_added_and_each_has_its_verdict() {
    let tracker = site();
    fs::create_dir_all(tracker.path("www/torrents/linux/iso")).expect("a folder");
    let [ours, twice] = ["ours", "twice"].map(|name| Torrent::new(name, 1000, ANNOUNCE_URL));
    let theirs = Torrent::new("theirs", 1000, FOREIGN);
    let mut admin = administrator(&tracker);
    assert!(admin.page("torrents/add").contains("<option value=\"linux/iso\">"));
    let hashes =
        format!("{}\r\nmagnet:?xt=urn:btih:{}\r\nhm<i>\r\n", "12".repeat(20), "ab".repeat(20));
    let fields =
        [("category", "linux/iso"), ("group", ""), ("foreign", "refuse"), ("hashes", &*hashes)];
    let files: [(&str, &str, &[u8]); 5] = [
        ("files", "ours.torrent", &ours.metainfo),
        ("files", "again.torrent", &ours.metainfo),
        ("files", "../../<b>.torrent", &twice.metainfo),
        ("files", "theirs.torrent", &theirs.metainfo),
        ("files", "bad.torrent", b"d4:infoi1ee"),
    ];
    let reply = admin.upload("torrents/add", &fields, &files);
    assert_eq!(reply.status, 200, "{reply:?}");
    let page = reply.text();
    for said in [
        "<h1>Added: 4 of 8</h1>",
        "It was given twice.",
        "It announces to another tracker",
        "It is not a usable torrent",
        "hm&#60;i&#62;",
        "It is neither an info-hash",
        "&#60;b&#62;.torrent",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains(&format!("href=\"../torrents/{}\"", InfoHash(ours.info_hash))), "{page}");
    assert!(tracker.path("www/torrents/linux/iso/ours.torrent").exists());
    client(1).of(ours.info_hash).announce(&tracker, "");
    client(1).of([0x12; 20]).announce(&tracker, "");
    let fields = [("foreign", "rewrite"), ("category", "")];
    let reply =
        admin.upload("torrents/add", &fields, &[("files", "theirs.torrent", &theirs.metainfo)]);
    assert!(reply.text().contains("with our announce URL"), "{}", reply.text());
    client(1).of(theirs.info_hash).announce(&tracker, "");
}

#[test]
fn what_cannot_be_added_is_said_and_nothing_changes() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let nothing = admin.upload("torrents/add", &[("foreign", "refuse")], &[]);
    assert!(nothing.status == 422 && nothing.text().contains("id=\"files-error\""));
    let hash = "12".repeat(20);
    for category in ["../data", "/etc", "none", ".hidden"] {
        let fields = [("foreign", "refuse"), ("category", category), ("hashes", &hash)];
        let reply = admin.upload("torrents/add", &fields, &[]);
        assert!(
            reply.status == 422 && reply.text().contains("id=\"category-error\""),
            "{category}"
        );
        assert!(reply.text().contains(&hash), "what was typed is kept");
    }
    let reply = admin.upload("torrents/add", &[("group", "nobody's"), ("hashes", &hash)], &[]);
    assert!(reply.text().contains("id=\"group-error\""));
    let broken: &[u8] =
        b"--bound\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nabc";
    let content_type = "multipart/form-data; boundary=bound";
    let reply = admin.send("POST", "torrents/add", Some((content_type, broken)));
    assert!((400..500).contains(&reply.status), "{reply:?}");
    assert!(catalog(&tracker).torrent(InfoHash([0x12; 20])).expect("a catalogue").is_none());
}

#[test]
fn an_editor_adds_into_their_groups_only_and_one_in_none_nothing() {
    let tracker = site();
    let hash = "12".repeat(20);
    let mut alone = editor(&tracker, "alone", &[]);
    assert!(alone.page("torrents/add").contains("You are in no group"));
    let reply = alone.upload("torrents/add", &[("hashes", &hash), ("group", "")], &[]);
    assert_eq!(reply.status, 422);
    let mut eda = editor(&tracker, "eda", &["Ours"]);
    let mut theo = editor(&tracker, "theo", &["Theirs"]);
    let foreign = theo.upload("torrents/add", &[("hashes", &hash), ("group", "Ours")], &[]);
    assert_eq!(foreign.status, 422);
    let added = eda.upload("torrents/add", &[("hashes", &hash), ("group", "Ours")], &[]);
    assert!(added.text().contains(&format!("href=\"../torrents/{hash}\"")), "{}", added.text());
    let known =
        || catalog(&tracker).torrent(InfoHash([0x12; 20])).expect("a catalogue").expect("it");
    assert_eq!(known().details().group.as_deref(), Some("Ours"));
    let before = known();
    let again = theo.upload("torrents/add", &[("hashes", &hash), ("group", "Theirs")], &[]);
    let page = again.text();
    assert!(
        page.contains("It is tracked already.") && !page.contains("href=\"../torrents/12"),
        "{page}"
    );
    assert_eq!(known(), before);
}

#[test]
fn only_who_seems_to_have_signed_in_may_send_much() {
    let tracker = site();
    let much = vec![b'x'; 600 << 10];
    let content_type = "multipart/form-data; boundary=bound";
    let reply = Admin::new(&tracker).send("POST", "torrents/add", Some((content_type, &much)));
    assert_eq!(reply.status, 413);
    let mut admin = administrator(&tracker);
    let reply = admin.upload("torrents/add", &[("foreign", "refuse")], &[("files", "big", &much)]);
    assert_eq!(reply.status, 200, "a verdict");
    assert!(reply.text().contains("It is not a usable torrent"));
}

#[test]
fn a_name_that_is_taken_is_left_alone_and_nothing_is_half_there() {
    let tracker = site();
    let ours = Torrent::new("ours", 1000, ANNOUNCE_URL);
    let folder = tracker.path("www/torrents/full");
    fs::create_dir_all(&folder).expect("a folder");
    fs::create_dir_all(folder.join("ours.torrent")).expect("a folder");
    let mut admin = administrator(&tracker);
    let fields = [("foreign", "refuse"), ("category", "full")];
    let reply = admin.upload("torrents/add", &fields, &[("files", "a.torrent", &ours.metainfo)]);
    assert_eq!(reply.status, 200);
    let left: Vec<_> =
        fs::read_dir(&folder).expect("a folder").flatten().map(|it| it.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn an_archive_is_unpacked_and_one_that_would_be_very_much_is_not() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let new = |number: usize| {
        let torrent = Torrent::new(&format!("t{number}"), 1000, ANNOUNCE_URL);
        (format!("folder/t{number}.torrent"), torrent.metainfo)
    };
    let good = zip(&(0..20).map(new).collect::<Vec<_>>());
    let reply =
        admin.upload("torrents/add", &[("foreign", "refuse")], &[("files", "a.zip", &good)]);
    assert!(reply.text().contains("<h1>Added: 20 of 20</h1>"), "{}", reply.text());
    let bomb = |number: usize| (format!("{number}.torrent"), vec![b'0'; 12 << 20]);
    let bomb = zip(&(0..8).map(bomb).collect::<Vec<_>>());
    let reply =
        admin.upload("torrents/add", &[("foreign", "refuse")], &[("files", "b.zip", &bomb)]);
    let page = reply.text();
    assert!(page.contains("<h1>Added: 0 of 8</h1>"), "{page}");
    assert!(page.contains("are too many bytes together"), "{page}");
}
