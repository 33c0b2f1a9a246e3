//! The peers of a torrent with their addresses.

use tracker_cgi::catalog::{Author, Role, UserDetails, UserName};
use tracker_cgi::protocol::{InfoHash, Timestamp};

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::protocol::client;

#[test]
fn peers_are_shown_with_a_way_to_ban_them_and_exported() {
    let tracker = site();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    client(1).of(torrent.info_hash).at("198.51.100.7").announce(&tracker, "");
    client(2).of(torrent.info_hash).at("2001:db8::7").announce(&tracker, "");
    let hash = InfoHash(torrent.info_hash);
    let mut admin = administrator(&tracker);
    for sort in ["", "last", "first", "progress", "uploaded", "downloaded", "client", "x"] {
        let page = admin.page(&format!("torrents/{hash}/peers?sort={sort}"));
        assert!(page.contains("<h1>2 peers</h1>"), "{page}");
        assert!(page.contains(">198.51.100.7:") && page.contains(">[2001:db8::7]:"), "{page}");
        assert!(page.contains("href=\"../../bans?range=198.51.100.7#add\""), "{page}");
    }
    let json = admin.get(&format!("torrents/{hash}/peers/export?format=json")).text();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let told = tracker.run(&["peers", &hash.to_string(), "--json"]).json();
    assert_eq!(json, told);
    let csv = admin.get(&format!("torrents/{hash}/peers/export")).text();
    assert!(csv.lines().count() == 3 && csv.contains("\"198.51.100.7:"), "{csv}");
    let none = InfoHash([9; 20]);
    assert_eq!(admin.get(&format!("torrents/{none}/peers")).status, 404);
    let mut viewer = Admin::signed_in(&tracker, "vera", Role::Viewer);
    assert!(!viewer.page(&format!("torrents/{hash}/peers")).contains("bans?range="));
}

#[test]
fn an_editor_sees_the_peers_of_their_groups_torrents_only() {
    let tracker = site();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let hash = InfoHash(torrent.info_hash);
    let author = Author { name: "test", at: Timestamp(1) };
    catalog(&tracker)
        .add_group(&UserName::parse("Ours").expect("a name"), &author)
        .expect("a group");
    let details = UserDetails { groups: vec!["Ours".into()], ..UserDetails::new(Role::Editor) };
    let mut editor = Admin::with_details(&tracker, "eda", &details);
    for path in [format!("torrents/{hash}/peers"), format!("torrents/{hash}/peers/export")] {
        assert_eq!(editor.get(&path).status, 404);
    }
    let set = |it: &mut tracker_cgi::catalog::Details| it.group = Some("OURS".into());
    catalog(&tracker).decide(hash, "edit", set, &author).expect("a decision");
    assert_eq!(editor.get(&format!("torrents/{hash}/peers")).status, 200);
}
