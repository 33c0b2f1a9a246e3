//! The torrents in the administration: found, changed, retired, removed, by those who look after them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use tracker_cgi::catalog::{Author, Catalog, Role, UserDetails, UserName};
use tracker_cgi::protocol::{InfoHash, Timestamp};

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, encode};
use crate::harness::installation::Installation;
use crate::harness::poll;
use crate::harness::torrent::Torrent;

/// A site with these torrents.
fn site_with(names: &[&str]) -> (Installation, Vec<Torrent>) {
    let tracker = site();
    let sizes = (1..).map(|number| number * 20_000);
    let torrents = names.iter().zip(sizes).map(|(name, size)| tracker.add(name, size)).collect();
    tracker.refresh();
    (tracker, torrents)
}

fn hash(torrent: &Torrent) -> String {
    InfoHash(torrent.info_hash).to_string()
}

/// The page of a torrent, with further parts of its address behind it.
fn page_of(torrent: &Torrent, more: &str) -> String {
    format!("torrents/{}{more}", hash(torrent))
}

fn announce(tracker: &Installation, torrent: &Torrent) -> crate::harness::installation::Answer {
    let query = format!(
        "info_hash={}&peer_id=-XX0001-000000000001&port=6881&left=0",
        encode(&torrent.info_hash)
    );
    tracker.get("/announce", query).send()
}

/// The titles of a list, in its order.
fn titles(page: &str) -> Vec<&str> {
    let rows = page.split("<th scope=\"row\">").skip(1);
    rows.filter_map(|row| row.split_once("<bdi>")?.1.split("</bdi>").next()).collect()
}

/// What stands in a field of a page.
fn value<'p>(page: &'p str, name: &str) -> &'p str {
    let field = format!(" name=\"{name}\"");
    let (_, field) = page.split_once(&field).unwrap_or_else(|| panic!("no {name}: {page}"));
    let (_, value) = field.split_once("value=\"").expect("a value");
    value.split('"').next().unwrap_or_default()
}

/// Sends the form of a torrent as it was filled from a page, with some fields changed.
fn save(admin: &mut Admin<'_>, torrent: &Torrent, page: &str, fields: &[(&str, &str)]) -> Reply {
    let version = value(page, "version").to_owned();
    admin.post(&page_of(torrent, ""), &[&[("version", &*version)], fields].concat())
}

fn assert_way(reply: &Reply, way: &str) {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.header("location").expect("a way");
    assert!(location.ends_with(way), "{location}");
}

#[test]
fn all_are_found_also_those_that_stand_in_no_listing() {
    let (tracker, torrents) = site_with(&[]);
    assert!(torrents.is_empty());
    let mut admin = administrator(&tracker);
    assert!(admin.page("torrents").contains("There are no torrents yet."));
    assert!(admin.page("retired").contains("No torrent is retired."));
    let names = ["Penguin 10", "Penguin 9", "Ёлка", "a.secret"];
    let torrents: Vec<_> = names.iter().map(|name| tracker.add(name, 20_000)).collect();
    tracker.refresh();
    assert_eq!(titles(&admin.page("torrents")).len(), 4);
    let by_title = admin.page("torrents?sort=title");
    assert_eq!(titles(&by_title), ["a.secret", "Penguin 9", "Penguin 10", "Ёлка"]);
    for (query, expected) in [
        ("q=PENGUIN+10", &["Penguin 10"][..]),
        ("q=%D0%B5%D0%BB%D0%BA%D0%B0", &["Ёлка"]),
        ("state=hidden", &["a.secret"]),
        ("state=unlisted", &["a.secret"]),
        ("q=nothing+like+this", &[]),
        ("page=7", &[]),
    ] {
        assert_eq!(titles(&admin.page(&format!("torrents?{query}"))), expected, "{query}");
    }
    let named = admin.page(&format!("torrents?q={}", hash(&torrents[2]).to_uppercase()));
    assert_eq!(titles(&named), ["Ёлка"]);
    fs::remove_file(tracker.path("www/torrents/Penguin 9.torrent")).expect("a file that goes");
    tracker.refresh();
    assert_eq!(titles(&admin.page("torrents?state=missing")), ["Penguin 9"]);
}

