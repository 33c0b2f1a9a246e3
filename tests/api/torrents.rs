//! Torrents that programs add, decide about and remove, and their peers.

use serde_json::{Value, json};
use tracker_cgi::catalog::Role;

use super::{announce, hex};
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::program::{Program, value};
use crate::harness::torrent::Torrent;

fn site() -> Installation {
    let tracker = Installation::listed();
    tracker.refresh();
    tracker
}

fn program(tracker: &Installation) -> Program<'_> {
    Program::new(tracker, "ingrid", Role::Administrator, "read,torrents")
}

fn shown(tracker: &Installation, hash: &str) -> Value {
    value(&tracker.get(&format!("/api/v1/torrents/{hash}"), "").send().reply)
}

/// The parts of a form: a name, what follows it in the header, and the content.
fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, more, content) in parts {
        let head =
            format!("--bound\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--bound--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=bound";

#[test]
fn a_torrent_is_added_by_its_hash_or_a_magnet_link_and_shown_at_once() {
    let tracker = site();
    let program = program(&tracker);
    let (one, other) = ("ab".repeat(20), "cd".repeat(20));
    let added =
        json!({"hash": one, "title": "A title", "category": "music", "list_until": "2999-01-31"});
    let reply = program.json("POST", "torrents", &added);
    assert_eq!(reply.status, 201);
    assert_eq!(value(&reply)["torrents"][0]["info_hash"], one);
    let torrent = shown(&tracker, &one);
    assert_eq!((&torrent["title"], &torrent["category"]), (&json!("A title"), &json!("music")));
    let magnet =
        json!({"magnet": format!("magnet:?xt=urn:btih:{other}&dn=a+name"), "hidden": true});
    assert_eq!(program.json("POST", "torrents", &magnet).status, 201);
    assert_eq!(shown(&tracker, &other)["status"], 404, "it is hidden");
    let again = program.json("POST", "torrents", &magnet);
    assert_eq!((again.status, &value(&again)["torrents"][0]["verdict"]), (200, &json!("hidden")));
    for wrong in [
        json!({}),
        json!({"hash": one, "magnet": "x"}),
        json!({"hash": "x"}),
        json!({"magnet": "magnet:?x"}),
        json!({"hash": "ef".repeat(20), "mirror": "javascript:x"}),
        json!({"hash": "ef".repeat(20), "list_from": "2999-01-01", "list_until": "2998-01-01"}),
    ] {
        assert_eq!(program.json("POST", "torrents", &wrong).status, 422, "{wrong}");
    }
    assert_eq!(shown(&tracker, &"ef".repeat(20))["status"], 404);
}

#[test]
fn files_are_added_as_they_are_or_in_a_form_each_with_a_verdict() {
    let tracker = site();
    std::fs::create_dir(tracker.path("www/torrents/linux")).expect("a category");
    let program = program(&tracker);
    let [one, two, foreign] = ["one", "two", "foreign"].map(|name| {
        let url = if name == "foreign" { "http://other.example/announce" } else { ANNOUNCE_URL };
        Torrent::new(name, 1000, url)
    });
    let raw = program.send("POST", "torrents", "application/x-bittorrent", &one.metainfo);
    assert_eq!(raw.status, 201, "{raw:?}");
    assert_eq!(shown(&tracker, &hex(&one))["title"], "one");
    let parts = form(&[
        ("file", "; filename=\"one.torrent\"", &one.metainfo),
        ("file", "; filename=\"../two.torrent\"", &two.metainfo),
        ("file", "; filename=\"foreign.torrent\"", &foreign.metainfo),
        ("torrent", "", "ab".repeat(20).as_bytes()),
        ("category", "", b"linux"),
        ("group", "", b"Archive"),
    ]);
    let reply = program.send("POST", "torrents", FORM, &parts);
    assert_eq!(reply.status, 201, "{reply:?}");
    let outcome = value(&reply);
    let verdicts: Vec<_> =
        outcome["torrents"].as_array().expect("all").iter().map(|it| &it["verdict"]).collect();
    assert_eq!(verdicts, ["known", "added", "refused", "added"]);
    assert_eq!(
        (&outcome["added"], &outcome["known"], &outcome["refused"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let torrent = shown(&tracker, &hex(&two));
    assert_eq!((&torrent["category"], &torrent["group"]), (&json!("linux"), &json!("Archive")));
    assert!(tracker.path("www/torrents/linux/two.torrent").exists());

    let rewritten = form(&[
        ("file", "; filename=\"foreign.torrent\"", &foreign.metainfo),
        ("rewrite", "", b"true"),
    ]);
    assert_eq!(program.send("POST", "torrents", FORM, &rewritten).status, 201);
    for (parts, field) in [
        (form(&[("file", "; filename=\"x\"", b"<html>")]), "x"),
        (form(&[("torrent", "", b"x"), ("category", "", b"../..")]), "category"),
        (form(&[("torrent", "", b"x"), ("rewrite", "", b"yes")]), "rewrite"),
        (form(&[]), "file"),
    ] {
        let reply = program.send("POST", "torrents", FORM, &parts);
        assert_eq!((reply.status, &value(&reply)["errors"][0]["field"]), (422, &json!(field)));
    }
    let whole = form(&[("torrent", "", b"x")]);
    let broken = &whole[..whole.len() - 8];
    assert_eq!(program.send("POST", "torrents", FORM, broken).status, 400);
    let refused = program.send("POST", "torrents", "application/zip", b"PK\x03\x04");
    assert_eq!(refused.status, 422);
    assert_eq!(program.send("POST", "torrents", "text/html", b"x").status, 415);
    let large = vec![b' '; (10 << 20) + 1];
    assert_eq!(program.send("POST", "torrents", "application/x-bittorrent", &large).status, 413);
    assert_eq!(program.send("POST", "torrents", "application/json", &large[..300_000]).status, 413);
}

#[test]
fn all_that_can_be_decided_is_decided_and_taken_back() {
    let tracker = site();
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    let program = program(&tracker);
    let path = format!("torrents/{}", hex(&torrent));
    let all = json!({
        "hidden": true, "title": "T", "description": "one\ntwo", "category": "c", "group": "g",
        "mirror": "https://m.example/", "info_url": "https://i.example/", "crc32": "0123ABCD",
        "md5": "0".repeat(32), "sha1": "1".repeat(40), "sha256": "2".repeat(64), "retired": "it is old",
        "link_until": 5_000_000_000_u64, "list_from": 1, "list_until": "2999-01-01",
    });
    let reply = program.json("PATCH", &path, &all);
    assert_eq!(reply.status, 200, "{reply:?}");
    let decided = value(&reply);
    assert_eq!((&decided["hidden"], &decided["retired"]), (&json!(true), &json!("it is old")));
    let mut expected = all.clone();
    expected["crc32"] = json!("0123abcd");
    expected["list_until"] = json!(32_472_144_000_u64);
    assert_eq!(decided["decision"], expected);
    assert_eq!(shown(&tracker, &hex(&torrent))["status"], 404, "hidden, too");

    let nulls: Value = all
        .as_object()
        .expect("fields")
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let reply = program.json("PATCH", &path, &nulls);
    assert!(value(&reply)["decision"].as_object().expect("all").values().all(Value::is_null));
    assert_eq!(shown(&tracker, &hex(&torrent))["title"], "x");

    for (change, hidden, retired) in [
        (json!({"hidden": true}), true, Value::Null),
        (json!({"retired": true}), true, json!("")),
        (json!({"hidden": false, "retired": false}), false, Value::Null),
    ] {
        let now = value(&program.json("PATCH", &path, &change));
        assert_eq!((&now["hidden"], &now["retired"]), (&json!(hidden), &retired), "{change}");
    }
    for (wrong, field) in [
        (json!({"hidden": "yes"}), "hidden"),
        (json!({"retired": 1}), "retired"),
        (json!({"title": 1}), "title"),
        (json!({"md5": "x"}), "md5"),
        (json!({"link_until": "soon"}), "link_until"),
        (json!({"list_from": 5, "list_until": 4}), "list_from"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let reply = program.json("PATCH", &path, &wrong);
        assert_eq!((reply.status, &value(&reply)["errors"][0]["field"]), (422, &json!(field)));
    }
    let unknown = format!("torrents/{}", "0".repeat(40));
    assert_eq!(program.json("PATCH", &unknown, &json!({})).status, 404);
}

#[test]
fn of_two_that_change_a_torrent_at_once_the_second_one_notices() {
    let tracker = site();
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    let program = program(&tracker);
    let path = format!("torrents/{}", hex(&torrent));
    let tag = program.get(&format!("{path}/decision")).header("etag").expect("a tag").to_owned();
    let with = |tag: &str| program.with("HTTP_IF_MATCH", tag);
    let first = with(&tag).json("PATCH", &path, &json!({"title": "first"}));
    let second = with(&tag).json("PATCH", &path, &json!({"title": "second"}));
    assert_eq!((first.status, second.status), (200, 412));
    assert_eq!(shown(&tracker, &hex(&torrent))["title"], "first");
    let now = first.header("etag").expect("a tag");
    assert_eq!(now.trim_matches('"'), value(&first)["version"]);
    assert_eq!(with(now).json("PATCH", &path, &json!({"title": "second"})).status, 200);
}

#[test]
fn a_torrent_without_a_file_can_be_removed() {
    let tracker = site();
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    let program = program(&tracker);
    let hash = "ab".repeat(20);
    program.json("POST", "torrents", &json!({"hash": hash}));
    assert_eq!(program.delete(&format!("torrents/{hash}")).status, 204);
    assert_eq!(program.delete(&format!("torrents/{hash}")).status, 404);
    let kept = program.delete(&format!("torrents/{}", hex(&torrent)));
    assert_eq!(kept.status, 409);
    assert!(kept.text().contains("torrents folder"), "{kept:?}");
}

#[test]
fn the_peers_of_a_torrent_come_with_their_addresses() {
    let tracker = site();
    let torrent = tracker.add("x", 1000);
    tracker.refresh();
    for (peer, left) in [(1, 0), (2, 250), (3, 1000)] {
        announce(&tracker, &torrent, peer, left);
    }
    let program = program(&tracker);
    let mut path = format!("torrents/{}/peers?rows=2", hex(&torrent));
    let mut seen = Vec::new();
    loop {
        let page = value(&program.get(&path));
        seen.extend(page["peers"].as_array().expect("peers").clone());
        let Some(next) = page["next"].as_u64() else { break };
        path = format!("torrents/{}/peers?rows=2&from={next}", hex(&torrent));
    }
    seen.sort_by_key(|it| it["addresses"][0].as_str().map(str::to_owned));
    let brief: Vec<_> = seen
        .iter()
        .map(|it| (it["addresses"][0].clone(), it["role"].clone(), it["progress"].clone()))
        .collect();
    let row = |address, role, progress: f64| (json!(address), json!(role), json!(progress));
    let expected = [
        row("192.0.2.1:6881", "seeder", 1.0),
        row("192.0.2.2:6881", "leecher", 0.75),
        row("192.0.2.3:6881", "leecher", 0.0),
    ];
    assert_eq!(brief, expected);
    let read = Program::new(&tracker, "bo", Role::Administrator, "torrents");
    assert_eq!(read.get(&path).status, 403, "addresses need the scope read");
    assert_eq!(program.get(&format!("torrents/{}/peers", "0".repeat(40))).status, 404);
    assert_eq!(program.get(&format!("torrents/{}/peers?rows=x", "0".repeat(40))).status, 400);
}
