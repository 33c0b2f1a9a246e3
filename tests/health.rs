//! What those who watch a tracker are told at `/health`.

use std::fs;

use serde_json::{Value, json};

use crate::harness::fastcgi::Responder;
use crate::harness::http::Reply;
use crate::harness::installation::Installation;

/// What is told, once it names nothing that is nobody's business.
fn told(tracker: &Installation, reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), Some("application/health+json"), "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let text = reply.text();
    let folder = tracker.path("");
    for secret in [folder.to_str().expect("a path"), ".db", "192.0.2", "tracker.test"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    serde_json::from_str(&text).expect("JSON")
}

fn health(tracker: &Installation) -> Value {
    let reply = tracker.get("/health", "").send().reply;
    assert_eq!(reply.status, 200, "{reply:?}");
    told(tracker, &reply)
}

/// The one check that fails, and what is said of it.
fn failure(tracker: &Installation) -> (String, String) {
    let reply = tracker.get("/health", "").send().reply;
    assert_eq!(reply.status, 503, "{reply:?}");
    let told = told(tracker, &reply);
    assert_eq!(told["status"], "fail");
    let checks = told["checks"].as_object().expect("checks");
    let failed: Vec<_> = checks.iter().filter(|(_, check)| check[0]["status"] == "fail").collect();
    let [(name, check)] = failed[..] else { panic!("not one of them fails: {told}") };
    (name.clone(), check[0]["output"].as_str().expect("a reason").to_owned())
}

fn refreshed(settings: &[&str]) -> Installation {
    let tracker = Installation::new(settings);
    tracker.add("x", 1000);
    tracker.refresh();
    tracker
}

#[test]
fn a_tracker_that_works_is_healthy() {
    for tracker in [refreshed(&["paths.pages = '../www'"]), Installation::in_memory(&[])] {
        tracker.refresh();
        let told = health(&tracker);
        assert_eq!(told["status"], "pass", "{told}");
        let names: Vec<&String> = told["checks"].as_object().expect("checks").keys().collect();
        let expected =
            ["configuration", "pages", "peers:room", "peers:store", "policy:age", "refresh:age"];
        assert_eq!(names, expected);
        let age = &told["checks"]["refresh:age"][0];
        assert_eq!(age["observedUnit"], "seconds");
        assert!(age["observedValue"].as_u64().is_some_and(|age| age < 60), "{told}");
        let head = tracker.get("/health", "").method("HEAD").send().reply;
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn what_is_wrong_is_told_without_a_path_and_how_to_find_more() {
    let fresh = Installation::listed();
    let (name, reason) = failure(&fresh);
    assert_eq!(name, "policy:age");
    assert!(reason.contains("`tracker doctor`"), "{reason}");

    let tracker = refreshed(&[]);
    fs::remove_file(tracker.path("data/peers.db")).expect("a store");
    fs::create_dir(tracker.path("data/peers.db")).expect("what is in its way");
    let (name, reason) = failure(&tracker);
    assert_eq!(name, "peers:store");
    assert!(reason.contains("cannot be used"), "{reason}");

    let tracker = refreshed(&[]);
    fs::write(tracker.path("data/catalog.db"), "garbage").expect("a file");
    let (name, reason) = failure(&tracker);
    assert_eq!(name, "refresh:age");
    assert!(reason.contains("the catalogue cannot be read"), "{reason}");
    fs::write(tracker.path("conf/tracker.toml"), "[tracker]\ncolor = 1").expect("a file");
    let (name, reason) = failure(&tracker);
    assert_eq!(name, "configuration");
    assert!(reason.contains("error log"), "{reason}");
}

#[test]
fn a_refresh_that_is_three_intervals_old_is_too_old() {
    let tracker = refreshed(&[]);
    let age_by = |seconds: u32| {
        let catalog = rusqlite::Connection::open(tracker.path("data/catalog.db")).expect("it");
        let text = format!("UPDATE last_refresh SET at = at - {seconds}");
        catalog.execute_batch(&text).expect("it is older");
    };
    age_by(3 * 1800 - 60);
    assert_eq!(health(&tracker)["status"], "pass");
    age_by(61);
    let (name, reason) = failure(&tracker);
    assert_eq!(name, "refresh:age");
    assert!(reason.contains("the last refresh is long ago"), "{reason}");
    tracker.refresh();
    assert_eq!(health(&tracker)["status"], "pass");
}

#[test]
fn pages_that_could_not_be_written_are_told_until_they_are() {
    let tracker = refreshed(&["paths.pages = '../www'"]);
    // Not even root makes a file there.
    fs::create_dir(tracker.path("www/.tracker-page.new")).expect("what is in the way");
    tracker.add("new", 1000);
    tracker.run(&["refresh", "--force"]).failure();
    let (name, reason) = failure(&tracker);
    assert_eq!(name, "pages");
    assert!(reason.contains("could not write all files"), "{reason}");
    fs::remove_dir(tracker.path("www/.tracker-page.new")).expect("it goes");
    tracker.refresh();
    assert_eq!(health(&tracker)["status"], "pass");
}

/// Its monitor may be the first who asks, and then there is no other request that would refresh.
#[test]
fn where_requests_refresh_the_first_question_brings_health() {
    let tracker = Installation::listed();
    tracker.refresh_on_request();
    assert_eq!(failure(&tracker).0, "policy:age");
    let is_healthy = || {
        let reply = tracker.get("/health", "").send().reply;
        (reply.status == 200).then(|| told(&tracker, &reply))
    };
    let told = crate::harness::poll(std::time::Duration::from_secs(30), is_healthy);
    assert_eq!(told.expect("it becomes healthy")["status"], "pass");
    tracker.wait_for_a_refresh_to_end();
}

#[test]
fn a_responder_says_the_same_and_notices_what_breaks() {
    let tracker = refreshed(&[]);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let reply = responder.get("/health", "");
    assert_eq!(reply.status, 200, "{reply:?}");
    let keys = |told: &Value| {
        let checks = told["checks"].as_object().expect("checks").iter();
        checks.map(|(name, check)| (name.clone(), check[0]["status"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&told(&tracker, &reply)), keys(&health(&tracker)));
    fs::write(tracker.path("conf/tracker.toml"), "[tracker]\ncolor = 1").expect("a file");
    let is_broken = || {
        let reply = responder.get("/health", "");
        (reply.status == 503).then_some(reply)
    };
    let reply = crate::harness::poll(std::time::Duration::from_secs(30), is_broken);
    let told = told(&tracker, &reply.expect("it notices"));
    assert_eq!(told["checks"]["configuration"][0]["status"], json!("fail"));
    responder.stop();
}