#[test]
fn what_is_edited_is_seen_at_once_and_only_pages_that_it_touches_are_rewritten() {
    let (tracker, torrents) = site_with(&["one", "other"]);
    let mut admin = administrator(&tracker);
    // The name of a page's folder may follow the title, and always ends with digits of the info-hash.
    let page_file = |torrent: &Torrent| {
        let digits = hash(torrent).get(..8).expect("digits").to_owned();
        let folder = fs::read_dir(tracker.path("www/t")).expect("pages");
        let mut paths = folder.map(|entry| entry.expect("an entry").path());
        let path = paths.find(|path| path.to_string_lossy().ends_with(&digits));
        path.expect("the page of a torrent").join("index.html")
    };
    let of_other = page_file(&torrents[1]);
    let before = fs::metadata(&of_other).expect("a page");
    let page = admin.page(&page_of(&torrents[0], ""));
    assert_eq!(value(&page, "title"), "");
    let reply = save(
        &mut admin,
        &torrents[0],
        &page,
        &[
            ("title", "Улица & <b>“сад”</b>"),
            ("description", "Lines\r\n\r\nof *Markdown*"),
            ("sha256", &"ab".repeat(32)),
        ],
    );
    assert_way(&reply, "?done=saved");
    let shown = fs::read_to_string(page_file(&torrents[0])).expect("a page");
    assert!(shown.contains("Улица &#38; &#60;b&#62;“сад”&#60;/b&#62;"), "{shown}");
    assert!(tracker.text("www/index.html").contains("Улица"));
    let after = fs::metadata(&of_other).expect("a page");
    assert_eq!((after.ino(), after.mtime_nsec()), (before.ino(), before.mtime_nsec()));
    // What nobody has touched makes no decision.
    let show = tracker.run(&["torrent", "show", &hash(&torrents[0]), "--json"]).json();
    let decided = show["decision"].as_object().expect("details");
    let names: Vec<_> = decided.keys().map(String::as_str).collect();
    assert_eq!(names, ["description", "sha256", "title"]);
    let changes = catalog(&tracker).changes().expect("changes");
    let last = changes.last().expect("a change");
    assert_eq!((&*last.who, &*last.what, &*last.subject), ("ingrid", "edit", &*hash(&torrents[0])));
    // An empty field takes back what was decided.
    let page = admin.page(&page_of(&torrents[0], "?done=saved"));
    assert!(page.contains("Saved."), "{page}");
    assert_way(&save(&mut admin, &torrents[0], &page, &[("title", "")]), "?done=saved");
    assert!(titles(&admin.page("torrents")).contains(&"one"));
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept() {
    let (tracker, torrents) = site_with(&["one"]);
    let mut admin = administrator(&tracker);
    let page = admin.page(&page_of(&torrents[0], ""));
    let reply = save(
        &mut admin,
        &torrents[0],
        &page,
        &[
            ("title", "A <title>"),
            ("info_url", "javascript:alert(1)"),
            ("md5", "12"),
            ("list_from", "soon"),
        ],
    );
    assert_eq!(reply.status, 422);
    let page = reply.text();
    for part in [
        "<title>Error: one",
        "id=\"info_url-error\"",
        "id=\"md5-error\"",
        "id=\"list_from-error\"",
        "href=\"#md5\"",
        "value=\"A &#60;title&#62;\"",
        "value=\"javascript:alert(1)\"",
        "value=\"soon\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let dates = [("list_from", "2027-02-14"), ("list_until", "2027-01-31")];
    let reply = save(&mut admin, &torrents[0], &page, &dates);
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("id=\"list_until-error\""), "{}", reply.text());
    assert_eq!(catalog(&tracker).changes().expect("changes").len(), 1, "only the new user");
}

#[test]
fn of_two_who_save_at_once_the_second_sees_what_the_first_has_saved() {
    let (tracker, torrents) = site_with(&["one"]);
    let mut first = administrator(&tracker);
    let mut second = Admin::signed_in(&tracker, "tomas", Role::Administrator);
    let page = first.page(&page_of(&torrents[0], ""));
    assert_way(&save(&mut first, &torrents[0], &page, &[("title", "Mine")]), "?done=saved");
    let reply = save(&mut second, &torrents[0], &page, &[("title", "No, mine"), ("category", "x")]);
    assert_eq!(reply.status, 422);
    let again = reply.text();
    assert!(again.contains("value=\"No, mine\"") && again.contains("“Mine”"), "{again}");
    assert_eq!(titles(&first.page("torrents")), ["Mine"]);
    let reply =
        save(&mut second, &torrents[0], &again, &[("title", "No, mine"), ("category", "x")]);
    assert_way(&reply, "?done=saved");
    assert_eq!(titles(&first.page("torrents")), ["No, mine"]);
}

#[test]
fn who_retires_a_torrent_is_asked_and_clients_are_told_the_reason_at_once() {
    let (tracker, torrents) = site_with(&["one", "other"]);
    let mut admin = administrator(&tracker);
    assert_eq!(announce(&tracker, &torrents[0]).value().number("complete"), 1);
    let retire = page_of(&torrents[0], "/retire");
    let asked = admin.post(&retire, &[("reason", "Replaced by 2")]);
    assert_eq!(asked.status, 200);
    let text = asked.text();
    assert!(text.contains("Retire 1 torrent?") && text.contains("1 seeder, 0 leechers"), "{text}");
    assert_eq!(value(&text, "reason"), "Replaced by 2");
    assert_eq!(announce(&tracker, &torrents[0]).value().number("complete"), 1);
    let long = admin.post(&retire, &[("reason", &"x".repeat(201)), ("sure", "yes")]);
    assert_eq!(long.status, 422);
    let done = admin.post(&retire, &[("reason", "Replaced by 2"), ("sure", "yes")]);
    assert_way(&done, "?done=retire&count=1");
    assert!(announce(&tracker, &torrents[0]).refusal().contains("Replaced by 2"));
    assert_eq!(announce(&tracker, &torrents[1]).value().number("complete"), 1);
    let list = admin.page("retired");
    assert_eq!(titles(&list), ["one"]);
    assert!(list.contains("Replaced by 2") && list.contains("<bdi>ingrid</bdi>"), "{list}");
    assert!(!tracker.text("www/index.html").contains("<bdi>one</bdi>"));
    let back = admin.post("retired", &[("one", &hash(&torrents[0]))]);
    assert_way(&back, "retired?done=restore&count=1");
    announce(&tracker, &torrents[0]).value().number("complete");
    assert!(admin.page("retired?done=restore&count=1").contains("Brought back: 1 torrent."));
}

#[test]
fn a_torrent_whose_file_is_there_is_not_removed_and_one_without_it_is() {
    let (tracker, torrents) = site_with(&["one", "other"]);
    let mut admin = administrator(&tracker);
    let remove = page_of(&torrents[0], "/remove");
    let kept = admin.post(&remove, &[("sure", "yes")]);
    assert_eq!(kept.status, 422);
    assert!(kept.text().contains("one.torrent"), "{}", kept.text());
    fs::remove_file(tracker.path("www/torrents/one.torrent")).expect("a file that goes");
    tracker.refresh();
    let asked = admin.post(&remove, &[]);
    assert_eq!((asked.status, asked.text().contains("cannot be undone")), (200, true));
    assert_eq!(admin.get(&page_of(&torrents[0], "")).status, 200);
    // Of several none is removed where one is kept.
    let both = [("chosen", &*hash(&torrents[0])), ("chosen", &*hash(&torrents[1]))]
        .map(|(name, hash)| (name, hash.to_owned()));
    let fields =
        [("do", "remove"), ("sure", "yes"), (both[0].0, &*both[0].1), (both[1].0, &*both[1].1)];
    assert_eq!(admin.post("torrents", &fields).status, 422);
    assert_way(&admin.post(&remove, &[("sure", "yes")]), "torrents?done=remove&count=1");
    assert_eq!(admin.get(&page_of(&torrents[0], "")).status, 404);
    assert_eq!(titles(&admin.page("torrents")), ["other"]);
}

#[test]
fn several_are_changed_at_once_and_one_comes_back_to_where_one_was() {
    let (tracker, torrents) = site_with(&["one", "other", "third"]);
    let mut admin = administrator(&tracker);
    let hashes: Vec<_> = torrents.iter().map(hash).collect();
    let back = ("back", "q=o&sort=size&state=all&evil=%0d%0aSet-Cookie:x");
    let all = |first: &'static str, second| {
        vec![("do", first), back, ("chosen", &*hashes[0]), ("chosen", second)]
    };
    let reply = admin.post("torrents", &all("hide", &hashes[1]));
    assert_way(&reply, "torrents?q=o&sort=size&done=hide&count=2");
    assert_eq!(titles(&admin.page("torrents?state=hidden&sort=title")), ["one", "other"]);
    assert!(!tracker.text("www/index.html").contains("<bdi>other</bdi>"));
    let reply = admin.post("torrents", &all("unhide", &hashes[1]));
    assert_way(&reply, "&done=unhide&count=2");
    let category = [&all("category", &hashes[2])[..], &[("category", "Звук/a")]].concat();
    assert_way(&admin.post("torrents", &category), "&done=category&count=2");
    let found = admin.page(&format!("torrents?sort=title&category={}", encode("Звук".as_bytes())));
    assert_eq!(titles(&found), ["one", "third"]);
    let asked = admin.post("torrents", &all("retire", &hashes[2]));
    let text = asked.text();
    assert!(text.contains("Retire 2 torrents?") && text.matches("name=\"chosen\"").count() == 2);
    let sure = [&all("retire", &hashes[2])[..], &[("sure", "yes")]].concat();
    assert_way(&admin.post("torrents", &sure), "&done=retire&count=2");
    assert!(announce(&tracker, &torrents[2]).refusal().contains("retired"));
    // Nothing chosen, nothing known, nothing that can be done.
    assert_eq!(admin.post("torrents", &[("do", "hide"), back]).status, 422);
    assert_eq!(admin.post("torrents", &[("do", "hide"), ("back", "q=%ff")]).status, 422);
    for fields in [
        [("do", "hide"), ("chosen", "0000000000000000000000000000000000000000")],
        [("do", "hide"), ("chosen", "<b>")],
        [("do", "destroy"), ("chosen", &*hashes[0])],
    ] {
        assert_eq!(admin.post("torrents", &fields).status, 404, "{fields:?}");
    }
}

