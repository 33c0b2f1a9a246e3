//! What strangers can have the tracker spend: memory, disk, and lines in the owner's log.

use std::collections::HashSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::fastcgi::{self, Responder, get};
use crate::harness::http::encode;
use crate::harness::installation::{Answer, Installation};
use crate::harness::poll;
use crate::harness::process::{nameless_files, resident_of_no_file};

const MIB: usize = 1024 * 1024;

/// Asks so often, reads nothing, and waits until each reply has begun.
fn ask_and_read_nothing(responder: &Responder, times: usize, path_info: &str) -> Vec<UnixStream> {
    let ask = |_| {
        let mut stream = responder.connect();
        stream.write_all(&get(path_info, "")).expect("a request is sent");
        stream
    };
    let mut asked: Vec<_> = (0..times).map(ask).collect();
    for stream in &mut asked {
        stream.read_exact(&mut [0]).expect("a reply begins");
    }
    asked
}

fn is_back(responder: &Responder, before: usize) -> bool {
    let back = || (responder.resident() <= before + 20 * MIB).then_some(());
    poll(Duration::from_secs(10), back).is_some()
}

#[test]
fn pages_that_nobody_reads_are_in_memory_once() {
    let tracker = Installation::open();
    tracker.refresh();
    let table = "<p>a row</p>\n".repeat(4 * MIB / 13);
    fs::write(tracker.path("www/torrents/bt_list.inc"), &table).expect("statistics");
    let responder = Responder::start(&tracker, &[]);
    let page = responder.get("/stats", "");
    assert!(page.body.len() > 4 * MIB && page.text().contains(&table));
    let before = responder.resident();
    let mut asked = ask_and_read_nothing(&responder, 400, "/stats");
    let during = responder.resident();
    assert!(during < before + 50 * MIB, "{during} bytes, {before} before");
    let mut last = asked.pop().expect("a connection");
    let mut rest = Vec::new();
    last.read_to_end(&mut rest).expect("the reply");
    assert!(rest.len() > page.body.len(), "who reads late gets all of it");
    drop(asked);
    assert!(is_back(&responder, before), "{} bytes, {before} before", responder.resident());
}

#[test]
fn replies_of_which_each_is_another_are_given_up_when_they_are_too_many() {
    const SWARMS: u32 = 3000;
    const UNREAD: usize = 150;
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    for swarm in 0..SWARMS {
        let query = format!("info_hash={swarm:020}&peer_id=-XX0001-000000000001&port=6881&left=1");
        responder.get("/announce", &query);
    }
    let whole = responder.get("/scrape", "");
    assert!(whole.body.len() > 60 * SWARMS as usize, "{} bytes", whole.body.len());
    let before = responder.resident();
    let asked = ask_and_read_nothing(&responder, UNREAD, "/scrape");
    let during = responder.resident();
    assert!(during < before + 50 * MIB, "{during} bytes, {before} before");
    assert_eq!(responder.get("/scrape", "").body.len(), whole.body.len(), "who reads gets all");
    let is_whole = |mut stream: UnixStream| {
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).expect("the reply or its beginning");
        reply.len() > whole.body.len()
    };
    let late = asked.into_iter().filter_map(|stream| is_whole(stream).then_some(())).count();
    assert!((1..=16 * MIB / whole.body.len() + 1).contains(&late), "{late} were not given up");
    assert!(is_back(&responder, before), "{} bytes, {before} before", responder.resident());
}

/// A body as long as a request may have; none of ours has use for one.
const BODY: usize = 10 * MIB;

#[test]
fn of_bodies_that_no_place_takes_a_responder_keeps_nothing() {
    const HALF_SENT: usize = 50;
    let tracker = Installation::listed();
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    responder.get("/stats", "");
    let before = responder.resident();
    let length = BODY.to_string();
    let begin = |number| {
        let params = [
            ("REQUEST_METHOD", ["POST", "PUT"][number % 2]),
            ("SCRIPT_NAME", "/tracker.cgi"),
            ("PATH_INFO", ["/announce", "/stats", "/metrics", ""][number % 4]),
            ("CONTENT_LENGTH", &*length),
        ];
        let mut stream = responder.connect();
        stream.write_all(&fastcgi::head(&params)).expect("a head is sent");
        for _ in 0..BODY / 2 / 32_768 {
            stream.write_all(&fastcgi::body(&[b'x'; 32_768])).expect("half a body is sent");
        }
        stream
    };
    let mut half_sent: Vec<_> = (0..HALF_SENT).map(begin).collect();
    assert_eq!(nameless_files(responder.process.id()), Vec::<PathBuf>::new());
    let during = responder.resident();
    assert!(during < before + 10 * MIB, "{during} bytes, {before} before");
    for stream in &mut half_sent {
        stream.write_all(&fastcgi::body(b"")).expect("the end is sent");
        assert_eq!(fastcgi::read_reply(stream).status, 405);
    }
}

