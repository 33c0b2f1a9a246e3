//! What programs read below `/api/v1`, held against the description that the tracker gives of it.

mod allowed;
mod operations;
mod repeated;
mod torrents;
mod web_servers;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::apache::{self, Mpm};
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, encode, request};
use crate::harness::installation::Installation;
use crate::harness::schema::Description;
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

fn hex(torrent: &Torrent) -> String {
    torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn description() -> Description {
    let path = crate::harness::checkout().join("www/api/openapi.json");
    Description(serde_json::from_slice(&fs::read(path).expect("a description")).expect("JSON"))
}

/// The path by which an address is described.
fn described(address: &str) -> String {
    let path = address.strip_prefix("/api/v1").expect("an address of the API");
    match path.strip_prefix("/torrents/") {
        Some(_) => "/torrents/{info_hash}".into(),
        None => path.into(),
    }
}

/// An answer's content, once it is as described.
fn checked(address: &str, reply: &Reply) -> Value {
    let description = description();
    let content_type = reply.header("content-type").expect("a type");
    let schema = description.schema_of(&described(address), reply.status, content_type);
    let value: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let faults = description.faults(schema, &value);
    assert!(faults.is_empty(), "{address} {}: {faults:#?}", reply.status);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{address}: {reply:?}");
    if reply.status != 200 {
        assert_eq!(content_type, "application/problem+json");
        assert_eq!(value["status"], reply.status);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    value
}

fn get(tracker: &Installation, address: &str, query: &str) -> Value {
    let reply = tracker.get(address, query).send().reply;
    assert_eq!(reply.status, 200, "{address}?{query}: {reply:?}");
    checked(address, &reply)
}

fn problem(tracker: &Installation, address: &str, query: &str, status: u16) -> Value {
    let reply = tracker.get(address, query).send().reply;
    assert_eq!(reply.status, status, "{address}?{query}: {reply:?}");
    checked(address, &reply)
}

fn announce(tracker: &Installation, torrent: &Torrent, peer: u8, left: u32) {
    announce_as(tracker, torrent, (peer, left), "");
}

fn announce_as(tracker: &Installation, torrent: &Torrent, (peer, left): (u8, u32), more: &str) {
    let hash = encode(&torrent.info_hash);
    let query =
        format!("info_hash={hash}&peer_id=-XX0000-0000000000{peer:02}&port=6881&left={left}{more}");
    tracker.get("/announce", query).from(&format!("192.0.2.{peer}")).value();
}

fn names(page: &Value) -> Vec<&str> {
    let torrents = page["torrents"].as_array().expect("torrents");
    torrents.iter().map(|torrent| torrent["title"].as_str().expect("a title")).collect()
}

/// Three torrents, of which one is much asked for, and others that nobody may see.
fn tracker(settings: &[&str]) -> (Installation, Torrent, Torrent) {
    let tracker = Installation::new(settings);
    let popular = tracker.add("b popular", 100_000);
    tracker.add("a plain", 3000);
    let other = Torrent::new("c other", 2000, crate::harness::installation::ANNOUNCE_URL);
    tracker.drop_in("music/live/other.torrent", &other.metainfo);
    let retired = tracker.add("retired", 1000);
    tracker.add("hidden", 1000);
    tracker.add("unlisted", 1000);
    let denied = tracker.add("denied", 1000);
    fs::write(tracker.path("conf/deny"), format!("{}\n", hex(&denied))).expect("a list");
    tracker.drop_in("unlisted.toml", b"list_from = 2999-01-01");
    tracker.drop_in(
        "b popular.toml",
        b"title = 'B <Popular>'\ndescription = 'One & all.'\ngroup = 'G & H'\ncrc32 = '0123abcd'\n\
          mirror = 'https://mirror.example/b'\ninfo_url = 'https://example.org/b'\n\
          list_until = 2999-01-01\nlink_until = 2999-01-01",
    );
    tracker.refresh();
    tracker.run(&["torrent", "hide", "hidden"]).done();
    tracker.run(&["torrent", "retire", "retired", "--reason", "use version 2"]).done();
    tracker.configure(&[&["access.deny_list = 'deny'"], settings].concat());
    announce(&tracker, &popular, 1, 0);
    announce(&tracker, &popular, 2, 5);
    tracker.refresh();
    (tracker, popular, retired)
}

#[test]
fn the_listed_torrents_come_chosen_sorted_and_a_page_at_a_time() {
    let (tracker, popular, _) = tracker(&[]);
    let all = get(&tracker, "/api/v1/torrents", "");
    assert_eq!(names(&all), ["a plain", "B <Popular>", "c other"]);
    assert_eq!((&all["total"], &all["page"], &all["pages"]), (&json!(3), &json!(1), &json!(1)));
    assert_eq!((&all["links"]["previous"], &all["links"]["next"]), (&Value::Null, &Value::Null));
    assert!(all["refreshed_at"].is_u64());
    let row = &all["torrents"][1];
    assert_eq!(row["info_hash"], hex(&popular));
    assert_eq!((&row["seeders"], &row["leechers"]), (&json!(1), &json!(1)));
    assert_eq!((&row["size"], &row["group"]), (&json!(100_000), &json!("G & H")));
    assert_eq!(row["links"]["mirror"], "https://mirror.example/b");
    let file = "http://tracker.test/torrents/b%20popular.torrent";
    assert_eq!(row["links"]["torrent"], file);
    assert_eq!(all["torrents"][2]["category"], "music/live");

    // As of the last refresh.
    announce(&tracker, &popular, 3, 0);
    assert_eq!(get(&tracker, "/api/v1/torrents", "query=popular")["torrents"][0]["seeders"], 1);

    for (query, expected) in [
        ("sort=-name", vec!["c other", "B <Popular>", "a plain"]),
        ("sort=size", vec!["B <Popular>", "a plain", "c other"]),
        ("sort=seeders&rows=1", vec!["B <Popular>"]),
        ("query=PLAIN", vec!["a plain"]),
        ("query=%3Cpop", vec!["B <Popular>"]),
        ("query=c+other", vec!["c other"]),
        ("category=music", vec!["c other"]),
        ("category=mus", vec![]),
        ("group=G+%26+H", vec!["B <Popular>"]),
        ("group=G", vec![]),
        ("query=&category=&page=", vec!["a plain", "B <Popular>", "c other"]),
        ("query=retired", vec![]),
        ("page=4&rows=1", vec![]),
    ] {
        assert_eq!(names(&get(&tracker, "/api/v1/torrents", query)), expected, "{query}");
    }
    let by_hash = format!("query={}", hex(&popular).to_uppercase());
    assert_eq!(names(&get(&tracker, "/api/v1/torrents", &by_hash)), ["B <Popular>"]);
}

#[test]
fn whoever_follows_the_links_sees_each_torrent_once() {
    let (tracker, ..) = tracker(&[]);
    let mut seen = Vec::new();
    let mut query = "rows=1&sort=-size".to_owned();
    loop {
        let page = get(&tracker, "/api/v1/torrents", &query);
        assert_eq!((&page["total"], &page["pages"]), (&json!(3), &json!(3)));
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["links"]["next"].as_str() else { break };
        query = next.strip_prefix('?').expect("a query").to_owned();
    }
    assert_eq!(seen, ["c other", "a plain", "B <Popular>"]);
}

#[test]
fn one_torrent_is_told_whole_and_as_it_is_now() {
    let (tracker, popular, retired) = tracker(&[]);
    let address = format!("/api/v1/torrents/{}", hex(&popular));
    let torrent = get(&tracker, &address, "");
    assert_eq!(
        torrent["swarm"],
        json!({"seeders": 1, "leechers": 1, "partial_seeds": 0, "completed": 0})
    );
    announce(&tracker, &popular, 3, 0);
    assert_eq!(get(&tracker, &address, "")["swarm"]["seeders"], 2);
    announce_as(&tracker, &popular, (2, 0), "&event=completed");
    let completed = |expected: u64| {
        let now = &get(&tracker, &address, "")["swarm"]["completed"];
        let listed =
            &get(&tracker, "/api/v1/torrents", "query=popular")["torrents"][0]["completed"];
        assert_eq!((now, listed), (&json!(1), &json!(expected)));
    };
    completed(0);
    tracker.refresh();
    completed(1);
    assert_eq!(tracker.run(&["store", "rebuild"]).status, 0);
    completed(1);
    assert_eq!(torrent["description"], "One & all.");
    assert_eq!(torrent["checksums"]["crc32"], "0123abcd");
    assert_eq!(torrent["checksums"]["md5"], Value::Null);
    assert_eq!(torrent["list_until"], 32_472_144_000_u64);
    assert_eq!(torrent["files"]["list"], json!([{"path": ["b popular"], "size": 100_000}]));
    assert_eq!(
        (&torrent["files"]["count"], &torrent["files"]["size"]),
        (&json!(1), &json!(100_000))
    );
    assert_eq!(torrent["trackers"], json!([crate::harness::installation::ANNOUNCE_URL]));
    assert!(torrent["links"]["magnet"].as_str().is_some_and(|it| it.starts_with("magnet:?xt=")));

    let gone = problem(&tracker, &format!("/api/v1/torrents/{}", hex(&retired)), "", 410);
    assert_eq!(gone["reason"], "use version 2");
    assert!(gone["detail"].as_str().is_some_and(|it| it.contains("not tracked any more")));
    problem(&tracker, &format!("/api/v1/torrents/{}", "0".repeat(40)), "", 404);
    problem(&tracker, "/api/v1/torrents/0", "", 400);
    problem(&tracker, &address, "page=1", 400);
}

/// A hybrid is found by its hash of version 2 too, whole and cut short as clients announce it.
#[test]
fn a_torrent_of_both_versions_is_found_by_either_hash() {
    let tracker = Installation::listed();
    let both = Torrent::hybrid("both", 50_000, crate::harness::installation::ANNOUNCE_URL);
    tracker.drop_in("both.torrent", &both.metainfo);
    tracker.refresh();
    let torrent = get(&tracker, &format!("/api/v1/torrents/{}", hex(&both)), "");
    let v2 = torrent["info_hash_v2"].as_str().expect("a hash").to_owned();
    for hash in [&v2, &v2[..40], &v2.to_uppercase()] {
        let found = get(&tracker, &format!("/api/v1/torrents/{hash}"), "");
        assert_eq!(found["info_hash"], hex(&both), "{hash}");
    }
}

#[test]
fn nothing_is_said_of_torrents_that_are_hidden_denied_or_not_listed_yet() {
    let (tracker, popular, _) = tracker(&[]);
    let listed = tracker.run(&["torrent", "list", "--json"]).json();
    let secret = ["hidden", "unlisted", "denied"].map(|name| {
        let all = listed.as_array().expect("torrents");
        let found = all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}"));
        found["info_hash"].as_str().expect("a hash").to_owned()
    });
    for hash in &secret {
        let unknown = problem(&tracker, &format!("/api/v1/torrents/{}", "0".repeat(40)), "", 404);
        assert_eq!(problem(&tracker, &format!("/api/v1/torrents/{hash}"), "", 404), unknown);
        problem(&tracker, "/api/v1/history", &format!("torrent={hash}"), 404);
    }
    assert_eq!(get(&tracker, "/api/v1/torrents", "")["total"], 3);
    assert_eq!(get(&tracker, "/api/v1/stats", "")["torrents"], 3);
    // Which are denied stands in the policy.
    let policy = fs::read(tracker.path("data/policy.snapshot")).expect("a policy");
    fs::remove_file(tracker.path("data/policy.snapshot")).expect("it goes");
    problem(&tracker, "/api/v1/torrents", "", 503);
    problem(&tracker, &format!("/api/v1/torrents/{}", secret[2]), "", 503);
    problem(&tracker, "/api/v1/history", "", 503);
    fs::write(tracker.path("data/policy.snapshot"), policy).expect("it is back");
    let texts = [
        ("/api/v1/torrents".to_owned(), "rows=1000"),
        (format!("/api/v1/torrents/{}", hex(&popular)), ""),
        ("/api/v1/stats".to_owned(), ""),
        ("/api/v1/history".to_owned(), ""),
    ];
    for (address, query) in texts {
        let text = tracker.get(&address, query).send().reply.text();
        for secret in secret.iter().map(String::as_str).chain(["hidden", "192.0.2", "6881"]) {
            assert!(!text.contains(secret), "{address} tells {secret}: {text}");
        }
    }
}

#[test]
fn the_figures_of_all_and_their_history_are_told() {
    let fresh = Installation::listed();
    let stats = get(&fresh, "/api/v1/stats", "");
    assert_eq!((&stats["last_refresh"], &stats["seeders"]), (&Value::Null, &Value::Null));
    assert_eq!(get(&fresh, "/api/v1/torrents", "")["refreshed_at"], Value::Null);

    let (tracker, popular, retired) = tracker(&[]);
    let stats = get(&tracker, "/api/v1/stats", "");
    assert_eq!((&stats["seeders"], &stats["leechers"]), (&json!(1), &json!(1)));
    assert_eq!(stats["load"]["interval"], 1800);
    assert!(stats["last_refresh"]["age"].as_u64().is_some_and(|age| age < 60), "{stats}");
    for (query, points) in [("", 96), ("span=week", 168), ("span=year", 365)] {
        let all = get(&tracker, "/api/v1/history", query);
        assert_eq!(all["points"].as_array().map(Vec::len), Some(points));
        assert_eq!(all["info_hash"], Value::Null);
    }
    let query = format!("torrent={}&span=year", hex(&popular));
    let series = get(&tracker, "/api/v1/history", &query);
    assert_eq!(series["info_hash"], hex(&popular));
    let last = series["points"].as_array().and_then(|points| points.last()).expect("a point");
    assert_eq!(last["seeders"], 1);
    problem(&tracker, "/api/v1/history", &format!("torrent={}", hex(&retired)), 410);
}

#[test]
fn what_is_asked_wrongly_is_named_and_put_right() {
    let (tracker, ..) = tracker(&[]);
    for (address, query, parameter, advice) in [
        ("torrents", "page=-1", "page", "a whole number from 1"),
        ("torrents", "page=0", "page", "a whole number from 1"),
        ("torrents", "rows=1001", "rows", "1 to 1000"),
        ("torrents", "sort=color", "sort", "name, -name, size"),
        ("torrents", "q=x", "q", "query, category, group"),
        ("torrents", "query=a&query=b", "query", "once"),
        ("torrents", "info_hash=%01", "info_hash", "query, category"),
        ("stats", "page=1", "page", "none"),
        ("history", "span=month", "span", "day, week, year"),
        ("history", "torrent=xyz", "torrent", "40 hexadecimal digits"),
    ] {
        let said = problem(&tracker, &format!("/api/v1/{address}"), query, 400);
        assert_eq!(said["parameter"], parameter, "{query}");
        assert!(said["detail"].as_str().is_some_and(|it| it.contains(advice)), "{said}");
    }
    let long = format!("query={}", "x%20".repeat(1024));
    assert_eq!(get(&tracker, "/api/v1/torrents", &long)["total"], 0);
    let nothing = tracker.get("/api/v2/torrents", "").send().reply;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("/api/v1/openapi.json"), "{nothing:?}");
    for method in ["POST", "DELETE"] {
        let reply = tracker.get("/api/v1/stats", "").method(method).send().reply;
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(checked("/api/v1/stats", &reply)["status"], 405);
    }
    let asked = tracker.get("/api/v1/stats", "").method("OPTIONS").send().reply;
    assert_eq!(asked.header("access-control-allow-headers"), Some("If-None-Match"));
}