/// An editor of one group.
fn editor<'t>(tracker: &'t Installation, group: &str) -> Admin<'t> {
    let author = Author { name: "test", at: Timestamp(1) };
    let name = UserName::parse(group).expect("a name");
    catalog(tracker).add_group(&name, &author).expect("a group");
    let details = UserDetails { groups: vec![group.into()], ..UserDetails::new(Role::Editor) };
    Admin::with_details(tracker, "edda", &details)
}

#[test]
fn an_editor_sees_and_changes_only_torrents_of_their_groups() {
    let (tracker, torrents) = site_with(&["ours", "theirs"]);
    let mut editor = editor(&tracker, "Archive");
    let edit = |torrent: &Torrent, group: &str| {
        tracker.run(&["torrent", "edit", &hash(torrent), "--group", group]).done();
    };
    edit(&torrents[0], "archive");
    edit(&torrents[1], "Others");
    assert_eq!(titles(&editor.page("torrents")), ["ours"]);
    assert!(!editor.page("torrents").contains("Others"));
    let foreign = hash(&torrents[1]);
    assert!(titles(&editor.page(&format!("torrents?q={foreign}"))).is_empty());
    assert_eq!(editor.get(&page_of(&torrents[1], "")).status, 404);
    for action in ["", "/hide", "/unhide", "/retire", "/restore", "/reset"] {
        let path = page_of(&torrents[1], action);
        assert_eq!(editor.post(&path, &[("sure", "yes"), ("title", "x")]).status, 404, "{action}");
    }
    let both = [("do", "hide"), ("chosen", &*hash(&torrents[0])), ("chosen", &*foreign)]
        .map(|(name, value)| (name, value.to_owned()));
    let both: Vec<_> = both.iter().map(|(name, value)| (*name, &**value)).collect();
    assert_eq!(editor.post("torrents", &both).status, 404);
    assert_eq!(editor.post("retired", &[("one", &foreign)]).status, 404);
    // Nobody may remove but administrators.
    assert_eq!(editor.post(&page_of(&torrents[0], "/remove"), &[("sure", "yes")]).status, 403);
    let own = hash(&torrents[0]);
    let remove = [("do", "remove"), ("sure", "yes"), ("chosen", &*own)];
    assert_eq!(editor.post("torrents", &remove).status, 403);
    // Theirs they change, as long as it stays theirs.
    let page = editor.page(&page_of(&torrents[0], ""));
    for group in ["Others", ""] {
        let reply = save(&mut editor, &torrents[0], &page, &[("group", group)]);
        assert_eq!(reply.status, 422, "{group}");
        assert!(reply.text().contains("id=\"group-error\""), "{group}");
    }
    assert_way(&save(&mut editor, &torrents[0], &page, &[("title", "Mine")]), "?done=saved");
    assert_way(&editor.post(&page_of(&torrents[0], "/hide"), &[]), "?done=hide&count=1");
    let decided: Vec<String> =
        catalog(&tracker).changes().expect("changes").into_iter().map(|it| it.who).collect();
    assert_eq!(decided.iter().filter(|who| *who == "edda").count(), 2);
}