#[test]
fn of_bodies_that_no_place_takes_a_cgi_keeps_nothing() {
    let tracker = Installation::listed();
    tracker.refresh();
    for (method, place) in [("POST", "/announce"), ("POST", "/stats"), ("PUT", "/admin")] {
        let call = tracker.get(place, "").method(method).with("CONTENT_LENGTH", BODY.to_string());
        let mut command = call.command();
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut started = pipes.spawn().expect("the CGI runs");
        let mut body = started.stdin.take().expect("a pipe");
        for _ in 0..BODY / MIB - 1 {
            body.write_all(&[b'x'; MIB]).expect("it is read");
        }
        let resident = resident_of_no_file(started.id());
        assert!(resident < 4 * MIB, "{method} {place}: {resident} bytes");
        assert_eq!(nameless_files(started.id()), Vec::<PathBuf>::new());
        drop(body);
        let answer = Answer::of(&started.wait_with_output().expect("its answer"));
        assert_eq!(answer.reply.status, 405, "{method} {place}");
    }
}

/// The lines of a log that tell of one thing.
fn lines_of(log: &str, thing: &str) -> usize {
    log.lines().filter(|line| line.contains(thing)).count()
}

#[test]
fn a_responder_without_descriptors_says_so_once() {
    let tracker = Installation::listed();
    tracker.refresh();
    let socket = tracker.path("tracker.sock");
    let mut command = Command::new("prlimit");
    let inner = tracker.command(&["fastcgi", "--listen"]);
    command.arg("--nofile=30").arg(inner.get_program()).args(inner.get_args());
    command.arg(format!("unix:{}", socket.display()));
    command.env("TRACKER_CONFIG", tracker.path("conf/tracker.toml"));
    let mut responder = Responder::run(&tracker, &mut command, socket);
    let held: Vec<_> = (0..40).map(|_| responder.connect()).collect();
    let told = "cannot accept connections";
    let log = tracker.path("responder.log");
    let log = || fs::read_to_string(&log).expect("the log");
    responder.process.wait_for("the line", || log().contains(told).then_some(()));
    // It pauses and tries again, five times a second.
    std::thread::sleep(Duration::from_secs(1));
    drop(held);
    responder.get("/announce", "");
    assert_eq!(lines_of(&log(), told), 1);
}

/// What a CGI's owner reads after so many requests for the same trouble.
fn log_of(requests: usize, ask: impl Fn(usize) -> Answer) -> String {
    (0..requests).map(|number| ask(number).log).collect()
}

#[test]
fn cgis_tell_the_same_once_a_minute_all_together() {
    let tracker = Installation::listed();
    tracker.refresh();
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";
    let open = ["tracker.torrents = 'open'"];
    tracker.configure(&open);
    let no_address = || tracker.get("/announce", query).without("REMOTE_ADDR").send();
    let log = log_of(20, |_| no_address());
    assert_eq!(lines_of(&log, "tracker: "), 1, "{log}");
    // Another thing is told all the same.
    fs::remove_file(tracker.path("www/torrents/bt_list.inc")).expect("the statistics");
    let log = log_of(20, |_| tracker.get("/stats", "").send());
    assert_eq!((lines_of(&log, "tracker: "), lines_of(&log, "tracker refresh")), (1, 1), "{log}");
    // A minute later it is told again, with a number.
    let [told] = &tracker.told()[..] else { panic!("{:?}", tracker.told()) };
    let lines = fs::read_to_string(told).expect("its lines");
    let aged = lines.lines().map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        let at: u64 = words[1].parse().expect("a time");
        format!("{} {} {}\n", words[0], at - 60, words[2])
    });
    let aged: String = aged.collect();
    fs::write(told, aged).expect("older lines");
    let log = no_address().log;
    assert!(log.ends_with("(19 times more meanwhile)\n"), "{log}");
}

