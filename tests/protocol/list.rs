//! The list of torrents on our own pages, as `refresh` writes it.

use rusqlite::Connection;

use super::client;
use crate::harness::fragments::Element;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;

fn list(tracker: &Installation) -> Element {
    let text = tracker.text("www/torrents/bt_list.inc");
    Element::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The rows of torrents, in order.
fn rows(list: &Element) -> Vec<&Element> {
    list.one("tbody").all("tr")
}

fn name(row: &Element) -> &str {
    &row.all("bdi")[0].text
}

fn cell<'a>(row: &'a Element, column: &str) -> &'a Element {
    let found = row.children.iter().find(|cell| cell.attribute("class") == column);
    found.unwrap_or_else(|| panic!("no column {column} in {row:?}"))
}

/// What a heading of the totals stands above.
fn total<'a>(list: &'a Element, heading: &str) -> Option<&'a str> {
    let all = list.one("dl").all("div");
    all.iter().find(|one| one.one("dt").text == heading).map(|one| one.one("dd").text.as_str())
}

/// Has a torrent be so many seconds older.
fn make_older(tracker: &Installation, torrent: &Torrent, seconds: i64) {
    let catalog = Connection::open(tracker.path("data/catalog.db")).expect("a catalogue");
    let older = "UPDATE torrents SET first_seen = first_seen - ?1 WHERE info_hash = ?2";
    assert_eq!(catalog.execute(older, (seconds, torrent.info_hash)).expect("it is written"), 1);
}

#[test]
fn the_newest_come_first_and_of_one_age_by_the_numbers_in_their_names() {
    let tracker = Installation::listed();
    // The folder is in another order than the names.
    for (file, name) in [("a", "part 10"), ("b", "part 2"), ("c", "part 1")] {
        let torrent = Torrent::new(name, 1000, ANNOUNCE_URL);
        tracker.drop_in(format!("{file}.torrent"), &torrent.metainfo);
    }
    let old = tracker.add("an old one", 1000);
    tracker.refresh();
    make_older(&tracker, &old, 3 * 86_400);
    tracker.refresh();
    let list = list(&tracker);
    let names: Vec<_> = rows(&list).into_iter().map(name).collect();
    assert_eq!(names, ["part 1", "part 2", "part 10", "an old one"]);
    let age = cell(rows(&list)[3], "age").one("time");
    assert_eq!(age.text, "3 days");
    assert!(age.attribute("datetime").ends_with('Z'), "{age:?}");
    assert!(age.attribute("title").ends_with(" UTC"), "{age:?}");
}

#[test]
fn the_table_for_others_is_sorted_by_path_with_numbers_as_numbers() {
    let tracker = Installation::listed();
    for name in ["part 10", "part 9", "part 1"] {
        tracker.add(name, 1000);
    }
    tracker.refresh();
    assert_eq!(tracker.table().names(), ["part 1", "part 9", "part 10"]);
}

#[test]
fn the_name_comes_first_and_the_totals_on_top() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    client(1).of(torrent.info_hash).announce(&tracker, "left=400");
    client(2).of(torrent.info_hash).announce(&tracker, "left=0");
    tracker.refresh();
    let list = list(&tracker);
    let columns: Vec<_> =
        list.one("thead").all("th").iter().map(|it| it.attribute("class")).collect();
    let expected = [
        "name",
        "size",
        "seeders",
        "leechers",
        "completed",
        "progress",
        "downloaded",
        "rate",
        "age",
    ];
    assert_eq!(columns, expected);
    let row: Vec<_> = rows(&list)[0].children.iter().map(|it| it.attribute("class")).collect();
    assert_eq!(row, expected);
    let first = list.children.first().map(|it| it.name.as_str());
    assert_eq!(first, Some("dl"), "{list:?}");
    let totals = ["Torrents", "Size", "Seeders", "Leechers"].map(|it| total(&list, it));
    assert_eq!(totals, ["1", "1000 B", "1", "1"].map(Some));
    assert_eq!(total(&list, "Partial seeds"), None);
    assert_eq!(cell(rows(&list)[0], "progress").text, "60 %");
}