#[test]
fn figures_are_set_to_nothing_after_a_question() {
    let (tracker, torrents) = site_with(&["one"]);
    let mut admin = administrator(&tracker);
    let query = |event: &str, left: u32| {
        let hash = encode(&torrents[0].info_hash);
        let query =
            format!("info_hash={hash}&peer_id=-XX0001-000000000001&port=6881&left={left}{event}");
        tracker.get("/announce", query).value();
    };
    query("", 9);
    query("&event=completed", 0);
    tracker.refresh();
    let completed = |catalog: &Catalog| {
        let torrent = catalog.torrent(InfoHash(torrents[0].info_hash)).expect("a catalogue");
        torrent.expect("a torrent").totals.completed
    };
    assert_eq!(completed(&catalog(&tracker)), 1);
    let reset = page_of(&torrents[0], "/reset");
    let asked = admin.post(&reset, &[]);
    assert!(asked.status == 200 && asked.text().contains("completed 1,"), "{}", asked.text());
    assert_eq!(completed(&catalog(&tracker)), 1);
    assert_way(&admin.post(&reset, &[("sure", "yes")]), "?done=reset");
    assert_eq!(completed(&catalog(&tracker)), 0);
    let changes = catalog(&tracker).changes().expect("changes");
    let last = changes.last().map(|it| (&*it.who, &*it.what, it.before.as_deref()));
    let before = Some("completed: 1; uploaded: 0; downloaded: 0");
    assert_eq!(last, Some(("ingrid", "reset totals", before)));
}

