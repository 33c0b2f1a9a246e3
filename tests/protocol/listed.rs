//! What commands say of a torrent that they list or do not list.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::fastcgi::Responder;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;

#[test]
fn unhide_says_what_still_keeps_a_torrent_from_listings() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    let unhide = |sidecar: &str| {
        tracker.drop_in("a.toml", sidecar.as_bytes());
        tracker.refresh();
        tracker.run(&["torrent", "hide", "a"]).done();
        let told = tracker.run(&["torrent", "unhide", "a"]).done();
        let shown = tracker.run(&["torrent", "show", "a"]).done();
        let listed = shown.lines().find_map(|line| line.strip_prefix("listed        "));
        (told, listed.expect("a line").to_owned())
    };
    for (sidecar, told, listed) in [
        ("group = 'g'", "a: is listed again\n", "yes"),
        (
            "list_from = 2999-01-31",
            "a: is no longer hidden; it is listed from 2999-01-31 on (sidecar)\n",
            "no: not before 2999-01-31",
        ),
        (
            "list_until = 2020-01-31T01:02:03Z",
            "a: is no longer hidden; it was listed until 2020-01-31T01:02:03Z (sidecar)\n",
            "no: not since 2020-01-31T01:02:03Z",
        ),
        (
            "retired = true",
            "a: is no longer hidden; it is retired (sidecar), and so in no listing\n",
            "no: it is retired",
        ),
        (
            "list_from = 2999-01-01\nlist_until = 2998-01-01",
            "a: is no longer hidden; it is never listed, as list_from (sidecar) is not before list_until (sidecar)\n",
            "no: list_from is not before list_until",
        ),
    ] {
        assert_eq!(unhide(sidecar), (told.to_owned(), listed.to_owned()), "{sidecar}");
    }
    let told = tracker.run(&["torrent", "unhide", "a"]).done();
    assert!(told.contains("a: is not hidden; nothing had to be done; it is never"), "{told}");
    tracker.run(&["torrent", "hide", "a"]).done();
    let told = tracker.run(&["torrent", "hide", "a"]).done();
    assert_eq!(told, "a: is hidden already; nothing had to be done\n");
    let shown = tracker.run(&["torrent", "show", "a"]).done();
    assert!(shown.contains("listed        no: it is hidden\n"), "{shown}");
}

#[test]
fn what_a_sidecar_says_against_the_name_of_a_file_is_nothing_to_take_back() {
    let tracker = Installation::listed();
    let torrent = Torrent::new("e", 1000, ANNOUNCE_URL);
    tracker.drop_in("e.secret.torrent", &torrent.metainfo);
    tracker.drop_in("e.secret.toml", b"hidden = false");
    tracker.refresh();
    tracker.run(&["torrent", "hide", "e"]).done();
    let told = tracker.run(&["torrent", "unhide", "e"]).done();
    assert_eq!(told, "e: is listed again, as the sidecar says\n");
    let told = tracker.run(&["torrent", "unhide", "e"]).done();
    assert_eq!(told, "e: is not hidden, as the sidecar says; nothing had to be done\n");
}

#[test]
fn dates_between_which_a_torrent_is_never_listed_are_refused() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.drop_in("a.toml", b"list_until = 2027-01-31");
    tracker.refresh();
    let edit = |words: &[&str]| tracker.run(&[&["torrent", "edit", "a"], words].concat());
    for words in [
        &["--list-from", "2027-01-31"][..],
        &["--list-from", "2999-01-01", "--list-until", "2998-01-01"],
    ] {
        let refused = edit(words).failure();
        assert!(refused.contains("it would never be listed"), "{refused}");
        assert!(refused.contains("nothing was changed"), "{refused}");
    }
    let shown = tracker.run(&["torrent", "show", "a", "--json"]).json();
    assert_eq!(shown["decision"].get("list_from"), None);
    edit(&["--list-from", "2027-01-30"]).done();
}