#[test]
fn who_has_an_answer_already_is_told_so() {
    let (tracker, popular, _) = tracker(&[]);
    for address in ["torrents", &format!("torrents/{}", hex(&popular)), "history", "openapi.json"] {
        let address = format!("/api/v1/{address}");
        let reply = tracker.get(&address, "").send().reply;
        let tag = reply.header("etag").expect("a tag").to_owned();
        let with =
            |tag: &str| tracker.get(&address, "").with("HTTP_IF_NONE_MATCH", tag).send().reply;
        for known in [tag.clone(), format!("W/{tag}, \"x\""), tag.replace("\"", "-gzip\"")] {
            let reply = with(&known);
            assert_eq!((reply.status, reply.body.len()), (304, 0), "{address}: {reply:?}");
            assert_eq!(reply.header("etag"), Some(&*tag));
        }
        assert_eq!(with("\"0123\"").status, 200);
        let head = tracker.get(&address, "").method("HEAD").send().reply;
        assert_eq!(head.header("etag"), Some(&*tag));
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn who_may_not_see_statistics_may_not_read_them_here() {
    let (tracker, ..) = tracker(&["access.stats_from = ['203.0.113.7']"]);
    for address in ["torrents", "stats", "history", "openapi.json"] {
        let address = format!("/api/v1/{address}");
        assert_eq!(problem(&tracker, &address, "", 403)["title"], "Forbidden");
        // No script of another site reads it through the browser of somebody who may.
        let shown = tracker.get(&address, "").from("203.0.113.7").send().reply;
        assert_eq!((shown.status, shown.header("access-control-allow-origin")), (200, None));
        assert_eq!(shown.header("cache-control"), Some("private, no-cache"));
    }
}

#[test]
fn what_cannot_be_read_is_said_without_a_path() {
    let (tracker, ..) = tracker(&[]);
    fs::write(tracker.path("data/history.db"), "garbage").expect("a file");
    let row = &get(&tracker, "/api/v1/torrents", "query=popular")["torrents"][0];
    assert_eq!(row["seeders"], 1, "the torrents and their figures are known without it");
    assert_eq!(get(&tracker, "/api/v1/stats", "")["seeders"], Value::Null);
    assert_eq!(problem(&tracker, "/api/v1/history", "", 500)["title"], "Internal Server Error");
    tracker.forget_what_was_told();
    fs::write(tracker.path("data/catalog.db"), "garbage").expect("a file");
    let answer = tracker.get("/api/v1/torrents", "").send();
    assert!(answer.log.contains("catalog.db"), "the owner hears it: {}", answer.log);
    let said = checked("/api/v1/torrents", &answer.reply);
    assert_eq!(said["status"], 500);
    assert!(!said.to_string().contains("catalog.db"), "{said}");
    fs::write(tracker.path("conf/tracker.toml"), "tracker.color = 1").expect("a file");
    let said = problem(&tracker, "/api/v1/stats", "", 500);
    assert!(said["detail"].as_str().is_some_and(|it| it.contains("error log")), "{said}");
}

/// The event loop leaves it to another thread, and the answers are the same.
#[test]
fn a_responder_answers_as_a_cgi_does() {
    let (tracker, popular, _) = tracker(&[]);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let one = format!("/api/v1/torrents/{}", hex(&popular));
    for (address, query) in [
        ("/api/v1/torrents", "sort=seeders"),
        (&*one, ""),
        ("/api/v1/stats", ""),
        ("/api/v1/history", "span=week"),
        ("/api/v1/openapi.json", ""),
        ("/api/v1/torrents", "page=x"),
    ] {
        let reply = responder.get(address, query);
        let expected = tracker.get(address, query).send().reply;
        assert_eq!(reply.status, expected.status);
        let without_age = |mut value: Value| {
            if let Some(refresh) = value.get_mut("last_refresh") {
                refresh["age"] = Value::Null;
            }
            value
        };
        if address.ends_with("openapi.json") {
            assert_eq!(reply.body, expected.body);
        } else {
            let value = without_age(checked(address, &reply));
            assert_eq!(value, without_age(checked(address, &expected)), "{address}?{query}");
        }
    }
    responder.stop();
}

/// What the tracker says of itself is the file, and each of its addresses is there.
#[test]
fn each_address_that_is_described_is_there() {
    let (tracker, popular, _) = tracker(&[]);
    let given = tracker.get("/api/v1/openapi.json", "").send().reply;
    let description = description().0;
    assert_eq!(serde_json::from_slice::<Value>(&given.body).expect("JSON"), description);
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().expect("paths").iter();
    let is_open = |operations: &Value| {
        operations["get"].is_object() && operations["get"]["security"].is_null()
    };
    let paths: BTreeSet<&String> =
        paths.filter(|(_, operations)| is_open(operations)).map(|(path, _)| path).collect();
    assert_eq!(paths.len(), 5);
    for path in paths {
        let address = format!("/api/v1{}", path.replace("{info_hash}", &hex(&popular)));
        assert_eq!(tracker.get(&address, "").send().reply.status, 200, "{path}");
        let parameters = description["paths"][path]["get"]["parameters"].as_array();
        let named =
            |it: &Value| (it["in"] == "query").then(|| it["name"].as_str().map(str::to_owned));
        let mut names: Vec<String> =
            parameters.into_iter().flatten().filter_map(named).flatten().collect();
        if path != "/openapi.json" {
            let known = problem(&tracker, &address, "nonsense=1", 400)["detail"].to_string();
            let (_, known) = known.trim_matches('"').split_once("it takes ").expect("names");
            names.push("none".into());
            let expected =
                names.len().checked_sub(2).map_or("none".into(), |last| names[..=last].join(", "));
            assert_eq!(known, expected, "{path}");
        }
    }
}

/// What judges the answers is no friend of theirs.
#[test]
fn an_answer_that_is_not_as_described_is_noticed() {
    let description = description();
    let schema = description.schema_of("/torrents", 200, "application/json");
    let right = json!({
        "total": 0, "page": 1, "pages": 1, "rows": 100, "refreshed_at": null, "torrents": [],
        "links": {"first": "?page=1", "previous": null, "next": null, "last": "?page=1"},
    });
    assert_eq!(description.faults(schema, &right), Vec::<String>::new());
    for (pointer, wrong) in [
        ("total", json!("0")),
        ("total", json!(-1)),
        ("page", json!(0)),
        ("rows", json!(1001)),
        ("links", json!({"first": "?page=1", "previous": null, "next": null})),
        ("torrents", json!([{"info_hash": "x"}])),
        ("new", json!(1)),
    ] {
        let mut value = right.clone();
        value[pointer] = wrong;
        assert!(!description.faults(schema, &value).is_empty(), "{pointer}: {value}");
    }
}

/// Also what is no 200, and the tag that comes back.
#[test]
fn a_web_server_passes_it_all_on() {
    let site = Site::new(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let torrent = Torrent::new("x", 1000, &site.announce_url());
    site.add(&torrent);
    site.tracker(&["refresh", "--force"]);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let get = |address: &str, headers: &[(&str, &str)]| {
        request(site.address(), "GET", &format!("{CGI}{address}"), headers).expect("an answer")
    };
    let one = format!("/api/v1/torrents/{}", hex(&torrent));
    for address in ["/api/v1/torrents", &one, "/api/v1/stats", "/api/v1/history"] {
        let reply = get(address, &[]);
        assert_eq!(reply.status, 200, "{address}: {reply:?}");
        checked(address, &reply);
    }
    let tag = get(&one, &[]).header("etag").expect("a tag").to_owned();
    assert_eq!(get(&one, &[("If-None-Match", &tag)]).status, 304);
    let unknown = format!("/api/v1/torrents/{}", "0".repeat(40));
    for (address, status) in [(&*unknown, 404), ("/api/v1/torrents?page=0", 400)] {
        let reply = get(address, &[]);
        assert_eq!(reply.status, status, "{reply:?}");
        checked(address.split('?').next().expect("a path"), &reply);
    }
    assert_eq!(get("/health", &[]).status, 200);
}

/// What people copy from the README works.
#[test]
fn the_examples_of_the_readme_are_answered() {
    let (tracker, popular, _) = tracker(&[]);
    let readme =
        fs::read_to_string(crate::harness::checkout().join("README.md")).expect("a README");
    let examples = readme.lines().filter_map(|line| {
        let url = line.strip_prefix("curl 'http://tracker.example/cgi-bin/tracker.cgi")?;
        url.strip_suffix('\'')?.strip_prefix("/api").map(|rest| format!("/api{rest}"))
    });
    let mut count = 0;
    for example in examples {
        let example = example.replace("INFO_HASH", &hex(&popular));
        let (address, query) = example.split_once('?').unwrap_or((&example, ""));
        assert_eq!(tracker.get(address, query).send().reply.status, 200, "{example}");
        count += 1;
    }
    assert_eq!(count, 5);
}

/// What jq makes of an answer by a program.
fn jq(program: &str, reply: &Reply) -> String {
    let mut child = Command::new(crate::harness::program("jq"))
        .args(["-r", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("jq runs");
    child.stdin.take().expect("its stdin").write_all(&reply.body).expect("it reads the answer");
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success(), "{program}: {reply:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn what_readme_says_of_jq_is_so() {
    let (tracker, popular, _) = tracker(&[]);
    let readme = fs::read_to_string(crate::harness::checkout().join("README.md")).expect("README");
    let (_, program) = readme.split_once("    jq -r '").expect("a program");
    let (program, _) = program.split_once('\'').expect("its end");
    let (address, query) = readme
        .split_once("curl -s 'https://tracker.example/cgi-bin/tracker.cgi/api/v1/torrents?")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map(|(query, _)| ("/api/v1/torrents", query))
        .expect("an address");
    let of = |address: &str, query: &str| tracker.get(address, query).send().reply;
    assert_eq!(
        jq(program, &of(address, query)),
        "1\t1\tB <Popular>\n0\t0\ta plain\n0\t0\tc other\n"
    );
    let one = of(&format!("/api/v1/torrents/{}", hex(&popular)), "");
    assert_eq!(jq(".swarm.seeders, .files.list[0].size", &one), "1\n100000\n");
    assert_eq!(jq("[.torrents, .seeders] | add", &of("/api/v1/stats", "")), "4\n");
    assert_eq!(jq(".title", &of("/api/v1/torrents/none", "")), "Bad Request\n");
}