#[test]
fn partial_seeds_have_a_column_where_there_are_any() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    client(1).of(torrent.info_hash).announce(&tracker, "left=400&event=paused");
    tracker.refresh();
    let list = list(&tracker);
    assert_eq!(total(&list, "Partial seeds"), Some("1"));
    assert_eq!(cell(rows(&list)[0], "partial").text, "1");
    assert_eq!(list.one("thead").all("th").len(), rows(&list)[0].children.len());
}

#[test]
fn a_torrent_that_only_a_web_seed_serves_is_not_called_unseeded() {
    let tracker = Installation::listed();
    let content = tracker.path("www/torrents/album.iso");
    std::fs::write(&content, "a content").expect("a content");
    tracker.run(&["torrent", "make", &content.display().to_string()]).done();
    tracker.refresh();
    let list = list(&tracker);
    assert_eq!(rows(&list)[0].attribute("class"), "torrent");
    assert_eq!(rows(&list)[0].one("span").text, "web seed");
    assert!(!tracker.text("www/torrents/bt_stats.inc").contains("unseeded"));
}

#[test]
fn who_waits_for_a_seeder_is_told_in_words_and_nobodys_progress_is_not_told() {
    let tracker = Installation::listed();
    let [seeded, _] = ["seeded", "waiting"].map(|name| tracker.add(name, 1000));
    client(1).of(seeded.info_hash).announce(&tracker, "left=0");
    tracker.refresh();
    let list = list(&tracker);
    let words = |row: &&Element| (row.attribute("class").to_owned(), row.all("span").len());
    // The newest is first, and a second may end between the two.
    let mut told: Vec<_> = rows(&list).iter().map(words).collect();
    told.sort();
    assert_eq!(told, [("torrent".to_owned(), 0), ("torrent unseeded".to_owned(), 1)]);
    let unseeded = rows(&list).into_iter().find(|row| row.attribute("class") == "torrent unseeded");
    assert_eq!(unseeded.expect("one of the two").one("span").text, "no seeders");
    for row in rows(&list) {
        assert_eq!(cell(row, "progress").text, "", "{row:?}");
    }
}

#[test]
fn an_empty_list_says_what_is_to_come_and_how_to_begin() {
    let tracker = Installation::listed();
    tracker.refresh();
    let list = list(&tracker);
    assert!(list.text.contains("Nothing here yet."), "{}", list.text);
    assert!(list.text.contains("listed here within 15 minutes"), "{}", list.text);
    assert!(list.all("table").is_empty() && list.all("dl").is_empty());
    assert!(!list.text.contains("click"), "there is nothing to click: {}", list.text);
}

#[test]
fn the_page_of_the_script_shows_the_same_list() {
    let tracker = Installation::listed();
    tracker.add("a & b", 1000);
    tracker.refresh();
    let page = tracker.get("/stats", "").send().reply.text();
    assert!(page.contains(&tracker.text("www/torrents/bt_list.inc")), "{page}");
    std::fs::remove_file(tracker.path("www/torrents/bt_list.inc")).expect("it was there");
    let output = tracker.run(&["refresh"]).done();
    assert!(output.starts_with("refreshed: 1 torrent, "), "however early: {output}");
    assert!(tracker.path("www/torrents/bt_list.inc").exists());
}

#[test]
fn names_are_text_whatever_they_hold() {
    let awkward =
        ["<script>alert(1)</script>", "\"quotes\" & 'apostrophes'", "<!--#echo -->", "שלום"];
    let tracker = Installation::listed();
    for (number, name) in (0..).zip(awkward) {
        let torrent = Torrent::new(name, 1000, ANNOUNCE_URL);
        tracker.drop_in(format!("{number}.torrent"), &torrent.metainfo);
    }
    tracker.refresh();
    assert!(!tracker.text("www/torrents/bt_list.inc").contains("<!--#"));
    let list = list(&tracker);
    let mut names: Vec<_> = rows(&list).into_iter().map(name).collect();
    let mut expected = awkward.map(|name| name.replace('/', ""));
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}
