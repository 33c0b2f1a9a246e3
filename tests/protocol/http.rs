//! What surrounds the protocol: methods, paths, headers, and words that Apache makes arguments of.

use super::{client, counts, peers, scraped};
use crate::harness::installation::Installation;

#[test]
fn head_changes_nothing_and_has_no_body() {
    let tracker = Installation::open();
    for more in ["", "left=0&event=completed", "event=started"] {
        let answer = client(1).call(&tracker, more).method("HEAD").send();
        assert_eq!((answer.reply.status, answer.reply.body.len()), (200, 0), "{answer:?}");
        let length = answer.reply.header("content-length").and_then(|it| it.parse::<u32>().ok());
        assert!(length.is_some_and(|length| length > 0), "{answer:?}");
        assert_eq!(answer.reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(counts(&scraped(&tracker, super::INFO_HASH)), (0, 0, 0));
    client(1).announce(&tracker, "");
    client(1).call(&tracker, "event=stopped").method("HEAD").send();
    client(1).call(&tracker, "port=1").method("HEAD").send();
    let answer = client(2).announce(&tracker, "");
    assert_eq!(peers(&answer), [client(1).socket()], "neither left nor moved");
}

#[test]
fn options_says_what_is_allowed() {
    let tracker = Installation::open();
    for path in ["/announce", "/scrape", "/stats", "/nothing", ""] {
        let reply = tracker.get(path, "").method("OPTIONS").send().reply;
        assert!([200, 204].contains(&reply.status), "{path}: {reply:?}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
    client(1).call(&tracker, "").method("OPTIONS").send();
    assert_eq!(counts(&scraped(&tracker, super::INFO_HASH)), (0, 0, 0));
}

#[test]
fn other_methods_are_not_allowed_and_change_nothing() {
    let tracker = Installation::open();
    for method in ["POST", "PUT", "DELETE", "PATCH", "get", "CONNECT", ""] {
        let reply = client(1).call(&tracker, "").method(method).send().reply;
        assert_eq!(reply.status, 405, "{method}: {reply:?}");
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"), "{method}");
        assert!(reply.header("content-length").is_some());
    }
    assert_eq!(counts(&scraped(&tracker, super::INFO_HASH)), (0, 0, 0));
}

#[test]
fn a_client_at_a_wrong_address_is_told_so_at_200() {
    let tracker = Installation::open();
    for path in ["/anounce", "/tracker/v2/announce", "/a/b/announce", "/announce/x/y"] {
        let refusal = tracker.get(path, client(1).query("")).refusal();
        assert_eq!(refusal, "this is not the announce address of this tracker", "{path}");
    }
    let reply = tracker.get("/nothing", "").send().reply;
    assert_eq!(reply.status, 404, "a browser there is told in its own words");
}

#[test]
fn a_browser_at_the_tracker_itself_is_sent_to_the_page() {
    let tracker = Installation::open();
    let location = |tracker: &Installation, query: &str| {
        let reply = tracker.get("", query).without("PATH_INFO").send().reply;
        assert_eq!(reply.status, 302, "{reply:?}");
        reply.header("location").map(str::to_owned)
    };
    assert_eq!(location(&tracker, "").as_deref(), Some("/tracker.cgi/stats"));
    tracker.configure(&["paths.home_url = 'http://site.test/'"]);
    assert_eq!(location(&tracker, "refresh").as_deref(), Some("http://site.test/"));
}

#[test]
fn a_script_name_cannot_forge_a_header() {
    let tracker = Installation::open();
    let call = tracker.get("", "").with("SCRIPT_NAME", "/t\r\nSet-Cookie: a=b\r\n\r\n<script>");
    let reply = call.send().reply;
    assert_eq!((reply.status, reply.header("set-cookie")), (302, None), "{reply:?}");
    assert!(!reply.text().contains("<script>"), "{reply:?}");
}

#[test]
fn words_of_a_query_are_no_commands() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let before = tracker.text("www/torrents/bt_stats.inc");
    tracker.add("b", 1000);
    let evil = tracker.path("evil.toml");
    std::fs::write(&evil, "tracker.torrents = 'open'").expect("a configuration");
    let config = format!("--config={}", evil.display());
    let wordlists: [&[&str]; 6] = [
        &["refresh", "--force"],
        &["refresh"],
        &["force-refresh"],
        &["--version"],
        &["init", "/tmp/nowhere"],
        &[&config],
    ];
    for words in wordlists {
        let query = words.join("+");
        let reply = tracker.get("", &query).without("PATH_INFO").arguments(words).send().reply;
        assert_eq!(reply.status, 302, "{words:?}: {reply:?}");
        let stats = tracker.get("/stats", &query).arguments(words).send().reply;
        assert!(stats.text().contains("<title>Tracker statistics</title>"), "{stats:?}");
        let refusal = client(1).call(&tracker, "").arguments(words).refusal();
        assert_eq!(refusal, "this tracker does not track that torrent", "{words:?}");
    }
    assert_eq!(tracker.text("www/torrents/bt_stats.inc"), before);
}

#[test]
fn the_stats_page_shows_the_fragment() {
    let tracker = Installation::listed();
    tracker.add("shown on the page", 1000);
    tracker.refresh();
    let reply = tracker.get("/stats", "").send().reply;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(reply.text().contains("shown on the page"), "{reply:?}");
}