#[test]
fn what_is_taken_back_is_told_and_what_nobody_has_decided_too() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.drop_in("a.toml", b"hidden = true");
    tracker.refresh();
    let edit = |words: &[&str]| tracker.run(&[&["torrent", "edit", "a"], words].concat());
    tracker.run(&["torrent", "unhide", "a"]).done();
    let told = edit(&["--take-back", "hidden", "--take-back", "title"]).done();
    let lines = [
        "a:",
        "  hidden: the decision is taken back; yes (sidecar)",
        "  title: no command has decided it, and nothing says it",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), lines);
    let told = edit(&["--take-back", "hidden"]).done();
    assert!(told.contains("  hidden: no command has decided it; yes (sidecar)\n"), "{told}");
    let told = edit(&["--take-back", "all"]).done();
    assert!(told.contains("no command has decided anything"), "{told}");
    edit(&["--title", "A", "--group", "G"]).done();
    let told = edit(&["--take-back", "all", "--title", "B"]).done();
    assert!(told.contains("  group: the decision is taken back; nothing says it now\n"), "{told}");
    assert!(told.contains("  title: B\n"), "{told}");
    for words in
        [&["--title", "X", "--take-back", "title"], &["--checksums", "x", "--take-back", "md5"]]
    {
        let ran = edit(words);
        assert!(ran.status == 2 && ran.errors.contains("give only one of them"), "{ran:?}");
    }
}

#[test]
fn a_refresh_and_a_list_count_what_is_not_listed_alike() {
    let tracker = Installation::listed();
    for name in ["a", "b", "c", "d"] {
        tracker.add(name, 1000);
    }
    tracker.drop_in("b.toml", b"list_from = 2999-01-31");
    tracker.drop_in("c.toml", b"hidden = true\nlist_from = 2999-01-31");
    tracker.drop_in("d.toml", b"retired = true");
    let refreshed = tracker.run(&["refresh", "--force"]).done();
    let unlisted = "1 hidden, 1 not listed at this date";
    assert!(refreshed.contains(&format!("refreshed: 1 torrent (and {unlisted}), ")), "{refreshed}");
    let listed = tracker.run(&["torrent", "list"]).done();
    assert!(listed.ends_with(&format!("\n4 torrents (1 retired, {unlisted})\n")), "{listed}");
}

#[test]
fn a_hash_that_is_added_again_has_no_file_that_could_go() {
    let tracker = Installation::listed();
    let hash = "ab".repeat(20);
    tracker.run(&["torrent", "add", &hash]).done();
    let told = tracker.run(&["torrent", "add", &hash]).done();
    assert!(told.ends_with(": is tracked already\n"), "{told}");
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let told = tracker.run(&["torrent", "add", &hash]).done();
    assert!(told.contains("is tracked already, and stays when its file goes"), "{told}");
}

/// Nobody has to wait for the next refresh that is due anyway.
#[test]
fn when_a_listing_ends_the_next_request_has_all_lists_made_anew() {
    for is_cgi in [true, false] {
        let tracker = Installation::new(&["paths.pages = '../www'"]);
        tracker.refresh_on_request();
        tracker.add("over soon", 1000);
        tracker.add("here to stay", 1000);
        let end = SystemTime::now() + Duration::from_secs(4);
        let seconds = end.duration_since(UNIX_EPOCH).expect("a time").as_secs();
        let date =
            Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%FT%TZ"]).output();
        let date = String::from_utf8(date.expect("date runs").stdout).expect("a date");
        tracker.refresh();
        tracker.run(&["torrent", "edit", "over soon", "--list-until", date.trim()]).done();
        tracker.refresh();
        let responder = (!is_cgi).then(|| Responder::start(&tracker, &["--workers", "1"]));
        let stats = || match &responder {
            Some(responder) => responder.get("/stats", "").text(),
            None => tracker.get("/stats", "").send().reply.text(),
        };
        let before = stats();
        let is_over = || SystemTime::now() >= UNIX_EPOCH + Duration::from_secs(seconds);
        assert!(before.contains("over soon") || is_over(), "{before}");
        while !is_over() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let after = stats();
        assert!(after.contains("here to stay") && !after.contains("over soon"), "{after}");
        for file in ["www/index.html", "www/torrents/bt_stats.inc", "www/feed.rss"] {
            let text = tracker.text(file);
            assert!(text.contains("here to stay") && !text.contains("over soon"), "{file}: {text}");
        }
    }
}
