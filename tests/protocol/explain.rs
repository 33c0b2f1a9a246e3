//! `tracker explain`: it says what a CGI and a responder answer, and why.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use super::both::Both;
use super::{Client, client};
use crate::harness::bencode;
use crate::harness::fastcgi::Responder;
use crate::harness::installation::{ANNOUNCE_URL, Installation, Ran};

fn explain(tracker: &Installation, query: &str, from: &str) -> Value {
    let url = format!("{ANNOUNCE_URL}?{query}");
    tracker.run(&["explain", &url, "--from", from, "--json"]).json()
}

/// Asserts that an explanation says what an answer says.
fn assert_same(explained: &Value, answer: &bencode::Value, about: &str) {
    let reply = &explained["reply"];
    let number = |key: &str| answer.number(key);
    for (key, own) in [("interval", "interval"), ("min interval", "min_interval")] {
        assert_eq!(reply[own], number(key), "{about}: {explained}");
    }
    match answer.get("failure reason") {
        Some(_) => {
            let reason = String::from_utf8_lossy(answer.bytes("failure reason"));
            assert_eq!(explained["outcome"], "refused", "{about}: {explained}");
            assert_eq!(reply["failure_reason"], *reason, "{about}: {explained}");
            match answer.get("retry in") {
                None => assert_eq!(reply["retry_in"], Value::Null, "{about}"),
                Some(_) if reply["retry_in"] == "never" => {
                    assert_eq!(answer.bytes("retry in"), b"never", "{about}");
                }
                Some(_) => assert_eq!(reply["retry_in"], number("retry in"), "{about}"),
            }
            let rules = explained["rules"].as_array().expect("rules");
            let deciding = rules.last().expect("a rule");
            assert_eq!(deciding["verdict"], "refuses", "{about}: {explained}");
            assert_eq!(deciding["rule"], explained["decided_by"], "{about}: {explained}");
        }
        None => {
            assert_eq!(explained["outcome"], "answered", "{about}: {explained}");
            assert_eq!(reply["downloaded"], number("downloaded"), "{about}: {explained}");
        }
    }
}

#[test]
fn each_rule_decides_in_an_explanation_as_it_does_in_an_answer() {
    let rules = "access.deny_list = '../denied'\nclients.require_compact = true\n\
                 network.refuse_low_ports = true\nnetwork.families = 'ipv4'";
    let tracker = Installation::new(&[rules]);
    let torrent = tracker.add("a torrent", 1000);
    let denied = tracker.add("denied", 1000);
    let retired = tracker.add("retired", 1000);
    let hash: String = denied.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(tracker.path("denied"), hash).expect("a list");
    tracker.run(&["ban", "add", "10.0.0.9", "--reason", "floods"]).done();
    tracker.run(&["client", "deny", "-ZZ", "--reason", "it gives nothing"]).done();
    tracker.run(&["torrent", "retire", "retired", "--reason", "it is old"]).done();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let own = |number| client(number).of(torrent.info_hash);
    let cases: [(Client, &str, Option<&str>); 11] = [
        (own(1), "", None),
        (own(2), "event=stopped&port=80", None),
        (own(9), "", Some("ban")),
        (own(9), "event=stopped", None),
        (own(3), "compact=0", Some("require_compact")),
        (own(4), "peer_id=-ZZ0001-000000000004", Some("client")),
        (client(5), "", Some("torrents")),
        (client(6).of(denied.info_hash), "", Some("deny_list")),
        (client(7).of(retired.info_hash), "", Some("retired")),
        (own(8), "port=80", Some("refuse_low_ports")),
        (own(10).over_ipv6(), "", Some("families")),
    ];
    for (client, more, rule) in cases {
        let (query, address) = (client.query(more), client.address.to_string());
        let explained = explain(&tracker, &query, &address);
        assert_eq!(explained["decided_by"].as_str(), rule, "{more}: {explained}");
        let reply = responder.get_from(&address, "/announce", &query);
        let told = bencode::parse(&reply.body).expect("a bencoded answer");
        for answer in [client.call(&tracker, more).value(), told] {
            assert_same(&explained, &answer, &query);
        }
    }
    for broken in ["", "port=1", "info_hash=%4&port=1", "info_hash=short", "sha_ih=x"] {
        let explained = explain(&tracker, broken, "10.0.0.1");
        assert_eq!(explained["decided_by"], "malformed", "{explained}");
        assert_same(&explained, &tracker.get("/announce", broken).value(), broken);
    }
}

#[test]
fn switches_decide_before_all_rules() {
    let both = Both::with(&["access.offline_message = 'back on Monday'"]);
    let asker = client(1);
    for (settings, rule, says) in [
        (&["access.offline_message = 'back on Monday'"][..], "offline", "back on Monday"),
        (&["access.gone = '410'", "access.offline_message = 'x'"], "gone", "no longer a tracker"),
    ] {
        both.follow(settings, &asker, says);
        let explained = explain(&both.tracker, &asker.query(""), "10.0.0.1");
        assert_eq!(explained["decided_by"], rule, "{explained}");
        assert_eq!(explained["reply"]["status"], if rule == "gone" { 410 } else { 200 });
        let answer = asker.call(&both.tracker, "").send();
        assert_same(&explained, &bencode::parse(&answer.reply.body).expect("bencoded"), rule);
    }
}

