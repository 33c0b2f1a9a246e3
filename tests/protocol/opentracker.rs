//! `/stats?mode=…`: what programs read that were written for opentracker's statistics, beside Debian's opentracker.

use std::fs;
use std::io::Read as _;

use flate2::read::GzDecoder;

use super::client;
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, encode, request};
use crate::harness::installation::Installation;
use crate::harness::opentracker::Opentracker;

const A: [u8; 20] = [0x11; 20];
const B: [u8; 20] = *b"\x00\x01\x09\x0a\x0d %&+-.:=_az~\x7f\x80\xff";
const C: [u8; 20] = [0xa0; 20];

/// Peers by their number, and what they announce.
const ANNOUNCES: [([u8; 20], u8, &str); 7] = [
    (A, 1, "left=0&event=started"),
    (A, 2, "left=1&event=started"),
    (A, 3, "left=7&event=started"),
    (A, 4, "left=7"),
    (A, 2, "left=0&event=completed"),
    (B, 5, "left=9"),
    (B, 6, "left=9"),
];

fn tracker(new: fn(&[&str]) -> Installation) -> Installation {
    let tracker = new(&["tracker.torrents = 'open'"]);
    for (info_hash, number, more) in ANNOUNCES {
        // Only what moved bytes was downloaded.
        client(number).of(info_hash).announce(&tracker, &format!("downloaded=1&{more}"));
    }
    client(1).call(&tracker, "info_hash=short").send();
    tracker.get("/scrape", format!("info_hash={}", encode(&A))).value();
    tracker.refresh();
    tracker
}

fn asked(tracker: &Installation, query: &str) -> Reply {
    tracker.get("/stats", query).send().reply
}

fn text(tracker: &Installation, query: &str) -> String {
    let reply = asked(tracker, query);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain")), "{query}");
    reply.text()
}

/// With each number as one `#`.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if masked.ends_with('#') => {}
            '0'..='9' => masked.push('#'),
            other => masked.push(other),
        }
    }
    masked
}

fn told(opentracker: &Opentracker, mode: &str) -> Vec<u8> {
    let target = format!("/stats?mode={mode}");
    let reply = request(opentracker.address(), "GET", &target, &[]).expect("an answer");
    assert_eq!(reply.status, 200, "{mode}: {reply:?}");
    if reply.header("content-encoding") != Some("gzip") {
        return reply.body;
    }
    let mut body = Vec::new();
    GzDecoder::new(&*reply.body).read_to_end(&mut body).expect("gzip");
    body
}

