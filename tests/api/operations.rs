//! Bans, rules on clients, users, groups, the audit list and refreshes, by programs.

use std::io::Write as _;

use serde_json::{Value, json};
use tracker_cgi::catalog::Role;

use crate::harness::fastcgi::{self, Responder};
use crate::harness::http::Reply;
use crate::harness::installation::Installation;
use crate::harness::program::{Program, value};

const ALL: &str = "read,torrents,bans,clients,switches,users";

fn site() -> Installation {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker
}

fn program(tracker: &Installation) -> Program<'_> {
    Program::new(tracker, "ingrid", Role::Administrator, ALL)
}

/// The fields that a problem names.
fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors");
    errors.iter().map(|it| it["field"].as_str().expect("a field")).collect()
}

#[test]
fn a_ban_is_in_force_at_once_and_ends_when_it_is_removed() {
    let tracker = Installation::open();
    let program = program(&tracker);
    let announce = || {
        let query =
            format!("info_hash={}&peer_id=-XX0000-000000000001&port=1&left=0", "%01".repeat(20));
        let value = tracker.get("/announce", query).from("192.0.2.77").send().reply.text();
        value.contains("failure reason")
    };
    assert!(!announce());
    let ban = json!({"range": "192.0.2.0/24", "reason": "too many", "until": "2999-01-31"});
    let added = program.json("POST", "bans", &ban);
    assert_eq!(added.status, 201);
    assert_eq!(value(&added)["until"], 32_474_736_000_u64);
    assert!(announce());
    assert_eq!(program.json("POST", "bans", &json!({"range": "192.0.2.0/24"})).status, 200);
    let bans = value(&program.get("bans"));
    assert_eq!(bans["bans"][0]["range"], "192.0.2.0/24");
    assert_eq!(bans["bans"][0]["until"], Value::Null);
    assert_eq!(value(&program.get("bans/192.0.2.0/24"))["reason"], "");
    assert_eq!(program.delete("bans/192.0.2.0/24").status, 204);
    assert!(!announce());
    for path in ["bans/192.0.2.0/24", "bans/192.0.2.0", "bans/x"] {
        assert_eq!(program.delete(path).status, 404, "{path}");
        assert_eq!(program.get(path).status, 404, "{path}");
    }
    let wrong = json!({"range": "0.0.0.0/0", "until": 5, "reason": "two\nlines", "color": 1});
    let reply = program.json("POST", "bans", &wrong);
    assert_eq!(reply.status, 422);
    assert_eq!(fields(&value(&reply)), ["range", "reason", "until", "color"]);
    assert_eq!(program.get("bans?x=1").status, 400);
}

#[test]
fn bans_of_a_list_are_shown_apart() {
    let tracker = site();
    let program = program(&tracker);
    std::fs::write(tracker.path("list.txt"), "192.0.2.1\n192.0.2.9\n").expect("a list");
    tracker.run(&["ban", "import", "list.txt", "--list", "other"]).done();
    let all = value(&program.get("bans"));
    assert_eq!(all["bans"], json!([]));
    assert_eq!(
        (&all["lists"][0]["name"], &all["lists"][0]["ranges"]),
        (&json!("other"), &json!(2))
    );
    let listed = value(&program.get("bans?list=other"));
    assert_eq!(listed["bans"].as_array().map(Vec::len), Some(2));
    assert_eq!(program.delete("bans/192.0.2.1").status, 404, "those of lists stay");
}

#[test]
fn rules_on_clients_are_made_ordered_and_removed() {
    let tracker = site();
    let program = program(&tracker);
    let deny = json!({"pattern": "qbittorrent<4", "verdict": "deny", "reason": "old"});
    assert_eq!(value(&program.json("POST", "clients", &deny))["pattern"], "qBittorrent < 4");
    let allow = json!({"pattern": "*", "verdict": "allow", "first": true});
    assert_eq!(program.json("POST", "clients", &allow).status, 201);
    assert_eq!(program.json("POST", "clients", &deny).status, 200);
    let all = value(&program.get("clients"));
    let patterns: Vec<_> =
        all["clients"].as_array().expect("rules").iter().map(|it| &it["pattern"]).collect();
    assert_eq!(patterns, ["*", "qBittorrent < 4"]);
    assert_eq!(value(&program.get("clients/qBittorrent < 4"))["reason"], "old");
    assert_eq!(program.delete("clients/qBittorrent < 4").status, 204);
    assert_eq!(program.delete("clients/qBittorrent < 4").status, 404);
    let wrong = program.json("POST", "clients", &json!({"pattern": "", "verdict": "perhaps"}));
    assert_eq!(wrong.status, 422);
    assert_eq!(fields(&value(&wrong)), ["pattern", "verdict"]);
    let nothing = program.json("POST", "clients", &json!({}));
    assert_eq!(fields(&value(&nothing)), ["pattern", "verdict"]);
}

