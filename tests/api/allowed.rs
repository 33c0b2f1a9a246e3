//! Who may do what: each operation, by those who must not have it.

use serde_json::{Value, json};
use tracker_cgi::catalog::{Author, Role, UserDetails, UserName};
use tracker_cgi::protocol::Timestamp;

use super::hex;
use crate::harness::admin::{Admin, catalog};
use crate::harness::checkout;
use crate::harness::fastcgi::Responder;
use crate::harness::installation::Installation;
use crate::harness::program::{Program, new_token, now, value};

const ALL: &str = "read,torrents,bans,clients,switches,users";

/// All operations that need a token, with something in the places of names, as they are described.
fn operations() -> Vec<(String, String)> {
    let path = checkout().join("www/api/openapi.json");
    let description: Value =
        serde_json::from_slice(&std::fs::read(path).expect("a description")).expect("JSON");
    let mut all = Vec::new();
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            if operation["security"].is_array() {
                let path = path
                    .trim_start_matches('/')
                    .replace("{info_hash}", &"1".repeat(40))
                    .replace("{range}", "192.0.2.7")
                    .replace("{pattern}", "-XL")
                    .replace("{name}", "nobody");
                all.push((method.to_uppercase(), path));
            }
        }
    }
    assert_eq!(all.len(), 26);
    all
}

fn send_all(program: &Program<'_>) -> Vec<(String, u16)> {
    let send = |(method, path): (String, String)| {
        let status = program.send(&method, &path, "application/json", b"{}").status;
        (format!("{method} {path}"), status)
    };
    operations().into_iter().map(send).collect()
}

fn site() -> Installation {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker
}

#[test]
fn without_a_token_that_counts_nothing_is_done() {
    let tracker = site();
    let details = UserDetails::new(Role::Administrator);
    let token = |name: &str, details: &UserDetails, until| {
        new_token(&mut catalog(&tracker), name, details, ALL, until)
    };
    let over = token("over", &details, Some(Timestamp(now().0 - 1)));
    let disabled = token("disabled", &UserDetails { is_disabled: true, ..details.clone() }, None);
    let valid = token("valid", &details, None);
    let mut address = 0;
    for (header, error) in [
        ("", None),
        (&*format!("Bearer {over}"), Some("invalid_token")),
        (&format!("Bearer {disabled}"), Some("invalid_token")),
        (&format!("Bearer {valid}x"), Some("invalid_token")),
        (&format!("Basic {valid}"), Some("invalid_token")),
        (&valid, Some("invalid_token")),
    ] {
        for (method, path) in operations() {
            address += 1;
            let program = Program::without_token(&tracker)
                .with("HTTP_AUTHORIZATION", header)
                .with("REMOTE_ADDR", &format!("198.51.{}.{}", address / 256, address % 256));
            let reply = program.send(&method, &path, "application/json", b"{}");
            assert_eq!(reply.status, 401, "{header} {method} {path}");
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer realm="), "{challenge}");
            assert_eq!(challenge.contains("invalid_token"), error.is_some(), "{challenge}");
        }
    }
}