#[test]
fn answers_are_those_of_opentracker() {
    let opentracker = Opentracker::start(&[A, B, C]);
    for (info_hash, number, more) in ANNOUNCES {
        opentracker.announce(info_hash, number, more);
    }
    for new in [Installation::new, Installation::in_memory] {
        let tracker = tracker(new);
        for mode in [
            "peer",
            "torr",
            "top10",
            "top100",
            "tpbs&format=txt",
            "tpbs&format=url",
            "tpbs&format=bin",
        ] {
            let (ours, theirs) =
                (asked(&tracker, &format!("mode={mode}")).body, told(&opentracker, mode));
            assert_eq!(
                ours.escape_ascii().to_string(),
                theirs.escape_ascii().to_string(),
                "{mode}"
            );
        }
        for mode in [
            "conn",
            "tcp4",
            "udp4",
            "scrp",
            "fscr",
            "syncs",
            "completed",
            "herr",
            "renew",
            "statedump",
            "tpbs&format=ben",
        ] {
            let theirs = String::from_utf8_lossy(&told(&opentracker, mode)).into_owned();
            let ours = text(&tracker, &format!("mode={mode}"));
            if mode.ends_with("ben") {
                assert!(ours.starts_with("d5:filesd20:") && theirs.starts_with("d5:filesd20:"));
                continue;
            }
            assert_eq!(masked(&ours), masked(&theirs), "{mode}");
        }
        let without_version = |text: &str| {
            let (before, rest) = text.split_once("<version>\n").expect("a version");
            let (_, after) = rest.split_once("  </version>").expect("its end");
            masked(&format!("{before}{after}"))
        };
        let theirs = String::from_utf8(told(&opentracker, "everything")).expect("text");
        let ours = text(&tracker, "mode=everything");
        // Nothing is said of networks: the lines about them are left out.
        let theirs_of_networks = String::from_utf8(told(&opentracker, "s24s")).expect("text");
        let without_networks = theirs_of_networks.lines().filter(|line| !line.starts_with('0'));
        let without_networks: String = without_networks.map(|line| format!("{line}\n")).collect();
        assert_eq!(text(&tracker, "mode=s24s"), without_networks);
        // The code of a later opentracker has one error more.
        let known = |text: &str| {
            let text = without_version(text);
            text.lines()
                .filter(|line| !line.contains("<count code="))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(known(&ours), known(&theirs));
    }
}

#[test]
fn figures_are_those_of_what_came() {
    for new in [Installation::new, Installation::in_memory] {
        let tracker = tracker(new);
        let line = |query: &str, number: usize| -> String {
            text(&tracker, query).lines().nth(number).unwrap_or_default().to_owned()
        };
        assert_eq!(
            text(&tracker, "format=txt"),
            "6\n2\nopentracker serving 2 torrents\nopentracker"
        );
        assert_eq!(line("mode=completed", 0), "1");
        assert_eq!(line("mode=scrp", 0), "1");
        assert_eq!(line("mode=conn", 1), "8", "seven announces and a scrape");
        assert_eq!(line("mode=herr", 2), "400 PAR 1");
        assert_eq!(line("mode=peer&mode=torr", 0), "2");
        let scraped = tracker.get("/scrape", "").send().reply.body.len();
        assert!(scraped > 100);
        text(&tracker, "mode=tpbs");
        assert_eq!(line("mode=fscr", 0), "1000", "lists for people and programs are no scrapes");
        assert_eq!(line("mode=fscr", 1), scraped.to_string(), "bytes");
    }
}

#[test]
fn what_opentracker_refuses_is_refused() {
    let tracker = tracker(Installation::new);
    for (query, status, said) in [
        ("mode=PEER", 400, "<title>Invalid Request</title>\n"),
        ("mode=", 400, "<title>Invalid Request</title>\n"),
        ("mode=tpbs&format=xml", 400, "<title>Invalid Request</title>\n"),
        ("mode=numwants", 400, "<title>Invalid Request</title>\n"),
        ("mode=busy", 500, "<title>Internal Server Error</title>\n"),
        ("mode=woodpeckers", 500, "<title>Internal Server Error</title>\n"),
        ("mode=fulllog", 500, "<title>Internal Server Error</title>\n"),
    ] {
        let reply = asked(&tracker, query);
        assert_eq!((reply.status, &*reply.text()), (status, said), "{query}");
        assert_eq!(reply.header("content-type"), Some("text/html"), "{query}");
    }
    let page = asked(&tracker, "");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "for people");
}

#[test]
fn hidden_and_denied_torrents_are_in_no_list() {
    let tracker = Installation::new(&[]);
    let [shown, hidden, denied] =
        ["shown", "hidden", "denied"].map(|name| tracker.add(name, 1000).info_hash);
    tracker.refresh();
    for info_hash in [shown, hidden, denied] {
        client(1).of(info_hash).announce(&tracker, "");
    }
    let digits =
        |hash: [u8; 20]| -> String { hash.iter().map(|byte| format!("{byte:02X}")).collect() };
    fs::write(tracker.path("conf/deny"), digits(denied)).expect("a list");
    tracker.run(&["torrent", "hide", "hidden"]).done();
    tracker.configure(&["access.deny_list = 'deny'"]);
    tracker.refresh();
    for query in ["mode=top10", "mode=tpbs", "mode=tpbs&format=txtp", "mode=statedump"] {
        let list = text(&tracker, query);
        assert!(list.contains(&digits(shown)), "{query}: {list}");
        assert!(!list.contains(&digits(hidden)) && !list.contains(&digits(denied)), "{query}");
    }
    tracker.configure(&["tracker.full_scrape = false"]);
    assert_eq!(asked(&tracker, "mode=tpbs&format=txt").status, 400, "lists go by the same switch");
}

#[test]
fn a_responder_answers_the_same_and_stats_from_holds() {
    let tracker = tracker(Installation::new);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    for query in ["mode=peer", "mode=tpbs&format=txt", "mode=herr", "mode=version"] {
        let said = responder.get("/stats", query).text();
        assert_eq!(said, text(&tracker, query), "{query}");
    }
    client(7).of(C).announce(&tracker, "");
    let answer = responder.get("/announce", &client(8).of(C).query("")).text();
    assert!(answer.contains("8:complete"), "{answer}");
    let successes = |said: String| said.lines().nth(1).map(str::to_owned);
    let said = responder.get("/stats", "mode=conn").text();
    assert_eq!(successes(said), Some("10".into()), "what it has just answered counts");
    tracker.configure(&["tracker.torrents = 'open'", "access.stats_from = ['192.0.2.7']"]);
    let status =
        |from: &str, query: &str| tracker.get("/stats", query).from(from).send().reply.status;
    for query in ["mode=peer", "mode=everything", "mode=tpbs", "mode=nonsense"] {
        assert_eq!(status("192.0.2.8", query), 403, "{query}");
    }
    assert_eq!(status("192.0.2.7", "mode=peer"), 200);
}