#[test]
fn what_is_meant_to_harm_is_shown_as_text() {
    let (tracker, torrents) = site_with(&["one"]);
    let mut admin = administrator(&tracker);
    let page = admin.page(&page_of(&torrents[0], ""));
    let long = "W<i>".repeat(2_500);
    assert_way(&save(&mut admin, &torrents[0], &page, &[("title", &long)]), "?done=saved");
    let list = admin.page("torrents");
    assert!(!list.contains("W<i>") && list.contains("W&#60;i&#62;"));
    let page = admin.page(&page_of(&torrents[0], ""));
    let evil = "\u{202e}gpj.exe\"><script>alert(1)</script>\u{200f}";
    assert_way(
        &save(&mut admin, &torrents[0], &page, &[("title", evil), ("category", evil)]),
        "?done=saved",
    );
    for path in ["torrents", &page_of(&torrents[0], "")] {
        let page = admin.page(path);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{path}");
    }
    let page = admin.page(&page_of(&torrents[0], ""));
    let reply = save(&mut admin, &torrents[0], &page, &[("description", &"x".repeat(20_001))]);
    assert_eq!((reply.status, reply.text().contains("description-error")), (422, true));
    for path in ["torrents/x", "torrents/%00", "torrents/../torrents/1"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    assert!(
        admin
            .page("torrents?q=%22%3E%3Cscript%3E&category=%00&page=99999999999999999999")
            .contains("&#34;&#62;&#60;script&#62;")
    );
}

#[test]
fn sidecars_are_told_apart_from_what_is_decided() {
    let (tracker, torrents) = site_with(&["one"]);
    fs::write(tracker.path("www/torrents/one.toml"), "title = 'Of the sidecar'\nhidden = true\n")
        .expect("a sidecar");
    tracker.refresh();
    let mut admin = administrator(&tracker);
    let page = admin.page(&page_of(&torrents[0], ""));
    assert_eq!(value(&page, "title"), "");
    assert!(page.contains("the sidecar says “Of the sidecar”"), "{page}");
    assert!(page.contains("the sidecar says “hidden = true”"), "{page}");
    // To show it needs a decision, and that is all that is decided.
    assert_way(&admin.post(&page_of(&torrents[0], "/unhide"), &[]), "?done=unhide&count=1");
    let show = tracker.run(&["torrent", "show", &hash(&torrents[0]), "--json"]).json();
    assert_eq!(show["decision"], serde_json::json!({ "hidden": "no" }));
}

#[test]
fn a_responder_changes_torrents_too_and_answers_announces_by_that() {
    let (tracker, torrents) = site_with(&["one"]);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let mut admin = administrator(&tracker);
    admin.go_through(&responder);
    assert_eq!(titles(&admin.page("torrents")), ["one"]);
    let page = admin.page(&page_of(&torrents[0], ""));
    assert_way(&save(&mut admin, &torrents[0], &page, &[("title", "Another")]), "?done=saved");
    assert_eq!(titles(&admin.page("torrents")), ["Another"]);
    let sure = [("reason", "Over"), ("sure", "yes")];
    assert_way(&admin.post(&page_of(&torrents[0], "/retire"), &sure), "?done=retire&count=1");
    let query = format!(
        "info_hash={}&peer_id=-XX0001-000000000001&port=6881&left=0",
        encode(&torrents[0].info_hash)
    );
    let is_refused = || responder.get("/announce", &query).text().contains("Over").then_some(());
    assert!(poll(Duration::from_secs(2), is_refused).is_some(), "within a second");
    responder.stop();
}