#[test]
fn cgis_tell_of_a_broken_configuration_once_a_minute_for_each_fault() {
    let tracker = Installation::listed();
    for (fault, named) in [("nonsense = 1", "nonsense"), ("tracker.interval = 'x'", "interval")] {
        tracker.configure(&[fault]);
        let log = log_of(10, |_| tracker.get("/announce", "").send());
        assert_eq!((lines_of(&log, "tracker: "), lines_of(&log, named)), (1, 1), "{log}");
    }
}

#[test]
fn a_folder_that_is_gone_is_told_and_looked_for_seldom() {
    let tracker = Installation::listed();
    tracker.add("a", 1000);
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    fs::rename(tracker.path("www/torrents"), tracker.path("www/elsewhere")).expect("it moves");
    let policy = || {
        let found = fs::metadata(tracker.path("data/policy.snapshot")).expect("the policy");
        found.modified().expect("a time")
    };
    let mut policies = HashSet::from([policy()]);
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        assert!(responder.get("/announce", query).text().contains("does not track"));
        policies.insert(policy());
    }
    let log = responder.process.output();
    assert!(lines_of(&log, "tracker: warning") <= 1 && policies.len() <= 3, "{policies:?} {log}");
}

/// Seconds of the processor that a process has used.
fn processor_time(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("its state");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a time"));
    ticks.sum::<u64>() as f64 / 100.0
}

#[test]
fn a_change_in_many_folders_is_found_once_for_all_who_announce_meanwhile() {
    const FOLDERS: usize = 1000;
    const ANNOUNCES: usize = 600;
    // All may wait at once.
    let tracker = Installation::new(&["gateway.max_connections = 4096"]);
    for number in 0..FOLDERS {
        let folder = tracker.path(format!("www/torrents/{}/{number}", number % 30));
        fs::create_dir_all(folder).expect("a folder");
    }
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";
    responder.get("/announce", query);
    // In the same second nobody looks again.
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let looked = second();
    poll(Duration::from_secs(5), || (second() > looked).then_some(())).expect("the next second");
    let late = tracker.add("late", 1000);
    // The rescan has to wait for somebody else's, and so has each who announces what is not listed.
    let lock = fs::File::open(tracker.path("data/refresh.lock")).expect("the lock of refreshes");
    lock.lock().expect("it is free");
    let before = processor_time(responder.process.id());
    let mut asked: Vec<_> = (0..ANNOUNCES)
        .map(|_| {
            let mut stream = responder.connect();
            stream.write_all(&get("/announce", query)).expect("a request is sent");
            stream
        })
        .collect();
    let wanted =
        format!("info_hash={}&peer_id=-XX0001-1&port=6881&left=1", encode(&late.info_hash));
    let wanted = wanted.replace("-XX0001-1", "-XX0001-000000000001");
    let mut stream = responder.connect();
    stream.write_all(&get("/announce", &wanted)).expect("a request is sent");
    std::thread::sleep(Duration::from_secs(1));
    lock.unlock().expect("it is ours");
    for stream in &mut asked {
        assert!(fastcgi::read_reply(stream).text().contains("does not track"));
    }
    let reply = fastcgi::read_reply(&mut stream).text();
    assert!(reply.contains("8:complete"), "what was dropped in is known: {reply}");
    let used = processor_time(responder.process.id()) - before;
    assert!(used < 1.0, "{used} s for {ANNOUNCES} announces and some looks at {FOLDERS} folders");
}

#[test]
fn while_a_refresh_goes_on_not_each_request_starts_another() {
    let tracker = Installation::listed();
    tracker.refresh();
    let text = tracker.text("conf/tracker.toml").replace("on_request = false", "on_request = true");
    fs::write(tracker.path("conf/tracker.toml"), text).expect("a configuration");
    // Another has been at it for longer than a minute, and what there was is gone.
    let lock = fs::File::open(tracker.path("data/refresh.lock")).expect("the lock of refreshes");
    lock.lock().expect("it is free");
    lock.set_modified(SystemTime::now() - Duration::from_secs(90)).expect("an older time");
    fs::remove_file(tracker.path("data/policy.snapshot")).expect("the policy");
    // Who starts one shows what the one before had to say.
    let starts = |_: &i32| {
        fs::write(tracker.path("data/refresh.log"), "a refresh before\n").expect("a log");
        tracker.get("/stats", "").send().log.contains("a refresh before")
    };
    assert_eq!((0..10).filter(starts).count(), 1);
}