#[test]
fn the_peers_of_a_reply_and_nothing_of_the_announce_itself_are_seen() {
    let tracker = Installation::open();
    client(1).seed(&tracker);
    client(2).announce(&tracker, "");
    client(3).over_ipv6().announce(&tracker, "");
    client(4).announce(&tracker, "port=0");
    for _ in 0..3 {
        let explained = explain(&tracker, &client(5).query("numwant=2"), "10.0.0.5");
        let peers = &explained["peers"];
        assert_eq!(peers["at_most"], 2, "{explained}");
        assert_eq!(peers["seeders"]["ipv4"], 1, "{explained}");
        assert_eq!(
            (&peers["leechers"]["ipv4"], &peers["leechers"]["ipv6"]),
            (&1.into(), &1.into())
        );
        assert_eq!(peers["without_port"], 1, "{explained}");
        assert_eq!(explained["reply"]["complete"], 1, "{explained}");
        assert_eq!(explained["reply"]["incomplete"], 3, "nobody has come: {explained}");
    }
    let seeder = explain(&tracker, &client(5).query("left=0"), "10.0.0.5");
    assert_eq!(seeder["peers"]["seeds_for_leechers"], 1, "{seeder}");
    let known = explain(&tracker, &client(2).query(""), "10.0.0.2");
    assert_eq!(known["peers"]["knows_client"], true, "{known}");
}

#[test]
fn a_torrent_that_was_dropped_in_is_told_and_not_taken_in() {
    let tracker = Installation::listed();
    tracker.refresh();
    let torrent = tracker.add("new", 1000);
    let query = client(1).of(torrent.info_hash).query("");
    for _ in 0..2 {
        let explained = explain(&tracker, &query, "10.0.0.1");
        assert_eq!(explained["outcome"], "answered", "{explained}");
        let notes = explained["notes"].to_string();
        assert!(notes.contains("has changed since it was read last"), "{notes}");
        let rules = explained["rules"].to_string();
        assert!(rules.contains("new: file new.torrent"), "{rules}");
        assert_eq!(tracker.run(&["torrent", "list", "--json"]).json(), serde_json::json!([]));
    }
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let explained = explain(&tracker, &query, "10.0.0.1");
    assert_eq!(explained["notes"], serde_json::json!([]), "{explained}");
}

#[test]
fn without_an_address_it_says_what_depends_on_it() {
    let tracker = Installation::open();
    let query = client(1).query("");
    let first = tracker.run(&["explain", &query]).done();
    assert!(first.contains("nothing was published yet"), "{first}");
    tracker.refresh();
    std::fs::remove_file(tracker.store()).expect("a store");
    let told = tracker.run(&["explain", &query]).done();
    assert!(told.contains("depends on the client's address"), "{told}");
    let told = tracker.run(&["explain", &query, "--from", "10.0.0.1"]).done();
    assert!(told.contains("outcome     answered"), "{told}");
    assert!(!tracker.store().exists(), "it makes no store");
    tracker.configure(&["tracker.torrents = 'open'", "network.trusted_proxies = ['10.0.0.1']"]);
    let told = tracker.run(&["explain", &query, "--from", "10.0.0.1"]).done();
    assert!(told.contains("one of the trusted_proxies"), "{told}");
}

