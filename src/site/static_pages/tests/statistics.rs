//! The page of statistics.

use super::*;
use crate::tracker::{FamilyShares, PeerShares, PortShares};

fn shares() -> PeerShares {
    PeerShares {
        counted: 20,
        all: 40,
        clients: (0..14).map(|number| (format!("Client {number}"), 1)).collect(),
        families: FamilyShares { v4: 15, v6: 1, both: 4 },
        ports: PortShares { first: 5, other: 15, ..PortShares::default() },
    }
}

#[test]
fn the_statistics_have_lists_shares_and_figures_as_data() {
    let site = TestSite::new("");
    let mut rows: Vec<_> = (0..130).map(|number| row("", &format!("x{number}"), number)).collect();
    (rows[7].figures.leechers, rows[8].figures.leechers) = (50, 2);
    let mut report = site.report(rows);
    report.shares = Some(shares());
    write(&site.loaded, &report, &[]).unwrap();
    let text = site.text("statistics.html");
    assert_that_links_lead_somewhere(&site);
    let seeders =
        &text[text.find("<h2>Most seeders").unwrap()..text.find("<h2>Most comp").unwrap()];
    assert!(seeders.contains("<bdi>x129</bdi>") && seeders.contains("<bdi>x30</bdi>"), "{seeders}");
    assert!(!seeders.contains("<bdi>x29</bdi>"), "{seeders}");
    let (seen, more) = seeders.split_once("<details>").unwrap();
    assert_eq!((seen.matches("<bdi>").count(), more.matches("<bdi>").count()), (10, 90));
    let needy = &text[text.find("Please help to seed").unwrap()..];
    assert!(needy.contains("<bdi>x7</bdi>") && !needy.contains("<bdi>x8</bdi>"), "{needy}");
    for part in [
        "<h2>Most completed</h2><p class=\"quiet\">None now.</p>",
        "Counted among 20 of 40 peers",
        "<th scope=\"row\">Client 11</th>",
        "width=\"75.0\" height=\"10\"/></svg></td><td>75.0 %</td>",
        "<dt>Announces a minute</dt><dd>0</dd>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Client 12"), "{text}");
    let csv = site.text("api/history.csv");
    assert_eq!((csv.lines().count(), csv.split(',').next()), (366, Some("at")), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&site.text("api/history.json")).unwrap();
    assert_eq!((&json[0]["span"], &json[2]["span"]), (&"day".into(), &"year".into()));
}

#[test]
fn under_high_load_the_statistics_are_short_and_say_so() {
    let site = TestSite::new("tracker.high_load_now = true");
    let rows: Vec<_> = (0..30).map(|number| row("", &format!("x{number}"), number)).collect();
    let mut report = site.report(rows);
    report.load = Load::of(&site.loaded.config.tracker, 0);
    write(&site.loaded, &report, &[]).unwrap();
    let text = site.text("statistics.html");
    assert!(text.contains("Many clients announce now.") && !text.contains("<details>"), "{text}");
    assert!(!text.contains("<h2>Clients</h2>"), "{text}");
}