#[test]
fn users_are_added_changed_and_removed_and_the_last_administrator_stays() {
    let tracker = site();
    let program = program(&tracker);
    assert_eq!(program.json("POST", "groups", &json!({"name": "Archive"})).status, 201);
    let new = json!({"name": "\u{c5}sa", "role": "editor", "groups": ["archive"]});
    let added = program.json("POST", "users", &new);
    assert_eq!(added.status, 201);
    let added = value(&added);
    assert_eq!((&added["groups"], &added["has_password"]), (&json!(["Archive"]), &json!(false)));
    assert_eq!(program.json("POST", "users", &new).status, 409);
    let shown = program.get("users/\u{e5}sa");
    let tag = shown.header("etag").expect("a version").to_owned();
    let with = |tag: &str| program.with("HTTP_IF_MATCH", tag);
    let viewer = json!({"role": "viewer", "language": "ru"});
    let changed = with(&tag).json("PATCH", "users/\u{e5}sa", &viewer);
    assert_eq!(changed.status, 200);
    assert_eq!(value(&changed)["groups"], json!(["Archive"]), "what is not said stays");
    assert_eq!(with(&tag).json("PATCH", "users/\u{e5}sa", &viewer).status, 412);
    assert_eq!(with("*").json("PATCH", "users/\u{e5}sa", &json!({"groups": null})).status, 200);
    assert_eq!(value(&program.get("users"))["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(program.delete("users/\u{e5}sa").status, 204);
    for path in ["users/\u{e5}sa", "users/a/b"] {
        assert_eq!(program.delete(path).status, 404);
        assert_eq!(program.json("PATCH", path, &json!({})).status, 404);
        assert_eq!(program.get(path).status, 404);
    }
    assert_eq!(program.delete("users/ingrid").status, 409, "the last administrator");
    for change in [json!({"role": "viewer"}), json!({"disabled": true})] {
        assert_eq!(program.json("PATCH", "users/ingrid", &change).status, 409);
    }
    let wrong = json!({"name": "", "role": "king", "groups": "x", "disabled": 1, "language": "xx"});
    let wrong = value(&program.json("POST", "users", &wrong));
    assert_eq!(fields(&wrong), ["name", "role", "groups", "disabled", "language"]);
    let no_group = json!({"name": "x", "role": "editor", "groups": ["nowhere"]});
    assert_eq!(fields(&value(&program.json("POST", "users", &no_group))), ["groups"]);
    // A password would stand in logs of programs, and let a token become its user.
    let password = json!({"name": "x", "role": "viewer", "password": "correct horse"});
    assert_eq!(fields(&value(&program.json("POST", "users", &password))), ["password"]);
}

#[test]
fn groups_are_added_once_and_removed() {
    let tracker = site();
    let program = program(&tracker);
    assert_eq!(program.json("POST", "groups", &json!({"name": "A/B"})).status, 201);
    assert_eq!(program.json("POST", "groups", &json!({"name": "a/b"})).status, 200);
    assert_eq!(value(&program.get("groups/A/b"))["name"], "A/B");
    assert_eq!(value(&program.get("groups"))["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!(program.delete("groups/a/b").status, 204);
    assert_eq!(program.delete("groups/a/b").status, 404);
    assert_eq!(program.get("groups/a/b").status, 404);
    assert_eq!(program.json("POST", "groups", &json!({"name": " "})).status, 422);
}

#[test]
fn the_audit_list_names_the_user_of_the_token_a_page_at_a_time() {
    let tracker = site();
    let program = program(&tracker);
    for number in 1..=3 {
        program.json("POST", "bans", &json!({"range": format!("192.0.2.{number}")}));
    }
    let page = value(&program.get("changes?what=ban&rows=2"));
    let subjects: Vec<_> =
        page["changes"].as_array().expect("changes").iter().map(|it| &it["subject"]).collect();
    assert_eq!(subjects, ["192.0.2.3", "192.0.2.2"]);
    assert_eq!(page["changes"][0]["who"], "ingrid");
    let rest = value(&program.get(&format!("changes?what=ban&rows=2&before={}", page["next"])));
    assert_eq!(
        (&rest["changes"][0]["subject"], &rest["next"]),
        (&json!("192.0.2.1"), &Value::Null)
    );
    assert_eq!(value(&program.get("changes?who=nobody"))["changes"], json!([]));
    for query in ["rows=0", "before=x", "q=1"] {
        assert_eq!(program.get(&format!("changes?{query}")).status, 400, "{query}");
    }
}

#[test]
fn a_refresh_is_done_now() {
    let tracker = site();
    tracker.add("new", 1000);
    let refreshed = program(&tracker).send("POST", "refresh", "", b"");
    assert!(value(&refreshed)["refreshed_at"].is_u64());
    assert_eq!(
        tracker.get("/api/v1/torrents", "").send().reply.text().matches("\"new\"").count(),
        2
    );
}

/// Nothing is read beyond its limit, and what cannot be read is told.
#[test]
fn bad_bodies_are_refused() {
    let tracker = site();
    let program = program(&tracker);
    let many: Vec<String> = (0..10_000).map(|number| format!("\"f{number}\":{number}")).collect();
    let many = format!("{{{}}}", many.join(","));
    let deep = format!("{{\"range\":{}", "[".repeat(100_000));
    for (content_type, body, status) in [
        ("application/json", many.as_bytes(), 422),
        ("application/json", deep.as_bytes(), 400),
        ("application/json", b"{\"range\": \"192.0.2.1\"", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"", 400),
        ("application/json", b"[]", 400),
        ("text/plain", b"{}", 415),
        ("", b"{}", 415),
        ("application/x-www-form-urlencoded", b"range=192.0.2.1", 415),
        ("application/json", &vec![b' '; (256 << 10) + 1], 413),
    ] {
        let reply = program.send("POST", "bans", content_type, body);
        assert_eq!(reply.status, status, "{content_type}: {reply:?}");
    }
    let body = b"{\"range\": \"192.0.2.1\"}";
    let cut_off = program.answer("POST", "bans", "application/json", body, 100).reply;
    assert_eq!(cut_off.status, 400);
    assert_is_problem(&cut_off);
    let responder = Responder::start(&tracker, &[]);
    for (length, status) in [("999999999", 413), ("many", 400)] {
        let mut stream = responder.connect();
        let head = fastcgi::head(&[
            ("REQUEST_METHOD", "POST"),
            ("SCRIPT_NAME", "/tracker.cgi"),
            ("PATH_INFO", "/api/v1/bans"),
            ("CONTENT_TYPE", "application/json"),
            ("HTTP_AUTHORIZATION", "Bearer x"),
            ("CONTENT_LENGTH", length),
        ]);
        stream.write_all(&head).expect("a responder that reads");
        let reply = fastcgi::read_reply(&mut stream);
        assert_eq!(reply.status, status, "{length}: {reply:?}");
        assert_is_problem(&reply);
    }
    assert_eq!(value(&program.get("bans"))["bans"], json!([]));
    for method in ["PUT", "PATCH", "DELETE"] {
        let reply = program.answer(method, "bans", "", b"", 0).reply;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD, POST, OPTIONS")));
    }
    let reply = program.answer("GET", "refresh", "", b"", 0).reply;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("POST, OPTIONS")));
}

/// Also what the gateway rejects by itself is told as problem details (RFC 9457).
fn assert_is_problem(reply: &Reply) {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
    assert_eq!(value(reply)["status"], reply.status, "{reply:?}");
    assert!(value(reply)["detail"].as_str().is_some_and(|it| it.contains("The request's")));
}

#[test]
fn switches_are_set_over_the_configuration_and_left_to_it_again() {
    let tracker = site();
    let program = program(&tracker);
    let of = |page: &Value, name: &str| {
        let all = page["switches"].as_array().expect("switches");
        all.iter().find(|it| it["name"] == name).expect("it").clone()
    };
    let page = value(&program.get("switches"));
    let scrape = of(&page, "scrape");
    assert_eq!(
        (&scrape["configuration"], &scrape["set"], &scrape["in_force"]),
        (&json!(true), &Value::Null, &json!(true))
    );
    let wanted = json!({"scrape": false, "offline_message": "back on Monday"});
    let changed = program.json("PATCH", "switches", &wanted);
    assert_eq!(changed.status, 200);
    assert_eq!(value(&changed), value(&program.get("switches")));
    let scrape = of(&value(&changed), "scrape");
    assert_eq!((&scrape["set"], &scrape["in_force"]), (&json!(false), &json!(false)));
    let announced = tracker.get("/announce", "x=1").send().reply.text();
    assert!(announced.contains("back on Monday"), "{announced}");
    let reset = program.json("PATCH", "switches", &json!({"offline_message": null}));
    assert_eq!(of(&value(&reset), "offline_message")["set"], Value::Null);
    assert_eq!(of(&value(&reset), "scrape")["set"], false, "what is not named stays");
    let wrong = json!({"identify": "on", "offline_retry": "1s", "gone": true});
    let reply = program.json("PATCH", "switches", &wrong);
    assert_eq!(reply.status, 422);
    assert_eq!(fields(&value(&reply)), ["offline_retry", "identify", "gone"]);
}
