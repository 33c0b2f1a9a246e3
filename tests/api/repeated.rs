//! What is asked for twice with one key is done once.

use std::process::{Child, Stdio};

use serde_json::json;
use tracker_cgi::catalog::{Role, UserDetails};

use crate::harness::admin::catalog;
use crate::harness::installation::{Answer, Installation};
use crate::harness::program::{Program, new_token, value};

fn site() -> Installation {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker
}

fn changes(tracker: &Installation, what: &str) -> usize {
    let all = catalog(tracker).changes().expect("changes");
    all.iter().filter(|it| it.what == what).count()
}

#[test]
fn the_same_request_is_answered_alike_and_done_once() {
    let tracker = site();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, "bans,users");
    let ban = json!({"range": "192.0.2.1", "reason": "a"});
    let first = program.with_key("k-1").json("POST", "bans", &ban);
    let again = program.with_key("k-1").json("POST", "bans", &ban);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(changes(&tracker, "ban"), 1);
    assert_eq!(program.with_key("k-2").json("POST", "bans", &ban).status, 200, "another key");
    assert_eq!(program.json("POST", "bans", &ban).status, 200, "no key");

    let user = json!({"name": "bo", "role": "viewer"});
    let added = program.with_key("u").json("POST", "users", &user);
    assert_eq!(program.with_key("u").json("POST", "users", &user).body, added.body);
    assert_eq!(program.with_key("d").delete("users/bo").status, 204);
    assert_eq!(program.with_key("d").delete("users/bo").status, 204);
    assert_eq!(program.delete("users/bo").status, 404);
}

#[test]
fn another_request_with_the_key_is_refused() {
    let tracker = site();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, "bans").with_key("k");
    let ban = |reason: &str| json!({"range": "192.0.2.1", "reason": reason});
    assert_eq!(program.json("POST", "bans", &ban("a")).status, 201);
    assert_eq!(program.json("POST", "bans", &ban("b")).status, 422);
    assert_eq!(program.delete("bans/192.0.2.1").status, 422);
    let other = Program::new(&tracker, "bo", Role::Administrator, "bans").with_key("k");
    assert_eq!(other.json("POST", "bans", &ban("b")).status, 200, "keys are those of a token");
    for key in ["", "a b", "\u{e5}", &"k".repeat(256)] {
        assert_eq!(program.with_key(key).json("POST", "bans", &ban("a")).status, 400, "{key}");
    }
}

#[test]
fn an_error_is_not_kept() {
    let tracker = site();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, "users");
    let user = json!({"name": "bo", "role": "editor", "groups": ["Archive"]});
    assert_eq!(program.with_key("k").json("POST", "users", &user).status, 422);
    program.json("POST", "groups", &json!({"name": "Archive"}));
    assert_eq!(program.with_key("k").json("POST", "users", &user).status, 201);
}

/// A CGI that has been sent a ban with a key.
fn begin(tracker: &Installation, token: &str) -> Child {
    use std::io::Write as _;
    let body = br#"{"range": "192.0.2.1"}"#;
    let mut process = tracker
        .get("/api/v1/bans", "")
        .method("POST")
        .with("HTTP_AUTHORIZATION", format!("Bearer {token}"))
        .with("HTTP_IDEMPOTENCY_KEY", "k")
        .with("CONTENT_TYPE", "application/json")
        .with("CONTENT_LENGTH", body.len().to_string())
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the CGI starts");
    process.stdin.take().expect("standard input").write_all(body).expect("it reads");
    process
}

fn token(tracker: &Installation) -> String {
    let details = UserDetails::new(Role::Administrator);
    new_token(&mut catalog(tracker), "ingrid", &details, "bans", None)
}

#[test]
fn of_several_at_once_one_does_it_and_the_others_say_the_same() {
    let tracker = site();
    let token = token(&tracker);
    let all: Vec<Child> = (0..4).map(|_| begin(&tracker, &token)).collect();
    let replies: Vec<_> = all
        .into_iter()
        .map(|process| Answer::of(&process.wait_with_output().expect("it runs")).reply)
        .collect();
    assert!(replies.iter().all(|reply| reply.status == 201), "{replies:?}");
    assert!(replies.windows(2).all(|two| two[0].body == two[1].body));
    assert_eq!(changes(&tracker, "ban"), 1);
}

/// Killed while it waits for a refresh, and killed when the ban was made and its answer was not kept yet.
#[test]
fn one_that_is_killed_in_the_middle_can_be_asked_again() {
    let tracker = site();
    let token = token(&tracker);
    let lock = std::fs::File::open(tracker.path("data/refresh.lock")).expect("the lock");
    lock.lock().expect("it is free");
    let mut killed = begin(&tracker, &token);
    let waits = || {
        let waiting = std::fs::read_to_string(format!("/proc/{}/wchan", killed.id()));
        let slept = std::fs::read_to_string(format!("/proc/{}/stat", killed.id()));
        (waiting.is_ok() && slept.is_ok_and(|it| it.contains(") S "))).then_some(())
    };
    crate::harness::poll(std::time::Duration::from_secs(10), waits).expect("it waits");
    killed.kill().expect("it is killed");
    killed.wait().expect("it is gone");
    lock.unlock().expect("it is free again");
    assert_eq!(changes(&tracker, "ban"), 0);
    let send = || Answer::of(&begin(&tracker, &token).wait_with_output().expect("it runs")).reply;
    assert_eq!(send().status, 201);
    rusqlite::Connection::open(tracker.path("data/catalog.db"))
        .and_then(|catalog| catalog.execute("DELETE FROM answered", []))
        .expect("the answer is lost");
    let again = send();
    assert_eq!((again.status, &value(&again)["range"]), (200, &json!("192.0.2.1")));
    assert_eq!(catalog(&tracker).bans().expect("bans").len(), 1);
}
