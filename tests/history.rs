//! The history: refreshes record it, commands show it, and nothing that happens to it keeps a refresh from going on.

use std::fs;

use serde_json::{Value, json};

use crate::harness::http::encode;
use crate::harness::installation::Installation;

const HISTORY: &str = "data/history.db";

/// A tracker with a torrent that one peer seeds, refreshed. Its name is hostile.
fn seeded() -> Installation {
    let tracker = Installation::listed();
    let torrent = tracker.add("a <b>", 1000);
    let hash = encode(&torrent.info_hash);
    let query = format!("info_hash={hash}&peer_id=-TR4060-abcdefghijkl&port=6881&left=0");
    tracker.get("/announce", query).from("192.0.2.7").value();
    tracker.refresh();
    tracker
}

fn last_point(tracker: &Installation, arguments: &[&str]) -> Value {
    let arguments = [&["stats", "--history", "--json"], arguments].concat();
    let series = tracker.run(&arguments).json();
    series["points"].as_array().and_then(|points| points.last()).expect("a point").clone()
}

#[test]
fn what_a_refresh_has_recorded_is_shown() {
    let tracker = seeded();
    for of in [&[][..], &["--torrent", "a <b>"]] {
        for (span, points, step) in [("day", 96, 900), ("week", 168, 3_600), ("year", 365, 86_400)]
        {
            let arguments = [&["stats", "--history", "--json", "--span", span], of].concat();
            let series = tracker.run(&arguments).json();
            assert_eq!(series["points"].as_array().map(Vec::len), Some(points), "{span}");
            assert_eq!((&series["span"], &series["step"]), (&json!(span), &json!(step)));
            assert_eq!(series["info_hash"].is_string(), !of.is_empty());
            let known = last_point(&tracker, &arguments[3..]);
            assert_eq!((&known["seeders"], &known["leechers"]), (&json!(1), &json!(0)), "{span}");
            assert_eq!(series["points"][0]["seeders"], Value::Null, "no refresh ran then");
        }
    }
    let table = tracker.run(&["stats", "--history"]).done();
    assert_eq!(table.lines().count(), 169, "{table}");
    assert!(table.ends_with(":00 UTC\n") && table.contains("\n      1        0 "), "{table}");
    let print =
        |form| tracker.run(&["stats", "--history", "--torrent", "a <b>", "--format", form]).done();
    let csv = print("csv");
    assert!(csv.starts_with("at,seeders,leechers,completed,downloaded,speed,"), "{csv}");
    assert!(csv.contains("Z,1,0,0,0,0,1,1,0\n"), "{csv}");
    assert!(print("badge").contains("<title>torrent: 1 seeder</title>"));
    assert!(print("badge-leechers").contains("0 leechers"));
    assert!(print("badge-completed").contains("0 times"));
    assert!(print("badge-health").contains("good, 1 : 0"));
    for form in ["chart", "sparkline", "html"] {
        let picture = print(form);
        assert!(picture.contains("a &#60;b&#62;") && !picture.contains("<b>a <"), "{picture}");
    }
}

#[test]
fn a_history_that_is_damaged_lost_or_in_the_way_keeps_no_refresh_from_going_on() {
    let tracker = seeded();
    let path = tracker.path(HISTORY);
    fs::write(&path, "garbage").expect("a file");
    let failure = tracker.run(&["stats", "--history"]).failure();
    assert!(failure.contains("history.db") && failure.contains("damaged"), "{failure}");
    let said = tracker.refresh();
    assert!(said.errors.contains("history.db.broken, and charts begin anew"), "{said:?}");
    assert!(said.output.starts_with("refreshed: 1 torrent, 1 seeder"), "{said:?}");
    assert_eq!(fs::read(tracker.path("data/history.db.broken")).expect("the old one"), b"garbage");
    assert_eq!(last_point(&tracker, &[])["seeders"], 1);
    tracker.run(&["refresh", "--force"]).done();

    fs::remove_file(&path).expect("a history");
    assert_eq!(last_point(&tracker, &[])["seeders"], Value::Null);
    assert!(!path.exists(), "reading makes nothing");
    tracker.run(&["refresh", "--force"]).done();
    assert_eq!(last_point(&tracker, &[])["seeders"], 1);

    fs::remove_file(&path).expect("a history");
    fs::create_dir(&path).expect("a folder");
    let said = tracker.refresh();
    assert!(said.errors.contains("the figures of this refresh are not recorded"), "{said:?}");
    assert!(said.output.starts_with("refreshed: 1 torrent, 1 seeder"), "{said:?}");
    tracker.run(&["stats"]).done();
}

#[test]
fn only_a_history_has_a_torrent_a_span_and_a_form() {
    let tracker = seeded();
    let wrong: [&[&str]; 5] = [
        &["stats", "--torrent", "a <b>"],
        &["stats", "--span", "day"],
        &["stats", "--format", "csv"],
        &["stats", "--history", "--span", "month"],
        &["stats", "--history", "--json", "--format", "csv"],
    ];
    for arguments in wrong {
        assert_eq!(tracker.run(arguments).status, 2, "{arguments:?}");
    }
    let failure = tracker.run(&["stats", "--history", "--torrent", "none"]).failure();
    assert!(failure.contains("`none`"), "{failure}");
}
