//! The log of announces: a line for each event, by a CGI and by a responder.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::client;
use crate::harness::fastcgi::{CLIENT, Responder};
use crate::harness::installation::{Installation, complaints};
use crate::harness::poll;

const FULL: &[&str] = &["tracker.torrents = 'open'", "log.announces = 'full'"];
const HASHED: &[&str] = &["tracker.torrents = 'open'", "log.announces = 'hashed'"];

/// The names of the log's files.
fn files(tracker: &Installation) -> Vec<String> {
    let entries = fs::read_dir(tracker.path("data")).expect("the data folder");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string().expect("a name"));
    names.filter(|name| name.starts_with("announces")).collect()
}

/// All lines, of whichever days.
fn lines(tracker: &Installation) -> Vec<String> {
    let mut logs: Vec<String> = files(tracker);
    logs.retain(|name| name.ends_with(".log"));
    logs.sort();
    let text: String = logs.iter().map(|name| tracker.text(&format!("data/{name}"))).collect();
    text.lines().map(str::to_owned).collect()
}

/// Waits for so many lines, as a responder writes them a moment later.
fn wait_for_lines(tracker: &Installation, count: usize) -> Vec<String> {
    let found = poll(Duration::from_secs(20), || {
        let lines = lines(tracker);
        (lines.len() >= count).then_some(lines)
    });
    found.unwrap_or_else(|| panic!("fewer than {count} lines: {:#?}", lines(tracker)))
}

/// The value of a part of a line.
fn part<'a>(line: &'a str, name: &str) -> &'a str {
    let mut parts = line.split(' ').filter_map(|part| part.split_once('='));
    let found = parts.find(|(key, _)| *key == name);
    found.unwrap_or_else(|| panic!("no {name} in {line}")).1
}

#[test]
fn nothing_is_written_by_default() {
    let tracker = Installation::open();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    client(1).announce(&tracker, "");
    assert!(responder.get("/announce", &client(2).query("")).text().contains("8:complete"));
    responder.stop();
    tracker.refresh();
    assert_eq!(files(&tracker), [""; 0]);
}