/// As with a browser that has signed in, which another site has ask.
#[test]
fn a_cookie_is_no_token() {
    let tracker = site();
    let mut admin = Admin::signed_in(&tracker, "ingrid", Role::Administrator);
    let (name, cookie) = admin.cookies().iter().next().expect("a session");
    let program = Program::without_token(&tracker).with("HTTP_COOKIE", &format!("{name}={cookie}"));
    assert!(send_all(&program).iter().all(|(_, status)| *status == 401));
    let asked = tracker.get("/api/v1/bans", "").method("OPTIONS").send().reply;
    assert_eq!(asked.header("access-control-allow-methods"), Some("GET, HEAD"));
    assert_eq!(asked.header("access-control-allow-headers"), Some("If-None-Match"));
    assert_eq!(asked.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
}

#[test]
fn a_token_does_only_what_its_scopes_say() {
    let tracker = site();
    for (scopes, allowed) in [
        ("read", &["GET"][..]),
        ("torrents", &["POST torrents", "PATCH torrents", "DELETE torrents", "POST refresh"]),
        ("bans", &["GET bans", "POST bans", "DELETE bans"]),
        ("clients", &["GET clients", "POST clients", "DELETE clients"]),
        ("switches", &["GET switches", "PATCH switches"]),
        ("users", &["GET users", "POST users", "PATCH users", "DELETE users"]),
    ] {
        let program = Program::new(&tracker, "ingrid", Role::Administrator, scopes);
        for (what, status) in send_all(&program) {
            let may = allowed.iter().any(|it| what.starts_with(it))
                || (scopes == "users" && what.contains("groups"))
                || (scopes == "torrents" && what.ends_with("decision"));
            assert_eq!(status != 403, may, "{scopes}: {what} {status}");
        }
    }
    let unknown = Program::new(&tracker, "ingrid", Role::Administrator, "read,everything");
    assert_eq!(unknown.get("bans").status, 401, "a scope of a later version");
}

#[test]
fn a_role_keeps_from_what_no_scope_allows() {
    let tracker = site();
    let viewer = Program::new(&tracker, "viewer", Role::Viewer, ALL);
    for (what, status) in send_all(&viewer) {
        let hidden = ["users", "groups", "changes"].iter().any(|it| what.contains(it));
        let may = what.starts_with("GET") && !hidden;
        assert_eq!(status != 403, may, "viewer: {what} {status}");
    }
    let member = Program::new(&tracker, "member", Role::Member, ALL);
    assert!(send_all(&member).iter().all(|(_, status)| *status == 403));
    let editor = Program::new(&tracker, "editor", Role::Editor, ALL);
    for (what, status) in send_all(&editor) {
        let may = what.contains("torrents") && !what.starts_with("DELETE");
        assert_eq!(status != 403, may, "editor: {what} {status}");
    }
}

#[test]
fn an_editor_has_the_torrents_of_their_groups_only() {
    let tracker = Installation::listed();
    let (ours, theirs) = (tracker.add("ours", 1000), tracker.add("theirs", 1000));
    tracker.drop_in("ours.toml", b"group = 'Archive'");
    tracker.drop_in("theirs.toml", b"group = 'Others'");
    tracker.refresh();
    let author = Author { name: "test", at: now() };
    for name in ["Archive", "Others"] {
        catalog(&tracker).add_group(&UserName::parse(name).expect("a name"), &author).expect("it");
    }
    let details = UserDetails { groups: vec!["archive".into()], ..UserDetails::new(Role::Editor) };
    let editor = Program::of_user(&tracker, "editor", &details, ALL);
    let at = |torrent, below: &str| format!("torrents/{}{below}", hex(torrent));
    assert_eq!(editor.get(&at(&ours, "/decision")).status, 200);
    assert_eq!(editor.get(&at(&ours, "/peers")).status, 200);
    for below in ["/decision", "/peers"] {
        assert_eq!(editor.get(&at(&theirs, below)).status, 404);
    }
    let title = json!({"title": "A title"});
    assert_eq!(editor.json("PATCH", &at(&theirs, ""), &title).status, 404);
    assert_eq!(editor.json("PATCH", &at(&ours, ""), &title).status, 200);
    let given_away = editor.json("PATCH", &at(&ours, ""), &json!({"group": "Others"}));
    assert_eq!(given_away.status, 422);
    assert_eq!(value(&given_away)["errors"][0]["field"], "group");
    assert_eq!(editor.json("PATCH", &at(&ours, ""), &json!({"group": null})).status, 200);

    let hash = "ab".repeat(20);
    let added = editor.json("POST", "torrents", &json!({"hash": hash, "group": "Others"}));
    assert_eq!(added.status, 422);
    assert_eq!(editor.json("POST", "torrents", &json!({"hash": hash})).status, 201);
    let decided = value(&editor.get(&format!("torrents/{hash}/decision")));
    assert_eq!(decided["decision"]["group"], "Archive");
    let of_no_group = Program::new(&tracker, "lonely", Role::Editor, ALL);
    let hash = json!({"hash": "cd".repeat(20)});
    assert_eq!(of_no_group.json("POST", "torrents", &hash).status, 403);
}

#[test]
fn wrong_tokens_are_slowed_down_for_their_address_and_right_ones_are_not() {
    let tracker = site();
    let right = Program::new(&tracker, "ingrid", Role::Administrator, "bans");
    let wrong = right.with("HTTP_AUTHORIZATION", "Bearer tct_wrong");
    let statuses: Vec<u16> = (0..14).map(|_| wrong.get("bans").status).collect();
    assert!(statuses.starts_with(&[401; 10]) && statuses.contains(&429), "{statuses:?}");
    let reply = wrong.get("bans");
    let wait = reply.header("retry-after").and_then(|it| it.parse::<u32>().ok());
    assert!(reply.status == 401 || wait.is_some_and(|it| it > 0), "{reply:?}");
    assert_eq!(right.get("bans").status, 200);
    assert_eq!(wrong.with("REMOTE_ADDR", "203.0.113.9").get("bans").status, 401);
}

#[test]
fn the_use_of_a_token_is_noted() {
    let tracker = site();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, "bans");
    let used = || catalog(&tracker).tokens(None).expect("tokens")[0].last_used;
    assert_eq!(used(), None);
    assert_eq!(program.get("bans").status, 200);
    assert!(used().is_some_and(|at| now().0 - at.0 < 60));
}

