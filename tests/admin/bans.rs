//! Bans, made and ended in the browser.

use tracker_cgi::catalog::Role;
use tracker_cgi::protocol::Seconds;

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::harness::http::Reply;
use crate::harness::installation::Installation;
use crate::protocol::client;

fn ranges(tracker: &Installation) -> Vec<String> {
    catalog(tracker).bans().expect("bans").iter().map(|ban| ban.range.to_string()).collect()
}

/// The page that an answer leads to.
fn follow(admin: &mut Admin<'_>, reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{reply:?}");
    let location = reply.header("location").expect("a way");
    let path = location.trim_start_matches("../").trim_start_matches("./").to_owned();
    admin.page(&path)
}

#[test]
fn who_is_banned_is_refused_at_once_and_answered_again_after_the_ban() {
    let tracker = site();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let mut admin = administrator(&tracker);
    let peer = client(1).of(torrent.info_hash).at("192.0.2.7");
    peer.announce(&tracker, "");
    let form = [("range", "192.0.2.7"), ("reason", "<b>floods"), ("for", "7d"), ("other", "")];
    let reply = admin.post("bans", &form);
    let page = follow(&mut admin, &reply);
    assert!(page.contains("Banned: 192.0.2.7.") && page.contains("&#60;b&#62;floods"), "{page}");
    assert!(peer.refused(&tracker, "").contains("floods"));
    let ban = catalog(&tracker).bans().expect("bans").remove(0);
    assert_eq!(ban.until, Some(ban.since + Seconds(7 * 24 * 60 * 60)));
    let reply = admin.post("bans/end", &[("chosen", "192.0.2.7"), ("chosen", "no range")]);
    assert!(follow(&mut admin, &reply).contains("Bans that are over: 1."));
    peer.announce(&tracker, "");
}

#[test]
fn what_is_wrong_in_the_form_stands_beside_the_field_and_nothing_is_banned() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let long = "x".repeat(201);
    for (range, reason, other, field) in [
        ("hm", "", "", "range"),
        ("192.0.2.9-192.0.2.1", "", "", "range"),
        ("192.0.2.9-2001:db8::1", "", "", "range"),
        ("0.0.0.0/0", "", "", "range"),
        ("::/0", "", "", "range"),
        ("192.0.2.1", &long, "", "reason"),
        ("192.0.2.1", "a\nb", "", "reason"),
        ("192.0.2.1", "", "soon", "other"),
    ] {
        let form = [("range", range), ("reason", reason), ("for", "7d"), ("other", other)];
        let reply = admin.post("bans", &form);
        assert_eq!(reply.status, 422, "{range} {reason} {other}");
        let page = reply.text();
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{page}");
        assert!(page.contains(&format!("value=\"{range}\"")), "what was typed is kept");
    }
    assert_eq!(ranges(&tracker), [""; 0]);
}

#[test]
fn who_would_ban_themself_or_very_many_is_asked_first() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    admin.set("REMOTE_ADDR", "198.51.100.7");
    for (range, said) in
        [("198.51.100.0/24", "Your own address, 198.51.100.7"), ("10.0.0.0/8", "very large")]
    {
        let form = [("range", range), ("reason", "why"), ("for", ""), ("other", "2h")];
        let asked = admin.post("bans", &form);
        assert_eq!(asked.status, 200);
        assert!(asked.text().contains(said) && asked.text().contains("name=\"sure\""));
        assert_eq!(ranges(&tracker), [""; 0]);
        let sure = [&form[..], &[("sure", "yes")]].concat();
        assert_eq!(admin.post("bans", &sure).status, 303);
        assert_eq!(ranges(&tracker), [range]);
        admin.post("bans/end", &[("chosen", range)]);
    }
}

#[test]
fn the_form_is_filled_in_from_a_link_and_bans_are_found() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    admin.set("REMOTE_ADDR", "198.51.100.200");
    let page = admin.page("bans?range=192.0.2.7%22%3E");
    assert!(page.contains("value=\"192.0.2.7&#34;&#62;\""), "{page}");
    for range in ["192.0.2.0/24", "203.0.113.5"] {
        admin.post("bans", &[("range", range), ("reason", &format!("for {range}")), ("for", "")]);
    }
    let found = admin.page("bans?q=192.0.2.9");
    assert!(found.contains(">192.0.2.0/24<") && !found.contains(">203.0.113.5<"));
    assert!(admin.page("bans?q=nothing").contains("No ban is like that."));
    let file = admin.get("bans/export?format=cidr");
    assert_eq!(file.text(), "192.0.2.0/24\n203.0.113.5/32\n");
    assert_eq!(admin.get("bans/export?format=x").status, 404);
    let mut viewer = Admin::signed_in(&tracker, "vera", Role::Viewer);
    let seen = viewer.page("bans");
    assert!(seen.contains(">203.0.113.5<") && !seen.contains("name=\"range\""));
}

#[test]
fn lists_are_imported_replaced_and_removed_after_a_question() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    admin.set("REMOTE_ADDR", "198.51.100.200");
    let mut import = |name: &str, fields: &[(&str, &str)], content: &[u8]| {
        let reply = admin.upload("bans/import", fields, &[("list_file", name, content)]);
        (reply.status, reply.text())
    };
    let lines = b"192.0.2.0/25\n192.0.2.128/25\nhm\n198.51.100.1\n";
    let (status, page) = import("floods.txt", &[], lines);
    assert!(status == 422 && page.contains("3 (hm)") && page.contains("id=\"list_file-error\""));
    assert_eq!(import("floods.txt", &[("lenient", "1")], lines).0, 303);
    for (name, list, content) in [
        ("a", "", &b"nothing\nto see\n"[..]),
        ("a", "", b""),
        ("a", "", b"PK\x03\x04"),
        ("a", "", b"\x1f\x8bhm"),
        ("a", "", b"0.0.0.0/0\n128.0.0.0/1\n1.2.3.4\n"),
        ("a", "automatic", b"192.0.2.1\n"),
        ("a", "mine", b"198.51.100.200\n"),
    ] {
        let (status, page) = import(name, &[("list", list)], content);
        assert_eq!(status, 422, "{content:?}: {page}");
    }
    assert_eq!(ranges(&tracker), ["192.0.2.0/24", "198.51.100.1"]);
    assert_eq!(import("b", &[("list", "floods.txt")], &b"203.0.113.0/24\n".repeat(60_000)).0, 303);
    assert_eq!(ranges(&tracker), ["203.0.113.0/24"], "of a file that is no small form");
    let asked = admin.post("bans/list", &[("remove", "floods.txt")]);
    assert!(asked.text().contains("Remove the list floods.txt?"));
    assert_eq!(ranges(&tracker).len(), 1);
    let reply = admin.post("bans/list", &[("remove", "floods.txt"), ("sure", "yes")]);
    assert!(follow(&mut admin, &reply).contains("The list floods.txt is removed."));
    assert_eq!(ranges(&tracker), [""; 0]);
    assert_eq!(admin.post("bans/list", &[("remove", "floods.txt")]).status, 404);
}