fn explain_lines(tracker: &Installation, lines: &str, arguments: &[&str]) -> Ran {
    let mut command = tracker.command(&[&["explain", "-"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.as_bytes()).expect("it reads");
    drop(input);
    Ran::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn lines_of_an_access_log_are_explained() {
    let tracker = Installation::open();
    tracker.run(&["ban", "add", "10.0.0.2", "--reason", "floods"]).done();
    let line = |number, path: &str| {
        let address = client(number).address;
        format!(
            "{address} - - [30/Nov/2026:03:22:45 +0000] \"GET {path} HTTP/1.1\" 200 99 \"-\" \"Client/1.0\"\n"
        )
    };
    let announce =
        |number| line(number, &format!("/tracker.cgi/announce?{}", client(number).query("")));
    let lines =
        [announce(1), "nonsense\n".into(), announce(2), line(3, "/tracker.cgi/scrape")].concat();
    let told = explain_lines(&tracker, &lines, &[]).done();
    for expected in [
        "from a line of a log of 30/Nov/2026:03:22:45 +0000 with status 200",
        "line 2: nothing can be made of `nonsense`",
        "user agent  Client/1.0",
        "refused, by ban",
        "10.0.0.2, for good",
        "request     scrape",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let told = explain_lines(&tracker, &announce(2), &["--json"]).json();
    assert_eq!((&told["given_as"], &told["address"]), (&"log_line".into(), &"10.0.0.2".into()));
    assert_eq!(told["decided_by"], "ban");
    let other = explain_lines(&tracker, &announce(2), &["--json", "--from", "10.0.0.1"]).json();
    assert_eq!(other["outcome"], "answered", "{other}");
    for nothing in ["", "\n\n", "nonsense\n"] {
        assert_eq!(explain_lines(&tracker, nothing, &[]).status, 2, "{nothing:?}");
    }
}

#[test]
fn other_addresses_and_scrapes_are_explained_and_secrets_cut_off() {
    let tracker = Installation::open();
    client(1).seed(&tracker);
    let told = |path: &str| tracker.run(&["explain", path, "--from", "10.0.0.1", "--json"]).json();
    for (path, asked, status) in [
        ("/tracker.cgi/nothing", "unknown", 404),
        ("/tracker.cgi/stats", "stats", 200),
        ("/tracker.cgi/stats?info_hash=x", "stats", 200),
        ("/tracker.cgi/nothing?info_hash=x", "unknown", 200),
        ("/tracker.cgi", "home", 200),
    ] {
        let explained = told(path);
        assert_eq!(
            (&explained["asked"], &explained["reply"]["status"]),
            (&asked.into(), &status.into())
        );
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        if !query.is_empty() {
            let place = place.strip_prefix("/tracker.cgi").expect("a place");
            let refusal = tracker.get(place, query).refusal();
            assert_eq!(explained["reply"]["failure_reason"], refusal, "{explained}");
        }
    }
    let elsewhere = "http://elsewhere.test/track?info_hash=x";
    let text = tracker.run(&["explain", elsewhere]).done();
    let why =
        "refused: no address for announces or scrapes (the path ends in /track; this tracker's";
    assert!(text.contains(why), "{text}");
    for (url, is_foreign) in [
        ("http://elsewhere.test/tracker.cgi/scrape?info_hash=x", true),
        ("http://tracker.test:80/tracker.cgi/announce?info_hash=x", false),
        ("http://tracker.test/tracker.cgi/0123456789abcdef/scrape", false),
    ] {
        let text = tracker.run(&["explain", url]).done();
        assert_eq!(
            text.contains("this is another address than announce_url"),
            is_foreign,
            "{text}"
        );
    }
    let scraped = told("/tracker.cgi/scrape");
    assert_eq!(scraped["reply"]["files"][0]["complete"], 1, "{scraped}");
    tracker.configure(&["tracker.torrents = 'open'", "tracker.full_scrape = false"]);
    assert_eq!(told("/tracker.cgi/scrape")["decided_by"], "full_scrape");
    let secret = "0123456789abcdef0123";
    let announce = client(1).query("");
    let names =
        ["passkey", "pid", "torrent_pass", "auth_key", "authkey", "uid", "uk", "%70id", "other"];
    let named = names.iter().flat_map(|name| {
        ["announce", "scrape"]
            .map(|place| format!("/tracker.cgi/{place}?{announce}&{name}={secret}"))
    });
    let in_path = [
        format!("/tracker.cgi/{secret}/announce?{announce}"),
        format!("/tracker.cgi/announce?{announce}&{secret}"),
        format!("/tracker.cgi/announce?{announce}?x=http://a/{secret}/announce"),
    ];
    for path in named.chain(in_path) {
        for more in [&[][..], &["--json"]] {
            let ran = tracker.run(&[&["explain", &path, "--from", "10.0.0.1"], more].concat());
            let told = ran.done();
            let is_cut_off = told.contains("0123…") || told.contains("http…");
            assert!(is_cut_off && !told.contains(secret), "{path}: {told}");
        }
    }
    for path in [
        "announce/SECRET",
        "announce.php/SECRET",
        "bt/SECRET/announce",
        "SECRET/scrape/x",
        "SECRET",
    ] {
        let path = path.replace("SECRET", secret);
        for given in
            [format!("/tracker.cgi/{path}?{announce}"), format!("/tracker.cgi/{path}"), path]
        {
            for more in [&[][..], &["--json"]] {
                let ran = tracker.run(&[&["explain", &given, "--from", "10.0.0.1"], more].concat());
                let told = ran.output + &ran.errors;
                assert!(!told.contains(secret), "{given}: {told}");
            }
        }
    }
    let line = format!("10.0.0.1 - - [1/Jan/2026:00:00:00 +0000] \"{secret}\" 400 0\n");
    let told = explain_lines(&tracker, &line, &["--json"]);
    assert!(told.output.contains("0123…") && !told.output.contains(secret), "{told:?}");
}

#[test]
fn what_nothing_can_be_made_of_is_wrong_usage() {
    let tracker = Installation::open();
    for wrong in
        [&["explain"][..], &["explain", ""], &["explain", "udp://a/announce"], &["explain", "x"]]
    {
        let ran = tracker.run(wrong);
        assert_eq!((ran.status, ran.output.as_str()), (2, ""), "{ran:?}");
    }
    let ran = tracker.run(&["explain", "a=1", "--from", "nowhere"]);
    assert_eq!(ran.status, 2, "{ran:?}");
}