#[test]
fn each_event_of_a_cgi_has_a_line() {
    let tracker = Installation::new(FULL);
    client(1).announce(&tracker, "event=started&ip=198.51.100.7");
    client(1).call(&tracker, "event=stopped").with("HTTP_USER_AGENT", "a \"b\"\n\x1b[2J").value();
    tracker.get("/scrape", client(1).query("")).value();
    tracker.get("/scrape", "").value();
    tracker.get("/stats", "").send();
    tracker.get("/metrics", "").send();
    tracker.run(&["ban", "add", "10.0.0.9", "--reason", "floods"]).done();
    client(9).refused(&tracker, "");
    tracker.get("/announce", "nonsense").refusal();
    client(1).call(&tracker, "").method("HEAD").send();
    let lines = lines(&tracker);
    let begin: Vec<&str> = lines
        .iter()
        .map(|line| line.get(21..).unwrap_or(line).split(" info_hash").next().unwrap())
        .collect();
    assert_eq!(
        begin,
        [
            "announce from=10.0.0.1 port=10001 stated=198.51.100.7",
            "announce from=10.0.0.1 port=10001",
            "scrape from=192.0.2.1 torrents=1",
            "scrape from=192.0.2.1 torrents=all",
            "statistics from=192.0.2.1",
            "metrics from=192.0.2.1",
            "refused of=announce rule=ban reason=\"your address is banned from this tracker: floods\" from=10.0.0.9 \
             port=10009",
            "refused of=announce rule=malformed reason=\"info_hash is missing\" from=192.0.2.1",
        ],
        "{lines:#?}"
    );
    let first = &lines[0];
    assert!(first.contains(" client=\"Xtorrent 0.0.1\" "), "{first}");
    assert_eq!((part(first, "event"), part(first, "left")), ("started", "1000"));
    assert_eq!(part(&lines[1], "event"), "stopped");
    assert!(lines[1].ends_with(r#" user_agent="a \"b\"\n\x1b[2J""#), "{}", lines[1]);
}

#[test]
fn a_responder_writes_what_a_cgi_does_and_all_of_it_when_it_is_stopped() {
    let tracker = Installation::new(FULL);
    let responder = Responder::start(&tracker, &["--workers", "2"]);
    for number in 1..=20 {
        responder.get("/announce", &client(number).query(""));
    }
    responder.get("/scrape", "");
    responder.get("/stats", "");
    responder.get("/announce", "nonsense");
    responder.stop();
    let lines = lines(&tracker);
    assert!(lines[0].contains(" start version="), "{lines:#?}");
    let of = |word: &str| {
        lines.iter().filter(|line| line.get(21..).is_some_and(|it| it.starts_with(word))).count()
    };
    let counted = ["start", "announce", "scrape", "statistics", "refused"].map(of);
    assert_eq!((counted, lines.len()), ([1, 20, 1, 1, 1], 24), "{lines:#?}");
    assert!(lines.iter().skip(1).all(|line| part(line, "from") == CLIENT));
}

#[test]
fn torrents_that_come_and_go_are_noted() {
    let tracker = Installation::new(&["log.announces = 'full'"]);
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    fs::remove_file(tracker.path("www/torrents").join(torrent.file_name())).expect("a torrent");
    tracker.refresh();
    tracker.drop_in(torrent.file_name(), &torrent.metainfo);
    client(1).of(torrent.info_hash).announce(&tracker, "");
    client(1).of([9; 20]).refused(&tracker, "");
    let lines = lines(&tracker);
    let hash: String = torrent.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    for (line, change) in lines.iter().zip(["added", "gone", "returned"]) {
        assert!(
            line.ends_with(&format!("Z torrent change={change} info_hash={hash}")),
            "{lines:#?}"
        );
    }
    assert!(lines[3].contains(" announce ") && lines[4].contains(" rule=torrents "), "{lines:#?}");
}

#[test]
fn hashed_addresses_are_one_for_all_processes_of_a_day_and_not_the_addresses() {
    let tracker = Installation::new(HASHED);
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    client(1).announce(&tracker, "ip=198.51.100.7");
    client(2).announce(&tracker, "");
    client(1).at(CLIENT).announce(&tracker, "");
    responder.get("/announce", &client(1).query(""));
    responder.stop();
    let lines = lines(&tracker);
    let announces: Vec<&String> = lines.iter().filter(|line| line.contains(" announce ")).collect();
    assert_eq!(announces.len(), 4, "{lines:#?}");
    let hashes: HashSet<&str> = announces.iter().map(|line| part(line, "from")).collect();
    assert_eq!(hashes.len(), 3, "two of one address: {lines:#?}");
    let is_hash =
        |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(hashes.iter().all(|hash| is_hash(hash)) && is_hash(part(announces[0], "stated")));
    for address in ["10.0.0.1", "198.51.100.7", CLIENT] {
        assert!(lines.iter().all(|line| !line.contains(address)), "{lines:#?}");
    }
    for name in files(&tracker) {
        let mode =
            fs::metadata(tracker.path("data").join(&name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn neither_refusals_nor_peer_ids_nor_ports_lead_to_a_hashed_address() {
    for rule in ["network.families = 'ipv6'", "network.private_addresses = 'refuse'"] {
        let tracker = Installation::new(&[HASHED[0], HASHED[1], rule]);
        assert!(client(1).refused(&tracker, "").contains("10.0.0.1"), "the client is told");
        client(1).call(&tracker, "event=stopped&ipv6=[2001:db8::7]:4711").value();
        let lines = lines(&tracker);
        assert_eq!(lines.len(), 2, "{lines:#?}");
        for secret in ["10.0.0.1", "2001:db8", "10001", "4711", "303030303030303030303031"] {
            assert!(lines.iter().all(|line| !line.contains(secret)), "{secret}: {lines:#?}");
        }
        assert!(lines.iter().all(|line| part(line, "peer").len() == 16), "{lines:#?}");
        assert_eq!(part(&lines[0], "peer"), part(&lines[1], "peer"));
    }
}

#[test]
fn a_responder_that_is_running_begins_and_ends_to_log_as_the_configuration_says() {
    let tracker = Installation::open();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    let announce = || responder.get("/announce", &client(1).query(""));
    announce();
    tracker.configure(FULL);
    let logs = || {
        announce();
        (!lines(&tracker).is_empty()).then_some(())
    };
    assert!(poll(Duration::from_secs(20), logs).is_some());
    tracker.configure(&["tracker.torrents = 'open'", "network.refused_ports = [10001]"]);
    let refuses = || announce().text().contains("takes no peers at port").then_some(());
    assert!(poll(Duration::from_secs(20), refuses).is_some());
    responder.stop();
    assert!(
        lines(&tracker).iter().all(|line| line.contains(" announce ")),
        "no refusal is noted any more"
    );
}

#[test]
fn a_log_that_cannot_be_written_breaks_no_announce_and_is_told() {
    let tracker = Installation::new(FULL);
    // Whatever day it is when the answer comes.
    let today = client(1).call(&tracker, "").send();
    assert!(complaints(&today.log).is_empty(), "{today:?}");
    let name = files(&tracker).pop().expect("a log");
    for name in [name, tomorrow()] {
        let _ = fs::remove_file(tracker.path("data").join(&name));
        fs::create_dir(tracker.path("data").join(name)).expect("a folder in the place of the log");
    }
    let answer = client(2).call(&tracker, "").send();
    assert_eq!(answer.value().number("incomplete"), 2);
    let said = complaints(&answer.log).join("\n");
    assert!(said.contains("1 lines are lost to the log of announces"), "{said}");
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    for number in 3..=5 {
        let reply = responder.get("/announce", &client(number).query(""));
        assert!(reply.text().contains(&format!("10:incompletei{number}e")), "{reply:?}");
    }
    responder.stop();
    let said = tracker.text("responder.log");
    assert!(said.contains("lost to the log of announces"), "{said}");
}

/// The name of the next day's file.
fn tomorrow() -> String {
    let now = std::time::SystemTime::now() + Duration::from_secs(86_400);
    let date = std::process::Command::new("date")
        .args(["-u", "+%F", "-d"])
        .arg(format!("@{}", now.duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs()))
        .output()
        .expect("a date");
    format!("announces-{}.log", String::from_utf8(date.stdout).expect("a date").trim())
}

#[test]
fn refreshes_remove_days_that_are_no_longer_kept_also_once_nothing_is_logged() {
    let tracker = Installation::new(FULL);
    let old = tracker.path("data/announces-2020-02-29.log");
    let other = tracker.path("data/announces-2020-02-29.log.gz");
    for file in [&old, &other] {
        fs::write(file, "").expect("a file");
    }
    client(1).announce(&tracker, "");
    tracker.refresh();
    assert!(!old.exists() && other.exists() && lines(&tracker).len() == 1);
    fs::write(&old, "").expect("a file");
    tracker.configure(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    assert!(!old.exists() && lines(&tracker).len() == 1);
}

#[test]
fn announces_of_many_processes_at_once_are_whole_lines() {
    let tracker = Installation::new(HASHED);
    let tracker = &tracker;
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || {
                for number in 1..=10 {
                    client(thread * 10 + number).announce(tracker, "");
                }
            });
        }
    });
    let lines = wait_for_lines(tracker, 40);
    assert_eq!(lines.len(), 40);
    let peers: HashSet<&str> = lines.iter().map(|line| part(line, "peer")).collect();
    assert_eq!(peers.len(), 40);
    let hash: String = super::INFO_HASH.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(lines.iter().all(|line| part(line, "info_hash") == hash), "{lines:#?}");
}