#[test]
fn who_may_not_see_statistics_may_use_a_token() {
    let tracker = Installation::new(&["access.stats_from = ['203.0.113.7']"]);
    tracker.refresh();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, "bans");
    assert_eq!(program.get("bans").status, 200);
    assert_eq!(tracker.get("/api/v1/stats", "").send().reply.status, 403);
}

#[test]
fn where_the_administration_is_off_nothing_is_done() {
    let tracker = site();
    let program = Program::new(&tracker, "ingrid", Role::Administrator, ALL);
    tracker.configure(&["admin.enabled = false"]);
    assert!(send_all(&program).iter().all(|(_, status)| *status == 403));
}

#[test]
fn a_replica_sends_programs_to_the_owners_host() {
    let tracker = Installation::new(&[
        "farm.role = 'replica'",
        "farm.owner_url = 'https://owner.example/anything'",
    ]);
    let program = Program::without_token(&tracker).with("HTTP_AUTHORIZATION", "Bearer tct_x");
    for (what, status) in send_all(&program) {
        assert_eq!(status, 307, "{what}");
    }
    let reply = program.get("bans/192.0.2.0/24?x=%20");
    let expected = "https://owner.example/tracker.cgi/api/v1/bans/192.0.2.0/24?x=%20";
    assert_eq!(reply.header("location"), Some(expected));
    let reply = program.delete("users/\u{e5}sa b");
    let expected = "https://owner.example/tracker.cgi/api/v1/users/%C3%A5sa%20b";
    assert_eq!(reply.header("location"), Some(expected));
    tracker.configure(&["farm.role = 'replica'"]);
    assert_eq!(program.get("bans").status, 404);
}

/// A responder keeps bodies for those with a token only, and answers as a CGI does.
#[test]
fn a_responder_does_the_same() {
    use crate::harness::fastcgi::{body, head, read_reply};
    use std::io::Write as _;

    let tracker = site();
    let token = new_token(
        &mut catalog(&tracker),
        "ingrid",
        &UserDetails::new(Role::Administrator),
        "bans",
        None,
    );
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let send = |method, path, header: &str, content: &str| {
        let length = content.len().to_string();
        let params = [
            ("REQUEST_METHOD", method),
            ("SCRIPT_NAME", "/tracker.cgi"),
            ("PATH_INFO", path),
            ("REMOTE_ADDR", "192.0.2.1"),
            ("CONTENT_TYPE", "application/json"),
            ("CONTENT_LENGTH", &length),
            ("HTTP_AUTHORIZATION", header),
        ];
        // Without one, as web servers do.
        let count = if header.is_empty() { 6 } else { 7 };
        let mut stream = responder.connect();
        let sent = [head(&params[..count]), body(content.as_bytes()), body(b"")].concat();
        stream.write_all(&sent).expect("a request is sent");
        read_reply(&mut stream)
    };
    let header = format!("Bearer {token}");
    let ban = r#"{"range": "203.0.113.0/24", "reason": "no"}"#;
    assert_eq!(send("POST", "/api/v1/bans", "", ban).status, 401);
    assert_eq!(send("POST", "/api/v1/bans", &header, ban).status, 201);
    let found = send("GET", "/api/v1/bans/203.0.113.0/24", &header, "");
    assert_eq!((found.status, &value(&found)["reason"]), (200, &json!("no")));
    let refusal = responder.get_from(
        "203.0.113.7",
        "/announce",
        &format!("info_hash={}&peer_id=-XX0000-000000000001&port=6881&left=0", "%01".repeat(20)),
    );
    assert!(refusal.text().contains("no"), "{refusal:?}");
    assert_eq!(send("DELETE", "/api/v1/bans/203.0.113.0/24", &header, "").status, 204);
    assert_eq!(send("GET", "/api/v1/bans/203.0.113.0/24", &header, "").status, 404);
    responder.stop();
}
